"""The global minimum without starting values, for one spectrum or many of one grid.

A screen of random shapes gives a few different starts; they descend together; more are sent until
several agree on the lowest place and that place is about as low as the data allow. What happens to
one spectrum does not depend on which others are searched beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.descend import descend
from eisfit.fitting.floor import debye_floor
from eisfit.fitting.hunt import AGREE, NEAR_FLOOR, Effort, Hunt, Site
from eisfit.fitting.moves import Moves
from eisfit.fitting.residual import Objective
from eisfit.fitting.scales import Scales
from eisfit.fitting.solve import Limits, Race, Solution, Starts
from eisfit.fitting.start import Cloud, Pool, screen, time_indices

Array = NDArray[Any]

MOST = 256  # starts of a spectrum in one round: between rounds the clock is looked at
PATIENCE = 10.0  # steps away, at its present rate, that a start may be from those that agree
AS_GOOD = 6.0  # rise of chi-square, in units of the noise, that noise may have made
FINALISTS = 4  # places that are polished, where valleys may be flat
APART, ALIKE = 1.0, 0.7  # in ln tau: what makes two arcs different, and what makes them the same
GLANCE = Limits(iterations=3, tolerance=0.0)
LOOK = 160  # further down the ranking of shapes none is worth its descent
ROUGH = Limits(iterations=8, tolerance=1e-3, hopeless=1e3, bold=1e-2)
ROUGH_OF_UNLIKE = replace(ROUGH, iterations=12)  # arcs alone fall sooner
FINE = Limits(iterations=60, tolerance=1e-4, hopeless=5.0, horizon=100.0)
POLISH = Limits(iterations=200, tolerance=1e-10, damping=1e-6)
KEPT = 3  # times as many starts as usual survive a glance

# A start is followed to its end if its rough cost is below this times the best: in the first round,
# and in later ones, when the best is a finished fit
PROMISING, NEAR = 100.0, 5.0


@dataclass(frozen=True)
class Found:
    """The lowest place: free coordinates (F,), cost, and how the search went.

    `floor` is the reduced chi-square that a free sum of Debye terms reaches, NaN if not looked at.
    """

    u: Array
    cost: float
    converged: bool
    agreed: int
    starts: int
    rival: Rival | None = None
    floor: float = np.nan


@dataclass(frozen=True)
class Rival:
    """Two arcs (free coordinates of their tau) that may as well have changed places.

    `excess` is by how much chi-square is higher then, relatively.
    """

    arcs: tuple[int, int]
    excess: float


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
    sites = [
        Site(objective, s, (lower[s], upper[s]), moves, effort) for s in range(len(objective.data))
    ]
    hunts = [_begin(site, cloud, given, seed) for site in sites]
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
        found = _descend((coarse, objective), begin, _race(hunts), scales)
        edges = np.cumsum([0, *counts])
        for s, start, stop in zip(active, edges[:-1], edges[1:], strict=True):
            hunts[s].take_in(found.u[start:stop], found.cost[start:stop])
            hunts[s].plan()
        _cull(hunts, coarse, (lower, upper), KEPT * effort.later, scales)
    final = _polished(hunts, objective, moves, bounds, given, scales)
    return [
        Found(final.u[s], float(final.cost[s]), bool(final.converged[s]),
              hunt.agreed(float(final.cost[s])), len(hunt.costs),
              _rival(hunt, moves, final.u[s], float(final.cost[s]), objective), hunt.floor)
        for s, hunt in enumerate(hunts)
    ]  # fmt: skip


def _polished(
    hunts: Sequence[Hunt],
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
    hunt: Hunt, moves: Moves, best: Array, cost: float, objective: Objective
) -> Rival | None:
    """Return the two arcs whose exchange the noise could have decided, if there are any."""
    limit = cost * (1.0 + AS_GOOD / objective.freedom)
    for other_cost, u in sorted(hunt.low, key=lambda one: one[0]):
        if other_cost > limit:
            break
        for one, other in moves.pairs:
            a, b = one[1], other[1]
            apart = abs(best[a] - best[b]) > APART
            if apart and abs(u[a] - best[b]) < ALIKE and abs(u[b] - best[a]) < ALIKE:
                return Rival((a, b), max(other_cost / cost - 1.0, 0.0))
    return None


def _begin(site: Site, cloud: Cloud, given: Array, seed: int) -> Hunt:
    objective, s, effort = site.objective, site.s, site.effort
    look = LOOK if effort.shapes is None else effort.shapes // 3
    u, cost = screen(cloud, objective.data[s], objective.sigma[s], look, effort.shapes)
    free = objective.free
    u = np.minimum(np.maximum(u[:, free], site.bounds[0]), site.bounds[1])
    place = {int(i): k for k, i in enumerate(free)}
    times = time_indices(objective.circuit, objective.coords)
    pool = Pool(u, cost, [place[i] for i in times if i in place])
    first = np.concatenate([given, pool.take(effort.first)])
    return Hunt(site, pool, debye_floor(objective, s), first, np.random.default_rng(seed))


def _cull(
    hunts: Sequence[Hunt],
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


def _race(hunts: Sequence[Hunt]) -> Race:
    """Return what each search has reached, and what would be enough for its round."""
    site = hunts[0].site
    lead = np.array([hunt.cost for hunt in hunts])
    # Later on, those that come back to the best place must not end what others have begun
    wait = [bool(hunt.costs) for hunt in hunts]
    low = [NEAR_FLOOR * site.objective.freedom * hunt.floor for hunt in hunts]
    return Race(lead, np.where(wait, -1.0, low), site.needed, AGREE, PATIENCE)


def _descend(
    objectives: tuple[Objective, Objective], begin: Starts, race: Race, scales: Scales | None
) -> Solution:
    """Descend in two stages: all starts a little, then only the promising ones to the end.

    The first stage may do with a coarser objective than the second.
    """
    coarse, objective = objectives
    plain = objective.curve.rest is None
    rough = descend(coarse, begin, ROUGH if plain else ROUGH_OF_UNLIKE, scales)
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
