"""What a comparison adds to a report: conditions, tables of trends, and plots along the series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.constants import BOLTZMANN_EV_K, ZERO_C
from eisfit.report.columns import column_of, role_name
from eisfit.report.entries import Entry, distinct
from eisfit.report.payload import rounded
from eisfit.report.tabulate import Table, peaks, resistances, table_of
from eisfit.tables import is_empty, records
from eisfit.trends.laws import LAWS
from eisfit.trends.points import USABLE

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.comparison import Comparison
    from eisfit.series import Member

CONDITIONS = ("cell", "time_h", "state", "temperature_c", "cycle")
_NOT_SHOWN = {
    "quantity", "sentence", "file", "electrode_state", "chi_square", "scale", "aicc", "r0_unit",
    "t0_unit", "energy_stderr_kj_mol", "lower_kj_mol", "upper_kj_mol", "prefactor_lower",
    "prefactor_upper",
}  # fmt: skip
# Of a spectrum and not of a resistance: they stand in the overview
_ELSEWHERE = {"electrode_state", "rms_percent", "verdict", "file"}
_TABLES = (
    ("ratios", "Ratios of samples",
     "First over second, under the same conditions. Where there are replicate cells the interval "
     "is from their scatter, else it is the uncertainty of the fits alone."),
    ("changes", "Changes along the series", "From the first to the last spectrum of each track."),
    ("growth", "Laws of growth",
     "Each law fitted to the resistances over time; a law within 2 of the lowest AICc cannot be "
     "ruled out."),
    ("arrhenius", "Activation energies", "By the law that the column says."),
    ("conductivity", "Area-specific resistance and conductivity",
     "Only what the model's card calls the electrolyte's becomes a conductivity."),
)  # fmt: skip
_CURVE = 60  # points of a law's curve
_HALF = 0.5  # of a track's spectra that a role must be in to be plotted


def entries_of_comparison(comparison: Comparison) -> tuple[Entry, ...]:
    """Return the entries of the members that could be analysed, named by what varies."""
    members = comparison.series.members
    found = [(m, a) for m, a in zip(members, comparison.analyses, strict=True) if a is not None]
    conditions = [_conditions(comparison, member) for member, _ in found]
    names = [
        ", ".join([member.sample, *(words(key, value) for key, value in own.items())])
        for (member, _), own in zip(found, conditions, strict=True)
    ]
    return tuple(
        Entry(name, member.sample, analysis, own)
        for name, (member, analysis), own in zip(distinct(names), found, conditions, strict=True)
    )


def words(name: str, value: Any) -> str:
    """Return a condition in words: `10 h`, `25 °C`, `cycle 3`, `bias 0.1 V`, `discharged`."""
    if name == "state":
        return str(value)
    column = column_of(name, "text")
    text = str(value) if isinstance(value, str) else f"{value:.6g}".replace("-", "−")
    quantity = f"{text} {column.unit}".strip()
    told_by_unit = name in ("time_h", "temperature_c")
    return quantity if told_by_unit else f"{column.label.lower()} {quantity}"


def _conditions(comparison: Comparison, member: Member) -> dict[str, float | str]:
    """Return those conditions of a member that differ between members."""
    members = comparison.series.members
    names = [*CONDITIONS, *comparison.series.extra_columns()]
    if comparison.series.along not in names:
        names.append(comparison.series.along)
    return {
        name: member.coordinate(name)
        for name in names
        if not is_empty(member.coordinate(name))
        and len({_same(other.coordinate(name)) for other in members}) > 1
    }


def _same(value: Any) -> Any:
    return None if is_empty(value) else value


def coordinates(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return the numeric conditions that spectra may be coloured by, with their labels."""
    names = dict.fromkeys(name for entry in entries for name in entry.conditions)
    return [
        (name, _axis_label(name))
        for name in names
        if all(not isinstance(e.conditions.get(name, 0.0), str) for e in entries)
    ]


def _axis_label(name: str) -> str:
    column = column_of(name, "number")
    return f"{column.label} / {column.unit}" if column.unit else column.label


def tables_of(comparison: Comparison, per_area: bool) -> Iterator[Table]:
    """Yield the tables of ratios, changes, laws, energies and conductivities that have rows."""
    for name, title, caption in _TABLES:
        frame = getattr(comparison, name)()
        if not frame.empty:
            kept = frame[[c for c in frame.columns if c not in _NOT_SHOWN]]
            yield table_of(kept, name, title, caption, per_area=per_area)


def member_tables(comparison: Comparison, per_area: bool) -> Iterator[Table]:
    """Yield the tables of resistances and peaks, with the conditions beside the sample."""
    yield resistances(_conditions_first(comparison.resistances()), per_area)
    found = comparison.peaks()
    if not found.empty:
        yield peaks(_conditions_first(found), per_area)


def _conditions_first(frame: pd.DataFrame) -> pd.DataFrame:
    names = [str(name) for name in frame.columns]
    front = [name for name in ("sample", *CONDITIONS) if name in names]
    return frame[[*front, *(n for n in names if n not in front and n not in _ELSEWHERE)]]


def tracks_of(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the tracks: a name, and which entries are of it, in order."""
    done = [i for i, analysis in enumerate(comparison.analyses) if analysis is not None]
    tracks = [t for t in comparison.series.tracks() if any(i in done for i in t)]
    return [
        {"name": name, "members": [done.index(i) for i in track if i in done]}
        for name, track in zip(_track_names(comparison, tracks), tracks, strict=True)
    ]


def series_notes(comparison: Comparison) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what was decided about the series as a whole."""
    return (("Series", comparison.series.notes),) if comparison.series.notes else ()


def failures_of(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Return what could not be evaluated, and why."""
    return tuple((failure.where, failure.error) for failure in comparison.failures)


def trends(comparison: Comparison) -> dict[str, Any]:
    """Return resistances along the series, for the plots; empty where there is nothing to plot."""
    tracks = [t for t in comparison.series.tracks() if len(t) > 1]
    rows = comparison.rows_by_member
    roles = dict.fromkeys(row["role"] for track in tracks for i in track for row in rows[i])
    curves = [*_law_curves(comparison, tracks), *_arrhenius_curves(comparison, tracks)]
    drawn = []
    for role in roles:
        lines = [(n, _points(comparison, track, role)) for n, track in enumerate(tracks)]
        # A sum that only some fits needed is no line to follow
        if all(len(points["x"]) < _HALF * len(tracks[n]) for n, points in lines):
            continue
        drawn.append(
            {
                "role": role_name(role),
                "series": [{"track": n, **points} for n, points in lines if points["x"]],
                "laws": [curve for found, curve in curves if found == role],
            }
        )
    if not drawn:
        return {}
    members = comparison.series.members
    named = zip(_track_names(comparison, tracks), tracks, strict=True)
    return {
        "along": _along(comparison),
        "tracks": [{"name": name, "sample": members[track[0]].sample} for name, track in named],
        "roles": drawn,
    }


def _track_names(comparison: Comparison, tracks: Sequence[Sequence[int]]) -> list[str]:
    along = comparison.series.along
    names = []
    for track in tracks:
        member = comparison.series.members[track[0]]
        own = {k: v for k, v in _conditions(comparison, member).items() if k != along}
        shared = {
            key: value
            for key, value in own.items()
            if len({_same(comparison.series.members[i].coordinate(key)) for i in track}) == 1
        }
        names.append(", ".join([member.sample, *(words(k, v) for k, v in shared.items())]))
    return distinct(names)


def _along(comparison: Comparison) -> dict[str, Any]:
    series = comparison.series
    column = column_of(series.along, "number")
    values = {series.position(i): series.members[i].coordinate(series.along)
              for i in range(len(series))}  # fmt: skip
    texts = any(isinstance(value, str) for value in values.values())
    ordered = sorted(place for place in values if place == place)
    return {
        "name": series.along,
        "label": column.label,
        "unit": column.unit,
        "names": [str(values[place]) for place in ordered] if texts else [],
        "places": ordered if texts else [],
    }


def _points(comparison: Comparison, track: Sequence[int], role: str) -> dict[str, list[Any]]:
    """Return the values of a role along a track."""
    found = [
        (comparison.series.position(i), row)
        for i in track
        for row in comparison.rows_by_member[i]
        if row["role"] == role and not is_empty(row["resistance_ohm"])
    ]
    return {
        "x": rounded(place for place, _ in found),
        "y": rounded(row["resistance_ohm"] for _, row in found),
        "low": rounded(row["lower_ohm"] for _, row in found),
        "high": rounded(row["upper_ohm"] for _, row in found),
        "status": [row["status"] for _, row in found],
        "reference": rounded(row.get("reference_ohm", math.nan) for _, row in found),
    }


def _law_curves(
    comparison: Comparison, tracks: Sequence[Sequence[int]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the best law of growth of each role and track as a curve."""
    if comparison.series.along != "time_h":
        return
    table = comparison.growth()
    shapes = {law.name: law.shape for law in LAWS}
    for row in records(table):
        number = _track_of(comparison, tracks, row)
        if not row.get("best") or number is None:
            continue
        last = max(comparison.series.position(i) for i in tracks[number])
        time = last * np.linspace(0.0, 1.0, _CURVE) ** 2
        t0 = np.asarray(1.0 if is_empty(row["t0"]) else row["t0"])
        slope = 0.0 if is_empty(row["k"]) else row["k"]
        value = row["r0"] + slope * shapes[row["law"]](time, t0)
        name = f"{row['law']}" + (" (undecided)" if row["status"] == "undecided" else "")
        yield row["role"], {"track": number, "name": name, "x": rounded(time), "y": rounded(value)}


def _arrhenius_curves(
    comparison: Comparison, tracks: Sequence[Sequence[int]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield R = c T exp(E/kT) of each role and track, with c so that it passes amid the points."""
    if comparison.series.along != "temperature_c":
        return
    rows = comparison.rows_by_member
    for row in records(comparison.arrhenius()):
        number = _track_of(comparison, tracks, row)
        if number is None or row["form"] != "sigma T" or is_empty(row["energy_ev"]):
            continue
        theta = row["energy_ev"] / BOLTZMANN_EV_K
        points = [
            (place + ZERO_C, other["resistance_ohm"])
            for i in tracks[number]
            if row["low_c"] <= (place := comparison.series.position(i)) <= row["high_c"]
            for other in rows[i]
            if other["role"] == row["role"] and other["status"] in USABLE
        ]
        if not points:
            continue
        kelvin, ohm = np.array(points).T
        scale = np.exp(np.mean(np.log(ohm / kelvin) - theta / kelvin))
        at = np.linspace(row["low_c"], row["high_c"], _CURVE) + ZERO_C
        yield row["role"], {
            "track": number, "name": f"E = {row['energy_ev']:.3g} eV (of σT)",
            "x": rounded(at - ZERO_C), "y": rounded(scale * at * np.exp(theta / at)),
        }  # fmt: skip


def _track_of(
    comparison: Comparison, tracks: Sequence[Sequence[int]], row: Mapping[Any, Any]
) -> int | None:
    """Return the track that a row of a table is of: that whose members have its conditions."""
    told = [name for name in ("sample", *CONDITIONS, *comparison.series.extra_columns())
            if not is_empty(row.get(name))]  # fmt: skip
    for number, track in enumerate(tracks):
        member = comparison.series.members[track[0]]
        own = {"sample": member.sample, **member.conditions()}
        if all(own.get(name) == row[name] for name in told):
            return number
    return None
