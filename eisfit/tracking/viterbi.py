"""Which name belongs to what, along a line of spectra: the cheapest path through all choices.

Dynamic programming after A. J. Viterbi, IEEE Trans. Inf. Theory 13 (1967) 260. A state gives every
name a place, or none; a step costs what its length is worth against uncertainty and typical drift,
with the heavy tail of Student's t, so that one jump costs less than many false names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

FREEDOM = 6.0  # of Student's t
GONE = 3.0  # cost of a name that appears or vanishes
NEAREST, FARTHEST = 0.25, 4.0  # distances in units of their median count within these limits


@dataclass(frozen=True, eq=False)
class Layer:
    """The ways (S) to give the names (A) places in one spectrum, in two logarithmic coordinates.

    Attributes
    ----------
    place : (S, A, 2)
        NaN where a name has no place.
    error : (S, A, 2)
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


def cheapest_path(layers: Sequence[Layer], far: Array, drift: Array) -> list[int]:
    """Return the state of each layer on the cheapest path.

    Parameters
    ----------
    far : (T - 1,) distances between layers
    drift : (2,) typical drift over a distance of 1, in e-folds
    """
    first = layers[0]
    total = first.cost
    seen = _Memory(first.place, first.error, np.zeros(first.place.shape[:2]))
    back: list[Array] = []
    for layer, step in zip(layers[1:], far, strict=True):
        every = total[:, None] + _step_cost(seen, layer, float(step), drift)
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
    """Where each state's path saw every name last (S, A, 2), and how far back (S, A)."""

    place: Array
    error: Array
    age: Array

    def onward(self, came_from: Array, layer: Layer, step: float) -> _Memory:
        absent = np.isnan(layer.place[:, :, 0])
        return _Memory(
            np.where(absent[..., None], self.place[came_from], layer.place),
            np.where(absent[..., None], self.error[came_from], layer.error),
            np.where(absent, self.age[came_from] + step, 0.0),
        )


def _step_cost(seen: _Memory, layer: Layer, step: float, drift: Array) -> Array:
    """Return the cost (S, S') of every step from one layer's states to the next one's.

    Minus the log density of Student's t, for every coordinate of every name that has a place.
    """
    apart = layer.place[None] - seen.place[:, None]
    reach = drift**2 * (seen.age[:, None, :, None] + step)
    variance = reach + seen.error[:, None] ** 2 + layer.error[None] ** 2
    cost = 0.5 * (FREEDOM + 1.0) * np.log1p(apart**2 / (FREEDOM * variance))
    cost += 0.5 * np.log(variance / drift**2)
    was_absent = np.isnan(seen.place[:, None, :, 0]) | (seen.age[:, None] > 0)
    changed = was_absent != np.isnan(layer.place[None, :, :, 0])
    return np.asarray(np.nansum(cost, axis=(2, 3)) + GONE * changed.sum(axis=2))
