"""Sums of peaks with series terms: many candidates fitted at once, and judged by their evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation import shapes
from eisfit.relaxation.problem import Problem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# Longest step of ln R, ln tau, p and q.
_LONGEST = np.array([1.5, 0.7, 0.8, 0.8])
_LOG_R_SD = 2.5
# Cost above the bar at which a candidate that falls slowly is given up.
_HOPELESS = 100.0
# Twice the log odds against one peak more.
_PER_PEAK = 3.0
# And against one kind of shape more: processes of one cell tend to be alike.
_PER_FAMILY = 4.0


@dataclass(frozen=True, eq=False)
class Target:
    """What sums of peaks are fitted to: a `Problem`'s data and series terms, on its frequencies.

    `data` is (2N,) weighted, `series` (T, 2N) the weighted terms of size one, `inverse` (2N,) the
    weights, `center` and `spread` the mean and standard deviation of ln R and ln tau a priori.
    """

    problem: Problem
    log_omega: FloatArray
    data: FloatArray
    series: FloatArray
    inverse: FloatArray
    center: tuple[float, float]
    spread: tuple[float, float]
    bounds: tuple[float, float]

    @classmethod
    def of(cls, problem: Problem, omega: FloatArray, sigma: FloatArray) -> Target:
        """Set up for the frequencies `omega` (N,) and weights `sigma` (N,) of a problem."""
        low, high = np.log(problem.grid.tau[[0, -1]])
        resistance = float(np.log(problem.unit[-1]))
        return cls(
            problem,
            np.log(omega),
            problem.target,
            np.ascontiguousarray(problem.matrix[:, : problem.n_terms].T),
            np.tile(1.0 / sigma, 2),
            (resistance - 1.0, 0.5 * (low + high)),
            (_LOG_R_SD, (high - low) / 3.5),
            (float(low), float(high)),
        )

    def prior(self, family: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return means and standard deviations, (..., 4) each, for (...,) families."""
        mean, spread = shapes.PRIOR_MEAN[family], shapes.PRIOR_SD[family]
        mean[..., :2], spread[..., :2] = self.center, self.spread
        return mean, spread


@dataclass(frozen=True, eq=False)
class Candidate:
    """A sum of K peaks: families (K,), parameters (K, 4), series sizes (T,), and how it fits.

    `score` is minus twice the log evidence up to a constant, `cost` its part without the volume,
    `misfit` the weighted sum of squares, `hessian` that of half the cost
    around the optimum, series sizes first, `free` which parameters are at no bound, `resting`
    whether another step would hardly have helped.
    """

    family: IntArray
    theta: FloatArray
    series: FloatArray
    score: float = np.inf
    cost: float = np.inf
    misfit: float = np.inf
    hessian: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    free: BoolArray = field(default_factory=lambda: np.empty(0, dtype=bool))
    resting: bool = False

    def __len__(self) -> int:
        return len(self.family)

    @cached_property
    def covariance(self) -> FloatArray:
        """(T + 4K, T + 4K) Laplace covariance of series sizes and (ln R, ln tau, p, q) a peak.

        Zero for what is held at a bound or what a family does not have.
        """
        free = self.free
        both = free[:, None] & free
        matrix = np.where(both, self.hessian, 0.0)
        matrix[~free, ~free] = 1.0
        return np.where(both, np.linalg.inv(matrix), 0.0)


@dataclass
class _State:
    """Some candidates of a batch between two steps."""

    theta: FloatArray
    series: FloatArray
    cost: FloatArray
    misfit: FloatArray
    gradient: FloatArray
    hessian: FloatArray

    def part(self, index: IntArray) -> _State:
        return _State(*(value[index] for value in vars(self).values()))

    def put(self, index: IntArray, other: _State, better: BoolArray) -> None:
        for name, value in vars(other).items():
            getattr(self, name)[index[better]] = value[better]


class Batch:
    """B candidates of up to K peaks, fitted together."""

    def __init__(self, target: Target, candidates: list[Candidate]) -> None:
        self.target = target
        most = max(len(c) for c in candidates)
        self.counts = [len(c) for c in candidates]
        shape = (len(candidates), most)
        self.family = np.full(shape, shapes.NONE)
        theta = np.zeros((*shape, 4))
        for i, c in enumerate(candidates):
            self.family[i, : len(c)] = c.family
            theta[i, : len(c)] = c.theta
        series = np.array([c.series for c in candidates])
        self.mean, self.spread = target.prior(self.family)
        self.has = shapes.HAS[self.family]
        self.terms = series.shape[1]
        self.active = np.concatenate(
            [np.ones_like(series, dtype=bool), self.has.reshape(len(series), -1)], axis=1
        )
        self.precision = np.where(self.has, self.spread**-2, 1.0).reshape(len(series), -1)
        self.state = self._evaluate(np.arange(len(series)), theta, series)
        self.resting = np.zeros(len(series), dtype=bool)

    def jacobian(self, index: IntArray, theta: FloatArray) -> FloatArray:
        """Return (B', T + 4K, 2N) derivatives of the weighted model for some candidates."""
        target, (b, k) = self.target, (len(index), self.family.shape[1])
        half = len(target.data) // 2
        parts = shapes.evaluate(
            self.family[index].ravel(),
            theta.reshape(b * k, 4),
            target.log_omega,
        ).reshape(b, 4 * k, half)
        jacobian = np.empty((b, self.terms + 4 * k, 2 * half))
        jacobian[:, : self.terms] = target.series
        np.multiply(parts.real, target.inverse[:half], out=jacobian[:, self.terms :, :half])
        np.multiply(parts.imag, target.inverse[half:], out=jacobian[:, self.terms :, half:])
        return jacobian

    def residual(self, series: FloatArray, jacobian: FloatArray) -> FloatArray:
        """Return (B', 2N) weighted data less the model: derivatives by ln R are the peaks."""
        return (
            self.target.data
            - series @ self.target.series
            - jacobian[:, self.terms :: 4].sum(axis=1)
        )

    def _evaluate(self, index: IntArray, theta: FloatArray, series: FloatArray) -> _State:
        jacobian = self.jacobian(index, theta)
        residual = self.residual(series, jacobian)
        count, terms = residual.shape[1], self.terms
        misfit = np.einsum("bn,bn->b", residual, residual) + 1e-30
        off = np.where(self.has[index], theta - self.mean[index], 0.0).reshape(len(index), -1)
        pull = off * self.precision[index]
        cost = count * np.log(misfit) + (off * pull).sum(axis=1)
        scale = count / misfit
        gradient = scale[:, None] * (jacobian @ residual[:, :, None])[:, :, 0]
        gradient[:, terms:] -= pull
        gradient[~self.active[index]] = 0.0
        hessian = jacobian @ jacobian.transpose(0, 2, 1)
        hessian *= scale[:, None, None]
        np.einsum("bii->bi", hessian)[:, terms:] += self.precision[index]
        return _State(theta, series, cost, misfit, gradient, hessian)

    def _moving(self, state: _State, index: IntArray) -> BoolArray:
        """Return which parameters move: no series term that is at zero and pushed below it."""
        moving = self.active[index].copy()
        pushed = (state.series <= 0.0) & (state.gradient[:, : self.terms] <= 0.0)
        moving[:, : self.terms] &= ~pushed
        return moving

    def descend(
        self, steps: int, bar: float | FloatArray = np.inf, tolerance: float = 0.02
    ) -> None:
        """Lower the cost of every candidate by Levenberg-Marquardt, up to `steps` evaluations.

        Damping after Nielsen (report IMM-REP-1999-05, Technical University of Denmark).

        A candidate rests when a step lowers its cost by less than `tolerance`, or when it stays
        far above `bar`, a cost, or one for each.
        """
        alive = np.arange(len(self.family))
        bar = np.broadcast_to(bar, len(alive))
        damping, harder = np.full(len(alive), 1e-3), np.full(len(alive), 2.0)
        for _ in range(steps):
            state = self.state.part(alive)
            step, expected = self._step(state, alive, damping)
            theta = state.theta + step[:, self.terms :].reshape(state.theta.shape)
            self._clip(alive, theta)
            series = np.maximum(state.series + step[:, : self.terms], 0.0)
            trial = self._evaluate(alive, theta, series)
            gained = state.cost - trial.cost
            better = np.isfinite(trial.cost) & (gained > 0)
            self.state.put(alive, trial, better)
            ratio = np.clip(gained / np.maximum(expected, 1e-12), -1.0, 2.0)
            ease = np.maximum(1.0 / 5.0, 1.0 - (2.0 * ratio - 1.0) ** 3)
            damping = np.clip(damping * np.where(better, ease, harder), 1e-7, 1e9)
            harder = np.where(better, 2.0, 4.0 * harder)
            going = np.where(better, gained, expected) > tolerance
            self.resting[alive] = ~going
            excess = self.state.cost[alive] - bar[alive]
            going &= (excess < _HOPELESS) | ~better | (gained > 0.25 * excess)
            alive, damping, harder = alive[going], damping[going], harder[going]
            if not len(alive):
                break

    def _step(
        self, state: _State, index: IntArray, damping: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return damped Gauss-Newton steps, not too long, and the falls of cost they promise."""
        moving = self._moving(state, index)
        matrix = _masked(state.hessian, moving)
        diagonal = np.einsum("bii->bi", matrix)
        diagonal += damping[:, None] * diagonal + 1e-9
        gradient = np.where(moving, state.gradient, 0.0)
        step = np.asarray(np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0], dtype=float)
        change = np.abs(step[:, self.terms :]).reshape(state.theta.shape)
        step /= (change / _LONGEST).max(axis=(1, 2), initial=1.0)[:, None]
        return step, np.asarray((step * gradient).sum(axis=1))

    def _clip(self, index: IntArray, theta: FloatArray) -> None:
        family = self.family[index]
        np.clip(theta[..., 1], *self.target.bounds, out=theta[..., 1])
        np.clip(theta[..., 2:], shapes.LEAST[family], shapes.MOST[family], out=theta[..., 2:])

    def candidates(self) -> list[Candidate]:
        """Return the candidates as they are now, with their scores."""
        state, terms = self.state, self.terms
        moving = self._moving(state, np.arange(len(self.family)))
        # Series terms that every candidate has cancel only if counted alike, at zero or not.
        log_det = np.linalg.slogdet(_masked(state.hessian, self.active))[1]
        log_spread = np.where(self.has, 2.0 * np.log(self.spread), 0.0).sum(axis=(1, 2))
        score = state.cost + log_det + log_spread + _PER_PEAK * np.array(self.counts)
        score += shapes.PRIOR_COST[self.family].sum(axis=1)
        kinds = [len(set(row[row != shapes.DEBYE]) - {shapes.NONE}) for row in self.family]
        score += _PER_FAMILY * np.maximum(np.array(kinds) - 1, 0)
        return [
            Candidate(
                self.family[i, :n],
                state.theta[i, :n],
                state.series[i],
                float(score[i]),
                float(state.cost[i]),
                float(state.misfit[i]),
                state.hessian[i][: terms + 4 * n, : terms + 4 * n],
                moving[i][: terms + 4 * n],
                bool(self.resting[i]),
            )
            for i, n in enumerate(self.counts)
        ]


def _masked(hessian: FloatArray, moving: BoolArray) -> FloatArray:
    """Return the matrix with rows and columns that do not move replaced by those of one."""
    matrix = hessian * (moving[:, :, None] & moving[:, None, :])
    diagonal = np.einsum("bii->bi", matrix)
    diagonal += ~moving
    return matrix
