"""Rows to tidy tables: the columns are a contract, further ones may follow, none may vanish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

RESISTANCE_COLUMNS = (
    "sample", "sweep", "role", "element", "resistance_ohm", "stderr_ohm", "lower_ohm", "upper_ohm",
    "tau_s", "capacitance_f", "alpha", "status",
)  # fmt: skip
PEAK_COLUMNS = (
    "sample", "sweep", "peak", "role", "tau_s", "frequency_hz", "gamma_ohm", "resistance_ohm",
    "lower_ohm", "upper_ohm", "capacitance_f", "fraction", "probability", "status",
)  # fmt: skip
# Endings of the names of columns, and the signs of the units that they mean
_UNITS = {
    "_s_per_cm": "S/cm", "_ohm_cm2": "Ω cm²", "_mah_cm2": "mAh/cm²", "_mg_cm2": "mg/cm²",
    "_percent": "%", "_ohm_cm": "Ω cm", "_kj_mol": "kJ/mol", "_g_cm3": "g/cm³", "_f_cm": "F/cm",
    "_s_cm": "S/cm", "_mpa": "MPa", "_ohm": "Ω", "_cm2": "cm²", "_deg": "°", "_hz": "Hz",
    "_ev": "eV", "_cm": "cm", "_mm": "mm", "_um": "µm", "_nm": "nm", "_mg": "mg", "_mv": "mV",
    "_ma": "mA", "_h": "h", "_s": "s", "_c": "°C", "_f": "F", "_k": "K", "_v": "V", "_a": "A",
    "_g": "g",
}  # fmt: skip
STATUSES = ("ok", "unresolved", "at bound", "outside window", "not determined")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as rows, by the names of its columns."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def quantity_and_unit(column: str) -> tuple[str, str]:
    """Return what a column holds in words, and the sign of its unit: `bias_mv` gives bias, mV."""
    endings = (end for end in _UNITS if column.endswith(end) and column != end)
    ending = max(endings, key=len, default="")
    return column.removesuffix(ending).replace("_", " ").strip(), _UNITS.get(ending, "")


def is_empty(value: Any) -> bool:
    """Return whether a cell holds nothing: no text, or no number."""
    return value is None or value == "" or value != value


def frame(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return rows as a DataFrame with `columns` first, in their order, then whatever else is there.

    Numbers that a row lacks are NaN; an empty list of rows gives an empty table with all columns.
    """
    import pandas as pd

    rows = list(rows)
    further = dict.fromkeys(key for row in rows for key in row if key not in columns)
    return pd.DataFrame(rows, columns=[*columns, *further])
