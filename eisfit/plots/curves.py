"""Nyquist and Bode plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.plots import style
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from eisfit.fitting.result import FitResult

_PHASE = "eisfit-phase"
_MARGIN = 0.06  # of the span, around the data
_MOST_LABELS = 5
_CURVE_PER_DECADE = 40


def nyquist(spectrum: Spectrum, fit: FitResult | None = None, ax: Axes | None = None) -> Axes:
    """Draw -Z'' over Z' with equal axes.

    Parameters
    ----------
    spectrum : Spectrum
        Its unmasked points set the limits: `spectrum.crop(...)` looks closer. Masked points are
        hollow and grey. Points next to whole decades of frequency are black.
    fit : FitResult, optional
        Its curve is drawn over the frequencies it was fitted to.
    ax : matplotlib Axes, optional
        Where to draw, also a second and third spectrum; without it a figure of its own is made,
        one column of a paper wide. The data on it are in ohm, whatever unit the ticks show.

    Returns
    -------
    The axes.
    """
    own = None
    if ax is None:
        ax = style.own_axes(2.6)
        own = ax.get_figure(root=True)
    colour, fit_colour = style.pair(ax)
    used = ~spectrum.mask
    z = spectrum.impedance
    (points,) = ax.plot(z.real[used], -z.imag[used], "o", ms=3.2, mfc="none", mec=colour, mew=0.8)
    style.mark_data(points, spectrum)
    entries: list[tuple[Artist, str]] = [(points, "data")]
    if fit is not None:
        _, curve = _curve(fit)
        (line,) = ax.plot(curve.real, -curve.imag, "-", color=fit_colour, lw=1.1, zorder=1.9)
        entries.append((line, "fit"))
    aspect = _equal_limits(ax)
    if not used.all():
        entries.append(_masked_points(ax, z[~used]))
    if len(style.data_lines(ax)) == 1:
        _mark_decades(ax, spectrum.frequency[used], z[used])
    _label_impedance_axes(ax, style.ohm(spectrum))
    lines = style.name_samples(ax, entries)
    if own is not None:
        own.set_figheight(2.75 * aspect + 0.6 + 0.15 * lines)
    return ax


def bode(spectrum: Spectrum, fit: FitResult | None = None, ax: Axes | None = None) -> Axes:
    """Draw |Z| (left, circles) and phase (right, squares) over frequency.

    Parameters
    ----------
    spectrum, fit, ax : as in `nyquist`

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
        at, curve = _curve(fit)
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


def _curve(fit: FitResult) -> tuple[FloatArray, ComplexArray]:
    """Return the fitted curve on a grid so fine that arcs look round."""
    high, low = fit.spectrum.frequency[0], fit.spectrum.frequency[-1]
    count = max(2, round(np.log10(high / low) * _CURVE_PER_DECADE) + 1)
    frequency = np.geomspace(high, low, count)
    return frequency, fit.model.impedance(frequency, dict(fit.values))


def _equal_limits(ax: Axes) -> float:
    """Set limits that hold all data with one scale on both axes; return height over width."""
    lines = style.data_lines(ax)
    x = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in lines])
    y = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in lines])
    x_low, x_high, y_low, y_high = x.min(), x.max(), min(y.min(), 0.0), max(y.max(), 0.0)
    # The origin belongs into the picture unless it would squeeze the data.
    if 0.0 < x_low < x_high - x_low:
        x_low = 0.0
    size = max(x_high - x_low, y_high - y_low) or max(abs(x_high), 1e-12) * 0.2
    margin = _MARGIN * size
    width = max(x_high - x_low, 0.2 * size) + 2.0 * margin
    # Above the data there is room for the marks of frequency.
    height = max(y_high - y_low, 0.2 * size) + 3.5 * margin
    aspect = float(np.clip(height / width, 0.62, 1.15))
    width, height = max(width, height / aspect), max(height, width * aspect)
    left = x_low - margin
    if x_high - x_low == 0.0:
        left = x_low - width / 2.0
    ax.set_box_aspect(aspect)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlim(left, left + width)
    ax.set_ylim(y_low - margin, y_low - margin + height)
    return aspect


def _masked_points(ax: Axes, z: ComplexArray) -> tuple[Artist, str]:
    """Draw masked points, and say how many of them lie outside the limits."""
    (x_low, x_high), (y_low, y_high) = ax.get_xlim(), ax.get_ylim()
    inside = (x_low <= z.real) & (z.real <= x_high) & (y_low <= -z.imag) & (-z.imag <= y_high)
    (points,) = ax.plot(
        z.real[inside], -z.imag[inside], "o", ms=3.2, mfc="none", mec=style.GREY, mew=0.6, alpha=0.6
    )
    outside = int((~inside).sum())
    return points, f"masked ({outside} outside)" if outside else "masked"


def _mark_decades(ax: Axes, frequency: FloatArray, z: ComplexArray) -> None:
    """Fill the points next to whole decades of frequency and label some that lie apart."""
    at = _near_decades(frequency)
    ax.plot(z.real[at], -z.imag[at], "o", ms=3.2, color="black", zorder=3)
    (x_low, x_high), y_low = ax.get_xlim(), ax.get_ylim()[0]
    # In units of the axes' width, on both axes alike.
    place = np.column_stack([(z.real - x_low), (-z.imag - y_low)]) / (x_high - x_low)
    roof = float(np.ptp(ax.get_ylim())) / (x_high - x_low)
    width_pt = ax.get_window_extent().width / ax.figure.dpi * 72.0
    labelled: list[int] = []
    for i in at[::-1]:  # from low to high frequency: towards the crowd
        gaps = [np.hypot(*(place[i] - place[k])) for k in labelled]
        if len(labelled) == _MOST_LABELS or any(gap < 0.16 for gap in gaps):
            continue
        labelled.append(int(i))
        text = style.quantity(frequency[i], "Hz", 2)
        half = np.array([0.3 * len(text), 0.6]) * style.SMALL_PT / width_pt
        offset = _free_place(place, int(i), half, roof)
        ax.annotate(
            text, (z.real[i], -z.imag[i]), xytext=tuple(offset * width_pt),
            textcoords="offset points", ha="center", va="center", fontsize=style.SMALL_PT - 0.5,
        )  # fmt: skip


def _free_place(place: FloatArray, i: int, half: FloatArray, roof: float) -> FloatArray:
    """Return where beside point `i` a label of this half size is farthest from the curve.

    Parameters
    ----------
    place : (N, 2) array
        The points, in units of the axes' width.
    half : (2,) array
        Half width and half height of the label, in the same unit.
    roof : float
        Height of the axes, in the same unit.

    Returns
    -------
    (2,) array, the offset of the label's middle.
    """
    angles = np.pi * np.array([0.5, 0.0, 0.25, 0.75, 1.0, -0.25, -0.5, -0.75])
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    offsets = np.concatenate([ring * (half + 0.022), ring * (1.3 * half + 0.04)])
    middles = place[i] + offsets
    # Between two points there is a line, too.
    steps = np.linspace(0.0, len(place) - 1.0, 8 * len(place))
    dense = np.column_stack([np.interp(steps, np.arange(len(place)), p) for p in place.T])
    gaps = (np.abs(middles[:, None, :] - dense) / half).max(axis=2).min(axis=1)
    inside = np.all((middles >= half) & (middles <= np.array([1.0, roof]) - half), axis=1)
    # Beyond a label's size more distance is no better: the first of the good ones is taken.
    return offsets[int(np.argmax(np.minimum(gaps, 1.05) - 10.0 * ~inside))]


def _near_decades(frequency: FloatArray) -> NDArray[np.int_]:
    """Return the indices of the points closest to whole decades that the spectrum reaches."""
    log_f = np.log10(frequency)
    decades = np.arange(np.ceil(log_f.min() - 0.06), np.floor(log_f.max() + 0.06) + 1.0)
    return np.unique([np.argmin(np.abs(log_f - decade)) for decade in decades]).astype(int)


def _label_impedance_axes(ax: Axes, unit: str) -> None:
    span = max(float(np.ptp(ax.get_xlim())), float(np.ptp(ax.get_ylim())))
    scale, prefix = style.prefixed(span)
    style.scale_ticks(ax.xaxis, scale)
    style.scale_ticks(ax.yaxis, scale)
    ax.set_xlabel(f"Z′ ({prefix}{unit})", fontsize=style.TEXT_PT)
    ax.set_ylabel(f"−Z″ ({prefix}{unit})", fontsize=style.TEXT_PT)
    style.dress(ax)


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
    middle, reach = (phases.min() + phases.max()) / 2.0, max(0.55 * np.ptp(phases), 5.0)
    right.set_ylim(middle - reach, middle + reach)
    right.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 1.5, 2, 3, 4.5, 9, 10]))
