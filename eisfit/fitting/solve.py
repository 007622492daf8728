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
from eisfit.fitting.normal import Gram, Model, gram_of

Array = NDArray[Any]

DAMPING = 1e-2  # at the start, relative to the diagonal of the normal matrix
CALM, STIR = 0.3, 3.0  # what a good and a bad step do to it
# A step is good that brings this share of what it promised, bad below the second: across a curved
# valley undamped steps go to and fro for long
GOOD, BAD = 0.5, 0.25
STUCK = 1e10
FARTHEST = 3.0  # longest step of a coordinate
SETTLING = 4  # steps before any start is given up
FADING = 0.8  # weight of the fall before in the rate at which a start falls

# coordinates (B, F), Gram matrices (B, F + 1, F + 1), bounds -> the first two, at a place no worse
Rescale = Callable[[Array, Array, tuple[Array, Array]], tuple[Array, Array]]


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
    horizon : float
        So is one that at its present rate would need more steps than this to get there.
    damping : float
        Of the first step.
    bold : float
        The damping up to which a step that brings nothing, or promises nothing, is the last: a
        timid one may deceive, the more so in a flat valley.
    """

    iterations: int = 60
    tolerance: float = 1e-7
    hopeless: float = np.inf
    horizon: float = np.inf
    damping: float = DAMPING
    bold: float = 1e-6


@dataclass(frozen=True)
class Race:
    """What is known of each problem (S,) before its starts set out.

    Attributes
    ----------
    lead : the lowest cost so far, infinite where there is none
    enough : a cost so low that nothing is left to look for once there is agreement; negative where
        the starts go on regardless
    agreement : how many starts make one, being within `alike` (relatively) of the lowest cost
    patience : after it, a start is dropped that at its present rate would need more steps than this
        to get there
    """

    lead: Array
    enough: Array
    agreement: int
    alike: float
    patience: float

    @classmethod
    def alone(cls, count: int) -> Race:
        """Return what is known of `count` problems of which nothing is known."""
        none = np.full(count, np.inf)
        return cls(none, -none, count, 0.0, np.inf)


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
    model: Model,
    starts: Starts,
    limits: Limits,
    rescale: Rescale | None = None,
    race: Race | None = None,
) -> Solution:
    """Return where the starts lead, within their bounds.

    `rescale` moves a place to a better one at no cost, given its normal equations. With a `race`,
    starts are held against what their problem is known to reach.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        state = _State.at(_Normal(gram_of(model), rescale), starts, limits.damping)
        judge = _Judge.of(starts, limits, race)
        for iteration in range(limits.iterations):
            done = state.advance(limits.tolerance, limits.bold)
            leave = judge.leave(state, done, iteration)
            gone = np.count_nonzero(leave)
            if gone:
                if gone == len(leave):
                    break
                state.keep(~leave)
    judge.note(state)
    return judge.final


class _Judge:
    """Keeps where each start is, and says which go on."""

    def __init__(self, starts: Starts, limits: Limits, race: Race) -> None:
        count = len(starts.u)
        self.final = Solution(
            starts.u.copy(), np.full(count, np.inf), np.zeros(count, dtype=bool)
        )  # fmt: skip
        self._owner, self._limits, self._race = starts.owner, limits, race
        self._lead = race.lead.copy()
        self._rows = np.arange(count)

    @classmethod
    def of(cls, starts: Starts, limits: Limits, race: Race | None) -> _Judge:
        return cls(starts, limits, race or Race.alone(int(starts.owner.max(initial=-1)) + 1))

    def note(self, state: _State) -> None:
        """Keep where the running starts are."""
        self.final.u[self._rows], self.final.cost[self._rows] = state.u, state.cost

    def leave(self, state: _State, done: Array, iteration: int) -> Array:
        """Return which of the running starts are over, and keep where those ended."""
        leave, race = done, self._race
        self.final.converged[self._rows] = done
        cost = state.cost
        np.minimum.at(self._lead, state.owner, cost)
        if iteration + 1 >= SETTLING and np.isfinite(self._limits.hopeless):
            lead, agreed = self._lead[state.owner], self._agreed(cost)
            horizon: Array | float = self._limits.horizon
            if np.count_nonzero(agreed):
                horizon = np.where(agreed, min(race.patience, horizon), horizon)[state.owner]
                leave = leave | (agreed & (self._lead <= race.enough))[state.owner]
            leave = leave | (cost > self._limits.hopeless * lead)
            leave |= cost - lead > horizon * state.rate
        count = np.count_nonzero(leave)
        if count:
            gone = self._rows[leave]
            self.final.u[gone], self.final.cost[gone] = state.u[leave], state.cost[leave]
            if count < len(leave):
                self._rows = self._rows[~leave]
        return leave

    def _agreed(self, running: Array) -> Array:
        """Return whether enough starts of each problem (S,) have come to its lowest place."""
        cost = self.final.cost.copy()
        cost[self._rows] = running
        there = cost <= (1.0 + self._race.alike) * self._lead[self._owner]
        count = np.bincount(self._owner[there], minlength=len(self._lead))
        return np.asarray(count >= self._race.agreement)


class _State:
    """Everything of the running batch. Written for few, cheap operations on small arrays.

    Attributes
    ----------
    u, lower, upper : (B, F)
    owner : (B,)
    gram : (B, F + 1, F + 1)
    damping : (B,)
    quiet : (B,) how many steps in a row brought nothing
    rate : (B,) by how much the cost falls with a step of late
    """

    _rowwise = ("u", "lower", "upper", "owner", "gram", "damping", "quiet", "rate")

    def __init__(self, normal: _Normal, starts: Starts, u: Array, gram: Array, damping: float):
        count = len(u)
        self._normal = normal
        self.u, self.owner, self.gram = u, starts.owner, gram
        self.lower, self.upper = starts.lower, starts.upper
        self.damping, self.quiet = np.full(count, damping), np.zeros(count, dtype=int)
        self.rate = np.zeros(count)

    @classmethod
    def at(cls, normal: _Normal, starts: Starts, damping: float) -> _State:
        u = np.minimum(np.maximum(starts.u, starts.lower), starts.upper)
        return cls(normal, starts, *normal(u, starts.owner, starts.lower, starts.upper), damping)

    @property
    def cost(self) -> Array:
        """(B,)"""
        return self.gram[:, -1, -1]

    def keep(self, which: Array) -> None:
        for name in self._rowwise:
            setattr(self, name, getattr(self, name)[which])

    def advance(self, tolerance: float, bold: float) -> Array:
        """Try one step for each start; return which have converged.

        A bold step that promises nothing is the last, and is not tried.
        """
        trial, promise = self._next()
        old = self.cost
        idle = (promise <= tolerance * old) & (self.damping <= bold)
        if np.count_nonzero(idle) == len(idle):
            return idle
        u, gram = self._normal(trial, self.owner, self.lower, self.upper)
        fast = compiled()
        if fast is not None:
            fast.judge(
                (self.u, self.gram), (u, gram), (promise, self.damping, self.quiet, self.rate),
                (CALM, STIR, GOOD, BAD), (tolerance, STUCK, bold, FADING), idle,
            )  # fmt: skip
            return idle
        fall = old - gram[:, -1, -1]
        good = fall > 0  # false where both are infinite as well
        self.quiet = (self.quiet + 1) * (np.abs(fall) <= tolerance * old)
        self.rate = np.fmax(fall, FADING * self.rate)
        last = self.quiet + (good & (self.damping <= bold)) * self.quiet >= 2
        kept = np.where(fall > GOOD * promise, CALM, 1.0)
        self.damping = self.damping * np.where(fall > BAD * promise, kept, STIR)
        good &= ~idle
        if np.count_nonzero(good) == len(good):
            self.u, self.gram = u, gram
        else:
            np.copyto(self.u, u, where=good[:, None])
            np.copyto(self.gram, gram, where=good[:, None, None])
        return idle | last | (self.damping > STUCK)

    def _next(self) -> tuple[Array, Array]:
        """Return where to go (B, F), and by how much the cost should fall on the way (B,)."""
        fast = compiled()
        if fast is None:
            step, promise = self._step()
            return np.minimum(np.maximum(self.u + step, self.lower), self.upper), promise
        trial, promise = np.empty_like(self.u), np.empty(len(self.u))
        fast.propose(
            self.u, self.lower, self.upper, self.gram, self.damping, FARTHEST, trial, promise
        )  # fmt: skip
        return trial, promise

    def _step(self) -> tuple[Array, Array]:
        count, size = self.u.shape
        gradient, matrix = self.gram[:, -1, :-1], self.gram[:, :-1, :-1].copy()
        diagonal = matrix.reshape(count, -1)[:, :: size + 1]
        # A column that does nothing (an arc of no resistance) must not make the matrix singular
        floor = 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-300
        diagonal += self.damping[:, None] * diagonal
        diagonal += floor
        low, high = self.u <= self.lower, self.u >= self.upper
        if np.count_nonzero(low) or np.count_nonzero(high):
            held = (low & (gradient > 0)) | (high & (gradient < 0))
            free = ~held
            gradient = gradient * free
            matrix *= free[:, :, None]
            matrix *= free[:, None]
            diagonal += held
        step = np.linalg.solve(matrix, gradient[..., None])[..., 0]
        promise = np.einsum("bf,bf->b", gradient, step)
        # Beyond a few e-folds the linear model says nothing
        return -np.minimum(np.maximum(step, -FARTHEST), FARTHEST), promise


@dataclass(frozen=True)
class _Normal:
    """Gram matrices of a batch, at the places asked for or at better ones."""

    gram: Gram
    rescale: Rescale | None

    def __call__(self, u: Array, owner: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
        gram = self.gram(u, owner)
        return (u, gram) if self.rescale is None else self.rescale(u, gram, (lower, upper))
