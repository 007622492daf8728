"""Princeton VersaStudio .par: sections in angle brackets; each <Segment> holds a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eisfit.errors import NoImpedanceError
from eisfit.io.layout import split_names
from eisfit.io.measurement import Measurement
from eisfit.io.moments import iso_moment
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.io.table import check_tables, measured_block

FORMAT = "VersaStudio .par"
_NAMES = "Definition="


def read_par(source: Source, request: Request) -> list[Measurement]:
    """Read a .par: one measurement for each segment of impedance.

    Raises
    ------
    NoImpedanceError
        If no segment has rows of impedance.
    ReadError
        If the rows of a segment do not fit its names.
    """
    with source.lines() as lines:
        blocks, settings, closed = _walk(lines, bool(request.order or request.renamed), source.name)
    blocks = [block for block in blocks if len(block) > 1]
    if not blocks:
        raise NoImpedanceError(
            f"{source.name} ({FORMAT}) has no segment with rows of impedance: the run was aborted "
            "before its first point, or is of another technique; give another file"
        )
    metadata: dict[str, Any] = {}
    if action := settings.get("action"):
        metadata["technique"] = action
    moment = f"{settings.get('DateAcquired', '')} {settings.get('TimeAcquired', '')}"
    if acquired := iso_moment(moment):
        metadata["acquired"] = acquired
    notes = () if closed else ("warning: the file ends within its last segment: it was cut off",)
    return [
        measurement
        for block in blocks
        for measurement in measured_block(
            block, request, source.name, format=FORMAT, metadata=metadata, notes=notes
        )
    ]


def _walk(
    lines: Iterable[str], names_are_given: bool, source_name: str
) -> tuple[list[list[str]], dict[str, str], bool]:
    """Return the lines of each segment of impedance, the settings, and whether all were closed."""
    blocks: list[list[str]] = []
    settings: dict[str, str] = {}
    section, block = "", None
    for line in lines:
        text = line.strip()
        if text.startswith("</"):
            section, block = "", None
        elif text.startswith("<") and text.endswith(">"):
            section = text[1:-1]
        elif block is not None:
            block.append(line)
        elif section.startswith("Segment") and text.startswith(_NAMES):
            names = text.removeprefix(_NAMES) + "\n"
            if names_are_given or next(split_names(names), None):
                check_tables(len(blocks), source_name)
                block = [names]
                blocks.append(block)
        elif section.startswith("Action") and text.startswith("Name="):
            if (name := text.removeprefix("Name=")) != "Common":
                settings.setdefault("action", name)
        elif section == "Experiment":
            key, _, value = text.partition("=")
            settings[key] = value
    return blocks, settings, block is None
