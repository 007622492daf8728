"""Three columns of numbers without names: frequency, real part, imaginary part, if they show it."""

from __future__ import annotations

import numpy as np

from eisfit.errors import ReadError
from eisfit.io.kkhint import misfit, slope
from eisfit.io.layout import Layout
from eisfit.io.measurement import Measurement
from eisfit.io.request import Request
from eisfit.io.rows import parse_rows
from eisfit.io.source import Source
from eisfit.io.sweeps import sweep_starts
from eisfit.spectrum import FloatArray

_NAMES = "write a line of names above them, or give the names in order (--columns f,Re(Z),Im(Z))"
# Steps of a frequency, in logarithm, that lie this close to their median.
_EVEN = 0.25
_MOSTLY = 0.8


def read_unnamed(source: Source, layout: Layout, request: Request) -> Measurement:
    """Read a table without names; the frequency must be the first of its three columns.

    Raises
    ------
    ReadError
        If there are more columns, another one or more than one looks like the frequency, or the
        other two look like modulus and phase.
    """
    width = len(layout.names)
    if width != 3:
        raise ReadError(
            f"{source.name} has {width} columns of numbers without names: write a line of names "
            "above them, such as frequency, Re(Z), Im(Z), or give the names (--columns)"
        )
    values, notes = parse_rows(source, layout, [0, 1, 2], [True] * 3, request.decimal)
    frequency, real, imaginary = values.T
    used = np.isfinite(values).all(axis=1) & (frequency > 0)
    _check_frequency(values, source.name)
    _check_parts(frequency[used], real[used], imaginary[used], source.name)
    turned, why = _sign(frequency[used], real[used], imaginary[used], request)
    notes = [
        notes[0],
        "the columns have no names; they were taken as frequency in Hz, real part in ohm and "
        f"{'minus the ' if turned else ''}imaginary part in ohm, {why}",
        *notes[1:],
    ]
    columns = {
        ("frequency", ""): frequency,
        ("real", "Ewe"): real,
        ("imaginary", "Ewe"): -imaginary if turned else imaginary,
    }
    taken = (
        "column 1: frequency in Hz (assumed)",
        "column 2: real part in ohm (assumed)",
        f"column 3: {'minus the ' if turned else ''}imaginary part in ohm ({why})",
    )
    return Measurement(
        columns,
        "text table without names",
        notes=tuple(notes),
        taken=taken,
        minus_is_named=turned,
    )


def _check_frequency(values: FloatArray, source_name: str) -> None:
    """Refuse columns of which the first is not, or not alone, like a frequency."""
    like = [column for column in range(3) if _is_like_frequency(values[:, column])]
    if len(like) > 1:  # of an ideal capacitor the imaginary part is evenly spaced too
        like = [column for column in like if _has_round_ends(values[:, column])] or like
    if like == [0]:
        return
    if len(like) > 1:
        found = f"columns {' and '.join(str(c + 1) for c in like)} could each be the frequency"
    elif like:
        found = f"column {like[0] + 1} looks like the frequency, and the first should be it"
    elif _is_ordered(values[:, 0]):
        return
    else:
        found = "the first should be the frequency, but is not positive and in order"
    raise ReadError(f"{source_name} has three columns without names, and {found}: {_NAMES}")


def _check_parts(
    frequency: FloatArray, real: FloatArray, imaginary: FloatArray, source_name: str
) -> None:
    """Refuse two columns that go together as modulus and phase, and not as real and imaginary."""
    if not np.all(real > 0) or np.max(np.abs(imaginary), initial=0.0) > 180:
        return
    ratio = abs(slope(frequency, imaginary, np.log(real)))
    as_angle = misfit(frequency, imaginary, np.log(real))
    # 57 where they are degrees.
    if 25 < ratio < 130 and as_angle < 0.5 * misfit(frequency, imaginary, real):
        raise ReadError(
            f"{source_name} has three columns without names, and the last two go together as "
            "modulus and phase in degrees: write a line of names above them, or give the names in "
            "order (--columns 'f,|Z|,phase/deg', or f,Re(Z),Im(Z))"
        )


def _is_like_frequency(column: FloatArray) -> bool:
    """Tell whether a column is positive and goes in even steps of its logarithm, sweep by sweep."""
    used = column[np.isfinite(column)]
    used = used[used != 0]
    if len(used) < 5 or np.any(used < 0):
        return False
    steps = np.delete(np.diff(np.log(used)), np.array(sweep_starts(used, [])[1:], dtype=int) - 1)
    middle = float(np.median(steps)) if len(steps) else 0.0
    return abs(middle) > 0.01 and bool(
        np.mean(np.abs(steps - middle) < _EVEN * abs(middle)) >= _MOSTLY
    )


def _is_ordered(column: FloatArray) -> bool:
    """Tell whether a column is positive (but for direct current) and rises or falls, by sweeps."""
    used = column[np.isfinite(column) & (column != 0)]
    if not len(used) or np.any(used < 0):
        return False
    return len(sweep_starts(used, [])) <= max(1, len(used) / 4)


def _has_round_ends(column: FloatArray) -> bool:
    """Tell whether the limits are numbers that a person would set: of two digits."""
    used = column[np.isfinite(column) & (column > 0)]
    return all(abs(float(f"{x:.1e}") / x - 1) < 1e-6 for x in (used.min(), used.max()))


def _sign(
    frequency: FloatArray, real: FloatArray, imaginary: FloatArray, request: Request
) -> tuple[bool, str]:
    """Tell whether the third column is minus the imaginary part, and why."""
    if request.sign is not None:
        return request.sign < 0, "as asked for"
    measured_slope = slope(frequency, imaginary, real)
    if np.isfinite(measured_slope):
        return measured_slope < 0, "which goes with its real part (Kramers-Kronig)"
    size = np.hypot(real, imaginary)
    share = imaginary / np.where(size > 0, size, 1.0)
    return float(share.sum()) > 0, "which makes most of it capacitive"
