"""Files and options to the spectra that are asked for; what fails is kept for the end."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.cli.text import clean
from eisfit.errors import EisfitError, ReadError

if TYPE_CHECKING:
    from eisfit.spectrum import Spectrum


@dataclass(frozen=True)
class Selection:
    """Which files, and what of them."""

    files: tuple[str, ...]
    electrode: str | None = None
    sweeps: tuple[int, ...] = ()
    f_min: float | None = None
    f_max: float | None = None
    columns: str | None = None
    sign: str | None = None
    decimal: str | None = None

    @classmethod
    def of(
        cls,
        files: Sequence[str],
        electrode: Enum | None,
        sweeps: Sequence[int] | None,
        f_min: float | None,
        f_max: float | None,
        columns: str | None = None,
        sign: str | None = None,
        decimal: str | None = None,
    ) -> Selection:
        """Return the selection that the options describe.

        Raises
        ------
        ReadError
            If no frequency can be between the limits.
        """
        if f_min is not None and f_max is not None and f_min > f_max:
            raise ReadError(f"--f-min {f_min:g} is above --f-max {f_max:g}: nothing is between")
        name = None if electrode is None else str(electrode.value)
        return cls(tuple(files), name, tuple(sweeps or ()), f_min, f_max, columns, sign, decimal)


@dataclass(frozen=True, eq=False)
class Item:
    """One spectrum to work on.

    Attributes
    ----------
    file : str
        As the user gave it.
    spectrum : Spectrum
        Cropped; its label tells files apart.
    of_several : bool
        Whether its file has more than one sweep.
    """

    file: str
    spectrum: Spectrum
    of_several: bool

    @property
    def sweep(self) -> int:
        """Number of the sweep in its file, from 1."""
        return int(self.spectrum.metadata.get("sweep", 1))

    @property
    def title(self) -> str:
        """Sample, and sweep where there are several."""
        label = clean(self.spectrum.label)
        return f"{label}, sweep {self.sweep}" if self.of_several else label


@dataclass(frozen=True)
class Failure:
    """An input that failed, and why."""

    file: str
    error: str


def gather(selection: Selection) -> tuple[list[Item], list[Failure]]:
    """Return the spectra that could be read and selected, in order, and what failed."""
    items: list[Item] = []
    failures: list[Failure] = []
    taken: set[str] = set()
    for file in selection.files:
        try:
            spectra = _read(file, selection)
        except EisfitError as error:
            failures.append(Failure(file, str(error)))
            continue
        new: list[Item] = []
        for spectrum, several in spectra:
            try:
                cropped = _crop(spectrum, selection)
            except EisfitError as error:
                where = f"{file}, sweep {spectrum.metadata.get('sweep', 1)}" if several else file
                failures.append(Failure(where, str(error)))
                continue
            new.append(Item(file, cropped, several))
        items += _told_apart(new, taken)
    return items, failures


def _read(file: str, selection: Selection) -> list[tuple[Spectrum, bool]]:
    from eisfit.api import read

    spectra = read(
        file,
        electrode=selection.electrode,
        columns=selection.columns,
        sign=selection.sign,
        decimal=selection.decimal,
    )
    several = len(spectra) > 1
    there = [spectrum.metadata.get("sweep", 1) for spectrum in spectra]
    missing = [n for n in selection.sweeps if n not in there]
    if missing:
        raise ReadError(
            f"{Path(file).name} has no sweep {', '.join(map(str, missing))}; it has "
            f"{_ranges(there)}"
        )
    wanted = selection.sweeps or there
    return [(s, several) for s, n in zip(spectra, there, strict=True) if n in wanted]


def _ranges(numbers: Sequence[int]) -> str:
    if len(numbers) > 3 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))


def _crop(spectrum: Spectrum, selection: Selection) -> Spectrum:
    if selection.f_min is None and selection.f_max is None:
        return spectrum
    high = float("inf") if selection.f_max is None else selection.f_max
    return spectrum.crop(selection.f_min or 0.0, high)


def _told_apart(items: list[Item], taken: set[str]) -> list[Item]:
    """Rename samples of one file whose names an earlier file has, and keep the names in `taken`."""
    names: dict[str, str] = {}
    for item in items:
        label = item.spectrum.label
        if label not in names:
            # Bytes of a name that are no text could not be written
            plain = label.encode("utf-8", "backslashreplace").decode("utf-8") or "spectrum"
            names[label] = unused(plain, taken | {key(name) for name in names.values()})
    taken |= {key(name) for name in names.values()}
    return [
        replace(item, spectrum=item.spectrum.with_label(names[item.spectrum.label]))
        for item in items
    ]


def unused(name: str, taken: set[str]) -> str:
    """Return the name, or with the first number that makes it new."""
    candidate, number = name, 1
    while key(candidate) in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def key(name: str) -> str:
    """Return what two names have in common if some file system takes them for one."""
    return unicodedata.normalize("NFC", name).casefold()
