"""Resistances by the state of the cell, samples side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from eisfit.plots import keys, style
from eisfit.plots.rows import Row, rows_of, wants_log
from eisfit.plots.sequence import Place, Positions, name_of
from eisfit.plots.trend import label_ohm

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_WIDTH = 0.8  # of the bars of one state together
_LEAST_PT = 17.0  # of a bar, to have its number above it


class _Bar(NamedTuple):
    """One bar: the mean of the cells of a sample in a state, and its 95 % interval."""

    sample: str
    place: Place
    ohm: float
    lower: float
    upper: float
    cells: tuple[float, ...]
    reference: float
    sure: bool


def resistance_by_state(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    role: str | None = None,
    along: str = "state",
    log: bool | None = None,
    reference: bool = True,
    columns: int = 1,
) -> Axes:
    """Draw one resistance as bars by the state of the cell, samples side by side.

    Parameters
    ----------
    table : DataFrame
        Columns of `eisfit.tables.RESISTANCE_COLUMNS` and the column `along`; `cell` and
        `reference_ohm` where there are any.
    ax : matplotlib Axes, optional
        Where to draw, on fresh axes; without it a figure of its own is made.
    role : str, optional
        Which resistance; without it the first sum of the table, such as `R_ct_total`, else the
        first resistance that has a number.
    along : str
        Column of the states.
    log : bool, optional
        Whether the axis is logarithmic; without it, where the resistances span a decade.
    reference : bool
        Whether to draw the values of `reference_ohm` as black lines.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes. Of several cells of a sample a bar is the mean, its interval comes from their
    scatter (Student's t), and each cell is a dot; of one cell the interval is that of the fit.
    A bar whose status is not `ok` is open.

    Raises
    ------
    ValueError
        If a column or the role is missing, or the table is empty.
    """
    rows = rows_of(table, along)
    wanted = _role(rows, role)
    rows = [row for row in rows if row.role == wanted]
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.4, columns)
    samples = keys.in_order(row.sample for row in rows)
    states = Positions.of([row.place for row in rows], along).distinct
    bars = [
        bar
        for sample in samples
        for state in states
        if (bar := _bar([r for r in rows if (r.sample, r.place) == (sample, state)])) is not None
    ]
    values = [v for bar in bars for v in (bar.ohm, bar.reference)]
    logarithmic = wants_log(values, log)
    ax.set_yscale("log" if logarithmic else "linear")
    _draw(ax, bars, samples, list(states), logarithmic)
    marked = reference and _references(ax, bars, samples, list(states))
    _limits(ax, bars, logarithmic)
    _label(ax, states, along, wanted, logarithmic)
    _numbers(ax, bars, samples, list(states))
    keys.above(ax, [_entries(samples), _further(bars, marked)], own)
    return ax


def _role(rows: Sequence[Row], role: str | None) -> str:
    there = keys.in_order(row.role for row in rows)
    if role is not None:
        if role not in there:
            raise ValueError(f"no role {role} in the table; there are {', '.join(there)}")
        return role
    known = [row for row in rows if np.isfinite(row.ohm)]
    sums = [row.role for row in known if row.is_sum]
    return next(iter([*sums, *(row.role for row in known), *there]))


def _bar(rows: Sequence[Row]) -> _Bar | None:
    """Return the bar of some rows of one sample and state; None where none has a number."""
    from scipy.special import stdtrit

    known = [row for row in rows if np.isfinite(row.ohm)]
    if not known:
        return None
    sure = all(row.status == "ok" for row in known)
    references = [row.reference for row in known if np.isfinite(row.reference)]
    reference = float(np.mean(references)) if references else float("nan")
    last = known[-1]
    cells = {row.cell: row.ohm for row in known}
    if len(cells) < 2:
        return _Bar(last.sample, last.place, last.ohm, last.lower, last.upper, (), reference, sure)
    ohms = np.array(list(cells.values()))
    mean, half = ohms.mean(), stdtrit(len(ohms) - 1, 0.975) * ohms.std(ddof=1) / len(ohms) ** 0.5
    dots = tuple(float(v) for v in ohms)
    return _Bar(last.sample, last.place, float(mean), float(mean - half), float(mean + half),
                dots, reference, sure)  # fmt: skip


def _at(bar: _Bar, samples: Sequence[str], states: Sequence[Place]) -> float:
    share = (samples.index(bar.sample) + 0.5) / len(samples) - 0.5
    return states.index(bar.place) + _WIDTH * share


def _draw(
    ax: Axes, bars: Sequence[_Bar], samples: Sequence[str], states: list[Place], log: bool
) -> None:
    colours = keys.of_samples(samples)
    for bar in bars:
        x, colour = _at(bar, samples, states), colours[bar.sample]
        ax.bar(x, bar.ohm, 0.92 * _WIDTH / len(samples), color=colour if bar.sure else "white",
               edgecolor=colour, linewidth=1.0)  # fmt: skip
        if bar.cells:
            ax.plot([x] * len(bar.cells), bar.cells, "o", ms=2.5, mfc="white", mec="black",
                    mew=0.6, zorder=3.0)  # fmt: skip
        lower = bar.lower if bar.lower > 0.0 or not log else np.nan
        reach = [[bar.ohm - lower], [bar.upper - bar.ohm]]
        if np.isfinite(reach).all() and np.min(reach) >= 0.0:
            ax.errorbar(x, bar.ohm, reach, fmt="none", ecolor="black", elinewidth=0.8,
                        capsize=2.0, capthick=0.8)  # fmt: skip


def _references(
    ax: Axes, bars: Sequence[_Bar], samples: Sequence[str], states: list[Place]
) -> bool:
    known = [bar for bar in bars if np.isfinite(bar.reference)]
    half = 0.5 * _WIDTH / len(samples)
    for bar in known:
        x = _at(bar, samples, states)
        ax.plot([x - half, x + half], [bar.reference] * 2, "-", color="black", lw=1.2, zorder=2.5)
    return bool(known)


def _limits(ax: Axes, bars: Sequence[_Bar], log: bool) -> None:
    """Leave room for the numbers above; a logarithmic axis begins below the lowest bar."""
    values = [v for bar in bars for v in (bar.ohm, bar.upper, bar.reference, *bar.cells)]
    finite = np.array([v for v in values if np.isfinite(v) and v > 0.0] or [1.0])
    if log:
        low, high = finite.min(), finite.max()
        ax.set_ylim(low / 3.0, high * (high / low * 3.0) ** 0.14)
    else:
        ax.set_ylim(0.0, 1.15 * finite.max())


def _label(ax: Axes, states: Sequence[Place], along: str, role: str, log: bool) -> None:
    words = [str(p) if isinstance(p, str) else f"{p:.4g}" for p in states]
    ax.set_xticks(
        range(len(states)), labels=[style.wrapped(w, 14, 2) for w in words], parse_math=False
    )
    ax.set_xlim(-0.55, len(states) - 0.45)
    if along != "state":
        ax.set_xlabel(name_of(along), fontsize=style.TEXT_PT)
    label_ohm(ax, log)
    style.plain(ax.yaxis.label, keys.of_role(role, ax.get_ylabel()))
    style.dress(ax)
    ax.tick_params(axis="x", length=0.0)


def _numbers(ax: Axes, bars: Sequence[_Bar], samples: Sequence[str], states: list[Place]) -> None:
    """Write each resistance above its bar, where bars are wide enough."""
    width_pt = 0.95 * ax.get_window_extent().width / ax.figure.dpi * 72.0
    if width_pt / (len(states) + 0.1) * _WIDTH / len(samples) < _LEAST_PT:
        return
    for bar in bars:
        tops = [v for v in (bar.ohm, bar.upper, bar.reference, *bar.cells) if np.isfinite(v)]
        note = ax.annotate(
            "", (_at(bar, samples, states), max(tops)), xytext=(0.0, 2.5),
            textcoords="offset points", ha="center", va="bottom", fontsize=style.SMALL_PT - 0.5,
        )  # fmt: skip
        style.plain(note, style.quantity(bar.ohm, "Ω"))


def _entries(samples: Sequence[str]) -> keys.Entries:
    from matplotlib.patches import Patch

    colours = keys.of_samples(samples)
    return [(Patch(color=colours[sample]), sample) for sample in samples]


def _further(bars: Sequence[_Bar], marked: bool) -> keys.Entries:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[tuple[Patch | Line2D, str]] = []
    if any(not bar.sure for bar in bars):
        entries.append((Patch(facecolor="white", edgecolor="black"), "status not ok"))
    if marked:
        entries.append((Line2D([], [], color="black", lw=1.2), "reference"))
    if any(bar.cells for bar in bars):
        dot = Line2D([], [], ls="none", marker="o", ms=2.5, mfc="white", mec="black", mew=0.6)
        entries.append((dot, "single cells"))
    return entries
