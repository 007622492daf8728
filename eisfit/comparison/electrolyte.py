"""The electrolyte's resistance from electrode to electrode, where the model's card knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eisfit.analysis import Analysis
from eisfit.circuit.arcs import Arc
from eisfit.fitting.derived import total
from eisfit.roles import is_far

NAME = "R_electrolyte"
WITH_SERIES = (
    "includes the series resistance (cable, contacts), which not every spectrum shows apart"
)


def shows_series_apart(analysis: Analysis) -> bool:
    """Whether a fit determines the series resistance and each arc of the electrolyte by itself.

    Where an arc lies at the edge of the window or beyond, part of it is in the series resistance,
    or part of that in the arc.
    """
    if not analysis.model.electrolyte:
        return True
    table = analysis.resistances()
    status = dict(zip(table["element"], table["status"], strict=True))
    return all(status.get(label) == "ok" for label in analysis.model.electrolyte)


def electrolyte_row(analysis: Analysis, with_series: bool) -> Mapping[str, Any] | None:
    """Return a row of `resistances()` for the sum of all that is the electrolyte's, or None.

    With the series resistance it stays determined where bulk, grain boundary and series resistance
    cannot be parted: in the plane it is Re(Z) at the minimum of -Im(Z), between the electrolyte's
    arcs and the electrode's. Without, it is the sum of the arcs. An element that the fit uses for a
    process far outside its role's span does not count.
    """
    fit, model = analysis.fit, analysis.model
    values = fit.value_array()
    own = [arc for arc in fit.arcs if arc.label in model.electrolyte]
    parts = [
        arc
        for arc in own
        if (with_series or arc.has_tau)
        and not (arc.has_tau and is_far(float(arc.tau_of(values)), model.role_of(arc.label)))
    ]
    if not parts:
        return None
    labels = tuple(arc.label for arc in parts)
    whole = total(fit, [arc.resistance for arc in parts], labels)
    known = bool(whole.stderr < whole.value)
    return {
        "role": NAME,
        "element": " + ".join(labels),
        "resistance_ohm": whole.value if known else float("nan"),
        "stderr_ohm": whole.stderr,
        "lower_ohm": whole.lower,
        "upper_ohm": whole.upper,
        "status": "ok" if known else "not determined",
        "note": _note(model.electrolyte, parts),
    }


def _note(electrolyte: tuple[str, ...], parts: list[Arc]) -> str:
    labels = [arc.label for arc in parts]
    if all(arc.has_tau for arc in parts):
        return ""
    hidden = [label for label in electrolyte if label not in labels]
    also = f"; {', '.join(hidden)} without an arc of its own" if hidden else ""
    return WITH_SERIES + also
