"""Equivalent parts of a circuit may change names: the curve stays, and all numbers go along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np

from eisfit.circuit.arcs import find_arcs
from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model
from eisfit.circuit.parser import Leaf, Node
from eisfit.errors import FitError
from eisfit.fitting.result import FitResult
from eisfit.fitting.start import time_indices
from eisfit.fitting.transform import coordinates

Order = tuple[int, ...]

MOST = 720  # orders of one circuit that are considered


def orders(model: Model, held: frozenset[int] = frozenset()) -> tuple[Order, ...]:
    """Return every order of the parameters under which the circuit is the same, as it is first.

    Branches of one group that are the same circuit may change places, wherever they stand and
    however they are written: p(R1,CPE1) and p(CPE2,R2).

    Parameters
    ----------
    held : indices of parameters; parts that have one of them stay where they are

    Returns
    -------
    tuple of (P,) tuples
        Values in another order are values[list(order)]. At most 720; of more, exchanges of
        neighbours alone.
    """
    return _orders(model.circuit, held)


def permuted(fit: FitResult, order: Order) -> FitResult:
    """Return a fit whose equivalent parts bear each other's names.

    Parameters
    ----------
    order : one of `orders(fit.model)`; parameter i of the new fit is order[i] of the old

    Raises
    ------
    FitError
        If it is no order of this circuit.
    """
    if order == tuple(range(len(fit.names))):
        return fit
    if order not in orders(fit.model):
        raise FitError(f"{fit.model.name}: these parameters cannot change places: {order}")
    index, names = np.array(order), fit.names

    def moved(entries: Any) -> dict[str, Any]:
        return {name: entries[names[i]] for name, i in zip(names, order, strict=True)}

    return replace(
        fit,
        values=moved(fit.values),
        stderr=moved(fit.stderr),
        status=moved(fit.status),
        covariance=fit.covariance[np.ix_(index, index)],
    )


@dataclass(frozen=True)
class _Part:
    """A part of a circuit: its kind, and its parameters in an order that all of a kind share."""

    signature: str
    indices: tuple[int, ...]


@lru_cache(maxsize=256)
def _orders(circuit: Circuit, held: frozenset[int]) -> tuple[Order, ...]:
    found: list[Order] = [tuple(range(len(circuit.slots)))]
    for group in _groups(circuit, held):
        few = len(found) * factorial(len(group)) <= MOST
        ways = list(permutations(range(len(group)))) if few else _swaps(len(group))
        found = [_after(order, group, way) for order in found for way in ways][:MOST]
    return tuple(dict.fromkeys(found))


def _swaps(size: int) -> list[tuple[int, ...]]:
    """Return the order as it is, and those that exchange two neighbours."""
    own = tuple(range(size))
    return [own, *((*own[:i], i + 1, i, *own[i + 2 :]) for i in range(size - 1))]


def _after(order: Order, group: Sequence[_Part], way: Sequence[int]) -> Order:
    """Return an order after which the parts of a group change places as well."""
    new = list(order)
    for part, source in zip(group, way, strict=True):
        for to, at in zip(part.indices, group[source].indices, strict=True):
            new[to] = order[at]
    return tuple(new)


def _groups(circuit: Circuit, held: frozenset[int]) -> list[list[_Part]]:
    """Return groups of sibling parts that are the same circuit and have a time constant."""
    times = set(time_indices(circuit, coordinates(circuit, find_arcs(circuit), frozenset())))
    groups: list[list[_Part]] = []
    finished: list[_Part] = []
    at = 0
    for node in _postfix(circuit.root):
        if isinstance(node, Leaf):
            size = len(node.element.parameters)
            finished.append(_Part(node.element.name, tuple(range(at, at + size))))
            at += size
            continue
        parts = finished[-len(node.parts) :]
        del finished[-len(node.parts) :]
        alike: dict[str, list[_Part]] = {}
        for part in parts:
            if times.intersection(part.indices) and held.isdisjoint(part.indices):
                alike.setdefault(part.signature, []).append(part)
        groups.extend(group for group in alike.values() if len(group) > 1)
        parts.sort(key=lambda part: part.signature)
        inside = "|".join(part.signature for part in parts)
        indices = tuple(i for part in parts for i in part.indices)
        finished.append(_Part(f"{node.kind}({inside})", indices))
    return groups


def _postfix(root: Node) -> list[Node]:
    """Return every node after its parts, from left to right."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        found.append(node)
        if not isinstance(node, Leaf):
            stack.extend(node.parts)
    return found[::-1]
