"""How a text table is laid out: where its names and rows are, what separates and what points.

All of it is decided from the text itself, never from the locale of the machine.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from eisfit.errors import ReadError
from eisfit.io.columns import VITAL, Column, interpret, is_complete

_NUMBER = re.compile(r"[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eEdD][-+]?\d+)?|[-+]?(?:nan|inf)", re.I)
_THOUSANDS = {mark: re.compile(rf"[-+]?\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+") for mark in ",."}
_SAMPLE = 200
# Every name of a frequency has one of these: to pass over most lines without splitting them.
_FREQUENCY = re.compile(r"fr[eé]|\b[fw]\b|omega|\u03c9", re.IGNORECASE)
LONGEST_NAMES = 30_000

# Separator of rows -> its name in messages. Whitespace last: it also splits what others separate.
_SEPARATORS: dict[str | None, str] = {"\t": "tab", ";": "semicolon", ",": "comma", None: "space"}


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
    decimal, thousands : str
        The characters in numbers; "" where there is no thousands mark.
    """

    names: list[str]
    first_row: int
    separator: str | None
    decimal: str = "."
    thousands: str = ""

    @property
    def columns(self) -> list[Column | None]:
        """The meaning of each column."""
        return [interpret(name) for name in self.names]

    def describe(self) -> str:
        """Say in words what was found."""
        return (
            f"read as {_SEPARATORS[self.separator]}-separated text with decimal "
            f"{'comma' if self.decimal == ',' else 'point'}"
        )


def is_number(text: str) -> bool:
    """Tell whether a field is a number, whatever its decimal sign."""
    return _NUMBER.fullmatch(text.strip().strip('"')) is not None


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
    for index, line in enumerate(lines):
        if len(line) <= LONGEST_NAMES and _FREQUENCY.search(line):
            for _ in split_names(line):
                return index
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
        for pattern in (r"\t", r";", r",", r"\t+", r"\s{2,}|\t+", r"\s+(?![(\[/])"):
            names = [name.strip() for name in re.split(pattern, text)]
            if "+" in pattern:
                names = [name for name in names if name]
            if accept([interpret(name) for name in names]):
                yield names


def below_header(
    lines: Sequence[str], header: int, ways: Iterable[list[str]], source_name: str
) -> Layout:
    """Work out separator and decimals of the rows below a header line.

    Parameters
    ----------
    header : int
        Index of the header line.
    ways : iterable of lists of str
        The ways to split it; the first that fits most rows is taken.

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
    best: tuple[list[str], str | None, list[list[str]]] = (ways[0], "\t", [])
    for names in ways:
        for separator in _SEPARATORS:
            numbers = _fitting(rows, names, separator)
            if len(numbers) > len(best[2]):
                best = (names, separator, numbers)
    names, separator, numbers = best
    if rows and not numbers:
        raise ReadError(
            f"{source_name}, line {first + 1}: the rows do not fit the {len(names)} column names "
            f"above them ({', '.join(names[:6])}): check separator and decimal sign"
        )
    decimal, thousands = _marks([n for row in numbers for n in row], separator, source_name)
    if separator is None:
        names = names[: _width(names)]  # white space marks no empty cell at the end
    return Layout(names, first, separator, decimal, thousands)


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


def _fitting(rows: list[str], names: list[str], separator: str | None) -> list[list[str]]:
    """Return the vital numbers of the rows that fit these names.

    Rows of exactly as many fields as names count. Only where there is none, and nothing can have
    shifted because separators mark empty cells, rows that are shorter count.
    """
    vital = [i for i, name in enumerate(names) if (c := interpret(name)) and c.quantity in VITAL]
    exact: list[list[str]] = []
    shorter: list[list[str]] = []
    width = _width(names)
    for line in rows:
        fields = split_row(line, separator)
        if not max(vital) < _width(fields) <= len(names):
            continue
        numbers = [fields[i].strip() for i in vital]
        if is_number(numbers[0]) and all(not n or is_number(n) for n in numbers):
            (exact if _width(fields) >= width else shorter).append(numbers)
    return exact or (shorter if separator else [])


def _width(fields: list[str]) -> int:
    """Return the number of fields up to the last that is not empty."""
    return max((i for i, field in enumerate(fields, start=1) if field.strip()), default=0)


def without_header(lines: Sequence[str], source_name: str) -> Layout | None:
    """Find a table that has no names: three lines or more, all numbers, of one width.

    Raises
    ------
    ReadError
        If the decimal sign stays ambiguous.
    """
    for separator in _SEPARATORS:
        block: list[list[str]] = []
        first = 0
        for index, line in enumerate(lines):
            fields = [field.strip() for field in split_row(line, separator)]
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
        if len(block) >= 3:
            decimal, thousands = _marks([f for row in block for f in row], separator, source_name)
            return Layout([""] * len(block[0]), first, separator, decimal, thousands)
    return None


def split_row(line: str, separator: str | None) -> list[str]:
    """Split a row at its separator; one that stands in double quotes is part of its cell."""
    line = line.rstrip("\n")
    plain = line.split(separator)
    if separator is None or '"' not in line:
        return plain
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return plain
    # Some programs put a whole row in quotes, and a lone quote swallows the rest of its row.
    return cells if len(cells) > 1 else plain


def _marks(numbers: list[str], separator: str | None, source_name: str) -> tuple[str, str]:
    """Return decimal sign and thousands mark ("" for none) of these numbers."""
    commas = [number for number in numbers if "," in number]
    points = [number for number in numbers if "." in number]
    if separator == "," and commas and not points:
        _refuse_either(commas, source_name)
    both = [number for number in commas if "." in number]
    if both:
        decimal = "," if all(n.rfind(",") > n.rfind(".") for n in both) else "."
        return decimal, "." if decimal == "," else ","
    for decimal, mark, marked, others in ((".", ",", commas, points), (",", ".", points, commas)):
        if not marked or not (others or any(number.count(mark) > 1 for number in marked)):
            continue
        if all(_THOUSANDS[mark].fullmatch(number) for number in marked):
            return decimal, mark
    if commas and points:
        raise ReadError(
            f"{source_name} has numbers with a comma ({commas[0]}) and numbers with a point "
            f"({points[0]}), and neither can be a thousands mark: write it with one decimal sign"
        )
    return ("," if commas else "."), ""


def _refuse_either(commas: list[str], source_name: str) -> None:
    """Refuse quoted numbers whose comma can be a decimal sign as well as a thousands mark."""
    bare = [number.lstrip("+-") for number in commas]
    if all(
        _THOUSANDS[","].fullmatch(n) and n.count(",") == 1 and not n.startswith("0") for n in bare
    ):
        raise ReadError(
            f"{source_name} has quoted numbers such as {commas[0]}, whose comma can be a decimal "
            "sign or a thousands mark: write the numbers without thousands marks and with a point"
        )
