"""From peaks and resamples to rows of a table and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation.peaks import Peak, without
from eisfit.relaxation.problem import Grid
from eisfit.relaxation.uncertainty import Resamples, interval, persistence

FloatArray = NDArray[np.float64]

# Least area of a peak, as a share of the modulus at its place; less is a ripple.
SMALLEST = 0.01
# A peak that fewer resamples show is one too.
_LEAST_PROBABILITY = 0.5
# Half width of the interval of R, relative to R, beyond which a number is none, and beyond which a
# shoulder and its neighbour have no shares of their own.
_UNDETERMINED = 0.75
_UNRESOLVED = 0.2


def peak_rows(
    found: list[Peak],
    gamma: FloatArray,
    grid: Grid,
    modulus: FloatArray,
    window: tuple[float, float],
    draws: Resamples | None,
) -> list[dict[str, Any]]:
    """Return a row a peak, by ascending tau, without peaks that the resamples do not show.

    Parameters
    ----------
    found : peaks of gamma
    gamma, modulus : (M,) arrays, ohm
    grid : of gamma
    window : shortest and longest tau in s that the measurement reaches
    draws : resamples, or None, which leaves intervals and probabilities NaN
    """
    spacing = grid.spacing
    probability = np.full(len(found), np.nan)
    positions = np.full((1, len(found)), np.nan)
    if draws is not None:
        while found:
            probability, positions = persistence(found, draws.repeated, modulus, spacing, SMALLEST)
            rarest = int(probability.argmin())
            if probability[rarest] >= _LEAST_PROBABILITY:
                break
            found = without(found, rarest, gamma)
    total = gamma.sum() * spacing
    rows = []
    for k, peak in enumerate(found):
        row = _row(peak, gamma, grid, draws)
        seen = positions[np.isfinite(positions[:, k]), k]
        low, high = interval(seen) if seen.size else (np.nan, np.nan)
        row["tau_lower_s"], row["tau_upper_s"] = _tau(grid, low), _tau(grid, high)
        row["fraction"] = row["resistance_ohm"] / total
        row["probability"] = float(probability[k])
        row["status"] = _status(row, window, _on_shoulder(found, k))
        rows.append(row)
    return rows


def _tau(grid: Grid, position: float | np.floating | FloatArray) -> float:
    return float(grid.tau[0] * np.exp(position * grid.spacing))


def _row(peak: Peak, gamma: FloatArray, grid: Grid, draws: Resamples | None) -> dict[str, Any]:
    tau = _tau(grid, peak.position)
    resistance = float(peak.area(gamma, grid.spacing))
    lower = upper = np.nan
    if draws is not None:
        low, high = interval(peak.area(draws.posterior, grid.spacing))
        lower, upper = min(float(low), resistance), max(float(high), resistance)
    return {
        "tau_s": tau,
        "frequency_hz": 1.0 / (2.0 * np.pi * tau),
        "gamma_ohm": float(np.interp(peak.position, np.arange(len(gamma)), gamma)),
        "resistance_ohm": resistance,
        "lower_ohm": lower,
        "upper_ohm": upper,
        "capacitance_f": tau / resistance,
        "shape": "maximum" if peak.is_maximum else "shoulder",
    }


def _on_shoulder(peaks: list[Peak], k: int) -> bool:
    """Return whether peak `k` is a shoulder or has one beside it."""
    return any(not p.is_maximum for p in peaks[max(k - 1, 0) : k + 2])


def _status(row: Mapping[str, Any], window: tuple[float, float], on_shoulder: bool) -> str:
    if not window[0] <= row["tau_s"] <= window[1]:
        return "outside window"
    half_width = (row["upper_ohm"] - row["lower_ohm"]) / (2.0 * row["resistance_ohm"])
    if half_width > _UNDETERMINED:
        return "not determined"
    if on_shoulder and half_width > _UNRESOLVED:
        return "unresolved"
    return "ok"


def messages(
    rows: Sequence[Mapping[str, Any]],
    tail: tuple[tuple[float, float], ...],
    at_end: bool,
    resistance_inf: float,
) -> tuple[str, ...]:
    """Return what the reader should know beside the numbers."""
    said = []
    if tail:
        terms = " + ".join(f"{size:.4g} (j omega)^-{alpha:g}" for size, alpha in tail)
        kind = "blocking" if max(tail)[1] > 0.75 else "diffusion"
        said.append(
            f"The spectrum ends in a {kind} tail; it stands in series to gamma as {terms} ohm and "
            "is in no peak."
        )
    for before, after in pairwise(rows):
        if "shoulder" in (before["shape"], after["shape"]):
            together = before["resistance_ohm"] + after["resistance_ohm"]
            said.append(
                f"The peaks at {before['tau_s']:.2g} and {after['tau_s']:.2g} s overlap without a "
                f"minimum between them: their sum of {together:.4g} ohm is better determined than "
                "the share of each."
            )
    outside = [row for row in rows if row["status"] == "outside window"]
    if outside:
        places = ", ".join(f"{row['tau_s']:.2g} s" for row in outside)
        said.append(f"Outside the measured window (extrapolated, not measured): {places}.")
    if rows and rows[0]["status"] == "outside window" and rows[0]["tau_s"] < rows[-1]["tau_s"]:
        said.append(
            f"At the highest frequency gamma and the series resistance of {resistance_inf:.4g} ohm "
            "cannot be told apart; only their sum is determined."
        )
    if at_end:
        said.append(
            "The search for lambda ended at its limit: the criterion has no minimum for this "
            "spectrum; look at `sweep`."
        )
    return tuple(said)
