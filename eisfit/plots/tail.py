"""Where a spectrum's tail begins, and whether what comes before it is too small to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eisfit.spectrum import ComplexArray

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

SMALL = 1.0 / 8.0  # of the plot's span: smaller arcs are worth an inset
_STEEP_DEG = -30.0  # phase of a tail; behind an arc the phase is closer to zero
_CLOSED = 3.0  # an arc's tau times this lies inside the window: the arc is seen to its end
_FEWEST = 3  # points that are worth an inset


def before_tail(z: ComplexArray) -> int:
    """Return how many points, from the highest frequency, come before the tail; 0 without one.

    Parameters
    ----------
    z : (N,) complex array, ohm
        Highest frequency first. A tail is the low-frequency end whose phase stays below -30
        degrees, behind points whose phase does not.
    """
    flat = np.flatnonzero(np.angle(z, deg=True) >= _STEEP_DEG)
    count = int(flat[-1]) + 1 if len(flat) else 0
    return count if _FEWEST <= count < len(z) else 0


def high_frequency_end(z: ComplexArray) -> int:
    """Return how many points to enlarge where the reader asks for it, tail or not.

    Those before the tail; else those before the last dip of -Z'' that are less than half of the
    plot; else the upper half of the frequencies.
    """
    count = before_tail(z)
    if count:
        return count
    y = -z.imag
    dips = np.flatnonzero((y[1:-1] <= y[:-2]) & (y[1:-1] < y[2:])) + 2
    fitting = [int(n) for n in dips if n >= _FEWEST and span(z[:n]) < 0.5 * span(z)]
    return max(fitting, default=max((len(z) + 1) // 2, 1))


def hidden(curves: Sequence[ComplexArray], fit: FitResult | None) -> bool:
    """Whether a tail hides the arcs before it.

    Parameters
    ----------
    curves : sequence of (N,) complex arrays, ohm
        The samples of one plot.
    fit : FitResult, optional
        Of the only curve: its arcs count, those aside that are too slow to be seen. Without it, or
        with several curves, the reach of what comes before the tail counts.
    """
    whole = span(np.concatenate(curves))
    if whole <= 0.0 or not all(before_tail(z) for z in curves):
        return False
    ends = [span(z[: before_tail(z)]) for z in curves]
    # An inset that shows a third of the plot is no closer look.
    if max(ends) > whole / 3.0:
        return False
    if fit is not None and len(curves) == 1:
        return 0.0 < _arcs(fit) < SMALL * whole
    return max(ends) < SMALL * whole


def span(z: ComplexArray) -> float:
    """Return the larger extent of points in the plane, in ohm."""
    return float(max(np.ptp(z.real), np.ptp(z.imag)))


def _arcs(fit: FitResult) -> float:
    """Return the sum of the resistances of all arcs that close inside the window, in ohm."""
    values = fit.value_array()
    slowest = fit.spectrum.tau_window[1] / _CLOSED
    sizes = [values[a.resistance] for a in fit.arcs if a.has_tau and a.tau_of(values) <= slowest]
    return float(np.sum(sizes))
