"""The columns of a row that say how large a cell is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eisfit.errors import GeometryError, SeriesError
from eisfit.geometry import COLUMNS, DIAMETERS, Geometry

_ERROR = "_stderr"


def geometry_of(row: Mapping[str, Any], where: str) -> tuple[Geometry | None, dict[str, Any]]:
    """Return the geometry that a row gives, if any, and the columns that are left.

    Raises
    ------
    SeriesError
        If a size makes no sense; the message begins with `where`.
    """
    known = {*COLUMNS, *DIAMETERS}
    sizes = {k: v for k, v in row.items() if k.removesuffix(_ERROR) in known}
    rest = {k: v for k, v in row.items() if k not in sizes}
    try:
        return Geometry.from_columns(sizes), rest
    except GeometryError as error:
        raise SeriesError(f"{where}: {error}") from None
