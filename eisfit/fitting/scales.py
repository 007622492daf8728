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
    def single(self) -> tuple[Any, Array] | None:
        """The one coordinate that each scale moves, as a grid of indices, and the signs; or None.

        Series resistances, arcs and capacitances all are of this kind.
        """
        if (np.count_nonzero(self.moves, axis=1) != 1).any():
            return None
        columns = np.abs(self.moves).argmax(axis=1)
        steps = self.moves[np.arange(len(columns)), columns]
        return np.ix_(columns, columns), steps[:, None] * steps

    @cached_property
    def beside(self) -> tuple[Array, Array]:
        """`moves` and `member` with a column of zeros for the residuals."""
        nothing = np.zeros((len(self.moves), 1))
        return np.hstack([self.moves, nothing]), np.hstack([self.member, nothing])

    def apply(self, u: Array, gram: Array, room: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return coordinates (B, F) and Gram matrices (`eisfit.fitting.normal`) at the best scales.

        `room` are the lower and upper coordinates (B, F), which hold.
        """
        fast = compiled()
        if fast is not None:
            u, gram = u.copy(), gram.copy()
            fast.rescale(u, gram, room, (self.moves, self.member, STRETCH))
            return u, gram
        moves, member = self.beside
        scale, moved = self._best(u, gram, room)
        cost = gram[:, -1, -1]
        step = (scale - 1.0) @ moves
        step[:, -1] = 1.0
        pushed = np.matmul(gram, step[..., None])[..., 0]
        better = (pushed * step).sum(axis=1)
        worse = ~(better <= cost)  # a stretch that was cut short can overshoot in the others
        if np.count_nonzero(worse):
            scale[worse], better[worse], pushed[worse] = 1.0, cost[worse], gram[worse, -1]
            moved[worse] = u[worse]
        factor = 1.0 + (scale - 1.0) @ member
        pushed *= factor
        pushed[:, -1] = better
        gram = gram * factor[:, :, None]
        gram *= factor[:, None]
        gram[:, -1] = pushed
        gram[:, :, -1] = pushed
        return moved, gram

    def _best(self, u: Array, gram: Array, room: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return the best scales (B, n) that stay in the room, and where they lead (B, F).

        A scale that cannot stay in it remains 1.
        """
        slope = gram[:, -1, :-1] @ self.moves.T
        if self.single is None:
            curvature = self.moves @ gram[:, :-1, :-1] @ self.moves.T
        else:
            (rows, columns), signs = self.single
            curvature = gram[:, rows, columns] * signs
        size = len(self.moves)
        diagonal = curvature.reshape(len(u), -1)[:, :: size + 1]
        diagonal *= 1.0 + 1e-9
        diagonal += 1e-300
        scale = _stretch(curvature, slope)
        moved = u + np.log(scale) @ self.moves
        for _ in range(size):
            out = (moved < room[0]) | (moved > room[1])
            if not np.count_nonzero(out):
                break
            # Without the stuck ones the others have another optimum
            rows = np.flatnonzero(out.any(axis=1))
            held = (out[rows] @ self.member.T > 0) | (scale[rows] == 1.0)
            free = ~held
            matrix = curvature[rows] * (free[:, :, None] & free[:, None, :])
            matrix.reshape(len(rows), -1)[:, :: size + 1] += held
            scale[rows] = np.where(held, 1.0, _stretch(matrix, slope[rows] * free))
            moved[rows] = u[rows] + np.log(scale[rows]) @ self.moves
        return scale, moved


def _stretch(curvature: Array, slope: Array) -> Array:
    change = np.linalg.solve(curvature, slope[..., None])[..., 0]
    return np.minimum(np.maximum(1.0 - change, 1.0 / STRETCH), STRETCH)


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
