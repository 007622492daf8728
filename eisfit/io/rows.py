"""Rows of a text table to numbers, one line at a time, so that a large file needs little memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.layout import SEPARATORS, Layout, is_number, settle_fields, split_row
from eisfit.io.marks import ContradictionError, has_gaps, without_gaps
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

_NAN = float("nan")
_QUOTES = '"\u201c\u201d\u201e\u2018\u2019 '
_EXPONENT = re.compile(r"[eEdD][-+]?(\d+)$")
# Rows that are looked at where one is written in another way than those above, and how often.
_MORE_ROWS = 200
_MOST_LOOKS = 3


class _SurpriseError(Exception):
    """A row holds numbers in another form than those the layout was settled by."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row


@dataclass
class _Found:
    """Numbers row after row, and what was no row of numbers."""

    numbers: array[float] = field(default_factory=lambda: array("d"))
    bad: int = 0
    odd: int = 0
    first_odd: str = ""
    wide: int = 0
    first_wide: str = ""
    cut_off: bool = False


def parse_rows(
    source: Source,
    layout: Layout,
    wanted: Sequence[int],
    required: Sequence[bool],
    decimal: str | None = None,
) -> tuple[FloatArray, list[str]]:
    """Read the numbers of some columns.

    Parameters
    ----------
    wanted : sequence of int
        Which columns, from 0.
    required : sequence of bool
        Whether a row without a number there is no row; elsewhere it is nan.
    decimal : {".", ","}, optional
        What the caller says is the decimal sign.

    Returns
    -------
    values : (N, len(wanted)) array
    notes : list of str
        How the text was read, and what was left out, counted.

    Raises
    ------
    ReadError
        If most lines below the names are no rows, the file cannot be read, or a number further
        down can be read in two ways.
    """
    return _parse(source.lines, layout, wanted, required, source.name, decimal)


def parse_lines(
    lines: Sequence[str],
    layout: Layout,
    wanted: Sequence[int],
    required: Sequence[bool],
    source_name: str,
    decimal: str | None = None,
) -> tuple[FloatArray, list[str]]:
    """Do the same with lines that are in memory."""

    def opened() -> AbstractContextManager[Iterator[str]]:
        return nullcontext(iter(lines))

    return _parse(opened, layout, wanted, required, source_name, decimal)


def _parse(
    opened: Callable[[], AbstractContextManager[Iterator[str]]],
    layout: Layout,
    wanted: Sequence[int],
    required: Sequence[bool],
    source_name: str,
    decimal: str | None,
) -> tuple[FloatArray, list[str]]:
    looks = 0
    while True:
        with opened() as lines:
            below = islice(lines, layout.first_row, None)
            try:
                found = _collect(below, layout, wanted, required, looks < _MOST_LOOKS)
                break
            except _SurpriseError as surprise:
                row = surprise.row
        looks += 1
        with opened() as lines:
            more = list(islice(lines, layout.first_row + row, layout.first_row + row + _MORE_ROWS))
        layout, settled = _looked_again(layout, more, source_name, decimal)
        if not settled:
            looks = _MOST_LOOKS  # what does not fit is left out, and counted
    values = np.frombuffer(found.numbers, dtype=np.float64).reshape(-1, len(wanted))
    return values, [layout.describe(), *_notes(found, len(values), layout, source_name)]


def _looked_again(
    layout: Layout, lines: Sequence[str], source_name: str, decimal: str | None
) -> tuple[Layout, bool]:
    """Return the layout that fits further rows too, and whether there is one."""
    spaces = layout.separator is not None
    spaced = layout.marks.spaced or any(has_gaps(line, spaces) for line in lines)
    fields = [
        split_row(without_gaps(line, spaces) if spaced else line, layout.separator)
        for line in lines
    ]
    sample = [*layout.sample, *(row for row in fields if len(row) <= len(layout.names) + 1)]
    try:
        marks = settle_fields(
            sample, layout.names, layout.separator, source_name, (), decimal, spaced
        )
    except ContradictionError:
        return layout, False
    return replace(layout, marks=marks, sample=sample), True


def _notes(found: _Found, rows: int, layout: Layout, source_name: str) -> list[str]:
    notes = []
    if found.cut_off:
        notes.append("warning: the file ends in the middle of a row, which was left out")
    if found.bad:
        notes.append(f"{found.bad} line(s) that are no row of numbers were left out")
    if found.odd:
        notes.append(
            f"warning: {found.odd} of them hold numbers that do not fit the decimal sign and "
            f"thousands mark of the others, the first of them {found.first_odd!r}"
        )
    if found.wide > 1:
        raise ReadError(
            f"{source_name}: {found.wide} rows have more numbers than there are columns, as if "
            f"{SEPARATORS[layout.separator]}s stood between thousands ({found.first_wide!r}): "
            "write numbers without them, or separate the columns by tabs or semicolons"
        )
    if found.bad > max(rows, 2):
        raise ReadError(
            f"{source_name}: {found.bad} of {found.bad + rows} lines below the column names are no "
            f"rows of numbers ({layout.describe()}): the file is damaged or mixes layouts; export "
            "it again"
        )
    return notes


def _collect(
    lines: Iterable[str],
    layout: Layout,
    wanted: Sequence[int],
    required: Sequence[bool],
    looks: bool,
) -> _Found:
    """Return the numbers row after row; `looks` says whether to stop at one of another form.

    Raises
    ------
    _SurpriseError
        At the first row of such numbers.
    """
    found = _Found()
    numbers = found.numbers
    convert, separator = layout.marks.converter(), layout.separator
    cleaned = layout.cleaned if layout.marks.spaced else None
    # White space marks no empty cell: where a field is missing, all behind it have shifted.
    exact = len(layout.names) if separator is None else 0
    most = -1 if exact else max(wanted) + 1
    extra = len(layout.names)
    last = before = ""
    for number, line in enumerate(lines):
        if cleaned:
            line = cleaned(line)
        fields = split_row(line, separator) if '"' in line else line.split(separator, most)
        try:
            if exact:
                if len(fields) != exact:
                    fields = []
            elif line.count(separator or "") >= extra and _is_wide(line, separator, extra, wanted):
                fields = []
            numbers.extend([convert(fields[i]) for i in wanted])
        except (ValueError, IndexError):
            if not line.strip():
                continue
            row = _patiently(fields, wanted, required, convert) if fields else []
            if not row and (odd := _odd(line, fields, wanted, required, layout)):
                if looks:
                    raise _SurpriseError(number) from None
                found.odd += 1
                found.first_odd = found.first_odd or odd
            elif not row and _is_wide(line, separator, extra, wanted):
                found.wide += 1
                found.first_wide = found.first_wide or line.strip()[:40]
            numbers.extend(row)
            found.bad += not row
        before, last = last, line
    # Only the last line can lack its end.
    if last.endswith("\n"):
        return found
    fields = split_row(last, separator)
    if not _is_cut(fields, split_row(before, separator)):
        return found
    found.cut_off = True
    if (not exact or len(fields) == exact) and _patiently(fields, wanted, required, convert):
        del numbers[-len(wanted) :]
    else:
        found.bad -= 1
    return found


def _is_wide(line: str, separator: str | None, width: int, wanted: Sequence[int]) -> bool:
    """Tell whether a row has numbers behind its last column, as if some had been split."""
    if separator is None:
        return len(line.split()) > width == len(without_gaps(line, True).split())
    fields = split_row(line, separator)
    return any(map(is_number, fields[width:])) and all(is_number(fields[i]) for i in wanted)


def _odd(
    line: str, fields: list[str], wanted: Sequence[int], required: Sequence[bool], layout: Layout
) -> str:
    """Return the first number of a row that is one, but not as the layout has it; else ""."""
    if not layout.marks.spaced and has_gaps(line, layout.separator is not None):
        return line.strip()[:40]
    texts = [
        fields[i].strip().strip(_QUOTES) if i < len(fields) else ""
        for i, must in zip(wanted, required, strict=True)
        if must
    ]
    if not all(is_number(text) for text in texts):
        return ""
    return next((text for text in texts if "." in text or "," in text), "")[:40]


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


def _patiently(
    fields: list[str],
    wanted: Sequence[int],
    required: Sequence[bool],
    convert: Callable[[str], float],
) -> list[float]:
    """Return a row field by field, nan for an empty cell; empty if a required one is no number."""
    row = []
    for index, must in zip(wanted, required, strict=True):
        text = fields[index].strip().strip(_QUOTES) if index < len(fields) else ""
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
