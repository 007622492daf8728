"""The columns of a row that say how large a cell is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eisfit.errors import GeometryError, SeriesError
from eisfit.geometry import COLUMNS, DIAMETERS, Geometry

SIZES = (*COLUMNS, *DIAMETERS)
_ERROR = "_stderr"


def geometry_of(
    row: Mapping[str, Any], where: str, written: Mapping[str, str]
) -> tuple[Geometry | None, dict[str, Any]]:
    """Return the geometry that a row gives, if any, and the columns that are left.

    Raises
    ------
    SeriesError
        If a size makes no sense; the message begins with `where`, and calls the column as
        `written`.
    """
    sizes = {k: v for k, v in row.items() if k.removesuffix(_ERROR) in SIZES}
    rest = {k: v for k, v in row.items() if k not in sizes}
    for name, size in sizes.items():
        may_be_zero = name.startswith("porosity") or name.endswith(_ERROR)
        is_number = isinstance(size, int | float)
        if not is_number or size < 0 or (size == 0 and not may_be_zero):
            raise SeriesError(
                f"{where}, column {written.get(name, name)!r}: must be a positive number, "
                f"found {size!r}"
            )
    try:
        return Geometry.from_columns(sizes), rest
    except GeometryError as error:
        raise SeriesError(f"{where}: {error}") from None
