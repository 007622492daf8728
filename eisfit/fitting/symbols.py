"""What a name in a constraint stands for: a parameter, or the time constant of an arc."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.models import Model
from eisfit.errors import ModelError
from eisfit.fitting.expression import Dual
from eisfit.fitting.transform import ALPHA_FLOOR, Coordinates

Array = NDArray[Any]


@dataclass(frozen=True)
class Symbol:
    """A quantity that constraints speak of.

    Attributes
    ----------
    index : int
        Of its parameter; for the tau of an arc, of the arc's C or Q, in whose place it is worked.
    tau_of : Arc or None
        The arc whose time constant it is; None for a parameter, an element's own tau included.
    """

    index: int
    tau_of: Arc | None = None


def symbols_of(model: Model) -> dict[str, Symbol]:
    """Return all names that constraints may use.

    Parameters and role symbols; `tau_R1` and, by role, `tau_bulk` for every arc; `tau1` for the arc
    of R1 or, where R1 has none, for the only arc of an element with the number 1.
    """
    place = {name: i for i, name in enumerate(model.names)}
    found = {name: Symbol(i) for name, i in place.items()}
    found |= {alias: Symbol(place[name]) for alias, name in model.aliases.items()}
    short: dict[str, list[str]] = {}
    for arc in model.arcs:
        symbol = _tau(arc)
        if symbol is None:
            continue
        found.setdefault(f"tau_{arc.label}", symbol)
        role = model.role_of(arc.label)
        if role is not None:
            found.setdefault(f"tau_{role.name}", symbol)
            found.setdefault(f"tau_{role.symbol.removeprefix('R_')}", symbol)
        number = arc.label.lstrip(ascii_letters)
        short.setdefault(number, []).append(arc.label)
    for number, labels in short.items():
        label = f"R{number}" if f"R{number}" in labels else labels[0] if len(labels) == 1 else ""
        if label and number:
            found.setdefault(f"tau{number}", found[f"tau_{label}"])
    return found


def _tau(arc: Arc) -> Symbol | None:
    if arc.tau is not None:
        return Symbol(arc.tau)
    return None if arc.store is None else Symbol(arc.store, arc)


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Return, in words, that a name is unknown and what there is."""
    listed = list(known)
    close = get_close_matches(name, listed, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"no parameter is called {name!r:.60}. {hint}There are: {', '.join(listed)}"


def find(symbols: Mapping[str, Symbol], name: str) -> Symbol:
    """Return the symbol of a name.

    Raises
    ------
    ModelError
        If there is none; the message lists those there are.
    """
    if name not in symbols:
        raise ModelError(unknown_name(str(name), symbols))
    return symbols[name]


def limits(model: Model, symbol: Symbol) -> tuple[float, float]:
    """Return the lowest and highest value that a quantity may have at all."""
    if symbol.tau_of is not None:
        return 0.0, float("inf")
    spec = model.circuit.slots[symbol.index].parameter
    return max(spec.lower, 0.0), spec.upper


def reach(model: Model, symbol: Symbol) -> tuple[float, float]:
    """Return the span that a tied quantity is kept in, an exponent off the resistors' end."""
    low, high = limits(model, symbol)
    spec = model.circuit.slots[symbol.index].parameter
    floor = ALPHA_FLOOR if symbol.tau_of is None and spec.is_exponent else 1e-300
    return max(low, floor), min(high, 1e300)


@dataclass(frozen=True, eq=False)
class Point:
    """All coordinates (B, P) of a batch, and their derivatives (B, P, F) by the free ones."""

    coords: Coordinates
    paired: Mapping[int, Arc]
    u: Array
    lift: Array

    def of(self, symbol: Symbol) -> Dual:
        """Return the values (B,) of a quantity, with gradients (B, F)."""
        i, u, lift = symbol.index, self.u, self.lift
        arc = self.paired.get(i)
        if symbol.tau_of is None and arc is None:
            if self.coords.linear[i]:
                return Dual(u[:, i], lift[:, i])
            value = np.exp(u[:, i])
            return Dual(value, value[:, None] * lift[:, i])
        if symbol.tau_of is not None and arc is not None:
            value = np.exp(u[:, i])
            return Dual(value, value[:, None] * lift[:, i])
        if arc is not None:
            return self._store(arc, i)
        assert symbol.tau_of is not None
        r, alpha, slope = self._arc(symbol.tau_of)
        ln_tau = (u[:, i] + u[:, r]) / alpha
        value = np.exp(ln_tau)
        rise = lift[:, i] + lift[:, r] - ln_tau[:, None] * slope
        return Dual(value, (value / alpha)[:, None] * rise)

    def _store(self, arc: Arc, i: int) -> Dual:
        r, alpha, slope = self._arc(arc)
        value = np.exp(alpha * self.u[:, i] - self.u[:, r])
        rise = alpha[:, None] * self.lift[:, i] - self.lift[:, r] + self.u[:, i, None] * slope
        return Dual(value, value[:, None] * rise)

    def _arc(self, arc: Arc) -> tuple[int, Array, Array]:
        """Return the index of R, alpha (B,) and the derivatives (B, F) of alpha."""
        if arc.alpha is None:
            return arc.resistance, np.ones(len(self.u)), np.zeros_like(self.lift[:, 0])
        return arc.resistance, self.u[:, arc.alpha], self.lift[:, arc.alpha]

    def place(self, symbol: Symbol, quantity: Dual, span: tuple[float, float]) -> None:
        """Set a coordinate, and its derivatives, so that a quantity has this value, within a span.

        Beyond the span it stays at the end and does not move.
        """
        i = symbol.index
        value = np.clip(np.broadcast_to(quantity.value, self.u[:, i].shape), *span)
        inside = value == quantity.value
        slope = np.where(inside[:, None], quantity.gradient, 0.0)
        if symbol.tau_of is None and self.coords.linear[i]:
            self.u[:, i], self.lift[:, i] = value, slope
            return
        log, slope = np.log(value), slope / value[:, None]
        if symbol.tau_of is not None and i not in self.paired:
            r, alpha, bend = self._arc(symbol.tau_of)
            slope = alpha[:, None] * slope + log[:, None] * bend - self.lift[:, r]
            log = alpha * log - self.u[:, r]
        self.u[:, i], self.lift[:, i] = log, slope

    def needs(self, symbol: Symbol) -> set[int]:
        """Return the coordinates that a quantity is computed from."""
        arc = self.paired.get(symbol.index) if symbol.tau_of is None else symbol.tau_of
        bare = symbol.tau_of is not None and symbol.index in self.paired
        if arc is None or bare:
            return {symbol.index}
        alpha = set() if arc.alpha is None else {arc.alpha}
        return {symbol.index, arc.resistance} | alpha
