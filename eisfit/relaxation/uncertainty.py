"""Seeded resamples of a DRT: what the data leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation.nnls import solve_nonnegative
from eisfit.relaxation.peaks import Peak, find_peaks, shoulder_strength
from eisfit.relaxation.solve import Regularised

FloatArray = NDArray[np.float64]

LEVEL = 0.95
_NEAR_DECADES = 0.25


@dataclass(frozen=True, eq=False)
class Resamples:
    """Draws of gamma on the grid, (S, M) in ohm.

    `posterior` answers what gamma may be, given the data and the smoothness; `repeated` what the
    same evaluation would give on other noise.
    """

    posterior: FloatArray
    repeated: FloatArray


def resample(solved: Regularised, count: int, seed: int) -> Resamples:
    """Draw from the non-negative posterior, and repeat the measurement with new noise.

    Posterior: randomise, then optimise (Bardsley and Fox, Inverse Probl. Sci. Eng. 20 (2012) 477):
    data and prior are perturbed by their own noise and the non-negative problem is solved again. In
    both kinds lambda itself is drawn from its evidence where that chose it.
    """
    problem = solved.problem
    random = np.random.default_rng(seed)
    path = solved.sweep.path
    picked = random.choice(len(path), size=count, p=_lambda_weights(solved))
    sigma = np.sqrt(solved.variance)
    noise = sigma * random.standard_normal((count, len(problem.target))) @ problem.matrix
    rows = problem.grid.derivative * np.sqrt(solved.weights)[:, None]
    prior = sigma * random.standard_normal((count, len(rows))) @ rows
    posterior = np.empty((count, len(problem.moment)))
    repeated = np.empty_like(posterior)
    for i, k in enumerate(picked):
        lam, start = path[k].lam, path[k].free
        normal = problem.normal + lam * solved.penalty
        fit = problem.normal @ path[k].x
        repeated[i], _ = solve_nonnegative(normal, fit + noise[i], start)
        moment = problem.moment + noise[i]
        moment[problem.n_terms :] += np.sqrt(lam) * prior[i]
        posterior[i], _ = solve_nonnegative(normal, moment, start)
    return Resamples(problem.gamma(posterior), problem.gamma(repeated))


def _lambda_weights(solved: Regularised) -> FloatArray:
    scores = solved.sweep.scores
    weights = np.zeros(len(scores))
    if solved.criterion == "evidence" and len(scores) > 1:
        weights = np.exp(-0.5 * (scores - np.nanmin(scores)))
        weights[weights < 0.01] = 0.0
    else:
        weights[int(np.nanargmin(scores))] = 1.0
    return weights / weights.sum()


def interval(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the bounds that hold `LEVEL` of (S, ...) draws, by quantiles over the first axis."""
    low, high = np.quantile(draws, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0], axis=0)
    return low, high


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
    """Look for `peaks` in (S, M) repeated gamma, each found there by the same rules."""
    near = _NEAR_DECADES * np.log(10.0) / spacing
    places = np.array([p.position for p in peaks])
    positions = np.full((len(repeated), len(peaks)), np.nan)
    areas = np.full_like(positions, np.nan)
    for i, gamma in enumerate(repeated):
        found = find_peaks(gamma, modulus, spacing, smallest)
        if not found:
            continue
        again = np.array([p.position for p in found])
        held = np.array([p.area(gamma, spacing) for p in found])
        distance = np.abs(again[:, None] - places)
        nearest = distance.argmin(axis=0)
        seen = distance[nearest, np.arange(len(places))] <= near
        positions[i, seen] = again[nearest[seen]]
        areas[i, seen] = held[nearest[seen]]
    return Sightings(positions, areas)


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
