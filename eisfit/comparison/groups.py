"""Rows of a comparison's resistances, put together by what they are to be compared along."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from eisfit.comparison.words import conditions, named, quantity, varying
from eisfit.series.member import CONDITIONS
from eisfit.series.tracks import temperature_levels, time_levels
from eisfit.tables import is_empty

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison

Row = Mapping[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Line:
    """One role along one track.

    Attributes
    ----------
    role : str
    rows : tuple of rows of `Comparison.resistances`, in order
    places : tuple of float, their position
    indices : tuple of int, their members
    head : mapping
        Sample, cell and the conditions that the whole track shares.
    title : str
        Sample, role and shared conditions, for sentences.
    """

    role: str
    rows: tuple[Row, ...]
    places: tuple[float, ...]
    indices: tuple[int, ...]
    head: Row
    title: str

    def of(self, kept: Sequence[int]) -> Line:
        """Return the line with these of its rows only."""
        return replace(
            self,
            rows=tuple(self.rows[i] for i in kept),
            places=tuple(self.places[i] for i in kept),
            indices=tuple(self.indices[i] for i in kept),
        )

    def column(self, name: str) -> list[Any]:
        """Return a column of its rows."""
        return [row[name] for row in self.rows]


def once(compute: Callable[[Comparison], Found]) -> Callable[[Comparison], Found]:
    """Compute what a comparison says once, however many tables, sentences and figures ask."""
    name = f"_{compute.__module__}.{compute.__name__}"

    @wraps(compute)
    def asked(comparison: Comparison) -> Found:
        kept = vars(comparison)  # where a cached property of a frozen object lies, too
        if name not in kept:
            kept[name] = compute(comparison)
        found: Found = kept[name]
        return found

    return asked


def lines(comparison: Comparison, along: str = "") -> Iterator[Line]:
    """Yield each role of each track, along the series' coordinate or another."""
    series = comparison.series
    along = along or series.along
    series = series if along == series.along else replace(series, along=along)
    by_member = comparison.rows_by_member
    names = coordinates(comparison)
    told = [n for n in _telling(comparison, names) if n != along]
    for track in series.tracks():
        found: dict[str, list[tuple[int, Row]]] = {}
        for index in track:
            for row in by_member[index]:
                if is_named(row, comparison, index):
                    found.setdefault(row["role"], []).append((index, row))
        for role, placed in found.items():
            indices, rows = zip(*placed, strict=True)
            places = tuple(map(series.position, indices))
            shared = _shared(rows, [n for n in names if n != along])
            head = {"sample": rows[0]["sample"], **shared}
            telling = {name: shared[name] for name in told}
            title = named(rows[0]["sample"], quantity(role), conditions(telling))
            yield Line(role, rows, places, indices, head, title)


def is_named(row: Row, comparison: Comparison, index: int) -> bool:
    """Whether a row stands for its role: an arc that is far from it has but its element's name."""
    analysis = comparison.analyses[index]
    if analysis is None:
        return False
    return row["role"] != row["element"] or analysis.model.role_of(row["element"]) is None


def coordinates(comparison: Comparison) -> tuple[str, ...]:
    """Return the columns of the conditions that any member has, without the derived one."""
    names = (*CONDITIONS, *comparison.series.extra_columns())
    rows = [row for member in comparison.rows_by_member for row in member[:1]]
    used = [n for n in names if any(not is_empty(row.get(n)) for row in rows)]
    return tuple(n for n in used if n != "electrode_state")


def levels(comparison: Comparison, names: Sequence[str]) -> list[tuple[Hashable, ...]]:
    """Return for each member its conditions, as what compares equal where they are the same."""
    members = comparison.series.members
    columns: dict[str, Sequence[Hashable]] = {}
    for name in names:
        values = [member.coordinate(name) for member in members]
        columns[name] = (
            temperature_levels(values)
            if name == "temperature_c"
            else [None if is_empty(v) else v for v in values]
        )
    if "time_h" in columns:
        others = [columns[name] for name in columns if name != "time_h"]
        owners = list(zip([(m.sample, m.cell) for m in members], *others, strict=True))
        columns["time_h"] = time_levels([m.time_h for m in members], owners)
    return list(zip(*columns.values(), strict=True)) if columns else [()] * len(members)


def _shared(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    """Return the conditions that all rows share; NaN for those that they do not."""
    different = varying(rows, names)
    return {n: math.nan if n in different else rows[0].get(n, math.nan) for n in names}


def _telling(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """Return the conditions that tell tracks apart, and so belong into their names."""
    return varying([row for member in comparison.rows_by_member for row in member[:1]], names)
