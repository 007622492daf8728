"""How often the 95 % intervals of R and tau hold the truth, over draws of the noise.

    OPENBLAS_NUM_THREADS=1 python benchmarks/drt_coverage.py [--draws 1000] [--spectra 20]
        [--first 400000] [--foreign] [--out benchmarks/results/drt_coverage.csv]

Spectra as in drt_cases.py, time constants at least 1.2 decades apart; peaks of at least 10 % of the
polarisation resistance are counted. Every draw is another noise on one of the spectra, in turn. A
peak that is not found within 0.25 decade counts as one whose intervals miss. A row a peak; columns
`r` and `tau` are the shares of intervals that hold the truth.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from drt_cases import LN10, Case, make

from eisfit.relaxation import drt_spectrum

NEAR = 0.25 * LN10
LEAST_SHARE = 0.1


def inside(case: Case, index: int, rows: Sequence[Mapping[str, Any]]) -> tuple[bool, bool]:
    """Return whether the intervals of R and tau of one true peak hold the truth."""
    distance = [abs(np.log(row["tau_s"]) - case.places[index]) for row in rows]
    if not distance or min(distance) > NEAR:
        return False, False
    row = rows[int(np.argmin(distance))]
    in_r = row["lower_ohm"] <= case.resistances[index] <= row["upper_ohm"]
    in_tau = row["tau_lower_s"] <= np.exp(case.places[index]) <= row["tau_upper_s"]
    return bool(in_r), bool(in_tau)


def measure(first: int, spectra: int, draws: int, foreign: bool) -> list[dict[str, object]]:
    """Return a row a peak: the share of draws whose intervals hold it."""
    rows: list[dict[str, object]] = []
    each = draws // spectra
    for i in range(spectra):
        case = make(first + i, foreign)
        large = np.flatnonzero(case.resistances >= LEAST_SHARE * case.resistances.sum())
        results = []
        for d in range(each):
            again = case.measured_again(1000 * i + d)
            found = drt_spectrum(again.spectrum, samples=0).peak_rows
            results.append([inside(case, int(k), found) for k in large])
        for k, outcome in zip(large, np.swapaxes(results, 0, 1), strict=True):
            in_r, in_tau = outcome.mean(axis=0)
            rows.append(
                {
                    "seed": first + i,
                    "label": case.spectrum.label.split()[0],
                    "noise": round(case.noise, 5),
                    "tau_s": float(f"{np.exp(case.places[k]):.4g}"),
                    "share": round(float(case.resistances[k] / case.resistances.sum()), 3),
                    "draws": each,
                    "r": round(float(in_r), 4),
                    "tau": round(float(in_tau), 4),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000, help="in all")
    parser.add_argument("--spectra", type=int, default=20)
    parser.add_argument("--first", type=int, default=400_000)
    parser.add_argument("--foreign", action="store_true", help="shapes outside the families")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = measure(given.first, given.spectra, given.draws, given.foreign)
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    r, tau = (np.array([row[key] for row in rows]) for key in ("r", "tau"))
    print(f"R {r.mean():.3f} (least {r.min():.2f}), tau {tau.mean():.3f} (least {tau.min():.2f})")
    if given.out:
        with given.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
