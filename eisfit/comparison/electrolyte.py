"""The electrolyte's resistance from electrode to electrode, where the model's card knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eisfit.analysis import Analysis
from eisfit.fitting.derived import total
from eisfit.roles import is_far

NAME = "R_electrolyte"


def electrolyte_row(analysis: Analysis) -> Mapping[str, Any] | None:
    """Return a row of `resistances()` for the sum of all that is the electrolyte's, or None.

    It stays determined where bulk, grain boundary and series resistance cannot be parted: in the
    plane it is Re(Z) at the minimum of -Im(Z), between the electrolyte's arcs and the electrode's.
    An element that the fit uses for a process far outside its role's span does not count.
    """
    fit, model = analysis.fit, analysis.model
    values = fit.value_array()
    parts = [
        arc
        for arc in fit.arcs
        if arc.label in model.electrolyte
        and not (arc.has_tau and is_far(float(arc.tau_of(values)), model.role_of(arc.label)))
    ]
    if not parts:
        return None
    labels = tuple(arc.label for arc in parts)
    whole = total(fit, [arc.resistance for arc in parts], labels)
    known = bool(whole.stderr < whole.value)
    missing = [label for label in model.electrolyte if label not in labels]
    note = f"without {', '.join(missing)}, which the data do not show apart" if missing else ""
    return {
        "role": NAME,
        "element": " + ".join(labels),
        "resistance_ohm": whole.value if known else float("nan"),
        "stderr_ohm": whole.stderr,
        "lower_ohm": whole.lower,
        "upper_ohm": whole.upper,
        "status": "ok" if known else "not determined",
        "note": note,
    }
