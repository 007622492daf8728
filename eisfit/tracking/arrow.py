"""Least squares over many spectra that have some coordinates in common.

The normal matrix is an arrow: a block for the own coordinates of each spectrum, and a border for
the shared ones. The blocks are eliminated one by one (Schur complement), so the cost grows with the
number of spectra and not with its cube. J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed.,
Springer 2006, chapter 10, for the damping; W. Triggs et al., Lect. Notes Comput. Sci. 1883 (2000)
298, section 6, for the structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.residual import Objective

Array = NDArray[Any]

DAMPING, CALM, STIR, STUCK = 1e-3, 0.2, 4.0, 1e12
ITERATIONS = 100
SMALL = 1e-12  # relative fall of the cost that counts as none
FARTHEST = 2.0  # longest step of a coordinate
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Member:
    """A spectrum of a joint fit.

    Attributes
    ----------
    objective : of this spectrum alone
    noise : standard deviation of its weighted residuals
    lower, upper : (F,) bounds of its free coordinates
    own : positions among the free coordinates that are its own
    shared, source : positions among the free coordinates, and which shared ones (of Q) they are
    """

    objective: Objective
    noise: float
    lower: Array
    upper: Array
    own: Array
    shared: Array
    source: Array

    def rows(self, u: Array) -> tuple[Array, Array]:
        """Return residuals (M,) and derivatives (F, M) at free coordinates, in units of noise."""
        residuals, slopes = self.objective(u[None], np.zeros(1, dtype=int))
        return residuals[0] / self.noise, slopes[0] / self.noise

    def cost(self, u: Array) -> float:
        """Return the sum of squares at free coordinates (F,)."""
        residuals, _ = self.rows(u)
        return float(residuals @ residuals)


@dataclass(frozen=True, eq=False)
class Place:
    """Where a joint fit stands: free coordinates (F,) of every spectrum; the shared ones agree."""

    u: tuple[Array, ...]
    cost: float
    converged: bool = False


@dataclass(frozen=True, eq=False)
class _Arrow:
    """Normal equations: blocks A, B, gradient of each spectrum; border C and its gradient."""

    blocks: list[tuple[Array, Array, Array]]
    border: Array
    gradient: Array


def solve(members: Sequence[Member], start: Sequence[Array], count: int) -> Place:
    """Return the minimum of the summed cost within the bounds, from a start.

    Parameters
    ----------
    start : (F,) free coordinates of each spectrum; shared ones agree
    count : number of shared coordinates, Q
    """
    u = tuple(np.clip(one, m.lower, m.upper) for one, m in zip(start, members, strict=True))
    cost = sum(m.cost(one) for m, one in zip(members, u, strict=True))
    damping, quiet = DAMPING, 0
    arrow = _normal(members, u, count)
    for _ in range(ITERATIONS):
        trial = _stepped(members, u, arrow, damping)
        new = sum(m.cost(one) for m, one in zip(members, trial, strict=True))
        fall = cost - new
        quiet = quiet + 1 if abs(fall) <= SMALL * cost else 0
        if fall > 0:
            u, cost, damping = trial, new, damping * CALM
            arrow = _normal(members, u, count)
        else:
            damping *= STIR
        if quiet >= 2 or damping > STUCK:
            return Place(u, cost, True)
    return Place(u, cost, False)


def _normal(members: Sequence[Member], u: Sequence[Array], count: int) -> _Arrow:
    blocks = []
    border, gradient = np.zeros((count, count)), np.zeros(count)
    for member, one in zip(members, u, strict=True):
        residuals, slopes = member.rows(one)
        matrix, right = slopes @ slopes.T, slopes @ residuals
        held = ((one <= member.lower) & (right > 0)) | ((one >= member.upper) & (right < 0))
        held[member.shared] = False
        matrix[held], matrix[:, held], right[held] = 0.0, 0.0, 0.0
        matrix[held, held] = 1.0
        own, shared, source = member.own, member.shared, member.source
        wide = np.zeros((len(own), count))
        wide[:, source] = matrix[np.ix_(own, shared)]
        blocks.append((matrix[np.ix_(own, own)], wide, right[own]))
        border[np.ix_(source, source)] += matrix[np.ix_(shared, shared)]
        gradient[source] += right[shared]
    return _Arrow(blocks, border, gradient)


def _stepped(
    members: Sequence[Member], u: Sequence[Array], arrow: _Arrow, damping: float
) -> tuple[Array, ...]:
    left, right = _damped(arrow.border, damping), arrow.gradient.copy()
    solved = []
    for block, wide, gradient in arrow.blocks:
        both = np.linalg.solve(_damped(block, damping), np.column_stack([wide, gradient]))
        solved.append((both[:, :-1], both[:, -1]))
        left -= wide.T @ both[:, :-1]
        right -= wide.T @ both[:, -1]
    common = np.clip(-np.linalg.lstsq(left, right, rcond=None)[0], -FARTHEST, FARTHEST)
    trial = []
    for member, one, (wide, own) in zip(members, u, solved, strict=True):
        step = np.zeros(len(one))
        step[member.own] = -own - wide @ common
        step[member.shared] = common[member.source]
        step = np.clip(step, -FARTHEST, FARTHEST)
        trial.append(np.clip(one + step, member.lower, member.upper))
    return tuple(trial)


def _damped(matrix: Array, damping: float) -> Array:
    diagonal = np.diag(matrix)
    floor = 1e-12 * diagonal.max(initial=0.0) + _TINY
    return np.asarray(matrix + np.diag(damping * np.maximum(diagonal, floor) + floor))


def covariances(
    members: Sequence[Member], u: Sequence[Array], count: int, moving: Sequence[Array]
) -> list[Array]:
    """Return the covariance (F, F) of the free coordinates of every spectrum, for unit noise.

    Parameters
    ----------
    moving : (F,) bool of each spectrum: coordinates that have a variance; it is NaN for others
    """
    border = np.zeros((count, count))
    parts = []
    for member, one, free in zip(members, u, moving, strict=True):
        _, slopes = member.rows(one)
        own = member.own[free[member.own]]
        shared = free[member.shared]
        j, k, source = slopes[own], slopes[member.shared[shared]], member.source[shared]
        norm = np.linalg.norm(j, axis=1)
        # A projector, not a difference of large numbers: the border stays positive
        basis, singular, rows = np.linalg.svd(j / norm[:, None], full_matrices=False)
        half = basis / np.maximum(singular, 1e-7 * singular.max(initial=1.0)) / norm[:, None]
        rest = k - (k @ rows.T) @ rows
        border[np.ix_(source, source)] += rest @ rest.T
        parts.append((own, member.shared[shared], source, half, half @ (rows @ k.T)))
    inverse = _inverse(border)
    found = []
    for one, (own, shared, source, half, cross) in zip(u, parts, strict=True):
        common = inverse[np.ix_(source, source)]
        full = np.full((len(one), len(one)), np.nan)
        full[np.ix_(own, own)] = half @ half.T + cross @ common @ cross.T
        full[np.ix_(own, shared)] = -cross @ common
        full[np.ix_(shared, own)] = (-cross @ common).T
        full[np.ix_(shared, shared)] = common
        found.append(full)
    return found


def _inverse(matrix: Array) -> Array:
    size = np.sqrt(np.maximum(np.diag(matrix), _TINY))
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    values = np.maximum(values, 1e-13 * values.max(initial=1.0))
    half = vectors / np.sqrt(values) / size[:, None]
    return np.asarray(half @ half.T)
