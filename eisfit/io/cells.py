"""The XML of spreadsheets as a stream of cells, with limits on what it may cost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from posixpath import normpath
from typing import IO
from xml.parsers import expat

from eisfit.errors import ReadError

Cell = float | str | None

_CHUNK = 1 << 16
_MOST_BYTES = 1 << 26
_MOST_CELLS = 400_000
_MOST_ELEMENTS = 1_000_000
_MOST_COLUMNS = 16_384
_LONGEST_TEXT = 1 << 16
_DEEPEST = 200


@dataclass
class Sheet:
    """A name and rows of cells; rows are as long as their last cell that is not empty."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)


class _TooMuchError(Exception):
    """A limit was passed; `parse` turns it into a `ReadError`."""


@dataclass
class Budget:
    """What all parts of one file have cost so far; each is under a limit."""

    cells: int = 0
    elements: int = 0
    size: int = 0

    def spend(self, cells: int = 0, size: int = 0) -> None:
        """Count cells and texts, and bytes of XML.

        Raises
        ------
        _TooMuchError
            Beyond a limit.
        """
        self.cells += cells
        self.size += size
        if self.cells > _MOST_CELLS:
            raise _TooMuchError(f"more than {_MOST_CELLS} cells")
        if self.size > _MOST_BYTES:
            raise _TooMuchError(f"more than {_MOST_BYTES >> 20} MB of XML")


class Cells:
    """Handles the XML of one part of a spreadsheet.

    Attributes
    ----------
    sheets : list of Sheet
        What was found.
    budget : Budget
        Of the whole file.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.sheets: list[Sheet] = []
        self.budget = budget or Budget()
        self._text: list[str] | None = None
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the begin of an element; `name` is without its namespace."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def data(self, text: str) -> None:
        """Take text, if the element before asked for it."""
        if self._text is not None and self._length < _LONGEST_TEXT:
            self._text.append(text)
            self._length += len(text)

    def listen(self) -> None:
        """Collect text from here on."""
        self._text, self._length = [], 0

    def heard(self) -> str:
        """Return the text since `listen`, and stop."""
        text = "".join(self._text or ())
        self._text = None
        return text


def parse(stream: IO[bytes], cells: Cells, source_name: str) -> None:
    """Feed XML to `cells`.

    Raises
    ------
    ReadError
        If the XML is damaged or cut off, declares a document type (which could hide entities), or
        passes a limit.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0
    budget = cells.budget

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        budget.elements += 1  # not by `spend`: this is called a million times
        if budget.elements > _MOST_ELEMENTS:
            raise _TooMuchError(f"more than {_MOST_ELEMENTS} elements")
        if depth > _DEEPEST:
            raise _TooMuchError(f"elements nested deeper than {_DEEPEST}")
        cells.start(name.rpartition(":")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        cells.end(name.rpartition(":")[2])

    def doctype(*_: object) -> None:
        raise _TooMuchError("a document type, which no spreadsheet needs")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = cells.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        while chunk := stream.read(_CHUNK):
            budget.spend(size=len(chunk))
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except _TooMuchError as error:
        raise ReadError(
            f"{source_name} is no spreadsheet that eisfit reads: it has {error}; export the sheet "
            "as text (.csv)"
        ) from None
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ReadError(
            f"{source_name} is a cut off or damaged spreadsheet ({error}): save it again"
        ) from error


class SharedTexts(Cells):
    """The texts of an .xlsx, which its cells refer to by number."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self.texts: list[str] = []
        self._phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a text."""
        if name == "si":
            self.listen()
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        """End a text."""
        if name == "si":
            self.budget.spend(cells=1)
            self.texts.append(self.heard())
        elif name == "rPh":
            self._phonetic = False

    def data(self, text: str) -> None:
        """Take text, but no reading aids."""
        if not self._phonetic:
            super().data(text)


class XlsxNames(Cells):
    """Names of the sheets of an .xlsx and where in the archive they are, in their order."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._order: list[tuple[str, str]] = []
        self._targets: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take a sheet, or what its reference stands for."""
        self.budget.spend(cells=1)
        if name == "sheet":
            reference = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            self._order.append((attributes.get("name", ""), reference))
        elif name == "Relationship":
            self._targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def paths(self) -> list[tuple[str, str]]:
        """Return (name, member of the archive) of each sheet."""
        found = []
        for name, reference in self._order:
            target = self._targets.get(reference, "")
            if "worksheets" in target:
                # Only ever compared with the names in the archive, never opened on disk.
                at = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                found.append((name, normpath(at)))
        return found


class XlsxCells(Cells):
    """The cells of one sheet of an .xlsx."""

    def __init__(self, name: str, texts: list[str], budget: Budget) -> None:
        super().__init__(budget)
        self.sheets = [Sheet(name)]
        self._texts = texts
        self._row: list[Cell] = []
        self._column = 0
        self._kind = ""
        self._value: Cell = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell or its value."""
        if name == "row":
            self._row = []
        elif name == "c":
            self._column = _column_of(attributes.get("r", ""), len(self._row))
            self._kind, self._value = attributes.get("t", "n"), None
        elif name in ("v", "t"):
            self.listen()

    def end(self, name: str) -> None:
        """End a row, a cell or its value."""
        if name in ("v", "t") and self._text is not None:
            text = self.heard()
            if name == "t":
                self._value = text if self._value is None else f"{self._value}{text}"
            else:
                self._value = self._of_kind(text)
        elif name == "c" and self._value is not None:
            missing = self._column - len(self._row)
            self.budget.spend(cells=missing + 1)
            self._row.extend([None] * missing)
            self._row.append(self._value)
        elif name == "row":
            self.budget.spend(cells=1)
            self.sheets[0].rows.append(self._row)

    def _of_kind(self, text: str) -> Cell:
        if self._kind == "s":
            index = int(text)
            return self._texts[index] if 0 <= index < len(self._texts) else None
        if self._kind == "n":
            return _float(text)
        return text


class OdsCells(Cells):
    """The cells of all sheets of an .ods or .fods."""

    def __init__(self) -> None:
        super().__init__()
        self._row: list[Cell] = []
        self._repeat = self._row_repeat = 1
        self._empty = 0
        self._value: Cell = None
        self._paragraphs = 0
        self._in_cell = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a table, a row, a cell or a paragraph in it."""
        if name == "table":
            self.sheets.append(Sheet(attributes.get("table:name", "")))
        elif name == "table-row":
            self._row, self._empty = [], 0
            self._row_repeat = _repeats(attributes, "table:number-rows-repeated")
        elif name in ("table-cell", "covered-table-cell"):
            self._in_cell, self._paragraphs = True, 0
            self._repeat = _repeats(attributes, "table:number-columns-repeated")
            kind = attributes.get("office:value-type", "")
            number = attributes.get("office:value", "")
            self._value = _float(number) if kind in ("float", "percentage", "currency") else None
            if self._value is None:
                self.listen()
        elif name == "annotation":
            self._text = None
        elif name == "p" and self._in_cell:
            self._paragraphs += 1
            if self._paragraphs > 1:
                self.data("\n")

    def end(self, name: str) -> None:
        """End a row or a cell."""
        if name in ("table-cell", "covered-table-cell"):
            self._in_cell = False
            value = self._value if self._value is not None else self.heard() or None
            if value is None:
                self._empty += self._repeat  # kept only if something follows
                return
            if len(self._row) + self._empty + self._repeat > _MOST_COLUMNS:
                raise _TooMuchError(f"more than {_MOST_COLUMNS} columns")
            self.budget.spend(cells=self._empty + self._repeat)
            self._row += [None] * self._empty + [value] * self._repeat
            self._empty = 0
        elif name == "table-row" and self.sheets and self._row:
            self.budget.spend(cells=(self._row_repeat - 1) * len(self._row) + 1)
            self.sheets[-1].rows += [self._row] * self._row_repeat
        elif name == "table-row":
            self.budget.spend(cells=1)


def _column_of(reference: str, following: int) -> int:
    """Return the column (from 0) of a reference such as AB12; the next one where there is none."""
    match = re.match(r"([A-Z]{1,3})\d*$", reference)
    if not match:
        return following
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    if column > _MOST_COLUMNS:
        raise _TooMuchError(f"more than {_MOST_COLUMNS} columns")
    return max(column - 1, following)


def _repeats(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(int(text), 1) if text.isdecimal() and len(text) < 10 else 1


def _float(text: str) -> Cell:
    try:
        return float(text)
    except ValueError:
        return None
