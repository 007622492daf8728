"""From Kramers-Kronig residuals to a verdict in words and the points that a mask might take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eisfit.spectrum import ComplexArray, FloatArray

BoolArray = NDArray[np.bool_]

VALID_RMS = 0.005
INVALID_RMS = 0.02

_NEIGHBOURS = 5
# Part of the range is worse than the rest where its level is this many times that of the whole.
# (Even noise of 1.7 % over 62 points reached 1.9 in 40 draws.)
_WORSE = 2.0
# And as much as this share of the worst place is another one.
_SHARE = 0.4
# Fewer points a decade than this cannot tell a broken spectrum from one that moves between points.
_SPARSE = 2.0
# Share of the range in log frequency that parts two places of large residuals.
_APART = 0.2


@dataclass(frozen=True, eq=False)
class Verdict:
    """A verdict, its message, and for each of N points used why it is suspect, "" where not."""

    verdict: str
    message: str
    reasons: tuple[str, ...]


def judge(frequency: FloatArray, residuals: ComplexArray, outliers: BoolArray) -> Verdict:
    """Judge a spectrum by its residuals.

    Parameters
    ----------
    frequency, residuals : (N,) arrays, Hz from high to low, relative to the modulus
    outliers : (N,) bool, the points that the fit left out
    """
    f, core = frequency[~outliers], np.abs(residuals[~outliers]) ** 2 / 2.0
    rms = float(np.sqrt(core.mean()))
    overall = float(np.sqrt(np.mean(np.abs(residuals) ** 2) / 2.0))
    local = _local(core)
    worst = float(local.max())
    sparse = len(frequency) < _SPARSE * np.log10(frequency[0] / frequency[-1])
    broken = worst > max(1.25 * INVALID_RMS, _WORSE * rms)
    if not sparse and (overall > INVALID_RMS or broken):
        verdict = "invalid"
    elif overall > VALID_RMS or worst > 2.0 * VALID_RMS or outliers.any():
        verdict = "doubtful"
    else:
        verdict = "valid"
    said = [f"{verdict.capitalize()}: relative residual {overall:.2%} rms"]
    why = np.where(outliers, "outlier of the Kramers-Kronig test", "").astype(object)
    if rms > VALID_RMS or worst > 2.0 * VALID_RMS:
        if sparse:
            where = "with too few points a decade to tell from what"
        else:
            where, reasons = _places(f, local > max(VALID_RMS, _SHARE * worst))
            why[~outliers] = reasons
        said.append(f"up to {worst:.2%} {where}")
    if outliers.any():
        places = ", ".join(f"{x:.3g}" for x in frequency[outliers])
        said.append(f"outliers at {places} Hz: without them, {rms:.2%}; mask them")
    if verdict == "valid":
        said.append("the spectrum obeys the Kramers-Kronig relations")
    return Verdict(verdict, "; ".join(said) + ".", tuple(map(str, why)))


def _local(square: FloatArray) -> FloatArray:
    """Return the root of the mean of every value and its neighbours."""
    width = min(_NEIGHBOURS, len(square))
    padded = np.pad(square, width // 2, mode="edge")
    mean = np.convolve(padded, np.full(width, 1.0 / width), mode="valid")
    return np.asarray(np.sqrt(mean))[: len(square)]


def _places(frequency: FloatArray, off: BoolArray) -> tuple[str, list[str]]:
    """Return in words where `off` points lie and what usually does that, and so for each point.

    No mask mends a spectrum that is off over most of its range: none of its points has a reason.
    """
    reasons = [""] * len(off)
    if off.mean() > 0.5:
        return "over most of the range: noise, a non-linear response, or drift throughout", reasons
    place = np.log(frequency / frequency[-1]) / np.log(frequency[0] / frequency[-1])
    at = np.flatnonzero(off)
    said = []
    for run in np.split(at, np.flatnonzero(-np.diff(place[at]) > _APART) + 1):
        said.append(_place(place[run], float(frequency[run[-1]]), float(frequency[run[0]])))
        for i in run:
            reasons[i] = f"Kramers-Kronig residual {said[-1]}"
    return "; ".join(reversed(said)), reasons


def _place(place: FloatArray, low: float, high: float) -> str:
    if place.max() < 0.5:
        return (
            f"at low frequency, below {high:.3g} Hz: drift, the cell changed while it was measured"
        )
    if place.min() > 0.5:
        return f"at high frequency, above {low:.3g} Hz: artefact of cable, cell or instrument"
    return f"between {low:.3g} and {high:.3g} Hz"
