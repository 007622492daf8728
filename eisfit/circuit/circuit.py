"""A circuit: its parameters, its impedance and its Jacobian, over any leading batch dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eisfit.circuit.elements import ComplexArray, FloatArray, Parameter, load_definitions
from eisfit.circuit.parser import Dialect, Group, Leaf, Node, leaves, parse
from eisfit.errors import CircuitError, ModelError

Values = Mapping[str, float] | ArrayLike

_TINY = 1e-150  # ohm; stands for a short circuit, whose admittance must stay finite


@dataclass(frozen=True)
class Slot:
    """One parameter of one element of a circuit, in the order of the value arrays."""

    name: str
    label: str
    parameter: Parameter


@dataclass(frozen=True, eq=False)
class Circuit:
    """An equivalent circuit; two are equal when they are written alike.

    Attributes
    ----------
    text : str
        As it was written.
    dialect : "impedance.py" or "CDC"
    root : Node
        Its tree.
    slots : tuple of Slot
        One a parameter, in order of appearance; the P of every shape below.
    """

    text: str
    dialect: Dialect
    root: Node = field(repr=False, compare=False)
    slots: tuple[Slot, ...] = field(repr=False, compare=False)
    _program: tuple[tuple[str, int], ...] = field(repr=False, compare=False)

    def __eq__(self, other: object) -> bool:
        """Circuits are equal if their texts are, and mean the same elements.

        An element of the user's own may have been defined anew in between.
        """
        return (
            isinstance(other, Circuit)
            and self.text == other.text
            and len(self.elements) == len(other.elements)
            and all(
                a.element is b.element for a, b in zip(self.elements, other.elements, strict=True)
            )
        )

    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def from_text(cls, text: str) -> Circuit:
        """Return the circuit that a text describes, in either grammar.

        Raises
        ------
        CircuitError
            With a caret under the offending character.
        """
        root, dialect = parse(text)
        return cls.from_tree(root, text.strip(), dialect)

    @classmethod
    def from_tree(cls, root: Node, text: str, dialect: Dialect) -> Circuit:
        """Return the circuit of a parsed tree; `text` must be how it is written."""
        slots = tuple(
            Slot(name, leaf.label, parameter)
            for leaf in leaves(root)
            for name, parameter in zip(
                leaf.element.parameter_names(leaf.label), leaf.element.parameters, strict=True
            )
        )
        return cls(text, dialect, root, slots, _compiled(root))

    def __reduce__(self) -> tuple[Any, ...]:
        # By its text: a tree of any depth travels between processes, and its elements stay ours
        modules = tuple(sorted({leaf.element.module for leaf in self.elements} - {""}))
        return (_restored, (self.text, modules))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Parameter names, in the order of the value arrays."""
        return tuple(slot.name for slot in self.slots)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Unit of each parameter."""
        return tuple(slot.parameter.unit for slot in self.slots)

    @cached_property
    def elements(self) -> tuple[Leaf, ...]:
        """Elements in order of appearance."""
        return tuple(leaves(self.root))

    def array(self, values: Values) -> FloatArray:
        """Return values as a (..., P) array in the circuit's order.

        Raises
        ------
        ModelError
            If a name is missing or unknown, a value is not a number, shapes do not go together, or
            the last dimension is not P.
        """
        if isinstance(values, Mapping):
            missing = [name for name in self.names if name not in values]
            unknown = [name for name in values if name not in self.names]
            if missing or unknown:
                raise ModelError(_name_complaint(missing, unknown, self.names))
            entries = [values[name] for name in self.names]
            # An lmfit.Parameter holds its number in `value`
            plain = [getattr(entry, "value", entry) for entry in entries]
            columns = [_numbers(*pair) for pair in zip(plain, self.names, strict=True)]
            try:
                return np.stack(np.broadcast_arrays(*columns), axis=-1)
            except ValueError:
                shapes = ", ".join(
                    f"{name} {column.shape}"
                    for name, column in zip(self.names, columns, strict=True)
                )
                raise ModelError(
                    f"the values do not broadcast to one shape; found {shapes}"
                ) from None
        array = _numbers(values, "the values")
        if array.ndim == 0 or array.shape[-1] != len(self.slots):
            raise ModelError(
                f"expected {len(self.slots)} values in the order {', '.join(self.names)}, "
                f"found an array of shape {array.shape}"
            )
        return array

    def impedance(self, frequency: ArrayLike, values: Values) -> ComplexArray:
        """Return the impedance.

        Parameters
        ----------
        frequency : (N,) array, Hz
        values : mapping of names to numbers or arrays (...), or (..., P) array in order of `names`;
            an `lmfit.Parameters` is such a mapping

        Returns
        -------
        (..., N) complex array, ohm

        Raises
        ------
        ModelError
            If names or shapes do not fit the circuit.
        """
        return self.evaluate(_omega(frequency), self.array(values))[0]

    def jacobian(self, frequency: ArrayLike, values: Values) -> ComplexArray:
        """Return the exact derivatives dZ/dp as (..., N, P); parameters as in `impedance`."""
        _, slopes = self.evaluate(_omega(frequency), self.array(values))
        return np.swapaxes(slopes, -1, -2)

    def evaluate(self, omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return impedance (..., N) and derivatives (..., P, N) in one pass.

        Parameters
        ----------
        omega : (N,) array, rad/s
        values : (..., P) array, in order of `names`
        """
        slopes = np.empty((*values.shape, len(omega)), dtype=np.complex128)
        # Each entry: impedance of a finished part, and the range of parameters that it spans
        stack: list[tuple[ComplexArray, int, int]] = []
        at = 0
        elements = iter(self.elements)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            for kind, count in self._program:
                if kind == "element":
                    element = next(elements).element
                    z, slope = element.evaluate(omega, values[..., at : at + count])
                    slopes[..., at : at + count, :] = slope
                    stack.append((z, at, at + count))
                    at += count
                    continue
                parts = stack[-count:]
                del stack[-count:]
                total = _series(parts) if kind == "series" else _parallel(parts, slopes)
                stack.append((total, parts[0][1], parts[-1][2]))
        return stack[0][0], slopes


def _restored(text: str, modules: tuple[str, ...]) -> Circuit:
    try:
        return Circuit.from_text(text)
    except CircuitError:
        if not modules:
            raise
    load_definitions(modules)
    return Circuit.from_text(text)


def _series(parts: Sequence[tuple[ComplexArray, int, int]]) -> ComplexArray:
    total = parts[0][0]
    for z, _, _ in parts[1:]:
        total = total + z
    return total


def _parallel(parts: Sequence[tuple[ComplexArray, int, int]], slopes: ComplexArray) -> ComplexArray:
    """Return the parallel impedance; scale the parts' derivatives by dZ/dZi = (Z/Zi)^2 in place."""
    admittances = [1.0 / np.where(z == 0, _TINY, z) for z, _, _ in parts]
    total: ComplexArray = 1.0 / sum(admittances[1:], admittances[0])
    for y, (_, start, stop) in zip(admittances, parts, strict=True):
        slopes[..., start:stop, :] *= ((total * y) ** 2)[..., None, :]
    return total


def _compiled(root: Node) -> tuple[tuple[str, int], ...]:
    """Return the tree in postfix order, so that evaluation needs no recursion."""
    program: list[tuple[str, int]] = []
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Group):
            program.append((node.kind, len(node.parts)))
            stack.extend(node.parts)
        else:
            program.append(("element", len(node.element.parameters)))
    return tuple(reversed(program))


def _numbers(values: ArrayLike, what: str) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{what} must be numbers: {error}") from None


def _omega(frequency: ArrayLike) -> FloatArray:
    f = _numbers(frequency, "frequencies")
    if f.ndim != 1:
        raise ModelError(f"expected frequencies as an array of shape (N,), found shape {f.shape}")
    if not (np.isfinite(f) & (f > 0)).all():
        raise ModelError("frequencies must be finite and positive, in Hz")
    return 2.0 * np.pi * f


def _name_complaint(missing: Sequence[str], unknown: Sequence[str], names: Sequence[str]) -> str:
    parts = []
    if missing:
        parts.append(f"no value for {', '.join(missing)}")
    if unknown:
        parts.append(f"no parameter is called {', '.join(map(str, unknown))}")
    return f"{'; '.join(parts)}; the circuit's parameters are {', '.join(names)}"
