"""What EC-Lab (and BT-Lab) say above the columns of their text exports, and how they say it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.columns import interpret, is_complete
from eisfit.io.layout import announced, find_header, split_names
from eisfit.io.moments import iso_moment
from eisfit.io.request import pair_of

_MAGIC = re.compile(r"\ufeff?(?:EC|BT)-Lab ASCII FILE", re.IGNORECASE)
_COUNT = re.compile(r"Nb header lines\s*:\s*(\d+)", re.IGNORECASE)

# Technique number in an .mpr, and the short name that EC-Lab gives it.
TECHNIQUES = {
    0x04: "GCPL", 0x06: "CV", 0x0B: "OCV", 0x18: "CA", 0x19: "CP", 0x1C: "WAIT", 0x1D: "PEIS",
    0x1E: "GEIS", 0x32: "ZIR", 0x33: "CVA", 0x6C: "LSV", 0x77: "GCPL", 0x7F: "MB", 0x88: "BCD",
}  # fmt: skip
_LONG_NAMES = {
    "potentio electrochemical impedance spectroscopy": "PEIS",
    "galvano electrochemical impedance spectroscopy": "GEIS",
    "staircase potentio electrochemical impedance spectroscopy": "SPEIS",
    "staircase galvano electrochemical impedance spectroscopy": "SGEIS",
    "modulo bat": "MB", "cyclic voltammetry": "CV", "open circuit voltage": "OCV",
}  # fmt: skip


# What eisfit writes of each spectrum in a comment, behind this mark.
ORIGIN_MARK = "eisfit "
ORIGIN = ("source", "sha256")
_LONGEST_ORIGIN = 1_000


@dataclass(frozen=True)
class Header:
    """What stands above the columns: `names_line` is the index of the line of column names.

    `origins` holds label, source and checksum of each sweep, where eisfit wrote the file.
    """

    names_line: int
    names: list[str]
    format: str
    control: str | None
    metadata: Mapping[str, Any]
    notes: tuple[str, ...]
    origins: tuple[Mapping[str, str], ...] = ()


def is_eclab(lines: Sequence[str]) -> bool:
    """Tell whether a text is an EC-Lab or BT-Lab export with its header."""
    return bool(lines) and _MAGIC.match(lines[0]) is not None


def parse_header(lines: Sequence[str], source_name: str) -> Header:
    """Read the header of an export.

    Raises
    ------
    NoImpedanceError
        If the columns are not those of impedance; the message names them.
    ReadError
        If the file ends within its header, or announces more lines than a file can have.
    """
    said = next((m[1] for line in lines[1:4] if (m := _COUNT.search(line))), "0")
    count = announced(said, "header lines", source_name)
    if count > len(lines):
        raise ReadError(
            f"{source_name} is cut off in its header: it announces {count} header lines and has "
            f"{len(lines)}; copy or export the file again"
        )
    metadata, control, notes = _settings(lines[: max(count, 1)])
    names_line = count - 1
    names = [name.strip() for name in lines[names_line].split("\t")] if count else []
    if not is_complete([interpret(name) for name in names]):
        at = find_header(lines)
        if at is None:
            technique = metadata.get("technique", "unknown technique")
            raise NoImpedanceError(
                f"{source_name} (EC-Lab text, {technique}) holds no frequency together with an "
                f"impedance; its columns are {', '.join(n for n in names if n)[:160] or 'missing'}."
                " Give the PEIS or GEIS file, or export it with freq/Hz, Re(Z)/Ohm and -Im(Z)/Ohm"
            )
        names_line, names = at, next(split_names(lines[at], is_complete))
        notes.append(f"the column names stand in line {names_line + 1}, not in line {count}")
    origins = _origins(lines[:names_line])
    return Header(names_line, names, "EC-Lab text", control, metadata, tuple(notes), origins)


def _origins(lines: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    """Return what `eisfit.io.write` says of the sweeps; nothing where it is not as written."""
    for line in lines:
        name, _, value = line.partition(" : ")
        if name != "Comments" or not value.startswith(ORIGIN_MARK + "[{"):
            continue
        try:
            entries = json.loads(value.removeprefix(ORIGIN_MARK))
        except (ValueError, RecursionError):
            return ()
        known = ("label", *ORIGIN)
        found = [
            {k: v for k, v in e.items() if k in known and isinstance(v, str)}
            for e in entries
            if isinstance(e, dict)
        ]
        short = all(len(v) <= _LONGEST_ORIGIN for e in found for v in e.values())
        return tuple(found) if short else ()
    return ()


def _settings(lines: Sequence[str]) -> tuple[dict[str, Any], str | None, list[str]]:
    metadata: dict[str, Any] = {}
    notes: list[str] = []
    control = None
    if len(lines) > 3 and (technique := lines[3].strip()) and ":" not in technique:
        metadata["technique"] = _LONG_NAMES.get(technique.lower(), technique)
    for line in lines[2:]:
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "potential control":
            control = pair_of(value)
            if control is None:
                notes.append(f"warning: the setting 'Potential control : {value}' is not known")
        elif name == "acquisition started on" and (moment := iso_moment(value)):
            metadata["acquired"] = moment
    return metadata, control, notes
