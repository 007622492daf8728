"""The global minimum without starting values, for one spectrum or many of one grid.

A screen of random shapes gives a few different starts; they descend together; more are sent until
several agree on the lowest place and that place is about as low as the data allow. What happens to
one spectrum does not depend on which others are searched beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.descend import descend
from eisfit.fitting.moves import Moves
from eisfit.fitting.residual import Objective
from eisfit.fitting.scales import Scales
from eisfit.fitting.solve import Limits, Race, Solution, Starts
from eisfit.fitting.start import Cloud, Pool, screen, time_indices
from eisfit.kernels import debye, log_tau_grid, stacked

Array = NDArray[Any]

AGREE = 1e-3  # relative difference of cost within which two starts reached the same place
NEAR_FLOOR = 1.15
MOST = 256  # starts of a spectrum in one round: between rounds the clock is looked at
LOW = 1.2  # places below this times the best may turn out to be as good
AS_GOOD = 6.0  # rise of chi-square, in units of the noise, that noise may have made
FINALISTS = 4  # places that are polished, where valleys may be flat
CONTENDER, ELSEWHERE = 1.03, 0.1  # cost relative to the best, and distance from it, of the others
APART, ALIKE = 1.0, 0.7  # in ln tau: what makes two arcs different, and what makes them the same
# further down the ranking of shapes none is worth its descent
GLANCE = Limits(iterations=3, tolerance=0.0)
LOOK = 160  # further down the ranking of shapes none is worth its descent
ROUGH = Limits(iterations=8, tolerance=1e-3, hopeless=1e3, bold=1e-2)
FINE = Limits(iterations=60, tolerance=1e-4, hopeless=5.0, horizon=100.0)
POLISH = Limits(iterations=200, tolerance=1e-10, damping=1e-6)
KEPT = 3  # times as many starts as usual survive a glance
# A start is followed to its end if its rough cost is below this times the best: in the first round,
# and in later ones, when the best is a finished fit
PROMISING, NEAR = 25.0, 5.0


@dataclass(frozen=True)
class Effort:
    """How hard to search: starts in the first round and in later ones, and rounds in all.

    `shapes` of the cloud are looked at (all where None). What `agreement` starts agree on is
    challenged in every way where `doubts`, else only where arcs look misplaced. No round begins
    after `budget_s` seconds, save the first.
    """

    first: int = 8
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
class Found:
    """The lowest place: free coordinates (F,), cost, and how the search went."""

    u: Array
    cost: float
    converged: bool
    agreed: int
    starts: int
    rival: Rival | None = None


@dataclass(frozen=True)
class Rival:
    """Two arcs (free coordinates of their tau) that may as well have changed places.

    `excess` is by how much chi-square is higher then, relatively.
    """

    arcs: tuple[int, int]
    excess: float


@dataclass
class _Hunt:
    """The search for one spectrum: what it has found, and what it tries next."""

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
        return sum(one <= cost * (1 + AGREE) + 1e-300 for one in self.costs)


def search(
    objective: Objective,
    bounds: tuple[Array, Array],
    cloud: Cloud,
    given: Array,
    seed: int,
    effort: Effort,
) -> list[Found]:
    """Return the lowest place found for each of the objective's S spectra.

    Parameters
    ----------
    bounds : lower and upper free coordinates (S, F)
    cloud : random shapes on the objective's grid
    given : (G, F) the user's own starts, tried first; G may be 0
    """
    until = perf_counter() + effort.budget_s
    lower, upper = bounds
    moves = Moves.of(objective)
    coarse = objective.thinned()
    scales = Scales.of(objective) if objective.linear_in_scales else None
    hunts = [
        _begin(objective, s, (lower[s], upper[s]), cloud, given, seed, effort)
        for s in range(len(objective.data))
    ]
    for turn in range(effort.rounds):
        active = [s for s, hunt in enumerate(hunts) if not hunt.over]
        if not active or (turn and perf_counter() > until):
            break
        for s in active:
            hunts[s].next = hunts[s].next[:MOST]
        counts = [len(hunts[s].next) for s in active]
        owner = np.repeat(active, counts)
        begin = Starts(np.concatenate([hunts[s].next for s in active]), owner,
                       lower[owner], upper[owner])  # fmt: skip
        found = _descend((coarse, objective), begin, _race(hunts, objective, moves, effort), scales)
        edges = np.cumsum([0, *counts])
        for s, start, stop in zip(active, edges[:-1], edges[1:], strict=True):
            hunts[s].take_in(found.u[start:stop], found.cost[start:stop])
            _plan(hunts[s], objective, s, moves, (lower[s], upper[s]), effort)
        _cull(hunts, coarse, (lower, upper), KEPT * effort.later, scales)
    final = _polished(hunts, objective, moves, bounds, given, scales)
    return [
        Found(final.u[s], float(final.cost[s]), bool(final.converged[s]),
              hunt.agreed(float(final.cost[s])), len(hunt.costs),
              _rival(hunt, moves, final.u[s], float(final.cost[s]), objective))
        for s, hunt in enumerate(hunts)
    ]  # fmt: skip


def _polished(
    hunts: Sequence[_Hunt],
    objective: Objective,
    moves: Moves,
    bounds: tuple[Array, Array],
    given: Array,
    scales: Scales | None,
) -> Solution:
    """Return the lowest end of each search: of its best places, and of what the user gave.

    In a flat valley starts stop early, so that the lowest is not always the one that ends lowest.
    """
    valleys = bool(moves.restarts.elements)
    ends = [[*(hunt.lowest(FINALISTS) if valleys else [hunt.best]), *given] for hunt in hunts]
    owner = np.repeat(np.arange(len(hunts)), [len(one) for one in ends])
    begin = Starts(np.concatenate(ends), owner, bounds[0][owner], bounds[1][owner])
    final = descend(objective, begin, POLISH, scales)
    cost = np.where(np.isfinite(final.cost), final.cost, np.inf)
    first = np.lexsort((cost, owner))[np.searchsorted(owner, np.arange(len(hunts)))]
    return Solution(final.u[first], final.cost[first], final.converged[first])


def _rival(
    hunt: _Hunt, moves: Moves, best: Array, cost: float, objective: Objective
) -> Rival | None:
    """Return the two arcs whose exchange the noise could have decided, if there are any."""
    freedom = max(objective.n_data - len(best), 1)
    limit = cost * (1.0 + AS_GOOD / freedom)
    for other_cost, u in sorted(hunt.low, key=lambda one: one[0]):
        if other_cost > limit:
            break
        for one, other in moves.pairs:
            a, b = one[1], other[1]
            apart = abs(best[a] - best[b]) > APART
            if apart and abs(u[a] - best[b]) < ALIKE and abs(u[b] - best[a]) < ALIKE:
                return Rival((a, b), max(other_cost / cost - 1.0, 0.0))
    return None


def _begin(
    objective: Objective,
    s: int,
    bounds: tuple[Array, Array],
    cloud: Cloud,
    given: Array,
    seed: int,
    effort: Effort,
) -> _Hunt:
    look = LOOK if effort.shapes is None else effort.shapes // 3
    u, cost = screen(cloud, objective.data[s], objective.sigma[s], look, effort.shapes)
    free = objective.free
    u = np.minimum(np.maximum(u[:, free], bounds[0]), bounds[1])
    place = {int(i): k for k, i in enumerate(free)}
    times = time_indices(objective.circuit, objective.coords)
    pool = Pool(u, cost, [place[i] for i in times if i in place])
    first = np.concatenate([given, pool.take(effort.first)])
    return _Hunt(pool, debye_floor(objective, s), first, np.random.default_rng(seed))


def _plan(
    hunt: _Hunt,
    objective: Objective,
    s: int,
    moves: Moves,
    bounds: tuple[Array, Array],
    effort: Effort,
) -> None:
    """Decide whether the search is over and, if not, where to start next."""
    freedom = max(objective.n_data - len(objective.free), 1)
    settled = hunt.agreed(hunt.cost) >= _needed(effort, moves)
    if settled and hunt.cost / freedom <= NEAR_FLOOR * hunt.floor:
        hunt.next = _doubts(hunt, objective, s, moves, bounds, effort)
        hunt.over = hunt.challenges >= (moves.doubt if effort.doubts else 1) or not len(hunt.next)
        hunt.challenges += 1
        return
    half = effort.later // 2
    trials = [hunt.pool.take(half)]
    if hunt.cost < (1 - AGREE) * hunt.regrouped:
        # Each new best place once: what the typical false minimum would need
        hunt.regrouped = hunt.cost
        trials += [moves.regroupings(hunt.best, bounds), moves.slides(hunt.best, bounds)]
        trials.append(moves.restarts.rows(objective, s, hunt.best, bounds))
    trials.append(moves.variations(hunt.best, bounds, hunt.rng, effort.later - half))
    hunt.next = np.concatenate(trials)


def _doubts(
    hunt: _Hunt,
    objective: Objective,
    s: int,
    moves: Moves,
    bounds: tuple[Array, Array],
    effort: Effort,
) -> Array:
    """Return starts that challenge what is low and agreed on: arcs may have changed places."""
    first = hunt.challenges == 0
    tests = [moves.slides(hunt.best, bounds)] if effort.doubts else [hunt.best[None][:0]]
    if first:
        tests.append(moves.challenges(objective, s, hunt.best, bounds))
        tests.append(moves.restarts.rows(objective, s, hunt.best, bounds))
    if (first or hunt.cost < (1 - AGREE) * hunt.regrouped) and moves.is_doubtful(hunt.best):
        hunt.regrouped = hunt.cost
        tests.append(moves.regroupings(hunt.best, bounds))
    found = np.concatenate(tests)
    odd = len(moves.restarts.elements) > 1  # one may take the place of another
    if not effort.doubts or not (len(found) or not first or odd):
        return found
    half = effort.later // 2
    others = moves.variations(hunt.best, bounds, hunt.rng, 0 if first else half)
    return np.concatenate([found, others, hunt.pool.take(half)])


def _cull(
    hunts: Sequence[_Hunt],
    objective: Objective,
    bounds: tuple[Array, Array],
    most: int,
    scales: Scales | None,
) -> None:
    """Glance at what searches with many ideas would start from, and keep the best of it."""
    long = [s for s, hunt in enumerate(hunts) if not hunt.over and len(hunt.next) > most]
    if not long:
        return
    for s in long:
        hunts[s].next = hunts[s].next[:MOST]
    counts = [len(hunts[s].next) for s in long]
    owner = np.repeat(long, counts)
    begin = Starts(np.concatenate([hunts[s].next for s in long]), owner,
                   bounds[0][owner], bounds[1][owner])  # fmt: skip
    seen = descend(objective, begin, GLANCE, scales)
    edges = np.cumsum([0, *counts])
    for s, start, stop in zip(long, edges[:-1], edges[1:], strict=True):
        order = np.argsort(seen.cost[start:stop], kind="stable")[:most]
        hunts[s].next = seen.u[start:stop][order]


def _race(hunts: Sequence[_Hunt], objective: Objective, moves: Moves, effort: Effort) -> Race:
    """Return what each search has reached, and what would be enough for its round."""
    freedom = max(objective.n_data - len(objective.free), 1)
    lead = np.array([hunt.cost for hunt in hunts])
    # Later on, those that come back to the best place must not end what others have begun; in a
    # thorough search not even at first, for a straggler may end lower
    wait = [bool(hunt.costs) or effort.doubts for hunt in hunts]
    low = [NEAR_FLOOR * freedom * hunt.floor for hunt in hunts]
    return Race(lead, np.where(wait, -1.0, low), _needed(effort, moves), AGREE)


def _needed(effort: Effort, moves: Moves) -> int:
    """Return how many starts must agree on a place that is as low as the data allow.

    A fast search believes one alone where arcs are few and no two of them could change places.
    """
    simple = moves.doubt == 1 and not moves.pairs
    return 1 if simple and not effort.doubts else effort.agreement


def _descend(
    objectives: tuple[Objective, Objective], begin: Starts, race: Race, scales: Scales | None
) -> Solution:
    """Descend in two stages: all starts a little, then only the promising ones to the end.

    The first stage may do with a coarser objective than the second.
    """
    coarse, objective = objectives
    rough = descend(coarse, begin, ROUGH, scales)
    u, cost = rough.u.copy(), rough.cost * (objective.n_data / coarse.n_data)
    lead = race.lead.copy()
    np.minimum.at(lead, begin.owner, cost)
    converged = np.zeros(len(u), dtype=bool)
    near = np.where(np.isfinite(race.lead), NEAR, PROMISING)[begin.owner]
    going = np.flatnonzero(cost <= near * lead[begin.owner] + 1e-300)
    if len(going):
        rest = begin[going]
        follow = Starts(rough.u[going], rest.owner, rest.lower, rest.upper)
        fine = descend(objective, follow, FINE, scales, race)
        u[going], cost[going], converged[going] = fine.u, fine.cost, fine.converged
    return Solution(u, cost, converged)


def debye_floor(objective: Objective, s: int) -> float:
    """Return the reduced chi-square that a free sum of Debye terms reaches, as a yardstick."""
    columns = _debye_columns(objective.curve.omega.tobytes())
    room = objective.n_data - columns.shape[1]
    if room <= 4:
        return 0.0
    goal, weight = objective.halves[0][s], objective.halves[1][s]
    matrix = columns * weight[:, None]
    gram = matrix.T @ matrix
    norm = np.sqrt(np.maximum(gram.diagonal(), 1e-300))
    gram /= norm[:, None] * norm
    gram[np.diag_indices_from(gram)] += 1e-11  # far below what the data can tell
    solution = np.linalg.solve(gram, goal @ matrix / norm) / norm
    misfit = goal - matrix @ solution
    return float(misfit @ misfit) / room


@lru_cache(maxsize=16)
def _debye_columns(grid: bytes) -> Array:
    omega = np.frombuffer(grid)
    tau = log_tau_grid(0.3 / omega.max(), 3.0 / omega.min(), 4.0)
    series: Sequence[Array] = (np.ones_like(omega), 1j * omega, 1.0 / (1j * omega))
    return stacked(np.concatenate([debye(omega, tau), np.stack(series, axis=1)], axis=1))
