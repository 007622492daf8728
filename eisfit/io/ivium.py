"""Ivium .idf and .ids: settings as text between binary marks, then the data as text.

After each `Method=` come its settings; the line `primary_data` is followed by the number of
columns, that of rows, and the rows: real part, imaginary part, frequency. An .ids holds several.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.measurement import Measurement, measured_table
from eisfit.io.moments import iso_moment
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

FORMAT = "Ivium"
_NAMES = ("Re(Z)/Ohm", "Im(Z)/Ohm", "freq/Hz")
_MARKS = re.compile(r"[\x00-\x08\x0b-\x1f]")
_MOST_BYTES = 1 << 24


@dataclass
class _Part:
    settings: dict[str, str] = field(default_factory=dict)
    columns: int = 0
    announced: int = 0
    rows: list[list[float]] = field(default_factory=list)


def read_ivium(source: Source, request: Request) -> list[Measurement]:
    """Read an .idf or .ids: one measurement for each part of impedance.

    Raises
    ------
    NoImpedanceError
        If no part is of impedance, or none has a row.
    ReadError
        If the data are announced with another number of columns than three.
    """
    text = source.read_bytes(_MOST_BYTES).decode("latin-1")
    lines = text.splitlines()
    # A row that lacks its end may lack digits too.
    parts = _parts(lines if text.endswith(("\n", "\r", "\0")) else lines[:-1])
    found = [part for part in parts if part.settings.get("Method") == "Impedance"]
    if not any(part.rows for part in found):
        methods = ", ".join(sorted({part.settings.get("Method", "?") for part in parts})) or "none"
        raise NoImpedanceError(
            f"{source.name} ({FORMAT}) holds no rows of impedance; its methods are: {methods}. The "
            "run was aborted before its first point, the file is cut off, or of another method"
        )
    kind = f"{FORMAT} {'.ids' if len(parts) > 1 else '.idf'}"
    return [_measurement(part, source, request, kind) for part in found if part.rows]


def _parts(lines: list[str]) -> list[_Part]:
    parts: list[_Part] = []
    above: dict[str, str] = {}
    expected = "setting"
    for raw in lines:
        line = _MARKS.sub("", raw).strip()
        if line.startswith("Method="):
            parts.append(_Part({"Method": line.removeprefix("Method=").strip(), **above}))
            expected = "setting"
        if not parts:
            key, equals, value = line.partition("=")
            if equals and len(above) < 1000:
                above[key] = value
            continue
        part = parts[-1]
        if expected == "row":
            row = _row(line, part.columns)
            if row and len(part.rows) < part.announced:
                part.rows.append(row)
                continue
            expected = "done"
        elif expected in ("columns", "rows"):
            number = int(line) if line.isdecimal() and len(line) < 10 else 0
            if expected == "columns":
                part.columns, expected = number, "rows"
            else:
                part.announced, expected = number, "row"
        elif line.startswith("primary_data") and not part.announced:
            expected = "columns"
        elif expected == "setting":
            key, equals, value = line.partition("=")
            if equals and len(part.settings) < 10_000:
                part.settings.setdefault(key, value)
    return parts


def _row(line: str, columns: int) -> list[float]:
    """Return the numbers of a row; empty where it is none, or is cut off."""
    fields = line.replace(",", ".").split()
    try:
        return [float(field) for field in fields] if len(fields) == columns else []
    except ValueError:
        return []


def _measurement(part: _Part, source: Source, request: Request, kind: str) -> Measurement:
    if part.columns != len(_NAMES):
        raise ReadError(
            f"{source.name} ({FORMAT}) announces {part.columns} columns of impedance, expected "
            f"{len(_NAMES)} (real part, imaginary part, frequency): export it as text (.csv)"
        )
    notes = []
    if missing := part.announced - len(part.rows):
        notes.append(
            f"warning: the file is cut off or damaged; {len(part.rows)} of {part.announced} rows "
            f"are there, {missing} are missing"
        )
    title = part.settings.get("Title", "").strip()
    metadata: dict[str, Any] = {"technique": part.settings.get("Technique", "EIS")}
    if acquired := iso_moment(part.settings.get("starttime", "")):
        metadata["acquired"] = acquired
    if title:
        metadata["title"] = title
    values: FloatArray = np.array(part.rows)
    return measured_table(
        dict(zip(_NAMES, values.T, strict=True)),
        request,
        source.name,
        format=kind,
        metadata=metadata,
        notes=tuple(notes),
        label=title,
    )
