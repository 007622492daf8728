"""How a text table is laid out: where its names and rows are, what separates and what points.

All of it is decided from the text itself, never from the locale of the machine.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from eisfit.errors import ReadError
from eisfit.io.columns import FREQUENCY_WORDS, VITAL, Column, folded, interpret, is_complete
from eisfit.io.marks import Marks, has_gaps, settle, without_gaps

_NUMBER = re.compile(r"[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eEdD][-+]?\d+)?|[-+]?(?:nan|inf)", re.I)
_QUOTES = '"\u201c\u201d\u201e\u2018\u2019 '
_BEGINS = re.compile(r"[\s\"\u201c]*[-+]?[.,]?\d")
# Bars that are of |Z|, not between columns.
_MODULUS = re.compile(r"\|(\s?Z[-\w]*\s?)\|(?=\s*(?:[/\[(,|]|$))")
_SAMPLE = 200
_SHARE = 0.2
LONGEST_NAMES = 30_000
# Lines that could be names by one of their words, and are none.
_MOST_CANDIDATES = 2_000
_MOST_UNNAMED = 1_000
_MOST_TRIED = 20_000
_LONGEST_NUMBER = 60

# Separator of rows -> its name in messages. Whitespace last: it also splits what others separate.
SEPARATORS: dict[str | None, str] = {
    "\t": "tab", ";": "semicolon", ",": "comma", "|": "bar", None: "space",
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Where the numbers of a text table are.

    Parameters
    ----------
    names : list of str
        Names of the columns; empty for a headerless table.
    first_row : int
        Lines before the first row.
    separator : str or None
        None for any run of white space.
    marks : Marks
        How its numbers are written.
    sample : list of rows of text
        What that was settled by, for when a later row does not fit it.
    """

    names: list[str]
    first_row: int
    separator: str | None
    marks: Marks = field(default_factory=Marks)
    sample: list[list[str]] = field(default_factory=list, repr=False)

    @property
    def columns(self) -> list[Column | None]:
        """The meaning of each column."""
        return [interpret(name) for name in self.names]

    def describe(self) -> str:
        """Say in words what was found."""
        return f"read as {SEPARATORS[self.separator]}-separated text with {self.marks.describe()}"

    def cleaned(self, line: str) -> str:
        """Return a row without what stands between thousands."""
        return without_gaps(line, self.separator is not None) if self.marks.spaced else line


def is_number(text: str) -> bool:
    """Tell whether a field is a number, whatever its decimal sign."""
    text = text.strip().strip(_QUOTES)
    return len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def announced(digits: str, what: str, source_name: str) -> int:
    """Return a count of rows or lines that a file announces.

    Raises
    ------
    ReadError
        If it has more than nine digits, so that no file can hold as many.
    """
    if len(digits) > 9:
        raise ReadError(
            f"{source_name} is damaged: it announces {digits[:9]}... {what}, a number of "
            f"{len(digits)} digits; copy or export the file again"
        )
    return int(digits)


def find_header(lines: Sequence[str]) -> int | None:
    """Return the index of the first line that names a frequency and an impedance, or None."""
    tried = 0
    for index, line in enumerate(lines):
        if len(line) <= LONGEST_NAMES and FREQUENCY_WORDS.search(folded(line)):
            if any(True for _ in split_names(line)):
                return index
            tried += 1
            if tried > _MOST_CANDIDATES:
                return None
    return None


def split_names(
    line: str, accept: Callable[[list[Column | None]], bool] = is_complete
) -> Iterator[list[str]]:
    """Split a header line in every way that gives names which `accept` takes, likeliest first."""
    line = line.strip(" \n")
    if line.startswith('"') and line.endswith('"') and line.count('"') == 2:
        line = line[1:-1].strip(" ")
    bare = re.sub(r"^\s*(?:#|%|//)+\s*", "", line)
    for text in (line, bare) if bare != line else (line,):
        for names in _splits(text):
            if accept([interpret(name) for name in names]):
                yield names


def _splits(text: str) -> Iterator[list[str]]:
    for separator in "\t;,":
        if '"' in text and separator in text:  # one that is quoted is part of a name
            yield [name.strip() for name in split_row(text, separator)]
        yield [name.strip() for name in text.split(separator)]
    if "|" in text:
        kept = _MODULUS.sub("\0\\1\0", text)
        yield [name.strip().replace("\0", "|") for name in kept.split("|")]
    for pattern in (r"\t+", r"\s{2,}|\t+", r"\s+(?![(\[/])"):
        yield [name for name in (name.strip() for name in re.split(pattern, text)) if name]


def below_header(
    lines: Sequence[str],
    header: int,
    ways: Iterable[list[str]],
    source_name: str,
    decimal: str | None = None,
) -> Layout:
    """Work out separator and decimals of the rows below a header line.

    Parameters
    ----------
    header : int
        Index of the header line.
    ways : iterable of lists of str
        The ways to split it; the first that fits most rows is taken.
    decimal : {".", ","}, optional
        What the caller says it is.

    Raises
    ------
    ReadError
        If there are rows and none fits, or the decimal sign stays ambiguous.
    """
    ways = list(ways)
    if units := _unit_row(lines, header):
        ways = [_with_units(names, lines[units]) for names in ways]
    first = max(header, units or 0) + 1
    rows = [line for line in lines[first:] if line.strip()][:_SAMPLE]
    names, separator, fields, spaced = _best_split(rows, ways)
    if rows and not fields:
        raise ReadError(
            f"{source_name}, line {first + 1}: the rows do not fit the {len(names)} column names "
            f"above them ({', '.join(names[:6])}): check separator and decimal sign, and write "
            "numbers without spaces between thousands"
        )
    marks = settle_fields(fields, names, separator, source_name, lines[:header], decimal, spaced)
    if separator is None:
        names = names[: _width(names)]  # white space marks no empty cell at the end
    return Layout(names, first, separator, marks, fields)


def _best_split(
    rows: list[str], ways: list[list[str]]
) -> tuple[list[str], str | None, list[list[str]], bool]:
    """Return the names, the separator and the fields of most rows, and whether gaps were closed."""
    best: tuple[list[str], str | None, list[list[str]], bool] = (ways[0], "\t", [], False)
    highest = (False, 0)
    closed = [without_gaps(line, False) for line in rows]
    spaceless = [without_gaps(line, True) for line in rows]
    tries = [(rows, False)]
    tries += [(closed, False)] if closed != rows else []
    tries += [(spaceless, True)] if spaceless != closed else []
    for lines, spaces in tries:
        for names in ways:
            for separator in SEPARATORS:
                if spaces and separator is None:
                    continue
                fields, exact = _fitting(lines, names, separator)
                # Shorter rows fit many wrong names; they count where no way fits better.
                rank = (exact and len(fields) >= _SHARE * len(rows), len(fields))
                if rank > highest:
                    highest = rank
                    best = (names, separator, fields, lines is not rows)
    return best


def settle_fields(
    rows: Sequence[Sequence[str]],
    names: Sequence[str],
    separator: str | None,
    source_name: str,
    above: Sequence[str] = (),
    decimal: str | None = None,
    spaced: bool = False,
) -> Marks:
    """Return how the numbers of a table are written; see `eisfit.io.marks.settle`."""
    if separator == "," and not any("," in field for row in rows for field in row):
        return Marks(spaced=spaced)  # who separates by commas writes points before decimals
    known = {i: c.quantity for i, n in enumerate(names) if (c := interpret(n))}
    vital = [i for i, quantity in known.items() if quantity in VITAL]
    if not any(names):
        vital = list(range(len(names)))
    return settle(
        [[row[i].strip().strip(_QUOTES) if i < len(row) else "" for row in rows] for i in vital],
        [known.get(i, "") for i in vital],
        source_name,
        others=[field for row in rows for i, field in enumerate(row) if i not in vital],
        above=above,
        decimal=decimal,
        spaced=spaced,
    )


def _unit_row(lines: Sequence[str], header: int) -> int | None:
    """Return the index of a line of units below the names, as Gamry and Origin write it."""
    for index in range(header + 1, min(header + 3, len(lines))):
        fields = [
            bare_unit(field) for field in lines[index].replace(";", " ").replace(",", " ").split()
        ]
        if not fields:
            continue
        if any(is_number(field) for field in fields):
            return None
        return index if any(interpret(f"f ({field})") for field in fields) else None
    return None


def bare_unit(text: str) -> str:
    """Return a unit of a row of units without the quotes and brackets around it."""
    text = text.strip().strip('"').strip()
    if len(text) > 2 and text[0] + text[-1] in ("[]", "()"):
        return text[1:-1].strip()
    return text


def _with_units(names: list[str], line: str) -> list[str]:
    """Write the unit below each name behind it, where the names have none."""
    for separator in ("\t", ";", ",", None):
        units = [bare_unit(unit) for unit in line.strip("\n").split(separator)]
        if len(units) == len(names) > 1:
            return [
                f"{name} ({unit})" if _is_missing_unit(name, unit) else name
                for name, unit in zip(names, units, strict=True)
            ]
    return names


def _is_missing_unit(name: str, unit: str) -> bool:
    """Tell whether a unit belongs behind a name: no sign that was garbled on its way."""
    column = interpret(name)
    if column is None or column.unit or not unit:
        return False
    return interpret(f"{name} ({unit})") is not None or any("a" <= c.lower() <= "z" for c in unit)


def _fitting(
    rows: list[str], names: list[str], separator: str | None
) -> tuple[list[list[str]], bool]:
    """Return the fields of the rows that fit these names, and whether they are as many.

    Rows of exactly as many fields as names count. Only where there is none, and nothing can have
    shifted because separators mark empty cells, rows that are shorter count.
    """
    vital = [i for i, name in enumerate(names) if (c := interpret(name)) and c.quantity in VITAL]
    exact: list[list[str]] = []
    shorter: list[list[str]] = []
    width = _width(names)
    for line in rows:
        fields = split_row(line, separator, len(names) + 1)
        if not max(vital) < _width(fields) <= len(names):
            continue
        numbers = [fields[i].strip() for i in vital]
        if is_number(numbers[0]) and all(not n or is_number(n) for n in numbers):
            (exact if _width(fields) >= width else shorter).append(fields)
    return (exact, True) if exact else (shorter if separator else [], False)


def _width(fields: list[str]) -> int:
    """Return the number of fields up to the last that is not empty."""
    return max((i for i, field in enumerate(fields, start=1) if field.strip()), default=0)


def without_header(
    lines: Sequence[str], source_name: str, decimal: str | None = None
) -> Layout | None:
    """Find a table that has no names: three lines or more, all numbers, of one width.

    Raises
    ------
    ReadError
        If the decimal sign stays ambiguous.
    """
    begin = next((i for i, line in enumerate(lines) if _BEGINS.match(line)), None)
    if begin is None:
        return None
    tried = lines[begin : begin + _MOST_TRIED]
    gaps = [any(has_gaps(line, spaces) for line in tried) for spaces in (False, True)]
    for separator in SEPARATORS:
        first, block = _block(tried, separator, False)
        spaced = False
        if gaps[separator is not None]:
            closed_first, closed = _block(tried, separator, True)
            spaced = len(closed) > len(block)
            if spaced:
                first, block = closed_first, closed
        first += begin
        if len(block) >= 3:
            names = [""] * len(block[0])
            marks = settle_fields(
                block, names, separator, source_name, lines[:first], decimal, spaced
            )
            return Layout(names, first, separator, marks, block)
    return None


def _block(lines: Sequence[str], separator: str | None, close: bool) -> tuple[int, list[list[str]]]:
    """Return the first lines that are all numbers, of three or more columns, and where they are."""
    block: list[list[str]] = []
    first = 0
    for index, line in enumerate(lines):
        line = without_gaps(line, separator is not None) if close else line
        fields = [field.strip() for field in split_row(line, separator, _MOST_UNNAMED)]
        while fields and not fields[-1]:
            fields.pop()
        if len(fields) >= 3 and all(is_number(field) for field in fields):
            if block and len(fields) != len(block[0]):
                break
            first = first if block else index
            block.append(fields)
            if len(block) >= _SAMPLE:
                break
        elif block and line.strip():
            break
    return first, block


def split_row(line: str, separator: str | None, most: int = -1) -> list[str]:
    """Split a row at its separator, `most` times at most; one in double quotes is of its cell."""
    line = line.rstrip("\n")
    plain = line.split(separator, most)
    if separator is None or '"' not in line:
        return plain
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return plain
    # Some programs put a whole row in quotes, and a lone quote swallows the rest of its row.
    return cells if len(cells) > 1 else plain
