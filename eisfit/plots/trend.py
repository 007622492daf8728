"""Resistances over a series: how they develop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.plots import keys, style
from eisfit.plots.growth import Curve, best_curves, draw_curve, name_curves
from eisfit.plots.rows import Row, chosen, reach, rows_of, wants_log
from eisfit.plots.sequence import Positions, name_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_SIZE_PT = 4.0
_MOST_NOTES = 3


def resistance_trend(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    along: str = "time_h",
    roles: Sequence[str] | None = None,
    log: bool | None = None,
    reference: bool = True,
    laws: pd.DataFrame | None = None,
    columns: int = 1,
) -> Axes:
    """Draw resistances over the place in the series, with 95 % intervals.

    Parameters
    ----------
    table : DataFrame
        Columns of `eisfit.tables.RESISTANCE_COLUMNS` and the column `along`; `cell` and
        `reference_ohm` where there are any.
    ax : matplotlib Axes, optional
        Where to draw, on fresh axes; without it a figure of its own is made.
    along : str
        Column to draw over. Text, such as a state, is evenly spaced.
    roles : sequence of str, optional
        Which to draw; without it all that are no sums.
    log : bool, optional
        Whether the resistances have a logarithmic axis; without it, where they span a decade.
    reference : bool
        Whether to mark the values of `reference_ohm` with crosses.
    laws : DataFrame, optional
        Laws of growth, as `Comparison.growth()` returns them: over aging time the best law of each
        resistance is drawn as a curve with its name, in place of the line from point to point;
        where the criterion cannot decide between laws, the name says so.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes. Colours are roles, lines samples, and marks the cells of samples; of a single role,
    colours are samples, too. Where there are more cells than marks, marks are samples.
    A resistance whose status is not `ok` is drawn open; one without a number is left out, and a
    line below the plot says which.

    Raises
    ------
    ValueError
        If a column or a role is missing, or the table is empty.
    """
    rows = rows_of(table, along)
    drawn = chosen(rows, roles)
    missing = [row for row in rows if row.role in drawn or (roles is None and not row.is_sum)]
    rows = [row for row in rows if row.role in drawn]
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.5, columns)
    samples = keys.in_order(row.sample for row in rows)
    logarithmic = wants_log([v for row in rows for v in (row.ohm, row.reference)], log)
    ax.set_yscale("log" if logarithmic else "linear")
    palette = _palette(drawn, samples)
    marks = _Marks.of(rows)
    positions = Positions.of([row.place for row in rows], along)
    placed = list(zip(rows, positions.numbers, strict=True))
    curves = best_curves(laws) if along == "time_h" else {}
    for sample in samples:
        for role in drawn:
            lines = [(r, x) for r, x in placed if (r.sample, r.role) == (sample, role)]
            for cell in keys.in_order(row.cell for row, _ in lines):
                points = [(r, x) for r, x in lines if r.cell == cell]
                mark = marks.mark(sample, cell, palette[sample, role])
                _draw(ax, points, mark, curves.get((sample, cell, role)), logarithmic)
    marked = reference and _references(ax, placed)
    _label(ax, positions, along, logarithmic)
    name_curves(ax)
    keys.above(ax, [_names(drawn, palette, marks), *_further(drawn, marks, rows, marked)], own)
    if len(drawn) == 1 and len(samples) > 1:
        style.plain(ax.yaxis.label, keys.of_role(drawn[0], ax.get_ylabel()))
    _say_what_is_missing(ax, missing, own)
    return ax


def _palette(roles: Sequence[str], samples: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the colour of each sample and role."""
    if len(roles) == 1 and len(samples) > 1:
        of_sample = keys.of_samples(samples)
        return {(sample, roles[0]): of_sample[sample] for sample in samples}
    of_role = keys.of_roles(roles)
    return {(sample, role): of_role[role] for sample in samples for role in roles}


class _Mark(NamedTuple):
    """What tells a line of points: its colour, its marks and its line."""

    colour: str
    marker: str
    line: str


class _Marks(NamedTuple):
    """Which marks and lines stand for what: for the cells of samples, or for samples."""

    samples: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Marks:
        cells = tuple(dict.fromkeys((row.sample, row.cell) for row in rows))
        return cls(tuple(dict.fromkeys(sample for sample, _ in cells)), cells)

    @property
    def by_cell(self) -> bool:
        """Whether each cell has a mark of its own."""
        return len(self.samples) < len(self.cells) <= len(keys.MARKERS)

    def mark(self, sample: str, cell: str, colour: str) -> _Mark:
        own = self.samples.index(sample)
        number = self.cells.index((sample, cell)) if self.by_cell else own
        marker, line = keys.MARKERS[number % len(keys.MARKERS)], keys.LINES[own % len(keys.LINES)]
        return _Mark(colour, marker, line)

    def named(self) -> list[tuple[str, str, str]]:
        """Return (sample, cell, name) of all that have a mark."""
        if not self.by_cell:
            of = dict(reversed(self.cells))
            return [(sample, of[sample], sample) for sample in self.samples]
        return [
            (sample, cell, f"{sample}, cell {cell}" if cell else sample)
            for sample, cell in self.cells
        ]


def _draw(
    ax: Axes, points: Sequence[tuple[Row, float]], mark: _Mark, curve: Curve | None, log: bool
) -> None:
    """Draw one line of points with their intervals; open where the status is not ok."""
    known = sorted((p for p in points if np.isfinite(p[0].ohm)), key=lambda point: point[1])
    if not known:
        return
    rows = [row for row, _ in known]
    x, y = np.array([at for _, at in known]), np.array([row.ohm for row in rows])
    if curve is None:
        ax.plot(x, y, mark.line, color=mark.colour, lw=0.9, zorder=2.0)
    else:
        draw_curve(ax, curve, x[np.isfinite(x)], mark.line, mark.colour)
    ax.errorbar(x, y, reach(rows, log), fmt="none", ecolor=mark.colour, elinewidth=0.9,
                capsize=2.0, capthick=0.9, zorder=2.1)  # fmt: skip
    sure = np.array([row.status == "ok" for row in rows])
    for which, face in ((sure, mark.colour), (~sure, "white")):
        if which.any():
            ax.plot(x[which], y[which], mark.marker, ms=_SIZE_PT, mec=mark.colour, mfc=face,
                    mew=0.8, zorder=2.2)  # fmt: skip


def _references(ax: Axes, placed: Sequence[tuple[Row, float]]) -> bool:
    """Mark reference values with crosses; False where there is none."""
    known = [(x, row.reference) for row, x in placed if np.isfinite(row.reference)]
    for x, y in known:
        ax.plot(x, y, "+", ms=8.0, mew=0.9, color="black", zorder=2.3)
    return bool(known)


def _label(ax: Axes, positions: Positions, along: str, log: bool) -> None:
    if not positions.is_numeric:
        names = [style.wrapped(str(p), 14, 2) for p in positions.distinct]
        ax.set_xticks(range(len(names)), labels=names, parse_math=False)
        ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_xlabel(name_of(along), fontsize=style.TEXT_PT)
    label_ohm(ax, log)
    style.dress(ax)


def label_ohm(ax: Axes, log: bool, unit: str = "Ω") -> None:
    """Name the axis of resistances; on a linear one ticks are in the unit that suits."""
    prefix = ""
    if log:
        low, high = ax.get_ylim()
        if high / low < 3.0:
            middle = np.sqrt(low * high)
            ax.set_ylim(middle / np.sqrt(3.0), middle * np.sqrt(3.0))
        style.log_ticks(ax.yaxis)
    else:
        ax.set_ylim(min(ax.get_ylim()[0], 0.0), None)
        scale, prefix = style.prefixed(max(abs(v) for v in ax.get_ylim()))
        style.scale_ticks(ax.yaxis, scale)
    ax.set_ylabel(f"Resistance ({prefix}{unit})", fontsize=style.TEXT_PT)


def _names(
    roles: Sequence[str], palette: dict[tuple[str, str], str], marks: _Marks
) -> keys.Entries:
    """Return the key of colours: of roles, or of samples where there is a single role."""
    from matplotlib.lines import Line2D

    if len(roles) == 1 and len(marks.samples) > 1:
        return [
            (_in_key(marks.mark(sample, cell, palette[sample, roles[0]])), name)
            for sample, cell, name in marks.named()
        ]
    return [
        (Line2D([], [], color=palette[marks.samples[0], role], lw=2.5), keys.readable(role))
        for role in roles
    ]


def _further(
    roles: Sequence[str], marks: _Marks, rows: Sequence[Row], marked: bool
) -> list[keys.Entries]:
    """Return the key of marks: of samples, of open points, of references."""
    from matplotlib.lines import Line2D

    named = [] if len(roles) == 1 and len(marks.samples) > 1 else marks.named()
    doubtful = keys.in_order(r.status for r in rows if r.status != "ok" and np.isfinite(r.ohm))
    rest: list[tuple[Artist, str]] = []
    if doubtful:
        open_mark = Line2D([], [], ls="none", marker="o", mec="black", mfc="white", ms=_SIZE_PT)
        rest.append((open_mark, ", ".join(doubtful)))
    if marked:
        rest.append((Line2D([], [], ls="none", marker="+", color="black", ms=8.0), "reference"))
    samples = [(_in_key(marks.mark(sample, cell, "black")), name) for sample, cell, name in named]
    return [samples, rest]


def _in_key(mark: _Mark) -> Artist:
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"marker": mark.marker, "ls": mark.line, "ms": _SIZE_PT, "lw": 0.9}
    return Line2D([], [], color=mark.colour, **look)


def _say_what_is_missing(ax: Axes, rows: Sequence[Row], own: bool) -> None:
    """Write below the plot which resistances have no number."""
    without = [row for row in rows if not np.isfinite(row.ohm)]
    if not without:
        return
    counts: dict[tuple[str, str, str], int] = {}
    for row in without:
        key = (row.status if row.status != "ok" else "no number", row.role, row.sample)
        counts[key] = counts.get(key, 0) + 1
    lines = [
        f"{status}: {keys.readable(role)}, {sample} ({count})"
        for (status, role, sample), count in counts.items()
    ]
    if len(lines) > _MOST_NOTES:
        lines = [*lines[: _MOST_NOTES - 1], f"and {len(without)} resistances in all"]
    width_pt = ax.get_window_extent().width / ax.figure.dpi * 72.0
    letters = max(int(width_pt / (0.5 * style.SMALL_PT)), 20)
    text = "\n".join(style.wrapped(line, letters, 2) for line in lines)
    previous = ax.get_xlabel()
    style.plain(ax.xaxis.label, f"{previous}\n{text}")
    if own:
        figure: Any = ax.figure
        figure.set_figheight(figure.get_figheight() + 0.14 * (text.count("\n") + 1))
