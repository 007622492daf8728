"""From columns to spectra: which rows count, where a sweep begins."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from eisfit.spectrum import ComplexArray, FloatArray

# Smaller steps back, and shorter ways back, are scatter of one sweep.
_JUMP = np.log(1.5)
_TURN = np.log(1.2)


def usable_rows(
    frequency: FloatArray, impedance: ComplexArray
) -> tuple[NDArray[np.bool_], list[str]]:
    """Tell which rows are points of a spectrum, and count the others in sentences.

    Parameters
    ----------
    frequency : (N,) Hz
    impedance : (N,) ohm

    Returns
    -------
    keep : (N,) bool
    notes : list of str
    """
    empty = ~(np.isfinite(frequency) & np.isfinite(impedance))
    direct = ~empty & (frequency <= 0)
    unmeasured = ~empty & ~direct & (impedance == 0)
    notes = [
        f"{int(rows.sum())} {what}"
        for rows, what in (
            (empty, "row(s) with an empty cell, NaN or infinity were left out"),
            (direct, "row(s) without a positive frequency (direct current) were left out"),
            (unmeasured, "row(s) with an impedance of exactly zero (not measured) were left out"),
        )
        if rows.any()
    ]
    return ~(empty | direct | unmeasured), notes


def by_counter(frequency: FloatArray, counters: list[FloatArray]) -> NDArray[np.intp] | None:
    """Return the order of rows that puts a long table sorted by frequency back into its sweeps.

    Such a table has, at each frequency, a row for each cycle (or loop, or sweep). It is known by
    counters of whole numbers that come back to a value they had, while no frequency comes twice
    at one value and most come at every value. None for every other table.

    Parameters
    ----------
    frequency : (N,) Hz, positive, in the order of the file
    counters : list of (N,) arrays

    Returns
    -------
    (N,) array of int, or None
    """
    size = len(frequency)
    used = [c for c in counters if np.all(c == np.rint(c)) and len(np.unique(c)) <= size / 2]
    if not used:
        return None
    _, group = np.unique(np.column_stack(used), axis=0, return_inverse=True)
    group = group.reshape(-1)
    groups = int(group.max()) + 1
    if np.count_nonzero(np.diff(group)) + 1 <= groups:
        return None
    points, point = np.unique(np.round(np.log(frequency), 9), return_inverse=True)
    cells = point.reshape(-1) * groups + group
    if len(np.unique(cells)) < size or len(points) * groups > 1.5 * size:
        return None
    return np.argsort(group, kind="stable")


def sweep_starts(frequency: FloatArray, counters: list[FloatArray]) -> list[int]:
    """Find the rows where a sweep begins.

    A sweep begins where a counter (cycle, loop, sweep number) changes, and where the frequency
    jumps back against the sweep's direction or turns round. A counter that changes at nearly every
    row counts points, not sweeps, and is not used.

    Parameters
    ----------
    frequency : (N,) Hz, positive, in the order of the file
    counters : list of (N,) arrays

    Returns
    -------
    list of int
        Rising, the first is 0.
    """
    starts = {0}
    for counter in counters:
        changes = np.flatnonzero(np.diff(counter) != 0) + 1
        if len(changes) < len(frequency) / 2:
            starts.update(changes.tolist())
    bounds = [*sorted(starts), len(frequency)]
    for begin, end in pairwise(bounds):
        starts.update(_jumps(np.log(frequency[begin:end]), begin))
    return sorted(starts)


def is_shuffled(frequency: FloatArray, starts: list[int]) -> bool:
    """Tell whether several sweeps are but one, its rows out of order, as after a sort as text.

    So it is where no frequency comes twice, the parts lie one within the other, and all together
    go in even steps of the logarithm.
    """
    if len(starts) < 3:
        return False
    bounds = [*starts, len(frequency)]
    ends = sorted((min(p), max(p)) for a, b in pairwise(bounds) for p in [frequency[a:b]])
    apart = sum(one[1] < other[0] for one, other in pairwise(ends))
    if apart > len(starts) / 2:
        return False
    steps = np.diff(np.sort(np.log(frequency)))
    middle = float(np.median(steps))
    return bool(steps.min() > 0.1 * middle and np.mean(np.abs(steps - middle) < 0.3 * middle) > 0.9)


def _jumps(log_f: FloatArray, offset: int) -> list[int]:
    """Return the rows (plus `offset`) where the frequency starts over."""
    found: list[int] = []
    signs = np.sign(np.diff(log_f))
    begin, direction = 0, _direction(signs, 0)
    seen, lowest, highest = 0, np.inf, -np.inf  # of the sweep so far
    for row in np.flatnonzero(signs):
        if row < begin or signs[row] == direction:
            continue
        lowest = min(lowest, log_f[seen : row + 1].min())
        highest = max(highest, log_f[seen : row + 1].max())
        seen = int(row)
        span = max(log_f[row] - lowest, highest - log_f[row])
        after = signs[row : row + 4]
        if abs(log_f[row + 1] - log_f[row]) >= max(_JUMP, span / 3):
            begin = int(row) + 1
        elif (
            len(after) == 4
            and np.all(after == -direction)
            and min(span, abs(log_f[row + 4] - log_f[row])) >= _TURN
        ):
            # The point where it turns is measured once or twice; it ends the first sweep if once.
            begin = int(row) if signs[row - 1] == 0 else int(row) + 1
        else:
            continue
        found.append(begin + offset)
        direction = _direction(signs, begin)
        seen, lowest, highest = begin, np.inf, -np.inf
    return found


def _direction(signs: FloatArray, begin: int) -> float:
    """Return -1 for a sweep that goes down from row `begin`, 1 up, 0 for no step at all."""
    moving = list(islice((sign for sign in signs[begin:] if sign), 3))
    return float(np.sign(sum(moving)))
