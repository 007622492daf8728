"""PalmSens .pssession: JSON, mostly as UTF-16; each measurement has a list of arrays with units."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.jsontable import load_json
from eisfit.io.measurement import Measurement, measured_table
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

FORMAT = "PalmSens .pssession"
_TICKS_PER_MICROSECOND = 10


def read_pssession(source: Source, request: Request) -> list[Measurement]:
    """Read a .pssession: one measurement for each of impedance.

    Raises
    ------
    NoImpedanceError
        If no measurement is of impedance.
    ReadError
        If the JSON is cut off or damaged.
    """
    document = load_json(source)
    entries = document.get("Measurements") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ReadError(f"{source.name} ({FORMAT}) has no list of measurements: save it again")
    found = [(entry, _arrays(entry)) for entry in entries if isinstance(entry, dict)]
    spectra = [(entry, arrays) for entry, arrays in found if _length(arrays)]
    if not spectra:
        titles = ", ".join(str(entry.get("Title")) for entry, _ in found)[:160] or "none"
        raise NoImpedanceError(
            f"{source.name} ({FORMAT}) holds no measurement of impedance; its measurements are: "
            f"{titles}. Give the session with the EIS"
        )
    return [
        measured_table(
            _table(arrays, source),
            request,
            source.name,
            format=FORMAT,
            metadata=_metadata(entry),
            label=str(entry.get("Title") or ""),
        )
        for entry, arrays in spectra
    ]


def _arrays(entry: dict[str, Any]) -> list[tuple[str, str, FloatArray]]:
    """Return name with unit, description and numbers of each array of a measurement."""
    values = entry.get("DataSet")
    values = values.get("Values") if isinstance(values, dict) else None
    found = []
    for array in values if isinstance(values, list) else []:
        unit = array.get("Unit") if isinstance(array, dict) else None
        data = array.get("DataValues") if isinstance(array, dict) else None
        if not isinstance(unit, dict) or not isinstance(data, list):
            continue
        name = f"{unit.get('Q') or array.get('Description')} ({unit.get('S') or ''})"
        try:
            numbers = np.array([float(value["V"]) for value in data])
        except (TypeError, KeyError, ValueError, OverflowError):
            continue
        found.append((name, str(array.get("Description")), numbers))
    return found


def _length(arrays: list[tuple[str, str, FloatArray]]) -> int:
    return next((len(numbers) for name, _, numbers in arrays if name == "Frequency (Hz)"), 0)


def _table(arrays: list[tuple[str, str, FloatArray]], source: Source) -> dict[str, FloatArray]:
    """Return the arrays as long as that of the frequency, the measured potential before the set."""
    length = _length(arrays)
    table: dict[str, FloatArray] = {}
    for name, description, numbers in arrays:
        if len(numbers) == length and (name not in table or description == "mEdc"):
            if name == "Potential (V)" and description not in ("mEdc", "potential"):
                continue  # the amplitude
            table[name] = numbers
        elif name in ("Z' (Ω)", "-Z'' (Ω)") and name not in table:
            raise ReadError(
                f"{source.name} ({FORMAT}): {len(numbers)} values of {name} for {length} "
                "frequencies, so it is damaged: save the session again"
            )
    return table


def _metadata(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"technique": "EIS"}
    if title := entry.get("Title"):
        found["title"] = str(title)
    ticks = entry.get("TimeStamp")
    if isinstance(ticks, int) and 6e17 < ticks < 9e17:  # 1902 to 2852
        moment = datetime(1, 1, 1) + timedelta(microseconds=ticks // _TICKS_PER_MICROSECOND)
        found["acquired"] = moment.isoformat(timespec="milliseconds")
    return found
