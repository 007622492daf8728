"""Laws over time and temperature, and what geometry makes of resistances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eisfit.comparison.between import of_all_cells, without_cell
from eisfit.comparison.electrolyte import NAME
from eisfit.comparison.groups import Line, Row, lines, once
from eisfit.errors import EisfitError
from eisfit.trends import (
    Activation,
    CommonGrowth,
    Growth,
    arrhenius,
    conductivity_row,
    growth_laws,
    growth_over_cells,
)

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison

LEAST_TIMES = 4
LEAST_TEMPERATURES = 2
_COLUMNS = ("resistance_ohm", "stderr_ohm", "status")


@once
def growth(comparison: Comparison) -> tuple[tuple[Line, Growth], ...]:
    """Return the laws of each role over aging time, where there are four times or more."""
    found = []
    for line in lines(comparison, "time_h"):
        kept = [i for i, place in enumerate(line.places) if place == place and place >= 0]
        if len({line.places[i] for i in kept}) < LEAST_TIMES:
            continue
        law = growth_laws(
            [line.places[i] for i in kept],
            *([line.rows[i][name] for i in kept] for name in _COLUMNS),
            quantity=line.title,
        )
        found.append((line, law))
    return tuple(found)


@once
def growth_of_cells(comparison: Comparison) -> tuple[tuple[Line, CommonGrowth], ...]:
    """Return the law that replicate cells have in common, with the cell `ALL_CELLS`."""
    cells: dict[tuple[str, str], list[tuple[Line, Growth]]] = {}
    for line, law in growth(comparison):
        if line.head.get("cell") and law.best:
            cells.setdefault(without_cell(line), []).append((line, law))
    return tuple(
        (common, growth_over_cells([law for _, law in known], quantity=common.title))
        for known in cells.values()
        if len(known) > 1
        for common in [of_all_cells(known[0][0])]
    )


@once
def activations(comparison: Comparison) -> tuple[tuple[Line, Activation], ...]:
    """Return the activation energies of each role, where there are two temperatures or more.

    Of resistances (as T/R and 1/R), of the conductivity in their place where geometry gives one,
    and of time constants.
    """
    found = []
    for line in lines(comparison, "temperature_c"):
        kept = [i for i, place in enumerate(line.places) if place == place]
        if len({line.places[i] for i in kept}) < LEAST_TEMPERATURES:
            continue
        for kind, form, values in _kinds(comparison, line, kept):
            result = arrhenius(
                [line.places[i] for i in kept],
                *values,
                kind=kind,
                form=form,
                quantity=line.title,
            )
            if result.status != "too few points":
                notes = [line.rows[i].get("note") for i in kept if line.role == NAME]
                found.append((line, result.with_notes(notes)))
    return tuple(found)


def _kinds(
    comparison: Comparison, line: Line, kept: list[int]
) -> Iterator[tuple[str, str, tuple[list[Any], list[Any], list[Any]]]]:
    rows = [line.rows[i] for i in kept]
    status = [row["status"] for row in rows]
    sigma = [_conductivity(comparison, line.rows[i], line.indices[i]) for i in kept]
    names = ("resistance_ohm", "stderr_ohm")
    kind, table = "resistance", [tuple(row[name] for name in names) for row in rows]
    if all(one["conductivity_s_cm"] == one["conductivity_s_cm"] for one in sigma):
        kind = "conductivity"
        # The size of the cell is the same at all temperatures: its error moves no energy
        table = [
            (one["conductivity_s_cm"], one["conductivity_s_cm"] * _relative(row))
            for one, row in zip(sigma, rows, strict=True)
        ]
    values = ([v for v, _ in table], [e for _, e in table], status)
    yield kind, "sigma T", values
    yield kind, "sigma", values
    taus = [row["tau_s"] for row in rows]
    if any(tau == tau for tau in taus):
        yield "tau", "tau", (taus, [row.get("tau_stderr_s") for row in rows], status)


def _relative(row: Row) -> float:
    return float(row["stderr_ohm"] / row["resistance_ohm"])


def conductivities(comparison: Comparison) -> list[dict[str, Any]]:
    """Return area-specific resistance and conductivity of each row whose cell has a geometry."""
    return [row for _, row in conductivities_of(comparison)]


def conductivities_of(comparison: Comparison) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of `conductivities`, each with the index of its member."""
    for index, rows in enumerate(comparison.rows_by_member):
        member = comparison.series.members[index]
        if member.geometry is None:
            continue
        for row in rows:
            head = {"sample": row["sample"], **member.conditions(), "sweep": row["sweep"]}
            yield index, {**head, **_conductivity(comparison, row, index), "file": member.file}


def _conductivity(comparison: Comparison, row: Row, index: int) -> dict[str, Any]:
    analysis = comparison.analyses[index]
    electrolyte: tuple[str, ...] = ()
    if analysis is not None:
        whole = analysis.model.electrolyte
        # What has no time constant may be cable and contacts: it counts within the sum alone
        arcs = {arc.label for arc in analysis.fit.arcs if arc.has_tau}
        electrolyte = whole if row["role"] == NAME else tuple(e for e in whole if e in arcs)
    try:
        return conductivity_row(row, comparison.series.members[index].geometry, electrolyte)
    except EisfitError as error:
        return {"role": row["role"], "element": row["element"], "status": "not determined",
                "conductivity_s_cm": float("nan"), "note": str(error)}  # fmt: skip


def head_of(line: Line) -> Mapping[str, Any]:
    """Return the first columns of a table with a row for a track and role."""
    return {**line.head, "role": line.role}
