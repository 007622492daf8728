"""Points that a first solution shows to be worse than the weighting says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation.problem import Problem
from eisfit.relaxation.select import Solution

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Residual of a point, in those of a typical one, from which it counts less; and the most points
# that may be so: more are no outliers, the model is wrong.
_OFF = 4.0
_MOST = 0.15
# Fewer points cannot tell outliers from a process between them.
_FEWEST = 20
# Excess of neighbours with like signs over those with unlike ones, of all, that noise hardly has.
_ALIKE = 0.25
# Width in decades over which noise is taken as one, and the ratio of its largest to its smallest
# from which it is not what the weighting says.
_SMOOTH = 0.5
_UNEVEN = 8.0
# Residuals below this share of the data are rounding, not noise: no instrument is this good.
_EXACT = 1e-5
# Median of the root of a chi-square with two degrees of freedom over two.
_MEDIAN = np.sqrt(np.log(2.0))


def inflation(problem: Problem, solution: Solution, log_omega: FloatArray) -> FloatArray:
    """Return (N,) factors by which the standard deviations of the points should grow.

    Outliers as under Student's t with four degrees of freedom (Lange, Little, Taylor, J. Am. Stat.
    Assoc. 84 (1989) 881); elsewhere the local level of the residuals, where it is uneven. All ones
    where the weighting is right.

    Parameters
    ----------
    problem, solution : a problem with both parts, and its first solution
    log_omega : (N,) array, ln(rad/s)
    """
    residual = problem.matrix @ solution.x - problem.target
    count = len(log_omega)
    size = np.sqrt((residual[:count] ** 2 + residual[count:] ** 2) / 2.0)
    place = log_omega / np.log(10.0)
    typical = float(np.median(size)) / _MEDIAN
    exact = typical <= _EXACT * float(np.sqrt(np.mean(problem.target**2)))
    if exact or count < _FEWEST:
        return np.ones(count)
    near = np.exp(-0.5 * ((place[:, None] - place) / _SMOOTH) ** 2)
    local = _weighted_medians(size, near) / _MEDIAN
    off = size / np.maximum(local, typical)
    far = off > _OFF
    if far.any() and far.mean() <= _MOST and _single(far):
        # First these alone: they bend the solution, and what they bend looks like noise.
        return np.where(far, np.sqrt((4.0 + off**2) / 6.0), 1.0)
    uneven = local.max() > _UNEVEN * local.min()
    noise = not _systematic(residual, local > local.max() / _UNEVEN)
    return local / typical if uneven and noise else np.ones(count)


def _single(far: BoolArray) -> bool:
    """Return whether marked points stand alone or in pairs: a longer run is no accident."""
    return not (far[2:] & far[1:-1] & far[:-2]).any()


def _systematic(residual: FloatArray, worse: BoolArray) -> bool:
    """Return whether neighbours' residuals go together: then the fit is off, not the noise.

    Only those of the (N,) points that are `worse`: where the noise is far below what the weighting
    says, a first solution has no need to follow the data.
    """
    sign = np.sign(residual).reshape(2, -1)
    alike = sign[:, 1:] * sign[:, :-1]
    return bool(np.mean(alike[:, worse[1:] & worse[:-1]]) > _ALIKE)


def _weighted_medians(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the median of (N,) values under each of (N, N) rows of weights."""
    order = np.argsort(values)
    share = np.cumsum(weights[:, order], axis=1)
    return values[order][np.argmax(share >= 0.5 * share[:, -1:], axis=1)]
