"""A report on a file that does not open: its layout, none of its data, and no word of its owner's.

A word stands in the report only if it is known: the name of a column that eisfit or a vendor has,
a vendor's setting, a word of eisfit's own messages. All else is masked, letters as x and digits
as 9, so that lengths and separators still show.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import CodeType

from eisfit._version import __version__
from eisfit.io.columns import interpret
from eisfit.io.eclab import TECHNIQUES
from eisfit.io.inspect import inspect
from eisfit.io.layout import find_header, split_names
from eisfit.io.source import Source

# Columns of vendors that eisfit passes over, beside those that galvani lists.
_COLUMNS = {
    "pt", "ampl", "bias", "gd", "err", "range", "zsig", "zmod", "zphz", "idc", "vdc", "ierange",
    "imod", "vmod", "ith", "vf", "im", "cs/uf", "cp/uf", "i range", "ie range", "e(v)", "i(a)",
    "segment #", "point #", "status", "index", "mode", "error", "ns", "ns changes", "ox/red",
    "counter inc.", "control changes", "<i>/ma", "i/ma", "p/w", "rapp/ohm", "x",
}  # fmt: skip
_SETTINGS = {
    "nb header lines", "potential control", "acquisition started on", "comments", "technique",
    "run on channel", "user", "ewe ctrl range", "safety limits", "channel", "device",
    "electrode connection", "electrode material", "initial state", "electrolyte", "cable",
    "reference electrode", "electrode surface area", "characteristic mass", "saved on", "file",
    "cycle definition", "ec-lab for windows", "internet server", "command interpretor",
    "explain", "tag", "title", "date", "time", "notes", "pstat", "vdc", "freqinit", "freqfinal",
    "ptsperdec", "vac", "iac", "area", "ocvcurve", "zcurve", "fracurve", "experimentaborted",
    "procedure", "description", "instrument model", "name", "version", "type", "definition",
    "end comments", "measured data", "file type", "start", "method", "datetime",
}  # fmt: skip
_SUFFIXES = {
    ".mpr", ".mpt", ".txt", ".csv", ".tsv", ".dat", ".dta", ".z", ".ism", ".par", ".idf", ".ids",
    ".pssession", ".dfr", ".i2b", ".p00", ".xlsx", ".ods", ".fods", ".xls", ".json", ".parquet",
    ".zip", ".mps", ".isc", ".asc", ".prn",
}  # fmt: skip
_MODULES = ("VMP Set", "VMP data", "VMP LOG", "VMP loop", "VMP ExtDev", "columns")
_PART = re.compile(
    r"(?:\[Content_Types\]|_rels/\.rels|content|meta|settings|styles|mimetype|manifest|META-INF/"
    r"manifest|docProps/\w{1,12}|xl/(?:_rels/)?(?:worksheets/(?:_rels/)?sheet\d{1,4}|workbook|"
    r"sharedStrings|styles|theme/theme\d))(?:\.xml)?(?:\.rels)?"
)
_PROGRAM = re.compile(r"(?:EC|BT)-Lab ASCII FILE|Nb header lines\s*:\s*\d{1,5}", re.IGNORECASE)
_KEY = re.compile(r"\s*([^:=\t]{1,60}?)\s*(?=:|=|\t)")
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST = 500


def bundle(path: str | os.PathLike[str], out: str | os.PathLike[str], force: bool = False) -> str:
    """Write a report on a file that holds its layout and none of its data, and return its path.

    It is JSON, so that its sender can read it first: size and format, the names of columns that
    are known ("unknown column 7" for others), the error without the file's own words, the lines
    down to the first rows masked (letters as x, digits as 9), the parts of a binary file, and
    versions of the programs.

    Parameters
    ----------
    path : path
        The file that does not open, or opens wrongly.
    out : path
        Where to write.
    force : bool
        Replace a file of this name.

    Raises
    ------
    ReadError
        If there is nothing to read.
    OutputError
        If `out` exists, or cannot be written.
    """
    import json

    from eisfit.io.atomic import write_text_atomically

    found = inspect(path)
    source = Source.open(path)
    suffix = source.path.suffix.lower()
    report = {
        "report": "eisfit file report: layout only, no data",
        "eisfit": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "libraries": {name: _version(name) for name in ("numpy", "galvani", "yadg")},
        "suffix": suffix if suffix in _SUFFIXES else "another",
        "size": found.size,
        "format": found.format if found.format in _said() else _own(found.format),
        "technique": _technique(found.technique),
        "error": _without_file(found.error, source),
        "warnings": [_without_file(entry, source) for entry in found.warnings],
        "columns": _known([entry.rpartition(": ")[0] for entry in found.columns]),
        "unused": _known(found.unused),
        "sweeps": [sweep.points for sweep in found.sweeps],
        "structure": [_part(entry) for entry in found.structure],
        "header": _header(source),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    return str(write_text_atomically(out, text, force))


def _technique(name: str) -> str:
    return name if name in TECHNIQUES.values() or not name else _own(name)


def _known(names: Sequence[str]) -> list[str]:
    """Return names of columns, those that nobody knows by their number."""
    return [
        name if _is_known(name) else f"unknown column {number}"
        for number, name in enumerate(names, start=1)
    ]


def _is_known(name: str) -> bool:
    return interpret(name) is not None or name.strip().lower() in _vendor_columns()


@lru_cache(maxsize=1)
def _vendor_columns() -> frozenset[str]:
    try:
        from galvani.BioLogic import VMPdata_colID_dtype_map as listed
    except ImportError:
        listed = {}
    return frozenset(_COLUMNS | {str(name).lower() for name, _ in listed.values()})


def _part(entry: str) -> str:
    """Return a line of the structure, without a name that is not of the format itself."""
    name, colon, rest = entry.rpartition(": ")
    if colon and (name.strip() in _MODULES or _PART.fullmatch(name)):
        return entry
    name, colon, rest = entry.partition(": ")
    if colon and name.strip() in _MODULES:
        return entry
    return f"another part: {rest}" if re.fullmatch(r"[\d\w, ]*\d+ bytes.*", rest) else _own(entry)


def _header(source: Source) -> list[str]:
    """Return the lines down to the first rows, masked."""
    from eisfit.io.signatures import is_text

    if not is_text(source.head):
        return [f"first bytes: {source.head[:12].hex()}"]
    lines = source.head_lines()
    at = find_header(lines)
    last = min((at if at is not None else 60) + 4, 400, len(lines))
    return [
        _names_line(line[:_LONGEST]) if index == at else _masked_line(line[:_LONGEST])
        for index, line in enumerate(lines[:last])
    ]


def _names_line(line: str) -> str:
    """Keep the names that are known in a line of names."""
    names = next(split_names(line), [])
    kept = sorted((name for name in names if name and _is_known(name)), key=len, reverse=True)
    parts = re.split("(" + "|".join(map(re.escape, kept)) + ")", line) if kept else [line]
    return "".join(part if part in kept else _mask(part) for part in parts)


def _masked_line(line: str) -> str:
    """Keep the name of a vendor's setting, and the shape of its value."""
    if match := _PROGRAM.match(line):
        return match[0] + _mask(line[match.end() :])
    match = _KEY.match(line)
    kept = line[: match.end()] if match and match[1].strip().lower() in _SETTINGS else ""
    return kept + _mask(line[len(kept) :])


def _mask(text: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "x", text))


def _without_file(message: str, source: Source) -> str:
    """Take the file's name, its numbers and its words out of a message."""
    text = message.replace(str(source.path), source.name).replace(source.name, "the file")
    return _own(re.sub(r"[-+]?\d+[.,]\d+(?:[eE][-+]?\d+)?|\d{7,}", "9", text))


def _own(text: str) -> str:
    """Mask every word that none of eisfit's messages has."""
    own = _said()
    return _WORD.sub(lambda word: word[0] if word[0] in own else "x" * len(word[0]), text)


@lru_cache(maxsize=1)
def _said() -> frozenset[str]:
    """Return the words of every text that the readers' code holds."""
    found: set[str] = set()
    for name, module in list(sys.modules.items()):
        get_code = getattr(getattr(module, "__loader__", None), "get_code", None)
        code = get_code(name) if name.startswith("eisfit.io") and get_code else None
        for text in _texts(code) if code is not None else ():
            found.add(text)
            found.update(_WORD.findall(text))
    return frozenset(found | {"the", "file"})


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple):
            yield from (item for item in constant if isinstance(item, str))
        elif isinstance(constant, CodeType):
            yield from _texts(constant)


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
