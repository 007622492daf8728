"""BioLogic .mpr: a chain of modules (settings, data, log, loop), read by galvani or by yadg.

Neither of the two reads every file: galvani stops at columns that it does not know, yadg at some
old layouts. What they do not tell (which electrode was controlled, damage at the end) is read here
from the modules themselves.
"""

from __future__ import annotations

import io
import json
import logging
import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.eclab import TECHNIQUES
from eisfit.io.measurement import Choice, Measurement, measured
from eisfit.io.mprrows import LayoutError, rows_of
from eisfit.io.request import Request
from eisfit.io.source import Source
from eisfit.spectrum import FloatArray

_FIRST_MODULE = 52
_MOST_MODULES = 1_000
_MAGIC = b"MODULE"
_NEW_HEADER = b"\xff\xff\xff\xff"

# Where the settings of the potential range begin: two floats (lowest and highest Ewe in V), and 14
# bytes after the first the controlled potential. Compared over EC-Lab 11.30 to 11.61 with the text
# exports of the same measurements.
_RANGE_IN_LOG = 0x1F8
_RANGE_IN_SETTINGS = -76
_CONTROL = 14
_CONTROLS = {0: "Ewe", 1: "Ece", 2: "Ewe-Ece"}
_START_IN_LOG = 0x249
_OLE_EPOCH = datetime(1899, 12, 30)


@dataclass(frozen=True)
class Module:
    """One module: its short name, where it begins and how long it says it is."""

    name: str
    begin: int
    header: int
    length: int
    version: int
    data: bytes

    @property
    def is_new(self) -> bool:
        """Whether its header is that of EC-Lab 11.50 and later."""
        return self.begin - self.header == 65

    @property
    def is_whole(self) -> bool:
        """Whether the file holds all that the module announces."""
        return len(self.data) == self.length


def read_mpr(source: Source, request: Request) -> list[Measurement]:
    """Read a BioLogic .mpr.

    Raises
    ------
    NoImpedanceError
        If the technique measured no impedance, or the run was aborted before its first point.
    ReadError
        If the file is cut off before its data, or neither galvani nor yadg can read it.
    """
    content = source.read_bytes()
    modules = list(walk(content, source.name))
    notes: list[str] = []
    content = _without_damage(content, modules, source.name, notes)
    named = {module.name: module for module in modules if module.is_whole}
    metadata = _metadata(named)
    technique = metadata.get("technique", "unknown technique")
    if struct.unpack_from("<I", _data_module(modules, source.name).data)[0] == 0:
        raise NoImpedanceError(
            f"{source.name} ({technique}) holds no point: the run was aborted before the first; "
            "give another file"
        )
    raw = _raw_columns(content, source, notes)
    choice = Choice.among(list(raw), request, source.name)
    if not choice.is_complete:
        raise NoImpedanceError(
            f"{source.name} ({technique}) holds no impedance; its columns are "
            f"{', '.join(raw)[:160]}. Give the PEIS or GEIS file of the series"
        )
    loop = named.get("VMP loop")
    columns = list(raw.values())
    return [
        measured(
            choice,
            [columns[index] for index in choice.indices],
            source.name,
            format="BioLogic .mpr",
            control=_control(named, notes),
            metadata=metadata,
            notes=tuple(notes),
            loop_starts=_loop_starts(loop.data) if loop else None,
        )
    ]


def walk(content: bytes, source_name: str) -> Iterator[Module]:
    """Go through the modules; the last may be cut off.

    Raises
    ------
    ReadError
        If something else stands where a module should begin.
    """
    at = _FIRST_MODULE
    for _ in range(_MOST_MODULES):
        if at >= len(content):
            return
        if _MAGIC.startswith(content[at : at + len(_MAGIC)]) and at + len(_MAGIC) > len(content):
            return
        if not content.startswith(_MAGIC, at):
            raise ReadError(
                f"{source_name} is damaged at byte {at}: expected the start of a module; copy the "
                "file anew from the instrument"
            )
        head = content[at + 6 : at + 65]
        new = head[35:39] == _NEW_HEADER
        size = 6 + (59 if new else 51)
        if len(content) < at + size:
            return
        length, version = struct.unpack_from("<II", head, 39 if new else 35)
        begin = at + size
        name = head[:10].decode("latin-1").strip()
        yield Module(name, begin, at, length, version, content[begin : begin + length])
        at = begin + length
    raise ReadError(
        f"{source_name} is damaged: it has more than {_MOST_MODULES} modules; copy the file anew "
        "from the instrument"
    )


def _data_module(modules: list[Module], source_name: str) -> Module:
    for module in modules:
        if module.name == "VMP data" and len(module.data) >= 5:
            return module
    raise ReadError(
        f"{source_name} is cut off before its data: copy the file anew, or export it as text"
    )


def _without_damage(
    content: bytes, modules: list[Module], source_name: str, notes: list[str]
) -> bytes:
    """Return the file as far as it is whole: complete rows, complete modules."""
    data = _data_module(modules, source_name)
    last = modules[-1]
    end = last.begin + last.length
    if last.is_whole:
        if end < len(content):
            notes.append("warning: the file is cut off behind its data; nothing of them is missing")
        return content[:end]
    if last is not data:
        notes.append(
            f"warning: the file is cut off in its module '{last.name}', behind the data; nothing "
            "of them is missing"
        )
        return content[: last.header]
    count = struct.unpack_from("<I", data.data)[0]
    before = _bytes_before_rows(data)
    width, rest = divmod(data.length - before, count) if count else (0, 1)
    if rest or width == 0:
        raise ReadError(
            f"{source_name} is cut off in its data, and its layout is not known well enough to "
            "save the rest: copy the file anew"
        )
    rows = max(len(data.data) - before, 0) // width
    if rows == 0:
        raise ReadError(f"{source_name} is cut off before its first row: copy the file anew")
    notes.append(
        f"warning: the file is cut off; {rows} of {count} rows are there, {count - rows} are "
        "missing, and so is the log with the time of the start"
    )
    length = before + rows * width
    # New headers have a maximum before the length.
    length_at = data.header + len(_MAGIC) + (39 if data.is_new else 35)
    return b"".join(
        (
            content[:length_at],
            struct.pack("<I", length),
            content[length_at + 4 : data.begin],
            struct.pack("<I", rows),
            data.data[4:length],
        )
    )


def _bytes_before_rows(data: Module) -> int:
    """Return the length of the data module's own header, as galvani and yadg know it."""
    if data.version == 2:
        return 405
    if data.version == 3:
        return 406
    # The oldest have a byte a column; since EC-Lab 11.50 two, the higher first.
    return 1007 if data.is_new or data.version >= 10 or data.data[5:6] == b"\0" else 100


def _raw_columns(content: bytes, source: Source, notes: list[str]) -> dict[str, FloatArray]:
    """Return name -> numbers, from galvani, from yadg where galvani refuses the file, else by us.

    yadg takes an unknown column for a number of 4 bytes, and says so: then the rows are read here,
    where its width is worked out.
    """
    try:
        columns = _by_galvani(content)
    except Exception as error:  # a foreign parser on a foreign file: any error is a refusal
        refusal = _short(error)
    else:
        notes.append("read by galvani")
        return columns
    heard: list[str] = []
    try:
        columns = _by_yadg(content, heard)
        second = next((entry for entry in heard if "Unknown column" in entry), "")
    except Exception as error:
        second = _short(error)
    if not second:
        notes += [*heard, f"read by yadg, because galvani refused it ({refusal})"]
        return columns
    modules = list(walk(content, source.name))
    data = _data_module(modules, source.name)
    try:
        columns, unknown = rows_of(data.data, data.version, _bytes_before_rows(data))
    except LayoutError as error:
        raise ReadError(
            f"{source.name} cannot be read as .mpr: galvani says '{refusal}', yadg says "
            f"'{second}', and {error}. Export it as text (.mpt) in EC-Lab or BT-Lab"
        ) from error
    notes.append(
        f"read row by row, because galvani refused it ({refusal}), and yadg too ({second}); "
        f"unknown columns: {', '.join(unknown) or 'none'}"
    )
    return columns


def _by_galvani(content: bytes) -> dict[str, FloatArray]:
    from galvani.BioLogic import MPRfile

    data = MPRfile(io.BytesIO(content)).data
    return {name: data[name].astype(np.float64) for name in data.dtype.names}


def _by_yadg(content: bytes, notes: list[str]) -> dict[str, FloatArray]:
    from yadg.extractors.eclab.mpr import extract

    with _heard("yadg", notes):
        # The zone matters only for a column of absolute times, which is not used here.
        tree = extract(content, timezone="UTC")
    columns: dict[str, FloatArray] = {}
    for name, values in tree.data_vars.items():
        if values.dtype.kind in "fiu" and values.ndim == 1:
            unit = values.attrs.get("units")
            columns[f"{name}/{unit}" if unit else str(name)] = np.asarray(values, dtype=np.float64)
    return columns


def recorded_settings(source: Source) -> list[tuple[str, str]]:
    """Return the settings of cell and technique as (name, value), as far as yadg knows them.

    What is empty or zero is left out. Slow (yadg takes a second to import), and for the eye only:
    no number of a spectrum depends on it.
    """
    try:
        from yadg.extractors.eclab.mpr import extract

        with _heard("yadg", []):
            kept = extract(source.read_bytes(), timezone="UTC").attrs["original_metadata"]
        recorded = json.loads(kept) if isinstance(kept, str) else dict(kept)
        named = {**recorded.get("settings", {}), **recorded.get("params", {})}
    except Exception:  # a foreign parser on a foreign file: then there is nothing to show
        return []
    found = []
    for name, value in named.items():
        values = value if isinstance(value, list | tuple) else [value]
        text = ", ".join(f"{v:.6g}" if isinstance(v, float) else str(v) for v in values)
        if any(v not in (0, "", None) for v in values):
            found.append((str(name), text))
    return found


@contextmanager
def _heard(name: str, notes: list[str]) -> Iterator[None]:
    """Turn what a library logs as an error into notes, and keep its log off the screen."""

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                notes.append(f"warning: {name} says: {record.getMessage()}")

    logger, handler = logging.getLogger(name), Notes()
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagate
        logger.removeHandler(handler)


def _metadata(modules: Mapping[str, Module]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    settings, log = modules.get("VMP Set"), modules.get("VMP LOG")
    if settings and settings.data:
        number = settings.data[0]
        found["technique"] = TECHNIQUES.get(number, f"BioLogic technique {number}")
    if log and len(log.data) >= _START_IN_LOG + 8:
        (days,) = struct.unpack_from("<d", log.data, _START_IN_LOG)
        if 30000 < days < 80000:  # 1982 to 2119: anything else is another layout
            start = _OLE_EPOCH + timedelta(days=days)
            found["acquired"] = start.isoformat(timespec="milliseconds")
    return found


def _control(modules: Mapping[str, Module], notes: list[str]) -> str | None:
    """Return which potential the technique controlled, from the log or else the settings."""
    for name, at in (("VMP LOG", _RANGE_IN_LOG), ("VMP Set", _RANGE_IN_SETTINGS)):
        module = modules.get(name)
        if module is None or len(module.data) < 1024:
            continue
        at = at % len(module.data)
        low, high = struct.unpack_from("<ff", module.data, at)
        code = module.data[at + _CONTROL]
        # A range that is none means that this version keeps its settings elsewhere.
        if math.isfinite(low) and -100 <= low < high <= 100 and code in _CONTROLS:
            return _CONTROLS[code]
    notes.append("the file does not say where eisfit knows it which potential was controlled")
    return None


def _loop_starts(data: bytes) -> FloatArray | None:
    if len(data) < 4:
        return None
    count = min(struct.unpack_from("<I", data)[0], (len(data) - 4) // 4)
    starts = np.frombuffer(data, dtype="<u4", count=count, offset=4)
    return starts.astype(np.float64)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
