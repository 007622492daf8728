"""Debye kernels: the response of one relaxation, as matrices that depend on the grids alone.

Shared by the Kramers-Kronig test, the DRT and the start values of the circuit fit. A matrix is
built once for a pair of grids and kept.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


def log_tau_grid(tau_min: float, tau_max: float, per_decade: float) -> FloatArray:
    """Return relaxation times from `tau_min` to `tau_max` (s), evenly spaced in log tau.

    Returns
    -------
    (M,) array, ascending, s; both ends included, at least two points.
    """
    count = max(2, round(np.log10(tau_max / tau_min) * per_decade) + 1)
    return np.geomspace(tau_min, tau_max, count)


def debye(omega: FloatArray, tau: FloatArray) -> ComplexArray:
    """Return 1 / (1 + j omega tau), the impedance of a parallel RC of 1 ohm.

    Parameters
    ----------
    omega : (N,) array, rad/s
    tau : (M,) array, s

    Returns
    -------
    (N, M) complex array, read-only, dimensionless; the same object for the same grids.
    """
    return _debye(
        np.ascontiguousarray(omega, dtype=np.float64).tobytes(),
        np.ascontiguousarray(tau, dtype=np.float64).tobytes(),
    )


@lru_cache(maxsize=64)
def _debye(omega: bytes, tau: bytes) -> ComplexArray:
    x = np.outer(np.frombuffer(omega), np.frombuffer(tau))
    return readonly(1.0 / (1.0 + 1j * x))


def stacked(matrix: ComplexArray) -> FloatArray:
    """Return real and imaginary rows of an (N, ...) complex array as one (2N, ...) real array."""
    return np.concatenate([matrix.real, matrix.imag])
