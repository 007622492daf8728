"""Quantities that follow from the parameters, with propagated uncertainty: tau, C, sums, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.errors import FitError

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

POORLY = 0.10  # relative standard error above which a resistance is looked at for a better sum
CLEARLY = 0.05  # relative standard error that a sum must reach to be worth reporting


@dataclass(frozen=True)
class Derived:
    """A number with its standard error (NaN where the data cannot tell) and the parts it is of."""

    value: float
    stderr: float
    unit: str
    parts: tuple[str, ...]
    lower: float = float("nan")
    upper: float = float("nan")


def quantile(result: FitResult, level: float = 0.95) -> float:
    """Return how many standard errors a two-sided interval reaches to either side.

    Student's t at the fit's degrees of freedom, NaN where there are none; the normal quantile where
    sigma is absolute, for then the noise is known and not estimated.

    Raises
    ------
    FitError
        If the level is not between 0 and 1.
    """
    from scipy.special import ndtri, stdtrit  # scipy.stats takes half a second to import

    number = isinstance(level, (int, float, np.number)) and not isinstance(level, complex)
    if not (number and 0 < level < 1):
        raise FitError(f"a level must lie between 0 and 1, such as 0.95; found {level!r}")
    tail = 0.5 + 0.5 * level
    if result.settings.get("absolute_sigma"):
        return float(ndtri(tail))
    if result.degrees_of_freedom < 1:
        return float("nan")
    return float(stdtrit(result.degrees_of_freedom, tail))


def check_noise(result: FitResult) -> None:
    """Refuse a fit that left no datum to tell the noise from.

    Raises
    ------
    FitError
        Says what to do.
    """
    if result.degrees_of_freedom < 1 and not result.settings.get("absolute_sigma"):
        raise FitError(
            f"{result.model.name} has as many free parameters as there are data ({result.n_data}), "
            "so nothing tells the noise: give your own sigma with absolute_sigma=True, fix "
            "parameters, or measure more points"
        )


def interval(value: float, stderr: float, t: float) -> tuple[float, float]:
    """Return the 95 % interval of a positive quantity, on its logarithm: never below zero."""
    if not (np.isfinite(stderr) and value > 0):
        return float("nan"), float("nan")
    factor = float(np.exp(min(t * stderr / value, 50.0)))
    return value / factor, value * factor


def parameter_interval(result: FitResult, name: str, t: float) -> tuple[float, float]:
    """Return the interval of a parameter: an exponent's ends at its limits, others' above zero."""
    spec = result.model.circuit.slots[result.names.index(name)].parameter
    value, stderr = result.values[name], result.stderr[name]
    if not spec.is_exponent:
        return interval(value, stderr, t)
    low, high = np.clip([value - t * stderr, value + t * stderr], spec.lower, spec.upper)
    return float(low), float(high)


def total(result: FitResult, indices: Sequence[int], parts: tuple[str, ...]) -> Derived:
    """Return the sum of some parameters (indices into `names`), with covariance.

    A part that the fit drove to next to nothing adds nothing and does not spoil the sum; one at a
    bound that counts makes the sum's error unknown.
    """
    values = result.value_array()
    whole = float(values[list(indices)].sum())
    open_ended = np.diag(result.covariance) > 0
    counted = [
        i for i in indices if values[i] >= 1e-3 * whole or _is_known(result, i) or open_ended[i]
    ]
    if any(result.status[result.names[i]] == "at bound" and not open_ended[i] for i in counted):
        return Derived(whole, float("nan"), "ohm", parts)
    variance = result.covariance[np.ix_(counted, counted)].sum()
    stderr = float(np.sqrt(variance)) if variance >= 0 else float("nan")
    return Derived(whole, stderr, "ohm", parts, *interval(whole, stderr, quantile(result)))


def _is_known(result: FitResult, index: int) -> bool:
    return result.status[result.names[index]] in ("ok", "fixed")


def sum_of(result: FitResult, names: Sequence[str]) -> Derived:
    """Return the sum of resistances, by parameter names, elements or role symbols, with covariance.

    Raises
    ------
    ModelError
        If a name is unknown.
    FitError
        If a name is given twice or is not that of a resistance.
    """
    own = {arc.label: arc.resistance for arc in result.arcs}  # Wo1, as tables have it: Wo1_0
    indices = [
        own[name] if name in own else result.names.index(result.model.resolve(name))
        for name in names
    ]
    labels = {arc.resistance: arc.label for arc in result.arcs}
    strange = [name for name, i in zip(names, indices, strict=True) if i not in labels]
    if strange or len(set(indices)) < max(len(indices), 1):
        known = ", ".join(result.names[i] for i in labels)
        raise FitError(
            f"a sum is of different resistances, found {', '.join(names) or 'none'}; "
            f"there are {known or 'none in this circuit'}"
        )
    return total(result, indices, tuple(labels[i] for i in indices))


def derive(result: FitResult) -> Iterator[tuple[str, Derived]]:
    """Yield the sums that the model's card names."""
    by_role = {role.name: role.element for role in result.model.roles}
    place = {arc.label: arc.resistance for arc in result.arcs}
    for name, members in result.model.derived.items():
        elements = [by_role[member] for member in members]
        if all(element in place for element in elements):
            yield name, total(result, [place[e] for e in elements], tuple(elements))


def time_constant(result: FitResult, arc: Arc) -> tuple[float, float]:
    """Return tau of an arc in s and its relative standard error."""
    tau, gradient = log_tau(result, arc)
    return tau, _error(result, gradient)


def log_tau(result: FitResult, arc: Arc) -> tuple[float, Array]:
    """Return tau of an arc in s, and the derivatives (P,) of ln tau by the values."""
    values = result.value_array()
    tau = float(arc.tau_of(values))
    gradient = np.zeros(len(values))
    if arc.tau is not None:
        gradient[arc.tau] = 1.0 / tau
    elif arc.store is not None:
        alpha = 1.0 if arc.alpha is None else values[arc.alpha]
        gradient[arc.resistance] = 1.0 / (alpha * values[arc.resistance])
        gradient[arc.store] = 1.0 / (alpha * values[arc.store])
        if arc.alpha is not None:
            gradient[arc.alpha] = -np.log(tau) / alpha
    return tau, gradient


def capacitance(result: FitResult, arc: Arc) -> tuple[float, float]:
    """Return C = tau / R of an arc in F and its relative standard error."""
    tau, gradient = log_tau(result, arc)
    resistance = float(result.value_array()[arc.resistance])
    gradient[arc.resistance] -= 1.0 / resistance
    return tau / resistance, _error(result, gradient)


def _error(result: FitResult, gradient: Array) -> float:
    used = np.flatnonzero(gradient)
    variance = gradient[used] @ result.covariance[np.ix_(used, used)] @ gradient[used]
    return float(np.sqrt(variance)) if variance >= 0 else float("nan")


def resistance_rows(result: FitResult) -> list[dict[str, Any]]:
    """Return rows of `resistances()`: one a resistance, then unresolved sums, then derived sums."""
    t = quantile(result)
    head = {
        "sample": result.spectrum.label,
        "sweep": result.spectrum.metadata.get("sweep", 1),
    }
    together = unresolved(result)
    joined = {label for labels, _ in together for label in labels}
    rows = [_arc_row(result, arc, t, arc.label in joined) for arc in result.arcs]
    for labels, whole in together:
        roles = [_role(result, label) for label in labels]
        rows.append(_sum_row(" + ".join(roles), " + ".join(labels), whole, t))
    slow = _unclosed(result)
    for name, whole in result.derived.items():
        row = _sum_row(name, " + ".join(whole.parts), whole, t)
        if row["status"] == "ok" and slow & set(whole.parts):
            row["status"] = "outside window"
        rows.append(row)
    return [{**head, **row} for row in rows]


def _unclosed(result: FitResult) -> set[str]:
    """Return the arcs that relax more slowly than was measured: a sum with them is a guess."""
    _, slowest = result.spectrum.tau_window
    values = result.value_array()
    return {arc.label for arc in result.arcs if arc.has_tau and arc.tau_of(values) > slowest}


def _role(result: FitResult, label: str) -> str:
    role = result.model.role_of(label)
    return role.name if role else label


def _arc_row(result: FitResult, arc: Arc, t: float, joined: bool) -> dict[str, Any]:
    name = result.names[arc.resistance]
    value, stderr, status = result.values[name], result.stderr[name], result.status[name]
    if status == "fixed":
        status = "ok"
    if status == "ok" and joined:
        status = "unresolved"
    known = status != "not determined"
    lower, upper = interval(value, stderr, t)
    row: dict[str, Any] = {
        "role": _role(result, arc.label),
        "element": arc.label,
        "resistance_ohm": value if known else float("nan"),
        "stderr_ohm": stderr,
        "lower_ohm": lower,
        "upper_ohm": upper,
        "status": status,
    }
    if arc.has_tau and known:
        tau, tau_error = time_constant(result, arc)
        size, size_error = capacitance(result, arc)
        row |= {"tau_s": tau, "capacitance_f": size}
        if status == "at bound":  # what follows from a made-up resistance has no error to speak of
            tau_error = size_error = float("nan")
        row |= {"tau_stderr_s": tau * tau_error, "capacitance_stderr_f": size * size_error}
        if arc.alpha is not None:
            row["alpha"] = result.values[result.names[arc.alpha]]
            row["alpha_stderr"] = result.stderr[result.names[arc.alpha]]
        elif arc.store is not None:
            row["alpha"] = 1.0
        low, high = result.spectrum.tau_window
        if row["status"] == "ok" and not low <= tau <= high:
            row["status"] = "outside window"
    return row


def _sum_row(role: str, element: str, whole: Derived, t: float) -> dict[str, Any]:
    lower, upper = interval(whole.value, whole.stderr, t)
    known = bool(np.isfinite(whole.stderr)) and whole.stderr < whole.value
    return {
        "role": role,
        "element": element,
        "resistance_ohm": whole.value if known else float("nan"),
        "stderr_ohm": whole.stderr,
        "lower_ohm": lower,
        "upper_ohm": upper,
        "status": "ok" if known else "not determined",
    }


def unresolved(result: FitResult) -> list[tuple[tuple[str, ...], Derived]]:
    """Return groups of neighbouring resistances that only their sum is known of.

    Neighbours in time constant, a plain resistance first. A group is the smallest run around a
    poorly known member whose sum has at most a third of that member's relative error, and at most
    5 %.
    """
    values = result.value_array()
    tau = {arc.label: float(arc.tau_of(values)) if arc.has_tau else 0.0 for arc in result.arcs}
    line = sorted(
        (arc for arc in result.arcs if arc.tau is None or arc.alpha is not None),
        key=lambda arc: tau[arc.label],
    )
    errors = [_relative(result, arc) for arc in line]
    found: list[tuple[tuple[str, ...], Derived]] = []
    taken: set[int] = set()
    for at in np.argsort([-e for e in errors]):
        if at in taken or errors[at] <= POORLY:
            continue
        best = _smallest_group(result, line, errors, int(at), taken)
        if best is not None:
            members, whole = best
            taken |= set(members)
            found.append((tuple(line[i].label for i in members), whole))
    return sorted(found, key=lambda group: tau[group[0][0]])


def _smallest_group(
    result: FitResult, line: Sequence[Arc], errors: Sequence[float], at: int, taken: set[int]
) -> tuple[range, Derived] | None:
    for size in range(2, len(line) + 1):
        candidates = []
        for first in range(max(0, at - size + 1), min(at, len(line) - size) + 1):
            members = range(first, first + size)
            if taken & set(members):
                continue
            labels = tuple(line[i].label for i in members)
            whole = total(result, [line[i].resistance for i in members], labels)
            relative = whole.stderr / whole.value
            if relative <= min(CLEARLY, errors[at] / 3.0):
                candidates.append((relative, members, whole))
        if candidates:
            _, members, whole = min(candidates, key=lambda entry: entry[0])
            return members, whole
    return None


def _relative(result: FitResult, arc: Arc) -> float:
    name = result.names[arc.resistance]
    value, stderr = result.values[name], result.stderr[name]
    if result.status[name] in ("fixed", "at bound"):
        return 0.0
    return float("inf") if not np.isfinite(stderr) else stderr / value
