"""Arcs moved to where the misfit says that one is missing.

The false minima of many arcs are of one kind: two arcs share a process, or one does next to
nothing, and a weak process elsewhere has none. So each arc in turn is given up, alone or to a
neighbour, and the data are asked where another would help most: to first order in all the others,
which is a projection (matching pursuit; S. G. Mallat, Z. Zhang, IEEE Trans. Signal Process. 41
(1993) 3397, made orthogonal to the tangent of the rest).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.fitting.moves import BROAD, merge
from eisfit.fitting.residual import Objective

Array = NDArray[Any]

STEP = 0.5  # in ln tau between the places that are tried
ALPHAS = (1.0, 0.8)
DAMPING = 1e-2  # of what the others may do meanwhile, relative to the normal matrix's diagonal
APART = 1.0  # in ln tau between two places of one arc
MOST = 8  # places in all
HALVES = 1.2  # in ln tau to either side of a broad arc: where two take its place


def relocations(objective: Objective, s: int, best: Array, bounds: tuple[Array, Array]) -> Array:
    """Return places (G, F) with one arc elsewhere, the most promising first."""
    arcs = _movable(objective)
    if len(arcs) < 2 or not objective.linear_in_scales:
        return np.empty((0, len(best)))
    bases, moved = _without_one(best, arcs, bounds[0])
    times, alphas, columns = _candidates(objective.curve.omega.tobytes())
    gain, size = _gains(objective, s, bases, moved, columns)
    found: list[tuple[float, Array]] = []
    for base, arc, costs, sizes in zip(bases, moved, gain, size, strict=True):
        for k in _lowest(costs, times):
            row = base.copy()
            row[arc] = np.log(sizes[k]), times[k], alphas[k]
            found.append((float(costs[k]), row))
    found.sort(key=lambda one: one[0])
    rows = [row for _, row in found[:MOST]] + _halves(best, bases, moved, arcs)
    return np.clip(np.array(rows), *bounds) if rows else np.empty((0, len(best)))


def _halves(
    best: Array, bases: Array, moved: list[list[int]], arcs: list[list[int]]
) -> list[Array]:
    """Return places with the broadest arc in two, the other half made of an arc given up.

    Only where it is broader than processes are: it may cover two.
    """
    broad = min(arcs, key=lambda arc: best[arc[2]])
    rows: list[Array] = []
    if best[broad[2]] >= BROAD:
        return rows
    for base, arc in zip(bases, moved, strict=True):
        if arc is broad or base[broad[1]] != best[broad[1]]:
            continue
        row = base.copy()
        size = best[broad[0]] - np.log(2.0)
        row[broad] = size, best[broad[1]] - HALVES, ALPHAS[1]
        row[arc] = size, best[broad[1]] + HALVES, ALPHAS[1]
        rows.append(row)
    return rows


def _movable(objective: Objective) -> list[list[int]]:
    """Return the free coordinates (ln R, ln tau, alpha) of the arcs in series that are all free."""
    bank = objective.curve.bank
    place = {int(i): k for k, i in enumerate(objective.free)}
    if bank is None:
        return []
    whole = [
        [int(i) for i in row] for row, flat in zip(bank.places, bank.flat, strict=True) if not flat
    ]
    return [[place[i] for i in row] for row in whole if all(i in place for i in row)]


def _without_one(best: Array, arcs: list[list[int]], lower: Array) -> tuple[Array, list[list[int]]]:
    """Return places (G, F) with one arc gone, alone or merged with a neighbour, and which it is."""
    line = sorted(arcs, key=lambda arc: best[arc[1]])
    rows, moved = [], []
    for i, arc in enumerate(line):
        heirs = [line[k] for k in (i - 1, i + 1) if 0 <= k < len(line)]
        for heir in (None, *heirs):
            row = best.copy()
            if heir is not None:
                merge(row, heir, arc)
            row[arc[0]] = lower[arc[0]]
            rows.append(row)
            moved.append(arc)
    return np.array(rows), moved


@lru_cache(maxsize=16)
def _candidates(grid: bytes) -> tuple[Array, Array, Array]:
    """Return ln tau (K,), alpha (K,) and impedance (K, 2N), real and imaginary in turn."""
    ln_omega = np.log(np.frombuffer(grid))
    times = np.arange(-ln_omega.max() - 1.0, -ln_omega.min() + 1.0, STEP)
    times, alphas = (one.ravel() for one in np.meshgrid(times, ALPHAS))
    power = alphas[:, None] * (ln_omega + times[:, None] + 0.5j * np.pi)
    return times, alphas, (1.0 / (1.0 + np.exp(power))).view(np.float64)


def _gains(
    objective: Objective, s: int, bases: Array, moved: list[list[int]], columns: Array
) -> tuple[Array, Array]:
    """Return the cost that each candidate should lead to (G, K), and the resistance it would have.

    Infinite where that would have to be negative.
    """
    residuals, slopes = objective(bases, np.full(len(bases), s))
    for row, arc in zip(slopes, moved, strict=True):
        row[arc] = 0.0
    columns = columns * objective.weight[s]
    gram = np.matmul(slopes, slopes.swapaxes(1, 2))
    index = np.arange(gram.shape[1])
    gram[:, index, index] *= 1.0 + DAMPING
    gram[:, index, index] += 1e-12 * gram[:, index, index].max(axis=1, keepdims=True)
    pull = np.matmul(slopes, residuals[..., None])
    across = np.matmul(slopes, columns.T)
    tangent = np.linalg.solve(gram, np.concatenate([across, pull], axis=2))
    cost = (residuals**2).sum(axis=1) - (pull[..., 0] * tangent[..., -1]).sum(axis=1)
    norm = (columns**2).sum(axis=1) - (across * tangent[..., :-1]).sum(axis=1)
    slope = residuals @ columns.T - (pull * tangent[..., :-1]).sum(axis=1)
    with np.errstate(all="ignore"):
        size = -slope / np.maximum(norm, 1e-300)
        costs = np.where(size > 0, cost[:, None] + slope * size, np.inf)
    return costs, size


def _lowest(costs: Array, times: Array) -> list[int]:
    """Return the best candidate, and the best one elsewhere."""
    first = int(costs.argmin())
    far = np.where(np.abs(times - times[first]) > APART, costs, np.inf)
    return [k for k in (first, int(far.argmin())) if np.isfinite(costs[k])]
