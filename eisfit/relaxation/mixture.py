"""Sums of peaks with series terms: what they are fitted to, and what is known of one."""

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

_LOG_R_SD = 2.5
# Places this near are the same place.
SAME = 0.33 * np.log(10.0)


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
    `misfit` the weighted sum of squares, `gradient` the downward slope of half the cost and
    `hessian` its curvature, series sizes first, `free` which parameters are at no bound, `resting`
    whether another step would hardly have helped.
    """

    family: IntArray
    theta: FloatArray
    series: FloatArray
    score: float = np.inf
    cost: float = np.inf
    misfit: float = np.inf
    gradient: FloatArray = field(default_factory=lambda: np.empty(0))
    hessian: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    free: BoolArray = field(default_factory=lambda: np.empty(0, dtype=bool))
    resting: bool = False

    def __len__(self) -> int:
        return len(self.family)

    @property
    def fitted(self) -> bool:
        """Whether the numbers behind `series` are known."""
        return len(self.gradient) > 0

    @cached_property
    def signature(self) -> tuple[int, ...]:
        """What tells candidates apart: families, and places to a third of a decade."""
        order = self.theta[:, 1].argsort()
        places = np.rint(self.theta[order, 1] / SAME)
        return (*self.family[order].tolist(), *places.astype(int).tolist())

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
