"""Batches: spectra a second with reading, fit, DRT and Kramers-Kronig test; memory; the peer.

    python benchmarks/batch.py [--sizes 100 1000 10000] [--workers 1 2] [--peer 40] [--out DIR]

Sweeps of three arcs with 0.2 % noise, 71 points, ten a text file, drawn by seed. Each run is
`eisfit.batch(..., kk=True, drt=True)` in a process of its own, on files that were just written.
Memory is the largest that the command itself, and any of its workers, ever held. impedance.py goes
over the same spectra in a loop, as its users do: numpy reads the file, a circuit is fitted from
starting values within a factor of two of the truth, and Lin-KK is made where it runs (version
1.7.1 fails with numpy 2); it has no DRT.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import eisfit

MODEL = "zarc3"
GRID = np.geomspace(1e6, 0.1, 71)
SWEEPS = 10
NOISE = 2e-3

RUN = """
import json, resource, sys, time
import eisfit
began = time.perf_counter()
done = eisfit.batch(sys.argv[1], sys.argv[2], sys.argv[3], kk=True, drt=True,
                    workers=int(sys.argv[4]))
seconds = time.perf_counter() - began
with open("/proc/self/status") as status:
    own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seconds": seconds, "spectra": done.progress.spectra,
                  "failed": done.progress.spectra_failed + done.progress.files_failed,
                  "command_mb": own / 1024, "worker_mb": worker / 1024}))
"""


def draw(seed: int) -> dict[str, float]:
    """Return values of three arcs, their time constants a decade and a half apart or more."""
    rng = np.random.default_rng(seed)
    values = {"R0": 5.0 + 5.0 * rng.random()}
    for i, place in enumerate((-5.0, -3.0, -1.0), 1):
        resistance, alpha = 50.0 * 10.0 ** rng.uniform(0.0, 0.6), rng.uniform(0.8, 0.95)
        tau = 10.0 ** (place + rng.uniform(-0.25, 0.25))
        values |= {f"R{i}": resistance, f"CPE{i}_0": tau**alpha / resistance, f"CPE{i}_1": alpha}
    return values


def spectrum(seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    z = eisfit.load_model(MODEL).impedance(GRID, draw(seed))
    return z + NOISE * np.abs(z) * (rng.normal(size=z.shape) + 1j * rng.normal(size=z.shape))


def write(folder: Path, count: int) -> list[Path]:
    """Write so many sweeps, ten a file."""
    folder.mkdir()
    paths = []
    for file in range(count // SWEEPS):
        lines = ["cycle number\tfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm"]
        for cycle in range(SWEEPS):
            z = spectrum(file * SWEEPS + cycle)
            lines += [
                f"{cycle + 1}\t{f:.7e}\t{x.real:.7e}\t{-x.imag:.7e}"
                for f, x in zip(GRID, z, strict=True)
            ]
        paths.append(folder / f"cell_{file:05d}.txt")
        paths[-1].write_text("\n".join(lines) + "\n")
    return paths


def run(files: Path, out: Path, workers: int) -> dict[str, float]:
    """Return rate, memory and share of reading of one batch."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(files), str(out), MODEL, str(workers)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    import pyarrow.parquet as pq

    ledger = pq.read_table(out / "files")
    reading, computing = (sum(ledger.column(c).to_pylist()) for c in ("reading_s", "computing_s"))
    size = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    return {
        **found,
        "spectra_per_s": found["spectra"] / found["seconds"],
        "worker_ms_a_spectrum": 1e3 * (reading + computing) / found["spectra"],
        "reading_percent": 100 * reading / (reading + computing),
        "bytes_a_spectrum": size / found["spectra"],
    }


def peer(paths: list[Path], count: int) -> dict[str, float] | None:
    """Return the rate of impedance.py in a loop, on one core, or None without it."""
    try:
        from impedance.models.circuits import CustomCircuit
    except ImportError:
        return None
    circuit_text = eisfit.load_model(MODEL).circuit.text
    names = eisfit.load_model(MODEL).names
    done, tested, began = 0, 0, time.perf_counter()
    for file, path in enumerate(paths[: count // SWEEPS]):
        rows = np.loadtxt(path, skiprows=1)
        for cycle in range(SWEEPS):
            own = rows[rows[:, 0] == cycle + 1]
            f, z = own[:, 1], own[:, 2] - 1j * own[:, 3]
            seed = file * SWEEPS + cycle
            rng, truth = np.random.default_rng([seed, 2]), draw(seed)
            guess = [
                truth[n] if n.endswith("_1") else truth[n] * 2.0 ** rng.uniform(-1, 1)
                for n in names
            ]
            circuit = CustomCircuit(circuit_text, initial_guess=guess)
            circuit.fit(f, z, weight_by_modulus=True)
            with contextlib.redirect_stdout(io.StringIO()):
                tested += lin_kk(f, z)
            done += 1
    seconds = time.perf_counter() - began
    rate = done / seconds
    return {"spectra": done, "tested": tested, "seconds": seconds, "spectra_per_s": rate}


def lin_kk(f: np.ndarray, z: np.ndarray) -> bool:
    """Do impedance.py's Lin-KK; false where it fails, as version 1.7.1 does with numpy 2."""
    from impedance.validation import linKK

    try:
        linKK(f, z, c=0.85, max_M=50, fit_type="complex", add_cap=True)
    except NameError:
        return False
    return True


def machine() -> dict[str, str]:
    """Return processor, system, load and versions."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    found["cores"] = str(os.cpu_count())
    if hasattr(os, "getloadavg"):
        found["load"] = f"{os.getloadavg()[0]:.1f}"
    for package in ("eisfit-toolkit", "numpy", "scipy", "pyarrow", "impedance"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def table(results: dict) -> str:
    """Return the results as a table of Markdown."""
    lines = [
        "| spectra | cores | seconds | spectra a second | ms of a core a spectrum | reading | "
        "command, worker / MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results["runs"]:
        cells = (
            f"{r['spectra']:,}", r["workers"], f"{r['seconds']:.1f}", f"{r['spectra_per_s']:.1f}",
            f"{r['worker_ms_a_spectrum']:.1f}", f"{r['reading_percent']:.0f} %",
            f"{r['command_mb']:.0f}, {r['worker_mb']:.0f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    if results["impedance"]:
        r = results["impedance"]
        left_out = "no DRT" if r["tested"] else "no DRT, no Kramers-Kronig test"
        lines.append(
            f"| {r['spectra']} by impedance.py, {left_out} | 1 | {r['seconds']:.1f} | "
            f"{r['spectra_per_s']:.2f} | {1e3 / r['spectra_per_s']:.0f} | | |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--peer", type=int, default=40, help="spectra for impedance.py")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    results: dict = {"runs": [], "impedance": None, "machine": machine()}
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        paths: list[Path] = []
        for size in given.sizes:
            paths = write(work / f"in_{size}", size)
            for workers in given.workers:
                found = run(work / f"in_{size}", work / f"out_{size}_{workers}", workers)
                results["runs"].append({"workers": workers, **found})
                print(results["runs"][-1], flush=True)
        if given.peer and paths:
            results["impedance"] = peer(paths, given.peer)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "batch.json").write_text(json.dumps(results, indent=1) + "\n")
    (given.out / "batch.md").write_text(table(results) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
