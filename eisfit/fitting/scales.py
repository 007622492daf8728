"""The sizes of branches in series, solved exactly at every step of a fit.

A circuit's top-level branches in series each have one linear scale. Given the shapes (time
constants, exponents, inner ratios), the best scales follow from the normal matrix that the step
has computed anyway, and so do cost, gradient and normal matrix at the rescaled place: no curve is
evaluated again. G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; A. Ruhe, P. A. Wedin,
SIAM Rev. 22 (1980) 318 (their algorithm 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.parser import Group, leaves
from eisfit.fitting.residual import Objective

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
        circuit, coords = objective.circuit, objective.coords
        root = circuit.root
        if isinstance(root, Group) and root.kind == "parallel":
            parts: tuple[Any, ...] = () if objective.coords.arcs == () else (root,)
            if len(list(leaves(root))) > 2:
                return None
        else:
            parts = root.parts if isinstance(root, Group) else (root,)
        ohm = np.array([float(slot.parameter.ohm) for slot in circuit.slots])
        for arc in coords.arcs:
            ohm[arc.store] = 0.0
        held = ~np.isnan(objective.held)
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
        free = objective.free
        return cls(np.array(moves)[:, free], np.array(member)[:, free])

    def apply(
        self, u: Array, cost: Array, gradient: Array, hessian: Array, room: tuple[Array, Array]
    ) -> tuple[Array, Array, Array, Array]:
        """Return coordinates (B, F), cost, gradient and normal matrix at the best scales.

        `room` are the lower and upper coordinates (B, F), which hold.
        """
        scale = self._best(u, gradient, hessian, room)
        step = (scale - 1.0) @ self.moves
        pushed = (hessian @ step[..., None])[..., 0]
        better = cost + ((2.0 * gradient + pushed) * step).sum(axis=1)
        worse = ~(better <= cost)  # a stretch that was cut short can overshoot in the others
        if worse.any():
            scale[worse], better[worse], pushed[worse] = 1.0, cost[worse], 0.0
        factor = 1.0 + (scale - 1.0) @ self.member
        turned = (gradient + pushed) * factor
        bent = hessian * (factor[:, :, None] * factor[:, None, :])
        return u + np.log(scale) @ self.moves, better, turned, bent

    def _best(self, u: Array, gradient: Array, hessian: Array, room: tuple[Array, Array]) -> Array:
        """Return the best scales (B, n) that stay in the room; one that cannot stays at 1."""
        slope = gradient @ self.moves.T
        curvature = self.moves @ hessian @ self.moves.T
        index = np.arange(len(self.moves))
        curvature[:, index, index] *= 1.0 + 1e-9
        curvature[:, index, index] += 1e-300
        scale = _stretch(curvature, slope)
        for _ in range(len(index)):
            moved = u + np.log(scale) @ self.moves
            stuck = ((moved < room[0]) | (moved > room[1])) @ self.member.T > 0
            rows = stuck.any(axis=1)
            if not rows.any():
                break
            # Without the stuck ones the others have another optimum
            held = stuck[rows] | (scale[rows] == 1.0)
            free = ~held
            matrix = curvature[rows] * (free[:, :, None] & free[:, None, :])
            matrix[:, index, index] += held
            scale[rows] = np.where(held, 1.0, _stretch(matrix, slope[rows] * free))
        return scale


def _stretch(curvature: Array, slope: Array) -> Array:
    change = -np.linalg.solve(curvature, slope[..., None])[..., 0]
    return np.minimum(np.maximum(1.0 + change, 1.0 / STRETCH), STRETCH)
