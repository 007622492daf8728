"""Autolab FRA .dfr: a version, the number of points, then one number a line, nine a point."""

from __future__ import annotations

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.measurement import Measurement, measured_table
from eisfit.io.request import Request
from eisfit.io.source import Source

FORMAT = "Autolab .dfr"
# Frequency, real part, minus the imaginary part; six more that no public source explains.
_NAMES = ("freq/Hz", "Z'/Ohm", "-Z''/Ohm")
_PER_POINT = 9
_MOST_BYTES = 1 << 23


def read_dfr(source: Source, request: Request) -> list[Measurement]:
    """Read a .dfr.

    Raises
    ------
    ReadError
        If it is cut off before its first point, or a line is no number.
    """
    lines = source.read_bytes(_MOST_BYTES).decode("latin-1").split()
    at = 2 if lines[0][-1].isdigit() else 3
    announced = int(lines[at - 1]) if len(lines[at - 1]) < 10 else 0
    fields = lines[at + 1 :]
    # The last line has an end, or may be cut in its middle.
    complete = (len(fields) - (not source.ends_with_line_end())) // _PER_POINT
    if announced * _PER_POINT <= len(fields):
        complete = announced
    if min(complete, announced) < 1:
        raise ReadError(
            f"{source.name} ({FORMAT}) is cut off: it announces {announced} points and ends before "
            "the first; copy the file anew"
        )
    points = min(complete, announced)
    try:
        numbers = [float(field.replace(",", ".")) for field in fields[: points * _PER_POINT]]
    except ValueError as error:
        raise ReadError(
            f"{source.name} ({FORMAT}) is damaged: a line is no number ({str(error)[:80]}); "
            "copy it anew"
        ) from error
    values = np.array(numbers).reshape(points, _PER_POINT)
    notes = []
    if points < announced:
        notes.append(
            f"warning: the file is cut off; {points} of {announced} points are there, "
            f"{announced - points} are missing"
        )
    table = {name: values[:, column] for column, name in enumerate(_NAMES)}
    return [measured_table(table, request, source.name, format=FORMAT, notes=tuple(notes))]
