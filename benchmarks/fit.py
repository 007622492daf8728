"""Fits of circuits: how often the global minimum, how fast, and the same for the peers.

    python benchmarks/fit.py [--cases 150] [--peer-cases 15] [--seed 500000] [--out DIR]

Every family's spectra are drawn by seed, with noise of 0.1 to 1 % of the modulus. A fit counts as
the global minimum if its chi-square is at most 0.1 % above that of scipy's own optimiser started at
the truth. Our engine gets no starting values; impedance.py and pyimpspec get every parameter within
a factor of two of the truth (exponents within 0.1), which they need. pyimpspec squares its weighted
residuals twice, so its optimum is another one: how many come within 10 % is counted as well. Times
are CPU times of one core in one process, warm; the cold cost (the first fit of a circuit and grid)
stands beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np
from families import FAMILIES, WIDE, Case, best_from_truth, make, noisy
from rich.progress import track

import eisfit
from eisfit.errors import EisfitError
from eisfit.fitting import backend

THREE = "three arcs"
USERS_OF_COMPILED = ("curve", "descend", "engine", "normal", "residual", "scales", "solve", "start")


@cache
def known(family: str, seed: int) -> float:
    """Return `best_from_truth` of a case of a family."""
    return best_from_truth(make(family, seed))


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """Return what `work` returns, infinity where it fails, and its CPU time in s."""
    begin = time.process_time()
    try:
        chi_square = work()
    except (EisfitError, RuntimeError, ValueError):
        chi_square = np.inf
    return chi_square, time.process_time() - begin


def near(case: Case, rng: np.random.Generator) -> dict[str, float]:
    """Return starting values within a factor of two of the truth, exponents within 0.1."""
    start = {}
    for slot in case.model.circuit.slots:
        value = case.truth[slot.name]
        if slot.parameter.is_exponent:
            start[slot.name] = float(np.clip(value + rng.uniform(-0.1, 0.1), 0.3, 1.0))
        else:
            start[slot.name] = float(value * 2.0 ** rng.uniform(-1.0, 1.0))
    return start


@contextmanager
def by_arrays() -> Iterator[None]:
    """Run without the compiled loops."""
    homes = [import_module(f"eisfit.fitting.{name}") for name in USERS_OF_COMPILED]
    for home in homes:
        home.compiled = lambda: None
    try:
        yield
    finally:
        for home in homes:
            home.compiled = backend.compiled


def ours(case: Case) -> float:
    """Our fit, nothing known."""
    return eisfit.fit(case.spectrum, case.model).chi_square


def impedance_py(case: Case) -> float:
    """impedance.py as its users call it, from near the truth."""
    from eisfit.interop.impedancepy import fit_with_impedance

    start = near(case, np.random.default_rng(case.spectrum.frequency.size))
    values = fit_with_impedance(case.spectrum, case.model, start)["values"]
    z = case.spectrum.impedance
    difference = case.model.impedance(case.spectrum.frequency, values) - z
    return float(np.sum(np.abs(difference / z) ** 2))


def pyimpspec_auto(case: Case) -> float:
    """pyimpspec's fit with its automatic choice of method and weight, from near the truth."""
    import pyimpspec

    from eisfit.interop.pyimpspec import to_cdc

    start = near(case, np.random.default_rng(case.spectrum.frequency.size))
    data = pyimpspec.DataSet(case.spectrum.frequency, case.spectrum.impedance)
    circuit = pyimpspec.parse_cdc(to_cdc(case.model, start))
    found = pyimpspec.fit_circuit(circuit, data, num_procs=1)
    z = case.spectrum.impedance
    difference = found.circuit.get_impedances(case.spectrum.frequency) - z
    return float(np.sum(np.abs(difference / z) ** 2))


def peers() -> dict[str, Callable[[Case], float]]:
    """Return the peers that are installed."""
    found = {}
    for name, engine in [("impedance", impedance_py), ("pyimpspec", pyimpspec_auto)]:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        found[name] = engine
    return found


def run_family(family: str, engine: Callable[[Case], float], seeds: range) -> dict[str, float]:
    """Return success and times of one engine on one family."""
    excess, times = [], []
    for seed in track(seeds, description=f"{family}, {engine.__name__}", transient=True):
        case = make(family, seed)
        chi_square, seconds = timed(lambda case=case: engine(case))
        excess.append(chi_square / known(family, seed))
        times.append(1e3 * seconds)
    warm = times[4:] if len(times) > 8 else times
    return {
        "cases": len(excess),
        "global_minimum_percent": 100.0 * float(np.mean(np.array(excess) <= 1.001)),
        "within_tenth_percent": 100.0 * float(np.mean(np.array(excess) <= 1.1)),
        "median_ms": float(np.median(warm)),
        "p99_ms": float(np.percentile(warm, 99)),
        "cold_ms": times[0],
    }


def run_batch(count: int, seed: int, **options: object) -> dict[str, float]:
    """Return success and time of `fit_many` on independent spectra of three arcs, one grid."""
    model = make(THREE, seed).model
    cases = []
    for i in range(count):
        case = make(THREE, seed + i)
        rng = np.random.default_rng([seed, i])
        z = noisy(model.impedance(WIDE, case.truth), case.noise, rng)
        cases.append(Case(eisfit.Spectrum(WIDE, z), model, case.truth, case.noise))
    cases = [case for case in cases if _inside(case)]
    spectra = [case.spectrum for case in cases]
    eisfit.fit_many(spectra[:8], model, **options)
    begin = time.process_time()
    fits = eisfit.fit_many(spectra, model, **options)
    seconds = time.process_time() - begin
    pairs = zip(fits, cases, strict=True)
    hits = [fit.chi_square <= 1.001 * best_from_truth(case) for fit, case in pairs]
    return {
        "cases": len(fits),
        "global_minimum_percent": 100.0 * float(np.mean(hits)),
        "ms_a_spectrum": 1e3 * seconds / len(fits),
    }


def _inside(case: Case) -> bool:
    """Whether all arcs of a case lie within the batch's one grid."""
    values = np.array([case.truth[name] for name in case.model.names])
    taus = [float(a.tau_of(values)) for a in case.model.arcs if a.has_tau]
    return max(taus) < 0.5 / (2 * np.pi * WIDE.min()) and min(taus) > 2 / (2 * np.pi * WIDE.max())


def table(results: dict) -> str:
    """Return the results as Markdown."""
    lines = [
        "| family | engine | cases | global minimum | within 10 % | median | 99th percentile | "
        "times ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for family, engines in results["families"].items():
        own = engines["eisfit"]["median_ms"]
        for engine, r in engines.items():
            lines.append(
                f"| {family} | {engine} | {r['cases']} | {r['global_minimum_percent']:.1f} % | "
                f"{r['within_tenth_percent']:.1f} % | {r['median_ms']:.1f} ms | "
                f"{r['p99_ms']:.0f} ms | {r['median_ms'] / own:.1f} |"
            )
    for name, r in results["batch"].items():
        lines.append(
            f"| three arcs, `fit_many` | eisfit, {name} | {r['cases']} | "
            f"{r['global_minimum_percent']:.1f} % | | {r['ms_a_spectrum']:.1f} ms | | |"
        )
    return "\n".join(lines)


def families(arguments: argparse.Namespace, before: dict) -> dict:
    """Return the rows of every family; `before` has the peers' rows of an earlier run."""
    found = {}
    for family in FAMILIES:
        seeds = range(arguments.seed, arguments.seed + arguments.cases)
        rows = {"eisfit": run_family(family, ours, seeds)}
        if backend.compiled() is not None:
            with by_arrays():
                rows["eisfit, no numba"] = run_family(family, ours, seeds)
        for name, engine in peers().items():
            few = range(arguments.seed, arguments.seed + arguments.peer_cases)
            if arguments.peer_cases:
                rows[name] = run_family(family, engine, few)
            elif name in before.get(family, {}):
                rows[name] = before[family][name]
        found[family] = rows
        print(family, rows, flush=True)
    return found


def batches(count: int, seed: int) -> dict:
    """Return the rows of `fit_many`: default and fast, with and without the compiled loops."""
    found = {"default": run_batch(count, seed), "fast": run_batch(count, seed, effort="fast")}
    if backend.compiled() is not None:
        with by_arrays():
            found["default, no numba"] = run_batch(count // 4, seed)
            found["fast, no numba"] = run_batch(count // 4, seed, effort="fast")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cases", type=int, default=150, help="0: `fit_many` alone, other rows stay as written"
    )
    parser.add_argument(
        "--peer-cases", type=int, default=15, help="0: the peers' rows stay as they were written"
    )
    parser.add_argument("--batch", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=500_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    written = arguments.out / "fit.json"
    before = json.loads(written.read_text()) if written.exists() else {"families": {}}
    if arguments.cases:
        results = {"families": families(arguments, before["families"]), "machine": machine()}
    else:
        results = {key: before[key] for key in ("families", "machine")}
    results["batch"] = batches(arguments.batch, arguments.seed)
    results["batch_machine"] = machine()
    every = [row["eisfit"]["p99_ms"] for row in results["families"].values()]
    print(f"eisfit: highest 99th percentile of a family {max(every):.0f} ms", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    written.write_text(json.dumps(results, indent=1) + "\n")
    (arguments.out / "fit.md").write_text(table(results) + "\n")
    print(table(results))


def machine() -> dict[str, str]:
    """Return processor, system, load and versions."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    found["cores"] = str(os.cpu_count())
    if hasattr(os, "getloadavg"):
        found["load"] = f"{os.getloadavg()[0]:.1f}"
    for package in ("eisfit-toolkit", "numpy", "scipy", "numba", "impedance", "pyimpspec"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


if __name__ == "__main__":
    main()
