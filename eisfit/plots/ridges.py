"""Distributions of relaxation times of a series, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.plots import style
from eisfit.plots.distribution import frequency_above
from eisfit.plots.sequence import Place, Positions, name_of, number
from eisfit.spectrum import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eisfit.relaxation.result import DRTResult

Span = tuple[float, float]

_REACH = 1.6  # height of the highest peak over the distance of two curves
_HEADROOM = 1.3  # times the highest peak inside the window: what is higher is cut
_APART = 10.0  # ratio of the highest peaks beyond which each curve has a scale of its own
_STEP_IN = 0.33  # between two curves
_HEIGHT_IN = (2.6, 5.2)  # of a figure of our own


def drt_waterfall(
    members: Sequence[tuple[DRTResult, Place]],
    ax: Axes | None = None,
    *,
    along: str = "time_h",
    sample: str = "",
    scale: str = "auto",
    tau_s: Span | None = None,
    columns: int = 1,
) -> Axes:
    """Draw gamma over log tau for every spectrum of a series, the first at the bottom.

    Parameters
    ----------
    members : sequence of (DRTResult, float or str)
        Distributions, and where each stands in the series; drawn by ascending place.
    ax : matplotlib Axes, optional
        Where to draw; without it a figure of its own is made.
    along : str
        Column that the places are from.
    sample : str
        Name for the title.
    scale : "auto", "common" or "own"
        Whether all curves share a scale of gamma, told by a bar, or each is drawn to its own
        highest peak, whose gamma stands beside it. "auto": own where peaks differ by more than 10.
    tau_s : (float, float), optional
        Show only these relaxation times, in s.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes. Only the measured window of each spectrum is drawn; what rises above 1.3 times its
    highest peak there, at the edge of the window, is cut.

    Raises
    ------
    ValueError
        If there is no distribution, or the scale is unknown.
    """
    if not members:
        raise ValueError("a waterfall needs at least one distribution")
    if scale not in ("auto", "common", "own"):
        raise ValueError(f"unknown scale {scale!r}: choose auto, common or own")
    positions = Positions.of([place for _, place in members], along)
    order = np.argsort(positions.numbers, kind="stable")
    curves = [_Curve.of(result, tau_s) for result, _ in members]
    tops = np.array([curve.top for curve in curves])
    peaked = tops[[curve.has_peak for curve in curves]]
    peaked = peaked if len(peaked) else tops
    separate = scale == "own" or bool(scale == "auto" and peaked.max() > _APART * peaked.min())
    own = ax is None
    if ax is None:
        height = np.clip(1.1 + _STEP_IN * (len(members) + 1), *_HEIGHT_IN)
        ax = style.own_axes(float(height), columns)
    _dress(ax, min(c.tau[0] for c in curves), max(c.tau[-1] for c in curves), sample, own)
    full = 1.0 if separate else float(peaked.max())
    units = tops if separate else np.ones(len(tops))
    colours = positions.colours()
    reached = 0.0
    for rank, i in enumerate(order):
        base, heights = rank * full / _REACH, curves[i].gamma / units[i]
        # Cut, not flattened: a plateau would look like a finding
        heights = np.where(heights <= _HEADROOM * full, np.maximum(heights, 0.0), np.nan)
        look: dict[str, Any] = {"zorder": 2.0 - 0.9 * rank / len(members)}
        ax.fill_between(curves[i].tau, base, base + heights, color="white", lw=0, **look)
        ax.plot(curves[i].tau, base + heights, color=colours[i], lw=1.0, **look)
        reached = max(reached, base + float(np.nanmax(heights, initial=0.0)))
    top = 1.04 * max(reached, (len(members) - 1) * full / _REACH + 0.7 * full)
    ax.set_ylim(-0.04 * top, top)
    unit = style.ohm(members[0][0].spectrum)
    words = [_words(positions.places[i], tops[i] if separate else None, unit) for i in order]
    _name_curves(ax, words, full / _REACH)
    _name_height(ax, full, separate, unit, name_of(along))
    return ax


def span_of(result: DRTResult, tau_s: Span | None) -> Span:
    """Return the measured window in s, cut to `tau_s`; as it is where they do not overlap."""
    low, high = result.spectrum.tau_window
    if tau_s is None or not (max(low, tau_s[0]) < min(high, tau_s[1])):
        return low, high
    return max(low, tau_s[0]), min(high, tau_s[1])


def highest(result: DRTResult, span: Span) -> tuple[float, bool]:
    """Return gamma in ohm of the highest determined peak inside a span of tau, and true.

    Without a peak, the highest gamma there, and false: it may be the foot of a tail.
    """
    low, high = span
    found = [
        float(row["gamma_ohm"]) for row in result.peak_rows
        if low <= row["tau_s"] <= high and row["status"] != "not determined"
    ]  # fmt: skip
    inside = result.gamma[(low <= result.tau) & (result.tau <= high)]
    return max(found, default=float(inside.max(initial=0.0))) or 1.0, bool(found)


class _Curve(NamedTuple):
    """What is drawn of a distribution: tau in s, gamma in ohm, and its highest peak."""

    tau: FloatArray
    gamma: FloatArray
    top: float
    has_peak: bool

    @classmethod
    def of(cls, result: DRTResult, tau_s: Span | None) -> _Curve:
        low, high = span_of(result, tau_s)
        between = result.tau[(low < result.tau) & (result.tau < high)]
        tau = np.concatenate([[low], between, [high]])
        gamma = np.interp(np.log(tau), np.log(result.tau), result.gamma)
        return cls(tau, gamma, *highest(result, (low, high)))


def _dress(ax: Axes, low: float, high: float, sample: str, own: bool) -> None:
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    frequency_above(ax)
    style.dress(ax)
    ax.set_yticks([])
    ax.set_xlabel("Relaxation time τ (s)", fontsize=style.TEXT_PT)
    lines = style.title(ax, sample)
    if own:
        figure: Any = ax.figure
        figure.set_figheight(figure.get_figheight() + 0.15 * lines)


def _words(place: Place, top: float | None, unit: str) -> str:
    said = place if isinstance(place, str) else number(place)
    return said if top is None else f"{said} ({style.quantity(top, unit, 2)})"


def _name_curves(ax: Axes, words: Sequence[str], step: float) -> None:
    """Write each curve's place at its right end, as many as fit."""
    figure: Any = ax.figure
    step_pt = step / np.ptp(ax.get_ylim()) * 0.8 * ax.get_window_extent().height
    step_pt *= 72.0 / figure.dpi
    every = max(int(np.ceil(1.1 * style.SMALL_PT / max(step_pt, 1e-9))), 1)
    for rank, content in enumerate(words):
        if rank % every and rank != len(words) - 1:
            continue
        if rank == len(words) - 1 and rank % every and every > 1:
            continue
        note = ax.annotate(
            "", (1.0, rank * step), xycoords=("axes fraction", "data"), xytext=(3.0, 0.0),
            textcoords="offset points", va="center", fontsize=style.SMALL_PT,
            annotation_clip=False,
        )  # fmt: skip
        style.plain(note, style.wrapped(content, 24, 1))


def _name_height(ax: Axes, full: float, separate: bool, unit: str, along: str) -> None:
    """Say what the height means: by a bar of so many ohm, or that each curve has its own scale."""
    if separate:
        ax.set_ylabel("γ(ln τ), each to its own peak", fontsize=style.TEXT_PT)
    else:
        ax.set_ylabel("γ(ln τ)", fontsize=style.TEXT_PT)
        size = _round_below(0.8 * full)
        low, high = ax.get_ylim()
        start = high - 0.04 * (high - low) - size
        bar: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "color": "black", "lw": 1.2}
        ax.plot([0.03, 0.03], [start, start + size], **bar, zorder=4)
        note = ax.annotate(
            "", (0.03, start + size / 2.0), xycoords=ax.get_yaxis_transform(), xytext=(4.0, 0.0),
            textcoords="offset points", va="center", fontsize=style.SMALL_PT, zorder=4,
        )  # fmt: skip
        style.plain(note, style.quantity(size, unit))
    over = ax.annotate(
        "", (1.0, 1.0), xycoords="axes fraction", xytext=(3.0, 2.0), textcoords="offset points",
        va="bottom", fontsize=style.SMALL_PT, annotation_clip=False,
    )  # fmt: skip
    style.plain(over, along)


def _round_below(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a number."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(step for step in (1.0, 2.0, 5.0) if step * power <= value * 1.0001))
