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
# Share of the range in log frequency that parts two places of large residuals, and that a place
# may be away from the end that it is named after.
_APART, _AWAY = 0.2, 0.15
# Residuals of neighbours go together by more than this where a chain lags behind a spectrum
# (measured: 0.59 and more in 9 of 10 drifts and jumps), and by less where they are noise (0.09 and
# less).
_ALIKE = 0.35
_TELLING = 8  # points that tell it
# What stands out in a spectrum that is valid: as many times the usual level, and this large.
_SLIGHT, _LEAST = 4.0, 0.0015


@dataclass(frozen=True, eq=False)
class Verdict:
    """A verdict, its message, and for each of N points used why it is suspect, "" where not.

    `rms` is the relative residual that it was given for, outliers left out.
    """

    verdict: str
    message: str
    reasons: tuple[str, ...]
    rms: float


def judge(frequency: FloatArray, residuals: ComplexArray, outliers: BoolArray) -> Verdict:
    """Judge a spectrum by its residuals.

    Parameters
    ----------
    frequency, residuals : (N,) arrays, Hz from high to low, relative to the modulus
    outliers : (N,) bool, the points that the fit left out
    """
    f, core = frequency[~outliers], residuals[~outliers]
    square = np.abs(core) ** 2 / 2.0
    rms, local = float(np.sqrt(square.mean())), _local(square)
    worst = float(local.max())
    sparse = len(frequency) < _SPARSE * np.log10(frequency[0] / frequency[-1])
    broken = worst > max(1.25 * INVALID_RMS, _WORSE * rms)
    large = rms > VALID_RMS or worst > 2.0 * VALID_RMS
    if not sparse and (rms > INVALID_RMS or broken):
        verdict = "invalid"
    else:
        verdict = "doubtful" if large or outliers.any() else "valid"
    left_out = " without the outliers" if outliers.any() else ""
    said = [f"{verdict.capitalize()}: relative residual {rms:.2%} rms{left_out}"]
    why = np.where(outliers, "outlier of the Kramers-Kronig test", "").astype(object)
    if large and sparse:
        said.append(f"up to {worst:.2%} with too few points a decade to tell from what")
    elif large:
        where, why[~outliers] = _places(f, core, local > max(VALID_RMS, _SHARE * worst))
        said.append(f"up to {worst:.2%} {where}")
    if outliers.any():
        places = ", ".join(f"{x:.3g}" for x in frequency[outliers])
        said.append(f"outliers at {places} Hz: mask them")
    if verdict == "valid":
        said.append("the spectrum obeys the Kramers-Kronig relations")
        said += [] if sparse else _slight(f, core, local)
    return Verdict(verdict, "; ".join(said) + ".", tuple(map(str, why)), rms)


def _slight(frequency: FloatArray, residuals: ComplexArray, local: FloatArray) -> list[str]:
    """Return in words where a valid spectrum has residuals with a pattern, far above the others."""
    worst = float(local.max())
    off = local > _SHARE * worst
    clear = worst > max(_SLIGHT * float(np.median(local)), _LEAST)
    if not clear or off.mean() > 0.5 or _alike(residuals[off]) < _ALIKE:
        return []
    where, _ = _places(frequency, residuals, off)
    return [f"yet residuals of up to {worst:.2%} stand out {where}"]


def _local(square: FloatArray) -> FloatArray:
    """Return the root of the mean of every value and its neighbours."""
    width = min(_NEIGHBOURS, len(square))
    padded = np.pad(square, width // 2, mode="edge")
    mean = np.convolve(padded, np.full(width, 1.0 / width), mode="valid")
    return np.asarray(np.sqrt(mean))[: len(square)]


def _places(
    frequency: FloatArray, residuals: ComplexArray, off: BoolArray
) -> tuple[str, list[str]]:
    """Return in words where `off` points lie and what usually does that, and so for each point.

    No mask mends a spectrum that is off over most of its range: none of its points has a reason.
    """
    reasons = [""] * len(off)
    if off.mean() > 0.5:
        alike = _alike(residuals) > _ALIKE
        cause = "a non-linear response, or drift throughout" if alike else "noise"
        return f"over most of the range: {cause}", reasons
    place = np.log(frequency / frequency[-1]) / np.log(frequency[0] / frequency[-1])
    at = np.flatnonzero(off)
    said = []
    for run in np.split(at, np.flatnonzero(-np.diff(place[at]) > _APART) + 1):
        ends = float(frequency[run[-1]]), float(frequency[run[0]])
        said.append(_place(place[run], *ends, _alike(residuals[run])))
        for i in run:
            reasons[i] = f"Kramers-Kronig residual {said[-1]}"
    return "; ".join(reversed(said)), reasons


def _alike(residuals: ComplexArray) -> float:
    """Return the correlation of neighbours among (N,) residuals."""
    square = float(np.sum(np.abs(residuals) ** 2))
    together = float(np.real(np.sum(residuals[1:] * np.conj(residuals[:-1]))))
    return together / square if square > 0.0 else 0.0


def _place(place: FloatArray, low: float, high: float, alike: float) -> str:
    """Return a place in words, and its cause by whether its residuals have a pattern, `alike`."""
    if place.max() < 0.5 and place.min() < _AWAY:
        where = f"at low frequency, below {high:.3g} Hz"
        cause = "drift, the cell changed while it was measured"
        if alike <= _ALIKE and len(place) >= _TELLING:
            return f"{where}: noise rather than drift"
    elif place.min() > 0.5 and place.max() > 1.0 - _AWAY:
        where = f"at high frequency, above {low:.3g} Hz"
        cause = "artefact of cable, cell or instrument"
    else:
        where = f"between {low:.3g} and {high:.3g} Hz"
        cause = "a jump or drift, as where the instrument changes its range"
    return f"{where}: {cause}" if alike > _ALIKE else f"{where}: noise, or {cause}"
