"""The sizes of branches in series, solved exactly at every step of a fit.

A circuit's top-level branches in series each have one linear scale. Given the shapes (time
constants, exponents, inner ratios), the best scales follow from the normal matrix that the step
has computed anyway, and so do cost, gradient and normal matrix at the rescaled place: no curve is
evaluated again. G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; A. Ruhe, P. A. Wedin,
SIAM Rev. 22 (1980) 318 (their algorithm 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.parser import Group, leaves
from eisfit.fitting.backend import compiled
from eisfit.fitting.residual import Objective
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

STRETCH = 1.5  # most that one step changes a scale by


@dataclass(frozen=True)
class Scales:
    """Which free coordinates a branch's scale moves, and which derivatives it multiplies.

    Attributes
    ----------
    moves : (n, F) d u / d ln s of each of the n scalable branches
    member : (n, F) 1 where a coordinate belongs to the branch
    """

    moves: Array
    member: Array

    @classmethod
    def of(cls, objective: Objective) -> Scales | None:
        """Return the scales of an objective's circuit, or None where no branch has one."""
        held = ~np.isnan(objective.held)
        return _scales(objective.circuit, objective.coords, tuple(np.flatnonzero(held).tolist()))

    @cached_property
    def single(self) -> tuple[Array, Array, Array] | None:
        """Where in a flattened Gram matrix the scales' normal matrix and slope stand; or None.

        Series resistances, arcs and capacitances all are of this kind: each scale moves one
        coordinate. Positions (n * n,) and (n,), and the moves (n,).
        """
        if (np.count_nonzero(self.moves, axis=1) != 1).any():
            return None
        columns = np.abs(self.moves).argmax(axis=1)
        steps = self.moves[np.arange(len(columns)), columns]
        width = self.moves.shape[1] + 1
        places = columns[:, None] * width + columns
        return places.ravel(), (width - 1) * width + columns, steps

    @cached_property
    def pushes(self) -> tuple[Array, Array]:
        """(n, 2 (F + 1)) and (2 (F + 1),): what a scale's excess over 1 does to two rows.

        The first row times the Gram matrix gives the new slopes, the other the new derivatives.
        """
        nothing = np.zeros((len(self.moves), 1))
        still = np.ones(2 * self.moves.shape[1] + 2)
        still[: self.moves.shape[1]] = 0.0
        return np.hstack([self.moves, nothing, self.member, nothing]), still

    def apply(self, u: Array, gram: Array, room: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return coordinates (B, F) and Gram matrices (`eisfit.fitting.normal`) at the best scales.

        `room` are the lower and upper coordinates (B, F), which hold.
        """
        fast = compiled()
        if fast is not None:
            u, gram = u.copy(), gram.copy()
            fast.rescale(u, gram, room, (self.moves, self.member, STRETCH))
            return u, gram
        excess, moved = self._best(u, gram, room)
        cost, width = gram[:, -1, -1], gram.shape[1]
        change, still = self.pushes
        rows = excess @ change
        rows += still
        step, factor = rows[:, :width], rows[:, width:]
        pushed = np.matmul(gram, step[..., None])[..., 0]
        better = np.einsum("bf,bf->b", pushed, step)
        # A stretch that was cut short can overshoot in the others; NaN is no better either
        if np.count_nonzero(better <= cost) < len(cost):
            worse = ~(better <= cost)
            factor[worse], better[worse], pushed[worse] = 1.0, cost[worse], gram[worse, -1]
            moved[worse] = u[worse]
        pushed *= factor
        pushed[:, -1] = better
        gram = gram * factor[:, :, None]
        gram *= factor[:, None]
        gram[:, -1] = pushed
        gram[:, :, -1] = pushed
        return moved, gram

    def _best(self, u: Array, gram: Array, room: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return by how much the best scales exceed 1 (B, n), and where they lead (B, F).

        They stay in the room; a scale that cannot remains 1.
        """
        count, size = len(u), len(self.moves)
        if self.single is None:
            slope = gram[:, -1, :-1] @ self.moves.T
            curvature = self.moves @ gram[:, :-1, :-1] @ self.moves.T
        else:
            flat, (matrix, vector, steps) = gram.reshape(count, -1), self.single
            curvature = flat.take(matrix, axis=1).reshape(count, size, size)
            curvature *= steps[:, None] * steps
            slope = flat.take(vector, axis=1) * steps
        diagonal = curvature.reshape(count, -1)[:, :: size + 1]
        diagonal *= 1.0 + 1e-9
        diagonal += 1e-300
        excess = _excess(curvature, slope)
        moved = u + np.log1p(excess) @ self.moves
        for _ in range(size):
            out = (moved < room[0]) | (moved > room[1])
            if not np.count_nonzero(out):
                break
            # Without the stuck ones the others have another optimum
            rows = np.flatnonzero(out.any(axis=1))
            held = (out[rows] @ self.member.T > 0) | (excess[rows] == 0.0)
            free = ~held
            part = curvature[rows] * (free[:, :, None] & free[:, None, :])
            part.reshape(len(rows), -1)[:, :: size + 1] += held
            excess[rows] = np.where(held, 0.0, _excess(part, slope[rows] * free))
            moved[rows] = u[rows] + np.log1p(excess[rows]) @ self.moves
        return excess, moved


def _excess(curvature: Array, slope: Array) -> Array:
    less = np.linalg.solve(curvature, slope[..., None])[..., 0]
    return -np.minimum(np.maximum(less, 1.0 - STRETCH), 1.0 - 1.0 / STRETCH)


@lru_cache(maxsize=64)
def _scales(circuit: Circuit, coords: Coordinates, fixed: tuple[int, ...]) -> Scales | None:
    root = circuit.root
    held = np.zeros(len(circuit.slots), dtype=bool)
    held[list(fixed)] = True
    if isinstance(root, Group) and root.kind == "parallel":
        parts: tuple[Any, ...] = () if coords.arcs == () else (root,)
        if len(list(leaves(root))) > 2:
            return None
    else:
        parts = root.parts if isinstance(root, Group) else (root,)
    ohm = np.array([float(slot.parameter.ohm) for slot in circuit.slots])
    for arc in coords.arcs:
        ohm[arc.store] = 0.0
    moves, member, at = [], [], 0
    for part in parts:
        stop = at + sum(len(leaf.element.parameters) for leaf in leaves(part))
        if not held[at:stop].any() and ohm[at:stop].any():
            inside = np.zeros(len(ohm))
            inside[at:stop] = 1.0
            member.append(inside)
            moves.append(inside * ohm)
        at = stop
    if not moves:
        return None
    free = np.flatnonzero(~held)
    return Scales(np.array(moves).take(free, axis=1), np.array(member).take(free, axis=1))
