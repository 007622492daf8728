"""What the candidates together say of the peaks: places, resistances, gamma, and their spread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation import responses, shapes
from eisfit.relaxation.mixture import Candidate
from eisfit.relaxation.shapes import places

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]

_NEAR = 0.25 * np.log(10.0)
# What a candidate has this near a peak is part of it.
_BELONGS = 0.8 * np.log(10.0)
_DIFFERENCE = 1e-4
_MOST = 12
# Of the largest weight, what a candidate needs to be drawn from.
_LEAST_DRAWN = 0.15
# Standard deviations of a 95 % interval.
_REACH = 1.96
# Share of its area that a peak may hold in one point of a grid before it counts as narrow.
_NARROW = 0.15


@dataclass(frozen=True, eq=False)
class Posterior:
    """The best candidate, those near it, and how much each is believed.

    `points` is the number of data, for the variance that the parameters take of the misfit;
    `stable` the (K,) share of trials with fewer data in which each peak of the best stays.
    """

    candidates: tuple[Candidate, ...]
    weights: FloatArray
    points: int
    stable: FloatArray

    @classmethod
    def of(cls, ranked: list[Candidate], points: int, stable: FloatArray) -> Posterior:
        """Weigh candidates, best first, by their evidence."""
        kept = ranked[:_MOST]
        scores = np.array([c.score for c in kept])
        weights = np.exp(-0.5 * (scores - scores[0]))
        return cls(tuple(kept), weights / weights.sum(), points, stable)

    @property
    def best(self) -> Candidate:
        """The candidate with the largest evidence; its peaks are those of the result."""
        return self.candidates[0]

    @cached_property
    def order(self) -> IntArray:
        """The best candidate's peaks by ascending tau of their maxima."""
        return np.argsort(self._places[0][0])

    @cached_property
    def _places(self) -> list[tuple[FloatArray, FloatArray]]:
        """For each candidate ln tau (K,) of the maxima, and its derivatives (K, 4)."""
        family = np.concatenate([c.family for c in self.candidates])
        theta = np.vstack([c.theta for c in self.candidates])
        three = np.repeat(theta[None], 3, axis=0)
        three[1, :, 2] += _DIFFERENCE
        three[2, :, 3] += _DIFFERENCE
        at, by_p, by_q = places(np.tile(family, 3), three.reshape(-1, 4)).reshape(3, -1)
        slopes = np.zeros_like(theta)
        slopes[:, 1] = 1.0
        slopes[:, 2:] = (np.stack([by_p, by_q], axis=1) - at[:, None]) / _DIFFERENCE
        ends = np.cumsum([len(c) for c in self.candidates])[:-1]
        return list(zip(np.split(at, ends), np.split(slopes, ends), strict=True))

    @cached_property
    def _matches(self) -> list[IntArray]:
        """For each candidate the index of every peak of the best, -1 where it has none there."""
        own = self._places[0][0]
        found = []
        for other, _ in self._places:
            distance = np.abs(own[:, None] - other)
            nearest = distance.argmin(axis=1)
            near = distance[np.arange(len(own)), nearest] < _NEAR
            found.append(np.where(near, nearest, -1))
        return found

    def covariance(self, candidate: Candidate) -> FloatArray:
        """Return the (T + 4K, T + 4K) Laplace covariance of one candidate's parameters."""
        freedom = self.points - float(candidate.free.sum())
        return candidate.covariance * self.points / max(freedom, 1.0)

    def probability(self) -> FloatArray:
        """Return for each peak of the best the belief that it is real.

        The belief in candidates that have it times the share of trials in which it stays.
        """
        lacks = np.array([match < 0 for match in self._matches])
        return np.asarray((1.0 - self.weights @ lacks) * self.stable)

    def moments(
        self, groups: list[list[int]] | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return means and standard deviations of ln R, then of ln tau of the maxima, (G,) each.

        Over candidates that have the peak: the spread within each and between them.

        Parameters
        ----------
        groups : peaks of the best candidate that are one, the main one first; each alone if None
        """
        groups = groups or [[k] for k in range(len(self.best))]
        first, second, total = (np.zeros((2, len(groups))) for _ in range(3))
        for i, weight in enumerate(self.weights):
            mean, variance = self._own_moments(i, groups)
            here = np.isfinite(mean)
            total += weight * here
            first += weight * np.where(here, mean, 0.0)
            second += weight * np.where(here, variance + mean**2, 0.0)
        mean = first / total
        deviation = np.sqrt(np.maximum(second / total - mean**2, 0.0))
        return mean[0], deviation[0], mean[1], deviation[1]

    def _own_moments(self, which: int, groups: list[list[int]]) -> tuple[FloatArray, FloatArray]:
        """Return means and variances, (2, G) each, of ln R and ln tau within one candidate.

        Whatever a candidate has near a group belongs to it; NaN where it lacks the main peak.
        """
        candidate, match = self.candidates[which], self._matches[which]
        theta, terms = candidate.theta, len(candidate.series)
        covariance = self.covariance(candidate)[terms:, terms:]
        at, slopes = self._places[which]
        own = self._places[0][0]
        owner = np.full(len(theta), -1)
        distance = np.abs(at[:, None] - own)
        for g, group in enumerate(groups):
            owner[np.isin(distance.argmin(axis=1), group)] = g
        owner[distance.min(axis=1) > _BELONGS] = -1
        mean, variance = np.full((2, 2, len(groups)), np.nan)
        for g, group in enumerate(groups):
            k = match[group[0]]
            if k < 0:
                continue
            members = np.flatnonzero((owner == g) | (np.arange(len(theta)) == k))
            log_r = theta[members, 0]
            mean[:, g] = np.logaddexp.reduce(log_r), at[k]
            share = np.exp(log_r - mean[0, g])
            block = covariance[4 * k : 4 * k + 4, 4 * k : 4 * k + 4]
            variance[0, g] = share @ covariance[np.ix_(4 * members, 4 * members)] @ share
            variance[1, g] = slopes[k] @ block @ slopes[k]
        return mean, variance

    def gamma(self, log_tau: FloatArray) -> FloatArray:
        """Return gamma in ohm, (M,), averaged over the candidates."""
        return self.weights @ self._curves(log_tau)

    def series(self) -> FloatArray:
        """Return the (T,) scaled sizes of the series terms, averaged over the candidates."""
        return self.weights @ np.array([c.series for c in self.candidates])

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Return the (N,) impedance in ohm of the peaks alone, averaged over the candidates."""
        family = np.concatenate([c.family for c in self.candidates])
        theta = np.vstack([c.theta for c in self.candidates])
        each = np.repeat(self.weights, [len(c) for c in self.candidates])
        return each @ responses.evaluate(family, theta, np.log(omega))[:, 0]

    def _curves(self, log_tau: FloatArray) -> FloatArray:
        """Return (C, M) gamma of every candidate."""
        family = np.concatenate([c.family for c in self.candidates])
        theta = np.vstack([c.theta for c in self.candidates])
        curves = binned(family, theta, log_tau)
        if (family == shapes.FROEHLICH).any():
            edges = np.concatenate([self._edges(c) for c in self.candidates])
            flat = family == shapes.FROEHLICH
            curves[flat] = _softened(theta[flat], edges[flat], log_tau)
        owner = np.repeat(np.arange(len(self.candidates)), [len(c) for c in self.candidates])
        return (owner == np.arange(len(self.candidates))[:, None]) @ curves

    def _edges(self, candidate: Candidate) -> FloatArray:
        """Return (K, 2) standard deviations of ln tau -+ exp(p), the ends of a plateau."""
        terms = len(candidate.series)
        covariance = self.covariance(candidate)[terms:, terms:]
        out = np.empty((len(candidate), 2))
        for k, half in enumerate(np.exp(candidate.theta[:, 2])):
            block = covariance[4 * k + 1 : 4 * k + 3, 4 * k + 1 : 4 * k + 3]
            for i, by in enumerate((np.array([1.0, -half]), np.array([1.0, half]))):
                out[k, i] = np.sqrt(max(float(by @ block @ by), 0.0))
        return out

    def draws(self, log_tau: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
        """Return (S, M) draws of gamma: a candidate by its weight, its parameters by Laplace.

        Each peak's ln gamma is followed to first order in the parameters, which keeps it positive.
        """
        weights = np.where(self.weights > _LEAST_DRAWN * self.weights.max(), self.weights, 0.0)
        picked = random.choice(len(self.candidates), size=count, p=weights / weights.sum())
        out = np.empty((count, len(log_tau)))
        for i in np.unique(picked):
            chosen = picked == i
            out[chosen] = self._own_draws(self.candidates[i], log_tau, int(chosen.sum()), random)
        return out

    def _own_draws(
        self, candidate: Candidate, log_tau: FloatArray, count: int, random: np.random.Generator
    ) -> FloatArray:
        family, theta, terms = candidate.family, candidate.theta, len(candidate.series)
        covariance = self.covariance(candidate)[terms:, terms:]
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.clip(values, 0.0, 1.0))
        change = random.standard_normal((count, len(root))) @ root.T
        moved = np.repeat(theta[None], 4, axis=0)
        for j in (1, 2, 3):
            moved[j, :, j] += _DIFFERENCE
        four = binned(np.tile(family, 4), moved.reshape(-1, 4), log_tau)
        gamma, *shifted = np.maximum(four.reshape(4, *theta.shape[:1], -1), 1e-300)
        slopes = (np.array(shifted) / gamma - 1.0) / _DIFFERENCE
        total = np.zeros((count, len(log_tau)))
        for k in range(len(family)):
            by = change[:, 4 * k : 4 * k + 4]
            if family[k] == shapes.FROEHLICH:
                total += shapes.gamma(np.full(count, family[k]), theta[k] + by, log_tau)
                continue
            log_change = by @ np.vstack([np.ones(len(log_tau)), slopes[:, k]])
            total += gamma[k] * np.exp(np.clip(log_change, -5.0, 2.0))
        return total


def _softened(theta: FloatArray, edges: FloatArray, log_tau: FloatArray) -> FloatArray:
    """Return (F, M) plateaus whose ends are as blurred as they are uncertain."""
    from scipy.special import ndtr

    half = np.exp(theta[:, 2, None])
    u = log_tau - theta[:, 1, None]
    blur = np.maximum(edges, 1e-3)
    inside = ndtr((u + half) / blur[:, :1]) - ndtr((u - half) / blur[:, 1:])
    return inside * np.exp(theta[:, 0, None]) / (2.0 * half)


def binned(family: IntArray, theta: FloatArray, log_tau: FloatArray) -> FloatArray:
    """Return (F, M) gamma whose sum over an even grid is R, however narrow the peak.

    A peak narrower than the spacing would be missed or doubled by points; it is scaled by what the
    points far around it sum to.
    """
    gamma = shapes.gamma(family, theta, log_tau)
    spacing = log_tau[1] - log_tau[0]
    height = gamma.max(axis=1) * spacing / np.exp(theta[:, 0])
    narrow = height > _NARROW
    if narrow.any():
        around = np.arange(-400, 401) * spacing
        for k in np.flatnonzero(narrow):
            middle = log_tau[int(np.abs(log_tau - theta[k, 1]).argmin())]
            one = shapes.gamma(family[k : k + 1], theta[k : k + 1], middle + around)
            gamma[k] *= np.exp(theta[k, 0]) / (one.sum() * spacing)
    return gamma


def interval(mean: float, deviation: float) -> tuple[float, float]:
    """Return the 95 % interval of a quantity whose logarithm has this mean and deviation."""
    reach = _REACH * deviation
    return float(np.exp(mean - reach)), float(np.exp(mean + reach))
