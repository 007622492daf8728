"""Arithmetic on the names of parameters: text to a small program, and its value with its gradient.

The grammar is ours: numbers, names, `+ - * / **`, brackets, `sqrt`, `exp`, `log` (natural), and one
of `= < > <= >=` between two sides (`tau1 < tau2 < tau3` is two inequalities). Text is never handed
to Python's evaluator. Reading and evaluating use explicit stacks, so that no nesting can exhaust
them; derivatives are carried forward with the values, for a whole batch at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import FitError

Array = NDArray[Any]

MAX_LENGTH = 1000
MAX_DEPTH = 50
FUNCTIONS = ("sqrt", "exp", "log")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}
_RELATIONS = ("=", "==", "<", ">", "<=", ">=")
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>\*\*|<=|>=|==|[-+*/()=<>])"
)
_CONTEXT = 60


@dataclass(frozen=True)
class Step:
    """One step of a program: "number", "name", an operator, "neg" or a function; `at`: where."""

    kind: str
    number: float = 0.0
    name: str = ""
    at: int = 0

    @property
    def arity(self) -> int:
        """How many operands it takes."""
        if self.kind in ("number", "name"):
            return 0
        return 1 if self.kind == "neg" or self.kind in FUNCTIONS else 2


Program = tuple[Step, ...]  # operands before their operator


@dataclass(frozen=True)
class Relation:
    """Two sides that are equal ("="), or of which the left is at most the right ("<")."""

    left: Program
    kind: str
    right: Program
    text: str


@dataclass(frozen=True)
class Dual:
    """Values (...) with their gradients (..., F); scalars stand for constants."""

    value: Any
    gradient: Any = 0.0

    def _by(self, factor: Any) -> Any:
        return np.asarray(factor)[..., None] * self.gradient

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.gradient + other.gradient)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.gradient)

    def __sub__(self, other: Dual) -> Dual:
        return self + -other

    def __mul__(self, other: Dual) -> Dual:
        return Dual(self.value * other.value, self._by(other.value) + other._by(self.value))

    def __truediv__(self, other: Dual) -> Dual:
        quotient = self.value / other.value
        return Dual(quotient, self._by(1.0 / other.value) - other._by(quotient / other.value))

    def __pow__(self, other: Dual) -> Dual:
        value = self.value**other.value
        gradient = self._by(other.value * self.value ** (other.value - 1.0))
        if np.ndim(other.gradient):  # else a constant power, of any base
            gradient = gradient + other._by(value * np.log(self.value))
        return Dual(value, gradient)

    def sqrt(self) -> Dual:
        """Return the square root."""
        root = np.sqrt(self.value)
        return Dual(root, self._by(0.5 / root))

    def exp(self) -> Dual:
        """Return the exponential."""
        value = np.exp(self.value)
        return Dual(value, self._by(value))

    def log(self) -> Dual:
        """Return the natural logarithm."""
        return Dual(np.log(self.value), self._by(1.0 / self.value))


def parse(text: str) -> tuple[Relation, ...]:
    """Return the relations that a constraint states; more than one where comparisons are chained.

    Raises
    ------
    FitError
        With a caret under the offending character and what could stand there instead.
    """
    if not isinstance(text, str):
        raise FitError(
            f"a constraint is text such as 'R2 = 2*R1', found {type(text).__name__}: {text!r:.60}"
        )
    if len(text) > MAX_LENGTH:
        raise FitError(
            f"a constraint has {len(text)} characters, at most {MAX_LENGTH} are read: "
            f"{text[:40]!r}... write it as several shorter ones"
        )
    return _Parser(text).relations()


class _Parser:
    """Dijkstra's two stacks: a side's finished program, and the operators that wait."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.done: list[Step] = []
        self.waiting: list[Step] = []
        self.depth = 0

    def fail(self, at: int, what: str, hint: str = "") -> NoReturn:
        """Raise a FitError with a caret under the character at `at`."""
        fail(self.text, at, what, hint)

    def tokens(self) -> Iterator[tuple[int, str, str]]:
        at = 0
        while at < len(self.text):
            if self.text[at].isspace():
                at += 1
                continue
            match = _TOKEN.match(self.text, at)
            if match is None:
                hint = "write ** for a power" if self.text[at] == "^" else (
                    "there are numbers, names, + - * / ** ( ), sqrt, exp, log and = < > <= >="
                )  # fmt: skip
                self.fail(at, f"{self.text[at]!r:.12} has no meaning in a constraint", hint)
            yield at, match.lastgroup or "", match.group()
            at = match.end()

    def relations(self) -> tuple[Relation, ...]:
        sides: list[Program] = []
        kinds: list[str] = []
        wants_operand = True
        for at, group, token in self.tokens():
            if group == "mark" and token in _RELATIONS:
                sides.append(self.side(at, wants_operand))
                kinds.append("=" if token == "==" else token)
                wants_operand = True
            elif wants_operand:
                wants_operand = self.operand(at, group, token)
            else:
                wants_operand = self.operator(at, group, token)
        if not kinds:
            self.fail(
                len(self.text), "a constraint needs = or < or > between two sides",
                "write for example R2 = 2*R1 or tau1 < tau2",
            )  # fmt: skip
        sides.append(self.side(len(self.text), wants_operand))
        if "=" in kinds and len(kinds) > 1:
            raise FitError(f"{self.text!r}: write each equation as a constraint of its own")
        return tuple(
            Relation(a, "=", b, self.text) if kind == "="
            else Relation(a, "<", b, self.text) if kind[0] == "<"
            else Relation(b, "<", a, self.text)
            for a, kind, b in zip(sides, kinds, sides[1:], strict=False)
        )  # fmt: skip

    def operand(self, at: int, group: str, token: str) -> bool:
        """Take a token where an operand must stand; return whether one must still follow."""
        if self.waiting and self.waiting[-1].kind in FUNCTIONS and token != "(":
            self.fail(at, f"expected '(' after {self.waiting[-1].kind}")
        if group == "number":
            number = float(token)
            if not np.isfinite(number):
                self.fail(at, "this number is too large")
            self.done.append(Step("number", number=number, at=at))
            return False
        if group == "name":
            if token in FUNCTIONS:
                self.waiting.append(Step(token, at=at))
                return True
            self.done.append(Step("name", name=token, at=at))
            return False
        if token == "(":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.fail(at, f"brackets are nested more than {MAX_DEPTH} deep")
            self.waiting.append(Step("(", at=at))
            return True
        if token not in "+-":
            self.fail(at, f"expected a number, a name or '(' before {token!r}")
        if token == "-":
            self.waiting.append(Step("neg", at=at))
        return True

    def operator(self, at: int, group: str, token: str) -> bool:
        """Take a token where an operator must stand; return whether an operand must follow."""
        if group != "mark" or token == "(":
            self.fail(at, f"expected an operator before {token!r:.30}", "write 2*R1 for a product")
        if token == ")":
            self.flush(0)
            if not self.waiting:
                self.fail(at, "this bracket was never opened")
            self.waiting.pop()
            self.depth -= 1
            if self.waiting and self.waiting[-1].kind in FUNCTIONS:
                self.done.append(self.waiting.pop())
            return False
        # A power takes its right side first; everything else its left
        self.flush(_PRECEDENCE[token] + (token == "**"))
        self.waiting.append(Step(token, at=at))
        return True

    def flush(self, least: int) -> None:
        """Finish waiting operators that bind at least so tightly, up to an open bracket."""
        while self.waiting and _PRECEDENCE.get(self.waiting[-1].kind, -1) >= max(least, 1):
            self.done.append(self.waiting.pop())

    def side(self, at: int, wants_operand: bool) -> Program:
        if wants_operand:
            self.fail(at, "expected a number, a name or '(' here")
        self.flush(0)
        if self.waiting:
            self.fail(self.waiting[-1].at, "this bracket is never closed")
        program, self.done = tuple(self.done), []
        return program


def fail(text: str, at: int, what: str, hint: str = "") -> NoReturn:
    """Raise a FitError about a constraint, with a caret under the character at `at`."""
    start = max(0, at - _CONTEXT)
    before, after = text[start:at], text[at : at + _CONTEXT]
    before = "..." * (start > 0) + before
    after += "..." * (at + _CONTEXT < len(text))
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in before + after)
    ending = f"\n{hint}" if hint else ""
    raise FitError(
        f"constraint: {what} (column {at + 1})\n  {shown}\n  {' ' * len(before)}^{ending}"
    )


def evaluate(program: Program, lookup: Callable[[str], Dual]) -> Dual:
    """Return the value and gradient of a program; `lookup` gives those of a name.

    What has no value (a root of a negative number) is NaN.
    """
    stack: list[Dual] = []
    with np.errstate(all="ignore"):
        for step in program:
            if step.kind == "number":
                stack.append(Dual(np.float64(step.number)))
            elif step.kind == "name":
                stack.append(lookup(step.name))
            elif step.arity == 1:
                stack[-1] = -stack[-1] if step.kind == "neg" else getattr(stack[-1], step.kind)()
            else:
                right = stack.pop()
                stack[-1] = _combined(step.kind, stack[-1], right)
    return stack[0]


def _combined(kind: str, left: Dual, right: Dual) -> Dual:
    if kind == "+":
        return left + right
    if kind == "-":
        return left - right
    if kind == "*":
        return left * right
    return left / right if kind == "/" else left**right


def names(program: Program) -> tuple[str, ...]:
    """Return the names in a program, each time they occur."""
    return tuple(step.name for step in program if step.kind == "name")


def operands(program: Program) -> tuple[Program, ...]:
    """Return the operands of a program's last step."""
    parts: list[Program] = []
    stop = len(program) - 1
    for _ in range(program[-1].arity):
        at, needed = stop, 1
        while needed:
            at -= 1
            needed += program[at].arity - 1
        parts.append(program[at:stop])
        stop = at
    return tuple(reversed(parts))


def terms(program: Program) -> tuple[list[Program], list[Program]]:
    """Return the terms of a sum: those that are added, and those that are taken away."""
    added: list[Program] = []
    taken: list[Program] = []
    stack = [(program, True)]
    while stack:
        part, plus = stack.pop()
        kind = part[-1].kind
        if kind in ("+", "-"):
            left, right = operands(part)
            stack += [(left, plus), (right, plus == (kind == "+"))]
        elif kind == "neg":
            stack.append((part[:-1], not plus))
        elif not (len(part) == 1 and kind == "number" and part[0].number == 0.0):
            (added if plus else taken).append(part)
    return added, taken


def is_positive(program: Program) -> bool:
    """Return whether a program of positive names is positive, whatever their values."""
    return not any(
        step.kind in ("-", "neg", "log") or (step.kind == "number" and step.number <= 0.0)
        for step in program
    )


def solved(left: Program, right: Program, name: str) -> Program | None:
    """Return the program that `name` equals where `left = right`; None where it is not so simple.

    The name must occur once on the left and nowhere on the right.
    """
    if names(left).count(name) != 1 or name in names(right):
        return None
    while len(left) > 1:
        kind, parts = left[-1].kind, operands(left)
        if len(parts) == 1:
            inverse = {"neg": "neg", "sqrt": "square", "exp": "log", "log": "exp"}[kind]
            left = parts[0]
            if inverse == "square":
                right = (*right, Step("number", number=2.0), Step("**"))
            else:
                right = (*right, Step(inverse))
            continue
        first = name in names(parts[0])
        left, other = parts if first else parts[::-1]
        if kind in ("+", "*"):
            right = (*right, *other, Step("-" if kind == "+" else "/"))
        elif kind in ("-", "/") and first:
            right = (*right, *other, Step("+" if kind == "-" else "*"))
        elif kind in ("-", "/"):
            right = (*other, *right, Step(kind))
        elif first:
            right = (*right, Step("number", number=1.0), *other, Step("/"), Step("**"))
        else:
            right = (*right, Step("log"), *other, Step("log"), Step("/"))
    return right
