"""What the data determine of a circuit's parameters, and what they do not, in words.

Worked in ln p (exponents as they are), where a standard error is a relative one and an eigenvector
of the covariance reads as a product of powers. Sums are found by the covariance itself. Whether an
element is worth its parameters is told by the fit without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model
from eisfit.circuit.parser import Leaf, Node, group, leaves
from eisfit.errors import EisfitError
from eisfit.fitting.again import Again, noise_variance
from eisfit.fitting.derived import CLEARLY, POORLY, capacitance, time_constant, unresolved
from eisfit.fitting.engine import FitOptions, fit_spectrum
from eisfit.fitting.hunt import Effort
from eisfit.fitting.prune import WORTH
from eisfit.fitting.symbols import symbols_of
from eisfit.frozen import FrozenArrays, readonly

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

_POWERS = (1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
LOST = np.log(1e6)  # a standard error of ln p beyond which a factor says nothing
_TRIAL = Effort(first=6, later=6, rounds=2)


@dataclass(frozen=True)
class Direction:
    """A way in which parameters can change together: `powers` of ln p, unit length, and its error.

    `stderr` is that of the logarithm: 0.3 means that they may all change by a factor of
    exp(0.3 * power).
    """

    powers: tuple[tuple[str, float], ...]
    stderr: float

    def __str__(self) -> str:
        largest = max(abs(power) for _, power in self.powers)
        shown = [(name, power) for name, power in self.powers if abs(power) >= 0.3 * largest]
        lead = np.sign(shown[0][1])
        moves = [f"{name} {'up' if power * lead > 0 else 'down'}" for name, power in shown]
        return f"{', '.join(moves)}: {_percent(self.stderr * largest)}"


@dataclass(frozen=True)
class Combination:
    """Something that the data determine although they do not determine its parts.

    Attributes
    ----------
    text : str
        "R1 + R2", "tau of R1", "Wo1_0 * Wo1_1^-0.5"
    value : float
    relative : float
        Relative standard error.
    parts : tuple of parameter names
    """

    text: str
    value: float
    relative: float
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.text} = {self.value:.4g}, {_percent(self.relative)}"


@dataclass(frozen=True)
class Support:
    """What an element, or a group, is worth: BIC of the fit without it less BIC with it."""

    elements: tuple[str, ...]
    delta_bic: float

    @property
    def supported(self) -> bool:
        """Whether it lowers BIC by at least 6 ("strong" after Kass and Raftery, 1995)."""
        return not self.delta_bic < WORTH

    @property
    def change(self) -> str:
        """What leaving it out does, in words."""
        way = "rises" if self.delta_bic > 0 else "falls"
        return f"without it BIC {way} by {abs(self.delta_bic):.1f}"

    def __str__(self) -> str:
        return f"{', '.join(self.elements)}: {self.change}"


@dataclass(frozen=True, eq=False)
class Identifiability(FrozenArrays):
    """The report; `print` it.

    Attributes
    ----------
    condition : float
        Condition number of the normal matrix of unit diagonal.
    stderr : (F,)
        Of the principal directions in ln p, largest first.
    at_bound, undetermined : tuples of parameter names
    directions : tuple of Direction
        Ways to change parameters that the data hardly notice: known no better than to 10 %.
    determined : tuple of Combination
        Sums, times and products known to 5 % or better though a part of them is not.
    support : tuple of Support
        Of every element that can be left out, and of whole arcs.
    """

    condition: float
    stderr: Array
    at_bound: tuple[str, ...]
    undetermined: tuple[str, ...]
    directions: tuple[Direction, ...]
    determined: tuple[Combination, ...]
    support: tuple[Support, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "stderr", readonly(self.stderr))

    @property
    def unsupported(self) -> tuple[Support, ...]:
        """What the circuit can do without."""
        return tuple(one for one in self.support if not one.supported)

    @property
    def complete(self) -> bool:
        """Whether the data determine every parameter and support every element."""
        return not (self.at_bound or self.undetermined or self.directions or self.unsupported)

    def __str__(self) -> str:
        lines = [f"condition number {self.condition:.3g}"]
        if self.complete:
            lines.append("the data determine every parameter and support every element")
        if self.at_bound:
            lines.append(f"at a bound, without an error: {', '.join(self.at_bound)}")
        if self.undetermined:
            lines.append(f"not determined: {', '.join(self.undetermined)}")
        for title, entries in (
            ("can change together, and the data hardly notice", self.directions),
            ("determined, although a part of it is not", self.determined),
            ("not supported by the data", _merged(self.unsupported)),
        ):
            if entries:
                lines.append(f"{title}:")
                lines.extend(f"  {entry}" for entry in entries)
        return "\n".join(lines)


def _merged(parts: Sequence[Support]) -> list[str]:
    """Return lines for what is not supported: exchangeable parts in one, and no part of a part."""
    whole = [one for one in parts
             if not any(set(one.elements) < set(other.elements) for other in parts)]  # fmt: skip
    lines = []
    while whole:
        first = whole[0]
        alike = [one for one in whole if abs(one.delta_bic - first.delta_bic) < 0.01]
        whole = [one for one in whole if one not in alike]
        if len(alike) == 1:
            lines.append(str(first))
            continue
        either = " or ".join(f"({', '.join(one.elements)})" for one in alike)
        lines.append(f"one of {either}: {first.change}")
    return lines


def identifiability(result: FitResult) -> Identifiability:
    """Return the report on a fit: see `FitResult.identifiability`."""
    names = result.names
    covariance = _log_covariance(result)
    error = np.sqrt(np.diag(covariance))
    inside = np.flatnonzero(error > 0)
    variance, vectors = np.linalg.eigh(covariance[np.ix_(inside, inside)])
    stderr = np.sqrt(np.maximum(variance, 0.0))[::-1]
    known = [tuple(names[i] for i in inside)] * len(inside)
    directions = [
        Direction(tuple(zip(labels, vector.tolist(), strict=True)), float(size))
        for labels, vector, size in zip(known, vectors.T[::-1], stderr, strict=True)
        if size * np.abs(vector).max() > POORLY
    ]
    return Identifiability(
        condition=result.condition,
        stderr=stderr,
        at_bound=tuple(name for name in names if result.status[name] == "at bound"),
        undetermined=tuple(name for name in names if result.status[name] == "not determined"),
        directions=tuple(directions),
        determined=tuple(_determined(result, covariance)),
        support=tuple(_support(result)),
    )


def _log_covariance(result: FitResult) -> Array:
    """Return the covariance (P, P) of ln p, exponents as they are; 0 where fixed or at a bound."""
    again = Again.of(result)
    linear = np.array([slot.parameter.is_exponent for slot in result.model.circuit.slots])
    scale = np.where(linear, 1.0, result.value_array())
    half = (again.tangent() / scale[:, None]) @ again.root()
    return np.asarray(noise_variance(result) * half @ half.T)


def _determined(result: FitResult, covariance: Array) -> Iterator[Combination]:
    paired: set[int] = set()
    for _, whole in unresolved(result):
        members = [arc.resistance for arc in result.arcs if arc.label in whole.parts]
        # Of the parts of a known sum the product is known too, but to first order only
        paired |= set(members)
        parts = tuple(result.names[i] for i in members)
        yield Combination(" + ".join(parts), whole.value, whole.stderr / whole.value, parts)
    error = np.sqrt(np.diag(covariance))
    for arc in result.arcs:
        members = [i for i in (arc.resistance, arc.store) if i is not None]
        worst = max(error[i] for i in members)
        if arc.store is None or worst <= POORLY:
            continue
        paired |= set(members)
        if any(result.status[result.names[i]] == "at bound" for i in members):
            continue  # tau is what the search was held to then, and none of the data's
        for kind, (value, relative) in (
            ("tau", time_constant(result, arc)), ("C", capacitance(result, arc)),
        ):  # fmt: skip
            if 0 < relative <= min(CLEARLY, worst / 3.0):
                parts = tuple(result.names[i] for i in members)
                yield Combination(f"{kind} of {arc.label}", value, relative, parts)
    yield from _products(result, covariance, paired)


def _products(result: FitResult, covariance: Array, paired: set[int]) -> Iterator[Combination]:
    """Yield products of two poorly known parameters that are themselves well known."""
    error = np.sqrt(np.diag(covariance))
    slots = result.model.circuit.slots
    poor = [i for i in np.flatnonzero(error > POORLY) if not slots[i].parameter.is_exponent]
    for at, i in enumerate(poor):
        for j in poor[at + 1 :]:
            if {i, j} <= paired:
                continue
            best = -covariance[i, j] / covariance[j, j]
            power = min(_POWERS, key=lambda one: abs(one - best))
            variance = covariance[i, i] + 2 * power * covariance[i, j] + power**2 * covariance[j, j]
            relative = float(np.sqrt(max(variance, 0.0)))
            if relative <= min(CLEARLY, min(error[i], error[j]) / 3.0):
                one, other = result.names[i], result.names[j]
                raised = {1.0: f" * {other}", -1.0: f" / {other}"}
                text = one + raised.get(power, f" * {other}^{power:g}")
                value = result.values[one] * result.values[other] ** power
                yield Combination(text, value, relative, (one, other))


def _support(result: FitResult) -> Iterator[Support]:
    """Yield what each part of the circuit is worth."""
    again = Again.of(result)
    root = result.model.circuit.root
    for part in _parts(root):
        rest = without(root, part)
        if rest is None or not list(leaves(rest)):
            continue
        labels = tuple(leaf.label for leaf in leaves(part))
        yield Support(labels, _worth(result, rest, labels, again.options))


def _parts(root: Node) -> Iterator[Node]:
    """Yield what can be left out and is a question worth asking.

    A member in series (shorted), and a branch in parallel (cut) unless it is a capacitance alone:
    an arc without one is a resistance, which the rest of the circuit mostly has already.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Leaf):
            continue
        stack.extend(reversed(node.parts))
        for part in node.parts:
            store = isinstance(part, Leaf) and part.element.symbol in ("C", "CPE")
            if node.kind == "series" or not store:
                yield part


def without(root: Node, part: Node) -> Node | None:
    """Return a tree without one of its nodes (the very object); None if nothing is left."""
    done: list[Node | None] = []
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, parts_done = stack.pop()
        if node is part:
            done.append(None)
        elif isinstance(node, Leaf):
            done.append(node)
        elif parts_done:
            start = len(done) - len(node.parts)
            kept = [one for one in done[start:] if one is not None]
            done[start:] = [group(node.kind, kept) if kept else None]
        else:
            stack.append((node, True))
            stack.extend((one, False) for one in reversed(node.parts))
    return done[0]


def _worth(result: FitResult, rest: Node, labels: tuple[str, ...], options: FitOptions) -> float:
    """Return BIC without some elements less BIC with them; NaN where that cannot be fitted."""
    old = result.model.circuit
    circuit = Circuit.from_tree(rest, f"{old.text} without {', '.join(labels)}", old.dialect)
    kept = set(circuit.names)
    start = {name: result.values[name] for name in circuit.names}
    fixed = _of(options.fixed, result.model, kept)
    free = {name: value for name, value in start.items() if name not in fixed}
    bounds = _of(options.bounds, result.model, kept)
    trial = replace(options, start=free, fixed=fixed, bounds=bounds, effort=_TRIAL)
    try:
        fit = fit_spectrum(result.spectrum, Model("without", circuit), trial)
    except EisfitError:
        return float("nan")
    return fit.bic - result.bic


def _of(given: Mapping[str, Any], model: Model, kept: set[str]) -> dict[str, Any]:
    """Return those of a user's demands that are of parameters that are left."""
    known = symbols_of(model)
    found = {}
    for key, value in given.items():
        symbol = known[key]
        name = model.names[symbol.index]
        if name in kept:
            found[name if symbol.tau_of is None else key] = value
    return found


def _percent(relative: float) -> str:
    if relative > LOST:
        return "not known at all"
    if relative >= 1.0:
        return f"known to a factor of {np.exp(relative):.2g} only"
    return f"known to {100 * relative:.2g} %"
