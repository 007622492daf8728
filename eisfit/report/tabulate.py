"""Data frames to the tables of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eisfit.report.columns import Cell, Column, cell_of, column_of, is_number
from eisfit.tables import is_empty, records

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
    names = _before_numbers([str(name) for name in frame.columns if name not in _LEFT_OUT])
    return table_of_rows(records(frame), names, key, title, caption, per_area=per_area, keep=keep)


def _before_numbers(names: list[str]) -> list[str]:
    """Return columns with the status behind element or role: it is read before the number."""
    place = max((names.index(n) for n in ("role", "element", "peak") if n in names), default=-1)
    if "status" not in names or place < 0:
        return names
    rest = [name for name in names if name != "status"]
    return [*rest[: place + 1], "status", *rest[place + 1 :]]


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


def _says_something(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    values = [row.get(name) for row in rows]
    if all(is_empty(value) for value in values):
        return False
    return name != "sweep" or any(value != 1 for value in values)


def _kind(values: Sequence[Any]) -> str:
    known = [value for value in values if not is_empty(value)]
    return "number" if known and all(is_number(value) for value in known) else "text"
