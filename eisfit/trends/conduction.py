"""Resistances to area-specific ones and to conductivities, where they are the electrolyte's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from eisfit.errors import GeometryError
from eisfit.geometry import Geometry, Quantity
from eisfit.trends.points import USABLE
from eisfit.trends.words import listed


def conductivity_row(
    row: Mapping[str, Any], geometry: Geometry | None, electrolyte: Collection[str]
) -> dict[str, Any]:
    """Return area-specific resistance and conductivity of one row of `resistances()`.

    Parameters
    ----------
    row : mapping
        With `role`, `element` (a sum as "R1 + R2"), `resistance_ohm`, `stderr_ohm`, `status`, and
        `note`, which is passed on.
    geometry : Geometry or None
    electrolyte : elements of the model that are the electrolyte's (`Model.electrolyte`)
        A row becomes a conductivity only if all its elements are among them; a series resistance
        that holds contacts and cable never does.

    Returns
    -------
    dict
        role, element, area_specific_ohm_cm2, its stderr, lower, upper; conductivity_s_cm, the
        same; uncertainty (what the errors hold); status; note (why a number is missing). NaN, not
        0, stands for what is not known.
    """
    elements = [part.strip() for part in str(row["element"]).split("+")]
    status = str(row.get("status", "ok"))
    head = {"role": row.get("role", ""), "element": row["element"]}
    if status not in USABLE:
        return {**head, **_columns(None, None), "status": status, "note": f"resistance {status}"}
    if geometry is None:
        note = "no geometry is given"
        return {**head, **_columns(None, None), "status": "not determined", "note": note}
    value, stderr = float(row["resistance_ohm"]), float(row["stderr_ohm"])
    said = row.get("note")
    notes = [said] if isinstance(said, str) and said else []
    specific = sigma = None
    try:
        specific = geometry.area_specific(value, stderr)
    except GeometryError as error:
        notes.append(str(error))
    if all(element in electrolyte for element in elements):
        try:
            sigma = geometry.conductivity(value, stderr)
        except GeometryError as error:
            if str(error) not in notes:
                notes.append(str(error))
    else:
        notes.append(
            "no conductivity: the model's card does not say that "
            f"{' + '.join(e for e in elements if e not in electrolyte)} is the electrolyte's"
        )
    known = specific is not None or sigma is not None
    return {
        **head, **_columns(specific, sigma), "status": status if known else "not determined",
        "note": "; ".join(notes),
    }  # fmt: skip


def _columns(specific: Quantity | None, sigma: Quantity | None) -> dict[str, Any]:
    nothing = Quantity(float("nan"), float("nan"), "")
    columns: dict[str, Any] = {}
    for name, unit, quantity in (
        ("area_specific", "ohm_cm2", specific),
        ("conductivity", "s_cm", sigma),
    ):
        found = quantity or nothing
        lower, upper = found.interval()
        columns |= {
            f"{name}_{unit}": found.value, f"{name}_stderr_{unit}": found.stderr,
            f"{name}_lower_{unit}": lower, f"{name}_upper_{unit}": upper,
        }  # fmt: skip
    best = sigma or specific
    columns["uncertainty"] = listed(
        [source.split("_")[0] for source in best.sources] if best else []
    )
    return columns
