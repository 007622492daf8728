"""Our own JSON and CSV, as `eisfit.io.write` writes them, back to spectra."""

from __future__ import annotations

import csv
import json
from itertools import groupby
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError, SpectrumError
from eisfit.io.formula import is_formula
from eisfit.io.jsontable import check_entries
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import Spectrum

FORMAT = "eisfit-spectra"
VERSION = 1
_MOST_BYTES = 1 << 26
CSV_COLUMNS = (
    "label", "sweep", "frequency_hz", "real_ohm", "imaginary_ohm", "masked_because",
)  # fmt: skip
CSV_CONDITIONS = ("time_s", "potential_v", "temperature_c")
# Column of the CSV -> entry of the metadata: the file that was measured.
CSV_ORIGIN = {"source": "source", "source_sha256": "sha256"}
_TAKEN = (
    "frequency_hz: frequency in Hz", "real_ohm: real part in ohm",
    "imaginary_ohm: imaginary part in ohm",
)  # fmt: skip


def guarded(text: str) -> str:
    """Return text for a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if is_formula(text.lstrip("'")) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell as `guarded` wrote it."""
    begins = cell.startswith("'") and is_formula(cell.lstrip("'"))
    return cell[1:] if begins else cell


def read_json(source: Source, request: Request) -> list[Spectrum]:
    """Read our JSON; metadata come back as they were written, lists as tuples.

    Raises
    ------
    ReadError
        If the JSON is cut off or damaged, of a newer version, or an electrode, columns or a sign
        are asked for.
    """
    _refuse(source, request)
    try:
        text = source.read_bytes(_MOST_BYTES).decode("utf-8-sig")
        check_entries(text, source.name)
        document = json.loads(text)
        version = document["version"]
        entries = list(document["spectra"])
    except ReadError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReadError(
            f"{source.name} is cut off or damaged JSON ({_short(error)}): write it again"
        ) from error
    if version != VERSION:
        raise ReadError(
            f"{source.name} has version {version!r} of the eisfit format, this eisfit reads "
            f"version {VERSION}: update eisfit"
        )
    if not entries:
        raise NoImpedanceError(f"{source.name} holds an empty list of spectra")
    return [_from_entry(entry, number, source) for number, entry in enumerate(entries, start=1)]


def read_csv(source: Source, request: Request) -> list[Spectrum]:
    """Read our CSV; a new spectrum begins where label or sweep changes.

    Raises
    ------
    ReadError
        If a row is cut off or damaged, or an electrode, columns or a sign are asked for.
    """
    _refuse(source, request)
    with source.lines() as lines:
        rows = csv.DictReader(lines)
        try:
            numbered = [(rows.line_num, row) for row in rows]
        except csv.Error as error:
            raise ReadError(f"{source.name}, line {rows.line_num}: {error}") from error
    if not numbered:
        raise NoImpedanceError(f"{source.name} has column names but no row")
    return [
        _from_rows([row for _, row in group], group[0][0], source)
        for group in (
            list(members)
            for _, members in groupby(numbered, lambda pair: (pair[1]["label"], pair[1]["sweep"]))
        )
    ]


def _from_entry(entry: Any, number: int, source: Source) -> Spectrum:
    try:
        impedance = np.array(entry["real_ohm"], float) + 1j * np.array(
            entry["imaginary_ohm"], float
        )
        metadata = {key: _frozen(value) for key, value in entry["metadata"].items()}
        return Spectrum(
            np.array(entry["frequency_hz"], float),
            impedance,
            label=entry["label"],
            metadata={**_origin(source, "eisfit JSON", number), **metadata},
            reasons=entry["reasons"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReadError(
            f"{source.name}: spectrum {number} is damaged ({_short(error)}): write the file again"
        ) from error


def _from_rows(rows: list[dict[str, str]], line: int, source: Source) -> Spectrum:
    try:
        points = np.array(
            [
                [float(row[name]) for name in ("frequency_hz", "real_ohm", "imaginary_ohm")]
                for row in rows
            ]
        )
        metadata = _origin(source, "eisfit CSV", int(rows[0]["sweep"] or 1))
        metadata["columns"] = _TAKEN
        for name in CSV_CONDITIONS:
            if rows[0].get(name):
                metadata[name] = float(rows[0][name])
        for name, entry in CSV_ORIGIN.items():
            if rows[0].get(name):
                metadata[entry] = unguarded(rows[0][name])
        return Spectrum(
            points[:, 0],
            points[:, 1] + 1j * points[:, 2],
            label=unguarded(rows[0]["label"]),
            metadata=metadata,
            reasons=[unguarded(row["masked_because"] or "") for row in rows],
        )
    except (ValueError, TypeError, SpectrumError) as error:
        raise ReadError(
            f"{source.name}: the spectrum that begins in line {line} is cut off or damaged "
            f"({_short(error)}): write the file again"
        ) from error


def _origin(source: Source, kind: str, sweep: int) -> dict[str, Any]:
    return {"source": source.name, "sha256": source.sha256, "format": kind, "sweep": sweep}


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _refuse(source: Source, request: Request) -> None:
    for asked, what in (
        (request.electrode, "electrode"),
        (request.order or request.renamed, "columns"),
        (request.sign, "sign"),
    ):
        if asked:
            raise ReadError(
                f"{source.name} was written by eisfit and holds impedances that are settled: leave "
                f"out the {what}, or read the instrument's own file"
            )


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]
