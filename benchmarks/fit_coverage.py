"""How often the 95 % intervals of a fit hold the truth.

    python benchmarks/fit_coverage.py [--draws 2000] [--seed 77] [--out DIR]

Four circuits, noise as the weights assume (Gaussian, a fixed share of the modulus, independent on
both parts). Counted are the quantities whose relative standard error is below 20 %: parameters, and
tau, C and sums that follow from them. The share should be 95 %; of 2,000 draws it scatters by
0.5 %.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np
from families import WIDE, arc, noisy

import eisfit
from eisfit.fitting.derived import (
    capacitance,
    interval,
    parameter_interval,
    quantile,
    time_constant,
)

NOISE = 3e-3
LOW = np.geomspace(1e6, 1e-2, 81)
CIRCUITS = {
    "two arcs": (
        "R0-p(R1,CPE1)-p(R2,CPE2)",
        {"R0": 20.0, **arc(1, 120.0, 3e-6, 0.9), **arc(2, 300.0, 2e-3, 0.82)},
        WIDE,
    ),
    "pellet": (
        "R0-p(R1,CPE1)-p(R2,CPE2)-CPE3",
        {"R0": 15.0, **arc(1, 150.0, 2e-7, 0.93), **arc(2, 400.0, 6e-6, 0.88),
         "CPE3_0": 2e-6, "CPE3_1": 0.9},
        WIDE,
    ),
    "three arcs": (
        "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)",
        {"R0": 20.0, **arc(1, 100, 1e-6, 0.9), **arc(2, 300, 3e-5, 0.85), **arc(3, 80, 1e-2, 0.95)},
        WIDE,
    ),
    "diffusion": (
        "R0-p(R1,C1)-p(R2-Wo1,CPE2)",
        {"R0": 20.0, "R1": 50.0, "C1": 1e-7, "R2": 100.0, "CPE2_0": 2e-6, "CPE2_1": 0.9,
         "Wo1_0": 80.0, "Wo1_1": 5.0},
        LOW,
    ),
}  # fmt: skip


def truths(model: eisfit.Model, values: dict[str, float]) -> dict[str, float]:
    """Return the true parameters, and tau and C of every arc."""
    found = dict(values)
    array = np.array([values[name] for name in model.names])
    for one in model.arcs:
        if one.has_tau:
            tau = float(one.tau_of(array))
            found[f"tau {one.label}"] = tau
            found[f"C {one.label}"] = tau / array[one.resistance]
    return found


def intervals(fit: eisfit.FitResult) -> dict[str, tuple[float, float, float]]:
    """Return lower and upper end, and the relative standard error, of each quantity."""
    t = quantile(fit)
    found = {}
    for name in fit.names:
        found[name] = (*parameter_interval(fit, name, t), fit.stderr[name] / fit.values[name])
    for one in fit.arcs:
        if one.has_tau:
            for kind, of in (("tau", time_constant), ("C", capacitance)):
                value, error = of(fit, one)
                found[f"{kind} {one.label}"] = (*interval(value, error * value, t), error)
    return found


def coverage(name: str, draws: int, seed: int) -> dict[str, dict[str, float]]:
    """Return, for each quantity, the share of draws whose interval holds the truth."""
    text, values, f = CIRCUITS[name]
    model = eisfit.load_model(text)
    z = model.impedance(f, values)
    rng = np.random.default_rng([seed, list(CIRCUITS).index(name)])
    spectra = [eisfit.Spectrum(f, noisy(z, NOISE, rng)) for _ in range(draws)]
    truth = truths(model, values)
    rows = [intervals(fit) for fit in eisfit.fit_many(spectra, model)]
    found = {}
    for key, value in truth.items():
        counted = [row[key] for row in rows if row[key][2] < 0.2]
        if len(counted) < 0.95 * draws:
            continue
        held = [low <= value <= high for low, high, _ in counted]
        error = float(np.median([e for _, _, e in counted]))
        found[key] = {
            "held_percent": 100.0 * float(np.mean(held)), "draws": len(held),
            "relative_stderr_percent": 100.0 * error,
        }  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    results = {name: coverage(name, arguments.draws, arguments.seed) for name in CIRCUITS}
    for name, rows in results.items():
        shares = [row["held_percent"] for row in rows.values()]
        print(f"{name}: {min(shares):.1f} to {max(shares):.1f} % of {arguments.draws} draws")
        for key, row in rows.items():
            error = row["relative_stderr_percent"]
            print(f"  {key:8} {row['held_percent']:5.1f} %  (error {error:.2g} %)")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "fit_coverage.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
