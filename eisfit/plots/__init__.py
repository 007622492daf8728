"""Plots that fit a column of a paper, or two: each takes and returns `ax`, none touches pyplot."""

from eisfit.plots.activation import arrhenius
from eisfit.plots.curves import bode
from eisfit.plots.deviation import residuals
from eisfit.plots.distribution import drt
from eisfit.plots.heat import drt_map
from eisfit.plots.overlay import nyquist_series
from eisfit.plots.panels import summary
from eisfit.plots.plane import nyquist
from eisfit.plots.ridges import drt_waterfall
from eisfit.plots.stack import contributions
from eisfit.plots.states import resistance_by_state
from eisfit.plots.style import FORMATS, render
from eisfit.plots.sweep import drt_sweep
from eisfit.plots.trend import resistance_trend

__all__ = [
    "FORMATS",
    "arrhenius",
    "bode",
    "contributions",
    "drt",
    "drt_map",
    "drt_sweep",
    "drt_waterfall",
    "nyquist",
    "nyquist_series",
    "render",
    "residuals",
    "resistance_by_state",
    "resistance_trend",
    "summary",
]
