"""A comparison as it stands on the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eisfit.cli.screen import Column, Screen
from eisfit.cli.text import NONE, with_error
from eisfit.tables import is_empty, quantity_and_unit
from eisfit.trends.words import counted

if TYPE_CHECKING:
    from eisfit.comparison import Comparison

_MOST_ROWS = 40
_MOST_SENTENCES = 12
_GAP = 2
_FLAW = "*"


def show(comparison: Comparison, screen: Screen) -> None:
    """Print what was compared, the resistances, what they say together, and what to mind."""
    series = comparison.series
    samples = list(dict.fromkeys(member.sample for member in series.members))
    tracks = series.tracks()
    screen.heading(
        f"{counted(len(series), 'spectrum')} of {counted(len(samples), 'sample')} "
        f"({', '.join(samples)}), {counted(len(tracks), 'track')} along {series.along}"
    )
    _resistances(comparison, screen)
    _references(comparison, screen)
    for heading, sentences in comparison.findings().items():
        screen.notes(_shortened(sentences), heading)
    verdicts = Counter(a.validity.verdict for a in comparison.analyses if a is not None)
    bad = [f"{count} {verdict}" for verdict, count in verdicts.items() if verdict != "valid"]
    said = [f"Kramers-Kronig: of {verdicts.total()} spectra {', '.join(bad)}"] if bad else []
    screen.notes([*said, *_shortened(comparison.notes)])
    screen.notes(comparison.hints(), "Hints")


def _shortened(sentences: Sequence[str]) -> list[str]:
    left = len(sentences) - _MOST_SENTENCES
    more = [f"and {left} more: see the tables and the report (--out DIR)"] if left > 0 else []
    return [*sentences[:_MOST_SENTENCES], *more]


def _resistances(comparison: Comparison, screen: Screen) -> None:
    """Print one line a spectrum, one column a role; in several tables where there is no room."""
    order = [i for track in comparison.series.tracks() for i in track]
    members = [rows for i in order if (rows := comparison.rows_by_member[i])]
    roles = _roles(members)
    keys = _keys(comparison, members)
    first = [[_condition(rows[0][name]) for name in keys] for rows in members]
    cells = [_values(rows, roles, screen.is_wide) for rows in members]
    left = max(len(members) - _MOST_ROWS, 0)
    for part in _parts(keys, first, roles, cells, screen):
        columns = [Column(_heading(name), number=name != "sample") for name in keys]
        columns += [Column(_heading(roles[i]), number=True) for i in part]
        lines = [
            [*_once(head, first[n - 1] if n else None), *(row[i] for i in part)]
            for n, (head, row) in enumerate(zip(first, cells, strict=True))
        ]
        screen.table(columns, lines[: len(lines) - left])
    screen.plain("")
    flawed = any(_FLAW in cell for row in cells for cell in row)
    more = f"; {left} more spectra are in the tables" if left else ""
    unit = "Resistances in ohm" + (", ± one standard error" if screen.is_wide else "")
    mark = f"; {_FLAW} unresolved, outside the window or at a bound" if flawed else ""
    screen.line(unit, f"{NONE} not determined{mark}{more}")


def _roles(members: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return the roles that have a number, in the order of the model, sums last.

    The sum of arcs that cannot be parted is left out where few spectra have it.
    """
    rows = [row for rows in members for row in rows]
    known = Counter(row["role"] for row in rows if row["resistance_ohm"] == row["resistance_ohm"])
    found = [r for r, count in known.items() if " + " not in r or 2 * count >= len(members)]
    elements = {row["role"]: row["element"] for row in rows}
    return sorted(found, key=lambda role: " + " in elements[role])


def _keys(comparison: Comparison, members: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return the columns that tell the spectra apart: those that differ, and the coordinate."""
    from eisfit.comparison.groups import coordinates
    from eisfit.comparison.words import varying

    heads = [rows[0] for rows in members]
    along = comparison.series.along
    names = [n for n in ("sample", *coordinates(comparison), "sweep") if n != along]
    told = varying(heads, [*(n for n in names if n != "sweep"), along])
    if len({tuple(str(head.get(n)) for n in told) for head in heads}) < len(heads):
        told += [n for n in varying(heads, ["sweep"]) if n not in told]
    return told or [along]


def _values(rows: Sequence[Mapping[str, Any]], roles: Sequence[str], errors: bool) -> list[str]:
    by_role = {row["role"]: row for row in rows}
    return [_value(by_role.get(role), errors) for role in roles]


def _value(row: Mapping[str, Any] | None, errors: bool) -> str:
    if row is None or row["resistance_ohm"] != row["resistance_ohm"]:
        return NONE
    value, error = row["resistance_ohm"], row["stderr_ohm"] if errors else float("nan")
    flaw = "" if row["status"] == "ok" else _FLAW
    return f"{with_error(value, error)}{flaw}"


def _parts(
    keys: Sequence[str],
    first: Sequence[Sequence[str]],
    roles: Sequence[str],
    cells: Sequence[Sequence[str]],
    screen: Screen,
) -> Iterator[list[int]]:
    """Yield the roles that fit beside the keys, as indices, table by table."""
    widths = [max(len(_heading(k)), *(len(row[i]) for row in first)) for i, k in enumerate(keys)]
    room = screen.console.width - 2 - sum(widths) - _GAP * len(keys)
    part: list[int] = []
    used = 0
    for i, role in enumerate(roles):
        words = max(len(word) for word in _heading(role).split())
        width = max(words, *(len(row[i]) for row in cells)) + _GAP
        if part and used + width > room:
            yield part
            part, used = [], 0
        part.append(i)
        used += width
    if part:
        yield part


def _references(comparison: Comparison, screen: Screen) -> None:
    """Print values from elsewhere beside ours."""
    rows = [
        row for rows in comparison.rows_by_member for row in rows
        if row["reference_ohm"] == row["reference_ohm"]
    ]  # fmt: skip
    if not rows:
        return
    along = comparison.series.along
    several = len({row["sample"] for row in rows}) > 1
    columns = (
        *([Column("sample")] if several else []), Column(_heading(along), number=True),
        Column("role"), Column("reference", number=True), Column("found", number=True),
        Column("difference", number=True),
    )  # fmt: skip
    cells = [
        [
            *([row["sample"]] if several else []),
            _condition(row.get(along, row["sweep"])),
            _heading(row["role"]),
            f"{row['reference_ohm']:.5g}",
            _value(row, screen.is_wide),
            f"{row['difference_percent']:+.2f} %",
        ]
        for row in rows[:_MOST_ROWS]
    ]
    screen.table(columns, cells)


def _once(head: Sequence[str], above: Sequence[str] | None) -> list[str]:
    """Return the keys of a row, the first of them empty where they repeat those above."""
    if above is None:
        return list(head)
    shown = list(head)
    for i in range(len(head) - 1):
        if head[i] != above[i]:
            break
        shown[i] = ""
    return shown


def _condition(value: Any) -> str:
    if isinstance(value, str):
        return value or NONE
    return NONE if is_empty(value) else f"{value:.6g}"


def _heading(name: str) -> str:
    """Return a column as a heading: `time / h`, `grain boundary`; sums keep their names."""
    if name.startswith("R_"):
        return name
    words, unit = quantity_and_unit(name)
    return f"{words} / {unit}" if unit else words
