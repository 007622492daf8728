"""Circuit text to a tree. Two grammars, told apart by the text itself:

- impedance.py's, `R0-p(R1,CPE1)-Wo1`: numbered elements, `-` in series, `p(a,b)` in parallel;
- Boukamp's circuit description code (CDC), `R(RQ)W`: single letters without numbers, side by side
  in series; brackets switch to parallel and, nested, back to series; `[...]` is always series.

Some letters (T, G) mean different things in the two, so a mixture is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from eisfit.circuit.elements import BY_CDC, BY_SYMBOL, Element
from eisfit.errors import CircuitError

Dialect = Literal["impedance.py", "CDC"]


@dataclass(frozen=True)
class Leaf:
    """One element under its name, such as `CPE1`."""

    label: str
    element: Element


@dataclass(frozen=True)
class Group:
    """Two or more parts in series or in parallel."""

    kind: Literal["series", "parallel"]
    parts: tuple[Node, ...]


Node = Leaf | Group

# Far beyond any circuit that data could determine; nested brackets of this length stay fast
MAX_LENGTH = 50_000

_TOKEN = re.compile(
    r"(?P<parallel>p\s*\()|(?P<element>[A-Za-z]+)(?P<number>[0-9]*)|(?P<mark>[-(),\[\]])"
)
_DASHES = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_CONTEXT = 60


def parse(text: str) -> tuple[Node, Dialect]:
    """Return the tree of a circuit text, and which grammar it is written in.

    Raises
    ------
    CircuitError
        With a caret under the offending character and what could stand there instead.
    """
    if not isinstance(text, str):
        raise CircuitError(f"expected circuit text, found {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise CircuitError(
            f"the circuit text has {len(text)} characters, at most {MAX_LENGTH} are read: "
            "is this a file's content instead of a circuit?"
        )
    source = text.strip()
    if not source:
        raise CircuitError("the circuit text is empty: write for example R0-p(R1,CPE1) or R(RQ)")
    dialect: Dialect = "impedance.py" if re.search(r"[-,]|p\s*\(|[0-9]", source) else "CDC"
    reader = _Numbered(source) if dialect == "impedance.py" else _Boukamp(source)
    return reader.read(), dialect


def to_text(root: Node, dialect: Dialect = "impedance.py") -> str:
    """Return a tree as text that parses to it again.

    Raises
    ------
    CircuitError
        If an element, or its name, does not exist in that grammar. A CDC numbers its elements in
        order of appearance, so there a name must also have the number of its place.
    """
    pieces: list[str] = []
    counts: dict[str, int] = {}
    # Texts to write and nodes to open; `True` beside a node: it stands inside a parallel group
    stack: list[tuple[Node | str, bool]] = [(root, False)]
    while stack:
        top, in_parallel = stack.pop()
        if isinstance(top, str):
            pieces.append(top)
        elif isinstance(top, Leaf):
            pieces.append(_leaf_text(top, dialect, counts))
        else:
            inside: list[tuple[Node | str, bool]] = []
            opening, comma, closing = _marks(top.kind, dialect, in_parallel)
            for i, part in enumerate(top.parts):
                inside.append((comma if i else opening, False))
                inside.append((part, top.kind == "parallel"))
            inside.append((closing, False))
            stack.extend(reversed(inside))
    return "".join(pieces)


def _marks(
    kind: Literal["series", "parallel"], dialect: Dialect, in_parallel: bool
) -> tuple[str, str, str]:
    """Return what opens, parts and closes a group."""
    if dialect == "CDC":
        return ("(", "", ")") if kind == "parallel" or in_parallel else ("", "", "")
    return ("p(", ",", ")") if kind == "parallel" else ("", "-", "")


def _leaf_text(leaf: Leaf, dialect: Dialect, counts: dict[str, int]) -> str:
    letters = leaf.element.cdc if dialect == "CDC" else leaf.element.symbol
    if not letters:
        raise CircuitError(f"{leaf.label}: the {leaf.element.name} has no sign in {dialect} text")
    counts[letters] = counts.get(letters, 0) + 1
    if dialect == "CDC":
        expected = f"{letters}{counts[letters]}"
        if leaf.label != expected:
            raise CircuitError(f"{leaf.label} would be called {expected} in CDC text")
        return letters
    number = leaf.label.removeprefix(letters)
    if number == leaf.label or not re.fullmatch("[0-9]+", number):
        raise CircuitError(f"{leaf.label} is no name in {dialect} text: write {letters}1")
    return leaf.label


def group(kind: Literal["series", "parallel"], parts: list[Node]) -> Node:
    """Return the parts as one node, with parts of the same kind taken up into it."""
    flat: list[Node] = []
    for part in parts:
        same = isinstance(part, Group) and part.kind == kind
        flat.extend(part.parts if same and isinstance(part, Group) else [part])
    return flat[0] if len(flat) == 1 else Group(kind, tuple(flat))


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the elements of a tree from left to right; depth is no limit."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Leaf):
            yield top
        else:
            stack.extend(reversed(top.parts))


def relabelled(root: Node, change: Callable[[Leaf], Leaf]) -> Node:
    """Return the tree with every element replaced by what `change` makes of it."""
    done: list[Node] = []
    # A group is met twice: once to queue its parts, once to take them, finished, off `done`
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, parts_done = stack.pop()
        if isinstance(node, Leaf):
            done.append(change(node))
        elif parts_done:
            start = len(done) - len(node.parts)
            done[start:] = [Group(node.kind, tuple(done[start:]))]
        else:
            stack.append((node, True))
            stack.extend((part, False) for part in reversed(node.parts))
    return done[0]


class Reader:
    """Walks the text once, with an explicit stack, so nesting has no limit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.labels: set[str] = set()

    def fail(self, at: int, what: str, hint: str = "") -> NoReturn:
        """Raise a CircuitError with a caret under the character at `at`."""
        start = max(0, at - _CONTEXT)
        before, after = self.text[start:at], self.text[at : at + _CONTEXT]
        before = "..." * (start > 0) + before
        after += "..." * (at + _CONTEXT < len(self.text))
        ending = f"\n{hint}" if hint else ""
        raise CircuitError(
            f"{what} (column {at + 1})\n  {_plain(before + after)}\n  {' ' * len(before)}^{ending}"
        ) from None

    def unknown(self, at: int, letters: str, where: str, hint: str) -> NoReturn:
        """Raise a CircuitError about letters that are no element."""
        if letters in _DASHES:
            hint = "is this a dash of another kind? Write a plain '-'"
        shown = letters if len(letters) <= 20 else letters[:20] + "..."
        self.fail(at, f"unknown element {shown!r}{where}", hint)

    def tokens(self) -> Iterator[tuple[int, str, re.Match[str]]]:
        """Yield where each token starts, its text and its match."""
        at = 0
        while at < len(self.text):
            if self.text[at].isspace():
                at += 1
                continue
            match = _TOKEN.match(self.text, at)
            if match is None:
                self.unknown(at, self.text[at], "", f"known: {', '.join(BY_SYMBOL)}")
            yield at, match.group(), match
            at = match.end()

    def leaf(self, at: int, label: str, element: Element) -> Leaf:
        """Return a leaf under a name that was not used before."""
        if label in self.labels:
            self.fail(at, f"the name {label} is used twice", "give each element its own number")
        self.labels.add(label)
        return Leaf(label, element)


def _plain(text: str) -> str:
    """Return text in which every character is one column wide, so that a caret can point at it."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


class _Numbered(Reader):
    """impedance.py's grammar."""

    def read(self) -> Node:
        # One frame for each open p( : where it opened, its finished branches, the current branch
        frames: list[tuple[int, list[Node], list[Node]]] = [(-1, [], [])]
        expects_part = True
        at, token = 0, ""
        for at, token, match in self.tokens():
            opened, branches, chain = frames[-1]
            if match["parallel"] or match["element"]:
                if not expects_part:
                    self.fail(at, "expected '-', ',' or ')' between two elements")
                if match["parallel"]:
                    frames.append((at, [], []))
                else:
                    chain.append(self.element(at, match))
                    expects_part = False
                continue
            if token not in "-,)":
                self.fail(
                    at, f"{token!r} belongs to the other grammar",
                    "write p(a,b) for elements in parallel, or use one grammar throughout: R(RQ)",
                )  # fmt: skip
            if expects_part:
                self.fail(at, f"expected an element before {token!r}")
            if token == "-":
                expects_part = True
                continue
            if len(frames) == 1:
                self.fail(at, f"{token!r} outside of p(...)")
            branches.append(group("series", chain))
            if token == ",":
                frames[-1] = (opened, branches, [])
                expects_part = True
                continue
            frames.pop()
            if len(branches) < 2:
                self.fail(opened, "p(...) needs at least two branches, parted by a comma")
            frames[-1][2].append(group("parallel", branches))
        if expects_part:
            self.fail(len(self.text), f"the text ends after {token!r} where an element must follow")
        if len(frames) > 1:
            self.fail(frames[-1][0], "p( is never closed")
        return group("series", frames[0][2])

    def element(self, at: int, match: re.Match[str]) -> Leaf:
        symbol, number = match["element"], match["number"]
        if symbol not in BY_SYMBOL:
            other = " (in this grammar a Q is a CPE)" if symbol == "Q" else ""
            hint = f"known: {', '.join(BY_SYMBOL)}\nyour own: eisfit.element"
            if len(symbol) > 1 and set(symbol) <= set(BY_CDC):
                hint = "letters side by side belong to the other grammar: use one throughout"
            self.unknown(at, symbol, other, hint)
        if not number:
            self.fail(
                at + len(symbol), f"{symbol} needs a number, such as {symbol}1",
                "without any numbers, dashes and commas the text is read as a CDC: R(RQ)Q",
            )  # fmt: skip
        return self.leaf(at, symbol + number, BY_SYMBOL[symbol])


class _Boukamp(Reader):
    """Boukamp's circuit description code."""

    def read(self) -> Node:
        counts: dict[str, int] = {}
        # One frame for each open bracket: where and how it opened, series or parallel, its parts
        frames: list[tuple[int, str, Literal["series", "parallel"], list[Node]]]
        frames = [(-1, "", "series", [])]
        for at, letter in enumerate(self.text):
            opened, bracket, kind, parts = frames[-1]
            if letter.isspace():
                continue
            if letter == "(":
                frames.append((at, ")", "series" if kind == "parallel" else "parallel", []))
            elif letter == "[":
                frames.append((at, "]", "series", []))
            elif letter in ")]":
                if letter != bracket:
                    still = f"expected {bracket!r} first" if bracket else "nothing is open here"
                    self.fail(at, f"{letter!r} closes no bracket: {still}")
                frames.pop()
                if not parts:
                    self.fail(opened, "nothing stands between these brackets")
                if kind == "parallel" and len(parts) < 2:
                    self.fail(opened, "a parallel bracket needs at least two parts")
                frames[-1][3].append(group(kind, parts))
            elif letter in BY_CDC:
                counts[letter] = counts.get(letter, 0) + 1
                parts.append(self.leaf(at, f"{letter}{counts[letter]}", BY_CDC[letter]))
            else:
                self.unknown(
                    at, letter, " in a circuit description code",
                    f"known: {', '.join(BY_CDC)}; the other grammar has numbers: R0-p(R1,CPE1)",
                )  # fmt: skip
        if len(frames) > 1:
            self.fail(frames[-1][0], "this bracket is never closed")
        return group("series", frames[0][3])
