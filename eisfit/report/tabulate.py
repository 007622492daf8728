"""Data frames to the tables of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eisfit.report.columns import Cell, Column, cell_of, column_of, is_number

if TYPE_CHECKING:
    import pandas as pd

# Of interest to programs, not to readers of a page
_LEFT_OUT = {"tau_stderr_s", "capacitance_stderr_f", "alpha_stderr", "family", "shape"}


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes
    ----------
    key : str
        Identifier in the page: letters, digits and hyphens.
    title, caption : str
    columns : tuple of Column
    rows : tuple of tuples of Cell
    """

    key: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def table_of(
    frame: pd.DataFrame,
    key: str,
    title: str,
    caption: str = "",
    *,
    per_area: bool = False,
    keep: Sequence[str] = (),
) -> Table:
    """Return a data frame as a table; columns without any content are left out, but for `keep`."""
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    names = [str(name) for name in frame.columns if name not in _LEFT_OUT]
    return table_of_rows(rows, names, key, title, caption, per_area=per_area, keep=keep)


def resistances(frame: pd.DataFrame, per_area: bool) -> Table:
    """Return the table of resistances."""
    return table_of(
        frame, "resistances", "Resistances by role",
        "Intervals hold the true value with a probability of 95 %; they are the uncertainty of the "
        "fit, and cells scatter besides. A sum stands below its parts.",
        per_area=per_area, keep=("role", "status"),
    )  # fmt: skip


def peaks(frame: pd.DataFrame, per_area: bool) -> Table:
    """Return the table of the peaks of a DRT."""
    return table_of(
        frame, "peaks", "Peaks of the relaxation times",
        "A peak's resistance is its area. What lies outside the measured window is extrapolated.",
        per_area=per_area, keep=("role", "status"),
    )  # fmt: skip


def table_of_rows(
    rows: Iterable[Mapping[str, Any]],
    names: Sequence[str],
    key: str,
    title: str,
    caption: str = "",
    *,
    per_area: bool = False,
    keep: Sequence[str] = (),
) -> Table:
    """Return rows as a table with the columns `names`, less those without content."""
    rows = list(rows)
    held = [name for name in names if name in keep or _says_something(name, rows)]
    columns = tuple(
        column_of(name, _kind([row.get(name) for row in rows]), per_area) for name in held
    )
    cells = tuple(tuple(cell_of(name, row.get(name)) for name in held) for row in rows)
    return Table(key, title, caption, columns, cells)


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _says_something(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    values = [row.get(name) for row in rows]
    if all(_empty(value) for value in values):
        return False
    return name != "sweep" or any(value != 1 for value in values)


def _kind(values: Sequence[Any]) -> str:
    known = [value for value in values if not _empty(value)]
    return "number" if known and all(is_number(value) for value in known) else "text"
