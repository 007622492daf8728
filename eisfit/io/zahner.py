"""Zahner .ism: big-endian arrays, one quantity after the other, then short texts.

Layout after Zahner's own reader (Zahner-Analysis-Python): version and number of points less one as
6-byte integers; frequency in Hz, modulus in ohm, phase in rad, time in s since 1980, each as 8-byte
floats; significance as 2-byte integers; texts with a 2-byte length, their upper and lower case
swapped: date, system, potential, current, temperature, clock, comments.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.measurement import Measurement, measured_table
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

FORMAT = "Zahner .ism"
_EPOCH = datetime(1980, 1, 1)
_ARRAYS = ("frequency/Hz", "|Z|/Ohm", "phase(Z)/rad", "time/s")
_MOST_BYTES = 1 << 26


def read_ism(source: Source, request: Request) -> list[Measurement]:
    """Read an .ism; of the sweep that begins in the middle, the part from end to end is taken.

    Raises
    ------
    ReadError
        If the file is cut off before the phase of its first point.
    """
    content = source.read_bytes(_MOST_BYTES)
    points = int.from_bytes(content[6:12], "big") + 1
    notes: list[str] = []
    whole = min(points, max(0, (len(content) - 12 - 16 * points) // 8))
    if whole == 0:
        raise ReadError(
            f"{source.name} is cut off: it announces {points} points and ends before the phase of "
            "the first; copy the file anew"
        )
    if whole < points:
        notes.append(
            f"warning: the file is cut off; {whole} of {points} points are there, "
            f"{points - whole} are missing"
        )
    table: dict[str, FloatArray] = {}
    for place, name in enumerate(_ARRAYS):
        begin = 12 + 8 * points * place
        if begin + 8 * whole <= len(content):
            table[name] = np.frombuffer(content, ">f8", whole, begin).astype(np.float64)
    metadata = _metadata(table, content[12 + 34 * points :], notes)
    rows = _from_end_to_end(table[_ARRAYS[0]], notes)
    table = {name: values[rows] for name, values in table.items()}
    return [
        measured_table(
            table, request, source.name, format=FORMAT, metadata=metadata, notes=tuple(notes)
        )
    ]


def _from_end_to_end(frequency: FloatArray, notes: list[str]) -> slice:
    """Return the rows between lowest and highest frequency.

    Zahner's instruments begin in the middle, go to one end, and only then from that end to the
    other; the rows on the way to the first end are measured twice.
    """
    known = np.where(np.isfinite(frequency), frequency, 0.0)
    ends = sorted((int(np.argmax(known)), int(np.argmin(np.where(known > 0, known, np.inf)))))
    rows = slice(ends[0], ends[1] + 1)
    left_out = len(frequency) - (rows.stop - rows.start)
    if left_out:
        notes.append(
            f"{left_out} point(s) of the way to the first end of the range were left out, as "
            "Zahner's own programs do: the sweep measures them again"
        )
    return rows


def _metadata(table: dict[str, FloatArray], rest: bytes, notes: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"technique": "EIS"}
    times = table.get("time/s")
    if times is not None and np.isfinite(times).all():
        start = float(np.min(np.abs(times)))
        table["time/s"] = np.abs(times) - start
        if 0 < start < 1e10:
            moment = _EPOCH + timedelta(seconds=start)
            found["acquired"] = moment.isoformat(timespec="milliseconds")
    else:
        table.pop("time/s", None)
    texts = _texts(rest)
    if len(texts) >= 5:
        if match := re.match(r"\s*([-+]?[\d.]+)\s*(m?)v", texts[2], re.IGNORECASE):
            found["potential_v"] = _number(match[1]) * (1e-3 if match[2] else 1.0)
        if match := re.match(r"\s*([-+]?[\d.]+)\s*(?:\+-\s*[\d.]+)?\s*°?c", texts[4], re.I):
            temperature = _number(match[1])
            if -273 < temperature < 2000:  # -273.15 stands for no probe
                found["temperature_c"] = temperature
    return {key: value for key, value in found.items() if value == value}


def _texts(rest: bytes) -> list[str]:
    """Return the first texts, as far as they are whole."""
    texts: list[str] = []
    at = 0
    while len(texts) < 6 and at + 2 <= len(rest):
        length = int.from_bytes(rest[at : at + 2], "big")
        if length > 1000 or at + 2 + length > len(rest):
            break
        texts.append(rest[at + 2 : at + 2 + length].decode("latin-1").swapcase())
        at += 2 + length
    return texts


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
