"""Files to spectra: the format is found by content, signs are turned here and nowhere else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eisfit.errors import ReadError
from eisfit.io.sniff import choose
from eisfit.io.source import Source

if TYPE_CHECKING:
    from eisfit.spectrum import Spectrum

ELECTRODES = ("Ewe", "Ece", "Ewe-Ece")

__all__ = ["ELECTRODES", "read"]


def read(path: str | os.PathLike[str], *, electrode: str | None = None) -> list[Spectrum]:
    """Read a file of impedance; its content decides the format, not its suffix.

    Parameters
    ----------
    path : path
        BioLogic .mpr, .mpt and EC-Lab .txt export; a CSV, TSV, semicolon or space separated table
        with a header of column names; a headerless table of frequency, real and imaginary part;
        what `eisfit.io.write` wrote.
    electrode : {"Ewe", "Ece", "Ewe-Ece"}, optional
        Which electrode, or pair, the impedance is to be of, where a file holds several. By default
        what the technique controlled; `metadata["electrode"]` and `metadata["notes"]` say it.

    Returns
    -------
    list of Spectrum
        One per sweep, in the order of the file, frequencies in Hz and impedances in ohm with a
        capacitive arc negative. The label is the file's stem; see `Spectrum` for the metadata.

    Raises
    ------
    NoImpedanceError
        If the file is sound but holds no impedance: OCV, CV, an aborted run, no frequency.
    ReadError
        If the file is missing, a folder, empty, cut off, damaged, ambiguous, or of another kind.
    """
    if electrode is not None and electrode not in ELECTRODES:
        raise ReadError(
            f"unknown electrode {electrode!r}: choose one of {', '.join(ELECTRODES)}, or none to "
            "follow the settings of the technique"
        )
    source = Source.open(path)
    return choose(source).read(source, electrode)
