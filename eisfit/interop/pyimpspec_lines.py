"""pyimpspec's general transmission line, Tlm, where its circuits make one of our pores.

Two rails X_1 and X_2 (impedance per length), a wall Zeta (impedance times length) and the ends Z_A
and Z_B, of length L: J. Bisquert, Phys. Chem. Chem. Phys. 2 (2000) 4185, eqs. 8 and 16 to 20, as
its code chooses among them. With one rail shorted and the other a resistor it is a pore of
resistance X L, whose wall has Zeta / L in all; an outer end Z_A lies in parallel to it, unless Z_B
is open: then Z_A is the pore's end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from eisfit.circuit.parser import Group, Leaf, Node
from eisfit.interop.exchange import Array, Convert

Known = tuple[Array, Array, Array]  # values (m,), bounds (m, 2), constants (m,)
Kind = Literal["open", "short", "R", "Q", "RQ", "other"]


@dataclass(frozen=True)
class Part:
    """A circuit inside a Tlm: what it is, and what is known of its values.

    Attributes
    ----------
    kind : "R", "Q" (C is one, of exponent 1) and "RQ" (in parallel); "open", "short", "other"
    known : values in the order R, Y, n
    node : its tree; None where it is open or short
    capacitor : whether its exponent is the constant 1
    """

    kind: Kind
    known: Known = field(default_factory=lambda: _joined([]))
    node: Node | None = None
    capacitor: bool = False


@dataclass(frozen=True)
class Line:
    """A Tlm in our elements: their symbols in series, and the values that they take.

    `outer` says that Z_A stays, in parallel to it.
    """

    symbols: tuple[str, ...]
    to_ours: Convert
    known: Known
    outer: bool


def part_of(node: Node | None, kind: Kind, known: Sequence[tuple[str, Known]]) -> Part:
    """Return a circuit inside a Tlm, its elements as (their symbol there, what is known)."""
    if node is None:
        return Part(kind)
    symbols = [symbol for symbol, _ in known]
    stores = [one for one in known if one[0] in ("C", "Q")]
    resistors = [one for one in known if one[0] == "R"]
    alone = isinstance(node, Leaf)
    parallel = isinstance(node, Group) and node.kind == "parallel"
    pair = parallel and sorted(symbols) in (["C", "R"], ["Q", "R"])
    if alone and resistors:
        return Part("R", resistors[0][1], node)
    if not (alone and stores) and not pair:
        return Part("other", node=node)
    capacitor = stores[0][0] == "C"
    store = _joined([stores[0][1], _ONE]) if capacitor else stores[0][1]
    known_ = _joined([resistors[0][1], store]) if pair else store
    return Part("RQ" if pair else "Q", known_, node, capacitor)


def line_of(parts: dict[str, Part], length: Known) -> Line | str:
    """Return a Tlm in our elements; or, in words, why it is none of them.

    Parameters
    ----------
    parts : X_1, X_2, Z_A, Z_B and Zeta
    """
    rails = sorted((parts["X_1"], parts["X_2"]), key=lambda part: part.kind)
    outer, end, wall = parts["Z_A"], parts["Z_B"], parts["Zeta"]
    if end.kind == "open":  # its code then takes the other end
        outer, end = end, outer
    kinds = [rail.kind for rail in rails]
    if kinds == ["R", "R"] and (outer.kind, end.kind) == ("open", "open"):
        if wall.kind == "RQ" and wall.capacitor:
            known = [*(rail.known for rail in (parts["X_1"], parts["X_2"])), length, wall.known]
            return Line(("R", "T"), _two_rails, _joined(known), False)
        return "with two resistors as rails, Zeta must be (RC) and both ends open"
    if kinds != ["R", "short"]:
        return "X_1 and X_2 must be one resistor and one short (or two resistors with Zeta=(RC))"
    if outer.kind == "short":
        return "Z_A must not be a short"
    found = _LINES.get((wall.kind, end.kind))
    if found is None:
        return (
            f"Zeta is {_NAMES[wall.kind]}, the end {_NAMES[end.kind]}; there are Zeta=Q with an "
            "end open, short or Q, and Zeta=(RQ) with an end open, short or (RQ); C stands for Q"
        )
    symbol, convert = found
    known_ = _joined([rails[0].known, length, wall.known, end.known])
    return Line((symbol,), convert, known_, outer.kind != "open")


_NAMES = {
    "open": "open", "short": "a short", "R": "a resistor", "Q": "Q", "RQ": "(RQ)",
    "other": "another circuit",
}  # fmt: skip


def _joined(parts: Sequence[Known]) -> Known:
    values = np.concatenate([np.empty(0), *(part[0] for part in parts)])
    bounds = np.concatenate([np.empty((0, 2)), *(part[1] for part in parts)])
    fixed = np.concatenate([np.empty(0, dtype=bool), *(part[2] for part in parts)])
    return values, bounds, fixed


_ONE: Known = (np.ones(1), np.full((1, 2), np.nan), np.ones(1, dtype=bool))


def _blocking(v: Array) -> Array:
    x, length, y, n = v
    return np.array([x * length, length * y, n])


def _blocking_short(v: Array) -> Array:
    x, length, y, n = v
    return np.array([x * length, (length**2 * x * y) ** (1.0 / n), n])


def _blocking_closed(v: Array) -> Array:
    y_b, n_b = v[4:]
    return np.array([*_blocking_short(v[:4]), (v[0] * v[1] * y_b) ** (1.0 / n_b), n_b])


def _reacting(v: Array) -> Array:
    x, length, r, y, n = v
    return np.array([x * length, r / length, (r * y) ** (1.0 / n), n])


def _reacting_closed(v: Array) -> Array:
    r_b, y_b, n_b = v[5:]
    return np.array([*_reacting(v[:5]), r_b, (r_b * y_b) ** (1.0 / n_b), n_b])


def _two_rails(v: Array) -> Array:
    """Return eq. 8 with a wall of R beside C: a resistor, and Paasch's electrode."""
    x_1, x_2, length, r, c, _ = v
    both = x_1 + x_2
    beside, a = length * x_1 * x_2 / both, length**2 * both / r
    return np.array([beside, length * (x_1**2 + x_2**2) / both, 2.0 * beside, a, a * r * c])


_LINES: dict[tuple[Kind, Kind], tuple[str, Callable[[Array], Array]]] = {
    ("Q", "open"): ("TLMQ", _blocking),
    ("Q", "short"): ("Wse", _blocking_short),
    ("Q", "Q"): ("Tlmbq", _blocking_closed),
    ("RQ", "open"): ("Ls", _reacting),
    ("RQ", "short"): ("Tlmns", _reacting),
    ("RQ", "RQ"): ("Tlmnq", _reacting_closed),
}
