"""Columns `reference_<role>_ohm`: values from elsewhere that stand beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PREFIX, _SUFFIX = "reference_", "_ohm"


def referenced_role(column: str) -> str | None:
    """Return the role that a column `reference_<role>_ohm` speaks of, else None."""
    if not (column.startswith(_PREFIX) and column.endswith(_SUFFIX)):
        return None
    return column[len(_PREFIX) : -len(_SUFFIX)] or None


def references(row: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the reference values of a row by role, and the columns that are left."""
    found, rest = {}, {}
    for name, value in row.items():
        role = referenced_role(name)
        if role is None:
            rest[name] = value
        elif value is not None and value == value:
            found[role] = float(value)
    return found, rest
