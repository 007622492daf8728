"""Files to spectra: the format is found by content, signs are turned here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eisfit.io.request import ELECTRODES, Request
from eisfit.io.source import Source

if TYPE_CHECKING:
    from eisfit.spectrum import Spectrum

__all__ = ["ELECTRODES", "read"]


def read(
    path: str | os.PathLike[str],
    *,
    electrode: str | None = None,
    columns: str | Sequence[str] | Mapping[str, str] | None = None,
    sign: str | None = None,
    decimal: str | None = None,
) -> list[Spectrum]:
    """Read a file of impedance; its content decides the format, not its suffix.

    Parameters
    ----------
    path : path
        A file of one of the formats in `docs/readers.md`: those of instruments, tables as text or
        spreadsheet with the column names that a person would write, what `eisfit.io.write` wrote.
    electrode : {"Ewe", "Ece", "Ewe-Ece"}, optional
        Which electrode, or pair, the impedance is to be of, where a file holds several. By default
        what the technique controlled; `metadata["electrode"]` and `metadata["notes"]` say it.
    columns : str, sequence or mapping of str, optional
        Which column is which, where the file does not say it clearly: names to read the columns by,
        in their order, "-" for one to leave out ("freq/kHz,Re(Z),-Im(Z)"); or only some of them,
        as the file's name and the name to read it by ("Zr=Re(Z)/kOhm", or a mapping).
    sign : {"+", "-"}, optional
        What the column of the imaginary part (else of the phase) holds: "+" the imaginary part,
        "-" its negative. By default as its name says, else as the data say.
    decimal : {".", ","}, optional
        The decimal sign of a text, where its numbers leave open what 10,000 is.

    Returns
    -------
    list of Spectrum
        One per sweep, in the order of the file, frequencies in Hz and impedances in ohm with a
        capacitive arc negative. The label is the file's stem, or the name of the sheet or part
        where there are several; see `Spectrum` for the metadata. `metadata["columns"]` says what
        was taken as what, `metadata["notes"]` what else was decided or left out.

    Raises
    ------
    NoImpedanceError
        If the file is sound but holds no impedance: OCV, CV, an aborted run, no frequency.
    ReadError
        If the file is missing, a folder, empty, cut off, damaged, ambiguous, or of another kind.
    """
    from eisfit.io.spectra import read_source

    request = Request.of(electrode, columns, sign, decimal)
    spectra, _ = read_source(Source.open(path), request)
    return spectra
