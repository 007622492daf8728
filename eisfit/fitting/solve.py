"""Levenberg-Marquardt within bounds, on many starts at once.

The starts advance together as one batch of small dense problems; those that have converged or
fallen hopelessly behind leave the batch. K. Levenberg, Quart. Appl. Math. 2 (1944) 164;
D. W. Marquardt, SIAM J. 11 (1963) 431; bounds by an active set and projection, C. T. Kelley,
Iterative Methods for Optimization, SIAM 1999, section 5.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.backend import compiled

Array = NDArray[Any]

DAMPING = 1e-2  # at the start, relative to the diagonal of the normal matrix
CALM, STIR = 0.3, 3.0  # what a good and a bad step do to it
STUCK = 1e10
FARTHEST = 3.0  # longest step of a coordinate

# coordinates (B, P), problem of each row (B,) -> residuals (B, M), derivatives (B, P, M)
Model = Callable[[Array, Array], tuple[Array, Array]]
# coordinates, cost, gradient, normal matrix, bounds -> the first four, at a place no worse
Rescale = Callable[
    [Array, Array, Array, Array, tuple[Array, Array]], tuple[Array, Array, Array, Array]
]


@dataclass(frozen=True)
class Solution:
    """Where each start ended: coordinates (B, P), cost (B,) = sum of squares, converged (B,)."""

    u: Array
    cost: Array
    converged: Array


@dataclass(frozen=True)
class Limits:
    """When to stop.

    Attributes
    ----------
    iterations : int
    tolerance : float
        Relative fall of the cost that counts as none.
    hopeless : float
        A start whose cost stays above this multiple of the best one's is dropped.
    """

    iterations: int = 60
    tolerance: float = 1e-7
    hopeless: float = np.inf


@dataclass(frozen=True)
class Starts:
    """Where to begin: coordinates (B, P), the problem of each (B,), bounds of each (B, P)."""

    u: Array
    owner: Array
    lower: Array
    upper: Array

    def __getitem__(self, which: Array) -> Starts:
        return Starts(self.u[which], self.owner[which], self.lower[which], self.upper[which])


def levenberg_marquardt(
    model: Model, starts: Starts, limits: Limits, rescale: Rescale | None = None
) -> Solution:
    """Return where the starts lead, within their bounds.

    `rescale` moves a place to a better one at no cost, given its normal equations.
    """
    normal = _Normal(model, rescale)
    state = _State.at(normal, starts)
    final = Solution(state.u.copy(), state.cost.copy(), np.zeros(len(starts.u), dtype=bool))
    rows = np.arange(len(starts.u))
    lead = np.full(int(starts.owner.max(initial=-1)) + 1, np.inf)
    for iteration in range(limits.iterations):
        done = state.advance(normal, limits.tolerance)
        final.u[rows], final.cost[rows] = state.u, state.cost
        final.converged[rows] |= done
        leave = done
        if iteration >= 3 and np.isfinite(limits.hopeless):
            np.minimum.at(lead, state.owner, state.cost)
            leave = leave | (state.cost > limits.hopeless * lead[state.owner])
        if leave.any():
            rows = rows[~leave]
            if not len(rows):
                break
            state = state.keep(~leave)
    return final


@dataclass
class _State:
    """Everything of the running batch. Written for few, cheap operations on small arrays."""

    u: Array  # (B, P)
    owner: Array  # (B,)
    lower: Array  # (B, P)
    upper: Array  # (B, P)
    cost: Array  # (B,)
    gradient: Array  # (B, P)
    hessian: Array  # (B, P, P)
    damping: Array  # (B,)
    quiet: Array  # (B,) how many steps in a row brought nothing

    @classmethod
    def at(cls, normal: _Normal, starts: Starts) -> _State:
        u = np.minimum(np.maximum(starts.u, starts.lower), starts.upper)
        u, cost, gradient, hessian = normal(u, starts.owner, starts.lower, starts.upper)
        return cls(
            u, starts.owner, starts.lower, starts.upper, cost, gradient, hessian,
            np.full(len(u), DAMPING), np.zeros(len(u), dtype=int),
        )  # fmt: skip

    def keep(self, which: Array) -> _State:
        return _State(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def advance(self, normal: _Normal, tolerance: float) -> Array:
        """Try one step for each start; return which have converged."""
        u, cost, gradient, hessian = normal(self._next(), self.owner, self.lower, self.upper)
        fast = compiled()
        if fast is not None:
            done = np.empty(len(u), dtype=np.bool_)
            fast.judge(
                (self.u, self.cost, self.gradient, self.hessian), (u, cost, gradient, hessian),
                self.damping, self.quiet, (CALM, STIR, tolerance, STUCK), done,
            )  # fmt: skip
            return done
        with np.errstate(invalid="ignore"):
            fall = self.cost - cost
        good = fall > 0  # false where both are infinite as well
        self.quiet = (self.quiet + 1) * (np.abs(fall) <= tolerance * self.cost)
        self.damping = self.damping * np.where(good, CALM, STIR)
        if good.all():
            self.u, self.cost, self.gradient, self.hessian = u, cost, gradient, hessian
        else:
            self.u[good], self.cost[good] = u[good], cost[good]
            self.gradient[good], self.hessian[good] = gradient[good], hessian[good]
        return (self.quiet >= 2) | (self.damping > STUCK) | (self.cost == 0)

    def _next(self) -> Array:
        fast = compiled()
        if fast is None:
            return np.minimum(np.maximum(self.u + self._step(), self.lower), self.upper)
        trial = np.empty_like(self.u)
        fast.propose(
            self.u, self.lower, self.upper, self.gradient, self.hessian, self.damping, FARTHEST,
            trial,
        )  # fmt: skip
        return trial

    def _step(self) -> Array:
        gradient, matrix = self.gradient, self.hessian.copy()
        held = (self.u <= self.lower) & (gradient > 0)
        held |= (self.u >= self.upper) & (gradient < 0)
        diagonal = matrix.reshape(len(matrix), -1)[:, :: matrix.shape[1] + 1]
        # A column that does nothing (an arc of no resistance) must not make the matrix singular
        floor = 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-300
        damped = diagonal + self.damping[:, None] * np.maximum(diagonal, floor) + floor
        if held.any():
            free = ~held
            gradient = gradient * free
            matrix *= free[:, :, None] & free[:, None, :]
            damped = np.where(held, 1.0, damped)
        diagonal[:] = damped
        step = np.linalg.solve(matrix, -gradient[..., None])[..., 0]
        # Beyond a few e-folds the linear model says nothing
        return np.minimum(np.maximum(step, -FARTHEST), FARTHEST)


@dataclass(frozen=True)
class _Normal:
    """Cost, gradient and normal matrix of a batch, at the place asked for or a better one."""

    model: Model
    rescale: Rescale | None

    def __call__(
        self, u: Array, owner: Array, lower: Array, upper: Array
    ) -> tuple[Array, Array, Array, Array]:
        residuals, slopes = self.model(u, owner)
        fast = compiled()
        if fast is not None:
            count, size = u.shape
            cost, gradient = np.empty(count), np.empty((count, size))
            hessian = np.empty((count, size, size))
            fast.normal_equations(residuals, slopes, cost, gradient, hessian)
            if self.rescale is not None:
                return self.rescale(u, cost, gradient, hessian, (lower, upper))
            return u, cost, gradient, hessian
        gradient = np.matmul(slopes, residuals[..., None])[..., 0]
        hessian = np.matmul(slopes, slopes.swapaxes(1, 2))
        cost = (residuals * residuals).sum(axis=1)
        if not np.isfinite(cost).all():
            bad = ~np.isfinite(cost)
            cost = np.where(bad, np.inf, cost)
            gradient = np.where(bad[:, None], 0.0, gradient)
            hessian = np.where(bad[:, None, None], np.eye(u.shape[1]), hessian)
        if self.rescale is not None:
            return self.rescale(u, cost, gradient, hessian, (lower, upper))
        return u, cost, gradient, hessian
