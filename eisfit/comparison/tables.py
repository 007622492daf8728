"""Tables of single members, joined, with the conditions of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eisfit.analysis import Analysis
from eisfit.series import Member
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS, frame

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.comparison.comparison import Comparison

NAN = float("nan")


def analysed(comparison: Comparison) -> Iterator[tuple[Member, Analysis]]:
    """Yield the members that were analysed, with their analyses."""
    for member, analysis in zip(comparison.series.members, comparison.analyses, strict=True):
        if analysis is not None:
            yield member, analysis


def resistances(comparison: Comparison) -> pd.DataFrame:
    """Return the rows of all members; see `Comparison.resistances`."""
    extra = comparison.series.extra_columns()
    rows = [
        _joined(row, RESISTANCE_COLUMNS, member, extra, _judged(row, member, analysis))
        for member, analysis in analysed(comparison)
        for row in _rows(analysis.resistances())
    ]
    return frame(rows, RESISTANCE_COLUMNS)


def peaks(comparison: Comparison) -> pd.DataFrame:
    """Return the peaks of all members; see `Comparison.peaks`."""
    extra = comparison.series.extra_columns()
    rows = [
        _joined(row, PEAK_COLUMNS, member, extra, {})
        for member, analysis in analysed(comparison)
        for row in _rows(analysis.peaks())
    ]
    return frame(rows, PEAK_COLUMNS)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _joined(
    row: Mapping[str, Any],
    columns: tuple[str, ...],
    member: Member,
    extra: tuple[str, ...],
    judged: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a row: the table's own columns, conditions, what is judged of it, the rest, file."""
    own = {name: row[name] for name in columns if name in row} | {"sample": member.sample}
    conditions = dict.fromkeys((*member.conditions(), *extra), NAN) | member.conditions()
    rest = {name: value for name, value in row.items() if name not in columns}
    note = {"note": rest.pop("note")} if "note" in rest else {}
    return {**own, **conditions, **judged, **rest, **note, "file": member.file}


def _judged(row: Mapping[str, Any], member: Member, analysis: Analysis) -> dict[str, Any]:
    reference = _reference(row, member)
    apart = 100.0 * (row["resistance_ohm"] / reference - 1.0) if reference else NAN
    return {
        "rms_percent": 100.0 * analysis.fit.rms,
        "verdict": analysis.validity.verdict,
        "reference_ohm": reference,
        "difference_percent": apart,
    }


def _reference(row: Mapping[str, Any], member: Member) -> float:
    """Return the value from elsewhere for a row's role, or for its element by name."""
    given = {name.casefold(): value for name, value in member.reference.items()}
    for name in (row["role"], row["element"]):
        if name.casefold() in given:
            return float(given[name.casefold()])
    return NAN
