"""Non-negative least squares on normal equations, by block principal pivoting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import RelaxationError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Of the largest slope: finer, and rounding decides which side a variable is on (measured: twice the
# factorisations, the same peaks).
_TOLERANCE = 1e-6


def solve_nonnegative(
    normal: FloatArray, moment: FloatArray, start: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """Minimise x' normal x / 2 - moment' x over x >= 0.

    Block principal pivoting (Portugal, Judice, Vicente, Math. Comp. 63 (1994) 625; Kim, Park, SIAM
    J. Sci. Comput. 33 (2011) 3261): whole sets of variables change sides at once, so a start near
    the answer needs a few Cholesky factors only. Where it does not finish, or the matrix is not
    positive definite to working precision, scipy's active-set solver takes over.

    Parameters
    ----------
    normal : (P, P) array, symmetric, positive definite
    moment : (P,) array
    start : (P,) bool, optional
        Variables believed to be positive, from a nearby problem.

    Returns
    -------
    x : (P,) array
    free : (P,) bool, true where x is not held at zero

    Raises
    ------
    RelaxationError
        If the numbers are not finite.
    """
    diagonal = np.diagonal(normal)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    g = normal * scale[:, None] * scale
    h = moment * scale
    size = np.abs(h).max(initial=0.0)
    if not np.isfinite(size) or not np.isfinite(g).all():
        raise RelaxationError(
            "the least-squares problem holds numbers that are not finite: check the spectrum for "
            "zero impedance and extreme values"
        )
    free = (h > 0) if start is None else start.copy()
    solved = _pivot(g, h, free, _TOLERANCE * size)
    if solved is None:
        y = _active_set(g, h)
        return y * scale, y > 0
    return solved[0] * scale, solved[1]


def _pivot(
    g: FloatArray, h: FloatArray, free: BoolArray, tolerance: float
) -> tuple[FloatArray, BoolArray] | None:
    """Return the solution, or None where pivoting did not finish."""
    fewest, patience = len(h) + 1, 3
    for _ in range(200):
        x = _restricted(g, h, free)
        if x is None:
            return None
        slope = g @ x - h
        wrong = np.where(free, x < -tolerance, slope < -tolerance)
        count = int(wrong.sum())
        if count == 0:
            return np.clip(x, 0.0, None), free
        if count < fewest:
            fewest, patience = count, 3
        elif patience > 0:
            patience -= 1
        else:  # Murty's rule: one variable, the last; slow, but it cannot cycle
            last = int(np.flatnonzero(wrong)[-1])
            wrong = np.zeros_like(wrong)
            wrong[last] = True
        free = free ^ wrong
    return None


def _restricted(g: FloatArray, h: FloatArray, free: BoolArray) -> FloatArray | None:
    from scipy.linalg import lapack

    x = np.zeros_like(h)
    index = np.flatnonzero(free)
    if index.size:
        _, part, info = lapack.dposv(g[np.ix_(index, index)], h[index], lower=1)
        if info != 0:
            return None
        x[index] = part
    return x


def _active_set(g: FloatArray, h: FloatArray) -> FloatArray:
    """Lawson-Hanson on a square root of the matrix; eigenvalues at rounding level are dropped."""
    from scipy.optimize import nnls

    eigenvalues, vectors = np.linalg.eigh(g)
    keep = eigenvalues > eigenvalues[-1] * 1e-14
    root = np.sqrt(eigenvalues[keep])
    matrix = root[:, None] * vectors[:, keep].T
    target = (vectors[:, keep].T @ h) / root
    try:
        return nnls(matrix, target, maxiter=50 * len(h))[0]
    except RuntimeError:
        from scipy.optimize import lsq_linear

        return np.clip(lsq_linear(matrix, target, bounds=(0.0, np.inf)).x, 0.0, None)
