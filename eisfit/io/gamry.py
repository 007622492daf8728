"""Gamry .DTA: settings line by line, and tables; that of the impedance is ZCURVE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from eisfit.errors import NoImpedanceError
from eisfit.io.layout import announced, split_names
from eisfit.io.measurement import Measurement
from eisfit.io.moments import iso_moment
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.io.table import check_tables, measured_block

FORMAT = "Gamry .DTA"
_TABLE = re.compile(r"(\w+)\tTABLE(?:\t(\d+))?")
_TECHNIQUES = {"EISPOT": "PEIS", "GALVEIS": "GEIS", "EISGALV": "GEIS", "EISHYBRID": "EIS hybrid"}


@dataclass
class _Contents:
    """What was found on the way through the lines."""

    settings: dict[str, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    blocks: list[tuple[int | None, list[str]]] = field(default_factory=list)


def read_dta(source: Source, request: Request) -> list[Measurement]:
    """Read a .DTA, whole or aborted: one measurement for each table of impedance.

    Raises
    ------
    NoImpedanceError
        If there is no such table, or it is empty.
    ReadError
        If the rows of a table do not fit its names.
    """
    with source.lines() as lines:
        contents = _walk(lines, bool(request.order or request.renamed), source.name)
    blocks = [(count, block) for count, block in contents.blocks if len(block) > 2]
    if not blocks:
        tables = ", ".join(contents.tables) or "none"
        raise NoImpedanceError(
            f"{source.name} ({FORMAT}) holds no table of impedance (ZCURVE) with rows; its tables "
            f"are: {tables}. The run was aborted before its first point, or the file is cut off, "
            "or of another technique: give another file"
        )
    notes = tuple(_aborted(contents.settings))
    metadata = _metadata(contents.settings)
    measurements: list[Measurement] = []
    for count, block in blocks:
        rows = sum(bool(line.strip()) for line in block) - 2
        missing = f"warning: {rows} of {count} rows are there" if count and rows < count else ""
        said = [f"{missing}, {(count or 0) - rows} are missing"] if missing else []
        measurements += measured_block(
            block,
            request,
            source.name,
            format=FORMAT,
            metadata=metadata,
            notes=(*notes, *said),
        )
    return measurements


def _walk(lines: Iterable[str], names_are_given: bool, source_name: str) -> _Contents:
    """Go through the lines once, and keep of the tables only those of impedance."""
    contents = _Contents()
    block: list[str] | None = None
    fresh: tuple[str, int | None] | None = None
    for line in lines:
        if line.startswith(("\t", "  ")):
            if fresh:  # the line of names
                name, count = fresh
                fresh = None
                is_impedance = next(split_names(line), None) is not None
                given = names_are_given and name.upper().startswith("ZCURVE")
                block = [] if is_impedance or given else None
                if block is not None:
                    check_tables(len(contents.blocks), source_name)
                    contents.blocks.append((count, block))
            if block is not None:
                block.append(line)
            continue
        if not line.strip():
            continue
        block = None
        if match := _TABLE.match(line):
            contents.tables.append(match[1])
            fresh = match[1], announced(match[2], "rows", source_name) if match[2] else None
        else:
            fields = line.rstrip("\n").split("\t")
            if len(fields) >= 3 and len(contents.settings) < 1000:
                contents.settings.setdefault(fields[0], fields[2])
            elif len(fields) == 2:
                contents.settings.setdefault(fields[0], fields[1])
    return contents


def _metadata(settings: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if tag := settings.get("TAG", "").strip():
        found["technique"] = _TECHNIQUES.get(tag.upper(), tag)
    date = settings.get("DATE", "")
    # The date is written as the machine's country does; only points are sure to mean the day first.
    if moment := iso_moment(f"{date} {settings.get('TIME', '')}", day_first="." in date):
        found["acquired"] = moment
    return found


def _aborted(settings: dict[str, str]) -> list[str]:
    if settings.get("EXPERIMENTABORTED", "").strip().upper() not in ("T", "TRUE", "1"):
        return []
    end = settings.get("FREQFINAL", "").strip()
    try:
        goal = f", on its way to {float(end):g} Hz"
    except ValueError:
        goal = ""
    return [f"warning: the run was aborted{goal}; the rows measured before are there"]
