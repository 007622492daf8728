"""Which figures a comparison has, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from eisfit.comparison import laws
from eisfit.comparison.electrolyte import NAME
from eisfit.comparison.groups import Line, is_named
from eisfit.comparison.words import condition, named
from eisfit.errors import SeriesError
from eisfit.io.paths import safe_name
from eisfit.series import Series
from eisfit.series.tracks import temperature_levels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from eisfit.analysis import Analysis
    from eisfit.circuit.models import Span
    from eisfit.comparison.comparison import Comparison

OF_SPECTRA = ("nyquist_series",)
OF_TRACKS = ("drt_waterfall", "drt_map")
OF_TABLES = ("resistance_trend", "contributions", "resistance_by_state", "arrhenius")
KINDS = (*OF_SPECTRA, *OF_TRACKS, *OF_TABLES)
_LEAST = {"drt_map": 3}  # spectra, from which on a map shows more than lines do
_MOST_STACKS = 60


@dataclass(frozen=True)
class Figure:
    """A figure: the name of its file, what kind it is, and the members in it."""

    name: str
    kind: str
    members: tuple[int, ...]


def planned(series: Series) -> list[Figure]:
    """Return the figures of a series, known before anything is computed."""
    tracks = series.tracks()
    panels = list(_panels(series))
    found = [Figure(_file("nyquist", words), "nyquist_series", panel) for words, panel in panels]
    for members in tracks:
        words = _words(series, members) if len(tracks) > 1 else ""
        for kind in OF_TRACKS:
            if len(members) >= _LEAST.get(kind, 2):
                found.append(Figure(_file(kind, words), kind, members))
    for words, panel in panels:
        if any(len(set(track) & set(panel)) > 1 for track in tracks):
            found.append(Figure(_file("resistances", words), "resistance_trend", panel))
            if len(panel) <= _MOST_STACKS and series.along != "temperature_c":
                found.append(Figure(_file("contributions", words), "contributions", panel))
    if len({m.state for m in series.members if m.state}) > 1:
        ends = range(len(series)) if series.along == "state" else [track[-1] for track in tracks]
        found.append(Figure("resistance_by_state", "resistance_by_state", tuple(ends)))
    if series.along == "temperature_c" and any(len(track) > 1 for track in tracks):
        found += [Figure(_file("arrhenius", words), "arrhenius", panel) for words, panel in panels]
    return _told_apart(found)


def draw(
    comparison: Comparison, kind: str, members: Sequence[int], ax: Axes | None, **options: Any
) -> Axes:
    """Draw one kind of figure of some members; see `Comparison.plot`.

    Raises
    ------
    SeriesError
        If the kind is unknown, or none of the members was analysed.
    """
    from eisfit import plots

    if kind not in KINDS:
        raise SeriesError(f"no figure is called {kind!r}: choose one of {', '.join(KINDS)}")
    known = [i for i in members if comparison.analyses[i] is not None]
    if not known:
        raise SeriesError(f"nothing to draw for {kind}: none of these members was analysed")
    work = partial(getattr(plots, kind), ax=ax, **options)
    if kind in OF_TABLES:
        return _of_table(comparison, kind, known, options, work)
    return _of_curves(comparison, kind, known, options, work)


def chosen(series: Series, where: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the members whose columns have these values.

    Raises
    ------
    SeriesError
        If a column is unknown, or nothing fits.
    """
    rows = [{"sample": m.sample, "sweep": m.sweep, **m.conditions()} for m in series.members]
    unknown = [name for name in where if not any(name in row for row in rows)]
    if unknown:
        raise SeriesError(f"no column is called {', '.join(unknown)}")
    found = tuple(i for i, row in enumerate(rows) if all(row.get(k) == v for k, v in where.items()))
    if not found:
        raise SeriesError(f"no member has {', '.join(f'{k} = {v!r}' for k, v in where.items())}")
    return found


def _of_curves(
    comparison: Comparison,
    kind: str,
    members: Sequence[int],
    options: dict[str, Any],
    work: Callable[..., Axes],
) -> Axes:
    series = comparison.series
    places = [_place(series, i) for i in members]
    samples = list(dict.fromkeys(series.members[i].sample for i in members))
    if kind in OF_SPECTRA:
        spectra = [series.members[i].spectrum for i in members]
        of = [series.members[i].sample for i in members] if len(samples) > 1 else ()
        if "title" not in options:
            work = partial(work, title=_heading(series, members))
        return work(list(zip(spectra, places, strict=True)), along=series.along, samples=of)
    tracks = [track for track in series.tracks() if set(track) & set(members)]
    if len(tracks) > 1:
        raise SeriesError(
            f"{kind} draws one track, and these members are of {len(tracks)}: choose by where, "
            f"such as {{'sample': {samples[0]!r}}}"
        )
    found = [a for i in members if (a := comparison.analyses[i]) is not None]
    more: dict[str, Any] = {}
    if (span := _electrolyte_span(found)) and "tau_s" not in options:
        more["tau_s"] = span
    drts = [analysis.drt for analysis in found]
    if "sample" not in options:
        more["sample"] = _heading(series, members)
    return work(list(zip(drts, places, strict=True)), along=series.along, **more)


def _electrolyte_span(analyses: Sequence[Analysis]) -> Span | None:
    """Return where the electrolyte relaxes, in s: beside a blocking electrode its arcs vanish."""
    spans = [
        role.tau_s
        for a in analyses
        for role in a.model.roles
        if role.element in a.model.electrolyte and role.tau_s is not None
    ]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def _of_table(
    comparison: Comparison,
    kind: str,
    members: Sequence[int],
    options: dict[str, Any],
    work: Callable[..., Axes],
) -> Axes:
    from eisfit.tables import RESISTANCE_COLUMNS, frame

    rows = [row for i in members for row in comparison.rows_by_member[i]]
    table = frame(rows, RESISTANCE_COLUMNS)
    along = comparison.series.along
    if kind == "arrhenius":
        return _arrhenius(comparison, table, members, options, work)
    if kind == "resistance_by_state":
        return work(table, along="state")
    more: dict[str, Any] = {}
    if kind == "resistance_trend":
        if along == "time_h" and "laws" not in options:
            more["laws"] = _of_members(laws.growth(comparison), members, "rows")
        if "roles" not in options and any(row["role"] == NAME for row in rows):
            more["roles"] = _electrolyte_roles(comparison, rows, members)
    return work(table, along=along, **more)


def _of_members(found: Sequence[tuple[Line, Any]], members: Sequence[int], name: str) -> Any:
    """Return the rows of the results whose lines run through these members, as a table."""
    from eisfit.tables import frame

    rows = []
    for line, result in found:
        if set(line.indices) <= set(members):
            said = getattr(result, name)()
            rows += [{**laws.head_of(line), **r} for r in (said if name == "rows" else [said])]
    return frame(rows, ())


def _electrolyte_roles(
    comparison: Comparison, rows: Sequence[Mapping[str, Any]], members: Sequence[int]
) -> list[str]:
    """Return the roles that are the electrolyte's, and their sum: electrodes dwarf them."""
    found = dict.fromkeys(
        row["role"]
        for i in members
        if (a := comparison.analyses[i]) is not None
        for row in comparison.rows_by_member[i]
        if row["element"] in a.model.electrolyte and is_named(row, comparison, i)
    )
    known = {row["role"] for row in rows if row["resistance_ohm"] == row["resistance_ohm"]}
    return [role for role in (*found, NAME) if role in known]


def _arrhenius(
    comparison: Comparison,
    table: pd.DataFrame,
    members: Sequence[int],
    options: dict[str, Any],
    work: Callable[..., Axes],
) -> Axes:
    """Draw conductivities where all have one, else resistances, with the energies."""
    from eisfit.tables import frame

    more: dict[str, Any] = {}
    if (table["role"] == NAME).any() and "roles" not in options:
        more["roles"] = [NAME]
    wholes = [
        row
        for index, row in laws.conductivities_of(comparison)
        if index in members and row["role"] == NAME
    ]
    if wholes and all(row["conductivity_s_cm"] == row["conductivity_s_cm"] for row in wholes):
        table = frame(wholes, ())
    more["energies"] = _of_members(laws.activations(comparison), members, "row")
    return work(table, **more)


def _place(series: Series, index: int) -> float | str:
    value = series.members[index].coordinate(series.along)
    return value if isinstance(value, str) else float(value)


def _panels(series: Series) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the members that go into one figure together: of one state and temperature."""
    members = series.members
    keys: list[tuple[Hashable, ...]] = [() for _ in members]
    if series.along not in ("state", "electrode_state"):
        keys = [(*key, m.state) for key, m in zip(keys, members, strict=True)]
    if series.along != "temperature_c":
        warmth = temperature_levels([m.temperature_c for m in members])
        keys = [(*key, level) for key, level in zip(keys, warmth, strict=True)]
    groups: dict[tuple[Hashable, ...], list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    for group in groups.values():
        first = members[group[0]]
        parts = [first.state, condition("temperature_c", round(first.temperature_c, 1))]
        if series.along in ("state", "electrode_state"):
            parts = parts[1:]
        if series.along == "temperature_c":
            parts = parts[:-1]
        yield (named(*parts) if len(groups) > 1 else ""), tuple(group)


def _words(series: Series, members: Sequence[int]) -> str:
    first = series.members[members[0]]
    parts = [first.sample, condition("cell", first.cell)]
    for name in ("state", "temperature_c"):
        values = {series.members[i].coordinate(name) for i in members}
        if name != series.along and len(values) == 1:
            parts.append(condition(name, values.pop()))
    return named(*parts)


def _heading(series: Series, members: Sequence[int]) -> str:
    """Return what these members share and others of the series do not: sample, cell, conditions."""
    chosen = [series.members[i] for i in members]
    parts = []
    if len({m.sample for m in chosen}) == 1:
        parts.append(chosen[0].sample)
        cells = {m.cell for m in series.members if m.sample == chosen[0].sample}
        if len(cells) > 1 and len({m.cell for m in chosen}) == 1:
            parts.append(condition("cell", chosen[0].cell))
    for name in ("state", "temperature_c"):
        values = {m.coordinate(name) for m in chosen}
        others = {m.coordinate(name) for m in series.members}
        if name != series.along and len(values) == 1 < len(others):
            parts.append(condition(name, values.pop()))
    return named(*parts)


def _file(kind: str, words: str) -> str:
    return safe_name(f"{kind} {words}".strip().replace(",", ""))


def _told_apart(figures: Sequence[Figure]) -> list[Figure]:
    taken: set[str] = set()
    found = []
    for figure in figures:
        name, number = figure.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{figure.name}_{number}"
        taken.add(name.casefold())
        found.append(Figure(name, figure.kind, figure.members))
    return found
