"""Tables with a spectrum a row: cells that hold lists of numbers, as pandas writes them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.columns import VITAL, interpret, is_complete
from eisfit.io.layout import find_header, split_names
from eisfit.io.measurement import Choice, Measurement, measured
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

FORMAT = "table of lists"
_LIST = re.compile(r"\[\s*[-+\d.][^\]]*,[^\]]*\]")
_LABEL = re.compile(r"(?:.*[_\s])?(?:id|sample|name|label|cell|experimentid|title)", re.IGNORECASE)
_MOST_SPECTRA = 20_000


def has_lists(lines: Sequence[str]) -> bool:
    """Tell whether the row below the names of an impedance has lists for cells."""
    at = find_header(lines[:20])
    if at is None:
        return False
    below = next((line for line in lines[at + 1 :] if line.strip()), "")
    return len(_LIST.findall(below)) >= 3


def read_lists(source: Source, request: Request) -> list[Measurement]:
    """Read a table with one spectrum a row; cells that hold one number are its conditions.

    Raises
    ------
    ReadError
        If a row is cut off or damaged, its lists are of unequal length, or names are given that
        do not fit.
    """
    lines = source.head_lines()
    at = find_header(lines) or 0
    separator = "\t" if "\t" in lines[at] else ";" if ";" in lines[at] else ","
    names = next(
        (
            n
            for n in split_names(lines[at], lambda _: True)
            if is_complete([interpret(x) for x in n])
        ),
        [],
    )
    choice = Choice.among(names, request, source.name)
    choice.check(source.name)
    found = []
    for number, row in _rows(source, at, separator):
        if not any(cell.strip() for cell in row):
            continue
        found.append(_measurement(row, choice, number, source.name))
        if len(found) > _MOST_SPECTRA:
            raise ReadError(f"{source.name} has more than {_MOST_SPECTRA} spectra: split it")
    return found


def _rows(source: Source, at: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    with source.lines() as lines:
        for _ in range(at + 1):
            next(lines, None)
        rows = csv.reader(lines, delimiter=separator)
        try:
            for row in rows:
                yield at + 1 + rows.line_num, row
        except csv.Error as error:
            raise ReadError(
                f"{source.name}, line {at + 1 + rows.line_num}: {error}; export the table again"
            ) from error


def _measurement(row: list[str], choice: Choice, number: int, source_name: str) -> Measurement:
    lists: dict[int, FloatArray] = {}
    for index, column in choice.used:
        cell = row[index] if index < len(row) else ""
        try:
            lists[index] = _numbers(cell)
        except ValueError as error:
            if column.quantity in VITAL:
                raise ReadError(
                    f"{source_name}, line {number}: the list of {choice.names[index]} is cut off "
                    "or damaged; export the table again"
                ) from error
            lists[index] = np.array([np.nan])
    length = max(len(lists[i]) for i, column in choice.used if column.quantity in VITAL)
    values = []
    for index, column in choice.used:
        numbers = lists[index]
        if len(numbers) != length and (len(numbers) > 1 or column.quantity in VITAL):
            raise ReadError(
                f"{source_name}, line {number}: {len(numbers)} numbers of {choice.names[index]} "
                f"for {length} points; export the table again"
            )
        values.append(numbers if len(numbers) == length else np.full(length, numbers[0]))
    label = next(
        (row[i].strip() for i, name in enumerate(choice.names)
         if i < len(row) and _LABEL.fullmatch(name.strip())), "",
    )  # fmt: skip
    notes = (f"line {number} of the table, a spectrum a row",)
    return measured(choice, values, source_name, format=FORMAT, label=label, notes=notes)


def _numbers(cell: str) -> FloatArray:
    """Return the numbers of a list, or a single one."""
    text = cell.strip()
    if text.startswith("["):
        if not text.endswith("]"):
            raise ValueError("no closing bracket")
        text = text[1:-1].replace(",", " ")
    parts = text.split() or ["nan"]
    return np.array([float(part) for part in parts])
