"""Whether a peak stays when data are taken away: other noise, a shorter window."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.relaxation.descent import linearised
from eisfit.relaxation.mixture import Candidate, Target

FloatArray = NDArray[np.float64]

_HALVES = 8
_SHORTER = 0.5 * np.log(10.0)
# A peak is lost where ln R moves or is uncertain by more, or where ln tau moves by more.
_LOST, _VAGUE, _AWAY = np.log(3.0), 0.7, 0.25 * np.log(10.0)


def stability(target: Target, candidate: Candidate) -> FloatArray:
    """Return (K,) shares of trials in which each peak of a candidate stays.

    Trials are random halves of the points, four and their complements, and the window without half
    a decade at either end, each with one Gauss-Newton step from the fit to everything.
    """
    jacobian, residual = linearised(target, candidate)
    active = np.flatnonzero(candidate.free)
    matrix = jacobian[active]
    variance = float(residual @ residual) / max(len(residual) - len(active), 1)
    terms = len(candidate.series)
    prior = np.concatenate([np.zeros(terms), target.prior(candidate.family)[1].ravel() ** -2])[
        active
    ]
    weights = _trials(target.log_omega.tobytes())
    normal = (weights[:, None, :] * matrix) @ matrix.T / variance
    normal += np.diag(prior + 1e-12 * np.diagonal(normal.sum(axis=0)))
    slope = (weights * residual) @ matrix.T / variance
    inverse = np.linalg.inv(normal)
    change = np.zeros((len(weights), len(candidate.free)))
    spread = np.zeros_like(change)
    change[:, active] = np.einsum("tpq,tq->tp", inverse, slope)
    spread[:, active] = np.sqrt(np.maximum(np.einsum("tpp->tp", inverse), 0.0))
    stays = (np.abs(change[:, terms::4]) < _LOST) & (spread[:, terms::4] < _VAGUE)
    stays &= np.abs(change[:, terms + 1 :: 4]) < _AWAY
    return np.asarray(stays.mean(axis=0))


@lru_cache(maxsize=32)
def _trials(frequencies: bytes) -> FloatArray:
    """Return (T, 2N), one for the data that a trial has and zero for the others."""
    log_omega = np.frombuffer(frequencies)
    count = len(log_omega)
    random = np.random.default_rng(0)
    halves = np.array([random.permutation(count) < count // 2 for _ in range(_HALVES // 2)])
    low = log_omega > log_omega.min() + _SHORTER
    high = log_omega < log_omega.max() - _SHORTER
    points = np.vstack([halves, ~halves, low, high])
    return readonly(np.hstack([points, points]).astype(float))
