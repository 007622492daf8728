"""From what a user asks (fixed, bounds, constraints) to what the fit needs, each demand checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import index as as_int
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.expression import (
    Program,
    Relation,
    Step,
    evaluate,
    fail,
    names,
    parse,
    solved,
)
from eisfit.fitting.symbols import Symbol, find, limits, reach, symbols_of, unknown_name
from eisfit.fitting.ties import Inequality, Rules, Tie
from eisfit.fitting.transform import Coordinates, coordinates

if TYPE_CHECKING:
    from eisfit.fitting.options import FitOptions

Span = tuple[float, float]
_NONE: Mapping[str, Any] = {}


@dataclass
class Demands:
    """All that is asked of the parameters of a model, by index.

    Attributes
    ----------
    fixed : index to value
    bounded : index to (low, high), either of which may be infinite
    tau_bounded : the same for time constants, by the index of their arc's C or Q
    ties, inequalities
        Between several quantities.
    touched : set of indices
        Parameters that are named, so that their arc is not exchangeable with others.
    """

    model: Model
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    fixed: dict[int, float] = field(default_factory=dict)
    bounded: dict[int, Span] = field(default_factory=dict)
    tau_bounded: dict[int, Span] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    inequalities: list[Inequality] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, model: Model, options: FitOptions) -> Demands:
        """Return the demands of options.

        Raises
        ------
        ModelError
            If a name in `fixed` or `bounds` is unknown.
        FitError
            If a constraint does not parse, names what there is not, or contradicts another demand;
            or a value or a bound is impossible. The message names the parameter.
        """
        demands = cls(model)
        if not (options.fixed or options.bounds or options.constraints):
            return demands
        demands.symbols = symbols_of(model)
        for name, value in options.fixed.items():
            demands.fix(name, find(demands.symbols, name), number(value, name), f"fixed {name}")
        relations = [one for text in options.constraints for one in parse(text)]
        for relation in relations:
            demands.check_names(relation)
            if relation.kind == "=":
                demands.tie(relation)
        for name, ends in options.bounds.items():
            symbol = find(demands.symbols, name)
            demands.bound(name, symbol, span(ends, name), f"bounds of {name}")
        for relation in relations:
            if relation.kind == "<":
                demands.compare(relation)
        return demands

    def ready(self) -> tuple[Coordinates, Rules | None]:
        """Return coordinates that suit the demands, and the rules between them; None for none."""
        own = {*self.fixed, *self.bounded, *self._tied_stores()}
        circuit, arcs = self.model.circuit, self.model.arcs
        if not (self.ties or self.inequalities or self.tau_bounded):
            return coordinates(circuit, arcs, frozenset(own)), None
        mentioned = {self.symbols[name].index for tie in self.ties for name in names(tie.program)}
        coords = coordinates(circuit, arcs, frozenset(own))
        try:
            return coords, self._rules(coords)
        except FitError:
            # A Q that follows from its arc's tau and R can make a circle where there is none
            coords = coordinates(circuit, arcs, frozenset(own | mentioned))
            return coords, self._rules(coords)

    def _rules(self, coords: Coordinates) -> Rules:
        paired = {arc.store for arc in coords.arcs}
        apart = [
            inequality
            for i, limit in self.tau_bounded.items() if i not in paired
            for inequality in self._as_inequalities(self._tau_name(i), i, limit, "")
        ]  # fmt: skip
        inequalities = [*self.inequalities, *apart]
        return Rules.of(self.model, coords, self.symbols, self.ties, inequalities)

    def _tied_stores(self) -> set[int]:
        return {tie.symbol.index for tie in self.ties if tie.symbol.tau_of is None}

    def _tau_name(self, index: int) -> str:
        return next(n for n, s in self.symbols.items() if s.index == index and s.tau_of)

    def touch(self, symbol: Symbol) -> None:
        """Note that a quantity was named."""
        self.touched.add(symbol.index)

    def check_names(self, relation: Relation) -> None:
        """Refuse names that mean nothing; note the others."""
        for step in relation.left + relation.right:
            if step.kind != "name":
                continue
            if step.name not in self.symbols:
                fail(relation.text, step.at, unknown_name(step.name, self.symbols))
            self.touch(self.symbols[step.name])

    def fix(self, name: str, symbol: Symbol, value: float, text: str) -> None:
        """Hold a quantity at a value."""
        low, high = limits(self.model, symbol)
        if not (np.isfinite(value) and low <= value <= high and value > 0):
            raise FitError(f"{text}: {name} must {_may_be(low, high)}, found {value:g}")
        if symbol.index in self.fixed or symbol.index in self.taken():
            raise FitError(f"{text}: {name} is fixed or tied already; leave one of the two out")
        self.touch(symbol)
        if symbol.tau_of is None:
            self.fixed[symbol.index] = value
            return
        constant = (Step("number", number=value),)
        self.ties.append(Tie(name, symbol, constant, reach(self.model, symbol), text))

    def taken(self) -> set[int]:
        """Return the indices that ties set."""
        return {tie.symbol.index for tie in self.ties}

    def tie(self, relation: Relation) -> None:
        """Take up an equation: the left name, or else the first that can be told from it, is tied.

        `R2 = 2*R1` ties R2; `R1 + R2 = 100` ties R1.
        """
        text, left, right = relation.text, relation.left, relation.right
        if len(left) == 1 and left[0].kind == "name":
            symbol = self.symbols[left[0].name]
            if symbol.index in self.fixed:
                raise FitError(
                    f"constraint {text!r}: {left[0].name} is fixed, so it cannot be tied as well; "
                    "leave one of the two out, or write the constraint for a parameter that is free"
                )
        if not names(left + right):
            raise FitError(f"constraint {text!r} names no parameter")
        for one, other in ((left, right), (right, left)):
            for name in names(one):
                program = solved(one, other, name)
                if program is not None and self._can_set(self.symbols[name], program):
                    self._set(name, self.symbols[name], program, text)
                    return
        raise FitError(
            f"constraint {text!r}: none of {', '.join(dict.fromkeys(names(left + right)))} can be "
            "tied by it: each is fixed or tied already, or occurs twice. Write it as one free "
            "parameter = the others, such as R2 = 2*R1"
        )

    def _can_set(self, symbol: Symbol, program: Program) -> bool:
        used = [self.symbols[name] for name in names(program)]
        return symbol.index not in self.fixed | dict.fromkeys(self.taken()) and symbol not in used

    def _set(self, name: str, symbol: Symbol, program: Program, text: str) -> None:
        if not names(program):
            value = float(evaluate(program, _NONE.__getitem__).value)
            self.fix(name, symbol, value, f"constraint {text!r}")
            return
        self.ties.append(Tie(name, symbol, program, reach(self.model, symbol), text))

    def compare(self, relation: Relation) -> None:
        """Take up an inequality: a bound where one side is a number and the other a name."""
        left, right, text = relation.left, relation.right, relation.text
        for one, other, upper in ((left, right, True), (right, left, False)):
            if len(one) == 1 and one[0].kind == "name" and not names(other):
                value = float(evaluate(other, _NONE.__getitem__).value)
                limit = (0.0, value) if upper else (value, np.inf)
                name = one[0].name
                self.bound(name, self.symbols[name], limit, f"constraint {text!r}")
                return
        named = names(left + right)
        if not named:
            raise FitError(f"constraint {text!r} names no parameter")
        bare = [side[0].name for side in (left, right) if len(side) == 1 and names(side)]
        subject = self.symbols[(bare or list(named))[0]].index
        self.inequalities.append(Inequality.of(left, right, subject, text))

    def bound(self, name: str, symbol: Symbol, limit: Span, text: str) -> None:
        """Keep a quantity between two values, together with what was asked before."""
        index = symbol.index
        low, high = limits(self.model, symbol)
        before = self.tau_bounded if symbol.tau_of else self.bounded
        a, b = before.get(index, (0.0, np.inf))
        a, b = max(a, limit[0]), min(b, limit[1])
        if not (a < b and max(a, low) < min(b, high)):
            raise FitError(
                f"{text}: no value is left for {name}, which would lie above {a:g} and below "
                f"{b:g} and must {_may_be(low, high)}: loosen one of them"
            )
        self.touch(symbol)
        value = self.fixed.get(index) if symbol.tau_of is None else None
        if value is not None:
            if not a <= value <= b:
                raise FitError(f"{text}: {name} is fixed at {value:g}, outside of them")
            return
        if index in self.taken():
            self.inequalities += self._as_inequalities(name, index, (a, b), text)
            return
        # Beyond what the quantity may be at all, a bound says nothing
        before[index] = max(a, low), min(b, high)

    def _as_inequalities(self, name: str, index: int, limit: Span, text: str) -> list[Inequality]:
        own = (Step("name", name=name),)
        low, high = ((Step("number", number=end),) for end in limit)
        found = []
        if limit[0] > 0:
            found.append(Inequality.of(low, own, index, text or f"{name} >= {limit[0]:g}"))
        if np.isfinite(limit[1]):
            found.append(Inequality.of(own, high, index, text or f"{name} <= {limit[1]:g}"))
        return found


def _may_be(low: float, high: float) -> str:
    if np.isfinite(high):
        return f"lie between {low:g} and {high:g}"
    return f"be at least {low:g}" if low > 0 else "be positive"


def number(value: Any, name: str) -> float:
    """Return a positive number that a user gave.

    Raises
    ------
    FitError
        If it is not one.
    """
    try:
        result = float(value)
    except (TypeError, ValueError):
        result = float("nan")
    if not (np.isfinite(result) and result > 0):
        raise FitError(f"{name} must be a positive number, found {value!r}")
    return result


def whole(value: Any, name: str, least: int = 0) -> int:
    """Return a whole number that a user gave.

    Raises
    ------
    FitError
        If it is not one, or too small.
    """
    try:
        result = as_int(value)
    except TypeError:
        result = least - 1
    if result < least:
        raise FitError(f"{name} must be a whole number of at least {least}, found {value!r}")
    return result


def span(value: Any, name: str) -> Span:
    """Return bounds that a user gave.

    Raises
    ------
    FitError
        If they are not two numbers, the lower first.
    """
    try:
        low, high = (float(x) for x in value)
    except (TypeError, ValueError):
        raise FitError(f"bounds of {name} must be (low, high), found {value!r}") from None
    if not (0 <= low < high):
        raise FitError(f"bounds of {name} must have 0 <= low < high, found ({low:g}, {high:g})")
    return low, high
