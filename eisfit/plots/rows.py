"""What the plots of a series take from a tidy table of resistances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.constants import NORMAL_95
from eisfit.plots import keys
from eisfit.plots.sequence import Place
from eisfit.spectrum import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_SUM = " + "  # in the column `element` of a sum of resistances
LOG_FROM = 10.0  # ratio of the largest to the smallest resistance


class Row(NamedTuple):
    """One resistance of a table.

    `lower` and `upper` are the ends of its 95 % interval in ohm, NaN where it has none.
    """

    sample: str
    cell: str
    role: str
    place: Place
    ohm: float
    lower: float
    upper: float
    status: str
    reference: float
    is_sum: bool


def rows_of(table: pd.DataFrame, along: str) -> list[Row]:
    """Return the rows of a table of resistances.

    Parameters
    ----------
    table : DataFrame
        Columns of `eisfit.tables.RESISTANCE_COLUMNS`, and `along`; `cell` and `reference_ohm`
        where there are any.
    along : str

    Raises
    ------
    ValueError
        If a column that the plots cannot do without is missing, or the table has no row.
    """
    missing = [c for c in ("sample", "role", "resistance_ohm", along) if c not in table]
    if missing:
        raise ValueError(f"the table of resistances has no column {', '.join(missing)}")
    if len(table) == 0:
        raise ValueError("the table of resistances has no row")
    return [_row(entry, along) for entry in table.to_dict("records")]


def chosen(rows: Sequence[Row], roles: Sequence[str] | None) -> list[str]:
    """Return the roles to draw: those asked for, else all that are no sums and have a number.

    Where none has a number, all that are no sums.

    Raises
    ------
    ValueError
        If a role is not in the table.
    """
    there = keys.in_order(row.role for row in rows)
    if roles is not None:
        unknown = [role for role in roles if role not in there]
        if unknown:
            raise ValueError(
                f"no role {', '.join(unknown)} in the table; there are {', '.join(there)}"
            )
        return list(roles)
    known = keys.in_order(row.role for row in rows if np.isfinite(row.ohm) and not row.is_sum)
    return known or keys.in_order(row.role for row in rows if not row.is_sum)


def wants_log(values: Any, asked: bool | None) -> bool:
    """Return whether resistances need a logarithmic axis: all positive, a decade or more apart."""
    if asked is not None:
        return asked
    finite = np.array([v for v in values if np.isfinite(v)])
    return bool(len(finite) and finite.min() > 0.0 and finite.max() >= LOG_FROM * finite.min())


def reach(rows: Sequence[Row], log: bool) -> FloatArray:
    """Return (2, N) lengths of error bars, down and up; NaN where there is none."""
    ohm = np.array([row.ohm for row in rows])
    lower = np.array([row.lower for row in rows])
    upper = np.array([row.upper for row in rows])
    known = (lower <= ohm) & (ohm <= upper) & ((lower > 0.0) if log else True)
    return np.where(known, [ohm - lower, upper - ohm], np.nan)


def _row(entry: Any, along: str) -> Row:
    ohm = _number(entry["resistance_ohm"])
    stderr = _number(entry.get("stderr_ohm"))
    lower, upper = _number(entry.get("lower_ohm")), _number(entry.get("upper_ohm"))
    if not (np.isfinite(lower) and np.isfinite(upper)):
        lower, upper = ohm - NORMAL_95 * stderr, ohm + NORMAL_95 * stderr
    place = entry[along]
    return Row(
        sample=str(entry["sample"]),
        cell=_text(entry.get("cell")),
        role=str(entry["role"]),
        place=place if isinstance(place, str) else _number(place),
        ohm=ohm,
        lower=lower,
        upper=upper,
        status=_text(entry.get("status")) or "ok",
        reference=_number(entry.get("reference_ohm")),
        is_sum=_SUM in _text(entry.get("element")),
    )


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
