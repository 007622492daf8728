"""Which element has which process? The places that a fit found, dealt out to its elements anew.

Where arcs and unlike elements stand side by side, the false minima are mostly those in which the
processes are right, about, and in the wrong elements: a Gerischer takes the arc's, and a second
Warburg what was left. No exchange of two like arcs leads out of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.parser import Leaf, Node, leaves
from eisfit.fitting.start import signature
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

ALPHA = 0.8  # at which exponents begin
EVERY = 5  # processes, up to so many of which every order is tried; of more, two and three change
ELSEWHERE = 2  # places in the window at which an element begins anew besides
MOST = 120  # orders that are tried
DEAD = 4.0  # in ln R: how much smaller than the largest a process is that counts for none
SMALL = 1.5  # in ln R: how much smaller than the largest it then begins anew


@dataclass(frozen=True)
class Unit:
    """Some free coordinates (indices), and what each is.

    The logarithm of ohm**ohm * second**second (`by_alpha`: second to the power of the exponent), or
    an exponent.
    """

    places: tuple[int, ...]
    ohm: tuple[float, ...]
    second: tuple[float, ...]
    exponent: tuple[bool, ...]
    by_alpha: tuple[bool, ...]

    @property
    def is_process(self) -> bool:
        """Whether these have a resistance and a time constant."""
        return bool(np.linalg.matrix_rank(np.array([self.ohm, self.second])) == 2)

    def put(self, row: Array, ln_r: float, ln_tau: float) -> None:
        """Begin anew in a row (F,), in place, with this resistance and time constant."""
        size = np.array(self.ohm) * ln_r + np.array(self.second) * ln_tau
        row[list(self.places)] = np.where(self.exponent, ALPHA, size)

    def read(self, row: Array) -> tuple[float, float]:
        """Return ln R and ln tau of a process, by least squares where it has several of a kind."""
        own = row[list(self.places)]
        alpha = own[self.exponent.index(True)] if any(self.exponent) else ALPHA
        second = np.where(self.by_alpha, alpha, self.second)
        matrix = np.stack([np.array(self.ohm), second], axis=1)
        sized = ~np.array(self.exponent) & matrix.any(axis=1)
        ln_r, ln_tau = np.linalg.lstsq(matrix[sized], own[sized], rcond=None)[0]
        return float(ln_r), float(ln_tau)


@dataclass(frozen=True)
class Units:
    """Makes units of a circuit's parameters; `place` has the free ones."""

    circuit: Circuit
    coords: Coordinates
    place: dict[int, int]

    def of(self, indices: Iterable[int]) -> Unit:
        """Return the free ones of some parameters."""
        times = {arc.store for arc in self.coords.arcs}
        found = [i for i in indices if i in self.place]
        kinds = []
        for i in found:
            spec = self.circuit.slots[i].parameter
            powered = spec.second == "alpha" and i not in times
            second = ALPHA if spec.second == "alpha" else float(spec.second)
            kinds.append((0.0, 1.0, False, False) if i in times else
                         (float(spec.ohm), second, spec.is_exponent, powered))  # fmt: skip
        ohm, second_, exponent, by_alpha = zip(*kinds, strict=True) if kinds else ((), (), (), ())
        return Unit(tuple(self.place[i] for i in found), ohm, second_, exponent, by_alpha)


@dataclass(frozen=True)
class Reassign:
    """A circuit's processes, and the orders in which they may take each other's place.

    `orders` leaves out those that only exchange what is alike; `elements` are the units that are
    no arcs.
    """

    units: tuple[Unit, ...]
    orders: tuple[tuple[int, ...], ...]
    elements: tuple[Unit, ...] = ()

    @classmethod
    def of(cls, units: Units, elements: Sequence[range]) -> Reassign:
        """Return those of a circuit: its arcs, and the elements given by their parameters."""
        circuit = units.circuit
        arcs = [
            [i for i in (arc.resistance, arc.store, arc.alpha) if i is not None]
            for arc in units.coords.arcs
        ]
        whole = [one for one in (*arcs, *elements) if all(i in units.place for i in one)]
        found = [(one, units.of(one)) for one in whole]
        found = [(one, unit) for one, unit in found if unit.is_process]
        kinds = _kinds(circuit, [frozenset(one) for one, _ in found])
        own = tuple(unit for one, unit in found if isinstance(one, range))
        return cls(tuple(unit for _, unit in found), tuple(_orders(kinds)), own)

    def anew(self, best: Array, window: tuple[float, float]) -> list[Array]:
        """Return the best place (F,) with each element begun anew: where it is, and elsewhere.

        Also larger and smaller along R / tau, which its fast end alone decides.
        """
        rows = []
        for unit in self.elements:
            ln_r, ln_tau = unit.read(best)
            places = [(ln_r, time) for time in np.linspace(*window, ELSEWHERE + 2)[1:-1]]
            places += [(ln_r + change, ln_tau + change) for change in (0.0, -1.0, 1.0)]
            for place in places:
                row = best.copy()
                unit.put(row, *place)
                rows.append(row)
        return rows

    def rows(self, best: Array, window: tuple[float, float]) -> list[Array]:
        """Return the best place (F,) with its processes in every other order.

        One that is next to nothing begins anew, in the widest gap of the window (in ln tau).
        """
        if not self.orders:
            return []
        sizes, times = map(list, zip(*(unit.read(best) for unit in self.units), strict=True))
        largest = max(sizes)
        dead = {i for i, size in enumerate(sizes) if size < largest - DEAD}
        for i in dead:
            others = [t for k, t in enumerate(times) if k not in dead]
            sizes[i], times[i] = largest - SMALL, _gap(others, window)
        rows = []
        for order in self.orders:
            row = best.copy()
            for to, source in enumerate(order):
                if to != source or to in dead:
                    self.units[to].put(row, sizes[source], times[source])
            rows.append(row)
        return rows


def _gap(times: Sequence[float], window: tuple[float, float]) -> float:
    line = sorted([window[0], *(t for t in times if window[0] < t < window[1]), window[1]])
    low, high = max(pairwise(line), key=lambda ends: ends[1] - ends[0])
    return 0.5 * (low + high)


def _orders(kinds: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield orders of processes but the one they have; those of one kind (number) are alike."""
    count = len(kinds)
    own = tuple(range(count))
    if len(set(kinds)) < 2:
        return
    seen = {_told(own, kinds)}
    for order in permutations(own) if count <= EVERY else _small_changes(count):
        told = _told(order, kinds)
        if told not in seen and len(seen) <= MOST:
            seen.add(told)
            yield order


def _told(order: Sequence[int], kinds: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return what distinguishes an order: which processes each kind has."""
    return tuple(
        tuple(sorted(source for to, source in enumerate(order) if kinds[to] == kind))
        for kind in sorted(set(kinds))
    )


def _small_changes(count: int) -> Iterator[tuple[int, ...]]:
    """Yield orders in which two, then three, have changed places."""
    for size in (2, 3):
        for chosen in combinations(range(count), size):
            for turn in range(1, size):
                order = list(range(count))
                for k, to in enumerate(chosen):
                    order[to] = chosen[(k + turn) % size]
                yield tuple(order)


def _kinds(circuit: Circuit, members: Sequence[frozenset[int]]) -> list[int]:
    """Return a number for each process that those share which are alike: whole siblings."""
    known: dict[Any, int] = {}
    siblings: dict[frozenset[int], tuple[int, str]] = {}
    stack: list[tuple[Node, int]] = [(circuit.root, 0)]
    while stack:
        node, at = stack.pop()
        if isinstance(node, Leaf):
            continue
        for part in node.parts:
            size = sum(len(leaf.element.parameters) for leaf in leaves(part))
            siblings[frozenset(range(at, at + size))] = (id(node), signature(part))
            stack.append((part, at))
            at += size
    return [known.setdefault(siblings.get(one, one), len(known)) for one in members]
