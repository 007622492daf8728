"""The tables of results, as they stand on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eisfit.cli.screen import Column, Screen
from eisfit.cli.text import NONE, interval, number, percent, prefixed, with_error
from eisfit.tables import records

if TYPE_CHECKING:
    import pandas as pd

_RESISTANCES = (
    Column("role"),
    Column("element"),
    Column("R / ohm", number=True),
    Column("95 % interval", number=True, wide=True),
    Column("tau / s", number=True),
    Column("C / F", number=True),
    Column("alpha", number=True, wide=True),
    Column("status"),
)
_PEAKS = (
    Column("", number=True),
    Column("role"),
    Column("tau / s", number=True),
    Column("f", number=True, wide=True),
    Column("R / ohm", number=True),
    Column("95 % interval", number=True),
    Column("C / F", number=True, wide=True),
    Column("share", number=True, wide=True),
    Column("status"),
)
_CANDIDATES_SHOWN = 5


def resistances(table: pd.DataFrame, screen: Screen) -> None:
    """Print a table of resistances."""
    screen.table(_RESISTANCES, [_resistance(row) for row in records(table)])


def _resistance(row: Mapping[str, Any]) -> list[str]:
    return [
        row["role"],
        row["element"],
        with_error(row["resistance_ohm"], row["stderr_ohm"]),
        interval(row["lower_ohm"], row["upper_ohm"]),
        number(row["tau_s"]),
        number(row["capacitance_f"]),
        number(row["alpha"]),
        row["status"],
    ]


def peaks(table: pd.DataFrame, screen: Screen) -> None:
    """Print a table of DRT peaks."""
    if table.empty:
        screen.line("DRT", "no peak")
        return
    screen.table(_PEAKS, [_peak(row) for row in records(table)])


def _peak(row: Mapping[str, Any]) -> list[str]:
    return [
        str(row["peak"]),
        row["role"] or NONE,
        number(row["tau_s"]),
        prefixed(row["frequency_hz"], "Hz"),
        number(row["resistance_ohm"], 4),
        interval(row["lower_ohm"], row["upper_ohm"]),
        number(row["capacitance_f"]),
        percent(row["fraction"]),
        row["status"],
    ]


def candidates(evidence: Sequence[Mapping[str, Any]], screen: Screen) -> None:
    """Print the best of the circuits that were tried."""
    rows = list(evidence)[:_CANDIDATES_SHOWN]
    names = [
        name for name in rows[0] if all(isinstance(row[name], str | int | float) for row in rows)
    ]
    # Circuits are long: behind the numbers they break without pushing those apart
    names.sort(key=lambda name: isinstance(rows[0][name], str))
    columns = [
        Column(name.replace("_", " "), number=not isinstance(rows[0][name], str)) for name in names
    ]
    screen.table(columns, [[_cell(row[name]) for name in names] for row in rows])


def _cell(value: Any) -> str:
    if isinstance(value, bool | str | int):
        return str(value)
    return number(value, 4)
