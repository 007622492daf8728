"""A circuit's impedance and derivatives in the fit's coordinates, compiled for one grid.

Depressed arcs in series, the bulk of most circuits, are evaluated all at once and straight in
(ln R, ln tau, alpha); whatever else a circuit holds goes through the general evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.circuit import Circuit
from eisfit.circuit.parser import Group, Leaf, Node, group, leaves
from eisfit.fitting.backend import compiled
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

J_HALF_PI = 0.5j * np.pi
_OWN_TAU = ("Zarc", "K")


@dataclass(frozen=True)
class Bank:
    """Arcs R / (1 + (j w tau)^alpha) in series; (n,) indices of their coordinates.

    An arc without an exponent has `flat` true and its `alpha` points anywhere.
    """

    resistance: Array
    tau: Array
    alpha: Array
    flat: Array

    @cached_property
    def places(self) -> Array:
        """(n, 3) the same indices side by side."""
        return np.stack([self.resistance, self.tau, self.alpha], axis=1)

    @cached_property
    def spans(self) -> tuple[Any, Any, Any]:
        """The indices as slices where they are evenly spaced: a slice costs no copy."""
        return _evenly(self.resistance), _evenly(self.tau), _evenly(self.alpha)

    @cached_property
    def bent(self) -> tuple[bool, Array]:
        """Whether some arc has no exponent, and which have one."""
        return bool(self.flat.any()), np.flatnonzero(~self.flat)

    def add(self, ln_omega: Array, u: Array, z: Array, slopes: Array) -> None:
        """Add the arcs to z (B, N) and set their derivatives in slopes (B, P, N)."""
        fast = compiled()
        if fast is not None:
            fast.add_arcs(ln_omega, u, self.places, self.flat, z.view(float), slopes.view(float))
            return
        r, t, a = self.spans
        flat, bent = self.bent
        alpha = np.where(self.flat[:, None], 1.0, u[:, a, None]) if flat else u[:, a, None]
        ln_wt = ln_omega + u[:, t, None]
        unit = np.exp(alpha * ln_wt) * np.exp(J_HALF_PI * alpha)
        unit += 1.0
        np.reciprocal(unit, out=unit)
        arcs = np.exp(u[:, r, None]) * unit
        slopes[:, r] = arcs
        for k in range(len(self.resistance)):
            z += arcs[:, k]
        unit -= 1.0
        unit *= arcs  # d arc / d ln((j w tau)^alpha)
        if isinstance(t, slice):
            np.multiply(alpha, unit, out=slopes[:, t])
        else:
            slopes[:, t] = alpha * unit
        if not flat and isinstance(a, slice):
            np.multiply(unit, ln_wt + J_HALF_PI, out=slopes[:, a])
        elif not flat:
            slopes[:, a] = unit * (ln_wt + J_HALF_PI)
        elif len(bent):
            slopes[:, self.alpha[bent]] = (unit * (ln_wt + J_HALF_PI))[:, bent]


@dataclass(frozen=True)
class Ends:
    """Series resistances and inductances: indices (k,), impedances of one ohm or henry (k, N)."""

    columns: Array
    unit: Array

    @cached_property
    def span(self) -> Any:
        """The indices as a slice where they are evenly spaced."""
        return _evenly(self.columns)

    def add(self, u: Array, z: Array, slopes: Array) -> None:
        """Add them to z (B, N) and set their derivatives in slopes (B, P, N)."""
        fast = compiled()
        if fast is not None:
            fast.add_ends(u, self.columns, self.unit.view(float), z.view(float), slopes.view(float))
            return
        columns = self.span
        parts = np.exp(u[:, columns, None]) * self.unit
        slopes[:, columns] = parts
        for k in range(len(self.columns)):
            z += parts[:, k]


@dataclass(frozen=True)
class Curve:
    """Evaluates one circuit on one grid; see the module."""

    omega: Array
    ln_omega: Array
    size: int
    bank: Bank | None
    ends: Ends | None
    rest: Circuit | None
    rest_coords: Coordinates | None
    rest_columns: Array

    @classmethod
    def of(cls, circuit: Circuit, coords: Coordinates, omega: Array) -> Curve:
        """Compile a circuit in its coordinates for angular frequencies (N,) in rad/s."""
        return cls._on(circuit, coords, omega.tobytes())

    @classmethod
    @lru_cache(maxsize=32)
    def _on(cls, circuit: Circuit, coords: Coordinates, grid: bytes) -> Curve:
        omega = np.frombuffer(grid)
        root = circuit.root
        series = isinstance(root, Group) and root.kind == "series"
        parts = root.parts if isinstance(root, Group) and series else (root,)
        paired = {arc.label: arc for arc in coords.arcs}
        banked: list[tuple[int, int, int | None]] = []
        ends: list[tuple[int, Array]] = []
        others: list[Node] = []
        columns: list[int] = []
        at = 0
        for part in parts:
            width = sum(len(leaf.element.parameters) for leaf in leaves(part))
            arc = _arc_of(part, at, paired)
            if arc is not None:
                banked.append(arc)
            elif isinstance(part, Leaf) and part.element.symbol in ("R", "L"):
                ends.append((at, 1j * omega if part.element.symbol == "L" else 0j * omega + 1.0))
            else:
                others.append(part)
                columns.extend(range(at, at + width))
            at += width
        rest = Circuit.from_tree(group("series", others), "", circuit.dialect) if others else None
        return cls(
            omega=omega,
            ln_omega=np.log(omega),
            size=len(circuit.slots),
            bank=_bank(banked) if banked else None,
            ends=_ends(ends) if ends else None,
            rest=rest,
            rest_coords=None if rest is None else _restricted(coords, columns),
            rest_columns=np.array(columns, dtype=int),
        )

    @cached_property
    def compiled(self) -> tuple[Array, Array, Array, Array, Array]:
        """What `compiled.descend` needs: ln omega, arcs and ends (real parts, then imaginary)."""
        bank, ends, pairs = self.bank, self.ends, 2 * len(self.omega)
        return (
            self.ln_omega,
            np.empty((0, 3), dtype=int) if bank is None else bank.places,
            np.empty(0, dtype=bool) if bank is None else bank.flat,
            np.empty(0, dtype=int) if ends is None else ends.columns,
            np.empty((0, pairs)) if ends is None else np.hstack([ends.unit.real, ends.unit.imag]),
        )

    def __call__(self, u: Array) -> tuple[Array, Array]:
        """Return impedance (B, N) and derivatives (B, P, N) at coordinates (B, P)."""
        slopes = np.empty((len(u), self.size, len(self.omega)), dtype=np.complex128)
        z = np.empty((len(u), len(self.omega)), dtype=np.complex128)
        self.fill(u, z, slopes)
        return z, slopes

    def fill(self, u: Array, z: Array, slopes: Array) -> None:
        """Set impedance z (B, N) and derivatives slopes (B, P, N) at coordinates (B, P)."""
        if self.rest is not None and self.rest_coords is not None:
            own = u[:, self.rest_columns]
            values = self.rest_coords.to_values(own)
            z[:], derivatives = self.rest.evaluate(self.omega, values)
            slopes[:, self.rest_columns] = self.rest_coords.pull_back(derivatives, values, own)
        else:
            z[:] = 0.0
        if self.ends is not None:
            self.ends.add(u, z, slopes)
        if self.bank is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                self.bank.add(self.ln_omega, u, z, slopes)


def _arc_of(part: Node, at: int, paired: dict[str, Arc]) -> tuple[int, int, int | None] | None:
    """Return the coordinates of R, tau and alpha of a plain arc, or None for anything else."""
    if isinstance(part, Leaf):
        if part.element.symbol not in _OWN_TAU:
            return None
        return at, at + 1, at + 2 if len(part.element.parameters) == 3 else None
    labels = [leaf.label for leaf in leaves(part)]
    owner = next((paired[label] for label in labels if label in paired), None)
    if owner is None or part.kind != "parallel" or len(labels) != 2 or owner.store is None:
        return None
    return owner.resistance, owner.store, owner.alpha


def _evenly(indices: Array) -> Any:
    steps = set(np.diff(indices).tolist()) or {1}
    if len(steps) > 1 or min(steps) < 1:
        return indices
    return slice(int(indices[0]), int(indices[-1]) + 1, steps.pop())


def _bank(arcs: list[tuple[int, int, int | None]]) -> Bank:
    return Bank(
        resistance=np.array([r for r, _, _ in arcs]),
        tau=np.array([t for _, t, _ in arcs]),
        alpha=np.array([r if a is None else a for r, _, a in arcs]),
        flat=np.array([a is None for _, _, a in arcs]),
    )


def _ends(parts: list[tuple[int, Array]]) -> Ends:
    return Ends(np.array([at for at, _ in parts]), np.array([unit for _, unit in parts]))


def _restricted(coords: Coordinates, columns: list[int]) -> Coordinates:
    """Return the coordinates of some of the parameters, renumbered."""
    place = {old: new for new, old in enumerate(columns)}
    arcs = tuple(
        Arc(
            arc.label,
            place[arc.resistance],
            store=None if arc.store is None else place[arc.store],
            alpha=None if arc.alpha is None else place[arc.alpha],
        )
        for arc in coords.arcs
        if arc.resistance in place
    )
    return Coordinates(coords.linear[columns], arcs)
