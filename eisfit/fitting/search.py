"""The global minimum without starting values.

A screen of random shapes gives a few different starts; they descend together; more are sent until
several agree on the lowest place and that place is about as low as the data allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.residual import Objective
from eisfit.fitting.solve import Limits, Solution, levenberg_marquardt
from eisfit.fitting.start import Cloud, Pool, screen, time_indices
from eisfit.kernels import debye, log_tau_grid, stacked

Array = NDArray[Any]

AGREE = 1e-3  # relative difference of cost within which two starts reached the same place
NEAR_FLOOR = 1.15
MOST_SWAPS = 16


@dataclass(frozen=True)
class Effort:
    """How hard to search: starts in the first round and in later ones, and rounds in all."""

    first: int = 8
    later: int = 16
    rounds: int = 6
    agreement: int = 3


@dataclass(frozen=True)
class Found:
    """The lowest place: free coordinates (F,), cost, and how the search went."""

    u: Array
    cost: float
    converged: bool
    agreed: int
    starts: int


def search(
    objective: Objective,
    bounds: tuple[Array, Array],
    cloud: Cloud,
    given: Array,
    rng: np.random.Generator,
    effort: Effort,
) -> Found:
    """Return the lowest place found.

    Parameters
    ----------
    bounds : lower and upper free coordinates (F,)
    cloud : random shapes on the objective's grid
    given : (G, F) the user's own starts, tried first; G may be 0
    """
    lower, upper = bounds
    free = objective.free
    values, cost = screen(cloud, objective.data, objective.sigma)
    shapes = np.clip(objective.coords.to_coordinates(values)[:, free], lower, upper)
    times = [int(np.flatnonzero(free == i)[0]) for i in _times(objective) if i in free]
    pool = Pool(shapes, cost, times)
    floor = debye_floor(objective)
    groups = _free_groups(objective, free)

    begin = np.concatenate([given, pool.take(effort.first)])
    u, costs = np.empty((0, len(free))), np.empty(0)
    starts, challenged = 0, False
    freedom = max(2 * len(objective.data) - len(free), 1)
    for _ in range(effort.rounds):
        best = costs.min() if len(costs) else np.inf
        found = _descend(objective, begin, lower, upper, best)
        starts += len(begin)
        u, costs = np.concatenate([u, found.u]), np.concatenate([costs, found.cost])
        low = costs.min()
        agreed = int((costs <= low * (1 + AGREE)).sum())
        if agreed >= effort.agreement and low / freedom <= NEAR_FLOOR * floor:
            swaps = _swaps(objective, u[costs.argmin()], groups, (lower, upper))
            if challenged or not len(swaps):
                break
            # Low and agreed on, and yet two unlike arcs may have taken each other's place
            begin, challenged = swaps, True
            continue
        half = effort.later // 2
        moved = _moves(u[costs.argmin()], groups, lower, upper, times, rng, effort.later - half)
        begin = np.concatenate([pool.take(half), moved])
    best_at = int(costs.argmin())
    polished = levenberg_marquardt(
        objective, u[best_at][None], lower, upper, Limits(iterations=200, tolerance=1e-10)
    )
    return Found(
        u=polished.u[0],
        cost=float(polished.cost[0]),
        converged=bool(polished.converged[0]),
        agreed=int((costs <= polished.cost[0] * (1 + AGREE) + 1e-300).sum()),
        starts=starts,
    )


def _descend(
    objective: Objective, begin: Array, lower: Array, upper: Array, best: float
) -> Solution:
    """Descend in two stages: all starts a little, then only the promising ones to the end."""
    rough = levenberg_marquardt(objective, begin, lower, upper, Limits(12, 1e-3))
    lead = min(best, float(rough.cost.min()))
    promising = rough.cost <= 25.0 * lead + 1e-300
    if not promising.any():
        return rough
    fine = levenberg_marquardt(
        objective, rough.u[promising], lower, upper, Limits(40, 1e-5, hopeless=10.0)
    )
    u, cost, converged = rough.u.copy(), rough.cost.copy(), rough.converged & False
    u[promising], cost[promising] = fine.u, fine.cost
    converged[promising] = fine.converged
    return Solution(u, cost, converged)


def _swaps(
    objective: Objective, best: Array, groups: list[list[list[int]]], bounds: tuple[Array, Array]
) -> Array:
    """Return the best place with two arcs exchanged, for each pair where that changes the curve."""
    swapped = []
    for group in groups:
        for one, other in combinations(group, 2):
            row = best.copy()
            row[one], row[other] = best[other], best[one]
            swapped.append(row)
    if not swapped:
        return np.empty((0, len(best)))
    batch = np.clip(np.array([best, *swapped]), *bounds)
    residuals, _ = objective(batch)
    cost = np.einsum("bm,bm->b", residuals, residuals)
    return batch[1:][np.abs(cost[1:] - cost[0]) > 1e-6 * cost[0]][:MOST_SWAPS]


def _moves(
    best: Array,
    groups: list[list[list[int]]],
    lower: Array,
    upper: Array,
    times: list[int],
    rng: np.random.Generator,
    count: int,
) -> Array:
    """Return variations of the best place: arcs exchanged, arcs sent elsewhere, all shaken."""
    out = np.repeat(best[None], count, axis=0)
    for row in out:
        kind = rng.integers(3) if groups else 2
        if kind == 2:
            row += rng.normal(0.0, 0.7, len(row))
            continue
        group = groups[rng.integers(len(groups))]
        if kind == 0 and len(group) > 1:
            i, j = rng.choice(len(group), 2, replace=False)
            row[group[i]], row[group[j]] = best[group[j]], best[group[i]]
            continue
        arc = group[rng.integers(len(group))]
        row[arc[0]] += rng.normal(0.0, 1.0)
        for k in set(arc) & set(times):
            row[k] = rng.uniform(lower[k], upper[k])
    return np.clip(out, lower, upper)


def _times(objective: Objective) -> list[int]:
    return time_indices(objective.circuit, objective.coords)


def _free_groups(objective: Objective, free: Array) -> list[list[list[int]]]:
    """Return all arcs as lists of free coordinates (resistance first), in one group."""
    position = {int(i): k for k, i in enumerate(free)}
    arcs: list[list[int]] = []
    for arc in objective.coords.arcs:
        members = [i for i in (arc.resistance, arc.store, arc.alpha) if i is not None]
        if all(i in position for i in members):
            arcs.append([position[i] for i in members])
    by_size: dict[int, list[list[int]]] = {}
    for members in arcs:
        by_size.setdefault(len(members), []).append(members)
    return list(by_size.values())


def debye_floor(objective: Objective) -> float:
    """Return the reduced chi-square that a free sum of Debye terms reaches, as a yardstick."""
    omega = objective.omega
    tau = log_tau_grid(0.3 / omega.max(), 3.0 / omega.min(), 2.5)
    columns = np.concatenate(
        [
            debye(omega, tau),
            np.stack([np.ones_like(omega), 1j * omega, 1.0 / (1j * omega)], axis=1),
        ],
        axis=1,
    )
    weight = 1.0 / objective.sigma.T.reshape(-1)
    matrix = stacked(columns) * weight[:, None]
    goal = np.concatenate([objective.data.real, objective.data.imag]) * weight
    matrix = matrix / np.linalg.norm(matrix, axis=0)
    if matrix.shape[1] >= matrix.shape[0] - 4:
        return 0.0
    solution, *_ = np.linalg.lstsq(matrix, goal, rcond=1e-10)
    misfit = goal - matrix @ solution
    return float(misfit @ misfit) / (matrix.shape[0] - matrix.shape[1])
