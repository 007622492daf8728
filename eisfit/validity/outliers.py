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
# An outlier leaves less than this share of the variance behind.
_GAIN = 0.5


def without_outliers(used: Spectrum, chain: Chain, c: float, part: str) -> tuple[Chain, BoolArray]:
    """Return a chain fitted without single points far off, and which points it was fitted to.

    The farthest goes first, then the chain is fitted anew, for a bad point makes its neighbours
    look bad too, and keeps M small. Where more than a tenth of the points or several in a row are
    off, none is an outlier: the spectrum is.

    Parameters
    ----------
    used : the spectrum without its masked points
    chain : fitted to all of them
    c, part : as of `select`
    """
    omega, impedance = used.omega, used.impedance
    keep, everything = np.ones((2, len(used)), dtype=bool)
    fitted, selected = chain, True
    while (~keep).sum() <= _MOST * len(used):
        size = pull(omega[keep], impedance[keep], fitted, part)
        worst = int(size.argmax())
        if size[worst] > max(_SIGMAS * float(np.median(size)), _LEAST):
            keep[np.flatnonzero(keep)[worst]] = False
            fitted, selected = fit(omega[keep], impedance[keep], fitted.tau, part), False
        elif not selected:
            fitted, selected = select(omega[keep], impedance[keep], c, part), True
        else:
            good = fitted.variance < _GAIN * chain.variance and _isolated(~keep)
            left = np.abs(impedance - fitted.impedance(omega)) / np.abs(impedance)
            apart = good and _stand_out(left / np.sqrt(2.0), size, keep)
            return (fitted, keep) if apart else (chain, everything)
    return chain, everything


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


def _isolated(off: BoolArray) -> bool:
    """Return whether marked points stand alone or in pairs, at the ends of the range alone."""
    padded = np.concatenate([[0], off.astype(int), [0]])
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    most = np.where((starts == 0) | (stops == len(off)), 1, 2)
    return bool(off.any() and (stops - starts <= most).all())
