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


def uncertainty(
    objective: Objective, s: int, u: Array, bounds: tuple[Array, Array], scale: float
) -> Uncertainty:
    """Return covariance and status for spectrum s at free coordinates u (F,).

    Parameters
    ----------
    bounds : lower and upper free coordinates (F,)
    scale : float
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
    _, slopes = objective(u[None], np.array([s]))
    jacobian = slopes[0]
    on_bound = (u - lower < AT_BOUND) | (upper - u < AT_BOUND)
    norm = np.linalg.norm(jacobian, axis=1)
    silent = norm <= 1e-12 * max(float(norm.max(initial=0.0)), 1e-300)
    bare = np.zeros(len(objective.held), dtype=bool)
    bare[[arc.resistance for arc in find_arcs(objective.circuit) if not arc.has_tau]] = True
    open_ended = objective.coords.linear[free] | (bare[free] & (u - lower < AT_BOUND))
    inside = np.flatnonzero((~on_bound | open_ended) & ~silent)
    variance, condition = _inverse(jacobian[inside] / norm[inside, None])
    full = np.full((len(free), len(free)), np.nan)
    size_of = norm[inside]
    full[inside[:, None], inside] = scale * variance / (size_of[:, None] * size_of)
    return carried(objective, u, full, (on_bound, silent), condition)


def carried(
    objective: Objective, u: Array, full: Array, marks: tuple[Array, Array], condition: float
) -> Uncertainty:
    """Return what the covariance (F, F) of free coordinates u (F,) says of the values.

    Parameters
    ----------
    full : NaN for coordinates without a variance
    marks : which coordinates lie on a bound, and which change nothing; (F,) bool each
    """
    on_bound, silent = marks
    free = objective.free
    whole = objective.full(u[None])[0]
    size = len(whole)
    spread = np.zeros((size, size))
    spread[free[:, None], free] = np.where(np.isnan(full), 0.0, full)
    linear = objective.coords.linear
    error = np.sqrt(np.maximum(np.diag(spread), 0.0))
    vague = error > np.where(linear, VAGUE_EXPONENT, VAGUE_LOG)
    tangent = objective.coords.tangent(whole)
    covariance = tangent @ spread @ tangent.T
    blind = free[silent & ~on_bound]
    if len(blind):
        covariance[blind, :] = np.nan
        covariance[:, blind] = np.nan

    status = ["fixed"] * size
    for k, i in enumerate(free):
        unknown = silent[k] or vague[i]
        status[i] = "at bound" if on_bound[k] else "not determined" if unknown else "ok"
    _doubt_stores(objective, status, covariance, objective.coords.to_values(whole))
    return Uncertainty(covariance, tuple(status), condition)


def _doubt_stores(objective: Objective, status: list[str], covariance: Array, p: Array) -> None:
    """Mark the C or Q of an arc that is not known although its tau is."""
    for arc in objective.coords.arcs:
        if arc.store is None or status[arc.store] != "ok":
            continue
        vague = np.sqrt(covariance[arc.store, arc.store]) > VAGUE_LOG * p[arc.store]
        if vague or status[arc.resistance] in ("at bound", "not determined"):
            status[arc.store] = "not determined"


def _inverse(scaled: Array) -> tuple[Array, float]:
    """Return (J J^T)^-1 for rows of unit length (F, M), and the condition number of J J^T.

    Directions that rounding has swallowed get a huge variance, not an arbitrary one.
    """
    if not len(scaled):
        return np.empty((0, 0)), 1.0
    basis, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    eigen = singular**2
    condition = float(eigen[0] / max(eigen[-1], 1e-300))
    eigen = np.maximum(eigen, _RANK * eigen[0])
    return (basis / eigen) @ basis.T, condition
