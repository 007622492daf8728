"""Ways out of a false minimum: arcs exchanged, arcs sent elsewhere, everything shaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import find_arcs
from eisfit.circuit.circuit import Circuit
from eisfit.fitting.residual import Objective
from eisfit.fitting.restarts import NOTHING, Restarts
from eisfit.fitting.start import equal_parts, time_indices
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

MOST_SWAPS = 16
MARGIN = 4.0  # in ln tau: how far bounds lie outside of what the frequencies reach, about
HIDDEN = 4.0  # ln of how much smaller than the largest a resistance is that counts for little
BROAD = 0.65  # an exponent below it is rare in a single process
CLOSE = 2.0  # in ln tau: arcs closer than that are hard to tell apart
CROWD = 4  # arcs from which on two of them may hide in one process


@dataclass(frozen=True)
class Moves:
    """The arcs of a circuit, as lists of free coordinates (resistance first), grouped by kind.

    `times` are the free coordinates that are the logarithm of a time constant, `pairs` the arcs of
    one kind that are worth exchanging, `bare` the resistances without a time constant, `restarts`
    what else may have ended where it does nothing.
    """

    groups: tuple[tuple[tuple[int, ...], ...], ...]
    times: frozenset[int]
    pairs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    bare: tuple[int, ...]
    restarts: Restarts = NOTHING

    @property
    def doubt(self) -> int:
        """How often agreement is challenged: with many arcs it alone proves little."""
        return max(1, sum(len(group) for group in self.groups) - CROWD + 1)

    @property
    def crowded(self) -> bool:
        """Whether there are so many arcs that two may hide in one process."""
        return sum(len(group) for group in self.groups) >= CROWD

    @classmethod
    def of(cls, objective: Objective) -> Moves:
        """Return the moves of an objective's circuit, among its free parameters."""
        free = tuple(objective.free.tolist())
        plain = _moves(objective.circuit, objective.coords, free, objective.linear_in_scales)
        return replace(plain, restarts=Restarts.of(objective))

    def challenges(
        self, objective: Objective, s: int, best: Array, bounds: tuple[Array, Array]
    ) -> Array:
        """Return the best place with two arcs exchanged, for each pair where that matters."""
        swapped = self._swaps(best)
        if not swapped:
            return np.empty((0, len(best)))
        batch = np.clip(np.array([best, *swapped]), *bounds)
        residuals, _ = objective(batch, np.full(len(batch), s))
        cost = np.einsum("bm,bm->b", residuals, residuals)
        return batch[1:][np.abs(cost[1:] - cost[0]) > 1e-6 * cost[0]][:MOST_SWAPS]

    def _swaps(self, best: Array) -> list[Array]:
        swapped = []
        for one, other in self.pairs:
            row = best.copy()
            row[list(one)], row[list(other)] = best[list(other)], best[list(one)]
            swapped.append(row)
        return swapped

    def is_doubtful(self, best: Array) -> bool:
        """Whether some arc may cover two processes, or two arcs one."""
        for group in self.groups:
            if len(group) < 2 or len(group[0]) != 3:
                continue
            broad = min(best[arc[2]] for arc in group) < BROAD
            close = np.diff(np.sort([best[arc[1]] for arc in group])).min() < CLOSE
            if len(group) >= CROWD or broad or close:
                return True
        return False

    def regroupings(self, best: Array, bounds: tuple[Array, Array]) -> Array:
        """Return places with two neighbouring arcs merged and the free one put into a gap.

        The false minima of many arcs are of this kind: two arcs share one process and a third
        covers two.
        """
        rows = []
        for group in self.groups:
            if len(group) < 2 or len(group[0]) != 3:
                continue
            line = sorted(group, key=lambda arc: best[arc[1]])
            times = np.array([best[arc[1]] for arc in line])
            gaps = [times[0] - 1.5, *(0.5 * (times[1:] + times[:-1])), times[-1] + 1.5]
            for i, arc in enumerate(line):
                inner = 0 < i < len(line) - 1
                into = (-1, 1) if inner else (1 if i == 0 else -1,)
                # 0: nobody takes over. An arc at the edge, or one broader than most processes,
                # may stand for nothing
                alone = (0,) if not inner or best[arc[2]] < BROAD else ()
                for merged in (*into, *alone):
                    kept = best.copy()
                    if merged:
                        merge(kept, line[i + merged], arc)
                    elif i == 0 and len(self.bare) == 1:
                        # The fastest arc may stand for the series resistance, or a share of it
                        (bare,) = self.bare
                        kept[bare] = np.logaddexp(kept[bare], kept[arc[0]])
                    for gap, place in enumerate(gaps):
                        if gap in (i, i + 1):
                            continue
                        row = kept.copy()
                        near = line[int(np.argmin(np.abs(times - place)))]
                        row[list(arc)] = best[near[0]] - 1.5, place, 0.9
                        rows.append(row)
        return np.clip(np.array(rows), *bounds) if rows else np.empty((0, len(best)))

    def slides(self, best: Array, bounds: tuple[Array, Array]) -> Array:
        """Return places with a hidden arc moved into the window, along tau / R = C.

        An arc of next to no resistance, or one beyond the window, is no more than its capacitance:
        in a valley along which the fit has nowhere to fall. While it hides, others may have changed
        places at no cost, so each exchange is tried as well.
        """
        arcs = [arc for group in self.groups for arc in group]
        largest = max((best[arc[0]] for arc in arcs), default=0.0)
        rows = []
        for arc in arcs:
            low = bounds[0][arc[1]] + MARGIN
            high = bounds[1][arc[1]] - 1.5 * MARGIN
            if best[arc[0]] > largest - HIDDEN and low < best[arc[1]] < high:
                continue
            for base in (best, *self._swaps(best)):
                for place in np.linspace(low, high, 6)[1:-1]:
                    row = base.copy()
                    row[list(arc[:2])] += place - row[arc[1]]
                    rows.append(row)
        return np.clip(np.array(rows), *bounds) if rows else np.empty((0, len(best)))

    def variations(
        self, best: Array, bounds: tuple[Array, Array], rng: np.random.Generator, count: int
    ) -> Array:
        """Return random variations (count, F) of the best place."""
        lower, upper = bounds
        arcs = [arc for group in self.groups for arc in group]
        out = np.repeat(best[None], count, axis=0)
        for row in out:
            kind = rng.integers(5) if arcs else 0
            if kind == 0:
                row += rng.normal(0.0, 0.7, len(row))
                continue
            group = self.groups[rng.integers(len(self.groups))]
            if kind == 1 and len(group) > 1:
                one, other = (list(group[i]) for i in rng.choice(len(group), 2, replace=False))
                row[one], row[other] = best[other], best[one]
                continue
            if kind == 2:
                # Along tau / R = C, the valley in which an arc beyond the window hides
                arc = arcs[rng.integers(len(arcs))]
                row[list(arc[:2])] += rng.choice([-1.0, 1.0]) * rng.uniform(1.0, 9.0)
                continue
            # One arc goes anywhere in time and takes about the size of another
            arc, model = (arcs[i] for i in rng.integers(len(arcs), size=2))
            row[arc[0]] = max(best[arc[0]], best[model[0]]) + rng.normal(0.0, 1.0)
            for k in self.times.intersection(arc):
                margin = MARGIN if upper[k] - lower[k] > 4.0 * MARGIN else 0.0
                row[k] = rng.uniform(lower[k] + margin, upper[k] - margin)
        return np.clip(out, lower, upper)


@lru_cache(maxsize=64)
def _moves(circuit: Circuit, coords: Coordinates, free: tuple[int, ...], plain: bool) -> Moves:
    place = {i: k for k, i in enumerate(free)}
    by_size: dict[int, list[tuple[int, ...]]] = {}
    arcs = find_arcs(circuit)
    own = [arc for arc in arcs if arc.tau is not None]
    for arc in (*coords.arcs, *own):
        time = arc.store if arc.tau is None else arc.tau
        members = [i for i in (arc.resistance, time, arc.alpha) if i is not None]
        if all(i in place for i in members):
            by_size.setdefault(len(members), []).append(tuple(place[i] for i in members))
    # Arcs that are whole siblings of one kind: exchanging them changes nothing
    alike = [
        {tuple(sorted(place.get(i, -1) for i in span)) for span, _ in group}
        for group in (equal_parts(circuit, coords) if plain else ())
    ]
    pairs = tuple(
        (one, other)
        for group in by_size.values()
        for one, other in combinations(group, 2)
        if not any({tuple(sorted(one)), tuple(sorted(other))} <= same for same in alike)
    )
    times = frozenset(place[i] for i in time_indices(circuit, coords) if i in place)
    bare = tuple(
        place[i] for i in (arc.resistance for arc in arcs if not arc.has_tau) if i in place
    )
    return Moves(tuple(tuple(group) for group in by_size.values()), times, pairs, bare)


def merge(row: Array, into: Sequence[int], arc: Sequence[int]) -> None:
    """Let one arc take over another's resistance and lie between the two, in place."""
    share = 1.0 / (1.0 + np.exp(row[arc[0]] - row[into[0]]))
    row[into[0]] = np.logaddexp(row[into[0]], row[arc[0]])
    row[into[1]] = share * row[into[1]] + (1 - share) * row[arc[1]]
    row[into[2]] = share * row[into[2]] + (1 - share) * row[arc[2]] - 0.05
