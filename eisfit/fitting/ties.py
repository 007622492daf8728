"""Constraints made ready for the fit: ties that eliminate a parameter, inequalities that bind.

A tie sets a coordinate from the others exactly, so that the parameter is no longer fitted; its
derivatives follow by the chain rule. An inequality becomes one number a place, negative where it
holds: the logarithm of a ratio wherever the sides are positive, which is as well scaled as the
coordinates are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.expression import (
    Dual,
    Program,
    Step,
    evaluate,
    is_positive,
    names,
    terms,
)
from eisfit.fitting.symbols import Point, Symbol, reach
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

ROOM = 1e-6  # a difference that must be positive is kept above this share of its larger part


@dataclass(frozen=True)
class Tie:
    """A quantity and the program it equals, kept within a span."""

    name: str
    symbol: Symbol
    program: Program
    span: tuple[float, float]
    text: str


@dataclass(frozen=True)
class Inequality:
    """What must not be positive: the lesser side over, or minus, the greater one.

    Attributes
    ----------
    lesser, greater : tuples of Program
        Terms, sorted so that both sums are positive, whatever the parameters.
    ratio : bool
        They could be sorted so, and the margin is the logarithm of their ratio.
    offset : float
        Taken away from the greater side's logarithm.
    subject : int
        Index of the parameter that is said to lie at a bound where the inequality binds.
    """

    lesser: tuple[Program, ...]
    greater: tuple[Program, ...]
    ratio: bool
    subject: int
    text: str
    offset: float = 0.0

    @classmethod
    def of(
        cls, left: Program, right: Program, subject: int, text: str, offset: float = 0.0
    ) -> Inequality:
        """Return the inequality left <= right."""
        added, taken = terms(left)
        more, less = terms(right)
        lesser, greater = tuple(added + less), tuple(taken + more)
        sound = all(is_positive(term) for term in lesser + greater)
        return cls(lesser, greater, bool(sound and lesser and greater), subject, text, offset)

    def margin(self, lookup: Any) -> Dual:
        """Return how far it is from holding, (B,), with gradients; at most 0 where it holds."""
        low, high = _sum(self.lesser, lookup), _sum(self.greater, lookup)
        with np.errstate(all="ignore"):
            if self.ratio:
                return low.log() - high.log() + Dual(np.float64(self.offset))
            # Its own slope is left out: where both sides are far apart it would hide theirs
            size = Dual(np.abs(low.value) + np.abs(high.value) + 1e-300)
            return (low - high) / size


def _sum(programs: Sequence[Program], lookup: Any) -> Dual:
    total = Dual(np.float64(0.0))
    for program in programs:
        total = total + evaluate(program, lookup)
    return total


@dataclass(frozen=True, eq=False)
class Rules:
    """Ties in an order in which each needs only what is set before it, and inequalities."""

    coords: Coordinates
    symbols: Mapping[str, Symbol]
    ties: tuple[Tie, ...]
    inequalities: tuple[Inequality, ...]
    paired: Mapping[int, Arc]

    @classmethod
    def of(
        cls,
        model: Model,
        coords: Coordinates,
        symbols: Mapping[str, Symbol],
        ties: Sequence[Tie],
        inequalities: Sequence[Inequality],
    ) -> Rules:
        """Return rules with their ties in order; bounds of what is tied become inequalities.

        Raises
        ------
        FitError
            If ties depend on each other in a circle.
        """
        paired = {arc.store: arc for arc in coords.arcs if arc.store is not None}
        point = Point(coords, paired, np.empty((0, 0)), np.empty((0, 0, 0)))
        ordered = _ordered(ties, symbols, point)
        ends = [end for tie in ordered for end in _ends(model, tie, symbols)]
        return cls(coords, symbols, ordered, (*inequalities, *ends), paired)

    @property
    def tied(self) -> frozenset[int]:
        """Indices of the coordinates that ties set."""
        return frozenset(tie.symbol.index for tie in self.ties)

    def apply(self, u: Array, lift: Array) -> Point:
        """Set what is tied in coordinates (B, P) and derivatives (B, P, F), in place."""
        point = Point(self.coords, self.paired, u, lift)
        for tie in self.ties:
            point.place(tie.symbol, evaluate(tie.program, self._lookup(point)), tie.span)
        return point

    def margins(self, point: Point) -> tuple[Array, Array]:
        """Return the inequalities' margins (B, K) and their derivatives (B, K, F)."""
        shape = (*point.u.shape[:1], len(self.inequalities))
        value, slope = np.empty(shape), np.empty((*shape, point.lift.shape[2]))
        for k, inequality in enumerate(self.inequalities):
            margin = inequality.margin(self._lookup(point))
            value[:, k], slope[:, k] = margin.value, margin.gradient
        return value, slope

    def _lookup(self, point: Point) -> Any:
        return lambda name: point.of(self.symbols[name])


def _ordered(ties: Sequence[Tie], symbols: Mapping[str, Symbol], point: Point) -> tuple[Tie, ...]:
    waiting, ordered = list(ties), []
    while waiting:
        unset = {tie.symbol.index for tie in waiting}
        ready = [tie for tie in waiting if unset.isdisjoint(_needs(tie, symbols, point))]
        if not ready:
            circle = "; ".join(tie.text for tie in waiting)
            raise FitError(f"these constraints go round in a circle: {circle}; leave one out")
        ordered += ready
        waiting = [tie for tie in waiting if tie not in ready]
    return tuple(ordered)


def _needs(tie: Tie, symbols: Mapping[str, Symbol], point: Point) -> set[int]:
    needed = set().union(*(point.needs(symbols[name]) for name in names(tie.program)))
    return needed | (point.needs(tie.symbol) - {tie.symbol.index})


def _ends(model: Model, tie: Tie, symbols: Mapping[str, Symbol]) -> list[Inequality]:
    """Return what keeps a tied quantity inside its span, where its program could leave it."""
    program, index = tie.program, tie.symbol.index
    if not names(program):
        return []
    if tie.span == (1e-300, 1e300):
        if is_positive(program):
            return []
        zero: Program = (Step("number", number=0.0),)
        text = f"{tie.name} > 0, from {tie.text}"
        return [Inequality.of(zero, program, index, text, ROOM)]
    bare = len(program) == 1
    if bare and reach(model, symbols[program[0].name]) == tie.span:
        return []
    low, high = ((Step("number", number=end),) for end in tie.span)
    return [
        Inequality.of(low, program, index, f"{tie.name} >= {tie.span[0]:g}, from {tie.text}"),
        Inequality.of(program, high, index, f"{tie.name} <= {tie.span[1]:g}, from {tie.text}"),
    ]
