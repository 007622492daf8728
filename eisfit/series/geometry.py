"""The columns of a row that say how large a cell is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eisfit.geometry import Geometry


def geometry_of(row: Mapping[str, Any], where: str) -> tuple[Geometry | None, dict[str, Any]]:
    """Return the geometry that a row gives, if any, and the columns that are left."""
    return None, dict(row)
