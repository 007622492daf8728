"""Weighted least squares whose errors hold scatter that the standard errors do not explain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Line:
    """A fit that is linear in its p parameters.

    Attributes
    ----------
    values : (p,) array
    covariance : (p, p) array
        With the scatter in it; NaN where n = p and no standard errors are known.
    n : int
    scatter : float
        Standard deviation beyond the standard errors, in the unit of y; 0 where there is none to
        be seen.
    """

    values: Array
    covariance: Array
    n: int
    scatter: float

    @property
    def room(self) -> int:
        """Degrees of freedom, n - p."""
        return self.n - len(self.values)

    @property
    def stderr(self) -> Array:
        """(p,) standard errors."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def weighted_line(design: Array, y: Array, stderr: Array | None) -> Line:
    """Fit y = design @ values; design (n, p), y (n,), stderr (n,) or None for equal weights.

    The points scatter about the line by sqrt(stderr^2 + scatter^2), with the scatter by
    `extra_scatter`. Without standard errors all of it is scatter.
    """
    room = len(y) - design.shape[1]
    if stderr is None:
        values, covariance, chi_square = _least_squares(design, y, np.ones_like(y))
        scatter = float(np.sqrt(chi_square / room)) if room > 0 else float("nan")
        return Line(values, scatter**2 * covariance, len(y), scatter)

    def misfit(scatter: float) -> float:
        return _least_squares(design, y, np.hypot(stderr, scatter))[2] / max(room, 1)

    scatter = extra_scatter(misfit, float(np.ptp(y)) or 1.0) if room > 0 else 0.0
    values, covariance, _ = _least_squares(design, y, np.hypot(stderr, scatter))
    return Line(values, covariance, len(y), scatter)


def extra_scatter(misfit: Callable[[float], float], largest: float) -> float:
    """Return the scatter beyond the standard errors with which a fit is as good as it should be.

    R. C. Paule, J. Mandel, J. Res. Natl. Bur. Stand. 87 (1982) 377: the one that brings chi-square
    per degree of freedom to 1, or 0 where it is not above 1 to begin with. Unlike one factor on
    all errors it lets no point rule the fit whose error alone is small.

    Parameters
    ----------
    misfit : chi-square per degree of freedom, which falls with the scatter
    largest : positive, a size to begin the search with
    """
    from scipy.optimize import brentq

    if misfit(0.0) <= 1.0:
        return 0.0
    while misfit(largest) > 1.0:
        largest *= 2.0
    return float(brentq(lambda scatter: misfit(scatter) - 1.0, 0.0, largest, rtol=1e-6))


def student(room: float, level: float) -> float:
    """Return the two-sided quantile of Student's t; infinite `room` gives the normal one."""
    from scipy.special import ndtri, stdtrit  # scipy.stats takes half a second to import

    tail = 0.5 + 0.5 * level
    if not np.isfinite(room):
        return float(ndtri(tail))
    return float(stdtrit(room, tail)) if room > 0 else float("nan")


def two_sided(t: float, room: float) -> float:
    """Return the two-sided p-value of Student's t with `room` degrees of freedom."""
    from scipy.special import ndtr, stdtr

    if not np.isfinite(t):
        return 0.0 if np.isinf(t) else float("nan")
    below = ndtr(-abs(t)) if np.isinf(room) else stdtr(room, -abs(t))
    return float(2.0 * below)


def _least_squares(design: Array, y: Array, sigma: Array) -> tuple[Array, Array, float]:
    """Return values, covariance and chi-square for known errors."""
    q, r = np.linalg.qr(design / sigma[:, None])
    values = np.linalg.solve(r, q.T @ (y / sigma))
    inverse = np.linalg.inv(r)
    residual = (y - design @ values) / sigma
    return values, inverse @ inverse.T, float(residual @ residual)
