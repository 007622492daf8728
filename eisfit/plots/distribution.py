"""The plot of a distribution of relaxation times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from eisfit.relaxation.result import DRTResult
    from eisfit.spectrum import FloatArray

_KEY = {"loc": "upper left", "handlelength": 0.8, "frameon": False}
_LINE_PT = 1.35 * style.SMALL_PT


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
    The axes. Beyond the measured window, which is grey, gamma is extrapolation and dashed.
    """
    if ax is None:
        ax = style.own_axes(2.7)
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
    _frame(ax, tau, result.spectrum.tau_window, alone)
    top = float(np.nanmax(np.append(np.where(band, result.upper, gamma), gamma), initial=0.0))
    entries = _number_peaks(ax, result, roles or {}, peak_colour) if alone else []
    _set_height(ax, top or 1.0, len(entries))
    style.name_samples(ax, entries, **(_KEY if alone else {}))
    _label_axes(ax, style.ohm(result.spectrum))
    return ax


def _frame(ax: Axes, tau: FloatArray, window: tuple[float, float], first: bool) -> None:
    """Set the axis of tau, shade what was not measured, and put frequency on top."""
    if not first:
        return
    low, high = min(tau[0], window[0]), max(tau[-1], window[1])
    ax.set_xlim(low, high)
    for left, right in ((low, window[0]), (window[1], high)):
        if left < right:
            ax.axvspan(left, right, color="#000000", alpha=0.07, lw=0)
    upper = ax.secondary_xaxis("top", functions=(_other, _other))
    upper.set_xlabel("Frequency (Hz)", fontsize=style.TEXT_PT)
    style.dress(ax)
    upper.tick_params(which="both", labelsize=style.SMALL_PT)


def _other(value: Any) -> Any:
    """Return frequency for tau and tau for frequency."""
    with np.errstate(divide="ignore"):
        return 1.0 / (2.0 * np.pi * np.asarray(value, dtype=float))


def _number_peaks(
    ax: Axes, result: DRTResult, roles: Mapping[int, str], colour: str
) -> list[tuple[Artist, str]]:
    """Put a number on every peak; return the key with role and resistance."""
    entries: list[tuple[Artist, str]] = []
    unit = style.ohm(result.spectrum)
    for number, row in enumerate(result.peak_rows, start=1):
        sure = row["status"] == "ok"
        (mark,) = ax.plot(
            row["tau_s"], row["gamma_ohm"], "v", ms=4, mec=colour, mfc=colour if sure else "white"
        )
        ax.annotate(
            str(number), (row["tau_s"], row["gamma_ohm"]), xytext=(0, 4),
            textcoords="offset points", ha="center", va="bottom", fontsize=style.SMALL_PT,
        )  # fmt: skip
        role = roles.get(number, "").replace("_", " ")
        parts = [f"{number}", role, style.quantity(row["resistance_ohm"], unit)]
        remark = "" if sure else f" ({row['status']})"
        entries.append((mark, "  ".join(part for part in parts if part) + remark))
    return entries


def _set_height(ax: Axes, top: float, rows: int) -> None:
    """Leave room above the curve for the key, so that it never covers a peak."""
    height_pt = ax.get_window_extent().height / ax.figure.dpi * 72.0
    share = min((rows * _LINE_PT + 14.0) / max(height_pt, 1.0), 0.6)
    ax.set_ylim(0.0, max(top / (1.0 - share), ax.get_ylim()[1] if rows == 0 else 0.0))


def _label_axes(ax: Axes, unit: str) -> None:
    scale, prefix = style.prefixed(float(ax.get_ylim()[1]))
    style.scale_ticks(ax.yaxis, scale)
    ax.set_xlabel("Relaxation time τ (s)", fontsize=style.TEXT_PT)
    ax.set_ylabel(f"γ(ln τ) ({prefix}{unit})", fontsize=style.TEXT_PT)
