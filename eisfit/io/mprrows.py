"""Rows of a BioLogic data module whose columns nobody knows all of.

galvani stops at a column that it does not know, and yadg takes it for a 4-byte number. Here the
width of the unknown columns follows from that of the rows, which the module's length gives.
"""

from __future__ import annotations

import struct

import numpy as np

from eisfit.spectrum import FloatArray

_WIDTHS = (1, 2, 4, 8)
_MOST_HZ = 1e9
# Bytes before the rows since EC-Lab 11.50.
_NEW = 1007
# Columns that yadg knows and galvani does not.
_MORE = {
    366: ("Energy ce/W.h", "<f8"), 368: ("Energy we/W.h", "<f8"),
    371: ("Energy ce charge/W.h", "<f8"), 372: ("Energy ce discharge/W.h", "<f8"),
    475: ("THD Ece/%", "<f4"), 478: ("NSD Ece/%", "<f4"), 481: ("NSR Ece/%", "<f4"),
    504: ("Rac/Ohm", "<f4"),
}  # fmt: skip
# The two disagree on these, with and without their higher byte.
_DISPUTED = range(498, 503)


class LayoutError(Exception):
    """The rows cannot be told apart; the message says why."""


def rows_of(data: bytes, version: int, before: int) -> tuple[dict[str, FloatArray], list[str]]:
    """Read the columns that are known, and name those that are not.

    Parameters
    ----------
    data : bytes
        The data module: number of rows, number of columns, their numbers, the rows.
    version : int
        Of the module.
    before : int
        Bytes before the rows.

    Returns
    -------
    columns : dict
        Name, as galvani has it, to (N,) numbers.
    unknown : list of str
        Numbers of the columns that were passed over.

    Raises
    ------
    LayoutError
        If known and unknown columns do not fill the rows, or what should be the frequency is none.
    """
    count, columns = struct.unpack_from("<IB", data)
    width, rest = divmod(len(data) - before, count) if count else (0, 1)
    if rest or width <= 0:
        raise LayoutError(f"{len(data) - before} bytes are no {count} rows of one width")
    kinds, unknown = _kinds(_numbers(data, version, columns, before))
    spare = width - sum(np.dtype(kind).itemsize for _, kind in kinds if kind)
    if unknown:
        each, rest = divmod(spare, len(unknown))
        if rest or each not in _WIDTHS:
            raise LayoutError(f"{spare} bytes a row for the unknown columns {', '.join(unknown)}")
        kinds = [(name, kind or f"V{each}") for name, kind in kinds]
    elif spare:
        raise LayoutError(f"rows of {width} bytes hold {width - spare} bytes of columns")
    table = np.frombuffer(data, np.dtype(kinds), count, before)
    found = {
        name: table[name].astype(np.float64) for name, kind in kinds if not kind.startswith("V")
    }
    frequency = found.get("freq/Hz")
    # A wrong width shifts every row but the first.
    if frequency is not None and not np.all((frequency >= 0) & (frequency < _MOST_HZ)):
        raise LayoutError("what should be the frequency is none")
    return found, unknown


def _numbers(data: bytes, version: int, columns: int, before: int) -> list[int]:
    """Return the numbers of the columns: one byte each, two, or two with the higher first."""
    kind = "<u2" if version in (2, 3) else ">u2" if before == _NEW else "u1"
    if 5 + columns * np.dtype(kind).itemsize > len(data):
        raise LayoutError("the list of columns is longer than the module")
    return [int(number) for number in np.frombuffer(data, kind, columns, 5)]


def _kinds(numbers: list[int]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return name and type of each column, "" for an unknown one, and the unknown numbers."""
    try:
        from galvani.BioLogic import VMPdata_colID_dtype_map, VMPdata_colID_flag_map
    except ImportError as error:  # another version of galvani may keep them elsewhere
        raise LayoutError("galvani has no list of columns") from error
    known = {**_MORE, **VMPdata_colID_dtype_map}
    kinds: list[tuple[str, str]] = []
    unknown: list[str] = []
    names: set[str] = set()
    for number in numbers:
        if number in VMPdata_colID_flag_map:
            if "flags" in names:
                continue  # all flags share one byte
            name, kind = "flags", "u1"
        elif number in known:
            name, kind = known[number]
        elif number + 256 in known and number + 256 not in _DISPUTED:
            # Layouts with one byte a column keep the lower one.
            name, kind = known[number + 256]
        else:
            name, kind = f"column {number}", ""
            unknown.append(str(number))
        while name in names:
            name += " again"
        names.add(name)
        kinds.append((name, kind))
    return kinds, unknown
