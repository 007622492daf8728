"""Samples against each other, and the end of a track against its beginning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eisfit.comparison.groups import Line, coordinates, is_named, levels, lines
from eisfit.comparison.words import condition, conditions, named, quantity, varying
from eisfit.trends import Change, Group, Ratio, change, change_over_cells, ratio

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison

ALL_CELLS = "all"  # in the column `cell`, for what replicate cells have in common
Found = tuple[Mapping[str, Any], Ratio]


def ratios(comparison: Comparison) -> list[Found]:
    """Return the ratios of the first sample to every other, role by role, condition by condition.

    Each with its role and conditions. Cells of one sample under one condition are replicates.
    """
    members = comparison.series.members
    samples = list(dict.fromkeys(member.sample for member in members))
    names = [n for n in coordinates(comparison) if n not in ("cell", *_along_only(comparison))]
    places: dict[Any, list[int]] = {}
    for index, level in enumerate(levels(comparison, names)):
        places.setdefault(level, []).append(index)
    shown = [dict.fromkeys(names) | members[found[0]].conditions() for found in places.values()]
    telling = varying(shown, names)
    return [
        found
        for indices in places.values()
        for other in samples[1:]
        for found in _at(comparison, indices, (samples[0], other), names, telling)
    ]


def _along_only(comparison: Comparison) -> list[str]:
    """Return the conditions that hardly repeat between samples, such as a clock beside a cycle."""
    members = comparison.series.members
    found = []
    for name in coordinates(comparison):
        if name in ("state", comparison.series.along):
            continue
        values = levels(comparison, [name])
        by_sample: dict[str, set[Any]] = {}
        for member, value in zip(members, values, strict=True):
            by_sample.setdefault(member.sample, set()).add(value)
        if len(by_sample) > 1 and not set.intersection(*by_sample.values()):
            found.append(name)
    return found


def _at(
    comparison: Comparison,
    indices: Sequence[int],
    pair: tuple[str, str],
    names: Sequence[str],
    telling: Sequence[str],
) -> Iterator[Found]:
    by_sample = [_cells(comparison, indices, sample) for sample in pair]
    if not all(by_sample):
        return
    here = comparison.series.members[indices[0]].conditions()
    where = {name: here[name] for name in names if name in here}
    words = conditions({name: where[name] for name in telling if name in where})
    roles = [role for role in by_sample[0] if role in by_sample[1]]
    for role in roles:
        first, second = (
            Group(sample, *_numbers(rows[role]))
            for sample, rows in zip(pair, by_sample, strict=True)
        )
        yield {"role": role, **where}, ratio(first, second, named(quantity(role), words))


def _cells(
    comparison: Comparison, indices: Sequence[int], sample: str
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return rows by role and cell; of a cell that was measured twice, the last."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for index in indices:
        member = comparison.series.members[index]
        if member.sample != sample:
            continue
        for row in comparison.rows_by_member[index]:
            if is_named(row, comparison, index):
                found.setdefault(row["role"], {})[member.cell] = row
    return found


def _numbers(
    cells: Mapping[str, Mapping[str, Any]],
) -> tuple[list[float], list[float], list[str]]:
    rows = list(cells.values())
    return (
        [row["resistance_ohm"] for row in rows],
        [row["stderr_ohm"] for row in rows],
        [row["status"] for row in rows],
    )


def changes(comparison: Comparison) -> list[tuple[Line, Change]]:
    """Return what each role does from the beginning to the end of each track.

    Where a sample has several cells, what they have in common follows, with the cell `ALL_CELLS`.
    """
    along = comparison.series.along
    single = [(line, _change(line, along)) for line in lines(comparison) if len(line.rows) > 1]
    groups: dict[tuple[Any, ...], list[tuple[Line, Change]]] = {}
    for line, found in single:
        if line.head.get("cell"):
            rest = {name: value for name, value in line.head.items() if name != "cell"}
            groups.setdefault((line.role, conditions(rest)), []).append((line, found))
    return single + [joined for cells in groups.values() for joined in _over_cells(cells)]


def _over_cells(cells: Sequence[tuple[Line, Change]]) -> Iterator[tuple[Line, Change]]:
    known = [found for _, found in cells if found.status == "ok"]
    if len(known) < 2 or len({(found.start, found.end) for found in known}) > 1:
        return
    first = cells[0][0]
    alone = condition("cell", first.head["cell"])
    title = first.title.replace(f", {alone}", "")
    head = {**first.head, "cell": ALL_CELLS}
    yield replace(first, head=head, title=title), change_over_cells(known, quantity=title)


def _change(line: Line, along: str) -> Change:
    labels = [condition(along, row.get(along)) or f"sweep {row['sweep']}" for row in line.rows]
    ordered = along not in ("state", "electrode_state") and all(
        isinstance(row.get(along, 0.0), int | float) for row in line.rows
    )
    return change(
        line.column("resistance_ohm"),
        line.column("stderr_ohm"),
        line.column("status"),
        position=line.places if ordered and all(p == p for p in line.places) else None,
        labels=labels,
        quantity=line.title,
    )
