"""All plots of one analysis on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eisfit.plots import style
from eisfit.plots.curves import bode
from eisfit.plots.deviation import residuals
from eisfit.plots.distribution import drt
from eisfit.plots.plane import nyquist

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eisfit.analysis import Analysis


def summary(analysis: Analysis) -> Figure:
    """Return a figure of four panels: Nyquist, Bode, DRT with its peaks' roles, residuals.

    Two columns of a paper wide; the sample's name and the model stand above.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(style.PAGE_IN, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    ((first, second), (third, fourth)) = figure.subplots(2, 2)
    nyquist(analysis.spectrum, analysis.fit, first)
    bode(analysis.spectrum, analysis.fit, second)
    drt(analysis.drt, third, analysis.peak_roles)
    residuals(analysis.validity, analysis.fit, fourth)
    for ax, letter in zip((first, second, third, fourth), "abcd", strict=True):
        ax.set_title(f"({letter})", fontsize=style.TEXT_PT, loc="left")
    name, circuit = analysis.model.name, analysis.fit.model.circuit.text
    words = circuit if name == circuit else f"{name}: {circuit}"
    head = "\n".join(
        style.wrapped(line, 100, 2) for line in (analysis.spectrum.label, words) if line
    )
    style.plain(figure.suptitle("", fontsize=style.TEXT_PT + 1.0), head)
    return figure
