"""Gamma over ln tau as a sum of basis functions: their impedance, their values, their roughness.

Every matrix depends on the grids alone, is built once for a pair of grids and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import RelaxationError
from eisfit.frozen import readonly
from eisfit.kernels import stacked

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

# Shape over x = (ln tau - ln tau_m) / spacing, and the |x| beyond which it counts as zero. The
# radial ones, those of DRTtools (Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 184 (2015) 483,
# Table 1), are half their height at x = 1: a full width of two spacings, its default.
# The inverse ones and Cauchy's have skirts that hardly end, and are cut off.
_SHAPES: dict[str, tuple[Callable[[FloatArray], FloatArray], float]] = {
    "linear": (lambda x: np.clip(1.0 - np.abs(x), 0.0, None), 1.0),
    "gaussian": (lambda x: np.exp(-np.log(2.0) * x**2), 7.0),
    "matern2": (lambda x: _matern(1.678346990 * np.abs(x), (1.0, 1.0)), 22.0),
    "matern0": (lambda x: np.exp(-np.log(2.0) * np.abs(x)), 30.0),
    "matern6": (
        lambda x: _matern(2.849567698 * np.abs(x), (1.0, 1.0, 2.0 / 5.0, 1.0 / 15.0)),
        16.0,
    ),
    "inverse quadratic": (lambda x: 1.0 / (1.0 + x**2), 20.0),
    "inverse quadric": (lambda x: 1.0 / np.sqrt(1.0 + 3.0 * x**2), 8.0),
    "matern4": (lambda x: _matern(2.330256192 * np.abs(x), (1.0, 1.0, 1.0 / 3.0)), 18.0),
    "cauchy": (lambda x: 1.0 / (1.0 + np.abs(x)), 12.0),
}
BASES = tuple(_SHAPES)


def _matern(r: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
    return np.exp(-r) * np.polynomial.polynomial.polyval(r, coefficients)


# |x| at which each is half its height when its argument is x itself: the shape factor counts in it.
_HALVES = {
    "gaussian": np.sqrt(np.log(2.0)),
    "matern0": np.log(2.0),
    "matern2": 1.678346990,
    "matern4": 2.330256192,
    "matern6": 2.849567698,
    "inverse quadratic": 1.0,
    "inverse quadric": np.sqrt(3.0),
    "cauchy": 1.0,
}
# Of the spacing over the full width at half maximum.
DEFAULT = 0.5


def coefficient_of(factor: float, spacing: float, basis: str) -> float:
    """Return the coefficient of spacing over full width for a shape factor of ln tau.

    Raises
    ------
    RelaxationError
        If the basis is no radial function.
    """
    if basis not in _HALVES:
        raise RelaxationError(
            f"the basis {basis!r} has no shape: choose one of {', '.join(_HALVES)}"
        )
    return float(factor * spacing / (2.0 * _HALVES[basis]))


def _shaped(basis: str, coefficient: float) -> tuple[Callable[[FloatArray], FloatArray], float]:
    """Return the function of x, the distance in spacings, and the |x| beyond which it is zero."""
    shape, reach = _SHAPES[basis]
    if coefficient == DEFAULT or basis not in _HALVES:
        return shape, reach
    narrower = coefficient / DEFAULT
    return lambda x: shape(x * narrower), float(np.ceil(reach / narrower))


def check_basis(basis: str) -> None:
    """Raise RelaxationError, naming the known ones, where `basis` is none of them."""
    if basis not in _SHAPES:
        raise RelaxationError(f"unknown basis {basis!r}: choose one of {', '.join(BASES)}")


def kernel(
    omega: FloatArray, tau: FloatArray, basis: str, coefficient: float = DEFAULT
) -> ComplexArray:
    """Return the impedance of every basis function of 1 ohm per unit ln tau.

    Parameters
    ----------
    omega : (N,) array, rad/s
    tau : (M,) array, s, evenly spaced in ln tau
    basis : str, one of `BASES`
    coefficient : float
        Spacing over the full width at half maximum of a radial function.

    Returns
    -------
    (N, M) complex array, ohm, read-only: integral of phi_m(ln tau) / (1 + j omega tau) dln tau.
    """
    grids = np.ascontiguousarray(omega).tobytes(), np.ascontiguousarray(tau).tobytes()
    return _kernel(*grids, basis, coefficient)


@lru_cache(maxsize=32)
def _kernel(omega: bytes, tau: bytes, basis: str, coefficient: float) -> ComplexArray:
    shape, reach = _shaped(basis, coefficient)
    t = np.frombuffer(tau)
    spacing = np.log(t[1] / t[0])
    x, weight = _panels(reach)
    areas = weight * spacing * shape(x)
    omega_tau = np.outer(np.frombuffer(omega), t)
    total = np.zeros(omega_tau.shape, dtype=np.complex128)
    for shift, area in zip(np.exp(x * spacing), areas, strict=True):
        total += area / (1.0 + 1j * omega_tau * shift)
    return readonly(total)


def real_kernel(
    omega: FloatArray, tau: FloatArray, basis: str, coefficient: float = DEFAULT
) -> FloatArray:
    """Return `kernel` as a (2N, M) real matrix, real parts first, read-only."""
    grids = np.ascontiguousarray(omega).tobytes(), np.ascontiguousarray(tau).tobytes()
    return _real_kernel(*grids, basis, coefficient)


@lru_cache(maxsize=32)
def _real_kernel(omega: bytes, tau: bytes, basis: str, coefficient: float) -> FloatArray:
    return readonly(stacked(_kernel(omega, tau, basis, coefficient)))


@lru_cache(maxsize=32)
def _evenness(basis: str, coefficient: float) -> float:
    """Return the integral of a basis function over the sum of its values at grid points, spacing 1.

    One but for functions with a kink at their centre or a step where they are cut off.
    """
    shape, reach = _shaped(basis, coefficient)
    x, weight = _panels(reach)
    steps = np.arange(-np.ceil(reach), np.ceil(reach) + 1.0)
    held = shape(steps)[np.abs(steps) <= reach]
    return float((weight @ shape(x)) / held.sum())


def _panels(reach: float) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of a quadrature over -reach to reach, in spacings.

    Panels lie between integers, where the hat has its kinks; the Debye response is smooth over
    each.
    """
    nodes, weights = np.polynomial.legendre.leggauss(5)
    edges = np.arange(-np.ceil(reach), np.ceil(reach))
    x = (edges[:, None] + (nodes + 1.0) / 2.0).ravel()
    return x, np.tile(weights / 2.0, len(edges))


@lru_cache(maxsize=32)
def values(count: int, basis: str, coefficient: float = DEFAULT) -> FloatArray:
    """Return the (count, count) matrix from coefficients to gamma at the grid points, read-only.

    Gamma is scaled so that its sum times the spacing is its integral, whatever the basis.
    """
    return values_between(count, basis, 1, coefficient)


@lru_cache(maxsize=32)
def values_between(count: int, basis: str, parts: int, coefficient: float = DEFAULT) -> FloatArray:
    """Return the matrix from coefficients to gamma on a grid `parts` times as fine, read-only.

    Returns
    -------
    ((count - 1) * parts + 1, count) array; every `parts`-th row is a row of `values`.
    """
    x = np.arange((count - 1) * parts + 1) / parts
    shape, reach = _shaped(basis, coefficient)
    distance = x[:, None] - np.arange(count)
    gamma = np.where(np.abs(distance) <= reach, shape(distance), 0.0)
    return readonly(gamma * _evenness(basis, coefficient))


@lru_cache(maxsize=32)
def derivative(
    count: int, spacing: float, order: int, basis: str, coefficient: float = DEFAULT
) -> FloatArray:
    """Return the matrix from coefficients to the derivative of gamma, read-only.

    Gamma counts as zero beyond the grid, so that a constant has a price too: without one, the
    series resistance and a plateau of gamma below the window could not be told apart.

    Returns
    -------
    (count + order, count) array; times a vector of coefficients and squared and summed it is the
    integral of the squared derivative over ln tau.
    """
    gamma = values(count, basis, coefficient)
    padded = np.vstack([np.zeros((order, count)), gamma, np.zeros((order, count))])
    return readonly(np.diff(padded, n=order, axis=0) / spacing**order * np.sqrt(spacing))


@lru_cache(maxsize=32)
def roughness(
    count: int, spacing: float, order: int, basis: str, coefficient: float = DEFAULT
) -> FloatArray:
    """Return the (count, count) penalty of a derivative equally weighted everywhere, read-only."""
    rows = derivative(count, spacing, order, basis, coefficient)
    return readonly(rows.T @ rows)
