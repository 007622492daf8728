"""The plot of how lambda was chosen: the score of every value tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eisfit.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from eisfit.relaxation.result import DRTResult

# What the criteria measure, where the name does not say it.
_SCORES = {
    "evidence": "−2 ln evidence, above the least",
    "lcurve": "−curvature of the L-curve",
    "kfold": "misfit, five-fold",
    "re-im": "misfit, real from imaginary",
}
_HIGHEST = 60.0  # of twice the log evidence above the best that is drawn: more is off the point


def drt_sweep(result: DRTResult, ax: Axes | None = None) -> Axes:
    """Draw the score over lambda, with the value that won.

    Parameters
    ----------
    result : DRTResult
    ax : matplotlib Axes, optional
        Where to draw; without it a figure of its own is made, one column of a paper wide.

    Returns
    -------
    The axes. Scores of evidence are counted from the best.

    Raises
    ------
    ValueError
        If lambda was given, so that there is no sweep.
    """
    if not len(result.sweep):
        raise ValueError("nothing to draw: lambda was given, not chosen by a sweep")
    if ax is None:
        ax = style.own_axes(2.3)
    lam, score = result.sweep[np.argsort(result.sweep[:, 0])].T
    if result.criterion == "evidence":
        score = score - np.nanmin(score)
    shown = np.isfinite(score)
    colour, best_colour = style.pair(ax)
    (line,) = ax.plot(lam[shown], score[shown], "o-", ms=2.6, lw=1.0, color=colour)
    style.mark_data(line, result.spectrum)
    ax.axvline(result.regularization, color=best_colour, lw=0.9, ls="--")
    ax.set_xscale("log")
    if result.criterion == "evidence":
        top = min(_HIGHEST, max(float(score[shown].max()), 1.0))
        ax.set_ylim(-0.05 * top, 1.25 * top)
        near = lam[score <= 1.25 * top]
        ax.set_xlim(near.min() / 3.0, near.max() * 10.0)
    else:
        ax.set_yscale("log" if (score[shown] > 0).all() else "linear")
        ax.margins(y=0.05)
        _leave_room(ax)
    ax.set_xlabel("λ", fontsize=style.TEXT_PT)
    ax.set_ylabel(_SCORES.get(result.criterion, result.criterion.upper()), fontsize=style.TEXT_PT)
    style.dress(ax)
    style.title(ax, result.spectrum.label)
    style.legend(ax, [(ax.get_lines()[-1], f"λ = {result.regularization:.2g}")], loc="best")
    return ax


def _leave_room(ax: Axes) -> None:
    """Leave room for the key above the curve."""
    axis = ax.yaxis.get_transform()
    low, high = axis.transform(np.array(ax.get_ylim()))
    top = axis.inverted().transform(np.array([low + 1.2 * (high - low)]))
    ax.set_ylim(top=float(top[0]))
