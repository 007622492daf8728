"""The objective of fits that ask for more: constraints, the admittance, a robust loss.

Apart from the plain one, whose speed it would cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.residual import Objective
from eisfit.fitting.robust import transformed
from eisfit.fitting.symbols import Point
from eisfit.fitting.ties import Rules
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

_HUGE = 1e200  # sums of squares beyond this overflow further on
SOFT = 1.0  # weight of an inequality in a search, in units of what no fit at all would cost


@dataclass(frozen=True, eq=False)
class GeneralObjective(Objective):
    """An objective with ties, inequalities, the choice of quantity and of loss.

    An inequality that does not hold adds stiffness * (margin + shift)^2 to the cost, one row of
    residuals each. The shift is that of the method of multipliers, which makes it hold exactly:
    J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed., Springer 2006, section 17.4.

    Attributes
    ----------
    own_sigma : (S, N, 2)
        In the unit of the quantity; `sigma` is the same carried to the impedance.
    rules : Rules or None
    stiffness : float
        In units of the sum of squares of weighted data.
    shift : (S, K) or None
    loss : str
    loss_scale : (S,)
    """

    quantity: str
    own_sigma: Array
    rules: Rules | None
    stiffness: float = SOFT
    shift: Array | None = None
    loss: str = "linear"
    loss_scale: Array | None = None

    @property
    def linear_in_scales(self) -> bool:
        """No: see the class it comes from."""
        return False

    @cached_property
    def _own_weight(self) -> Array:
        return np.asarray((1.0 / self.own_sigma).reshape(len(self.own_sigma), -1))

    @cached_property
    def _target(self) -> Array:
        return 1.0 / self.data if self.quantity == "admittance" else self.data

    @cached_property
    def strength(self) -> Array:
        """(S,) stiffness in units of chi-square."""
        size = (self._target.view(np.float64) * self._own_weight) ** 2
        return self.stiffness * size.sum(axis=1)

    def full(self, u: Array) -> Array:
        """Return coordinates of all parameters (..., P), tied ones too, from the free ones."""
        flat = u.reshape(-1, u.shape[-1])
        return self.point(flat).u.reshape(*u.shape[:-1], -1)

    def point(self, u: Array) -> Point:
        """Return all coordinates at free ones (B, F), with their derivatives."""
        whole = super().full(u)
        lift = np.zeros((*whole.shape, len(self.free)))
        lift[:, self.free, np.arange(len(self.free))] = 1.0
        if self.rules is None:
            return Point(self.coords, {}, whole, lift)
        return self.rules.apply(whole, lift)

    def tangent(self, u: Array) -> Array:
        """Return the derivatives (P, F) of the values by the free coordinates at u (F,)."""
        point = self.point(u[None])
        return self.coords.tangent(point.u[0]) @ point.lift[0]

    def weighted(self, u: Array, owner: Array) -> tuple[Array, Array, Point]:
        """Return weighted residuals (B, 2N), their derivatives (B, F, 2N), and the point."""
        point = self.point(u)
        z, slopes = self.curve(point.u)
        if self.quantity == "admittance":
            z = 1.0 / z
            slopes *= -(z**2)[:, None]
        weight = self._own_weight[owner]
        residuals = np.ascontiguousarray(z - self._target[owner]).view(np.float64) * weight
        flat = slopes.view(np.float64)
        if self.rules is None or not self.rules.ties:
            return residuals, np.ascontiguousarray(flat[:, self.free]) * weight[:, None], point
        return residuals, np.matmul(point.lift.swapaxes(1, 2), flat) * weight[:, None], point

    def __call__(self, u: Array, owner: Array) -> tuple[Array, Array]:
        """Return residuals (B, 2N + K) and derivatives (B, F, 2N + K) at free coordinates.

        Where a constraint has no finite value the residuals are NaN.
        """
        with np.errstate(all="ignore"):
            residuals, slopes = self._rows(u, owner)
        with np.errstate(all="ignore"):
            bad = ~((slopes**2).sum(axis=(1, 2)) + (residuals**2).sum(axis=1) < _HUGE)
        if bad.any():
            residuals[bad], slopes[bad] = np.nan, 0.0
        return residuals, slopes

    def _rows(self, u: Array, owner: Array) -> tuple[Array, Array]:
        residuals, slopes, point = self.weighted(u, owner)
        if self.loss != "linear" and self.loss_scale is not None:
            residuals, factor = transformed(self.loss, self.loss_scale[owner, None], residuals)
            slopes *= factor[:, None]
        if self.rules is None or not self.rules.inequalities:
            return residuals, slopes
        margin, rise = self.rules.margins(point)
        if self.shift is not None:
            margin = margin + self.shift[owner]
        root = np.sqrt(self.strength[owner])[:, None]
        binds = ~(margin <= 0)  # a margin that is no number must not pass
        residuals = np.concatenate([residuals, root * np.where(binds, margin, 0.0)], axis=1)
        rows = np.where(binds[..., None], root[..., None] * rise, 0.0).swapaxes(1, 2)
        return residuals, np.concatenate([slopes, rows], axis=2)

    def margins(self, u: Array) -> tuple[Array, Array]:
        """Return the inequalities' margins (B, K) and derivatives (B, K, F) at (B, F)."""
        if self.rules is None:
            return np.zeros((len(u), 0)), np.zeros((len(u), 0, u.shape[1]))
        with np.errstate(all="ignore"):
            return self.rules.margins(self.point(u))


@dataclass(frozen=True, eq=False)
class _Carried(Coordinates):
    """Coordinates whose tangent at one point follows ties and binding inequalities."""

    carried: Array

    def tangent(self, u: Array) -> Array:
        """Return dp/du, (P, P), with a column of zeros for what is not free."""
        return self.carried


@dataclass(frozen=True, eq=False)
class Nearby(Objective):
    """An objective near one point of one spectrum, for what follows from its derivatives.

    Coordinates that a tie or a binding inequality sets are not free in it.
    """

    loose: Array
    slopes: Array
    whole: Array

    @property
    def free(self) -> Array:
        """Indices of the parameters that are free there."""
        return self.loose

    def full(self, u: Array) -> Array:
        """Return coordinates of all parameters."""
        return np.broadcast_to(self.whole, (*u.shape[:-1], len(self.whole)))

    def tangent(self, u: Array) -> Array:
        """Return the derivatives (P, F) of the values by the free coordinates."""
        return self.coords.tangent(u)[:, self.free]

    def __call__(self, u: Array, owner: Array) -> tuple[Array, Array]:
        """Return zeros, and the derivatives (B, F, 2N) at the point."""
        shape = (len(u), *self.slopes.shape)
        return np.zeros((len(u), shape[2])), np.broadcast_to(self.slopes, shape)


def nearby(
    objective: GeneralObjective, s: int, u: Array, binding: Sequence[int]
) -> tuple[Nearby, Array]:
    """Return the objective near the optimum u (F,), and which free coordinates are left (F',).

    Each binding inequality (index) takes one coordinate away: on its surface that one follows
    from the others.
    """
    _, slopes, point = objective.weighted(u[None], np.array([s]))
    _, rise = objective.margins(u[None])
    normal = rise[0][list(binding)]
    rest, follow = _eliminated(normal)
    whole = point.u[0]
    carried = np.zeros((len(whole), len(whole)))
    loose = objective.free[rest]
    carried[:, loose] = objective.coords.tangent(whole) @ point.lift[0] @ follow
    coords = _Carried(objective.coords.linear, objective.coords.arcs, carried)
    near = Nearby(
        objective.circuit, coords, objective.curve, objective.data, objective.sigma,
        objective.held, loose, follow.T @ slopes[0], whole,
    )  # fmt: skip
    return near, rest


def _eliminated(normal: Array) -> tuple[Array, Array]:
    """Return coordinates left (F',) and d all / d those left (F, F') where normal (A, F) @ du = 0.

    Gauss-Jordan with the largest pivot; an equation that repeats others takes nothing away.
    """
    matrix, size = normal.copy(), normal.shape[1]
    pivots: list[int] = []
    rows: list[int] = []
    scale = np.abs(normal).max(initial=0.0)
    for k in range(len(matrix)):
        at = int(np.abs(matrix[k]).argmax())
        if np.abs(matrix[k, at]) <= 1e-9 * scale:
            continue
        matrix[k] /= matrix[k, at]
        for other in range(len(matrix)):
            if other != k:
                matrix[other] -= matrix[other, at] * matrix[k]
        pivots.append(at)
        rows.append(k)
    rest = np.setdiff1d(np.arange(size), pivots)
    follow = np.zeros((size, len(rest)))
    follow[rest, np.arange(len(rest))] = 1.0
    follow[pivots] = -matrix[rows][:, rest]
    return rest, follow


def with_loss(objective: GeneralObjective, loss: str, scale: Array) -> GeneralObjective:
    """Return the objective with a robust loss, scale (S,)."""
    return replace(objective, loss=loss, loss_scale=scale)
