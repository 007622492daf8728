"""Which name belongs to what, along a line of spectra: the cheapest path through all choices.

Dynamic programming after A. J. Viterbi, IEEE Trans. Inf. Theory 13 (1967) 260. A state gives every
name a place, or none; a step costs what its length is worth against uncertainty and typical drift,
with the heavy tail of Student's t, so that one jump costs less than many false names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

FREEDOM = 6.0  # of Student's t
GONE = 3.0  # cost of a name that appears or vanishes
ROUNDS = 2  # in which what all names do together is taken off
SKIP = 0.5  # weight of the step from the layer before the last
MOST = 4_000_000  # choices of three layers at once; of more, two are looked at
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


def cheapest_path(
    layers: Sequence[Layer], far: Array, drift: Array, gone: float = GONE
) -> list[int]:
    """Return the state of each layer on the cheapest path.

    What the names do together, the median of their steps, is no drift: where all change with
    temperature, each is held against the others.

    Parameters
    ----------
    far : (T - 1,) distances between layers
    drift : (2,) typical drift over a distance of 1, in e-folds
    gone : cost of a name that appears or vanishes
    """
    step = _Step(drift, gone)
    path = _path(layers, far, step)
    for _ in range(ROUNDS):
        again = _path(_levelled(layers, path), far, step)
        if again == path:
            break
        path = again
    return path


def _levelled(layers: Sequence[Layer], path: Sequence[int]) -> list[Layer]:
    """Return layers without what the names of a path do together."""
    place = np.array([layer.place[s] for layer, s in zip(layers, path, strict=True)])
    steps = np.diff(place, axis=0)
    known = np.isfinite(steps[..., 0])
    common = [np.median(one[here], axis=0) if here.any() else np.zeros(2)
              for one, here in zip(steps, known, strict=True)]  # fmt: skip
    moved = np.cumsum([np.zeros(2), *common], axis=0)
    return [replace(layer, place=layer.place - shift)
            for layer, shift in zip(layers, moved, strict=True)]  # fmt: skip


def _path(layers: Sequence[Layer], far: Array, step: _Step) -> list[int]:
    """Return the cheapest path as it stands.

    Each layer is compared with the one before and, at less weight, with the one before that, so
    that a single layer in which nothing is where it was does not exchange names for good.
    """
    seen = [_Memory.at(layers[0])]
    total = layers[0].cost[None]  # (states of the layer before, states of this one)
    back: list[Array] = []
    for t, layer in enumerate(layers[1:], 1):
        near = step.cost(seen[-1], layer, float(far[t - 1]))
        if total.size * len(layer.cost) > MOST:
            back.append(np.repeat(total.argmin(axis=0)[:, None], len(layer.cost), axis=1))
            total = total.min(axis=0)[:, None] + near + layer.cost
        else:
            every = total[:, :, None] + near
            if len(seen) > 1:
                skip = step.cost(seen[-2], layer, float(far[t - 2] + far[t - 1]))
                every += SKIP * skip[:, None]
            back.append(every.argmin(axis=0))
            total = every.min(axis=0) + layer.cost
        seen = [seen[-1], seen[-1].onward(total.argmin(axis=0), layer, float(far[t - 1]))]
    path = [int(k) for k in np.unravel_index(int(total.argmin()), total.shape)][-len(layers) :]
    for t in range(len(layers) - 1, 1, -1):
        path.insert(0, int(back[t - 1][path[0], path[1]]))
    return path


@dataclass(frozen=True, eq=False)
class _Memory:
    """Where each state's path saw every name last (S, A, 2), and how far back (S, A)."""

    place: Array
    error: Array
    age: Array

    @classmethod
    def at(cls, layer: Layer) -> _Memory:
        return cls(layer.place, layer.error, np.zeros(layer.place.shape[:2]))

    def onward(self, came_from: Array, layer: Layer, far: float) -> _Memory:
        absent = np.isnan(layer.place[:, :, 0])
        return _Memory(
            np.where(absent[..., None], self.place[came_from], layer.place),
            np.where(absent[..., None], self.error[came_from], layer.error),
            np.where(absent, self.age[came_from] + far, 0.0),
        )


@dataclass(frozen=True, eq=False)
class _Step:
    """What a step from one layer to another costs."""

    drift: Array
    gone: float

    def cost(self, seen: _Memory, layer: Layer, far: float) -> Array:
        """Return the cost (S, S') of every step from one layer's states to another's.

        Minus the log density of Student's t, for every coordinate of every name that has a place.
        """
        apart = layer.place[None] - seen.place[:, None]
        reach = self.drift**2 * (seen.age[:, None, :, None] + far)
        variance = reach + seen.error[:, None] ** 2 + layer.error[None] ** 2
        cost = 0.5 * (FREEDOM + 1.0) * np.log1p(apart**2 / (FREEDOM * variance))
        cost += 0.5 * np.log(variance / self.drift**2)
        was_absent = np.isnan(seen.place[:, None, :, 0]) | (seen.age[:, None] > 0)
        changed = was_absent != np.isnan(layer.place[None, :, :, 0])
        return np.asarray(np.nansum(cost, axis=(2, 3)) + self.gone * changed.sum(axis=2))
