"""A table that says what each file is: one row a file or sweep, any separator and decimal mark."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from eisfit.errors import EisfitError, SeriesError
from eisfit.io.cells import Cell
from eisfit.io.columns import interpret, is_complete
from eisfit.io.signatures import is_flat_ods
from eisfit.io.source import Source
from eisfit.io.spreadsheet import sheets_of
from eisfit.series.geometry import SIZES
from eisfit.series.member import Failure, Member
from eisfit.series.names import close_to, meaning
from eisfit.series.repeats import without_repeats
from eisfit.series.rows import Reader, Row

_SEPARATORS = (",", ";", "\t", "|")
_MOST_BYTES = 20_000_000
_MOST_ROWS = 100_000
_TELLING = ("sample", "cell", "state", "cell_type")


@dataclass(frozen=True)
class Manifest:
    """The rows of a manifest, not yet read.

    Attributes
    ----------
    path : Path
    columns : tuple of str
        As written.
    rows : tuple of (line, cells)
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Manifest:
        """Return the manifest in a text table, or on the first sheet of a spreadsheet.

        Between cells of a text stands comma, semicolon, tab or bar. Lines that begin with # are
        left out.

        Raises
        ------
        ReadError
            If the file cannot be read.
        SeriesError
            If it has no column `file`, a column twice, or no row.
        """
        source = Source.open(path)
        if _is_spreadsheet(source):
            rows = list(_sheet_rows(source))
            names = rows[0][1] if rows else []
            if not _names_files(names):
                raise _no_manifest(names, ", ".join(names), source.name)
        else:
            text = source.read_bytes(_MOST_BYTES).decode(source.encoding, errors="replace")
            rows = list(_lines(text, _separator(text, source)))
        columns, found = _named(rows[0][1], source.name, rows[0][0]), rows[1:]
        if not found or len(found) > _MOST_ROWS:
            what = "no row below its names" if not found else f"more than {_MOST_ROWS} rows"
            raise SeriesError(f"{source.name}, line {rows[0][0]}: the manifest has {what}")
        return cls(source.path, columns, tuple((line, tuple(cells)) for line, cells in found))

    def row(self, line: int, cells: Sequence[str]) -> Row:
        """Return a row with what its cells mean.

        Raises
        ------
        SeriesError
            If it has more cells than there are columns, no file, or text for a number.
        """
        where = f"{self.path.name}, line {line}"
        if len(cells) > len(self.columns):
            raise SeriesError(
                f"{where}: {len(cells)} cells for {len(self.columns)} columns: put text that has "
                "the separator in it into quotation marks"
            )
        row = Row.of(
            where, [(meaning(c), c, text) for c, text in zip(self.columns, cells, strict=False)]
        )
        if not row.text("file"):
            raise SeriesError(f"{where}, column 'file': no file is named")
        return row


def is_manifest(path: str | PathLike[str]) -> bool:
    """Tell whether a file is a table that names files, and none of impedance."""
    try:
        source = Source.open(path)
        if _is_spreadsheet(source):
            _, names = next(_sheet_rows(source), (0, []))
            return _names_files(names) and not is_complete([interpret(name) for name in names])
        if b"\0" in source.head[:4096] and not source.encoding.startswith("utf-16"):
            return False
        lines = [line for line in source.head_lines()[:50] if _counts(line)]
    except EisfitError:
        return False
    for separator in _SEPARATORS if lines else ():
        names = next(csv.reader(lines[:1], delimiter=separator))
        if _names_files(names):
            return not is_complete([interpret(name) for name in names])
    return False


def is_meant_as_manifest(path: str | PathLike[str]) -> bool:
    """Tell whether a file is none of impedance, but has columns of a manifest without `file`."""
    try:
        source = Source.open(path)
        if _is_spreadsheet(source):
            return _is_meant(next(_sheet_rows(source), (0, []))[1])
        lines = [line for line in source.head_lines()[:50] if _counts(line)]
    except EisfitError:
        return False
    return b"\0" not in source.head[:4096] and bool(lines) and _is_meant(_names(lines[0]))


def read_manifest(path: str | PathLike[str]) -> tuple[list[Member], list[Failure], list[str]]:
    """Return the members that a manifest describes, the rows that failed, and notes.

    Raises
    ------
    ReadError, SeriesError
        As `Manifest.open`.
    """
    manifest = Manifest.open(path)
    reader = Reader()
    notes = list(_misspelt(manifest))
    members: list[Member] = []
    failures: list[Failure] = []
    for line, cells in manifest.rows:
        try:
            row = manifest.row(line, cells)
            file = row.text("file")
            members += reader.members(row, beside(manifest.path, file), file)
        except EisfitError as error:
            failures.append(Failure(f"{manifest.path.name}, line {line}", str(error)))
    members, repeated = without_repeats(members)
    return members, failures, [*notes, *repeated]


def _misspelt(manifest: Manifest) -> Iterator[str]:
    for column in manifest.columns:
        if meant := close_to(column, SIZES):
            yield (
                f"{manifest.path.name}: column {column.strip()!r} is not known and is taken as a "
                f"condition of its own: did you mean {meant!r}?"
            )


def beside(manifest: Path, file: str) -> Path:
    """Return a path that is relative to a manifest; one written on Windows reads anywhere."""
    path = manifest.parent / file
    if "\\" in file and not path.exists():
        return manifest.parent / file.replace("\\", "/")
    return path


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _separator(text: str, source: Source) -> str:
    first = next((line for line in text.splitlines() if _counts(line)), "")
    for separator in _SEPARATORS:
        names = next(csv.reader([first], delimiter=separator), [])
        if len(names) > 1 and _names_files(names):
            return separator
    if meaning(first).name == "file":
        return ","
    raise _no_manifest(_names(first), first, source.name)


def _no_manifest(names: Sequence[str], first: str, name: str) -> SeriesError:
    meant = [n for n in names if close_to(n) in ("file", "filename")]
    hint = f": did you mean 'file' by {meant[0]!r}?" if meant else ""
    what = "looks like a manifest without a column 'file'" if _is_meant(names) else "is no manifest"
    return SeriesError(
        f"{name} {what}: expected a first line of column names, among them 'file', "
        f"found {first.strip()[:80]!r}{hint}"
    )


def _names_files(names: Sequence[str]) -> bool:
    return "file" in {meaning(name).name for name in names}


def _names(line: str) -> list[str]:
    """Return the columns of a line, by whichever separator gives most."""
    found = [next(csv.reader([line], delimiter=s), []) for s in _SEPARATORS]
    return [name.strip() for name in max(found, key=len)]


def _is_meant(names: Sequence[str]) -> bool:
    """Whether at least one of some columns is one that only a manifest has."""
    if is_complete([interpret(name) for name in names]):
        return False
    known = [meaning(name).name for name in names]
    return any(name in _TELLING for name in known) or any(
        close_to(name) in ("file", "filename", "sample") for name in names
    )


def _is_spreadsheet(source: Source) -> bool:
    return source.head.startswith(b"PK\3\4") or is_flat_ods(source.head)


def _sheet_rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of the first sheet that has any, with their numbers, cells as text."""
    for sheet in sheets_of(source):
        rows = [(n, [_as_text(cell) for cell in row]) for n, row in enumerate(sheet.rows, start=1)]
        kept = [(n, cells) for n, cells in rows if "".join(cells).strip()]
        if kept:
            yield from ((n, cells) for n, cells in kept if not cells[0].lstrip().startswith("#"))
            return


def _as_text(cell: Cell) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else (cell or "")


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the number of the line that each begins on."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
                yield begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        raise SeriesError(f"line {begin} of the manifest cannot be read: {error}") from None


def _named(columns: Sequence[str], name: str, line: int) -> tuple[str, ...]:
    columns = list(columns)
    while columns and not columns[-1].strip():  # a separator at the end of each line
        columns.pop()
    meanings = [meaning(column).name for column in columns]
    for i, what in enumerate(meanings):
        if what in meanings[:i]:
            raise SeriesError(
                f"{name}, line {line}: the columns {columns[meanings.index(what)]!r} and "
                f"{columns[i]!r} both mean {what}: leave one"
            )
        if not columns[i].strip():
            raise SeriesError(f"{name}, line {line}: column {i + 1} has no name")
    return tuple(columns)
