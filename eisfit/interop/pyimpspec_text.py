"""pyimpspec's circuit description code with values: `R{R=100/0/inf:label}([RC]{...}Q)`.

Unlike Boukamp's, its brackets never switch: () is always parallel, [] always series.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isinf
from typing import Literal

import numpy as np

from eisfit.circuit.elements import BY_SYMBOL
from eisfit.circuit.parser import MAX_LENGTH, Group, Leaf, Node, Reader, group, relabelled
from eisfit.errors import CircuitError
from eisfit.interop.exchange import Array
from eisfit.interop.pyimpspec_elements import PEERS, PeerElement, PeerParameter
from eisfit.interop.pyimpspec_lines import Kind as PartKind
from eisfit.interop.pyimpspec_lines import Known, Part, line_of, part_of

_VERSION = re.compile(r"\s*!\s*V\s*=\s*(\d+)\s*!")
_ELEMENT = re.compile(r"[A-Za-z][a-z0-9_]*")
_SYMBOL = re.compile(r"[A-Za-z]\w*", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", re.ASCII)
_BLANK = re.compile(r"\s*")
Kind = Literal["series", "parallel"]
_WORDS: dict[str, PartKind] = {"open": "open", "inf": "open", "short": "short", "zero": "short"}


@dataclass(frozen=True)
class Entry:
    """One element of the text: values, bounds (m, 2) and constants, in the order of its own.

    `bounds` are NaN where they are its defaults. `reported` is how many of the values have an error
    in a fit of pyimpspec: it has none for circuits within an element.
    """

    label: str
    peer: PeerElement
    name: str
    values: Array
    bounds: Array
    fixed: Array
    reported: int = 0

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
        self.inside = False  # of a Tlm

    def read(self) -> tuple[Node, list[Entry]]:
        version = _VERSION.match(self.text)
        if version:
            if version[1] != "1":
                self.fail(version.start(1), f"version {version[1]} of the code is not known")
            self.at = version.end()
        root = self.connection("")
        if root is None:
            self.fail(self.at, "the circuit has no element")
        return root, self.entries

    def connection(self, ends: str) -> Node | None:
        """Return the parts in series up to the end or, outside of brackets, to one of `ends`."""
        # One frame for each open bracket: where it opened, what closes it, its kind, its parts
        frames: list[tuple[int, str, Kind, list[Node]]] = [(0, "", "series", [])]
        while self.peek() and not (len(frames) == 1 and self.peek() in ends):
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
        return group("series", frames[0][3]) if frames[0][3] else None

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

    def element(self) -> Node:
        self.peek()
        start = self.at
        symbol = self.take(_ELEMENT, "an element or a bracket")
        if symbol == "Tlm":
            return self.line(start)
        if symbol not in PEERS:
            self.unknown(start, symbol, " of pyimpspec", f"known: {', '.join(PEERS)}")
        peer = PEERS[symbol]
        values = np.array([p.default for p in peer.parameters])
        bounds = np.full((len(values), 2), np.nan)
        fixed = np.array([p.fixed for p in peer.parameters])
        name = self.parameters(peer, values, bounds, fixed) if self.peek() == "{" else ""
        return self.leaf_of(Entry("", peer, name, values, bounds, fixed, len(values)))

    def leaf_of(self, entry: Entry) -> Leaf:
        """Return one of our elements under the next name of its kind, its entry noted."""
        ours = entry.peer.plain if entry.is_plain else entry.peer.ours
        self.counts[ours] = self.counts.get(ours, 0) + 1
        label = f"{ours}{self.counts[ours]}"
        self.entries.append(replace(entry, label=label))
        return Leaf(label, BY_SYMBOL[ours])

    def line(self, start: int) -> Node:
        """Return a general transmission line as one of our pores, behind Tlm."""
        if self.inside:
            self.fail(start, "a Tlm within a Tlm is not read: write one of our pores there")
        counts, entries, self.inside = dict(self.counts), self.entries, True
        parts = {
            "X_1": Part("R", _known([1.0])), "X_2": Part("short"), "Z_A": Part("open"),
            "Z_B": Part("open"), "Zeta": Part("Q", _known([5e-3, 0.8])),
        }  # fmt: skip
        within: dict[str, list[Entry]] = {}
        length, name = _known([1.0], fixed=True), ""
        if self.peek() == "{":
            length, name = self.line_parameters(parts, within, length)
        self.counts, self.entries, self.inside = counts, entries, False
        found = line_of(parts, length)
        if isinstance(found, str):
            self.fail(start, f"this Tlm is none of our pores: {found}",
                      "or fit with an element of your own: eisfit.element")  # fmt: skip
        outer = parts["Z_A"].node
        beside = []
        if found.outer and outer is not None:
            own = iter(within["Z_A"])
            beside = [relabelled(outer, lambda _: self.leaf_of(next(own)))]
        values, bounds, fixed = found.known
        pore: list[Node] = []
        for i, symbol in enumerate(found.symbols):
            last = i == len(found.symbols) - 1
            peer = PeerElement("Tlm", (), symbol, found.to_ours)
            if last:  # of several elements the last one's entry gives the values of all
                entry = Entry("", peer, name, values, bounds, fixed, 1)
                pore.append(self.leaf_of(entry))
            else:
                self.counts[symbol] = self.counts.get(symbol, 0) + 1
                pore.append(Leaf(f"{symbol}{self.counts[symbol]}", BY_SYMBOL[symbol]))
        return group("parallel", [*beside, group("series", pore)])

    def line_parameters(
        self, parts: dict[str, Part], within: dict[str, list[Entry]], length: Known
    ) -> tuple[Known, str]:
        """Read a Tlm's `{...}` into parts and their entries; return its length and its label."""
        self.expect("{")
        given: set[str] = set()
        name = ""
        while self.peek() not in (":", "}"):
            start = self.at
            symbol = self.take(_SYMBOL, "a parameter")
            if symbol not in (*parts, "L") or symbol in given:
                self.fail(start, f"Tlm has no (further) {symbol}; it has {', '.join(parts)}, L")
            given.add(symbol)
            self.expect("=")
            if symbol == "L":
                spec = PeerParameter("L", 1.0, 1e-24, inf)
                value, fixed, limits = self.value(PeerElement("Tlm", (spec,), ""), 0)
                length = np.array([value]), np.array([limits]), np.array([fixed])
            else:
                self.counts, self.entries = {}, []
                parts[symbol] = self.part()
                within[symbol] = self.entries
            if self.peek() != ",":
                break
            self.at += 1
        if self.peek() == ":":
            self.at += 1
            name = self.label()
        self.expect("}")
        return length, name

    def part(self) -> Part:
        """Return a circuit inside a Tlm."""
        self.peek()
        for word, kind in _WORDS.items():
            if re.match(rf"{word}(?!\w)", self.text[self.at : self.at + 6], re.ASCII):
                self.at += len(word)
                return Part(kind)
        at = self.at
        node = self.connection(",:}")
        if node is None:
            self.fail(at, "expected a circuit, open or short")
        known = [(e.peer.symbol, (e.values, e.bounds, e.fixed)) for e in self.entries]
        return part_of(node, "other", known)

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


def _known(values: Sequence[float], fixed: bool = False) -> Known:
    count = len(values)
    return np.array(values), np.full((count, 2), np.nan), np.full(count, fixed)


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
