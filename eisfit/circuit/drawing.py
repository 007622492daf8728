"""A circuit as a drawing in text, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.parser import Leaf, Node
from eisfit.errors import CircuitError

# A drawing grows with the square of the nesting; nobody reads a larger one
MAX_ELEMENTS = 200

_WIRE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
_RISER = "\N{BOX DRAWINGS LIGHT VERTICAL}"
_FIRST = (
    "\N{BOX DRAWINGS LIGHT DOWN AND HORIZONTAL}",
    "\N{BOX DRAWINGS LIGHT DOWN AND HORIZONTAL}",
)
_MIDDLE = (
    "\N{BOX DRAWINGS LIGHT VERTICAL AND RIGHT}",
    "\N{BOX DRAWINGS LIGHT VERTICAL AND LEFT}",
)
_LAST = (
    "\N{BOX DRAWINGS LIGHT UP AND RIGHT}",
    "\N{BOX DRAWINGS LIGHT UP AND LEFT}",
)

# Lines of one width; the wire enters and leaves on the first
Block = list[str]


def draw(circuit: Circuit) -> str:
    """Return a circuit as lines of box-drawing characters, all of one width.

    The current flows from left to right, from the beginning of the first line to its end; branches
    of a parallel group hang below each other. `R0-p(R1,CPE1)`:

        ──R0──┬──R1────┬──
              └──CPE1──┘

    Raises
    ------
    CircuitError
        If the circuit has too many elements to draw.
    """
    elements = len(circuit.elements)
    if elements > MAX_ELEMENTS:
        raise CircuitError(
            f"a circuit of {elements} elements is not drawn, only up to {MAX_ELEMENTS}"
        )
    return "\n".join(_series([_block(circuit.root)]))


def _block(node: Node) -> Block:
    # Recursion is no deeper than the elements that `draw` admits
    if isinstance(node, Leaf):
        return [node.label]
    parts = [_block(part) for part in node.parts]
    return _inner_series(parts) if node.kind == "series" else _parallel(parts)


def _series(parts: Sequence[Block]) -> Block:
    """Return blocks one after the other, with wire between them and at both ends."""
    inner = _inner_series(parts)
    return [f"{(_WIRE if i == 0 else ' ') * 2}{line}{(_WIRE if i == 0 else ' ') * 2}"
            for i, line in enumerate(inner)]  # fmt: skip


def _inner_series(parts: Sequence[Block]) -> Block:
    height = max(len(part) for part in parts)
    lines = []
    for i in range(height):
        cells = [part[i] if i < len(part) else " " * len(part[0]) for part in parts]
        lines.append(((_WIRE if i == 0 else " ") * 2).join(cells))
    return lines


def _parallel(branches: Sequence[Block]) -> Block:
    """Return blocks below each other, between two rails."""
    wired = [_series([branch]) for branch in branches]
    width = max(len(branch[0]) for branch in wired)
    lines = []
    for i, branch in enumerate(wired):
        last = i == len(wired) - 1
        left, right = _FIRST if i == 0 else _LAST if last else _MIDDLE
        lines.append(f"{left}{branch[0].ljust(width, _WIRE)}{right}")
        rail = " " if last else _RISER
        lines.extend(f"{rail}{line.ljust(width)}{rail}" for line in branch[1:])
    return lines
