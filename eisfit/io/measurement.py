"""What every reader ends in: named columns and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.columns import VITAL, Column, interpret, is_complete
from eisfit.io.request import Request
from eisfit.spectrum import FloatArray

Key = tuple[str, str]

_MOST_GROUPS = 1_000
_WORDS = {
    "real": "real part", "imaginary": "imaginary part", "cycle": "cycle number",
    "loop": "loop number", "sweep": "sweep number", "omega": "angular frequency",
}  # fmt: skip
_UNITS = {
    "frequency": "Hz", "omega": "rad/s", "real": "ohm", "imaginary": "ohm", "modulus": "ohm",
    "time": "s", "potential": "V", "temperature": "degrees C",
}  # fmt: skip


@dataclass(frozen=True)
class Measurement:
    """Columns of a file, or of a part of it, and what its settings say.

    Parameters
    ----------
    columns : mapping of (quantity, electrode) to (N,) array
        In Hz, rad/s, ohm, degrees, s, V, degrees C; see `eisfit.io.columns`.
    format : str
        What the file is.
    control : str, optional
        The electrode, or pair, whose potential the technique controlled.
    metadata : mapping
        Entries for every spectrum of the measurement.
    notes : tuple of str
        What was taken as what, so far.
    angle_unit_known : bool
        Whether the phase column names its unit; else the data must tell degrees from radians.
    loop_starts : (M,) array, optional
        Rows where the instrument says that a loop begins.
    label : str
        Name of this part of the file (a sheet, a title); "" where there is but one.
    taken, unused : tuple of str
        Each column that is used, as "name: what it was taken as"; names of the others.
    sign_is_named : bool
        Whether the name of the imaginary part says its sign beyond doubt, as `Im(Z)` and
        `-Z''` do and `Z''` does not.
    origins : tuple of mappings
        `label`, `source` and `sha256` of each sweep, or of all, where eisfit wrote the file.
    minus_is_named : bool
        Whether that name, or that of the phase where there is no imaginary part, has a minus.
    """

    columns: Mapping[Key, FloatArray]
    format: str
    control: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    angle_unit_known: bool = True
    loop_starts: FloatArray | None = None
    label: str = ""
    taken: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    sign_is_named: bool = True
    minus_is_named: bool = False
    origins: tuple[Mapping[str, str], ...] = ()

    @property
    def pairs(self) -> list[str]:
        """Electrodes of which there is an impedance."""
        return [
            pair
            for pair in ("Ewe", "Ece", "Ewe-Ece")
            if all((part, pair) in self.columns for part in ("real", "imaginary"))
            or all((part, pair) in self.columns for part in ("modulus", "phase"))
        ]


@dataclass(frozen=True)
class Choice:
    """Which columns of a table are used, and as what.

    Parameters
    ----------
    names : tuple of str
        Names as the file has them.
    used : tuple of (int, Column)
        Index and meaning. Vital quantities (frequency and impedance) may be there twice; they are
        compared once they are read.
    """

    names: tuple[str, ...]
    used: tuple[tuple[int, Column], ...]

    @classmethod
    def among(cls, names: Sequence[str], request: Request, source_name: str) -> Choice:
        """Choose by name; see `Request.names` for what may be raised."""
        used: list[tuple[int, Column]] = []
        seen: set[Key] = set()
        for index, name in enumerate(request.names(names, source_name)):
            column = interpret(name)
            if column and (column.quantity in VITAL or column.key not in seen):
                seen.add(column.key)
                used.append((index, column))
        return cls(tuple(names), tuple(used))

    @property
    def indices(self) -> list[int]:
        """Indices of the columns that are used."""
        return [index for index, _ in self.used]

    @property
    def vital(self) -> list[bool]:
        """For each of them whether a row without a number there is no row."""
        return [column.quantity in VITAL for _, column in self.used]

    @property
    def groups(self) -> list[Choice]:
        """Spectra that stand side by side, each with its own frequency; itself where it is one."""
        starts = [
            place
            for place, (_, column) in enumerate(self.used)
            if column.quantity in ("frequency", "omega")
        ]
        bounds = [0, *starts[1:], len(self.used)]
        parts = [Choice(self.names, self.used[a:b]) for a, b in pairwise(bounds)]
        return parts if all(part.is_complete for part in parts) else [self]

    @property
    def is_complete(self) -> bool:
        """Whether they make a spectrum."""
        return is_complete([column for _, column in self.used])

    def check(self, source_name: str) -> None:
        """Do nothing where they make a spectrum.

        Raises
        ------
        NoImpedanceError
            Where they do not.
        """
        if not self.is_complete:
            raise NoImpedanceError(
                f"{source_name} has the columns {', '.join(n for n in self.names if n)[:160]}, "
                "which hold no frequency together with an impedance: give the impedance file, or "
                "say which column is which (--columns)"
            )

    @property
    def taken(self) -> tuple[str, ...]:
        """Sentences that say what was taken as what."""
        return tuple(
            f"{self.names[index] or f'column {index + 1}'}: {describe(column)}"
            for index, column in self.used
        )

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the other columns."""
        used = set(self.indices)
        return tuple(n for i, n in enumerate(self.names) if i not in used and n.strip())


def describe(column: Column) -> str:
    """Say in words what a column was taken as."""
    words = ("minus the " if column.scale < 0 else "") + _WORDS.get(
        column.quantity, column.quantity
    )
    if column.electrode and column.electrode != "Ewe":
        words += f" of {column.electrode}"
    if column.unit:
        return f"{words} in {column.unit}"
    unit = _UNITS.get(column.quantity)
    return f"{words} in {unit} (assumed, the name has no unit)" if unit else words


def measured(
    choice: Choice,
    values: Sequence[FloatArray],
    source_name: str,
    **more: Any,
) -> Measurement:
    """Make a measurement of the columns that were chosen.

    Parameters
    ----------
    values : sequence of (N,) arrays
        The numbers of `choice.used`, as they are in the file.
    **more
        Other fields of `Measurement`.

    Raises
    ------
    NoImpedanceError
        If the columns make no spectrum.
    ReadError
        If two columns claim to be the same quantity and differ.
    """
    choice.check(source_name)
    columns: dict[Key, FloatArray] = {}
    origin: dict[Key, int] = {}
    for (index, column), raw in zip(choice.used, values, strict=True):
        number = np.asarray(raw, dtype=np.float64)
        if (column.scale, column.offset) != (1.0, 0.0):
            number = number * column.scale + column.offset
        if column.key in columns:
            _check_same(choice, column, origin[column.key], index, columns, number, source_name)
            continue
        columns[column.key] = number
        origin[column.key] = index
    metadata = dict(more.pop("metadata", {}))
    used = [column for _, column in choice.used]
    if any(column.unit == "ohm cm2" for column in used):
        metadata["impedance_unit"] = "ohm cm2"
    return Measurement(
        columns,
        metadata=metadata,
        angle_unit_known=all(column.unit for column in used if column.quantity == "phase"),
        taken=choice.taken,
        unused=choice.unused,
        minus_is_named=any(column.scale < 0 for column in _bearing_sign(used)[:1]),
        sign_is_named=all(column.signed for column in _bearing_sign(used)),
        **more,
    )


def measured_side_by_side(
    choice: Choice,
    values: Sequence[FloatArray],
    source_name: str,
    **more: Any,
) -> list[Measurement]:
    """Make a measurement of each group of columns with a frequency of its own; see `measured`."""
    found = []
    groups = choice.groups
    if len(groups) > _MOST_GROUPS:
        raise ReadError(
            f"{source_name} has more than {_MOST_GROUPS} spectra side by side: split it"
        )
    begin = 0
    for number, group in enumerate(groups, start=1):
        end = begin + len(group.used)
        part = {**more}
        if len(groups) > 1:
            said = f"spectrum {number} of {len(groups)} that stand side by side"
            part["notes"] = (*more.get("notes", ()), said)
        one = measured(group, values[begin:end], source_name, **part)
        found.append(replace(one, unused=choice.unused))
        begin = end
    return found


def measured_table(
    table: Mapping[str, FloatArray], request: Request, source_name: str, **more: Any
) -> Measurement:
    """Make a measurement of named columns of one length; see `measured`."""
    choice = Choice.among(list(table), request, source_name)
    arrays = list(table.values())
    return measured(choice, [arrays[i] for i in choice.indices], source_name, **more)


def _check_same(
    choice: Choice,
    column: Column,
    first: int,
    second: int,
    columns: Mapping[Key, FloatArray],
    number: FloatArray,
    source_name: str,
) -> None:
    known = columns[column.key]
    with np.errstate(invalid="ignore"):
        apart = np.abs(number - known) > 1e-3 * np.abs(known)
    if np.any(apart):
        what = _WORDS.get(column.quantity, column.quantity)
        one, two = choice.names[first], choice.names[second]
        raise ReadError(
            f"{source_name} has two columns for the {what}, {one!r} (column {first + 1}) and "
            f"{two!r} (column {second + 1}), and they differ: say which to read (--columns), by "
            f"names in order with '-' for a column to leave out, or with '{two}=-'"
        )


def _bearing_sign(used: Sequence[Column]) -> list[Column]:
    """Return the columns of the imaginary part, or those of the phase where there is none."""
    imaginary = [column for column in used if column.quantity == "imaginary"]
    return imaginary or [column for column in used if column.quantity == "phase"]
