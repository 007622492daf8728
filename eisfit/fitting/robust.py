"""Losses that do not let a few outliers decide a fit, and what they mean for its errors.

A loss replaces the sum of squares by C^2 * sum of rho((r / C)^2), r the weighted residuals and C
the size from which one counts as an outlier, with the same rho as scipy.optimize.least_squares.
P. J. Huber, E. M. Ronchetti, Robust Statistics, 2nd ed., Wiley 2009, chapter 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LOSSES = ("linear", "soft_l1", "huber", "cauchy")
# C in standard deviations of clean data: 95 % efficiency where there is no outlier after all
# (P. W. Holland, R. E. Welsch, Commun. Stat. A 6 (1977) 813; soft_l1 by the same integral)
TUNING = {"huber": 1.345, "cauchy": 2.385, "soft_l1": 1.287}
_MAD = 1.482602218505602  # standard deviation of a normal distribution by its median |r|


def rho(loss: str, z: Array) -> tuple[Array, Array, Array]:
    """Return rho, its first and its second derivative at z = (r / C)^2."""
    if loss == "soft_l1":
        root = np.sqrt(1.0 + z)
        return 2.0 * (root - 1.0), 1.0 / root, -0.5 / root**3
    if loss == "cauchy":
        return np.log1p(z), 1.0 / (1.0 + z), -1.0 / (1.0 + z) ** 2
    near = z <= 1.0
    root = np.sqrt(np.where(near, 1.0, z))
    return np.where(near, z, 2.0 * root - 1.0), 1.0 / root, np.where(near, 0.0, -0.5 / root**3)


def transformed(loss: str, scale: Array, residuals: Array) -> tuple[Array, Array]:
    """Return residuals whose plain sum of squares is the loss, and their slope by the old ones.

    Minimum and gradient are those of scipy's scaling of residuals and Jacobian; the value is the
    loss itself, so that the same solver can tell a good step from a bad one.
    """
    z = (residuals / scale) ** 2
    value, first, _ = rho(loss, z)
    small = z < 1e-8  # where rho(z) = z to rounding
    ratio = np.sqrt(np.where(small, 1.0, z / np.where(small, 1.0, value)))
    return residuals / ratio, first * ratio


def noise_of(residuals: Array, n_free: int) -> float:
    """Return the standard deviation of residuals (n,) by their median, which outliers leave be."""
    room = len(residuals) / max(len(residuals) - n_free, 1)
    return float(_MAD * np.median(np.abs(residuals)) * np.sqrt(room))


def variance_factor(loss: str, scale: float, residuals: Array, n_free: int) -> float:
    """Return what (J^T J)^-1 is multiplied by to give the covariance of a robust fit.

    Huber and Ronchetti, section 7.6, with their correction K: the variance of the influence over
    its squared mean slope.
    """
    z = (residuals / scale) ** 2
    _, first, second = rho(loss, z)
    influence, slope = residuals * first, first + 2.0 * z * second
    n, mean = len(residuals), float(np.mean(slope))
    if mean <= 0.0:
        return float("nan")
    correction = 1.0 + n_free / n * float(np.var(slope)) / mean**2
    spread = float(influence @ influence) / max(n - n_free, 1)
    return correction**2 * spread / mean**2
