"""How strongly to smooth: one solution for a lambda, and the criteria that judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import RelaxationError
from eisfit.relaxation.nnls import solve_signed
from eisfit.relaxation.problem import Problem

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_ROBUST = 0.3
_FOLDS = 5
# Share of a column's length below which rows do not see its term.
_BLIND = 1e-12
# Fall of twice the log evidence, over two steps down in lambda, after which the search ends.
_HOPELESS = 12.0


@dataclass(frozen=True, eq=False)
class Solution:
    """The minimum for one lambda: scaled unknowns, which of them are free, and its two costs."""

    lam: float
    x: FloatArray
    free: BoolArray
    misfit: float
    roughness: float


def solve(
    problem: Problem, penalty: FloatArray, lam: float, start: BoolArray | None = None
) -> Solution:
    """Minimise |matrix x - target|^2 + lam x' penalty x over x >= 0, or signed gamma."""
    normal = problem.normal + lam * penalty
    x, free = solve_signed(normal, problem.moment, problem.signs, start)
    residual = problem.matrix @ x - problem.target
    return Solution(lam, x, free, float(residual @ residual), float(x @ penalty @ x))


def evidence(problem: Problem, penalty: FloatArray, solution: Solution) -> float:
    """Return minus twice the log marginal likelihood, up to a constant.

    Gaussian data of unknown variance and a Gaussian prior with precision lam * penalty, both scaled
    by that variance, which is profiled out; Laplace around the non-negative minimum, over the
    unknowns that are free there (MacKay, Neural Comput. 4 (1992) 415).
    """
    free = np.flatnonzero(solution.free)
    smooth = free[free >= problem.n_terms]
    lam = solution.lam
    data, rough = (m.take(free, axis=0).take(free, axis=1) for m in (problem.normal, penalty))
    taken = len(free) - len(smooth)
    posterior = _log_det(data + lam * rough)
    prior = _log_det(rough[taken:, taken:]) + len(smooth) * np.log(lam)
    count = len(problem.target) - (len(free) - len(smooth))
    return float(count * np.log(solution.misfit + lam * solution.roughness) + posterior - prior)


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
    free = np.flatnonzero(solution.free)
    index = np.ix_(free, free)
    data = problem.normal[index]
    try:
        return float(np.trace(np.linalg.solve(data + solution.lam * penalty[index], data)))
    except np.linalg.LinAlgError:
        return float(len(free))


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

    @property
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
    scores: list[float] = []
    start = None
    for lam in lambdas:
        path.append(solve(problem, penalty, float(lam), start))
        start = path[-1].free
        if criterion == "evidence" and len(lambdas) > 1:
            scores.append(evidence(problem, penalty, path[-1]))
            if _hopeless(scores):
                break
    if len(path) == 1:
        return Sweep(tuple(path), np.zeros(1))
    if scores:
        return Sweep(tuple(path), np.array(scores))
    return Sweep(tuple(path), CRITERIA[criterion](problem, penalty, path))


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


def _hopeless(scores: list[float]) -> bool:
    """Return whether the evidence has long been falling towards small lambda.

    There the data are followed into their noise, and the solutions take longest.
    """
    if len(scores) < 4:
        return False
    a, b, c = scores[-3:]
    return a < b < c and c > a + _HOPELESS
