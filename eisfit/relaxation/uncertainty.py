"""Seeded resamples of a DRT: what the data leave open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.relaxation.peaks import RISE, Peak, log_slope, shoulder_strength
from eisfit.relaxation.select import Solution, part_of, solve_definite
from eisfit.relaxation.solve import Regularised

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEVEL = 0.95
_NEAR_DECADES = 0.25
# Steps of the grid beside what is free that a draw may raise above zero.
_BESIDE = 2
_RIDGE = 1e-10
# Of the largest weight, what a lambda needs to be drawn.
_LEAST_WEIGHT = 0.03


@dataclass(frozen=True, eq=False)
class Resamples:
    """Draws of gamma on the grid, (S, M) in ohm.

    `posterior` answers what gamma may be, given the data and the smoothness, and is not cut at
    zero: areas of draws that are cut are too large. `repeated` is what the same evaluation would
    give on other noise.
    """

    posterior: FloatArray
    repeated: FloatArray


def resample(solved: Regularised, count: int, seed: int) -> Resamples:
    """Draw from the non-negative posterior, and repeat the measurement with new noise.

    Posterior: randomise, then optimise (Bardsley and Fox, Inverse Probl. Sci. Eng. 20 (2012) 477):
    data and prior are perturbed by their own noise and the problem is solved again. In both kinds
    lambda itself is drawn from its evidence where that chose it. All draws of one lambda are solved
    at once, for what is free in the solution or next to it; repeats are cut at zero.
    """
    problem = solved.problem
    random = np.random.default_rng(seed)
    path = solved.sweep.path
    picked = random.choice(len(path), size=count, p=_lambda_weights(solved))
    groups = {k: _loose(solved, path[k]) for k in map(int, np.unique(picked))}
    some = np.logical_or.reduce(list(groups.values()))
    sigma = np.sqrt(solved.variance)
    noise = np.zeros((count, len(some)))
    normal = _normal(seed, count, len(problem.target) + len(solved.weights))
    of_data, of_prior = normal[:, : len(problem.target)], normal[:, len(problem.target) :]
    noise[:, some] = of_data @ problem.matrix[:, some]
    rows = (problem.grid.derivative * np.sqrt(solved.weights)[:, None])[:, some[problem.n_terms :]]
    prior = np.zeros_like(noise)
    smooth = np.flatnonzero(some)[some[: problem.n_terms].sum() :]
    prior[:, smooth] = of_prior @ rows
    posterior, repeated = np.zeros_like(noise), np.zeros_like(noise)
    for k, loose in groups.items():
        chosen, solution = picked == k, path[k]
        shift = sigma * noise[chosen]
        pulled = problem.moment + shift + np.sqrt(solution.lam) * sigma * prior[chosen]
        moments = np.vstack([problem.normal @ solution.x + shift, pulled])
        again, drawn = np.split(_solutions(solved, solution, loose, moments), 2)
        repeated[chosen] = np.where(problem.signs, again, np.maximum(again, 0.0))
        posterior[chosen] = drawn
    return Resamples(problem.gamma(posterior), problem.gamma(repeated))


@lru_cache(maxsize=4)
def _normal(seed: int, count: int, numbers: int) -> FloatArray:
    """Return (count, numbers) normal deviates; spectra of one grid share them."""
    return readonly(np.random.default_rng([seed, 1]).standard_normal((count, numbers)))


def _loose(solved: Regularised, solution: Solution) -> BoolArray:
    """Return (P,) what draws may have: what is free in the solution, or next to it."""
    problem = solved.problem
    free = solution.free.copy()
    smooth = free[problem.n_terms :]
    smooth[:] = np.convolve(smooth, np.ones(2 * _BESIDE + 1), mode="same") > 0.5
    return np.asarray(free | problem.signs)


def _solutions(
    solved: Regularised, solution: Solution, loose: BoolArray, moments: FloatArray
) -> FloatArray:
    """Return (S, P) solutions for (S, P) moments with all zero but what is loose."""
    index = np.flatnonzero(loose)
    normal = part_of(solved.problem.normal, index) + solution.lam * part_of(solved.penalty, index)
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(normal), np.finfo(float).tiny))
    normal *= scale[:, None] * scale
    np.einsum("ii->i", normal)[:] += _RIDGE
    out = np.zeros_like(moments)
    out[:, index] = solve_definite(normal, (moments.take(index, axis=1) * scale).T).T * scale
    return out


def _lambda_weights(solved: Regularised) -> FloatArray:
    scores = solved.sweep.scores
    weights = np.zeros(len(scores))
    if solved.criterion == "evidence" and len(scores) > 1:
        weights = np.exp(-0.5 * (scores - np.nanmin(scores)))
        weights[weights < _LEAST_WEIGHT] = 0.0
    else:
        weights[int(np.nanargmin(scores))] = 1.0
    return weights / weights.sum()


def interval(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the bounds that hold `LEVEL` of (S, ...) draws, by quantiles over the first axis."""
    ordered = np.sort(draws, axis=0)
    low, high = (_between(ordered, part) for part in ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return low, high


def _between(ordered: FloatArray, part: float) -> FloatArray:
    """Return the quantile of sorted draws by linear interpolation, as numpy has it, but faster."""
    at = part * (len(ordered) - 1)
    first = min(int(at), len(ordered) - 2) if len(ordered) > 1 else 0
    last = min(first + 1, len(ordered) - 1)
    return np.asarray(ordered[first] + (at - first) * (ordered[last] - ordered[first]))


@dataclass(frozen=True, eq=False)
class Sightings:
    """K peaks looked for in S repeated evaluations, (S, K) each, NaN where a peak was not seen.

    `positions` in grid steps, `areas` in ohm.
    """

    positions: FloatArray
    areas: FloatArray

    @property
    def probability(self) -> FloatArray:
        """(K,) share of evaluations that show the peak within 0.25 decade."""
        return np.isfinite(self.positions).mean(axis=0)


def look_again(
    peaks: list[Peak], repeated: FloatArray, modulus: FloatArray, spacing: float, smallest: float
) -> Sightings:
    """Look for `peaks` in (S, M) repeated gamma, each within 0.25 decade.

    A maximum must be one again; beside a shoulder the slope of ln gamma must rise again.
    """
    near = int(_NEAR_DECADES * np.log(10.0) / spacing)
    positions, areas = np.full((2, len(repeated), len(peaks)), np.nan)
    total = np.pad(np.cumsum(repeated, axis=1), ((0, 0), (1, 0))) * spacing
    walls = [_walls(repeated, a, b) for a, b in pairwise(peaks)]
    first = np.full(len(repeated), peaks[0].start)
    last = np.full(len(repeated), peaks[-1].stop)
    bounds = np.stack([first, *walls, last], axis=1)
    held = np.diff(np.take_along_axis(total, bounds, axis=1), axis=1)
    for k, peak in enumerate(peaks):
        at, seen = (
            _maxima(repeated, peak, near)
            if peak.is_maximum
            else _bends(repeated, peaks, k, modulus, spacing)
        )
        middle = np.clip(np.round(at).astype(int), 0, len(modulus) - 1)
        seen &= held[:, k] > smallest * modulus[middle]
        positions[seen, k], areas[seen, k] = at[seen], held[seen, k]
    return Sightings(positions, areas)


def _walls(repeated: FloatArray, before: Peak, after: Peak) -> IntArray:
    """Return (S,) grid indices at which one peak ends and the next begins."""
    if not (before.is_maximum and after.is_maximum) or before.stop != after.start:
        return np.full(len(repeated), after.start)
    first, last = round(before.position), round(after.position)
    return np.asarray(first + repeated[:, first : last + 1].argmin(axis=1))


def _maxima(repeated: FloatArray, peak: Peak, near: int) -> tuple[FloatArray, BoolArray]:
    """Return (S,) positions of the highest maximum near a peak, and whether there is one."""
    first = max(round(peak.position) - near - 1, 0)
    part = repeated[:, first : round(peak.position) + near + 2]
    left, middle, right = part[:, :-2], part[:, 1:-1], part[:, 2:]
    tops = np.where((middle >= left) & (middle >= right) & (middle > 0), middle, -1.0)
    at = tops.argmax(axis=1)
    row = np.arange(len(repeated))
    three = np.stack([left[row, at], middle[row, at], right[row, at]])
    bend = three[0] - 2.0 * three[1] + three[2]
    shift = np.where(bend < 0, 0.5 * (three[0] - three[2]) / np.where(bend < 0, bend, 1.0), 0.0)
    return first + 1 + at + shift, tops[row, at] > 0


def _bends(
    repeated: FloatArray, peaks: list[Peak], k: int, modulus: FloatArray, spacing: float
) -> tuple[FloatArray, BoolArray]:
    """Return (S,) centres of mass of a shoulder, and whether there is one."""
    start, stop = peaks[k].start, peaks[k].stop
    part = repeated[:, start:stop]
    mass = part.sum(axis=1)
    at = part @ np.arange(start, stop) / np.where(mass > 0, mass, 1.0)
    first = round(peaks[k - 1].position) if k else start
    last = round(peaks[k + 1].position) if k + 1 < len(peaks) else stop
    slope = log_slope(repeated[:, first : last + 1], modulus[first : last + 1], spacing)
    rise = (slope - np.minimum.accumulate(slope, axis=1)).max(axis=1, initial=0.0)
    return at, (mass > 0) & (rise > RISE)


def separation(
    peaks: list[Peak], posterior: FloatArray, gamma: FloatArray, spacing: float
) -> FloatArray:
    """Return for each of K peaks the share of draws in which valleys part it from its neighbours.

    A peak as large as a shoulder must be needs no valley; its share is one.
    """
    shares = np.ones(len(peaks))
    for k, peak in enumerate(peaks):
        if peak.is_maximum and shoulder_strength(peaks, k, gamma, spacing) < 1.0:
            top = posterior[:, round(peak.position)]
            walls = [peak.start] * (k > 0) + [peak.stop - 1] * (k < len(peaks) - 1)
            shares[k] = min(np.mean(top > posterior[:, wall]) for wall in walls)
    return shares
