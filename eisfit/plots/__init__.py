"""Plots that fit one column of a paper: each takes and returns `ax`, none touches pyplot."""

from eisfit.plots.curves import bode
from eisfit.plots.deviation import residuals
from eisfit.plots.distribution import drt
from eisfit.plots.panels import summary
from eisfit.plots.plane import nyquist
from eisfit.plots.style import FORMATS, render

__all__ = ["FORMATS", "bode", "drt", "nyquist", "render", "residuals", "summary"]
