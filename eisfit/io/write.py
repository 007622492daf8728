"""Spectra to files: CSV for everybody, JSON without any loss, EC-Lab text for other programs."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from eisfit.errors import OutputError
from eisfit.io.atomic import write_bytes_atomically, write_text_atomically
from eisfit.io.eclab import ORIGIN, ORIGIN_MARK
from eisfit.io.native import (
    CSV_COLUMNS,
    CSV_CONDITIONS,
    CSV_ORIGIN,
    FORMAT,
    VERSION,
    guarded,
)
from eisfit.spectrum import Spectrum

_TECHNIQUES = {
    "PEIS": "Potentio Electrochemical Impedance Spectroscopy",
    "GEIS": "Galvano Electrochemical Impedance Spectroscopy",
}
_SUBSCRIPTS = {"Ewe": "", "Ece": "ce", "Ewe-Ece": "we-ce"}
_POTENTIALS = {"Ewe": "<Ewe>/V", "Ece": "<Ece>/V", "Ewe-Ece": "<Ewe-Ece>/V"}


def write_csv(
    spectra: Spectrum | Sequence[Spectrum], path: str | os.PathLike[str], force: bool = False
) -> Path:
    """Write spectra as one table, a row per point, every digit kept.

    Columns: label, sweep, frequency_hz, real_ohm, imaginary_ohm (capacitive: negative),
    masked_because, and, where a spectrum has them, time_s, potential_v, temperature_c, and the
    source and source_sha256 of the file that was measured. Other metadata are not written;
    `write_json` keeps them. Text that a spreadsheet would take for a formula has an apostrophe
    before it.

    Raises
    ------
    OutputError
        If there is no spectrum, the file exists and `force` is false, or it cannot be written.
    """
    spectra = _several(spectra)
    conditions = [c for c in CSV_CONDITIONS if any(s.metadata.get(c) is not None for s in spectra)]
    origin = {c: e for c, e in CSV_ORIGIN.items() if any(s.metadata.get(e) for s in spectra)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*CSV_COLUMNS, *conditions, *origin])
    numbers = [spectrum.metadata.get("sweep", i) for i, spectrum in enumerate(spectra, start=1)]
    pairs = [(spectrum.label, number) for spectrum, number in zip(spectra, numbers, strict=True)]
    if any(one == other for one, other in pairwise(pairs)):
        numbers = list(range(1, len(spectra) + 1))  # what is read back splits where they change
    for sweep, spectrum in zip(numbers, spectra, strict=True):
        label = guarded(spectrum.label)
        known = [_cell(spectrum.metadata.get(condition)) for condition in conditions]
        known += [guarded(str(spectrum.metadata.get(entry, ""))) for entry in origin.values()]
        for f, z, reason in zip(
            spectrum.frequency, spectrum.impedance, spectrum.reasons, strict=True
        ):
            point = [repr(float(f)), repr(float(z.real)), repr(float(z.imag))]
            writer.writerow([label, sweep, *point, guarded(reason), *known])
    return write_text_atomically(path, text.getvalue(), force)


def write_json(
    spectra: Spectrum | Sequence[Spectrum], path: str | os.PathLike[str], force: bool = False
) -> Path:
    """Write spectra with labels, masks and metadata; `eisfit.read` gives them back unchanged.

    Raises
    ------
    OutputError
        If there is no spectrum, an entry of metadata cannot be written as JSON, the file exists
        and `force` is false, or it cannot be written.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "spectra": [
            {
                "label": spectrum.label,
                "metadata": dict(spectrum.metadata),
                "frequency_hz": spectrum.frequency.tolist(),
                "real_ohm": spectrum.impedance.real.tolist(),
                "imaginary_ohm": spectrum.impedance.imag.tolist(),
                "reasons": list(spectrum.reasons),
            }
            for spectrum in _several(spectra)
        ],
    }
    try:
        text = json.dumps(document, indent=1, ensure_ascii=False, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"cannot write {path}: an entry of metadata is no JSON ({error}); use text, finite "
            "numbers, lists and mappings"
        ) from error
    return write_text_atomically(path, text + "\n", force)


def write_eclab(
    spectra: Spectrum | Sequence[Spectrum],
    path: str | os.PathLike[str],
    comments: Sequence[str] = (),
    force: bool = False,
) -> Path:
    """Write the sweeps of one measurement as EC-Lab does when it exports text.

    Parameters
    ----------
    spectra : Spectrum or sequence of Spectrum
        The sweeps; each becomes one cycle number. Technique, start and electrode are those of the
        first, time and potential (where all have them) each sweep's own. Numbers have 13 digits.
        Masked points are written like all others. Labels, and name and checksum of the files that
        were measured, are written as a comment, which `eisfit.read` reads back.
    comments : sequence of str
        Lines for the header, for instance that the data are synthetic.

    Raises
    ------
    OutputError
        If there is no spectrum, a comment has several lines or a character outside latin-1, the
        file exists and `force` is false, or it cannot be written.
    """
    spectra = _several(spectra)
    first = spectra[0].metadata
    electrode = str(first.get("electrode", "Ewe"))
    z = f"Z{_SUBSCRIPTS.get(electrode, '')}"
    names = [
        "freq/Hz", f"Re({z})/Ohm", f"-Im({z})/Ohm", f"|{z}|/Ohm", f"Phase({z})/deg", "cycle number",
    ]  # fmt: skip
    conditions = [
        (key, name)
        for key, name in (
            ("time_s", "time/s"),
            ("potential_v", _POTENTIALS.get(electrode, "<Ewe>/V")),
            ("temperature_c", "Temperature/°C"),
        )
        if all(key in spectrum.metadata for spectrum in spectra)
    ]
    names += [name for _, name in conditions]
    above = _eclab_header(first, electrode, [*comments, origin_comment(spectra)])
    lines = ["EC-Lab ASCII FILE", f"Nb header lines : {len(above) + 3}", *above, "\t".join(names)]
    for number, spectrum in enumerate(spectra, start=1):
        known = [float(spectrum.metadata[key]) for key, _ in conditions]
        lines += _eclab_rows(spectrum, [float(number), *known])
    try:
        data = ("\r\n".join(lines) + "\r\n").encode("latin-1")
    except UnicodeEncodeError as error:
        raise OutputError(
            f"cannot write {path}: EC-Lab text has no character {error.object[error.start]!r}; "
            "write the comment without it"
        ) from error
    return write_bytes_atomically(path, data, force)


def origin_comment(spectra: Sequence[Spectrum]) -> str:
    """Return what spectra are called and where they are from, as one line of ASCII."""
    origins = [
        {
            "label": spectrum.label,
            **{key: str(spectrum.metadata[key]) for key in ORIGIN if key in spectrum.metadata},
        }
        for spectrum in spectra
    ]
    same = all(origin == origins[0] for origin in origins)
    return ORIGIN_MARK + json.dumps(origins[:1] if same else origins)


def _eclab_rows(spectrum: Spectrum, constants: Sequence[float]) -> list[str]:
    block = np.column_stack(
        [
            spectrum.frequency,
            spectrum.impedance.real,
            -spectrum.impedance.imag,
            spectrum.modulus,
            spectrum.phase_deg,
            *(np.full(len(spectrum), value) for value in constants),
        ]
    )
    return ["\t".join(f"{value:.12E}" for value in row) for row in block]


def _eclab_header(
    metadata: Mapping[str, Any], electrode: str, comments: Sequence[str]
) -> list[str]:
    technique = str(metadata.get("technique", "PEIS"))
    header = ["", _TECHNIQUES.get(technique, technique), ""]
    if "electrode" in metadata:
        header.append(f"Potential control : {electrode}")
    if "acquired" in metadata:
        try:
            start = datetime.fromisoformat(str(metadata["acquired"]))
        except ValueError as error:
            raise OutputError(f"the time of the start is not ISO 8601: {error}") from error
        milli = start.microsecond // 1000
        header.append(f"Acquisition started on : {start:%m/%d/%Y %H:%M:%S}.{milli:03d}")
    for comment in comments:
        if "\n" in comment or "\r" in comment:
            raise OutputError("a comment must be one line: give several comments instead")
        header.append(f"Comments : {comment}")
    return [*header, ""]


def _several(spectra: Spectrum | Sequence[Spectrum]) -> list[Spectrum]:
    several = [spectra] if isinstance(spectra, Spectrum) else list(spectra)
    if not several:
        raise OutputError("there is no spectrum to write")
    return several


def _cell(value: Any) -> str:
    return "" if value is None else repr(float(value))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} {value!r}")
