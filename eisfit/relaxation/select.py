"""How strongly to smooth: one solution for a lambda, and the criteria that judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import RelaxationError
from eisfit.relaxation.nnls import solve_and_log_det, solve_signed
from eisfit.relaxation.problem import Problem

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

_ROBUST = 0.3
_FOLDS = 5
# By how much twice the log evidence must have fallen at the ends of a sweep.
_FALLEN = 4.0
# Share of a column's length below which rows do not see its term.
_BLIND = 1e-12


@dataclass(frozen=True, eq=False)
class Solution:
    """The minimum for one lambda: scaled unknowns, which of them are free, and its two costs.

    `log_det` is that of the free part of the matrix, where its factor was at hand.
    """

    lam: float
    x: FloatArray
    free: BoolArray
    misfit: float
    roughness: float
    log_det: float | None = None


def solve(
    problem: Problem, penalty: FloatArray, lam: float, start: BoolArray | None = None
) -> Solution:
    """Minimise |matrix x - target|^2 + lam x' penalty x over x >= 0, or signed gamma."""
    normal = problem.normal + lam * penalty
    log_det = None
    if problem.signed:
        x, free = solve_signed(normal, problem.moment, problem.signs, start)
    else:
        x, free, log_det = solve_and_log_det(normal, problem.moment, start)
    residual = problem.matrix @ x - problem.target
    misfit, roughness = float(residual @ residual), float(x @ penalty @ x)
    return Solution(lam, x, free, misfit, roughness, log_det)


def evidence(problem: Problem, penalty: FloatArray, solution: Solution) -> float:
    """Return minus twice the log marginal likelihood, up to a constant.

    Gaussian data of unknown variance and a Gaussian prior with precision lam * penalty, both scaled
    by that variance, which is profiled out; Laplace around the non-negative minimum, over the
    unknowns that are free there (MacKay, Neural Comput. 4 (1992) 415).
    """
    free = solution.free.nonzero()[0]
    terms = int(np.count_nonzero(solution.free[: problem.n_terms]))
    lam, smooth = solution.lam, free[terms:]
    prior = _log_det(part_of(penalty, smooth)) + len(smooth) * np.log(lam)
    posterior = solution.log_det
    if posterior is None:
        posterior = _log_det(part_of(problem.normal, free) + lam * part_of(penalty, free))
    count = len(problem.target) - terms
    return float(count * np.log(solution.misfit + lam * solution.roughness) + posterior - prior)


def part_of(matrix: FloatArray, index: IntArray) -> FloatArray:
    """Return rows and columns of a matrix; twice as fast as both at once."""
    return matrix.take(index, axis=0).take(index, axis=1)


def solve_definite(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return the solution for a symmetric positive definite matrix, if need be by any means."""
    from scipy.linalg import lapack

    _, found, info = lapack.dposv(matrix, right, lower=1)
    return np.asarray(found if info == 0 else np.linalg.solve(matrix, right))


def gcv(problem: Problem, penalty: FloatArray, solution: Solution) -> float:
    """Return the generalised cross-validation score (Golub, Heath, Wahba, Technometrics 1979)."""
    count = len(problem.target)
    return count * solution.misfit / (count - freedom(problem, penalty, solution)) ** 2


def mgcv(problem: Problem, penalty: FloatArray, solution: Solution) -> float:
    """Return the GCV score that counts a degree of freedom 1.4 times, and so smooths more.

    Factor after Kim and Gu, J. R. Stat. Soc. B 66 (2004) 337.
    """
    count = len(problem.target)
    left = count - 1.4 * freedom(problem, penalty, solution)
    return count * solution.misfit / left**2 if left > 0 else np.inf


def rgcv(problem: Problem, penalty: FloatArray, solution: Solution) -> float:
    """Return the robust GCV score, which guards against too little smoothing.

    GCV times (c + (1 - c) tr(H^2) / n), c = 0.3 (Lukas, Inverse Probl. 22 (2006) 1883).
    """
    free = np.flatnonzero(solution.free)
    index = np.ix_(free, free)
    data = problem.normal[index]
    try:
        hat = np.linalg.solve(data + solution.lam * penalty[index], data)
    except np.linalg.LinAlgError:
        hat = np.eye(len(free))
    share = float((hat * hat.T).sum()) / len(problem.target)
    return gcv(problem, penalty, solution) * (_ROBUST + (1.0 - _ROBUST) * share)


def kfold(problem: Problem, penalty: FloatArray, path: list[Solution]) -> FloatArray:
    """Return the misfit of every fifth datum as the others predict it, summed over the five."""
    count = len(problem.target)
    folds = [np.arange(count) % _FOLDS == fold for fold in range(_FOLDS)]
    return np.array(
        [sum(_crossed(problem, penalty, s, ~fold, fold) for fold in folds) for s in path]
    )


def real_imaginary(problem: Problem, penalty: FloatArray, path: list[Solution]) -> FloatArray:
    """Return the misfit of each part of the impedance as the other predicts it.

    Saccoccio, Wan, Chen, Ciucci, Electrochim. Acta 147 (2014) 470, eq. 15. Series terms that a part
    does not see (its column is zero there) are taken from the solution for both.
    """
    real = np.arange(len(problem.target)) < len(problem.target) // 2
    if len(problem.target) != 2 * real.sum() or not problem.whole:
        raise RelaxationError("the criterion 're-im' needs both parts of the impedance")
    return np.array(
        [
            _crossed(problem, penalty, s, real, ~real) + _crossed(problem, penalty, s, ~real, real)
            for s in path
        ]
    )


def _crossed(
    problem: Problem, penalty: FloatArray, solution: Solution, given: BoolArray, left: BoolArray
) -> float:
    """Return the misfit at the rows `left` of what the rows `given` predict."""
    matrix, target = problem.matrix[given], problem.target[given]
    blind = (matrix**2).sum(axis=0) < _BLIND * np.diagonal(problem.normal)
    seen = np.flatnonzero(~blind)
    target = target - matrix[:, blind] @ solution.x[blind]
    part = matrix[:, seen]
    weight = len(problem.target) / given.sum()
    normal = part.T @ part * weight + solution.lam * penalty[np.ix_(seen, seen)]
    x = solution.x.copy()
    moment = part.T @ target * weight
    x[seen], _ = solve_signed(normal, moment, problem.signs[seen], solution.free[seen])
    residual = problem.matrix[left] @ x - problem.target[left]
    return float(residual @ residual)


def freedom(problem: Problem, penalty: FloatArray, solution: Solution) -> float:
    """Return the effective number of parameters, the trace of the hat matrix."""
    free = solution.free.nonzero()[0]
    data = part_of(problem.normal, free)
    try:
        hat = solve_definite(data + solution.lam * part_of(penalty, free), data)
    except np.linalg.LinAlgError:
        return float(len(free))
    return float(hat.trace())


def _log_det(matrix: FloatArray) -> float:
    from scipy.linalg import lapack

    if not len(matrix):
        return 0.0
    factor, info = lapack.dpotrf(matrix, lower=1)
    if info == 0:
        return 2.0 * float(np.log(np.diagonal(factor)).sum())
    eigenvalues = np.linalg.eigvalsh(matrix)
    return float(np.log(np.maximum(eigenvalues, eigenvalues[-1] * 1e-16)).sum())


def _each(
    score: Callable[[Problem, FloatArray, Solution], float],
) -> Callable[[Problem, FloatArray, list[Solution]], FloatArray]:
    return lambda problem, penalty, path: np.array([score(problem, penalty, s) for s in path])


def lcurve(problem: Problem, penalty: FloatArray, path: list[Solution]) -> FloatArray:
    """Return minus the curvature of log misfit against log roughness along the path.

    Hansen and O'Leary, SIAM J. Sci. Comput. 14 (1993) 1487: the corner is where it is largest.
    """
    if len(path) < 5:
        raise RelaxationError("the L-curve needs at least five values of lambda")
    t = np.log([s.lam for s in path])
    tiny = np.finfo(float).tiny
    x = np.gradient(np.log([max(s.misfit, tiny) for s in path]), t)
    y = np.gradient(np.log([max(s.roughness, tiny) for s in path]), t)
    bend = x * np.gradient(y, t) - y * np.gradient(x, t)
    score = -bend / np.maximum(x**2 + y**2, 1e-12) ** 1.5
    score[:2] = score[-2:] = np.inf  # one-sided differences are no corner
    return score


CRITERIA: dict[str, Callable[[Problem, FloatArray, list[Solution]], FloatArray]] = {
    "evidence": _each(evidence),
    "gcv": _each(gcv),
    "mgcv": _each(mgcv),
    "rgcv": _each(rgcv),
    "kfold": kfold,
    "re-im": real_imaginary,
    "lcurve": lcurve,
}


@dataclass(frozen=True, eq=False)
class Sweep:
    """Solutions along lambda, from strong to weak smoothing, their scores, and which one won."""

    path: tuple[Solution, ...]
    scores: FloatArray

    @cached_property
    def best(self) -> Solution:
        """The solution with the smallest score."""
        return self.path[int(np.nanargmin(self.scores))]

    @property
    def at_end(self) -> bool:
        """Whether the best is the first or the last of several: the search saw no minimum."""
        return len(self.path) > 1 and int(np.nanargmin(self.scores)) in (0, len(self.path) - 1)


def sweep(problem: Problem, penalty: FloatArray, criterion: str, lambdas: FloatArray) -> Sweep:
    """Solve for every lambda, each from the one before, and score them by `criterion`.

    `lambdas` must descend: the free set grows slowly that way, and small lambda starts warm.
    """
    path: list[Solution] = []
    start = None
    for lam in lambdas:
        path.append(solve(problem, penalty, float(lam), start))
        start = path[-1].free
    if len(path) == 1:
        return Sweep(tuple(path), np.zeros(1))
    return Sweep(tuple(path), CRITERIA[criterion](problem, penalty, path))


def climb(
    problem: Problem,
    penalty: FloatArray,
    lambdas: FloatArray,
    first: int,
    start: BoolArray | None = None,
) -> Sweep:
    """Return a sweep by evidence over as much of `lambdas` as it takes to see the maximum.

    From the index `first` to either side, until evidence has fallen enough. Towards small lambda
    solutions take longest, and are seldom needed. `start` is what may be free in the first.
    """
    path: dict[int, Solution] = {}
    scores: dict[int, float] = {}
    at: int | None = first
    while at is not None:
        if path:
            start = path[at + 1 if at + 1 in path else at - 1].free
        path[at] = solve(problem, penalty, float(lambdas[at]), start)
        scores[at] = evidence(problem, penalty, path[at])
        at = _next(scores, len(lambdas))
    index = sorted(path)
    return Sweep(tuple(path[i] for i in index), np.array([scores[i] for i in index]))


def _next(scores: dict[int, float], count: int) -> int | None:
    """Return the index to score next, None where evidence has fallen on both sides."""
    low, high = min(scores), max(scores)
    best = min(scores, key=lambda i: scores[i])
    enough = scores[best] + _FALLEN
    if low > 0 and (low == best or scores[low] < enough):
        return low - 1
    if high < count - 1 and (high == best or scores[high] < enough):
        return high + 1
    return None


def refine(problem: Problem, penalty: FloatArray, searched: Sweep) -> Sweep:
    """Return a sweep by evidence with the values half-way from the best to its neighbours."""
    path, scores = list(searched.path), list(searched.scores)
    best = int(np.argmin(scores))
    for i in (best + 1, best):
        if 0 < i < len(path):
            lam = float(np.sqrt(path[i - 1].lam * path[i].lam))
            path.insert(i, solve(problem, penalty, lam, path[i - 1].free))
            scores.insert(i, evidence(problem, penalty, path[i]))
    return Sweep(tuple(path), np.array(scores))
