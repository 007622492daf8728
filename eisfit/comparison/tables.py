"""Tables of a comparison: members with their conditions, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from eisfit.analysis import Analysis
from eisfit.comparison import between, laws
from eisfit.comparison.electrolyte import electrolyte_row
from eisfit.series import Member
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS, frame, records

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.comparison.comparison import Comparison

NAN = float("nan")
_IN_OHM = {
    name: f"{name}_ohm" for name in ("first_value", "last_value", "difference", "difference_stderr")
}
_PROVENANCE = (
    "source", "sweep", "sha256", "format", "technique", "electrode", "acquired", "correction",
)  # fmt: skip


def resistance_rows(
    member: Member, analysis: Analysis | None, extra: tuple[str, ...], with_series: bool
) -> list[dict[str, Any]]:
    """Return the rows of one member; see `Comparison.resistances`.

    `with_series`: whether the electrolyte's sum holds the series resistance.
    """
    if analysis is None:
        return []
    rows = records(analysis.resistances())
    whole = electrolyte_row(analysis, with_series)
    if whole is not None and rows:
        rows.append({**{key: rows[0][key] for key in ("sample", "sweep")}, **whole})
    return [
        _joined(row, RESISTANCE_COLUMNS, member, extra, _judged(row, member, analysis))
        for row in rows
    ]


def resistances(comparison: Comparison) -> pd.DataFrame:
    """Return the rows of all members."""
    return frame((row for rows in comparison.rows_by_member for row in rows), RESISTANCE_COLUMNS)


def peaks(comparison: Comparison) -> pd.DataFrame:
    """Return the peaks of all members; see `Comparison.peaks`."""
    extra = comparison.series.extra_columns()
    rows = [
        _joined(row, PEAK_COLUMNS, member, extra, {})
        for member, analysis in zip(comparison.series.members, comparison.analyses, strict=True)
        if analysis is not None
        for row in records(analysis.peaks())
    ]
    return frame(rows, PEAK_COLUMNS)


def ratios(comparison: Comparison) -> pd.DataFrame:
    """Return a row a role, condition and pair of samples."""
    return _table({**head, **result.row()} for head, result in between.ratios(comparison))


def changes(comparison: Comparison) -> pd.DataFrame:
    """Return a row a track and role."""
    return _table(
        {**laws.head_of(line), **{_IN_OHM.get(k, k): v for k, v in result.row().items()}}
        for line, result in between.changes(comparison)
    )


def growth(comparison: Comparison) -> pd.DataFrame:
    """Return a row a track, role and law."""
    single = [(line, row) for line, law in laws.growth(comparison) for row in law.rows()]
    common = [(line, law.row()) for line, law in laws.growth_of_cells(comparison)]
    return _table({**laws.head_of(line), **row} for line, row in (*single, *common))


def arrhenius(comparison: Comparison) -> pd.DataFrame:
    """Return a row a track, role and form."""
    return _table(
        {**laws.head_of(line), **result.row()} for line, result in laws.activations(comparison)
    )


def conductivity(comparison: Comparison) -> pd.DataFrame:
    """Return a row a member and role."""
    return _table(laws.conductivities(comparison))


def provenance(comparison: Comparison) -> pd.DataFrame:
    """Return a row a member: where its numbers come from."""
    rows = []
    for member, analysis in zip(comparison.series.members, comparison.analyses, strict=True):
        metadata = member.spectrum.metadata
        rows.append(
            {
                "sample": member.sample,
                **member.conditions(),
                "file": member.file,
                **{name: metadata.get(name, "") for name in _PROVENANCE},
                "points": len(member.spectrum),
                "masked": int(member.spectrum.mask.sum()),
                "f_max_hz": float(member.spectrum.frequency[0]),
                "f_min_hz": float(member.spectrum.frequency[-1]),
                "model": "" if analysis is None else analysis.model.name,
                "circuit": "" if analysis is None else analysis.fit.model.circuit.text,
            }
        )
    return _table(rows)


def _table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return frame(rows, ())


def _joined(
    row: Mapping[str, Any],
    columns: tuple[str, ...],
    member: Member,
    extra: tuple[str, ...],
    judged: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a row: the table's own columns, conditions, what is judged of it, the rest, file."""
    own = {name: row.get(name, NAN) for name in columns} | {"sample": member.sample}
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
