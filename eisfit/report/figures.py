"""Small Nyquist plots that stand where a page may run no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eisfit.plots.curves import fitted
from eisfit.plots.style import quantity
from eisfit.report.entries import Entry
from eisfit.report.payload import unit
from eisfit.spectrum import ComplexArray

MOST = 12
WIDTH, HEIGHT, MARGIN = 320, 200, 14


@dataclass(frozen=True)
class Figure:
    """A plot of points and a line, in pixels of an image of WIDTH times HEIGHT.

    Attributes
    ----------
    name, summary : str
        Of the spectrum; and the plot in words.
    points : tuple of (x, y)
    line : str
        As the attribute `points` of a polyline.
    x_label, y_label : str
        Extent of the axes.
    """

    name: str
    summary: str
    points: tuple[tuple[float, float], ...]
    line: str
    x_label: str
    y_label: str


def figures_of(entries: Sequence[Entry]) -> tuple[Figure, ...]:
    """Return the plots of the first `MOST` spectra."""
    return tuple(_nyquist(entry) for entry in entries[:MOST])


def _nyquist(entry: Entry) -> Figure:
    spectrum = entry.analysis.spectrum.used()
    sign = unit(entry.analysis)
    z = spectrum.impedance
    right, top = float(max(z.real.max(), 0.0)), float(max((-z.imag).max(), 0.0))
    left, bottom = float(min(z.real.min(), 0.0)), float(min((-z.imag).min(), 0.0))
    scale = min(
        (WIDTH - 2 * MARGIN) / max(right - left, 1e-300),
        (HEIGHT - 2 * MARGIN) / max(top - bottom, 1e-300),
    )  # equal on both axes

    def place(values: ComplexArray) -> list[tuple[float, float]]:
        x = MARGIN + scale * (values.real - left)
        y = HEIGHT - MARGIN - scale * (-values.imag - bottom)
        return [(round(float(a), 1), round(float(b), 1)) for a, b in zip(x, y, strict=True)]

    curve = fitted(entry.analysis.fit)[1]
    inside = (np.abs(curve) < 2.0 * np.abs(z).max()) & np.isfinite(curve)
    line = " ".join(f"{x:g},{y:g}" for x, y in place(curve[inside]))
    x_label = f"Z′ {quantity(left, sign)} to {quantity(right, sign)}"
    y_label = f"−Z″ {quantity(bottom, sign)} to {quantity(top, sign)}"
    summary = f"Nyquist plot of {entry.name}: {x_label}, {y_label}"
    return Figure(entry.name, summary, tuple(place(z)), line, x_label, y_label)
