"""The non-negative Tikhonov solution, plain or with a penalty that adapts to the spectrum.

gamma minimises sum |Z_fit - Z|^2 / sigma^2 + lambda * integral w (d^k gamma / R0)^2 dln tau, with
R0 the median modulus and k the order. Plain: w = 1. Adaptive: first w = (R0 / |Z(1/tau)|)^2, so
that an arc counts by its size relative to the modulus, which is how modulus-weighted data see it;
then twice w = that / (c^2 + floor^2), c being the local relative derivative of the last solution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation import select
from eisfit.relaxation.problem import Problem

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_REWEIGHTINGS = 2
_FLOOR = 0.03
_WIDTH_DECADES = 0.15
# Lambdas relative to the mean square of the data, from strong to weak smoothing. Solutions that
# start from stronger smoothing have fewer free unknowns, so every search begins above where it will
# end: the first at a place of its own, the next by a factor.
_COARSE = 10.0 ** np.arange(1.0, -9.5, -1.5)
_FINE = 10.0 ** np.arange(1.0, -9.5, -0.5)
_FIRST, _ABOVE = 1e-3, 10.0


@dataclass(frozen=True, eq=False)
class Regularised:
    """A solved problem: the sweep of lambda and the penalty weights of its last pass."""

    criterion: str
    problem: Problem
    weights: FloatArray
    penalty: FloatArray
    sweep: select.Sweep

    @property
    def solution(self) -> select.Solution:
        """The solution for the lambda that won."""
        return self.sweep.best

    @property
    def variance(self) -> float:
        """Estimated variance of a weighted datum, from the misfit."""
        freedom = select.freedom(self.problem, self.penalty, self.solution)
        return self.solution.misfit / max(len(self.problem.target) - freedom, 1.0)


def regularise(
    problem: Problem, modulus: FloatArray, criterion: str, given: float | None, adaptive: bool
) -> Regularised:
    """Solve with lambda chosen by `criterion`, or `given`.

    Parameters
    ----------
    problem : what to solve
    modulus : (M,) array, ohm
        |Z| at omega = 1/tau.
    criterion : name in `select.CRITERIA`, not used where lambda is given
    given : lambda, or None
    adaptive : whether the penalty adapts
    """
    order = problem.grid.order
    size = float(problem.target @ problem.target) / (len(problem.target) / 2)
    coarse, fine = (_COARSE * size, _FINE * size) if given is None else (np.array([given]),) * 2
    lam, free = _FIRST * size, None
    if not adaptive:
        plain = np.ones(len(problem.grid.tau) + order)
        if criterion != "evidence":
            return _solved(problem, plain, criterion, fine)
        # Evidence looks close only where it is largest.
        found = _solved(problem, plain, criterion, fine[::2], lam)
        return replace(found, sweep=select.refine(problem, found.penalty, found.sweep))
    scale = np.pad(modulus, (order // 2, order - order // 2), mode="edge") / problem.unit[-1]
    weights = scale**-2
    for _ in range(_REWEIGHTINGS):
        solved = _solved(problem, weights, criterion, coarse, lam, free)
        weights = _adapted(problem, solved.solution.x, scale)
        lam, free = _ABOVE * solved.solution.lam, solved.solution.free
    return _solved(problem, weights, criterion, fine, lam, free)


def _solved(
    problem: Problem,
    weights: FloatArray,
    criterion: str,
    lambdas: FloatArray,
    first: float = 0.0,
    start: BoolArray | None = None,
) -> Regularised:
    """Return the solutions along lambda; by evidence, from `first` as far as it takes."""
    penalty = problem.penalty(weights)
    if criterion == "evidence":
        at = int(np.abs(np.log(lambdas / first)).argmin())
        searched = select.climb(problem, penalty, lambdas, at, start)
    else:
        searched = select.sweep(problem, penalty, criterion, lambdas)
    return Regularised(criterion, problem, weights, penalty, searched)


def _adapted(problem: Problem, x: FloatArray, scale: FloatArray) -> FloatArray:
    derivative = problem.grid.derivative @ x[problem.n_terms :] / scale
    square = derivative**2
    mean = float(square.mean())
    if mean == 0.0:
        return scale**-2
    local = _smoothed(square / mean, _WIDTH_DECADES * np.log(10.0) / problem.grid.spacing)
    return 1.0 / ((local + _FLOOR**2) * scale**2)


def _smoothed(values: FloatArray, width: float) -> FloatArray:
    """Return `values` under a Gaussian of standard deviation `width` in steps."""
    reach = int(np.ceil(3.0 * width))
    shape = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), shape / shape.sum(), mode="valid")
