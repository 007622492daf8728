"""Samples against each other, and the end of a track against its beginning."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eisfit.comparison.groups import Line, coordinates, is_named, levels, lines, once
from eisfit.comparison.words import condition, conditions, named, quantity, varying
from eisfit.series.doubts import place_of
from eisfit.trends import Change, Group, Ratio, change, change_over_cells, corrected, ratio

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison
    from eisfit.series import Series

ALL_CELLS = "all"  # in the column `cell`, for what replicate cells have in common
_ASK = "give cell_id if they are replicates"
Found = tuple[Mapping[str, Any], Ratio]


@once
def ratios(comparison: Comparison) -> tuple[Found, ...]:
    """Return the ratios of the first sample to every other, role by role, condition by condition.

    Each with its role and conditions. Cells of one sample under one condition are replicates.
    """
    members = comparison.series.members
    samples = list(dict.fromkeys(member.sample for member in members))
    names = [n for n in coordinates(comparison) if n not in ("cell", *_along_only(comparison))]
    names += ["sweep"] if comparison.series.along == "sweep" else []
    places: dict[Any, list[int]] = {}
    known = levels(comparison, names)
    for index in sorted(range(len(members)), key=lambda i: _order(comparison.series.position(i))):
        places.setdefault(known[index], []).append(index)
    shown = [{n: members[found[0]].coordinate(n) for n in names} for found in places.values()]
    telling = varying(shown, names)
    families: dict[Any, list[Found]] = {}
    for level, indices in places.items():
        family = families.setdefault(_place(comparison, names, level), [])
        for other in samples[1:]:
            family += _at(comparison, indices, (samples[0], other), names, telling)
    again = sums(comparison)
    return tuple(
        (head, result)
        for family in families.values()
        for (head, _), result in zip(
            family,
            corrected([r for _, r in family], [head["role"] not in again for head, _ in family]),
            strict=True,
        )
    )


def _place(comparison: Comparison, names: Sequence[str], level: Sequence[Any]) -> Any:
    """Return the place along the series: the same cells, seen again later, are no new ones."""
    along = comparison.series.along
    return level[names.index(along)] if along in names and along != "state" else None


def sums(comparison: Comparison) -> set[str]:
    """Return the roles that are sums of others: compared again, they tell nothing of their own."""
    rows = (row for member in comparison.rows_by_member for row in member)
    return {row["role"] for row in rows if "+" in row["element"]}


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
    here = comparison.series.members[indices[0]]
    where = {name: here.coordinate(name) for name in names}
    words = conditions({name: where[name] for name in telling})
    roles = [role for role in by_sample[0] if role in by_sample[1]]
    refused = next(filter(None, (_crowd(comparison, indices, sample) for sample in pair)), "")
    for role in roles:
        if refused:
            yield (
                {"role": role, **where},
                Ratio(named(quantity(role), words), *pair, status=refused),
            )
            continue
        first, second = (
            Group(sample, *_numbers(rows[role]))
            for sample, rows in zip(pair, by_sample, strict=True)
        )
        yield {"role": role, **where}, ratio(first, second, named(quantity(role), words))


def _cells(
    comparison: Comparison, indices: Sequence[int], sample: str
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return rows by role and cell."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for index in indices:
        member = comparison.series.members[index]
        if member.sample != sample:
            continue
        for row in comparison.rows_by_member[index]:
            if is_named(row, comparison, index):
                found.setdefault(row["role"], {})[member.cell] = row
    return found


def _crowd(comparison: Comparison, indices: Sequence[int], sample: str) -> str:
    """Return why a sample cannot be compared here: a cell with several spectra; "" if none has."""
    members = [comparison.series.members[i] for i in indices]
    cells = [member.cell for member in members if member.sample == sample]
    most = max(map(cells.count, cells), default=0)
    return f"{most} spectra of one cell of {sample} here ({_ASK})" if most > 1 else ""


def _order(place: float) -> float:
    return -math.inf if math.isnan(place) else place


def _numbers(
    cells: Mapping[str, Mapping[str, Any]],
) -> tuple[list[float], list[float], list[str]]:
    rows = list(cells.values())
    return (
        [row["resistance_ohm"] for row in rows],
        [row["stderr_ohm"] for row in rows],
        [row["status"] for row in rows],
    )


@once
def changes(comparison: Comparison) -> tuple[tuple[Line, Change], ...]:
    """Return what each role does from the beginning to the end of each track.

    Where a sample has several cells, what they have in common follows, with the cell `ALL_CELLS`.
    """
    series = comparison.series
    single = [
        (line, _change(line, series)) for line in lines(comparison) if _has_ends(line, series)
    ]
    groups: dict[tuple[Any, ...], list[tuple[Line, Change]]] = {}
    for line, one in single:
        if line.head.get("cell"):
            groups.setdefault(without_cell(line), []).append((line, one))
    found = single + [joined for cells in groups.values() for joined in _over_cells(cells)]
    again, heard = sums(comparison), {id(line) for line, _ in told(found)}
    counts = [id(line) in heard and line.role not in again for line, _ in found]
    results = corrected([result for _, result in found], counts)
    return tuple((line, result) for (line, _), result in zip(found, results, strict=True))


def told(found: Sequence[tuple[Line, Change]]) -> list[tuple[Line, Change]]:
    """Return those of `changes` that count: of replicate cells only what they have in common."""
    common = {without_cell(line) for line, _ in found if line.head.get("cell") == ALL_CELLS}
    return [
        (line, result)
        for line, result in found
        if line.head.get("cell") == ALL_CELLS or without_cell(line) not in common
    ]


def without_cell(line: Line) -> tuple[str, str]:
    """Return what the tracks of replicate cells have in common, to put them together by."""
    rest = {name: value for name, value in line.head.items() if name != "cell"}
    return line.role, conditions(rest)


def _over_cells(cells: Sequence[tuple[Line, Change]]) -> Iterator[tuple[Line, Change]]:
    known = [found for _, found in cells if found.status == "ok"]
    if len(known) < 2 or len({(found.start, found.end) for found in known}) > 1:
        return
    common = of_all_cells(cells[0][0])
    yield common, change_over_cells(known, quantity=common.title)


def of_all_cells(line: Line) -> Line:
    """Return the line of one cell as that of all its replicates, with the cell `ALL_CELLS`."""
    alone = condition("cell", line.head["cell"])
    title = line.title.replace(f", {alone}", "")
    return replace(line, head={**line.head, "cell": ALL_CELLS}, title=title)


def _has_ends(line: Line, series: Series) -> bool:
    """Whether a line has a first and a last place."""
    return len({place_of(series, i) for i in line.indices} - {None}) > 1


def _change(line: Line, series: Series) -> Change:
    """Return the change between the ends of a line; none where an end has several spectra."""
    along = series.along
    places = [place_of(series, i) for i in line.indices]
    kept = [i for i, place in enumerate(places) if place is not None and places.count(place) == 1]
    known = [place for place in places if place is not None]
    labels = [condition(along, row.get(along)) or f"sweep {row['sweep']}" for row in line.rows]
    for end in (known[0], known[-1]):
        if (count := known.count(end)) > 1:
            where = labels[places.index(end)]
            return Change(line.title, status=f"{count} spectra of one cell at {where} ({_ASK})")
    line, labels = line.of(kept), [labels[i] for i in kept]
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
