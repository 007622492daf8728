"""Single points that a chain of RC elements cannot follow, though it follows the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eisfit.spectrum import FloatArray, Spectrum
from eisfit.validity.chain import Chain, fit, pull, select

BoolArray = NDArray[np.bool_]

# Residual of an outlier, in medians of the others.
_SIGMAS = 7.0
# Residuals below this share of the modulus are none, however small the others.
_LEAST = 0.01
# Points at either side that tell a bad one from a bad stretch.
_NEIGHBOURS = 3
_MOST = 0.1
# More than so many among seven neighbours are a bad stretch; more than the second, beyond doubt.
_CROWD, _HOPELESS = 2, 3
# An outlier leaves less than this share of the variance behind.
_GAIN = 0.5
# The first to go leaves less than this one: of a drift, every point has only a small part.
_FIRST_GAIN = 0.85


def without_outliers(used: Spectrum, chain: Chain, c: float, part: str) -> tuple[Chain, BoolArray]:
    """Return a chain fitted without single points far off, and which points it was fitted to.

    The farthest goes first, then the number of elements is chosen anew: a bad point keeps it small,
    and a chain that is too short makes good points look bad. Where more than a tenth of the points
    or several in a row are off, none is an outlier: the spectrum is.

    Parameters
    ----------
    used : the spectrum without its masked points
    chain : fitted to all of them
    c, part : as of `select`
    """
    omega, impedance = used.omega, used.impedance
    keep, everything = np.ones((2, len(used)), dtype=bool)
    fitted = chain
    while (~keep).sum() <= max(_MOST * len(used), 1.0) and _crowd(~keep) <= _HOPELESS:
        size = pull(omega[keep], impedance[keep], fitted, part)
        worst = int(size.argmax())
        if size[worst] <= max(_SIGMAS * float(np.median(size)), _LEAST):
            break
        keep[np.flatnonzero(keep)[worst]] = False
        fitted = select(omega[keep], impedance[keep], c, part)
        if fitted.variance > _FIRST_GAIN * chain.variance:
            return chain, everything
    if keep.all():
        return chain, everything
    keep, fitted = _settled(used, keep, fitted, c, part)
    few = (~keep).sum() <= max(_MOST * len(used), 1.0)
    if not few or not _isolated(~keep) or fitted.variance >= _GAIN * chain.variance:
        return chain, everything
    size = pull(omega[keep], impedance[keep], fitted, part)
    apart = _stand_out(_residuals(used, fitted), size, keep)
    return (fitted, keep) if apart else (chain, everything)


def _settled(
    used: Spectrum, keep: BoolArray, fitted: Chain, c: float, part: str
) -> tuple[BoolArray, Chain]:
    """Return which points to keep, and their chain, once each dropped one has been doubted.

    Beside an end a chain follows the bad point and blames its neighbour: whichever leaves the least
    is the bad one. And a point that the chain without it predicts was never bad.
    """
    omega, impedance = used.omega, used.impedance

    def variance(kept: BoolArray) -> float:
        return fit(omega[kept], impedance[kept], fitted.tau, part).variance

    for i in np.flatnonzero(~keep):
        tried = [keep]
        for j in (i - 1, i + 1):
            if 0 <= j < len(keep) and keep[j]:
                other = keep.copy()
                other[[i, j]] = True, False
                tried.append(other)
        keep = min(tried, key=variance)
    fitted = fit(omega[keep], impedance[keep], fitted.tau, part)
    size = pull(omega[keep], impedance[keep], fitted, part)
    limit = max(_SIGMAS * float(np.median(size)), _LEAST)
    good = ~keep & (_residuals(used, fitted) <= limit)
    keep = keep | good
    return keep, select(omega[keep], impedance[keep], c, part)


def _residuals(used: Spectrum, fitted: Chain) -> FloatArray:
    """Return (N,) sizes of the residuals, relative to the modulus, a part."""
    return np.abs(used.impedance - fitted.impedance(used.omega)) / used.modulus / np.sqrt(2.0)


def _stand_out(left: FloatArray, size: FloatArray, keep: BoolArray) -> bool:
    """Return whether the (N,) residuals `left` of all dropped points are far above what is near.

    `size` holds those of the points kept. Where all of a stretch is bad, its worst are no outliers.
    """
    before = np.cumsum(keep)
    for i in np.flatnonzero(~keep):
        near = size[max(before[i] - _NEIGHBOURS, 0) : before[i] + _NEIGHBOURS]
        if left[i] < _SIGMAS * float(np.median(near)):
            return False
    return True


def _crowd(off: BoolArray) -> int:
    """Return how many of the marked points are neighbours, at most."""
    width = min(2 * _NEIGHBOURS + 1, len(off))
    return int(np.convolve(off.astype(int), np.ones(width, dtype=int), mode="valid").max())


def _isolated(off: BoolArray) -> bool:
    """Return whether marked points stand alone or in pairs, at the ends of the range alone."""
    padded = np.concatenate([[0], off.astype(int), [0]])
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    most = np.where((starts == 0) | (stops == len(off)), 1, 2)
    return bool(off.any() and (stops - starts <= most).all() and _crowd(off) <= _CROWD)
