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
# Added to the unit diagonal, against rounding where columns are nearly parallel (tails).
_RIDGE = 1e-10
_MOST_PIVOTS = 30
_MOST_STEPS = 300


def solve_nonnegative(
    normal: FloatArray, moment: FloatArray, start: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """Minimise as `solve_and_log_det`, and return x and which of it are free."""
    return solve_and_log_det(normal, moment, start)[:2]


def solve_and_log_det(
    normal: FloatArray, moment: FloatArray, start: BoolArray | None = None
) -> tuple[FloatArray, BoolArray, float | None]:
    """Minimise x' normal x / 2 - moment' x over x >= 0.

    Block principal pivoting (Portugal, Judice, Vicente, Math. Comp. 63 (1994) 625; Kim, Park, SIAM
    J. Sci. Comput. 33 (2011) 3261): whole sets of variables change sides at once, so a start near
    the answer needs a few Cholesky factors only. Where it goes round in circles, single variables
    change sides on a path that descends; where the matrix is not positive definite to working
    precision, scipy's solver takes over.

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
    log_det : log determinant of the free part of the matrix, None where no factor is at hand

    Raises
    ------
    RelaxationError
        If the numbers are not finite.
    """
    diagonal = np.diagonal(normal)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    g = normal * scale[:, None]
    g *= scale
    np.einsum("ii->i", g)[:] += _RIDGE
    h = moment * scale
    size = np.abs(h).max(initial=0.0)
    if not np.isfinite(size + g.sum()):
        raise RelaxationError(
            "the least-squares problem holds numbers that are not finite: check the spectrum for "
            "zero impedance and extreme values"
        )
    free = (h > 0) if start is None else start
    solved = _pivot(g, h, free, _TOLERANCE * size) or _descend(g, h, free, _TOLERANCE * size)
    if solved is None:
        y = _lawson_hanson(g, h)
        return y * scale, y > 0, None
    x, free, factor = solved
    log_det = 2.0 * (np.log(factor).sum() - np.log(scale[free]).sum()) if len(factor) else 0.0
    return x * scale, free, float(log_det)


def solve_signed(
    normal: FloatArray, moment: FloatArray, signs: BoolArray, start: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """Minimise as `solve_nonnegative`, but with either sign allowed where `signs` (P,) is true.

    Those variables are eliminated, which leaves a smaller problem of the same kind.
    """
    if not signs.any():
        return solve_nonnegative(normal, moment, start)
    from scipy.linalg import solve

    inner, rest = np.flatnonzero(signs), np.flatnonzero(~signs)
    block = normal[np.ix_(inner, inner)].copy()
    block[np.diag_indices_from(block)] *= 1.0 + _RIDGE
    across = normal[np.ix_(inner, rest)]
    by = solve(block, np.column_stack([across, moment[inner]]), assume_a="sym")
    x, free = np.empty_like(moment), np.ones(len(moment), dtype=bool)
    reduced = normal[np.ix_(rest, rest)] - across.T @ by[:, :-1]
    given = None if start is None else start[rest]
    x[rest], free[rest] = solve_nonnegative(reduced, moment[rest] - across.T @ by[:, -1], given)
    x[inner] = by[:, -1] - by[:, :-1] @ x[rest]
    return x, free


def _pivot(
    g: FloatArray, h: FloatArray, free: BoolArray, tolerance: float
) -> tuple[FloatArray, BoolArray, FloatArray] | None:
    """Return the solution and its factor's diagonal, or None where pivoting did not finish."""
    fewest, patience = len(h) + 1, 3
    for _ in range(_MOST_PIVOTS):
        found = _restricted(g, h, free)
        if found is None:
            return None
        x, factor = found
        wrong = np.where(free, x, g @ x - h) < -tolerance
        count = int(np.count_nonzero(wrong))
        if count == 0:
            return np.maximum(x, 0.0), free, factor
        if count < fewest:
            fewest, patience = count, 3
        elif patience > 0:
            patience -= 1
        else:
            return None
        free = free ^ wrong
    return None


def _descend(
    g: FloatArray, h: FloatArray, free: BoolArray, tolerance: float
) -> tuple[FloatArray, BoolArray, FloatArray] | None:
    """Return the solution by active sets from a feasible start, or None where it did not finish.

    Bro and de Jong, J. Chemometrics 11 (1997) 393: every step lowers the cost, so none repeats.
    """
    start = _restricted(g, h, free)
    x = np.zeros_like(h) if start is None else np.maximum(start[0], 0.0)
    free = x > 0
    for _ in range(_MOST_STEPS):
        found = _restricted(g, h, free)
        if found is None:
            return None
        aim, factor = found
        falling = np.flatnonzero(free & (aim < 0))
        if falling.size:
            reach = x[falling] / (x[falling] - aim[falling])
            x = x + reach.min() * (aim - x)
            x[falling[reach.argmin()]] = 0.0
            free = free & (x > 0)
            continue
        x = aim
        slope = np.where(free, 0.0, g @ x - h)
        steepest = int(slope.argmin())
        if slope[steepest] >= -tolerance:
            return x, free, factor
        free = free.copy()
        free[steepest] = True
    return None


def _restricted(
    g: FloatArray, h: FloatArray, free: BoolArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return the solution with all zero but what is free, and the Cholesky factor's diagonal."""
    from scipy.linalg import lapack

    x = np.zeros(len(h))
    index = free.nonzero()[0]
    if not index.size:
        return x, x[:0]
    square = g.take(index, axis=0).take(index, axis=1)
    factor, part, info = lapack.dposv(square.T, h[index], lower=1, overwrite_a=1)
    if info != 0:
        return None
    x[index] = part
    return x, factor.diagonal()


def _lawson_hanson(g: FloatArray, h: FloatArray) -> FloatArray:
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
