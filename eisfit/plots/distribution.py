"""The plot of a distribution of relaxation times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch
    from matplotlib.transforms import Transform

    from eisfit.relaxation.result import DRTResult

_KEY = {"loc": "upper left", "handlelength": 0.8, "frameon": False}
_LINE_PT = 1.35 * style.SMALL_PT
_TIP_PT = 3.0  # of a peak's mark above the curve, so that the mark covers nothing
_OFF_SCALE = 2.5  # times the largest peak of the window: higher leaves the axis at the top
_BAND = 1.5  # times the same: where the band of the window is cut
_FLAT = 0.01  # of the modulus: up to where the axis of a gamma goes that is zero everywhere
_ROWS = 3  # of the key that a figure of its own has room for; more make it higher
_MOST_ROWS = 12
_KEY_SHARE = 0.6  # of the height that the key may take
_KEPT = 0.83  # of their first height that the axes keep beneath a second axis with its name
_EDGE = 0.02  # of the axis of tau, in decades, between a peak's mark and the end of the axis
_ZERO = "eisfit-zero"  # tells a line at zero, which axes with a negative gamma have
_HEADER = "eisfit-header"  # tells the ground of the key from the caller's patches


def drt(result: DRTResult, ax: Axes | None = None, roles: Mapping[int, str] | None = None) -> Axes:
    """Draw gamma over log tau, with its credible band, the measured window and the peaks.

    Parameters
    ----------
    result : DRTResult
    ax : matplotlib Axes, optional
        Where to draw; without it a figure of its own is made, one column of a paper wide.
    roles : mapping from peak number (from 1) to role, optional
        Names for the key; the numbers are those of `peaks()`.

    Returns
    -------
    The axes. Beyond the measured window, which is grey, gamma is extrapolation and dashed. The
    height follows the peaks inside the window: what is much higher outside, or on the way there,
    leaves the axis at the top, and the key says so; the band is cut. A key that would fill the plot
    names the peaks that are determined, and the largest others.
    """
    if ax is None:
        rows = min(len(result.peak_rows), _MOST_ROWS)
        ax = style.own_axes(2.7 + max(rows - _ROWS, 0) * _LINE_PT / 72.0)
    colour, peak_colour = style.pair(ax)
    tau, gamma = result.tau, result.gamma
    ax.set_xscale("log")
    (line,) = ax.plot(tau, np.where(result.in_window, gamma, np.nan), "-", color=colour, lw=1.3)
    style.mark_data(line, result.spectrum)
    ax.plot(tau, np.where(result.in_window, np.nan, gamma), "--", color=colour, lw=1.0)
    band = np.isfinite(result.lower) & np.isfinite(result.upper)
    if band.any():
        ax.fill_between(tau, result.lower, result.upper, where=band, color=colour, alpha=0.22, lw=0)
    alone = len(style.data_lines(ax)) == 1
    if alone:
        _frame(ax, result)
    (roof, off_scale), floor = _roof(result), _floor(result)
    if floor < 0.0:
        ax.axhline(0.0, color="black", lw=0.5, zorder=1).set_gid(_ZERO)
    entries = _number_peaks(ax, result, roles or {}, peak_colour, roof) if alone else []
    if alone and off_scale and all(row["gamma_ohm"] <= roof for row in result.peak_rows):
        entries.append((line, _highest(result)))
    lines = style.name_samples(ax, entries, **(_KEY if alone else {}))
    _set_height(ax, (floor, roof), len(entries), off_scale, lines)
    _label_axes(ax, style.ohm(result.spectrum), roof if off_scale else float(ax.get_ylim()[1]))
    return ax


def _frame(ax: Axes, result: DRTResult) -> None:
    """Set the axis of tau, shade what was not measured, and put frequency on top.

    The axis leaves room for the mark of a peak at the very end of the grid.
    """
    window = result.spectrum.tau_window
    low, high = min(result.tau[0], window[0]), max(result.tau[-1], window[1])
    room = (high / low) ** _EDGE
    peaks = np.clip([float(row["tau_s"]) for row in result.peak_rows], low, high)
    low, high = (peaks / room).min(initial=low), (peaks * room).max(initial=high)
    ax.set_xlim(low, high)
    for left, right in ((low, window[0]), (window[1], high)):
        if left < right:
            ax.axvspan(left, right, color="#000000", alpha=0.07, lw=0)
    frequency_above(ax)


def frequency_above(ax: Axes) -> None:
    """Put an axis of frequency, 1/(2 pi tau), above an axis of tau."""
    upper = ax.secondary_xaxis("top", functions=(_other, _other))
    upper.set_xlabel("Frequency (Hz)", fontsize=style.TEXT_PT)
    style.dress(ax)
    upper.tick_params(which="both", labelsize=style.SMALL_PT)


def _other(value: Any) -> Any:
    """Return frequency for tau and tau for frequency."""
    with np.errstate(divide="ignore"):
        return 1.0 / (2.0 * np.pi * np.asarray(value, dtype=float))


def _roof(result: DRTResult) -> tuple[float, bool]:
    """Return up to which gamma to draw, in ohm, and whether the curve goes higher.

    The largest peak inside the window counts, unless the data determine none there: then the
    smallest outside.
    """
    # Of a peak between two points of the grid, gamma may be higher than on either
    rows = [row for row in result.peak_rows if row["gamma_ohm"] > 0.0]
    highest = max([float(result.gamma.max()), *(row["gamma_ohm"] for row in rows)])
    low, high = result.spectrum.tau_window
    inside = [row for row in rows if low <= row["tau_s"] <= high]
    heights = [float(row["gamma_ohm"]) for row in inside]
    if rows and all(row["status"] == "not determined" for row in inside):
        others = [float(row["gamma_ohm"]) for row in rows if row not in inside]
        heights += [min(others)] if others else []
    least = _FLAT * float(np.median(result.spectrum.modulus))
    usual = max(heights) if heights else max(float(result.gamma[result.in_window].max()), least)
    if highest > _OFF_SCALE * usual:
        shown = [row for row in rows if row["gamma_ohm"] <= _OFF_SCALE * usual]
        return 1.2 * max([usual, *(_with_band(result, row) for row in shown)]), True
    band = result.upper[result.in_window & np.isfinite(result.upper)]
    return max(highest, usual, min(float(band.max(initial=0.0)), _BAND * usual)), False


def _floor(result: DRTResult) -> float:
    """Return down to which gamma to draw, in ohm: below zero only where gamma is."""
    lowest = min([float(result.gamma.min()), *(row["gamma_ohm"] for row in result.peak_rows)])
    if lowest >= 0.0:
        return 0.0
    # Room for the mark and the number beneath the deepest peak, which may be all there is.
    return 1.1 * lowest - 0.2 * (float(result.gamma.max()) - lowest)


def _with_band(result: DRTResult, row: Mapping[str, Any]) -> float:
    """Return the height of a peak with its band, as far as that does not dwarf the peak."""
    upper = float(result.upper[np.argmin(np.abs(np.log(result.tau / row["tau_s"])))])
    height = float(row["gamma_ohm"])
    return min(upper, _BAND * height) if np.isfinite(upper) else height


def _highest(result: DRTResult) -> str:
    """Return where gamma is highest, in words."""
    unit = style.ohm(result.spectrum)
    at = int(np.argmax(result.gamma))
    height, tau = style.quantity(result.gamma[at], unit, 2), style.quantity(result.tau[at], "s", 2)
    return f"off scale: γ of {height} at {tau}"


def _number_peaks(
    ax: Axes, result: DRTResult, roles: Mapping[int, str], colour: str, roof: float
) -> list[tuple[Artist, str]]:
    """Put a number on every peak; return the key with role and resistance.

    Peaks above the roof have their number there, beneath an arrow, and those beyond the axis of tau
    at its end.
    """
    from matplotlib.lines import Line2D

    named: list[tuple[float, list[tuple[Artist, str]]]] = []
    blank = Line2D([], [], ls="none")
    for number, row in enumerate(result.peak_rows, start=1):
        sure, off = row["status"] == "ok", row["gamma_ohm"] > roof
        tau = min(max(row["tau_s"], float(result.tau[0])), float(result.tau[-1]))
        place = (tau, min(row["gamma_ohm"], roof))
        below = row["gamma_ohm"] < 0.0
        marker, shift, text_shift = ("^", -4.0, -8.0) if off else ("v", _TIP_PT, 2.0 * _TIP_PT)
        if below:
            marker, shift, text_shift = "^", -_TIP_PT, -2.0 * _TIP_PT
        elif tau != row["tau_s"] and not off:
            marker = ">" if tau < row["tau_s"] else "<"
        (mark,) = ax.plot(
            *place, marker, ms=4, mec=colour, mfc=colour if sure else "white",
            transform=_shifted(ax, shift), zorder=3,
        )  # fmt: skip
        ax.annotate(
            str(number), place, xytext=(0, text_shift), textcoords="offset points",
            ha="center", va="top" if off or below else "bottom", fontsize=style.SMALL_PT,
        )  # fmt: skip
        lines = _named(ax, result, number, roles, off, tau != row["tau_s"])
        weight = abs(float(row["resistance_ohm"])) * (1.0 if not sure else 1e30)
        named.append((weight, [(mark, lines[0]), *((blank, text) for text in lines[1:])]))
    return _listed(ax, named, blank)


def _named(
    ax: Axes, result: DRTResult, number: int, roles: Mapping[int, str], off: bool, beyond: bool
) -> list[str]:
    """Return the one or two lines of the key for a peak."""
    row = result.peak_rows[number - 1]
    head = [f"{number}", roles.get(number, "").replace("_", " ")]
    size = style.quantity(row["resistance_ohm"], style.ohm(result.spectrum))
    if off:
        size = f"off scale: {size}"
    if off or beyond:
        size += f" at {style.quantity(row['tau_s'], 's', 2)}"
    size += "" if row["status"] == "ok" else f" ({row['status']})"
    line = "  ".join(part for part in (*head, size) if part)
    if len(line) <= _fitting(ax):
        return [line]
    return ["  ".join(part for part in head if part), f"    {size}"]


def _listed(
    ax: Axes, named: list[tuple[float, list[tuple[Artist, str]]]], blank: Artist
) -> list[tuple[Artist, str]]:
    """Return the rows of the key: of peaks with the largest weight, where there are too many."""
    height_pt = _KEPT * ax.get_window_extent().height / ax.figure.dpi * 72.0
    room = max(int(_KEY_SHARE * height_pt / _LINE_PT) - 1, 2)
    if sum(len(lines) for _, lines in named) <= room:
        return [entry for _, lines in named for entry in lines]
    kept: set[int] = set()
    for k in sorted(range(len(named)), key=lambda k: -named[k][0]):
        room -= len(named[k][1])
        if room < 1:
            break
        kept.add(k)
    left_out = [str(k + 1) for k in range(len(named)) if k not in kept]
    entries = [entry for k in sorted(kept) for entry in named[k][1]]
    return [*entries, (blank, f"and {len(left_out)} less sure or smaller")]


def _fitting(ax: Axes) -> int:
    """Return how many characters of the key fit the width of the axes."""
    width_pt = ax.get_window_extent().width / ax.figure.dpi * 72.0
    return max(int(0.95 * width_pt / (0.53 * style.SMALL_PT)), 12)


def _shifted(ax: Axes, up_pt: float) -> Transform:
    """Return the axes' transform of data, moved up."""
    from matplotlib.transforms import ScaledTranslation

    figure: Any = ax.figure
    return ax.transData + ScaledTranslation(0.0, up_pt / 72.0, figure.dpi_scale_trans)


def _set_height(
    ax: Axes, between: tuple[float, float], rows: int, off_scale: bool, title_lines: int
) -> None:
    """Leave room above the curve for the key, so that it never covers a peak.

    Where the curve is cut, it leaves the plot at a line beneath the key.
    """
    height_pt = _KEPT * ax.get_window_extent().height / ax.figure.dpi * 72.0
    height_pt -= 1.3 * style.TEXT_PT * (title_lines - 1)
    room_pt = rows * _LINE_PT + (6.0 if off_scale else 16.0)
    share = min(room_pt / max(height_pt, 1.0), _KEY_SHARE)
    floor, roof = between
    top = floor + (roof - floor) / (1.0 - share)
    if rows or len(style.data_lines(ax)) == 1:
        ax.set_ylim(floor, top)
    else:
        bottom, highest = ax.get_ylim()
        signed = any(line.get_gid() == _ZERO for line in ax.lines)
        ax.set_ylim(min(floor, bottom) if signed else 0.0, max(top, highest))
    for old in _headers(ax):
        old.remove()
    if off_scale and rows:
        header = ax.axhspan(roof, 2.0 * top, fc="white", ec="black", lw=0.6, zorder=4)
        header.set_gid(_HEADER)


def _label_axes(ax: Axes, unit: str, roof: float) -> None:
    from matplotlib.ticker import FixedLocator

    scale, prefix = style.prefixed(roof)
    style.scale_ticks(ax.yaxis, scale)
    if _headers(ax):
        locator: Any = ax.yaxis.get_major_locator()
        ticks = [tick for tick in locator.tick_values(0.0, roof) if tick <= roof]
        ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.set_xlabel("Relaxation time τ (s)", fontsize=style.TEXT_PT)
    ax.set_ylabel(f"γ(ln τ) ({prefix}{unit})", fontsize=style.TEXT_PT)


def _headers(ax: Axes) -> list[Patch]:
    return [patch for patch in ax.patches if patch.get_gid() == _HEADER]
