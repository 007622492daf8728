"""Sheets of .xlsx, .ods and .fods: their values, cell by cell, under limits.

Only values are read, by the parser of the standard library, so that a hostile file costs little:
a document type (and with it every entity) is refused, and archives are read as a stream that
stops at a number of bytes and cells.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.cellnumbers import numbers_of
from eisfit.io.cells import Budget, Cell, OdsCells, SharedTexts, Sheet, XlsxCells, XlsxNames, parse
from eisfit.io.columns import interpret, is_complete
from eisfit.io.layout import bare_unit
from eisfit.io.measurement import Choice, Measurement, measured_side_by_side
from eisfit.io.request import Request
from eisfit.io.signatures import is_flat_ods
from eisfit.io.source import Source, with_plain_minus

# A name stands in one of the first rows of its sheet.
_HEADER_ROWS = 200
_MOST_NAMES = 60_000
_MOST_SHEETS = 1_000
_NO_NAMES = ("", "", "")


def read_archive(source: Source, request: Request) -> list[Measurement]:
    """Read an .xlsx or .ods: one measurement for each sheet with an impedance.

    Raises
    ------
    NoImpedanceError
        If no sheet holds an impedance; the message says what the sheets have.
    ReadError
        If the archive is no spreadsheet, damaged, encrypted, or beyond the limits.
    """
    sheets, kind = _sheets(source)
    return _measurements(sheets, kind, source, request)


def sheets_of(source: Source) -> list[Sheet]:
    """Return the sheets of an .xlsx, .ods or .fods as they are.

    Raises
    ------
    ReadError
        If the file is no spreadsheet, damaged, encrypted, or beyond the limits.
    """
    return _flat_sheets(source) if is_flat_ods(source.head) else _sheets(source)[0]


def _sheets(source: Source) -> tuple[list[Sheet], str]:
    with _archive(source) as archive:
        members = set(archive.namelist())
        if "xl/workbook.xml" in members:
            return _xlsx_sheets(archive, members, source.name), "Excel .xlsx"
        if "content.xml" in members:
            cells = OdsCells()
            with archive.open("content.xml") as stream:
                parse(stream, cells, source.name)
            return cells.sheets, "OpenDocument .ods"
        raise ReadError(
            f"{source.name} is a ZIP archive, not a spreadsheet that eisfit reads: unpack it "
            "and give the files in it"
        )


def read_flat(source: Source, request: Request) -> list[Measurement]:
    """Read an .fods, the flat form of .ods; see `read_archive`."""
    return _measurements(_flat_sheets(source), "OpenDocument .fods", source, request)


def _flat_sheets(source: Source) -> list[Sheet]:
    cells = OdsCells()
    with source.stream() as stream:
        parse(stream, cells, source.name)
    return cells.sheets


@contextmanager
def _archive(source: Source) -> Iterator[zipfile.ZipFile]:
    """Open an archive, and turn what is wrong with it into our error, also on the way."""
    try:
        with source.stream() as stream, zipfile.ZipFile(stream) as archive:
            yield archive
    except ReadError:
        raise
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, RuntimeError, ValueError,
        NotImplementedError, KeyError, IndexError, OverflowError,
    ) as error:  # fmt: skip
        raise _damaged(source.name, error) from error
    except Exception as error:
        # zlib.error has no public base; nothing else is left that a damaged archive raises.
        if type(error).__module__ in ("zlib", "_lzma", "lzma", "struct"):
            raise _damaged(source.name, error) from error
        raise


def _damaged(name: str, error: Exception) -> ReadError:
    return ReadError(
        f"{name} is a cut off, damaged or encrypted spreadsheet or archive "
        f"({' '.join(str(error).split())[:100]}): save it again"
    )


def _xlsx_sheets(archive: zipfile.ZipFile, members: set[str], name: str) -> list[Sheet]:
    budget = Budget()
    texts = SharedTexts(budget)
    if "xl/sharedStrings.xml" in members:
        with archive.open("xl/sharedStrings.xml") as stream:
            parse(stream, texts, name)
    names = XlsxNames(budget)
    for member in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if member in members:
            with archive.open(member) as stream:
                parse(stream, names, name)
    paths = names.paths() or [
        ("", member)
        for member in sorted(members)
        if member.startswith("xl/worksheets/") and member.endswith(".xml")
    ]
    found: list[Sheet] = []
    _check_sheets(len(paths), name)
    for title, member in paths:
        if member in members:
            cells = XlsxCells(title, texts.texts, budget)
            with archive.open(member) as stream:
                parse(stream, cells, name)
            found += cells.sheets
    return found


def _check_sheets(count: int, name: str) -> None:
    if count > _MOST_SHEETS:
        raise ReadError(f"{name} has more than {_MOST_SHEETS} sheets: split it")


def _measurements(
    sheets: list[Sheet], kind: str, source: Source, request: Request
) -> list[Measurement]:
    _check_sheets(len(sheets), source.name)
    found: list[Measurement] = []
    refused: list[str] = []
    for sheet in sheets:
        rows = [row for row in sheet.rows if any(cell is not None for cell in row)]
        if not rows:
            continue
        header = _header(rows, request, source.name)
        if header is None:
            first = ", ".join(str(cell) for cell in rows[0] if cell is not None)[:80]
            refused.append(f"{sheet.name or 'a sheet'} begins with {first!r}")
            continue
        found += _side_by_side(sheet.name, rows, header, kind, source, request)
    if not found:
        said = "; ".join(refused)[:300] or "its sheets are empty"
        raise NoImpedanceError(
            f"{source.name} ({kind}) has no sheet with a frequency and an impedance: {said}. Write "
            "names such as freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm above the columns, or give them in order "
            "(--columns)"
        )
    return found


def _header(rows: list[list[Cell]], request: Request, source_name: str) -> int | None:
    """Return the index of the row of names; -1 where the caller names columns that have none."""
    left = _MOST_NAMES
    for index, row in enumerate(rows[:_HEADER_ROWS]):
        names = _texts(row)
        left -= len(names)
        if left < 0:
            break
        if request.renamed and set(request.renamed) <= set(names):
            return index
        if not request.renamed and is_complete([interpret(name) for name in names]):
            return index
    if request.order:
        numeric = next((i for i, row in enumerate(rows) if _are_numbers(row)), None)
        if numeric is not None:
            return numeric - 1
    return None


def _texts(row: list[Cell]) -> list[str]:
    return [with_plain_minus(cell.strip()) if isinstance(cell, str) else "" for cell in row]


def _are_numbers(row: list[Cell]) -> bool:
    return sum(isinstance(cell, float) for cell in row) >= 3


def _side_by_side(
    name: str,
    rows: list[list[Cell]],
    header: int,
    kind: str,
    source: Source,
    request: Request,
) -> list[Measurement]:
    below = rows[header + 1 :]
    names = _texts(rows[header]) if header >= 0 else list(_NO_NAMES)
    width = max((len(row) for row in below), default=0)
    if request.order:
        names = [found or "" for _, found in zip_longest(range(width), names[:width])]
    names, below = _with_units(names, below)
    choice = Choice.among(names, request, source.name)
    cells = [[row[i] if i < len(row) else None for row in below] for i in choice.indices]
    quantities = [column.quantity for _, column in choice.used]
    values, said = numbers_of(cells, quantities, source.name, request.decimal)
    notes = ([f"sheet {name}"] if name else []) + ([said] if said else [])
    keep = ~np.all([np.isnan(v) for v in values], axis=0) if values else np.ones(0, bool)
    more: dict[str, Any] = {"format": kind, "notes": tuple(notes), "label": name}
    return measured_side_by_side(choice, [v[keep] for v in values], source.name, **more)


def _with_units(names: list[str], below: list[list[Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """Take a row of units below the names, as Origin writes it, for what it is."""
    if not below or any(isinstance(cell, float) for cell in below[0]):
        return names, below
    units = [bare_unit(text) for text in _texts(below[0])]
    named = [
        f"{name} ({unit})" if unit and name and interpret(f"{name} ({unit})") else name
        for name, unit in zip_longest(names, units[: len(names)], fillvalue="")
    ]
    return (named, below[1:]) if named != names else (names, below)
