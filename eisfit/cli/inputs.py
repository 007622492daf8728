"""Files and options to the spectra that are asked for; what fails is kept for the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.cli.text import clean
from eisfit.errors import EisfitError, ReadError
from eisfit.io.paths import key, unused, utf8

if TYPE_CHECKING:
    from eisfit.cli.groups import Selection
    from eisfit.spectrum import Spectrum


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
        return self.spectrum.sweep

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
    """Return the spectra that could be read and selected, in order, and what failed.

    Raises
    ------
    SpectrumError
        If no frequency can be between the limits.
    """
    from eisfit.spectrum import check_window

    check_window(selection.f_min, selection.f_max)
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
                cropped = spectrum.crop(selection.f_min, selection.f_max)
            except EisfitError as error:
                where = f"{file}, sweep {spectrum.sweep}" if several else file
                failures.append(Failure(where, str(error)))
                continue
            new.append(Item(file, cropped, several))
        items += _told_apart(new, taken)
    return items, failures


def _read(file: str, selection: Selection) -> list[tuple[Spectrum, bool]]:
    from eisfit.api import read

    spectra = read(file, **selection.asked)
    several = len(spectra) > 1
    there = [spectrum.sweep for spectrum in spectra]
    missing = [n for n in selection.sweeps or () if n not in there]
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


def _told_apart(items: list[Item], taken: set[str]) -> list[Item]:
    """Rename samples of one file whose names an earlier file has, and keep the names in `taken`."""
    names: dict[str, str] = {}
    for item in items:
        label = item.spectrum.label
        if label not in names:
            own = {key(name) for name in names.values()}
            names[label] = unused(utf8(label) or "spectrum", taken | own)
    taken |= {key(name) for name in names.values()}
    return [
        replace(item, spectrum=item.spectrum.with_label(names[item.spectrum.label]))
        for item in items
    ]
