"""Arcs that are alike but for what is asked of them: which of them is which?

An option that names one of several equivalent arcs makes their order matter. Then every order is
considered, in the random shapes and at the best place without any demands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.general import GeneralObjective
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.residual import Objective
from eisfit.fitting.search import search
from eisfit.fitting.start import Cloud, branches_of, cloud, equal_parts
from eisfit.spectrum import Spectrum

Array = NDArray[Any]

MOST = 120  # orders that are considered
BEST = 8  # of them are tried as starts


@dataclass(frozen=True)
class Orders:
    """Groups of exchangeable parts, as ranges of parameters, and ways to order all of them."""

    groups: tuple[tuple[range, ...], ...]
    ways: tuple[tuple[tuple[int, ...], ...], ...]

    @classmethod
    def of(cls, problem: Problem) -> Orders | None:
        """Return the orders of parts that options name; None where no order matters."""
        if not problem.touched:
            return None
        objective = problem.objective
        groups: list[tuple[range, ...]] = []
        inside: set[int] = set()
        for group in reversed(equal_parts(objective.circuit, objective.coords)):
            own = {i for span, _ in group for i in range(span.start, span.stop)}
            if not own.isdisjoint(problem.touched) and inside.isdisjoint(own):
                groups.append(tuple(span for span, _ in group))
                inside |= own
        if not groups:
            return None
        return cls(tuple(groups), _ways([len(group) for group in groups]))

    def apply(self, values: Array, way: int) -> Array:
        """Return values (K, P) with their parts in one of the orders."""
        out = values.copy()
        for group, places in zip(self.groups, self.ways[way], strict=True):
            for to, source in zip(group, places, strict=True):
                out[:, to] = values[:, group[source]]
        return out

    def shapes(self, problem: Problem, shapes: Cloud, seed: int) -> Cloud:
        """Return random shapes each in an order of its own.

        The one that breaks the inequalities between time constants and exponents least; chance
        decides between equals.
        """
        rng = np.random.default_rng(seed)
        least = np.full(len(shapes.values), np.inf)
        values, columns = shapes.values.copy(), shapes.columns.copy()
        branches, _ = branches_of(problem.objective.circuit)
        top = {branch.start: k for k, branch in enumerate(branches)}
        for way, order in enumerate(self.ways):
            trial = self.apply(shapes.values, way)
            broken = _broken(problem.objective, trial) + 1e-6 * rng.random(len(trial))
            rows = np.flatnonzero(broken < least)
            least[rows] = broken[rows]
            values[rows] = trial[rows]
            columns[rows] = shapes.columns[rows]
            for group, places in zip(self.groups, order, strict=True):
                for to, source in zip(group, places, strict=True):
                    k = top.get(to.start)
                    if k is not None and branches[k].stop == to.stop:
                        columns[rows, k] = shapes.columns[rows, top[group[source].start]]
        return replace(shapes, values=values, columns=columns)

    def starts(self, problem: Problem, used: Spectrum, options: FitOptions) -> Array:
        """Return the best orders (G, F) of the place that a fit without any demands finds."""
        model, lower, upper = problem.model, problem.lower[0], problem.upper[0]
        undemanding = replace(options, start={}, fixed={}, bounds={}, constraints=(), loss="linear",
                              loss_scale=None)  # fmt: skip
        if problem.objective.n_data < len(model.names):
            return np.empty((0, len(lower)))
        plain = Problem.of([used], model, undemanding)
        grid = plain.objective.curve.omega.tobytes()
        shapes = cloud(model.circuit, plain.objective.coords, grid, options.seed)
        none = np.empty((0, plain.lower.shape[1]))
        effort = replace(options.search, budget_s=0.5 * options.budget_s)
        bounds = plain.lower, plain.upper
        (found,) = search(plain.objective, bounds, shapes, none, options.seed, effort)
        values = plain.objective.coords.to_values(plain.objective.full(found.u[None]))
        every = np.concatenate([self.apply(values, way) for way in range(len(self.ways))])
        objective = problem.objective
        u = np.clip(objective.coords.to_coordinates(every)[:, objective.free], lower, upper)
        return u[np.argsort(_costs(objective, u), kind="stable")[:BEST]]


def _ways(sizes: Sequence[int]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Return all orders of groups of these sizes or, where they are too many, some at random."""
    if prod(factorial(size) for size in sizes) <= MOST:
        return tuple(product(*(permutations(range(size)) for size in sizes)))
    rng = np.random.default_rng(0)
    own = tuple(tuple(range(size)) for size in sizes)
    drawn = [tuple(tuple(rng.permutation(size).tolist()) for size in sizes) for _ in range(MOST)]
    return (own, *drawn[1:])


def _costs(objective: Objective, u: Array) -> Array:
    residuals, _ = objective(u, np.zeros(len(u), dtype=int))
    return np.nan_to_num((residuals**2).sum(axis=1), nan=np.inf)


def _broken(objective: Objective, values: Array) -> Array:
    """Return how far shapes (K, P) break inequalities that no scale of a branch can mend."""
    if not isinstance(objective, GeneralObjective) or objective.rules is None:
        return np.zeros(len(values))
    u = objective.coords.to_coordinates(values)[:, objective.free]
    margins, slopes = objective.margins(u)
    sized = np.array([slot.parameter.ohm != 0 for slot in objective.circuit.slots])
    sized[_stores(objective)] = False
    scaled = (slopes[:, :, sized[objective.free]] != 0.0).any(axis=(0, 2))
    return np.where(scaled, 0.0, np.maximum(np.nan_to_num(margins), 0.0)).sum(axis=1)


def _stores(objective: Objective) -> Sequence[int]:
    return [arc.store for arc in objective.coords.arcs if arc.store is not None]
