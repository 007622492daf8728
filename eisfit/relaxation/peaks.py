"""Peaks of gamma: where they are, where one ends and the next begins, what each holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# A shoulder counts where the slope d ln gamma / d ln tau rises again by this much behind it. Every
# single process (ZARC, Havriliak-Negami, lognormal) has a slope that only falls, from alpha to
# -alpha: gamma of one process is log-concave, so a rise is the mark of a second one.
RISE = 0.15
# A shoulder of less area than this share of its neighbour's is more often an artefact of the skirt
# than a process (measured on synthetic spectra: all of 68 false ones were below 0.26).
SHOULDER_SHARE = 0.25
# Largest ripple, as a share of the neighbour, that joins it.
_SWELL = 0.1
# Gamma below this share of the local modulus is flat to the eye of the slope.
_FLOOR = 1e-3


@dataclass(frozen=True)
class Peak:
    """Grid range [start, stop) of a peak, its position in steps, whether gamma has a maximum."""

    start: int
    stop: int
    position: float
    is_maximum: bool

    def area(self, gamma: FloatArray, spacing: float) -> FloatArray:
        """Return the integral over the peak of (..., M) gamma, in ohm."""
        return gamma[..., self.start : self.stop].sum(axis=-1) * spacing


def find_peaks(
    gamma: FloatArray, modulus: FloatArray, spacing: float, smallest: float
) -> list[Peak]:
    """Return the peaks of gamma, maxima and shoulders, by ascending tau.

    Parameters
    ----------
    gamma : (M,) array, ohm
    modulus : (M,) array, ohm
        |Z| at omega = 1/tau: what a peak has to be compared with to be seen in the data.
    spacing : float
        Of the grid in ln tau.
    smallest : float
        A peak of less area than this share of the modulus at its place joins its neighbour.

    Returns
    -------
    list of Peak; their ranges cover the grid, so their areas sum to the polarisation resistance,
    but for ripples that are small beside the modulus and large beside their neighbour.
    """
    if not gamma.any():
        return []
    slope = log_slope(gamma, modulus, spacing)
    bounds = [0, *_splits(slope), len(gamma)]
    found = [_peak(gamma, a, b) for a, b in pairwise(bounds)]
    while found:
        strength = [
            min(
                p.area(gamma, spacing) / (smallest * modulus[round(p.position)]),
                np.inf if p.is_maximum else shoulder_strength(found, i, gamma, spacing),
            )
            for i, p in enumerate(found)
        ]
        weakest = int(np.argmin(strength))
        if strength[weakest] >= 1.0:
            break
        found = _dropped(found, weakest, gamma, spacing)
    return found


def log_slope(gamma: FloatArray, modulus: FloatArray, spacing: float) -> FloatArray:
    """Return d ln gamma / d ln tau between points, (..., M - 1), for (..., M) gamma in ohm."""
    return np.asarray(np.diff(np.log(gamma + _FLOOR * modulus), axis=-1) / spacing)


def _dropped(peaks: list[Peak], index: int, gamma: FloatArray, spacing: float) -> list[Peak]:
    """Return the peaks less a ripple, which joins its neighbour unless it would swell it.

    Beside a large modulus, as under a blocking tail, a ripple too small to be seen there may still
    be large beside an arc at higher frequency; it then belongs to none.
    """
    if len(peaks) > 1 and peaks[index].is_maximum:
        ripple = peaks[index]
        heir = _heir(peaks, index, gamma)
        wall = gamma[ripple.start if heir < index else ripple.stop - 1]
        apart = wall < 0.5 * gamma[round(ripple.position)]
        if apart and ripple.area(gamma, spacing) > _SWELL * peaks[heir].area(gamma, spacing):
            return [*peaks[:index], *peaks[index + 1 :]]
    return without(peaks, index, gamma)


def shoulder_strength(peaks: list[Peak], index: int, gamma: FloatArray, spacing: float) -> float:
    """Return the area of a peak relative to what a shoulder on its neighbour must have."""
    if len(peaks) == 1:
        return np.inf
    host = float(peaks[_heir(peaks, index, gamma)].area(gamma, spacing))
    own = float(peaks[index].area(gamma, spacing))
    return own / max(SHOULDER_SHARE * host, np.finfo(float).tiny)


def _heir(peaks: list[Peak], index: int, gamma: FloatArray) -> int:
    """Return which neighbour of peak `index` lies across the lower barrier."""
    if index == 0:
        return 1
    if index == len(peaks) - 1:
        return index - 1
    peak = peaks[index]
    return index - 1 if gamma[peak.start] >= gamma[peak.stop] else index + 1


def without(peaks: list[Peak], index: int, gamma: FloatArray) -> list[Peak]:
    """Return the peaks less one, whose range goes to the neighbour across the lower barrier."""
    if len(peaks) == 1:
        return []
    gone, heir = peaks[index], _heir(peaks, index, gamma)
    old = peaks[heir]
    merged = replace(old, start=min(old.start, gone.start), stop=max(old.stop, gone.stop))
    return [merged if p is old else p for p in peaks if p is not gone]


def _splits(slope: FloatArray) -> list[int]:
    """Return the grid indices at which one peak ends and the next begins.

    Between a low and the following high of the slope, at least `RISE` above it: where the slope
    passes zero (a minimum of gamma), else where it rises fastest.
    """
    splits: list[int] = []
    low = high = 0
    rising = False
    for i in range(1, len(slope) + 1):
        value = slope[i] if i < len(slope) else -np.inf
        if not rising:
            if value < slope[low]:
                low = i
            elif value > slope[low] + RISE:
                rising, high = True, i
        elif value > slope[high]:
            high = i
        elif value < slope[high] - RISE:
            splits.append(_split(slope, low, high))
            rising, low = False, i
    return [s for s in splits if s > 1]


def _split(slope: FloatArray, low: int, high: int) -> int:
    part = slope[low : high + 1]
    if part[0] < 0 <= part[-1]:
        return low + int(np.argmax(part >= 0))
    return low + int(np.argmax(np.diff(part))) + 1


def _peak(gamma: FloatArray, start: int, stop: int) -> Peak:
    top = start + int(gamma[start:stop].argmax())
    if 0 < top < len(gamma) - 1 and gamma[top - 1] <= gamma[top] >= gamma[top + 1]:
        return Peak(start, stop, top + _vertex(gamma[top - 1 : top + 2]), True)
    # Where a shoulder bends most jumps with the noise; its centre of mass does not.
    part = gamma[start:stop]
    return Peak(start, stop, float(np.arange(start, stop) @ part / max(part.sum(), 1e-300)), False)


def _vertex(three: FloatArray) -> float:
    """Return where the parabola through three values has its top, in steps from the middle one."""
    bend = three[0] - 2.0 * three[1] + three[2]
    return float(0.5 * (three[0] - three[2]) / bend) if bend < 0 else 0.0
