"""Columns of cells to numbers: cells may hold numbers, numbers as text, or anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eisfit.io.layout import is_number
from eisfit.io.marks import Marks, has_gaps, settle, without_gaps
from eisfit.io.source import with_plain_minus
from eisfit.spectrum import FloatArray

_SAMPLE = 2_000


def numbers_of(
    columns: Sequence[Sequence[Any]],
    quantities: Sequence[str],
    source_name: str,
    decimal: str | None = None,
) -> tuple[list[FloatArray], str]:
    """Return the numbers of columns, nan where a cell holds none, and how texts were read.

    Parameters
    ----------
    columns : sequence of columns of cells
    quantities : sequence of str
        What each column is, as in `eisfit.io.columns`.
    decimal : {".", ","}, optional
        What the caller says is the decimal sign of texts.

    Returns
    -------
    numbers : list of (N,) arrays
    said : str
        How texts were read; "" where no text has a mark.

    Raises
    ------
    ReadError
        If texts hold numbers that can be read in two ways, and nothing tells which.
    """
    texts = [cell for column in columns for cell in column if isinstance(cell, str)]
    marks = Marks(spaced=any(has_gaps(text, True) for text in texts))
    if rows := _marked_rows(columns):
        # What is looked at must have marks, wherever the first of them stands.
        rows = sorted({*range(_SAMPLE), *rows[:_SAMPLE]})
        bare = [[_bare(column[row]) for row in rows if row < len(column)] for column in columns]
        marks = settle(bare, quantities, source_name, decimal=decimal, spaced=marks.spaced)
    convert = marks.converter()
    numbers = [np.array([_number(cell, convert) for cell in column], float) for column in columns]
    return numbers, f"numbers as text were read with {marks.describe()}" if rows else ""


def _marked_rows(columns: Sequence[Sequence[Any]]) -> list[int]:
    return [
        row
        for row, cells in enumerate(zip(*columns, strict=True))
        if any(isinstance(cell, str) and ("," in cell or "." in cell) for cell in cells)
    ]


def _bare(cell: Any) -> str:
    """Return a number as text: those that are no text without a mark, as they settle nothing."""
    if isinstance(cell, str):
        text = without_gaps(with_plain_minus(cell.strip()), True)
        return text if is_number(text) else ""
    if isinstance(cell, int | float) and np.isfinite(cell):
        mantissa, _, exponent = f"{cell:.9e}".partition("e")
        return f"{mantissa.replace('.', '')}e{int(exponent) - 9}"
    return ""


def _number(cell: Any, convert: Any) -> float:
    try:
        if isinstance(cell, str):
            return float(convert(without_gaps(with_plain_minus(cell.strip()), True)))
        return float(cell) if isinstance(cell, int | float) else float("nan")
    except (ValueError, OverflowError):
        return float("nan")
