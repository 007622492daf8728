"""Our elements in impedance.py's terms, and circuits with them."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_letters

import numpy as np

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.elements import BY_SYMBOL, Element
from eisfit.circuit.parser import Leaf, relabelled, to_text
from eisfit.errors import ModelError
from eisfit.interop.exchange import Conversion, Convert

# What impedance.py 1.7.1 knows by the same symbol and, but for La, the same parameters
KNOWN = frozenset(
    ("R", "C", "L", "W", "Wo", "Ws", "CPE", "La", "G", "Gs", "K", "Zarc", "TLMQ", "T")
)


@dataclass(frozen=True)
class _Bridge:
    """How one element reads in impedance.py; values are the element's (k,) parameters."""

    symbol: str
    to_theirs: Convert = np.copy
    to_ours: Convert = np.copy


def _diffusion(symbol: str) -> _Bridge:
    return _Bridge(
        symbol,
        lambda ours: np.array([ours[1] / ours[0], ours[1] ** 2]),
        lambda theirs: np.array([np.sqrt(theirs[1]) / theirs[0], np.sqrt(theirs[1])]),
    )


_OTHERS = {
    "La": _Bridge(
        "La",
        lambda ours: np.array([ours[0] ** (1.0 / ours[1]), ours[1]]),
        lambda theirs: np.array([theirs[0] ** theirs[1], theirs[1]]),
    ),
    "We": _Bridge("CPE"),
    "Woe": _Bridge(
        "TLMQ",
        lambda ours: np.array([ours[0], ours[1] ** ours[2] / ours[0], ours[2]]),
        lambda theirs: np.array(
            [theirs[0], (theirs[0] * theirs[1]) ** (1.0 / theirs[2]), theirs[2]]
        ),
    ),
}
_BOUKAMP = {
    "O": _diffusion("Ws"),
    "T": _diffusion("Wo"),
    "G": _Bridge(
        "G",
        lambda ours: np.array([1.0 / (ours[0] * np.sqrt(ours[1])), 1.0 / ours[1]]),
        lambda theirs: np.array([np.sqrt(theirs[1]) / theirs[0], 1.0 / theirs[1]]),
    ),
}


def _bridge(element: Element) -> _Bridge:
    if not element.symbol:
        return _BOUKAMP[element.cdc]
    if element.symbol in _OTHERS:
        return _OTHERS[element.symbol]
    if element.symbol not in KNOWN:
        raise ModelError(
            f"impedance.py has no element for {element.symbol}, the {element.name}; "
            f"it has {', '.join(sorted(KNOWN))}"
        )
    return _Bridge(element.symbol)


@dataclass(frozen=True)
class Translation:
    """A circuit of ours beside its text in impedance.py's grammar."""

    theirs: Circuit
    to_theirs: Conversion
    to_ours: Conversion

    @classmethod
    def of(cls, circuit: Circuit) -> Translation:
        """Return the translation of a circuit in either grammar.

        Raises
        ------
        ModelError
            If impedance.py has no such element.
        """
        taken: set[str] = set()

        def change(leaf: Leaf) -> Leaf:
            symbol = _bridge(leaf.element).symbol
            number = leaf.label.lstrip(ascii_letters)
            # We1 beside CPE1 would be CPE1 as well
            while f"{symbol}{number}" in taken:
                number = f"{number}0"
            taken.add(f"{symbol}{number}")
            return Leaf(f"{symbol}{number}", BY_SYMBOL[symbol])

        root = relabelled(circuit.root, change)
        bridges = [(len(e.element.parameters), _bridge(e.element)) for e in circuit.elements]
        return cls(
            Circuit.from_tree(root, to_text(root), "impedance.py"),
            Conversion(tuple((size, bridge.to_theirs) for size, bridge in bridges)),
            Conversion(tuple((size, bridge.to_ours) for size, bridge in bridges)),
        )
