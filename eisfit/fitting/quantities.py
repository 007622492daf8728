"""A table of what follows from the parameters: tau, C, sums, conductivity, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.circuit.arcs import Arc
from eisfit.errors import FitError
from eisfit.fitting.derived import Derived, capacitance, interval, quantile, sum_of, time_constant
from eisfit.geometry import Geometry

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

QUANTITY_COLUMNS = (
    "quantity", "element", "role", "value", "stderr", "lower", "upper", "unit", "status",
)  # fmt: skip


def geometry_of(
    result: FitResult, thickness_cm: float | None, area_cm2: float | None
) -> Geometry | None:
    """Return the geometry, or None where none is given.

    An area-specific spectrum (ohm cm2) needs only the thickness.

    Raises
    ------
    FitError
        If one of the two is missing or not positive.
    """
    specific = "area_cm2" in result.spectrum.metadata
    if thickness_cm is None and area_cm2 is None:
        return None
    if specific and area_cm2 is not None:
        raise FitError("the spectrum is scaled by its area already: give only thickness_cm")
    area = 1.0 if specific else area_cm2
    for name, size in (("thickness_cm", thickness_cm), ("area_cm2", area)):
        if size is None or not (np.isfinite(size) and size > 0):
            raise FitError(f"a conductivity needs {name} as a positive number, found {size!r}")
    return Geometry(area_cm2=area, thickness_cm=thickness_cm)


def quantity_rows(
    result: FitResult, sums: Sequence[Sequence[str]], geometry: Geometry | None, level: float
) -> list[dict[str, Any]]:
    """Return the rows of `FitResult.quantities`.

    Raises
    ------
    ModelError, FitError
        As `sum_of`, for `sums`.
    """
    t = quantile(result, level)
    rows = [row for arc in result.arcs for row in _arc_rows(result, arc, geometry, t)]
    wholes = [*result.derived.items()]
    wholes += [(" + ".join(whole.parts), whole) for whole in (sum_of(result, n) for n in sums)]
    for name, whole in wholes:
        size = geometry if _is_electrolyte(result, whole.parts) else None
        rows.extend(_sum_rows(name, whole, size, t))
    return rows


def _is_electrolyte(result: FitResult, labels: Sequence[str]) -> bool:
    """Whether resistances are the electrolyte's by the model's card; without roles, nobody knows.

    Contacts and cable are in a series resistance, and no conductivity follows from them.
    """
    return not result.model.roles or all(label in result.model.electrolyte for label in labels)


def _arc_rows(
    result: FitResult, arc: Arc, geometry: Geometry | None, t: float
) -> Iterator[dict[str, Any]]:
    name = result.names[arc.resistance]
    role = result.model.role_of(arc.label)
    head = {"element": arc.label, "role": role.name if role else ""}
    place = arc.store if arc.tau is None else arc.tau
    if place is not None:
        tau, tau_error = time_constant(result, arc)
        size, size_error = capacitance(result, arc)
        own = result.status[result.names[place]]
        both = [own, result.status[name]]
        yield {**head, **_row(f"tau_{arc.label}", tau, tau_error, "s", t, _state([own], tau_error))}
        yield {**head, **_row(f"C_{arc.label}", size, size_error, "F", t, _state(both, size_error))}
    # Without a time constant it may be cable and contacts: it counts within a sum alone
    alone = arc.has_tau or not result.model.roles
    if geometry is not None and alone and _is_electrolyte(result, [arc.label]):
        value = result.values[name]
        sigma, relative = geometry.conductivity(value).value, result.stderr[name] / value
        status = result.status[name]
        yield {**head, **_row(f"sigma_{arc.label}", sigma, relative, "S/cm", t, status)}


def _sum_rows(
    name: str, whole: Derived, geometry: Geometry | None, t: float
) -> Iterator[dict[str, Any]]:
    head = {"element": " + ".join(whole.parts), "role": ""}
    relative = whole.stderr / whole.value
    status = _state([], relative)
    yield {**head, **_row(name, whole.value, relative, whole.unit, t, status)}
    if geometry is not None:
        value = geometry.conductivity(whole.value).value
        yield {**head, **_row(f"sigma of {name}", value, relative, "S/cm", t, status)}


def _state(states: Sequence[str], relative: float) -> str:
    """Return the status of a quantity from those of its parameters and its own relative error."""
    if "at bound" in states:
        return "at bound"
    if relative == 0:
        return "fixed"
    return "ok" if relative < 1.0 else "not determined"


def _row(
    quantity: str, value: float, relative: float, unit: str, t: float, status: str
) -> dict[str, Any]:
    """Return a row; no error is claimed beside a parameter that the data do not determine."""
    error = relative * value if status in ("ok", "fixed") else float("nan")
    lower, upper = interval(value, error, t)
    return {
        "quantity": quantity, "value": value, "stderr": error, "lower": lower, "upper": upper,
        "unit": unit, "status": status,
    }  # fmt: skip
