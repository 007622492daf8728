"""A row, of a manifest or of a file's name, to members: its spectra with their conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from eisfit.constants import ZERO_C
from eisfit.errors import SeriesError
from eisfit.io import read
from eisfit.series.geometry import geometry_of
from eisfit.series.member import Member
from eisfit.series.names import Meaning, is_absent, number_in, number_with_unit
from eisfit.series.reference import references
from eisfit.series.states import HALF
from eisfit.spectrum import Spectrum

_OWN = ("sample", "cell", "time_h", "state", "temperature_c", "cycle", "model", "cell_type")
_TO_READ = (
    "file", "sweep", "f_min_hz", "f_max_hz", "read_columns", "read_sign", "read_electrode",
    "read_decimal",
)  # fmt: skip
_HOW = ("columns", "sign", "electrode", "decimal")
_NUMBERS = ("time_h", "temperature_c", "cycle", "f_min_hz", "f_max_hz")


_WITH_UNITS = {
    "time_h": " (a unit may stand behind it: h, min, s, d)",
    "temperature_c": " (a unit may stand behind it: °C, K)",
}


@dataclass(frozen=True)
class Row:
    """A row's cells by our names, where it stands, and its columns as written, for messages."""

    where: str
    values: Mapping[str, float | str]
    written: Mapping[str, str]

    @classmethod
    def of(cls, where: str, cells: Sequence[tuple[Meaning, str, str]]) -> Row:
        """Return the row of its cells: what each means, the column as written, the text.

        Raises
        ------
        SeriesError
            If a text stands where a number must, or a temperature is none.
        """
        values: dict[str, float | str] = {}
        written: dict[str, str] = {}
        for what, column, text in cells:
            if is_absent(text) and what.name != "read_sign":  # where a minus says something
                continue
            number = None if what.is_text else number_in(text)
            if number is not None:
                number = what.convert(number)
            elif not what.is_text:
                number = number_with_unit(text, column)
            must = what.name in _NUMBERS or what.name.startswith("reference_")
            if must and number is None:
                raise SeriesError(
                    f"{where}, column {column!r}: expected a number, found {text.strip()[:60]!r}"
                    f"{_WITH_UNITS.get(what.name, '')}"
                )
            if what.name == "temperature_c" and number is not None and number <= -ZERO_C:
                raise SeriesError(
                    f"{where}, column {column!r}: {text.strip()[:60]} is not above absolute zero"
                )
            values[what.name] = text.strip() if number is None else number
            written[what.name] = column
        return cls(where, values, written)

    def text(self, name: str) -> str:
        """Return a cell as text; "" where there is none."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else f"{value:g}"

    def number(self, name: str) -> float:
        """Return a cell as a number; NaN where there is none."""
        value = self.values.get(name, math.nan)
        return value if isinstance(value, float) else math.nan


@dataclass
class Reader:
    """Reads files once, however many rows name them."""

    _read: dict[tuple[Path | str, ...], list[Spectrum]] = field(default_factory=dict)

    def members(self, row: Row, path: Path, file: str) -> list[Member]:
        """Return the members that a row describes, one a sweep that it means.

        Raises
        ------
        ReadError
            If the file cannot be read.
        SeriesError
            If the sweep that the row names is not there, or a cell makes no sense.
        """
        spectra = self._spectra(row, path)
        wanted = _wanted(row, spectra)
        several = len(wanted) > 1
        return [
            _member(row, _cropped(s, row), file, _time(row, s, wanted[0], several)) for s in wanted
        ]

    def _spectra(self, row: Row, path: Path) -> list[Spectrum]:
        how = {name: row.text(f"read_{name}") for name in _HOW}
        key: tuple[Path | str, ...] = (path, *how.values())
        if key not in self._read:
            asked: dict[str, Any] = {name: value for name, value in how.items() if value}
            self._read[key] = read(path, **asked)
        return self._read[key]


def _wanted(row: Row, spectra: Sequence[Spectrum]) -> list[Spectrum]:
    text = row.text("sweep")
    if not text or text.casefold() == "all":
        return list(spectra)
    number = number_in(text)
    found = [s for s in spectra if s.sweep == number]
    if not found:
        raise SeriesError(
            f"{row.where}: there is no sweep {text!r} in the file, which has "
            f"{len(spectra)}: give a number from 1 to {len(spectra)}, or 'all'"
        )
    return found


def _cropped(spectrum: Spectrum, row: Row) -> Spectrum:
    low, high = row.number("f_min_hz"), row.number("f_max_hz")
    return spectrum.crop(None if math.isnan(low) else low, None if math.isnan(high) else high)


def _time(row: Row, spectrum: Spectrum, first: Spectrum, several: bool) -> float:
    """Return when a sweep began, in hours: the row's time, and since the first sweep it means."""
    begin = row.number("time_h")
    if not several:
        return begin
    since = spectrum.metadata.get("time_s", math.nan) - first.metadata.get("time_s", math.nan)
    return float((0.0 if math.isnan(begin) else begin) + since / 3600.0)


def _stem(file: str) -> str:
    """Return a file's name without folder and suffix, also of a path written on Windows."""
    return PurePosixPath(file.replace("\\", "/")).stem or "spectrum"


def _member(row: Row, spectrum: Spectrum, file: str, time_h: float) -> Member:
    values = {name: value for name, value in row.values.items() if name not in _TO_READ}
    known: dict[str, Any] = {name: values.pop(name) for name in _OWN if name in values}
    geometry, values = geometry_of(values, row.where, row.written)
    reference, extra = references(values)
    known |= {"time_h": time_h, "sample": known.get("sample") or _stem(file)}
    known["cell_type"] = str(known.get("cell_type", HALF)).casefold()
    try:
        return Member(
            spectrum, **known, geometry=geometry, extra=extra, reference=reference, file=file
        )
    except SeriesError as error:
        raise SeriesError(f"{row.where}: {error}") from None
