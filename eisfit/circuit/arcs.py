"""Which parameters of a circuit form an arc: a resistance, its time constant, its capacitance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.elements import FloatArray
from eisfit.circuit.parser import Group, Leaf, Node

_STORES = ("C", "CPE")


@dataclass(frozen=True)
class Arc:
    """A resistance of a circuit and what stands beside it; indices into the value arrays.

    Attributes
    ----------
    label : str
        The element that carries the resistance, such as `R1` or `Zarc1`.
    resistance : int
    tau : int or None
        The time constant, where the element has one itself (Zarc, K, G, Wo, Ws).
    store : int or None
        The capacitance or Q in parallel, where there is one.
    alpha : int or None
        The exponent; None means 1.
    """

    label: str
    resistance: int
    tau: int | None = None
    store: int | None = None
    alpha: int | None = None

    @property
    def has_tau(self) -> bool:
        """Whether a time constant is defined; a resistance alone has none."""
        return self.tau is not None or self.store is not None

    def tau_of(self, values: FloatArray) -> FloatArray:
        """Return tau in s from (..., P) values: (R Q)^(1/alpha); NaN for a resistance alone."""
        if self.tau is not None:
            return values[..., self.tau]
        if self.store is None:
            return np.full(values.shape[:-1], np.nan)
        alpha = 1.0 if self.alpha is None else values[..., self.alpha]
        product = values[..., self.resistance] * values[..., self.store]
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(product ** (1.0 / alpha))


@lru_cache(maxsize=256)
def find_arcs(circuit: Circuit) -> tuple[Arc, ...]:
    """Return every resistance of a circuit, in order of appearance, with what stands beside it.

    A resistor R belongs to the C or CPE of the closest parallel group that has exactly one such
    branch, if R is its only resistor outside of deeper groups: p(R,CPE), p(R-Wo,CPE).
    """
    starts: dict[str, int] = {}
    for i, slot in enumerate(circuit.slots):
        starts.setdefault(slot.label, i)
    partners = _partners(circuit.root)
    arcs = []
    for leaf in circuit.elements:
        if leaf.element.resistance is None:
            continue
        start = starts[leaf.label]
        symbols = [parameter.symbol for parameter in leaf.element.parameters]
        if leaf.element.symbol != "R":
            arcs.append(
                Arc(
                    leaf.label,
                    start + leaf.element.resistance,
                    tau=start + symbols.index("tau") if "tau" in symbols else None,
                    alpha=start + symbols.index("alpha") if "alpha" in symbols else None,
                )
            )
            continue
        store = partners.get(leaf.label)
        arcs.append(
            Arc(
                leaf.label,
                start,
                store=None if store is None else starts[store.label],
                alpha=(
                    starts[store.label] + 1
                    if store is not None and len(store.element.parameters) == 2
                    else None
                ),
            )
        )
    return tuple(arcs)


def _partners(root: Node) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Leaf):
            continue
        stack.extend(node.parts)
        if node.kind != "parallel":
            continue
        stores = [p for p in node.parts if isinstance(p, Leaf) and _is_store(p)]
        resistors = [leaf for part in node.parts for leaf in _direct_resistors(part)]
        if len(stores) == 1 and len(resistors) == 1:
            found[resistors[0].label] = stores[0]
    return found


def _is_store(leaf: Leaf) -> bool:
    return leaf.element.symbol in _STORES


def _direct_resistors(part: Node) -> list[Leaf]:
    members = part.parts if isinstance(part, Group) and part.kind == "series" else (part,)
    return [m for m in members if isinstance(m, Leaf) and m.element.symbol == "R"]
