"""Elements that ended where they do nothing, begun anew where they would matter.

A diffusion element inside an arc may end in the wrong arc, and one of two unlike elements may
vanish: its derivatives are gone then, and no descent brings it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.parser import Leaf, Node, leaves
from eisfit.fitting.reassign import ALPHA, Reassign, Unit, Units
from eisfit.fitting.residual import Objective
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

SHARES = (0.3, 0.7)  # of its arc's resistance that a guest begins with
MOST = 30  # places to revive elements at
NEAR = 1e-3  # a coordinate that near to its bound is at it


@dataclass(frozen=True)
class Host:
    """An arc (free coordinates: resistance, ln tau, alpha), and what else stands in it."""

    arc: tuple[int, ...]
    guest: Unit


@dataclass(frozen=True)
class Restarts:
    """Arcs that hold something, every arc by its free coordinates, and the elements one by one."""

    hosts: tuple[Host, ...]
    arcs: tuple[tuple[int, ...], ...]
    elements: tuple[Unit, ...]
    reassign: Reassign

    @classmethod
    def of(cls, objective: Objective) -> Restarts:
        """Return what may be begun anew; nothing where there are but arcs, R and L in series."""
        if objective.curve.rest is None:
            return NOTHING
        return _restarts(objective.circuit, objective.coords, tuple(objective.free.tolist()),
                         tuple(objective.curve.rest_columns.tolist()))  # fmt: skip

    def rows(self, objective: Objective, s: int, best: Array, bounds: tuple[Array, Array]) -> Array:
        """Return places (G, F) to start from, for the best one of spectrum s."""
        omega = objective.curve.omega
        window = float(-np.log(omega.max())), float(-np.log(omega.min()))
        rows = self._moved_in(objective, best) + self.reassign.rows(best, window)
        rows += self.reassign.anew(best, window)
        if self.elements:
            rows += self._revived(objective, s, best, bounds)
        if not rows:
            return np.empty((0, len(best)))
        return np.clip(np.array(rows), *bounds)

    def _moved_in(self, objective: Objective, best: Array) -> list[Array]:
        """Return places where each arc in turn holds the guest, at the slow end or in the window.

        The slow arc alone in the wrong place, the fast one holding a guest that does nothing, is
        the false minimum of cells with diffusion.
        """
        rows = []
        slow = np.log(3.0 / float(objective.curve.omega.min()))
        for host in self.hosts:
            own = list(host.arc)
            for arc in self.arcs:
                if len(arc) != len(own) or not set(arc).isdisjoint(host.guest.places):
                    continue
                base = best.copy()
                base[own], base[list(arc)] = best[list(arc)], best[own]
                whole, time = base[own[0]], base[own[1]]
                for ln_tau in (slow, 0.5 * (slow + time), time):
                    for share in SHARES:
                        row = base.copy()
                        row[own[0]] = whole + np.log(1.0 - share)
                        host.guest.put(row, whole + np.log(share), ln_tau)
                        rows.append(row)
        return rows

    def _revived(
        self, objective: Objective, s: int, best: Array, bounds: tuple[Array, Array]
    ) -> list[Array]:
        """Return places where each element that does nothing begins anew, across the window."""
        residuals, slopes = objective(best[None], np.full(1, s))
        noise = np.einsum("m,m->", residuals[0], residuals[0]) / objective.freedom
        idle = (slopes[0] ** 2).sum(axis=1) < noise
        low = best - bounds[0] < NEAR
        ended = low | (bounds[1] - best < NEAR)
        omega = objective.curve.omega
        fast, slow = np.log(3.0 / omega.max()), np.log(3.0 / omega.min())
        modulus = np.abs(objective.data[s])
        size = np.log(0.3 * (modulus.max() - modulus.min()) + 1e-3 * modulus.max())
        rows: list[Array] = []
        for unit in self.elements:
            # A CPE of exponent 1 is a capacitance, no accident; elements of more say more
            dead = idle | ended if len(unit.places) > 2 else idle
            if not dead[list(unit.places)].any() or len(rows) > MOST:
                continue
            for ln_tau in np.linspace(fast, slow, 5 if any(unit.second) else 1):
                row = best.copy()
                unit.put(row, size, ln_tau)
                rows.append(row)
        for host in self.hosts:
            if not (idle | low)[[*host.arc, *host.guest.places]].any():
                continue
            for ln_tau in np.linspace(fast, slow, 6)[:-1]:
                row = best.copy()
                row[list(host.arc)] = (size, ln_tau, ALPHA)[: len(host.arc)]
                host.guest.put(row, size, slow)
                rows.append(row)
        return rows


NOTHING = Restarts((), (), (), Reassign((), ()))


@lru_cache(maxsize=64)
def _restarts(
    circuit: Circuit, coords: Coordinates, free: tuple[int, ...], inside: tuple[int, ...]
) -> Restarts:
    units = Units(circuit, coords, {i: k for k, i in enumerate(free)})
    hosts, arcs = [], []
    for arc in coords.arcs:
        members = [i for i in (arc.resistance, arc.store, arc.alpha) if i is not None]
        own = units.of(members).places
        if len(own) < len(members):
            continue
        arcs.append(own)
        span = min((one for one in _parallel(circuit) if set(members) <= set(one)), key=len)
        guest = units.of([i for i in span if i not in members])
        if guest.places:
            hosts.append(Host(own, guest))
    ends = np.cumsum([0, *(len(leaf.element.parameters) for leaf in circuit.elements)]).tolist()
    others = [range(a, b) for a, b in pairwise(ends) if a in inside]
    elements = [unit for unit in map(units.of, others) if unit.places]
    reassign = Reassign.of(units, others)
    return Restarts(tuple(hosts), tuple(arcs), tuple(elements), reassign)


def _parallel(circuit: Circuit) -> list[range]:
    """Return the parameters of every parallel group, as ranges."""
    found, stack = [], [(circuit.root, 0)]
    while stack:
        node, at = stack.pop()
        if isinstance(node, Leaf):
            continue
        if node.kind == "parallel":
            found.append(range(at, at + _width(node)))
        for part in node.parts:
            stack.append((part, at))
            at += _width(part)
    return found


def _width(node: Node) -> int:
    return sum(len(leaf.element.parameters) for leaf in leaves(node))
