"""What the resistance of a cell is made of, over a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.plots import keys, style
from eisfit.plots.rows import Row, chosen, rows_of
from eisfit.plots.sequence import Place, Positions, name_of, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_APART = 10.0  # ratio of the totals beyond which shares are drawn
_GAP = 1.0  # bars, between samples
_WIDTH = 0.82  # of a bar
_FEW = 8  # letters of a line, below which names of samples stand upright
_STEEPEST = 20  # letters of such a name
_NAMED_PT = 9.0  # of a bar, below which not every bar has a name


class _Bar(NamedTuple):
    """One stacked bar: where, what is in it by role, and of how many cells it is the mean."""

    sample: str
    place: Place
    x: float
    parts: dict[str, Row]
    cells: int

    @property
    def total(self) -> float:
        return float(sum(row.ohm for row in self.parts.values()))


def contributions(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    along: str = "time_h",
    roles: Sequence[str] | None = None,
    share: bool | None = None,
    columns: int = 1,
) -> Axes:
    """Draw resistances stacked by role, sample by sample, the mean of the cells of a sample.

    Parameters
    ----------
    table : DataFrame
        Columns of `eisfit.tables.RESISTANCE_COLUMNS` and the column `along`; `cell` where there is
        one.
    ax : matplotlib Axes, optional
        Where to draw, on fresh axes; without it a figure of its own is made.
    along : str
    roles : sequence of str, optional
        Which to stack, from the bottom; without it all that are no sums.
    share : bool, optional
        Whether bars show shares of the total, in percent, with the total above. Without it: where
        totals of several roles differ by more than 10, because a stack cannot have a logarithmic
        axis.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes. Resistances without a number are left out of the stack; those whose status is not
    `ok` are hatched. Of several cells of a sample at one place, a bar is the mean of those that
    have the most roles; the key says of how many.

    Raises
    ------
    ValueError
        If a column or a role is missing, the table is empty, or no resistance has a number.
    """
    rows = rows_of(table, along)
    drawn = chosen(rows, roles)
    rows = [row for row in rows if row.role in drawn and np.isfinite(row.ohm) and row.ohm >= 0]
    if not rows:
        raise ValueError("no resistance in the table has a number to stack")
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.6, columns)
    bars = _bars(rows, along)
    totals = np.array([bar.total for bar in bars])
    positive = totals[totals > 0.0]
    apart = bool(len(positive) and positive.max() > _APART * positive.min())
    percent = (apart and len(drawn) > 1) if share is None else share
    colours = keys.of_roles(drawn)
    for bar in bars:
        _stack(ax, bar, drawn, colours, percent)
    _label_values(ax, bars, percent)
    ax.set_xlim(bars[0].x - 0.9, bars[-1].x + 0.9)
    _name_bars(ax, bars, along)
    _name_samples(ax, bars, own)
    style.dress(ax)
    ax.tick_params(axis="x", length=0.0)
    keys.above(ax, [_entries(drawn, colours), [*_hatched(rows), *_averaged(bars)]], own)
    return ax


def _bars(rows: Sequence[Row], along: str) -> list[_Bar]:
    """Return a bar for every sample and place, in that order."""
    bars: list[_Bar] = []
    x = 0.0
    for sample in keys.in_order(row.sample for row in rows):
        of_sample = [row for row in rows if row.sample == sample]
        positions = Positions.of([row.place for row in of_sample], along)
        ranks = [float(rank) for rank in positions.numbers]
        found: dict[float, dict[str, dict[str, Row]]] = {}
        for row, rank in zip(of_sample, ranks, strict=True):
            at = float(np.nan_to_num(rank, nan=-np.inf))
            found.setdefault(at, {}).setdefault(row.cell, {})[row.role] = row
        for at in sorted(found):
            cells = list(found[at].values())
            whole = [parts for parts in cells if len(parts) == max(map(len, cells))]
            parts = _mean(whole)
            bars.append(_Bar(sample, next(iter(parts.values())).place, x, parts, len(whole)))
            x += 1.0
        x += _GAP
    return bars


def _mean(cells: Sequence[dict[str, Row]]) -> dict[str, Row]:
    """Return the mean of each role over cells; its status is the first one that is not ok."""
    found = {}
    for role, first in cells[0].items():
        rows = [parts[role] for parts in cells if role in parts]
        status = next((row.status for row in rows if row.status != "ok"), "ok")
        ohm = float(np.mean([row.ohm for row in rows]))
        found[role] = first._replace(ohm=ohm, status=status)
    return found


def _stack(
    ax: Axes, bar: _Bar, roles: Sequence[str], colours: dict[str, str], percent: bool
) -> None:
    base, scale = 0.0, 100.0 / (bar.total or 1.0) if percent else 1.0
    for role in roles:
        row = bar.parts.get(role)
        if row is None:
            continue
        look: dict[str, Any] = {"hatch": "////"} if row.status != "ok" else {}
        ax.bar(bar.x, row.ohm * scale, _WIDTH, base, color=colours[role], edgecolor="white",
               linewidth=0.4, **look)  # fmt: skip
        base += row.ohm * scale


def _label_values(ax: Axes, bars: Sequence[_Bar], percent: bool) -> None:
    """Name the axis; of shares, write the total above each bar."""
    if not percent:
        top = max(bar.total for bar in bars)
        ax.set_ylim(0.0, 1.05 * top)
        scale, prefix = style.prefixed(top)
        style.scale_ticks(ax.yaxis, scale)
        ax.set_ylabel(f"Resistance ({prefix}Ω)", fontsize=style.TEXT_PT)
        return
    ax.set_ylim(0.0, 128.0)
    ax.set_yticks([0, 20, 40, 60, 80, 100])
    ax.set_ylabel("Share of the total (%)", fontsize=style.TEXT_PT)
    for bar in bars:
        if not _is_named(ax, bars, bar):
            continue
        note = ax.text(bar.x, 102.0, "", ha="center", va="bottom", rotation=90.0,
                       fontsize=style.SMALL_PT - 0.5)  # fmt: skip
        style.plain(note, style.quantity(bar.total, "Ω"))


def _is_named(ax: Axes, bars: Sequence[_Bar], bar: _Bar) -> bool:
    """Whether a bar has its name: all where there is room, else some, the first of each sample."""
    width_pt = 0.95 * ax.get_window_extent().width / ax.figure.dpi * 72.0
    every = max(int(np.ceil(_NAMED_PT * (bars[-1].x + 1.8) / width_pt)), 1)
    first = min(other.x for other in bars if other.sample == bar.sample)
    return round(bar.x - first) % every == 0


def _name_bars(ax: Axes, bars: Sequence[_Bar], along: str) -> None:
    named = [bar for bar in bars if _is_named(ax, bars, bar)]
    words = [
        style.wrapped(b.place, 14, 1) if isinstance(b.place, str) else number(b.place)
        for b in named
    ]
    ax.set_xticks([bar.x for bar in named], labels=words, parse_math=False)
    width_pt = 0.95 * ax.get_window_extent().width / ax.figure.dpi * 72.0
    room_pt = width_pt / (bars[-1].x + 1.8)
    longest = max(len(word) for word in words)
    if 0.58 * longest * style.SMALL_PT > room_pt:
        ax.tick_params(axis="x", labelrotation=90.0)
    ax.set_xlabel(name_of(along), fontsize=style.TEXT_PT)


def _name_samples(ax: Axes, bars: Sequence[_Bar], own: bool) -> None:
    """Write each sample's name above its bars, and a line between samples."""
    samples = keys.in_order(bar.sample for bar in bars)
    figure: Any = ax.figure
    width_pt = 0.95 * ax.get_window_extent().width / figure.dpi * 72.0
    places = [[bar.x for bar in bars if bar.sample == sample] for sample in samples]
    rooms = [(at[-1] - at[0] + 1.6) / (bars[-1].x + 1.8) * width_pt for at in places]
    letters = [max(int(room / (0.62 * style.SMALL_PT)), 4) for room in rooms]
    # Names in columns of a few letters would run into each other
    steep = any(few < min(len(s), _FEW) for few, s in zip(letters, samples, strict=True))
    names = [
        style.wrapped(sample, _STEEPEST, 1) if steep else style.wrapped(sample, few, 3)
        for few, sample in zip(letters, samples, strict=True)
    ]
    line_pt = 1.25 * style.SMALL_PT
    needed_pt = max(
        0.62 * style.SMALL_PT * len(n) if steep else line_pt * (n.count("\n") + 1) for n in names
    )
    for i, (at, words) in enumerate(zip(places, names, strict=True)):
        note = ax.annotate(
            "", ((at[0] + at[-1]) / 2.0, 1.0), xycoords=ax.get_xaxis_transform(),
            xytext=(0.0, -3.0), textcoords="offset points", ha="center", va="top",
            fontsize=style.SMALL_PT, rotation=90.0 if steep else 0.0,
        )  # fmt: skip
        style.plain(note, words)
        if i:
            ax.axvline(at[0] - 0.5 - _GAP / 2.0, color=style.GREY, lw=0.5)
    # The names stand above the bars, inside the axes
    if own:
        further_in = (needed_pt - line_pt) / 72.0
        figure.set_figheight(figure.get_figheight() + max(further_in, 0.0))
    height_pt = 0.8 * ax.get_window_extent().height / figure.dpi * 72.0
    share = min((needed_pt + 0.6 * line_pt) / height_pt, 0.5)
    ax.set_ylim(0.0, ax.get_ylim()[1] / (1.0 - share))


def _entries(roles: Sequence[str], colours: dict[str, str]) -> keys.Entries:
    from matplotlib.patches import Patch

    return [(Patch(color=colours[role]), keys.readable(role)) for role in roles]


def _averaged(bars: Sequence[_Bar]) -> keys.Entries:
    """Return the note that bars are means, without a mark of its own."""
    from matplotlib.lines import Line2D

    counts = sorted({bar.cells for bar in bars})
    if counts[-1] < 2:
        return []
    words = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return [(Line2D([], [], ls="none"), f"mean of {words} cells")]


def _hatched(rows: Sequence[Row]) -> keys.Entries:
    from matplotlib.patches import Patch

    doubtful = keys.in_order(row.status for row in rows if row.status != "ok")
    if not doubtful:
        return []
    return [(Patch(facecolor="#bbbbbb", edgecolor="white", hatch="////"), ", ".join(doubtful))]
