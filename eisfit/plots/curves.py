"""The Bode plot, and the curve of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots import style
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eisfit.fitting.result import FitResult

_PHASE = "eisfit-phase"
_CURVE_PER_DECADE = 40


def bode(spectrum: Spectrum, fit: FitResult | None = None, ax: Axes | None = None) -> Axes:
    """Draw |Z| (left, circles) and phase (right, squares) over frequency.

    Parameters
    ----------
    spectrum : Spectrum
        Its unmasked points set the limits; masked points are grey.
    fit : FitResult, optional
        Its curves are drawn over the frequencies it was fitted to.
    ax : matplotlib Axes, optional
        Where to draw, also a second and third spectrum; without it a figure of its own is made,
        one column of a paper wide. The moduli on it are in ohm.

    Returns
    -------
    The axes of |Z|; those of the phase share its frequency axis.
    """
    if ax is None:
        ax = style.own_axes(2.5)
    right = _phase_axes(ax)
    colours = style.pair(ax)
    used, f = ~spectrum.mask, spectrum.frequency
    panels = ((ax, spectrum.modulus, "o"), (right, spectrum.phase_deg, "s"))
    for (panel, y, marker), colour in zip(panels, colours, strict=True):
        look: dict[str, Any] = {"marker": marker, "ls": "none", "ms": 3.0, "mfc": "none"}
        (points,) = panel.plot(f[used], y[used], mec=colour, mew=0.8, **look)
        style.mark_data(points, spectrum)
        if not used.all():
            panel.plot(f[~used], y[~used], mec=style.GREY, mew=0.6, alpha=0.6, **look)
    if fit is not None:
        at, curve = fitted(fit)
        ax.plot(at, np.abs(curve), "-", color=colours[0], lw=1.1)
        right.plot(at, np.degrees(np.angle(curve)), "-", color=colours[1], lw=1.1)
    _bode_limits(ax, right)
    # One sample: colour and marker of the axis' name tell which is which. Several: only the marker.
    alone = len(style.data_lines(ax)) == 1
    tints = colours if alone else ("black", "black")
    unit = style.ohm(spectrum)
    ax.set_xlabel("Frequency (Hz)", fontsize=style.TEXT_PT)
    ax.set_ylabel(f"○  |Z| ({unit})", fontsize=style.TEXT_PT, color=tints[0])
    right.set_ylabel("□  Phase (°)", fontsize=style.TEXT_PT, color=tints[1])
    style.name_samples(ax, [])
    return ax


def fitted(fit: FitResult) -> tuple[FloatArray, ComplexArray]:
    """Return the fitted curve on a grid so fine that arcs look round."""
    high, low = fit.spectrum.frequency[0], fit.spectrum.frequency[-1]
    count = max(2, round(np.log10(high / low) * _CURVE_PER_DECADE) + 1)
    frequency = np.geomspace(high, low, count)
    return frequency, fit.model.impedance(frequency, dict(fit.values))


def _phase_axes(ax: Axes) -> Axes:
    """Return the phase axes that belong to `ax`, new where there are none yet."""
    for other in ax.figure.axes:
        if other.get_gid() == _PHASE and ax.get_shared_x_axes().joined(ax, other):
            return other
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_autoscaley_on(False)  # the limits are set here, and a modulus of zero has none
    right = ax.twinx()
    right.set_gid(_PHASE)
    style.dress(ax)
    style.dress(right)
    return right


def _bode_limits(ax: Axes, right: Axes) -> None:
    """Set limits by the unmasked points; a flat line must not look like a hill of noise."""
    from matplotlib.ticker import MaxNLocator

    moduli = np.concatenate([np.asarray(line.get_ydata()) for line in style.data_lines(ax)])
    phases = np.concatenate([np.asarray(line.get_ydata()) for line in style.data_lines(right)])
    moduli = moduli[moduli > 0.0] if (moduli > 0.0).any() else np.ones(1)
    low, high = np.log10(moduli.min()), np.log10(moduli.max())
    half = max(0.55 * (high - low), 0.25)
    ax.set_ylim(10.0 ** ((low + high) / 2.0 - half), 10.0 ** ((low + high) / 2.0 + half))
    style.log_ticks(ax.yaxis)
    middle, reach = (phases.min() + phases.max()) / 2.0, max(0.55 * np.ptp(phases), 5.0)
    right.set_ylim(middle - reach, middle + reach)
    steps = [1, 1.5, 3, 4.5, 9, 10] if reach > 20.0 else [1, 2, 5, 10]
    right.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=steps))
