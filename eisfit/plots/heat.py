"""The distribution of relaxation times over a series as colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots import style
from eisfit.plots.distribution import frequency_above
from eisfit.plots.ridges import Span, highest, span_of
from eisfit.plots.sequence import SEQUENTIAL, Place, Positions, name_of, number
from eisfit.spectrum import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eisfit.relaxation.result import DRTResult

_PER_DECADE = 60  # columns of the map
_DECADES = 3.0  # of gamma, that a logarithmic map shows
_SPREAD = 20.0  # of peaks inside the window: beyond, the map is logarithmic
_UNEVEN = 4.0  # ratio of the largest to the smallest gap: beyond, rows are of one height
_MOST_NAMES = 12


def drt_map(
    members: Sequence[tuple[DRTResult, Place]],
    ax: Axes | None = None,
    *,
    along: str = "time_h",
    sample: str = "",
    log: bool | None = None,
    tau_s: tuple[float, float] | None = None,
    columns: int = 1,
) -> Axes:
    """Draw gamma as colour over log tau and the place in the series.

    Parameters
    ----------
    members : sequence of (DRTResult, float or str)
        Distributions, and where each stands in the series.
    ax : matplotlib Axes, optional
        Where to draw, on fresh axes; without it a figure of its own is made.
    along : str
        Column that the places are from.
    sample : str
        Name for the title.
    log : bool, optional
        Whether colour is the logarithm of gamma, over three decades. Without it: where the peaks
        differ by more than 20.
    tau_s : (float, float), optional
        Show only these relaxation times, in s.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes. Colours end at the highest peak; where gamma is higher, as at the foot of a tail, the
    bar ends in a tip. Every spectrum is a row; where places are uneven the rows have one height and
    the places stand beside them. Outside of a spectrum's measured window the map is grey. Rings are
    peaks, open where their status is not `ok`.

    Raises
    ------
    ValueError
        If there is no distribution.
    """
    if not members:
        raise ValueError("a map needs at least one distribution")
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.9, columns)
    positions = Positions.of([place for _, place in members], along)
    order = np.argsort(positions.numbers, kind="stable")
    rows = [members[i][0] for i in order]
    spans = [span_of(result, tau_s) for result in rows]
    tau, gamma = _on_one_grid(rows, spans)
    edges, centres, even = _rows(positions, order)
    heights = [highest(result, span) for result, span in zip(rows, spans, strict=True)]
    # Of a tail's foot the colours tell nothing, as long as there is a peak
    top = max([h for h, is_peak in heights if is_peak] or [h for h, _ in heights])
    unit = style.ohm(rows[0].spectrum)
    _paint(ax, tau, gamma, edges, top, unit, _is_log(rows, spans) if log is None else log)
    _rings(ax, rows, spans, centres, top)
    ax.set_xscale("log")
    ax.set_xlim(tau[0], tau[-1])
    ax.set_ylim(edges[0], edges[-1])
    if not even:
        _name_rows(ax, [positions.places[i] for i in order], centres)
    frequency_above(ax)
    style.dress(ax)
    ax.tick_params(which="both", direction="out")
    ax.set_xlabel("Relaxation time τ (s)", fontsize=style.TEXT_PT)
    ax.set_ylabel(name_of(along), fontsize=style.TEXT_PT)
    ax.set_facecolor("#dddddd")
    lines = style.title(ax, sample)
    if own and lines > 1:
        figure: Any = ax.figure
        figure.set_figheight(figure.get_figheight() + 0.15 * (lines - 1))
    return ax


def _on_one_grid(rows: Sequence[DRTResult], spans: Sequence[Span]) -> tuple[FloatArray, FloatArray]:
    """Return (M,) tau and (N, M) gamma inside the spans, NaN outside, in s and ohm."""
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    count = max(int(_PER_DECADE * np.log10(high / low)), 2)
    tau = np.geomspace(low, high, count)
    gamma = np.full((len(rows), count), np.nan)
    for row, result, (first, last) in zip(gamma, rows, spans, strict=True):
        inside = (tau >= first * (1.0 - 1e-9)) & (tau <= last * (1.0 + 1e-9))
        row[inside] = np.interp(np.log(tau[inside]), np.log(result.tau), result.gamma)
    return tau, gamma


def _rows(positions: Positions, order: Any) -> tuple[FloatArray, FloatArray, bool]:
    """Return the edges and centres of rows, and whether they stand at their own numbers."""
    x = positions.numbers[order]
    gaps = np.diff(x)
    even = (
        positions.is_numeric
        and len(x) > 1
        and bool(np.isfinite(x).all() and gaps.min() > 0 and gaps.max() <= _UNEVEN * gaps.min())
    )
    centres = x if even else np.arange(len(x), dtype=float)
    middles = (centres[1:] + centres[:-1]) / 2.0
    if len(centres) == 1:
        return np.array([-0.5, 0.5]), centres, False
    first, last = 2.0 * centres[0] - middles[0], 2.0 * centres[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]]), centres, even


def _is_log(rows: Sequence[DRTResult], spans: Sequence[Span]) -> bool:
    peaks = [
        float(row["gamma_ohm"])
        for result, (low, high) in zip(rows, spans, strict=True)
        for row in result.peak_rows
        if low <= row["tau_s"] <= high and row["status"] == "ok" and row["gamma_ohm"] > 0
    ]
    return bool(peaks) and max(peaks) > _SPREAD * min(peaks)


def _paint(
    ax: Axes, tau: FloatArray, gamma: FloatArray, edges: FloatArray, top: float, unit: str,
    log: bool,
) -> None:  # fmt: skip
    from matplotlib.colors import LogNorm, Normalize

    norm = LogNorm(top / 10.0**_DECADES, top) if log else Normalize(0.0, top)
    if log:
        gamma = np.maximum(gamma, top / 10.0**_DECADES)
    steps = np.sqrt(tau[1:] * tau[:-1])
    sides = np.concatenate([[tau[0]], steps, [tau[-1]]])
    mesh = ax.pcolormesh(sides, edges, gamma, norm=norm, cmap=SEQUENTIAL, rasterized=True)
    place = ax.inset_axes((1.03, 0.0, 0.04, 1.0))
    figure: Any = ax.figure
    higher = bool(np.nanmax(gamma, initial=0.0) > 1.05 * top)
    bar = figure.colorbar(mesh, cax=place, extend="max" if higher else "neither")
    scale, prefix = style.prefixed(top)
    if log:
        bar.set_label(f"γ(ln τ) ({unit})", fontsize=style.TEXT_PT)
    else:
        style.scale_ticks(bar.ax.yaxis, scale)
        bar.set_label(f"γ(ln τ) ({prefix}{unit})", fontsize=style.TEXT_PT)
    bar.outline.set_linewidth(0.6)
    bar.ax.tick_params(which="both", labelsize=style.SMALL_PT, direction="in")


def _rings(
    ax: Axes,
    rows: Sequence[DRTResult],
    spans: Sequence[Span],
    centres: FloatArray,
    top: float,
) -> None:
    """Ring the peaks inside the window that are worth a thousandth of the highest."""
    for result, (low, high), y in zip(rows, spans, centres, strict=True):
        for row in result.peak_rows:
            seen = low <= row["tau_s"] <= high and row["gamma_ohm"] >= top / 10.0**_DECADES
            if not seen or row["status"] == "not determined":
                continue
            sure = row["status"] == "ok"
            ax.plot(
                row["tau_s"], y, "o", ms=3.0, mec="black", mew=0.6,
                mfc="white" if sure else "none",
            )  # fmt: skip


def _name_rows(ax: Axes, places: Sequence[Place], centres: FloatArray) -> None:
    every = -(-len(places) // _MOST_NAMES)
    shown = range(0, len(places), every)
    ax.set_yticks([float(centres[i]) for i in shown], labels=["" for _ in shown])
    ax.set_yticklabels(
        [
            style.wrapped(p, 16, 1) if isinstance(p, str) else number(p)
            for p in (places[i] for i in shown)
        ],
        parse_math=False,
    )
