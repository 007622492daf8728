"""What a fit knows and does not know: covariance, standard errors, what the data determine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import find_arcs
from eisfit.fitting.residual import Objective

Array = NDArray[Any]

AT_BOUND = 1e-6  # distance from a bound, in coordinates, that counts as being on it
VAGUE_LOG = 1.0  # a standard error of ln p above this says less than the order of magnitude
VAGUE_EXPONENT = 0.5
_RANK = 1e-13  # eigenvalues of the scaled normal matrix below this are rounding

_STATES = ("ok", "at bound", "not determined", "fixed")
_OK, _BOUND, _VAGUE, _FIXED = range(4)


@dataclass(frozen=True)
class Uncertainty:
    """Covariance of the values and what became of each parameter.

    Attributes
    ----------
    covariance : (P, P)
        Of the values, in their units; 0 for parameters that are fixed or, exponents and series
        resistances aside, lie at a bound; NaN for those that change nothing.
    status : (P,) tuple of "ok", "at bound", "not determined" or "fixed"
    condition : float
        Condition number of the normal matrix of unit diagonal; large where parameters cannot be
        told apart.
    """

    covariance: Array
    status: tuple[str, ...]
    condition: float


def uncertainties(
    objective: Objective, owner: Array, u: Array, bounds: tuple[Array, Array], scale: Array
) -> list[Uncertainty]:
    """Return covariance and status for spectra `owner` (B,) at free coordinates u (B, F).

    Parameters
    ----------
    bounds : lower and upper free coordinates (B, F)
    scale : (B,)
        Variance of the weighted residuals: the reduced chi-square, or 1 where sigma is absolute.

    Notes
    -----
    The covariance of the coordinates is scale * (J^T J)^-1, J the exact Jacobian, restricted to
    parameters inside their bounds, carried to the values by the exact tangent of the transform. An
    exponent at its bound, or a series resistance driven to next to nothing, counts as free: held
    there, it would make its neighbours look better known than they are.
    """
    lower, upper = bounds
    free = objective.free
    _, jacobian = objective(u, owner)
    on_bound = (u - lower < AT_BOUND) | (upper - u < AT_BOUND)
    norm = np.linalg.norm(jacobian, axis=2)
    silent = norm <= 1e-12 * np.maximum(norm.max(axis=1, initial=0.0), 1e-300)[:, None]
    bare = np.zeros(len(objective.held), dtype=bool)
    bare[[arc.resistance for arc in find_arcs(objective.circuit) if not arc.has_tau]] = True
    open_ended = objective.coords.linear[free] | (bare[free] & (u - lower < AT_BOUND))
    inside = (~on_bound | open_ended) & ~silent
    full = np.full((*u.shape, u.shape[1]), np.nan)
    condition = np.empty(len(u))
    for rows in _alike(inside):
        kept = np.flatnonzero(inside[rows[0]])
        size = norm[rows[:, None], kept]
        variance, condition[rows] = _inverse(jacobian[rows[:, None], kept] / size[..., None])
        variance *= scale[rows, None, None] / (size[:, :, None] * size[:, None])
        full[rows[:, None, None], kept[:, None], kept] = variance
    return carried(objective, u, full, (on_bound, silent), condition)


def carried(
    objective: Objective, u: Array, full: Array, marks: tuple[Array, Array], condition: Array
) -> list[Uncertainty]:
    """Return what covariances (B, F, F) of free coordinates u (B, F) say of the values.

    Parameters
    ----------
    full : NaN for coordinates without a variance
    marks : which coordinates lie on a bound, and which change nothing; (B, F) bool each
    condition : (B,)
    """
    on_bound, silent = marks
    free = objective.free
    whole = objective.full(u)
    spread = np.zeros((*whole.shape, whole.shape[1]))
    spread[:, free[:, None], free] = np.where(np.isnan(full), 0.0, full)
    error = np.sqrt(np.maximum(np.diagonal(spread, axis1=1, axis2=2), 0.0))
    vague = error > np.where(objective.coords.linear, VAGUE_EXPONENT, VAGUE_LOG)
    tangent = objective.coords.tangent(whole)
    covariance = tangent @ spread @ tangent.swapaxes(-1, -2)
    row, column = np.nonzero(silent & ~on_bound)
    covariance[row, free[column]] = np.nan
    covariance[row, :, free[column]] = np.nan

    state = np.full(whole.shape, _FIXED)
    unknown = np.where(silent | vague[:, free], _VAGUE, _OK)
    state[:, free] = np.where(on_bound, _BOUND, unknown)
    _doubt_stores(objective, state, covariance, objective.coords.to_values(whole))
    named = [tuple(_STATES[k] for k in states) for states in state.tolist()]
    rows = zip(covariance, named, condition.tolist(), strict=True)
    return [Uncertainty(*parts) for parts in rows]


def _doubt_stores(objective: Objective, state: Array, covariance: Array, p: Array) -> None:
    """Mark the C or Q of an arc that is not known although its tau is; state and p are (B, P)."""
    for arc in objective.coords.arcs:
        at = arc.store
        if at is None:
            continue
        error = np.sqrt(np.maximum(covariance[:, at, at], 0.0))
        beside = state[:, arc.resistance]
        doubtful = (error > VAGUE_LOG * p[:, at]) | (beside == _BOUND) | (beside == _VAGUE)
        state[doubtful & (state[:, at] == _OK), at] = _VAGUE


def _alike(inside: Array) -> list[Array]:
    """Return the indices of equal rows, group by group."""
    groups: dict[bytes, list[int]] = {}
    for i, row in enumerate(inside):
        groups.setdefault(row.tobytes(), []).append(i)
    return [np.array(group) for group in groups.values()]


def _inverse(scaled: Array) -> tuple[Array, Array]:
    """Return (J J^T)^-1 for rows of unit length (B, F, M), and the condition numbers of J J^T.

    Directions that rounding has swallowed get a huge variance, not an arbitrary one.
    """
    if not scaled.shape[1]:
        return np.empty((len(scaled), 0, 0)), np.ones(len(scaled))
    # The triangle of J^T = Q R has the singular values of J, and is smaller
    triangle = np.asarray(np.linalg.qr(scaled.swapaxes(1, 2), mode="r"))
    basis, singular, _ = np.linalg.svd(triangle.swapaxes(1, 2), full_matrices=False)
    eigen = singular**2
    condition = eigen[:, 0] / np.maximum(eigen[:, -1], 1e-300)
    eigen = np.maximum(eigen, _RANK * eigen[:, :1])
    return (basis / eigen[:, None]) @ basis.swapaxes(1, 2), condition
