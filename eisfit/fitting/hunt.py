"""The search for one spectrum: what it has found so far, and where it starts next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.moves import Moves
from eisfit.fitting.relocate import relocations
from eisfit.fitting.residual import Objective
from eisfit.fitting.start import Pool

Array = NDArray[Any]

AGREE = 1e-3  # relative difference of cost within which two starts reached the same place
NEAR_FLOOR = 1.15
MANY = 10  # starts that agree, none having been lower for a round: what the model cannot fit
LOW = 1.2  # places below this times the best may turn out to be as good
CONTENDER, ELSEWHERE = 1.03, 0.1  # cost relative to the best, and distance from it, of the others


@dataclass(frozen=True)
class Effort:
    """How hard to search: starts in the first round and in later ones, and rounds in all.

    `shapes` of the cloud are looked at (all where None). What `agreement` starts agree on is
    challenged in every way where `doubts`, else only where arcs look misplaced. No round begins
    after `budget_s` seconds, save the first.
    """

    first: int = 12
    later: int = 16
    rounds: int = 6
    agreement: int = 3
    shapes: int | None = None
    doubts: bool = True
    budget_s: float = np.inf


EFFORTS = {
    "thorough": Effort(),
    # For many spectra, where a false minimum in a hundred may be seen by its neighbours
    "fast": Effort(first=4, later=8, rounds=2, agreement=2, shapes=192, doubts=False),
}


@dataclass(frozen=True)
class Site:
    """Where a hunt takes place: one spectrum of an objective, its bounds (F,) each, its moves."""

    objective: Objective
    s: int
    bounds: tuple[Array, Array]
    moves: Moves
    effort: Effort

    @property
    def needed(self) -> int:
        """How many starts must agree on a place that is as low as the data allow.

        A fast search believes one alone where arcs are few and no two of them could change places.
        """
        simple = not self.moves.crowded and not self.moves.pairs
        return 1 if simple and not self.effort.doubts else self.effort.agreement

    def regroupings(self, best: Array) -> list[Array]:
        """Return places with arcs given up and begun anew elsewhere."""
        found = [self.moves.regroupings(best, self.bounds)]
        if self.effort.doubts:
            found.append(relocations(self.objective, self.s, best, self.bounds))
        return found

    def restarts(self, best: Array) -> Array:
        """Return places with elements begun anew that may have ended where they do nothing."""
        return self.moves.restarts.rows(self.objective, self.s, best, self.bounds)


@dataclass
class Hunt:
    """The search for one spectrum: what it has found, and what it tries next."""

    site: Site
    pool: Pool
    floor: float
    next: Array
    rng: np.random.Generator
    best: Array = field(default_factory=lambda: np.empty(0))
    cost: float = np.inf
    costs: list[float] = field(default_factory=list)
    low: list[tuple[float, Array]] = field(default_factory=list)
    challenges: int = 0
    regrouped: float = np.inf
    over: bool = False

    def take_in(self, u: Array, costs: Array) -> None:
        """Note where starts have led."""
        self.costs.extend(costs.tolist())
        at = int(costs.argmin())
        if costs[at] < self.cost or not len(self.best):
            self.cost, self.best = float(costs[at]), u[at]
        for i in np.flatnonzero(costs <= LOW * self.cost):
            self.low.append((float(costs[i]), u[i]))

    def lowest(self, most: int) -> list[Array]:
        """Return the best place, and others that are nearly as low but lie elsewhere."""
        found = [self.best]
        for cost, u in sorted(self.low, key=lambda one: one[0]):
            if len(found) == most or cost > CONTENDER * self.cost:
                break
            if min(np.abs(u - one).max() for one in found) > ELSEWHERE:
                found.append(u)
        return found

    def agreed(self, cost: float) -> int:
        """Return how many starts have reached that cost."""
        return sum(one <= cost * (1 + AGREE) + 1e-300 for one in self.costs)

    def plan(self) -> None:
        """Decide whether the search is over and, if not, where to start next."""
        site, moves, agreed = self.site, self.site.moves, self.agreed(self.cost)
        better = self.cost < (1 - AGREE) * self.regrouped
        low = self.cost / site.objective.freedom <= NEAR_FLOOR * self.floor
        if agreed >= site.needed and (low or (agreed >= MANY and not better)):
            self.next = self._doubts(better)
            enough = moves.doubt if site.effort.doubts else 1
            self.over = self.challenges >= enough or not len(self.next)
            self.challenges += 1
            return
        half = site.effort.later // 2
        trials = [self.pool.take(half)]
        if better:
            # Each new best place once: what the typical false minimum would need
            self.regrouped = self.cost
            trials += [*site.regroupings(self.best), moves.slides(self.best, site.bounds)]
            trials.append(site.restarts(self.best))
        trials.append(moves.variations(self.best, site.bounds, self.rng, site.effort.later - half))
        self.next = np.concatenate(trials)

    def _doubts(self, better: bool) -> Array:
        """Return starts that challenge what is low and agreed on: arcs may have changed places."""
        site, moves, first = self.site, self.site.moves, self.challenges == 0
        best, bounds = self.best, self.site.bounds
        tests = [moves.slides(best, bounds) if site.effort.doubts else best[None][:0]]
        if first:
            tests.append(moves.challenges(site.objective, site.s, best, bounds))
            tests.append(site.restarts(best))
        if (first or better) and moves.is_doubtful(best):
            self.regrouped = self.cost
            tests += site.regroupings(best)
        found = np.concatenate(tests)
        odd = len(moves.restarts.elements) > 1  # one may take the place of another
        if not site.effort.doubts or not (len(found) or not first or odd):
            return found
        half = site.effort.later // 2
        shaken = half if moves.crowded or not first else 0
        fresh = 2 * half if moves.crowded and first else half
        others = moves.variations(best, bounds, self.rng, shaken)
        return np.concatenate([found, others, self.pool.take(fresh)])
