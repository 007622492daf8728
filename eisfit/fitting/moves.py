"""Ways out of a false minimum: arcs exchanged, arcs sent elsewhere, everything shaken."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.residual import Objective
from eisfit.fitting.start import time_indices

Array = NDArray[Any]

MOST_SWAPS = 16
CROWD = 3  # arcs from which on two of them may hide in one process


@dataclass(frozen=True)
class Moves:
    """The arcs of a circuit, as lists of free coordinates (resistance first), grouped by kind.

    `times` are the free coordinates that are the logarithm of a time constant.
    """

    groups: tuple[tuple[tuple[int, ...], ...], ...]
    times: frozenset[int]

    @property
    def doubt(self) -> int:
        """How often agreement is challenged: with many arcs it alone proves little."""
        arcs = sum(len(group) for group in self.groups)
        return max(1, arcs - CROWD)

    @classmethod
    def of(cls, objective: Objective) -> Moves:
        """Return the moves of an objective's circuit, among its free parameters."""
        place = {int(i): k for k, i in enumerate(objective.free)}
        by_size: dict[int, list[tuple[int, ...]]] = {}
        for arc in objective.coords.arcs:
            members = [i for i in (arc.resistance, arc.store, arc.alpha) if i is not None]
            if all(i in place for i in members):
                by_size.setdefault(len(members), []).append(tuple(place[i] for i in members))
        times = time_indices(objective.circuit, objective.coords)
        return cls(
            tuple(tuple(group) for group in by_size.values()),
            frozenset(place[i] for i in times if i in place),
        )

    def challenges(
        self, objective: Objective, s: int, best: Array, bounds: tuple[Array, Array]
    ) -> Array:
        """Return the best place with two arcs exchanged, for each pair where that matters."""
        swapped = []
        for group in self.groups:
            for one, other in combinations(group, 2):
                row = best.copy()
                row[list(one)], row[list(other)] = best[list(other)], best[list(one)]
                swapped.append(row)
        if not swapped:
            return np.empty((0, len(best)))
        batch = np.clip(np.array([best, *swapped]), *bounds)
        residuals, _ = objective(batch, np.full(len(batch), s))
        cost = np.einsum("bm,bm->b", residuals, residuals)
        return batch[1:][np.abs(cost[1:] - cost[0]) > 1e-6 * cost[0]][:MOST_SWAPS]

    def regroupings(self, best: Array, bounds: tuple[Array, Array]) -> Array:
        """Return places with two neighbouring arcs merged and the free one put into a gap.

        The false minima of many arcs are of this kind: two arcs share one process and a third
        covers two.
        """
        rows = []
        for group in self.groups:
            if len(group) < CROWD or len(group[0]) != 3:
                continue
            line = sorted(group, key=lambda arc: best[arc[1]])
            times = np.array([best[arc[1]] for arc in line])
            reach = [times[0] - 1.5, *(0.5 * (times[1:] + times[:-1])), times[-1] + 1.5]
            for i, (one, other) in enumerate(pairwise(line)):
                for gap, place in enumerate(reach):
                    if gap == i + 1:
                        continue
                    row = best.copy()
                    share = 1.0 / (1.0 + np.exp(best[other[0]] - best[one[0]]))
                    row[one[0]] = np.logaddexp(best[one[0]], best[other[0]])
                    row[one[1]] = share * best[one[1]] + (1 - share) * best[other[1]]
                    row[one[2]] = share * best[one[2]] + (1 - share) * best[other[2]] - 0.05
                    near = line[min(range(len(line)), key=lambda k: abs(times[k] - place))]
                    row[list(other)] = best[near[0]] - 1.5, place, 0.9
                    rows.append(row)
        return np.clip(np.array(rows), *bounds) if rows else np.empty((0, len(best)))

    def variations(
        self, best: Array, bounds: tuple[Array, Array], rng: np.random.Generator, count: int
    ) -> Array:
        """Return random variations (count, F) of the best place."""
        lower, upper = bounds
        out = np.repeat(best[None], count, axis=0)
        for row in out:
            kind = rng.integers(3) if self.groups else 2
            if kind == 2:
                row += rng.normal(0.0, 0.7, len(row))
                continue
            group = self.groups[rng.integers(len(self.groups))]
            if kind == 0 and len(group) > 1:
                i, j = rng.choice(len(group), 2, replace=False)
                row[list(group[i])], row[list(group[j])] = (
                    best[list(group[j])],
                    best[list(group[i])],
                )
                continue
            arc = group[rng.integers(len(group))]
            row[arc[0]] += rng.normal(0.0, 1.0)
            for k in self.times.intersection(arc):
                row[k] = rng.uniform(lower[k], upper[k])
        return np.clip(out, lower, upper)
