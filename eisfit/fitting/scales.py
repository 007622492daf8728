"""The sizes of branches in series, solved exactly at every step of a fit.

A circuit's top-level branches in series each have one linear scale. Given the shapes (time
constants, exponents, inner ratios), the best scales follow from the normal matrix that the step
has computed anyway, and so do cost, gradient and normal matrix at the rescaled place: no curve is
evaluated again. G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; A. Ruhe, P. A. Wedin,
SIAM Rev. 22 (1980) 318 (their algorithm 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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

    def apply(
        self, u: Array, cost: Array, gradient: Array, hessian: Array, room: tuple[Array, Array]
    ) -> tuple[Array, Array, Array, Array]:
        """Return coordinates (B, F), cost, gradient and normal matrix at the best scales.

        `room` are the lower and upper coordinates (B, F), which hold.
        """
        fast = compiled()
        if fast is not None:
            u, cost, gradient, hessian = (one.copy() for one in (u, cost, gradient, hessian))
            fast.rescale(u, cost, gradient, hessian, room, (self.moves, self.member, STRETCH))
            return u, cost, gradient, hessian
        scale, moved = self._best(u, gradient, hessian, room)
        step = (scale - 1.0) @ self.moves
        pushed = (hessian @ step[..., None])[..., 0]
        better = cost + ((2.0 * gradient + pushed) * step).sum(axis=1)
        worse = ~(better <= cost)  # a stretch that was cut short can overshoot in the others
        if worse.any():
            scale[worse], better[worse], pushed[worse] = 1.0, cost[worse], 0.0
            moved[worse] = u[worse]
        factor = 1.0 + (scale - 1.0) @ self.member
        turned = (gradient + pushed) * factor
        bent = hessian * (factor[:, :, None] * factor[:, None, :])
        return moved, better, turned, bent

    def _best(
        self, u: Array, gradient: Array, hessian: Array, room: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Return the best scales (B, n) that stay in the room, and where they lead (B, F).

        A scale that cannot stay in it remains 1.
        """
        slope = gradient @ self.moves.T
        one = np.eye(len(self.moves))
        curvature = self.moves @ hessian @ self.moves.T
        curvature *= 1.0 + 1e-9 * one
        curvature += 1e-300 * one
        scale = _stretch(curvature, slope)
        moved = u + np.log(scale) @ self.moves
        for _ in range(len(one)):
            out = (moved < room[0]) | (moved > room[1])
            rows = out.any(axis=1)
            if not rows.any():
                break
            # Without the stuck ones the others have another optimum
            held = (out[rows] @ self.member.T > 0) | (scale[rows] == 1.0)
            free = ~held
            matrix = curvature[rows] * (free[:, :, None] & free[:, None, :]) + held[..., None] * one
            scale[rows] = np.where(held, 1.0, _stretch(matrix, slope[rows] * free))
            moved[rows] = u[rows] + np.log(scale[rows]) @ self.moves
        return scale, moved


def _stretch(curvature: Array, slope: Array) -> Array:
    change = -np.linalg.solve(curvature, slope[..., None])[..., 0]
    return np.minimum(np.maximum(1.0 + change, 1.0 / STRETCH), STRETCH)


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
    return Scales(np.array(moves)[:, ~held], np.array(member)[:, ~held])
