"""Sums of peaks fitted by Levenberg-Marquardt, many at once, and judged by their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation import responses, shapes
from eisfit.relaxation.mixture import Candidate, Target

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Families that count as kinds of shape; longest step of ln R, ln tau, p and q.
_KINDS = np.array([f for f in range(len(shapes.NAMES)) if f != shapes.DEBYE])
_LONGEST = np.array([1.5, 0.7, 0.8, 0.8])
# Cost above the bar at which a candidate that falls slowly is given up.
_HOPELESS = 100.0
# First damping; the least share of it that a good step leaves, and one right after a failure, where
# less would fail again; the first and every further factor after steps that failed.
_DAMPING, _EASE, _CALM, _HARDER, _MORE = 1e-3, 0.33, 0.8, 4.0, 4.0
# Twice the log odds against one peak more.
_PER_PEAK = 3.0
# And against one kind of shape more: processes of one cell tend to be alike.
_PER_FAMILY = 4.0


@dataclass
class _State:
    """Some candidates of a batch, and how they fit."""

    theta: FloatArray
    series: FloatArray
    cost: FloatArray
    misfit: FloatArray
    gradient: FloatArray
    hessian: FloatArray

    def put(self, index: IntArray | BoolArray, other: _State) -> None:
        """Write other states over those at `index`."""
        for name, value in vars(other).items():
            getattr(self, name)[index] = value

    def part(self, index: IntArray | BoolArray) -> _State:
        return _State(*(value[index] for value in vars(self).values()))


@dataclass
class _Members:
    """What does not change in a fit: families of B candidates, and what follows from them alone.

    `drawn` (B, 4K) is the precision of the prior, zero for what a family does not have; `pinned`
    has ones there, which keep the matrix regular. `groups` holds for every formula the families,
    rows and columns of the peaks that it serves.
    """

    target: Target
    family: IntArray
    mean: FloatArray
    drawn: FloatArray
    pinned: FloatArray
    least: FloatArray
    most: FloatArray
    full: bool
    groups: list[tuple[responses.Formula, IntArray, IntArray, IntArray]]

    @classmethod
    def of(cls, target: Target, family: IntArray) -> _Members:
        """Set up for (B, K) families."""
        count, most = family.shape
        mean, spread = target.prior(family)
        precision = spread**-2
        has = shapes.HAS[family]
        flat = family.ravel()
        return cls(
            target,
            family,
            mean.reshape(count, -1),
            np.where(has, precision, 0.0).reshape(count, -1),
            np.where(has, precision, 1.0).reshape(count, -1),
            shapes.LEAST[family],
            shapes.MOST[family],
            bool(flat.min() > shapes.NONE),
            [
                (formula, flat[index], *divmod(index, most))
                for formula, index in responses.grouped(flat)
            ],
        )

    def part(self, keep: BoolArray) -> _Members:
        """Return the members for which (B,) `keep` is true."""
        place = np.cumsum(keep) - 1
        groups = []
        for formula, kinds, row, column in self.groups:
            mine = keep[row]
            if mine.any():
                groups.append((formula, kinds[mine], place[row[mine]], column[mine]))
        return _Members(
            self.target,
            self.family[keep],
            self.mean[keep],
            self.drawn[keep],
            self.pinned[keep],
            self.least[keep],
            self.most[keep],
            self.full,
            groups,
        )

    @cached_property
    def turning(self) -> list[tuple[int, IntArray, IntArray]]:
        """Families whose p follows q where the width stays, rows and columns of their peaks."""
        found = []
        for kind in shapes.TURNING:
            row, column = np.nonzero(self.family == kind)
            if len(row):
                found.append((kind, row, column))
        return found

    def jacobian(self, theta: FloatArray) -> FloatArray:
        """Return the (B, T + 4K, 2N) derivatives of the weighted models at (B, K, 4) parameters."""
        target, (count, most) = self.target, self.family.shape
        terms, data = target.series.shape
        new = np.empty if self.full else np.zeros
        jacobian = new((count, terms + 4 * most, data))
        jacobian[:, :terms] = target.series
        peaks = jacobian[:, terms:].reshape(count, most, 4, data)
        for formula, family, row, column in self.groups:
            peaks[row, column] = formula(family, theta[row, column], target.log_omega)
        peaks *= target.inverse
        return jacobian

    def residual(self, series: FloatArray, jacobian: FloatArray) -> FloatArray:
        """Return (B, 2N) weighted data less the model: derivatives by ln R are the peaks."""
        peaks = jacobian[:, series.shape[1] :: 4].sum(axis=1)
        return self.target.data - series @ self.target.series - peaks

    def evaluate(self, theta: FloatArray, series: FloatArray) -> _State:
        terms = series.shape[1]
        jacobian = self.jacobian(theta)
        residual = self.residual(series, jacobian)
        count = residual.shape[1]
        misfit = np.einsum("bn,bn->b", residual, residual) + 1e-30
        off = theta.reshape(len(theta), -1) - self.mean
        pull = off * self.drawn
        off *= pull
        cost = count * np.log(misfit) + off.sum(axis=1)
        scale = count / misfit
        gradient = (jacobian @ residual[:, :, None])[:, :, 0]
        gradient *= scale[:, None]
        gradient[:, terms:] -= pull
        hessian = jacobian @ jacobian.transpose(0, 2, 1)
        hessian *= scale[:, None, None]
        np.einsum("bii->bi", hessian)[:, terms:] += self.pinned
        return _State(theta, series, cost, misfit, gradient, hessian)


class Batch:
    """B candidates of up to K peaks, fitted together."""

    def __init__(self, target: Target, candidates: list[Candidate]) -> None:
        self.target = target
        self.counts = [len(c) for c in candidates]
        shape = (len(candidates), max(self.counts))
        self.family = np.full(shape, shapes.NONE)
        theta = np.zeros((*shape, 4))
        for i, c in enumerate(candidates):
            self.family[i, : len(c)] = c.family
            theta[i, : len(c)] = c.theta
        series = np.array([c.series for c in candidates])
        self.terms = series.shape[1]
        self.members = _Members.of(target, self.family)
        known = all(c.fitted for c in candidates)
        self.state = (
            _known(candidates, theta, series) if known else self.members.evaluate(theta, series)
        )
        self.resting = np.zeros(len(series), dtype=bool)

    def descend(
        self,
        steps: int,
        bar: float = np.inf,
        tolerance: float = 0.02,
        pace: float | FloatArray = 0.0,
    ) -> None:
        """Lower the cost of every candidate by Levenberg-Marquardt, up to `steps` evaluations.

        Damping after Nielsen (report IMM-REP-1999-05, Technical University of Denmark).

        A candidate rests when a step promises less than `tolerance`. It is given up where
        its cost is far above `bar`, or the best one's here, and a step neither gained nor promises
        the share `pace`, one for all or for each, of that excess.
        """
        members, state, alive = self.members, self.state, np.arange(len(self.family))
        share = np.broadcast_to(pace, len(alive))
        damping, harder = np.full(len(alive), _DAMPING), np.full(len(alive), _HARDER)
        gained = np.full(len(alive), np.inf)
        for _ in range(steps):
            step, expected = self._step(members, state, damping)
            resting = expected <= tolerance
            excess = state.cost - min(bar, float(state.cost.min()))
            falling = np.maximum(gained, expected) > share * excess
            going = ~resting & (falling | (excess < _HOPELESS))
            if not going.all():
                self.resting[alive] = resting
                self.state.put(alive, state)
                if not going.any():
                    return
                alive, state = alive[going], state.part(going)
                members = members.part(going)
                share, damping, harder = share[going], damping[going], harder[going]
                step, expected = step[going], expected[going]
            theta = self._moved(members, state.theta, step)
            series = np.maximum(state.series + step[:, : self.terms], 0.0)
            trial = members.evaluate(theta, series)
            gained = state.cost - trial.cost
            better = gained > 0  # not where it is not finite
            if not better.all():
                trial.put(~better, state.part(~better))
            state = trial
            ratio = np.minimum(gained / np.maximum(expected, 1e-12), 2.0)
            least = np.where(harder > _HARDER, _CALM, _EASE)
            bend = 2.0 * np.maximum(ratio, -1.0) - 1.0
            ease = np.maximum(least, 1.0 - bend * bend * bend)
            damping = np.minimum(damping * np.where(better, ease, harder), 1e9)
            damping = np.maximum(damping, 1e-7)
            harder = np.where(better, _HARDER, _MORE * harder)
        self.state.put(alive, state)

    def _pushed(self, state: _State) -> BoolArray:
        """Return (B, T) which series terms are at zero and pushed below it: these do not move."""
        return (state.series <= 0.0) & (state.gradient[:, : self.terms] <= 0.0)

    def _step(
        self, members: _Members, state: _State, damping: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return damped Gauss-Newton steps, not too long, and the falls of cost they promise."""
        matrix, gradient = state.hessian.copy(), state.gradient
        pushed = self._pushed(state)
        if members.turning or pushed.any():
            gradient = gradient.copy()
        if pushed.any():
            gradient[:, : self.terms][pushed] = 0.0
            matrix[:, : self.terms][pushed] = 0.0
            matrix[:, :, : self.terms].transpose(0, 2, 1)[pushed] = 0.0
            np.einsum("bii->bi", matrix)[:, : self.terms] += pushed
        for kind, row, peak in members.turning:
            p = self.terms + 4 * peak + 2
            turned = shapes.turn(kind, state.theta[row, peak])
            gradient[row, p + 1] += turned * gradient[row, p]
            matrix[row, p + 1] += turned[:, None] * matrix[row, p]
            matrix[row, :, p + 1] += turned[:, None] * matrix[row, :, p]
        diagonal = np.einsum("bii->bi", matrix)
        diagonal += damping[:, None] * diagonal + 1e-9
        step = np.asarray(np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0], dtype=float)
        change = np.abs(step[:, self.terms :]).reshape(state.theta.shape)
        step /= (change / _LONGEST).max(axis=(1, 2), initial=1.0)[:, None]
        return step, np.asarray((step * gradient).sum(axis=1))

    def _moved(self, members: _Members, old: FloatArray, step: FloatArray) -> FloatArray:
        """Return (B, K, 4) parameters after a step, within their bounds."""
        theta = old + step[:, self.terms :].reshape(old.shape)
        for kind, row, peak in members.turning:
            theta[row, peak, 2] += shapes.bend(kind, old[row, peak], theta[row, peak])
        # Faster than clip, which costs as much as a formula on arrays this small.
        place, form = theta[..., 1], theta[..., 2:]
        low, high = self.target.bounds
        np.minimum(np.maximum(place, low, out=place), high, out=place)
        np.minimum(np.maximum(form, members.least, out=form), members.most, out=form)
        return theta

    def candidates(self) -> list[Candidate]:
        """Return the candidates as they are now, with their scores."""
        state, terms, members = self.state, self.terms, self.members
        count = len(self.family)
        has = shapes.HAS[self.family].reshape(count, -1)
        free = np.concatenate([np.ones((count, terms), dtype=bool), has], axis=1)
        free[:, :terms] = ~self._pushed(state)
        # Series terms that every candidate has cancel only if counted alike, at zero or not.
        log_det = np.linalg.slogdet(state.hessian)[1]
        score = state.cost + log_det - np.log(members.pinned).sum(axis=1)
        score += _PER_PEAK * np.array(self.counts) + shapes.PRIOR_COST[self.family].sum(axis=1)
        kinds = (self.family[:, :, None] == _KINDS).any(axis=1).sum(axis=1)
        score += _PER_FAMILY * np.maximum(kinds - 1, 0)
        return [
            Candidate(
                self.family[i, :n],
                state.theta[i, :n],
                state.series[i],
                float(score[i]),
                float(state.cost[i]),
                float(state.misfit[i]),
                state.gradient[i, : terms + 4 * n],
                state.hessian[i, : terms + 4 * n, : terms + 4 * n],
                free[i, : terms + 4 * n],
                bool(self.resting[i]),
            )
            for i, n in enumerate(self.counts)
        ]


def _known(candidates: list[Candidate], theta: FloatArray, series: FloatArray) -> _State:
    """Return the state of candidates that were fitted before, without another evaluation."""
    count = series.shape[1] + 4 * theta.shape[1]
    gradient = np.zeros((len(candidates), count))
    hessian = np.repeat(np.eye(count)[None], len(candidates), axis=0)
    for i, c in enumerate(candidates):
        size = len(c.gradient)
        gradient[i, :size], hessian[i, :size, :size] = c.gradient, c.hessian
    cost = np.array([c.cost for c in candidates])
    misfit = np.array([c.misfit for c in candidates])
    return _State(theta, series, cost, misfit, gradient, hessian)


def linearised(target: Target, candidate: Candidate) -> tuple[FloatArray, FloatArray]:
    """Return the (T + 4K, 2N) derivatives of a candidate's weighted model, and what it leaves."""
    members = _Members.of(target, candidate.family[None])
    jacobian = members.jacobian(candidate.theta[None])
    return jacobian[0], members.residual(candidate.series[None], jacobian)[0]
