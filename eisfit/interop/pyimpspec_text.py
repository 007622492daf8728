"""pyimpspec's circuit description code with values: `R{R=100/0/inf:label}([RC]{...}Q)`.

Unlike Boukamp's, its brackets never switch: () is always parallel, [] always series.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isinf
from typing import Literal

import numpy as np

from eisfit.circuit.elements import BY_SYMBOL
from eisfit.circuit.parser import MAX_LENGTH, Group, Leaf, Node, Reader, group
from eisfit.errors import CircuitError
from eisfit.interop.exchange import Array
from eisfit.interop.pyimpspec_elements import PEERS, PeerElement

_VERSION = re.compile(r"\s*!\s*V\s*=\s*(\d+)\s*!")
_ELEMENT = re.compile(r"[A-Za-z][a-z0-9_]*")
_SYMBOL = re.compile(r"[A-Za-z]\w*", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", re.ASCII)
_BLANK = re.compile(r"\s*")
Kind = Literal["series", "parallel"]


@dataclass(frozen=True)
class Entry:
    """One element of the text: values, bounds (m, 2) and constants, in the order of its own.

    `bounds` are NaN where they are its defaults.
    """

    label: str
    peer: PeerElement
    name: str
    values: Array
    bounds: Array
    fixed: Array

    @property
    def is_plain(self) -> bool:
        """Whether its exponent is the constant 1/2, so that ours needs none."""
        return bool(self.peer.plain and self.fixed[-1] and self.values[-1] == 0.5)


def read_cdc(text: str) -> tuple[Node, list[Entry]]:
    """Return the tree of a text, under our elements and names, and what it says of each element.

    Raises
    ------
    CircuitError
        With a caret under the offending character.
    """
    if not isinstance(text, str):
        raise CircuitError(f"expected circuit text, found {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise CircuitError(f"the text has {len(text)} characters, at most {MAX_LENGTH} are read")
    return _Extended(text.strip()).read()


class _Extended(Reader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.at = 0
        self.entries: list[Entry] = []
        self.counts: dict[str, int] = {}

    def read(self) -> tuple[Node, list[Entry]]:
        version = _VERSION.match(self.text)
        if version:
            if version[1] != "1":
                self.fail(version.start(1), f"version {version[1]} of the code is not known")
            self.at = version.end()
        # One frame for each open bracket: where it opened, what closes it, its kind, its parts
        frames: list[tuple[int, str, Kind, list[Node]]] = [(0, "", "series", [])]
        while self.peek():
            opened, closing, kind, parts = frames[-1]
            letter = self.peek()
            if letter in "([":
                inner: tuple[str, Kind] = (")", "parallel") if letter == "(" else ("]", "series")
                frames.append((self.at, *inner, []))
                self.at += 1
            elif letter in ")]":
                if letter != closing:
                    still = f"expected {closing!r} first" if closing else "nothing is open here"
                    self.fail(self.at, f"{letter!r} closes no bracket: {still}")
                if len(parts) < (2 if kind == "parallel" else 1):
                    self.fail(opened, "too few elements between these brackets")
                frames.pop()
                frames[-1][3].append(group(kind, parts))
                self.at += 1
            else:
                parts.append(self.element())
        if len(frames) > 1:
            self.fail(frames[-1][0], "this bracket is never closed")
        if not frames[0][3]:
            self.fail(self.at, "the circuit has no element")
        return group("series", frames[0][3]), self.entries

    def peek(self) -> str:
        """Return the next character that is no blank, "" at the end."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.text[self.at : self.at + 1]

    def take(self, pattern: re.Pattern[str], what: str) -> str:
        self.peek()
        match = pattern.match(self.text, self.at)
        if match is None:
            self.fail(self.at, f"expected {what}")
        self.at = match.end()
        return match.group()

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            self.fail(self.at, f"expected {mark!r}")
        self.at += 1

    def element(self) -> Leaf:
        self.peek()
        start = self.at
        symbol = self.take(_ELEMENT, "an element or a bracket")
        if symbol == "Tlm":
            self.fail(start, "the general transmission line holds circuits of its own and is not "
                      "read; write one of its closed forms: Tlmbo, Tlmno, ...")  # fmt: skip
        if symbol not in PEERS:
            self.unknown(start, symbol, " of pyimpspec", f"known: {', '.join(PEERS)}")
        peer = PEERS[symbol]
        values = np.array([p.default for p in peer.parameters])
        bounds = np.full((len(values), 2), np.nan)
        fixed = np.array([p.fixed for p in peer.parameters])
        name = self.parameters(peer, values, bounds, fixed) if self.peek() == "{" else ""
        entry = Entry("", peer, name, values, bounds, fixed)
        ours = peer.plain if entry.is_plain else peer.ours
        self.counts[ours] = self.counts.get(ours, 0) + 1
        label = f"{ours}{self.counts[ours]}"
        self.entries.append(Entry(label, peer, name, values, bounds, fixed))
        return Leaf(label, BY_SYMBOL[ours])

    def parameters(self, peer: PeerElement, values: Array, bounds: Array, fixed: Array) -> str:
        """Read `{...}` into the arrays, and return the label."""
        self.expect("{")
        symbols = [p.symbol for p in peer.parameters]
        while self.peek() not in (":", "}"):
            start = self.at
            symbol = self.take(_SYMBOL, "a parameter")
            if symbol not in symbols:
                known = ", ".join(p.symbol for p in peer.parameters)
                self.fail(start, f"{peer.symbol} has no (further) {symbol}; it has {known}")
            i = symbols.index(symbol)
            symbols[i] = ""  # each once
            self.expect("=")
            values[i], fixed[i], bounds[i] = self.value(peer, i)
            if self.peek() != ",":
                break
            self.at += 1
        name = ""
        if self.peek() == ":":
            self.at += 1
            name = self.label()
        self.expect("}")
        return name

    def value(self, peer: PeerElement, i: int) -> tuple[float, bool, tuple[float, float]]:
        start = self.at
        spec = peer.parameters[i]
        value = float(self.take(_NUMBER, "a number"))
        fixed = self.text[self.at : self.at + 1] in ("f", "F")
        self.at += fixed
        lower, upper = spec.lower, spec.upper
        if self.peek() == "/":
            self.at += 1
            if self.peek() != "/":
                lower = self.limit(value, -inf)
            if self.peek() == "/":
                self.at += 1
                upper = self.limit(value, inf)
        if not lower <= value <= upper:
            self.fail(start, f"{spec.symbol} = {value:g} is not within {lower:g} and {upper:g}")
        if (lower, upper) == (spec.lower, spec.upper):
            return value, fixed, (np.nan, np.nan)
        return value, fixed, (lower, upper)

    def limit(self, value: float, infinite: float) -> float:
        self.peek()
        if self.text.startswith("inf", self.at):
            self.at += 3
            return infinite
        limit = float(self.take(_NUMBER, "a number or inf"))
        if self.peek() == "%":
            self.at += 1
            return value * limit / 100.0
        return limit

    def label(self) -> str:
        depth, start = 0, self.at
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "}" and depth == 0:
                break
            depth += (letter == "{") - (letter == "}")
            self.at += 1
        return self.text[start : self.at].strip()


def write_cdc(root: Node, elements: Mapping[str, str]) -> str:
    """Return a tree as text; `elements` has the text of each element by its name."""
    pieces: list[str] = []
    # Nodes to open and texts to write
    stack: list[Node | str] = [root]
    outermost = True
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            pieces.append(top)
        elif isinstance(top, Leaf):
            pieces.append(elements[top.label])
        else:
            opening, closing = _brackets(top, outermost)
            stack += [closing, *reversed(top.parts), opening]
        outermost = False
    return "".join(pieces)


def _brackets(node: Group, outermost: bool) -> tuple[str, str]:
    if node.kind == "parallel":
        return "(", ")"
    return ("", "") if outermost else ("[", "]")


def element_text(
    peer: PeerElement, values: Sequence[float], bounds: Array, fixed: Sequence[bool], label: str
) -> str:
    """Return one element with all that is known of it; bounds (m, 2), NaN for its defaults."""
    parts = []
    for spec, value, limits, is_fixed in zip(
        peer.parameters, values, bounds.tolist(), fixed, strict=True
    ):
        lower = min(spec.lower, value) if np.isnan(limits[0]) else limits[0]
        upper = max(spec.upper, value) if np.isnan(limits[1]) else limits[1]
        ends = "/".join("inf" if isinf(end) else repr(end) for end in (lower, upper))
        parts.append(f"{spec.symbol}={value!r}{'F' * bool(is_fixed)}/{ends}")
    name = f":{label}" if label else ""
    return f"{peer.symbol}{{{','.join(parts)}{name}}}"
