"""Where a fit begins, from the data alone.

A circuit's top-level branches each carry one scale: multiply every parameter of a branch by
s**ohm and its impedance is multiplied by s. So a seeded cloud of random shapes (time constants,
exponents, inner ratios) is drawn once for a circuit and a grid, and for a spectrum only the scales
are solved, by small non-negative least squares over all shapes at once. A circuit whose top level
is parallel is treated the same way in its admittance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.parser import Leaf, Node, leaves
from eisfit.fitting.backend import compiled
from eisfit.fitting.transform import Coordinates

Array = NDArray[Any]

SHAPES = 512
SHAPES_OF_NESTED = 1024
SCREEN_POINTS = 24


@dataclass(frozen=True)
class Branch:
    """A top-level branch: its own circuit, and which parameters of the whole are its."""

    circuit: Circuit
    start: int
    stop: int


@dataclass(frozen=True)
class Cloud:
    """Random shapes of a circuit on a grid.

    Attributes
    ----------
    values : (K, P) parameter values with every branch at unit scale
    coords : in which the fit works
    columns : (K, n, S) complex, impedance (or admittance) of each branch at the screened points
    picks : (S,) indices of the screened frequencies
    branch_of, ohm : (P,) the branch of each parameter, and its unit's power of ohm
    admittance : bool
        The branches are in parallel and the columns are admittances.
    """

    values: Array
    coords: Coordinates
    columns: Array
    picks: Array
    branch_of: Array
    admittance: bool
    ohm: Array

    @cached_property
    def u(self) -> Array:
        """(K, P) coordinates of the values."""
        return self.coords.to_coordinates(self.values)

    @cached_property
    def stretch(self) -> Array:
        """(n, P) change of each coordinate with ln of each branch's scale."""
        power = self.ohm.copy()
        power[[arc.store for arc in self.coords.arcs if arc.store is not None]] = 0.0
        return (np.arange(self.columns.shape[1])[:, None] == self.branch_of) * power

    @cached_property
    def parts(self) -> Array:
        """(n, K, 2S) the columns, real and imaginary parts in turn."""
        return np.ascontiguousarray(self.columns.swapaxes(0, 1)).view(np.float64)

    @cached_property
    def products(self) -> Array:
        """(n (n + 1) / 2, K, 2S) products of each two of the parts, as `pairs` lists them."""
        one, other = pairs(len(self.parts))
        return self.parts[one] * self.parts[other]


def branches_of(circuit: Circuit) -> tuple[tuple[Branch, ...], bool]:
    """Return the top-level branches, and whether they are in parallel."""
    parts, parallel = _parts(circuit)
    found, at = [], 0
    for part in parts:
        own = Circuit.from_tree(part, "", circuit.dialect)
        found.append(Branch(own, at, at + len(own.slots)))
        at += len(own.slots)
    return tuple(found), parallel


def _parts(circuit: Circuit) -> tuple[Sequence[Node], bool]:
    root = circuit.root
    if isinstance(root, Leaf):
        return (root,), False
    return root.parts, root.kind == "parallel"


def signature(node: Node) -> str:
    """Return a text that two parts share if they are the same circuit under other names."""
    if isinstance(node, Leaf):
        return node.element.name
    return f"{node.kind}({'|'.join(signature(part) for part in node.parts)})"


@lru_cache(maxsize=16)
def cloud(circuit: Circuit, coords: Coordinates, grid: bytes, seed: int) -> Cloud:
    """Return the cloud of a circuit on a grid (angular frequencies as bytes of float64)."""
    plain = all(len(list(leaves(part))) <= 2 for part in _parts(circuit)[0])
    count = SHAPES if plain else SHAPES_OF_NESTED
    omega = np.frombuffer(grid)
    order = np.argsort(-omega)
    spread = np.linspace(0, len(omega) - 1, min(SCREEN_POINTS, len(omega)))
    picks = order[np.unique(spread.astype(int))]
    rng = np.random.default_rng(seed)
    values = coords.to_values(_draw(circuit, coords, omega, rng, count))
    branches, parallel = branches_of(circuit)
    columns = np.empty((count, len(branches), len(picks)), dtype=np.complex128)
    for i, branch in enumerate(branches):
        z, _ = branch.circuit.evaluate(omega[picks], values[:, branch.start : branch.stop])
        columns[:, i] = 1.0 / z if parallel else z
    ohm = np.array([slot.parameter.ohm for slot in circuit.slots], dtype=float)
    branch_of = np.repeat(np.arange(len(branches)), [b.stop - b.start for b in branches])
    return Cloud(values, coords, columns, picks, branch_of, parallel, ohm)


def _draw(
    circuit: Circuit, coords: Coordinates, omega: Array, rng: np.random.Generator, count: int
) -> Array:
    """Return coordinates (K, P) of random shapes: times over the window, ratios of order one."""
    low, high = -np.log(omega.max()) - 0.5, -np.log(omega.min()) + 1.5
    u = np.empty((count, len(circuit.slots)))
    start = 0
    for leaf in circuit.elements:
        ln_r = rng.normal(0.0, 1.5, count) if start else np.zeros(count)
        ln_tau = rng.uniform(low, high, count)
        alpha = 1.0 - 0.5 * rng.beta(1.0, 1.6, count)
        for i, spec in enumerate(leaf.element.parameters, start):
            if spec.is_exponent:
                u[:, i] = alpha
            elif spec.ohm == 0 and spec.second == 0:
                u[:, i] = rng.normal(0.0, 1.5, count)
            else:
                second = alpha if spec.second == "alpha" else float(spec.second)
                u[:, i] = spec.ohm * ln_r + second * ln_tau
        start += len(leaf.element.parameters)
    for arc in coords.arcs:
        u[:, arc.store] = rng.uniform(low, high, count)
    return order_by_time(circuit, coords, u)


def order_by_time(
    circuit: Circuit, coords: Coordinates, u: Array, constrained: frozenset[int] = frozenset()
) -> Array:
    """Return coordinates (K, P) with equivalent parts in order of ascending time constant.

    Parts with a parameter among `constrained` (indices) are not equivalent to others.
    """
    out = u.copy()
    for group in equal_parts(circuit, coords, constrained):
        times = np.stack([out[:, time] for _, time in group], axis=1)
        order = np.argsort(times, axis=1, kind="stable")
        spans = np.array([span for span, _ in group])
        taken = np.take_along_axis(out, spans[order].reshape(len(out), -1), axis=1)
        out[:, spans.reshape(-1)] = taken
    return out


@lru_cache(maxsize=64)
def equal_parts(
    circuit: Circuit, coords: Coordinates, constrained: frozenset[int] = frozenset()
) -> tuple[tuple[tuple[range, int], ...], ...]:
    """Return groups of sibling parts that are the same circuit, innermost first.

    Each part as its range of parameters and the index of its first time constant.
    """
    times = time_indices(circuit, coords)
    groups: list[tuple[tuple[range, int], ...]] = []
    stack: list[tuple[Node, int]] = [(circuit.root, 0)]
    while stack:
        node, at = stack.pop()
        if isinstance(node, Leaf):
            continue
        alike: dict[str, list[tuple[range, int]]] = {}
        for part in node.parts:
            size = sum(len(leaf.element.parameters) for leaf in leaves(part))
            inside = [i for i in times if at <= i < at + size]
            if inside and constrained.isdisjoint(range(at, at + size)):
                alike.setdefault(signature(part), []).append((range(at, at + size), inside[0]))
            stack.append((part, at))
            at += size
        groups += [tuple(group) for group in alike.values() if len(group) > 1]
    return tuple(groups[::-1])


@lru_cache(maxsize=64)
def time_indices(circuit: Circuit, coords: Coordinates) -> tuple[int, ...]:
    """Return the indices of all coordinates that are the logarithm of a time constant."""
    own = [
        i for i, slot in enumerate(circuit.slots)
        if slot.parameter.symbol == "tau"
    ]  # fmt: skip
    return tuple(sorted({*own, *(arc.store for arc in coords.arcs if arc.store is not None)}))


def screen(
    cloud: Cloud, data: Array, sigma: Array, best: int, shapes: int | None = None
) -> tuple[Array, Array]:
    """Return the coordinates of the `best` shapes at their best scales (G, P), and the cost (G,).

    In ascending order of cost.

    Parameters
    ----------
    shapes : how many of the cloud are looked at; all unless given
    data : (N,) complex, ohm; sigma : (N, 2), ohm
    """
    target, weight = data[cloud.picks], 1.0 / sigma[cloud.picks]
    if cloud.admittance:
        weight = weight * np.abs(target)[:, None] ** 2
        target = 1.0 / target
    square = (weight * weight).reshape(-1)
    goal = np.ascontiguousarray(target).view(np.float64)
    gram, right = cloud.products[:, :shapes] @ square, cloud.parts[:, :shapes] @ (square * goal)
    scales, cost = small_nnls(gram, right, float(square @ goal**2))
    order = np.argsort(cost)[:best]
    scales = scales[:, order]
    if cloud.admittance:
        with np.errstate(divide="ignore"):
            scales = 1.0 / scales
    return cloud.u[order] + _ln_present(scales).T @ cloud.stretch, cost[order]


def _ln_present(scales: Array) -> Array:
    """Return the logarithms of scales (n, G).

    A branch that the solution leaves out starts small, not absent, so that it may grow.
    """
    known = np.isfinite(scales) & (scales > 0)
    if known.all():
        return np.asarray(np.log(scales))
    typical = np.where(known, scales, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.log(np.where(known, scales, np.where(typical > 0, 1e-2 * typical, 1.0)))


@lru_cache(maxsize=16)
def pairs(n: int) -> tuple[Array, Array]:
    """Return i and j <= i of the entries of a symmetric matrix, row by row."""
    one, other = np.tril_indices(n)
    return one, other


def small_nnls(gram: Array, right: Array, total: float) -> tuple[Array, Array]:
    """Solve K small non-negative least-squares problems at once.

    Parameters
    ----------
    gram : (n (n + 1) / 2, K) the normal matrices, entries as `pairs` lists them
    right : (n, K) right sides; total : sum of squares of what is to be fitted

    Returns
    -------
    x : (n, K), cost : (K,). Exact where no variable wrongly left out would return; good enough to
    rank starts by.
    """
    n, count = right.shape
    fast = compiled()
    if fast is not None:
        x, cost = np.empty((n, count)), np.empty(count)
        fast.small_nnls(gram, right, total, x, cost)
        return x, cost
    one, other = pairs(n)
    matrix = np.empty((n, n, count))
    matrix[one, other] = matrix[other, one] = gram
    index = np.arange(n)
    norm = np.sqrt(np.maximum(matrix[index, index], 1e-300))
    matrix /= norm[:, None] * norm
    matrix[index, index] += 1e-10
    right = right / norm
    x = _solved(matrix.copy(), right.copy())
    free = np.ones((n, count), dtype=bool)
    todo = np.flatnonzero(x.min(axis=0) < 0)
    for _ in range(n - 1):
        if not len(todo):
            break
        free[x[:, todo].argmin(axis=0), todo] = False
        mask = free[:, todo]
        part = matrix[:, :, todo] * (mask[:, None] & mask)
        part[index, index] += ~mask
        x[:, todo] = _solved(part, right[:, todo] * mask)
        todo = todo[x[:, todo].min(axis=0) < 0]
    x = np.maximum(x, 0.0)
    cost = total + (x * ((matrix * x).sum(axis=1) - 2.0 * right)).sum(axis=0)
    return x / norm, np.maximum(cost, 0.0)


def _solved(matrix: Array, right: Array) -> Array:
    """Return the solutions (n, K) of K positive definite systems, both of which are spent.

    Elimination over all of them at once: for so small ones it beats a call each.
    """
    n = len(right)
    for j in range(n - 1):
        factor = matrix[j + 1 :, j] / matrix[j, j]
        matrix[j + 1 :, j + 1 :] -= factor[:, None] * matrix[j, j + 1 :]
        right[j + 1 :] -= factor * right[j]
    for j in range(n - 1, -1, -1):
        right[j] /= matrix[j, j]
        right[:j] -= matrix[:j, j] * right[j]
    return right


class Pool:
    """Starts in order of cost, handed out so that their time constants differ.

    Parameters
    ----------
    u : (K, F) free coordinates; cost : (K,)
    times : indices of the coordinates that are the logarithm of a time constant
    """

    _APART = 0.7  # in ln tau: closer starts lead to the same place

    def __init__(self, u: Array, cost: Array, times: Sequence[int]) -> None:
        self._u = u[np.argsort(cost, kind="stable")]
        self._times = np.ascontiguousarray(self._u[:, list(times)])
        # How far off in time the nearest is that was handed out; of those themselves, less than 0
        self._nearest = np.full(len(self._u), np.inf)

    def take(self, want: int) -> Array:
        """Return up to `want` further starts (G, F): different ones first, then the best left."""
        chosen: list[int] = []
        nearest, times = self._nearest, self._times
        for _ in range(min(want, len(nearest))):
            at = int((nearest > self._APART).argmax())
            if nearest[at] <= self._APART:
                at = int((nearest >= 0.0).argmax())
                if nearest[at] < 0.0:
                    break
            chosen.append(at)
            if times.shape[1]:
                away = np.abs(times - times[at]).max(axis=1)
                np.minimum(nearest, away, out=nearest)
            nearest[at] = -1.0
        return self._u[chosen]
