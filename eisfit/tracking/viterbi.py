"""Which name belongs to what, along a line of spectra: the cheapest path through all choices.

Dynamic programming after A. J. Viterbi, IEEE Trans. Inf. Theory 13 (1967) 260. A state gives every
name a place, or none; a step costs what its length is worth against uncertainty and typical drift,
with the heavy tail of Student's t, so that one jump does not cost more than many false names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

FREEDOM = 3.0  # of Student's t
GONE = 3.0  # cost of a name that appears or vanishes
NEAREST, FARTHEST = 0.25, 4.0  # distances in units of their median count within these limits
ROUNDS = 3  # of path and drift in turn
SMALLEST, LARGEST = 0.05, 1.0  # typical drift of a step, in e-folds


@dataclass(frozen=True, eq=False)
class Layer:
    """The ways (S) to give the names (A) places in K logarithmic coordinates in one spectrum.

    Attributes
    ----------
    place : (S, A, K)
        NaN where a name has no place.
    error : (S, A, K)
        Standard errors of the places.
    cost : (S,)
        What speaks against each way in this spectrum alone, as minus a log-likelihood.
    """

    place: Array
    error: Array
    cost: Array


def distances(position: ArrayLike) -> Array:
    """Return the distances (T - 1,) between positions (T,), the median being 1.

    Where positions are NaN or all equal, every distance is 1.
    """
    steps = np.abs(np.diff(np.asarray(position, dtype=np.float64)))
    some = steps[np.isfinite(steps) & (steps > 0)]
    if not len(some):
        return np.ones(len(steps))
    scaled = np.where(np.isfinite(steps), steps / np.median(some), 1.0)
    return np.asarray(np.clip(scaled, NEAREST, FARTHEST))


def cheapest_path(layers: Sequence[Layer], far: Array, drift: Array, weight: Array) -> list[int]:
    """Return the state of each layer on the cheapest path.

    Parameters
    ----------
    far : (T - 1,) distances between layers
    drift : (K,) typical drift over a distance of 1, to start from; the path's own replaces it
    weight : (K,) how much a coordinate counts
    """
    path = _walk(layers, far, drift, weight)
    for _ in range(ROUNDS - 1):
        drift = _own_drift(layers, path, far, drift)
        again = _walk(layers, far, drift, weight)
        if again == path:
            break
        path = again
    return path


def _walk(layers: Sequence[Layer], far: Array, drift: Array, weight: Array) -> list[int]:
    total = layers[0].cost
    seen = _Memory(layers[0].place, layers[0].error, np.zeros(layers[0].place.shape[:2]))
    back: list[Array] = []
    for layer, step in zip(layers[1:], far, strict=True):
        every = total[:, None] + _step_cost(seen, layer, float(step), drift, weight)
        best = every.argmin(axis=0)
        back.append(best)
        total = every[best, np.arange(len(best))] + layer.cost
        seen = seen.onward(best, layer, float(step))
    path = [int(total.argmin())]
    for best in reversed(back):
        path.append(int(best[path[-1]]))
    return path[::-1]


@dataclass(frozen=True, eq=False)
class _Memory:
    """Where each state's path saw every name last (S, A, K), and how far back (S, A)."""

    place: Array
    error: Array
    age: Array

    def onward(self, came_from: Array, layer: Layer, step: float) -> _Memory:
        absent = np.isnan(layer.place[:, :, 0])
        gap = absent[..., None]
        return _Memory(
            np.where(gap, self.place[came_from], layer.place),
            np.where(gap, self.error[came_from], layer.error),
            np.where(absent, self.age[came_from] + step, 0.0),
        )


def _step_cost(seen: _Memory, layer: Layer, step: float, drift: Array, weight: Array) -> Array:
    """Return the cost (S, S') of every step from one layer's states to the next one's."""
    apart = layer.place[None] - seen.place[:, None]
    reach = drift**2 * (seen.age[:, None, :, None] + step)
    variance = reach + seen.error[:, None] ** 2 + layer.error[None] ** 2
    bits = 0.5 * (FREEDOM + 1.0) * np.log1p(apart**2 / (FREEDOM * variance))
    bits += 0.5 * np.log(variance / drift**2)
    moved = np.nansum(bits * weight, axis=(2, 3))
    was_absent = np.isnan(seen.place[:, None, :, 0]) | (seen.age[:, None] > 0)
    changed = was_absent != np.isnan(layer.place[None, :, :, 0])
    return np.asarray(moved + GONE * changed.sum(axis=2))


def _own_drift(layers: Sequence[Layer], path: Sequence[int], far: Array, drift: Array) -> Array:
    """Return the drift (K,) that a path's own steps show, as their robust deviation."""
    place = np.array([layer.place[s] for layer, s in zip(layers, path, strict=True)])
    error = np.array([layer.error[s] for layer, s in zip(layers, path, strict=True)])
    steps = np.diff(place, axis=0)
    noise = error[1:] ** 2 + error[:-1] ** 2
    square = np.maximum(steps**2 - noise, 0.0) / far[:, None, None]
    out = drift.copy()
    for k in range(len(drift)):
        known = square[..., k][np.isfinite(square[..., k])]
        if len(known):
            # The mean of the middle and the largest: still names beside one that moves
            typical = np.sqrt(0.5 * (np.median(known) * 2.2 + np.mean(known)))
            out[k] = np.clip(typical, SMALLEST, LARGEST)
    return out
