"""Arcs that the data do not support: fit without them, and keep that where it is worth more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model
from eisfit.circuit.parser import Group, Node, group, leaves, to_text
from eisfit.fitting.engine import FitOptions, fit_spectrum
from eisfit.fitting.hunt import Effort
from eisfit.fitting.result import FitResult
from eisfit.frozen import FrozenDict

Array = NDArray[Any]

WORTH = 6.0  # fall of BIC that an arc must bring: "strong" after R. E. Kass, A. E. Raftery, 1995
TRIAL = Effort(later=8, rounds=2)


@dataclass(frozen=True)
class Pruned:
    """The fit that the data support, what it leaves out of the model, and the full model's fit."""

    fit: FitResult
    dropped: tuple[str, ...] = ()
    full: FitResult | None = None


def prune(fit: FitResult, options: FitOptions) -> Pruned:
    """Return the fit without the arcs that the data do not support.

    Only series arcs p(R,CPE), p(R,C), Zarc and K are tried; an arc stays if it lowers BIC by at
    least 6. Nothing is pruned where the user fixed, bounded or started a parameter. The names of
    the arcs that stay are chosen by the roles of the model: an arc whose time constant belongs to
    the interface is called so.
    """
    full, quick = fit, replace(options, effort=TRIAL)
    dropped: tuple[str, ...] = ()
    if options.names_parameters:
        return Pruned(fit)
    while True:
        labels = arc_labels(fit.model)
        if len(labels) < 2:
            break
        smaller = without(fit.model, labels[-1:])
        trial = fit_spectrum(fit.spectrum, smaller, quick)
        if trial.bic >= fit.bic + WORTH:
            break
        fit = trial
        dropped = (labels[-1], *dropped)
    return _named_by_role(full, fit) if dropped else Pruned(fit)


def arc_labels(model: Model) -> tuple[str, ...]:
    """Return the exchangeable series arcs in the circuit's order: the largest set alike."""
    root = model.circuit.root
    if not (isinstance(root, Group) and root.kind == "series"):
        return ()
    with_tau = {arc.label for arc in model.arcs if arc.has_tau}
    alike: dict[tuple[str, ...], list[str]] = {}
    for part in root.parts:
        inside = list(leaves(part))
        owner = next((leaf.label for leaf in inside if leaf.label in with_tau), None)
        if owner is None or len(inside) > 2:
            continue
        key = tuple(leaf.element.name for leaf in inside)
        alike.setdefault(key, []).append(owner)
    groups = [tuple(labels) for labels in alike.values()]
    return max(groups, key=len, default=())


def without(model: Model, labels: Sequence[str]) -> Model:
    """Return a model without the series parts that hold some elements, and without their roles."""
    for label in labels:
        model = _without(model, _part_of(model, label))
    return model


def _without(model: Model, part: Node) -> Model:
    root = model.circuit.root
    assert isinstance(root, Group)
    rest = group("series", [other for other in root.parts if other is not part])
    gone = {leaf.label for leaf in leaves(part)}
    roles = tuple(role for role in model.roles if role.element not in gone)
    names = {role.name for role in roles}
    sums = {
        name: tuple(member for member in members if member in names)
        for name, members in model.derived.items()
    }
    text = to_text(rest, model.circuit.dialect) if model.circuit.dialect != "CDC" else ""
    circuit = Circuit.from_tree(rest, text or f"{model.circuit.text} less {sorted(gone)}", "CDC")
    if text:
        circuit = Circuit.from_text(text)
    return replace(model, circuit=circuit, roles=roles, derived=FrozenDict(sums))


def _named_by_role(full: FitResult, fit: FitResult) -> Pruned:
    """Return the pruned fit under those of the model's names that suit its time constants."""
    model = full.model
    places = arc_labels(full.model)
    found = list(arc_labels(fit.model))
    values = fit.value_array()
    tau = {arc.label: float(arc.tau_of(values)) for arc in fit.arcs}
    chosen = _assign([tau[label] for label in found], places, model)
    dropped = tuple(label for label in places if label not in chosen)
    if list(chosen) == found:
        return Pruned(fit, dropped, full)
    return Pruned(replace_model(fit, without(model, dropped)), dropped, full)


def _part_of(model: Model, label: str) -> Node:
    root = model.circuit.root
    assert isinstance(root, Group)
    return next(part for part in root.parts if label in {leaf.label for leaf in leaves(part)})


def _assign(taus: Sequence[float], places: Sequence[str], model: Model) -> tuple[str, ...]:
    """Return the labels, in order, whose roles' spans lie closest to ascending time constants."""

    def distance(tau: float, label: str) -> float:
        role = model.role_of(label)
        if role is None or role.tau_s is None:
            return 0.0
        low, high = np.log10(role.tau_s)
        return float(max(low - np.log10(tau), 0.0, np.log10(tau) - high))

    choices = combinations(places, len(taus))
    return min(
        choices,
        key=lambda labels: sum(distance(t, label) for t, label in zip(taus, labels, strict=True)),
    )


def replace_model(fit: FitResult, model: Model) -> FitResult:
    """Return the same fit under another model of the same structure: names change, numbers stay."""
    rename = dict(zip(fit.names, model.names, strict=True))

    def renamed(entries: Any) -> dict[str, Any]:
        return {rename[name]: entries[name] for name in fit.names}

    return replace(
        fit,
        model=model,
        values=renamed(fit.values),
        stderr=renamed(fit.stderr),
        status=renamed(fit.status),
    )
