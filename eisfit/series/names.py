"""What a column of a manifest, or a field of a pattern, means; and the numbers in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from eisfit.constants import ZERO_C
from eisfit.series.spelling import likely

# Our name -> what people write for it, after `_plain`.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "file": ("file", "filename", "file_name", "path", "spectrum", "datei"),
    "sample": ("sample", "sample_name", "material", "probe"),
    "cell": ("cell", "cell_id", "cell_name", "cell_no", "cell_number", "replicate", "zelle"),
    "state": ("state", "cell_state", "zustand"),
    "cycle": ("cycle", "cycle_number", "cycle_no", "zyklus"),
    "sweep": ("sweep", "sweep_number"),
    "model": ("model", "circuit"),
    "cell_type": ("cell_type",),
    "f_min_hz": ("f_min_hz", "f_min"),
    "f_max_hz": ("f_max_hz", "f_max"),
    "read_columns": ("read_columns",),
    "read_sign": ("read_sign",),
    "read_electrode": ("read_electrode",),
    "read_decimal": ("read_decimal",),
}
_LOOKUP = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}

# Quantities with units: our name, spellings without unit, and factor and offset of each unit.
_TIMES = {"h": 1.0, "hours": 1.0, "hour": 1.0, "hr": 1.0, "hrs": 1.0, "min": 1 / 60,
          "mins": 1 / 60, "minutes": 1 / 60, "s": 1 / 3600, "sec": 1 / 3600, "seconds": 1 / 3600,
          "d": 24.0, "days": 24.0, "day": 24.0}  # fmt: skip
_UNITS: tuple[tuple[str, tuple[str, ...], dict[str, tuple[float, float]]], ...] = (
    (
        "time_h",
        ("time", "aging_time", "ageing_time", "aging", "ageing", "age", "t", "storage_time"),
        {unit: (factor, 0.0) for unit, factor in _TIMES.items()},
    ),
    (
        "temperature_c",
        ("temperature", "temp", "t"),
        {"c": (1.0, 0.0), "degc": (1.0, 0.0), "celsius": (1.0, 0.0), "k": (1.0, -ZERO_C)},
    ),
)
_WORDS = ("sample", "cell", "state", "model", "cell_type", "file", "sweep", "read_columns",
          "read_sign", "read_electrode", "read_decimal")  # fmt: skip
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_WITH_UNIT = re.compile(r"([-+.,\d]+(?:[eE][-+]?\d+)?)\s*([^\s\d.,+-][^\d]*)")
_OURS = (
    "file", "filename", "sample", "material", "cell_id", "cell", "replicate", "state", "cycle",
    "sweep", "model", "cell_type", "f_min_hz", "f_max_hz", "read_columns", "read_sign",
    "read_electrode", "read_decimal", "time", "temperature", "time_h", "time_min", "time_s",
    "time_d", "temperature_c", "temperature_k", "temperature_degc",
)  # fmt: skip
_REFERENCE = re.compile(r"reference_(.+)_ohm", re.IGNORECASE)


@dataclass(frozen=True)
class Meaning:
    """What a column holds: our name for it, and what makes its numbers ours."""

    name: str
    factor: float = 1.0
    offset: float = 0.0

    @property
    def is_text(self) -> bool:
        """Whether it is text even where it looks like a number, as a cell called 12."""
        return self.name in _WORDS

    def convert(self, number: float) -> float:
        """Return a number of the column in our unit."""
        return number * self.factor + self.offset


def meaning(column: str) -> Meaning:
    """Return what a column means; one that is not known keeps its name, and is an extra one."""
    if match := _REFERENCE.fullmatch(column.strip()):
        return Meaning(f"reference_{match[1]}_ohm")  # the case of a role or element is its own
    plain = _plain(column)
    if plain in _LOOKUP:
        return Meaning(_LOOKUP[plain])
    for name, spellings, units in _UNITS:
        bare, _, unit = plain.rpartition("_")
        if bare in spellings and unit in units:
            return Meaning(name, *units[unit])
        if plain in spellings and plain != "t":  # a bare t may be either
            return Meaning(name)
    return Meaning(plain or column)


def number_in(text: str) -> float | None:
    """Return the number that a text is, with a decimal point or comma; None if it is none."""
    plain = text.strip().replace("\u2212", "-")
    if not _NUMBER.fullmatch(plain):
        return None
    number = float(plain.replace(",", "."))
    return number if math.isfinite(number) else None


def number_with_unit(text: str, column: str) -> float | None:
    """Return the number in our unit of a cell such as `12 h`, `298 K` or `50 MPa`; None if none is.

    Units of time and temperature may differ from the column's, any other must be that of its name.
    """
    match = _WITH_UNIT.fullmatch(text.strip().replace("\u2212", "-"))
    number = number_in(match[1]) if match else None
    if match is None or number is None:
        return None
    what, unit = meaning(column), _plain(match[2])
    for name, _, units in _UNITS:
        if what.name == name:
            return Meaning(name, *units[unit]).convert(number) if unit in units else None
    return what.convert(number) if unit and _plain(column).endswith(f"_{unit}") else None


def close_to(column: str, others: Iterable[str] = ()) -> str:
    """Return the known column that an unknown one most likely means; "" if it is known, or none.

    Parameters
    ----------
    column : str
        As written.
    others : str
        Known columns besides those here, such as sizes.
    """
    plain, others = _plain(column), tuple(others)
    if meaning(column).name != plain or plain in (*_OURS, *others) or plain in _LOOKUP:
        return ""
    bare = [name for name in others if name.rpartition("_")[0] == plain]
    return bare[0] if bare else likely(plain, (*_OURS, *others))


def is_absent(text: str) -> bool:
    """Return whether a cell of a table says that there is nothing."""
    return text.strip().casefold() in ("", "-", "nan", "n/a", "na", "none", "null")


def _plain(column: str) -> str:
    text = column.strip().casefold().replace("°", "deg").replace("\u03bc", "u").replace("²", "2")
    return re.sub(r"\W+", "_", text).strip("_")
