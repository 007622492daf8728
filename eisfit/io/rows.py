"""Rows of a text table to numbers, one line at a time, so that a large file needs little memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.layout import Layout, split_row
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

_NAN = float("nan")
_EXPONENT = re.compile(r"[eEdD][-+]?(\d+)$")


def parse_rows(
    source: Source, layout: Layout, wanted: Sequence[int], required: Sequence[bool]
) -> tuple[FloatArray, list[str]]:
    """Read the numbers of some columns.

    Parameters
    ----------
    wanted : sequence of int
        Which columns, from 0.
    required : sequence of bool
        Whether a row without a number there is no row; elsewhere it is nan.

    Returns
    -------
    values : (N, len(wanted)) array
    notes : list of str
        What was left out, counted.

    Raises
    ------
    ReadError
        If most lines below the names are no rows.
    """
    with source.lines() as lines:
        return parse_lines(lines, layout, wanted, required, source.name)


def parse_lines(
    lines: Iterable[str],
    layout: Layout,
    wanted: Sequence[int],
    required: Sequence[bool],
    source_name: str,
) -> tuple[FloatArray, list[str]]:
    """Do what `parse_rows` does with lines that are read already, each with its end."""
    below = islice(lines, layout.first_row, None)
    numbers, bad, cut_off = _collect(below, layout, wanted, required)
    values = np.frombuffer(numbers, dtype=np.float64).reshape(-1, len(wanted))
    notes = []
    if cut_off:
        notes.append("warning: the file ends in the middle of a row, which was left out")
    if bad:
        notes.append(f"{bad} line(s) that are no row of numbers were left out")
    if bad > max(len(values), 2):
        raise ReadError(
            f"{source_name}: {bad} of {bad + len(values)} lines below the column names are no rows "
            f"of numbers ({layout.describe()}): the file is damaged or mixes layouts; export it "
            "again"
        )
    return values, notes


def _collect(
    lines: Iterable[str], layout: Layout, wanted: Sequence[int], required: Sequence[bool]
) -> tuple[array[float], int, bool]:
    """Return the numbers row after row, the count of other lines, and whether the end is cut."""
    numbers = array("d")
    convert = _converter(layout)
    separator, bad = layout.separator, 0
    # White space marks no empty cell: where a field is missing, all behind it have shifted.
    exact = len(layout.names) if separator is None else 0
    most = -1 if exact else max(wanted) + 1
    last = before = ""
    for line in lines:
        fields = split_row(line, separator) if '"' in line else line.split(separator, most)
        try:
            if exact and len(fields) != exact:
                fields = []
            numbers.extend([convert(fields[i]) for i in wanted])
        except (ValueError, IndexError):
            if not line.strip():
                continue
            row = _patiently(fields, wanted, required, convert) if fields else []
            numbers.extend(row)
            bad += not row
        before, last = last, line
    # Only the last line can lack its end.
    if last.endswith("\n"):
        return numbers, bad, False
    fields = split_row(last, separator)
    if not _is_cut(fields, split_row(before, separator)):
        return numbers, bad, False
    if (not exact or len(fields) == exact) and _patiently(fields, wanted, required, convert):
        del numbers[-len(wanted) :]
        return numbers, bad, True
    return numbers, bad - 1, True


def _is_cut(last: list[str], before: list[str]) -> bool:
    """Tell whether a row without a line end was cut, by the row before it.

    It has fewer fields, or its last number lacks the exponent or most of the digits of the one
    above it. People's files may end without a line end and be whole.
    """
    if len(last) != len(before):
        return len(last) < len(before)
    found, above = last[-1].strip(), before[-1].strip()
    exponent = _EXPONENT.search(above)
    if exponent:
        ends = _EXPONENT.search(found)
        return ends is None or len(ends[1]) < len(exponent[1])
    return sum(c.isdigit() for c in found) < sum(c.isdigit() for c in above) - 3


def _converter(layout: Layout) -> Callable[[str], float]:
    if layout.decimal == "." and not layout.thousands:
        return float
    table = str.maketrans({layout.thousands: "", layout.decimal: "."} if layout.thousands
                          else {layout.decimal: "."})  # fmt: skip
    return lambda text: float(text.translate(table))


def _patiently(
    fields: list[str],
    wanted: Sequence[int],
    required: Sequence[bool],
    convert: Callable[[str], float],
) -> list[float]:
    """Return a row field by field, nan for an empty cell; empty if a required one is no number."""
    row = []
    for index, must in zip(wanted, required, strict=True):
        text = fields[index].strip().strip('"') if index < len(fields) else ""
        try:
            # Spreadsheets leave cells empty, Fortran writes 1.0D+03.
            row.append(convert(text.replace("D", "E")) if text else _NAN)
        except ValueError:
            if must:
                return []
            row.append(_NAN)
        if must and index >= len(fields):
            return []
    return row
