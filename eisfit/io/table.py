"""The one reader of text tables: EC-Lab exports, CSV and its kin, headerless columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io import eclab
from eisfit.io.columns import VITAL, Column, interpret
from eisfit.io.layout import (
    LONGEST_NAMES,
    Layout,
    below_header,
    find_header,
    split_names,
    without_header,
)
from eisfit.io.listcells import has_lists, read_lists
from eisfit.io.measurement import Choice, Measurement, measured_side_by_side
from eisfit.io.request import Request
from eisfit.io.rows import parse_lines, parse_rows
from eisfit.io.source import Source
from eisfit.io.unnamed import read_unnamed
from eisfit.spectrum import FloatArray

_NOTHING_ASKED = Request()
_ROWS = 4
_MOST_TABLES = 5_000
_LATEST_NAMES = 1 << 22
_Rows = Callable[[Layout, list[int], list[bool]], tuple[FloatArray, list[str]]]


def read_table(source: Source, request: Request) -> list[Measurement]:
    """Read a text table of any of the kinds above.

    Raises
    ------
    NoImpedanceError
        If it is a table, but not of impedance.
    ReadError
        If no table is found, its names are not understood, or it is cut off or damaged.
    """
    lines = _first_lines(source)

    def rows(
        layout: Layout, wanted: list[int], required: list[bool]
    ) -> tuple[FloatArray, list[str]]:
        return parse_rows(source, layout, wanted, required, request.decimal)

    if eclab.is_eclab(lines) and not (request.order or request.renamed):
        header = eclab.parse_header(lines, source.name)
        layout = below_header(
            lines, header.names_line, [header.names], source.name, request.decimal
        )
        said: dict[str, Any] = {
            "format": header.format,
            "control": header.control,
            "metadata": header.metadata,
            "origins": header.origins,
        }
        return _measured(layout, rows, source.name, header.notes, **said)
    if has_lists(lines):
        return read_lists(source, request)
    if (layout_or_none := _named(lines, request, source.name)) is not None:
        return _measured(layout_or_none, rows, source.name)
    headerless = without_header(lines, source.name, request.decimal)
    if headerless is not None and request.order:
        named = request.names([""] * len(headerless.names), source.name)
        return _measured(replace(headerless, names=named), rows, source.name)
    _refuse_unknown_names(lines, headerless, source.name)
    if headerless is None:
        raise ReadError(
            f"{source.name} holds no table of impedance: expected a line of column names such as "
            "freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm above the numbers, or three columns without names "
            "(frequency, real part, imaginary part)"
        )
    return [read_unnamed(source, headerless, request)]


def _first_lines(source: Source) -> list[str]:
    """Return the lines with the names and the first rows, also where much stands above them."""
    lines = source.head_lines()
    if not source.head_is_all and (at := find_header(lines) or 0) + _ROWS > len(lines):
        return source.first_lines(_LATEST_NAMES)
    if not source.head_is_all and not at and not without_header(lines, source.name):
        return source.first_lines(_LATEST_NAMES)
    return lines


def check_tables(count: int, source_name: str) -> None:
    """Refuse a file of more tables than a measurement has.

    Raises
    ------
    ReadError
        If there are more than 5,000.
    """
    if count >= _MOST_TABLES:
        raise ReadError(f"{source_name} has more than {_MOST_TABLES} tables of impedance: split it")


def measured_block(
    lines: Sequence[str], request: Request, source_name: str, **more: Any
) -> list[Measurement]:
    """Make measurements of lines that are read already: names, perhaps units, then rows.

    Parameters
    ----------
    lines : sequence of str
        With their ends, so that a row that was cut off is known by its lack.
    **more
        Other fields of `Measurement`; `format` is needed.

    Raises
    ------
    NoImpedanceError
        If the names are not those of impedance.
    ReadError
        If the rows do not fit the names.
    """

    def rows(
        layout: Layout, wanted: list[int], required: list[bool]
    ) -> tuple[FloatArray, list[str]]:
        return parse_lines(lines, layout, wanted, required, source_name, request.decimal)

    layout = _named(lines[:500], request, source_name)
    if layout is None:
        raise NoImpedanceError(
            f"{source_name} holds the columns {' '.join(lines[0].split())[:160]}, and no frequency "
            "together with an impedance: give the impedance file of the series"
        )
    notes = more.pop("notes", ())
    return _measured(layout, rows, source_name, notes, **more)


def _named(lines: Sequence[str], request: Request, source_name: str) -> Layout | None:
    """Find the line of names, those of the file or those that the caller gives instead."""
    if request.renamed:
        wanted = list(request.renamed)
        for at, line in enumerate(lines):
            if all(name in line for name in wanted) and len(line) < LONGEST_NAMES:
                ways = [
                    request.names(names, source_name)
                    for names in split_names(line, lambda _: True)
                    if set(wanted) <= set(names)
                ]
                if ways := [names for names in ways if _has_vital(names)]:
                    return below_header(lines, at, ways, source_name, request.decimal)
        raise ReadError(
            f"{source_name} has no line with the column names {', '.join(wanted)} (--columns): "
            "give them as they stand in the file"
        )
    at_or_none = find_header(lines)
    if at_or_none is None:
        return None
    at = at_or_none
    if request.order:
        ways = [
            request.names(names, source_name)
            for names in split_names(lines[at])
            if len(names) >= len(request.order)
        ]
        ways = [names for names in ways if _has_vital(names)]
        if not ways:
            raise ReadError(
                f"{source_name}, line {at + 1}: the names that were given (--columns) are more "
                "than the columns, or name no frequency or impedance"
            )
        return below_header(lines, at, ways, source_name, request.decimal)
    return below_header(lines, at, split_names(lines[at]), source_name, request.decimal)


def _has_vital(names: Sequence[str]) -> bool:
    return any((column := interpret(name)) and column.quantity in VITAL for name in names)


def _refuse_unknown_names(lines: Sequence[str], layout: Layout | None, name: str) -> None:
    """Raise where there is a line of names, but not of a complete spectrum."""
    last = min(len(lines), 500) if layout is None else layout.first_row

    def partly(columns: list[Column | None]) -> bool:
        known = {column.quantity for column in columns if column}
        return len(known) >= 2

    for at in reversed(range(max(last - 500, 0), last)):
        below = next((line for line in lines[at + 1 : at + 4] if line.strip()), "")
        if len(lines[at]) > LONGEST_NAMES or not re.match(r"[\s\"]*[-+]?[.,]?\d", below):
            continue  # names stand above numbers
        if names := next(split_names(lines[at], partly), None):
            raise NoImpedanceError(
                f"{name} has the columns {', '.join(names[:8])}, which hold no frequency together "
                "with an impedance: give the impedance file, or say which column is which, as "
                "frequency, Re(Z) and Im(Z) (or |Z| and phase), in the file or by --columns"
            )
    if layout is None or layout.first_row == 0:
        return
    above = lines[layout.first_row - 1].strip()
    if above and not above.startswith(("#", "%", "//")):
        names = above.split(layout.separator)
        if len(names) == len(layout.names):
            raise ReadError(
                f"{name}, line {layout.first_row}: the column names {', '.join(names)} are not "
                "known: name them frequency, Re(Z) and Im(Z) (or -Im(Z)), in the file or by "
                "--columns"
            )


def _measured(
    layout: Layout, rows: _Rows, source_name: str, said: Sequence[str] = (), **more: Any
) -> list[Measurement]:
    damaged = [name for name in layout.names if name.startswith(("#NAME", "#REF", "#VALUE"))]
    if damaged:
        raise ReadError(
            f"{source_name}: a column is named {damaged[0]}, so a spreadsheet has taken its name "
            "(-Im(Z)/Ohm?) for a formula: write the name back, export the file again, or name the "
            "columns in order (--columns)"
        )
    choice = Choice.among(layout.names, _NOTHING_ASKED, source_name)
    choice.check(source_name)
    # Spectra side by side may be of unequal length: a row then has numbers for the longest alone.
    alone = len(choice.groups) == 1
    values, notes = rows(layout, choice.indices, [vital and alone for vital in choice.vital])
    more.setdefault("format", "text table")
    if more["format"] == "text table":
        # The names of a vendor need no explanation; those that a person wrote do.
        said = [*said, *_as_named(choice)]
    more["notes"] = (*notes[:1], *said, *notes[1:])
    return measured_side_by_side(choice, list(values.T), source_name, **more)


def _as_named(choice: Choice) -> list[str]:
    """Say which names were taken as what, and where units were assumed."""
    return [
        "column {0} was taken as {2}".format(*sentence.rpartition(": "))
        for sentence, vital in zip(choice.taken, choice.vital, strict=True)
        if vital
    ]
