"""Weighted linear least squares with an honest scale, in closed form."""

from __future__ import annotations

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
        For the standard errors as given; times `scale` squared for what the scatter says.
    chi_square : float
    n : int
    scale : float
        Scatter about the fit in units of the standard errors, sqrt(chi-square / (n - p)), and at
        least 1 where standard errors were given (R. T. Birge, Phys. Rev. 40 (1932) 207).
    """

    values: Array
    covariance: Array
    chi_square: float
    n: int
    scale: float

    @property
    def room(self) -> int:
        """Degrees of freedom, n - p."""
        return self.n - len(self.values)

    @property
    def stderr(self) -> Array:
        """(p,) standard errors with the scale in them."""
        return np.asarray(self.scale * np.sqrt(np.diag(self.covariance)))


def weighted_line(design: Array, y: Array, stderr: Array | None) -> Line:
    """Fit y = design @ values; design (n, p), y (n,), stderr (n,) or None for equal weights.

    Without standard errors the scale is that of the scatter alone; with them never below 1, so
    that an interval holds whichever of the two, errors or scatter, is larger. The scale is NaN
    where n = p and no standard errors are known.
    """
    sigma = np.ones_like(y) if stderr is None else stderr
    q, r = np.linalg.qr(design / sigma[:, None])
    values = np.linalg.solve(r, q.T @ (y / sigma))
    inverse = np.linalg.inv(r)
    residual = (y - design @ values) / sigma
    chi_square = float(residual @ residual)
    room = len(y) - design.shape[1]
    scale = float(np.sqrt(chi_square / room)) if room > 0 else float("nan")
    if stderr is not None:
        scale = max(scale, 1.0) if room > 0 else 1.0
    return Line(values, inverse @ inverse.T, chi_square, len(y), scale)


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
