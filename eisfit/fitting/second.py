"""A second search, from other random shapes, where the first is no proof.

A false minimum hangs on the shapes that were drawn: another draw ends in the same one about as
seldom as any does. So where arcs stand beside unlike elements, a place that is higher than the data
allow, or one of many processes, is looked for twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.hunt import AGREE, EFFORTS
from eisfit.fitting.moves import Moves
from eisfit.fitting.options import FitOptions
from eisfit.fitting.orders import Orders
from eisfit.fitting.problem import Problem
from eisfit.fitting.search import Found, search
from eisfit.fitting.start import Cloud, cloud
from eisfit.spectrum import Spectrum

Array = NDArray[Any]

HIGH = 1.3  # reduced chi-square over that of a free sum of Debye terms that noise seldom makes
MANY = 4  # processes of unlike kinds, from which on one search may mix them up


@dataclass(frozen=True)
class Begin:
    """What a search of a problem begins with: random shapes, the user's starts (G, F), a seed."""

    problem: Problem
    shapes: Cloud
    given: Array
    seed: int

    @classmethod
    def of(cls, problem: Problem, first: Spectrum, options: FitOptions, seed: int) -> Begin:
        """Return it for a problem, of which `first` is the first spectrum."""
        objective = problem.objective
        grid = objective.curve.omega.tobytes()
        shapes = cloud(problem.model.circuit, objective.coords, grid, seed)
        given = problem.given(shapes)
        orders = Orders.of(problem)
        if orders is not None:
            shapes = orders.shapes(problem, shapes, seed)
            given = np.concatenate([given, orders.starts(problem, first, options)])
        return cls(problem, shapes, given, seed)

    def search(self, options: FitOptions, until: float) -> list[Found]:
        """Return the lowest places; no round begins after `until` (`perf_counter`)."""
        problem = self.problem
        mixed = Moves.of(problem.objective).restarts.elements
        # A fast search is for arcs: unlike elements mislead it, and have it try as much
        known = EFFORTS["thorough"] if options.effort == "fast" and mixed else options.search
        effort = replace(known, budget_s=until - perf_counter())
        bounds = (problem.lower, problem.upper)
        return search(problem.objective, bounds, self.shapes, self.given, self.seed, effort)


def searched(
    begin: Begin, used: Sequence[Spectrum], options: FitOptions, until: float
) -> list[Found]:
    """Return the lowest places for all spectra of a problem, of two searches where one is no proof.

    Parameters
    ----------
    used : the spectra, without masked points
    until : `perf_counter` after which no search begins
    """
    found = begin.search(options, until)
    doubtful = _doubtful(begin.problem, found) if options.effort == "thorough" else []
    if not doubtful or perf_counter() > until:
        return found
    few = [used[s] for s in doubtful]
    problem = Problem.of(few, begin.problem.model, options)
    again = Begin.of(problem, few[0], options, options.seed + 1).search(options, until)
    for s, other in zip(doubtful, again, strict=True):
        found[s] = _better(found[s], other)
    return found


def _doubtful(problem: Problem, found: Sequence[Found]) -> list[int]:
    """Return the spectra for which one search is no proof."""
    objective = problem.objective
    restarts = Moves.of(objective).restarts
    if not restarts.elements:
        return []
    if len(restarts.reassign.units) >= MANY and restarts.reassign.orders:
        return list(range(len(found)))
    return [s for s, one in enumerate(found) if one.cost / objective.freedom > HIGH * one.floor]


def _better(one: Found, other: Found) -> Found:
    """Return the lower of two, with what both searches say of it."""
    best = min(one, other, key=lambda found: found.cost)
    starts = one.starts + other.starts
    same = max(one.cost, other.cost) <= best.cost * (1 + AGREE)
    agreed = one.agreed + other.agreed if same else best.agreed
    return replace(best, starts=starts, agreed=agreed)
