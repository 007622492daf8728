"""Curves of the laws that resistances grow by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.plots import style
from eisfit.spectrum import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# R(t) = R0 + k g(t, t0): the laws of eisfit.trends, by their names
SHAPES: Mapping[str, Callable[[FloatArray, float], FloatArray]] = {
    "constant": lambda t, t0: np.zeros_like(t),
    "linear": lambda t, t0: t,
    "parabolic": lambda t, t0: np.sqrt(t),
    "logarithmic": lambda t, t0: np.log1p(t / t0),
    "saturating": lambda t, t0: -np.expm1(-t / t0),
}
_LINE_PT = 7.5  # between names of curves
_TALL = 0.8  # of the height of axes before their layout is known


class Curve(NamedTuple):
    """The best law of one resistance: its name, R0 (ohm), k and t0 (h), and what to call it."""

    law: str
    r0: float
    k: float
    t0: float
    title: str

    def at(self, time_h: FloatArray) -> FloatArray:
        """Return the resistance in ohm."""
        if self.law == "constant":
            return np.full_like(time_h, self.r0)
        return np.asarray(self.r0 + self.k * SHAPES[self.law](time_h, self.t0))


def best_curves(laws: pd.DataFrame | None) -> dict[tuple[str, str, str], Curve]:
    """Return the best law by sample, cell and role.

    Parameters
    ----------
    laws : DataFrame, optional
        As `Comparison.growth()` returns it: columns sample, role, law, best, r0, k, t0 (ohm, h),
        and cell where there is one.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if laws is None or len(laws) == 0:
        return {}
    missing = [c for c in ("sample", "role", "law", "best", "r0", "k", "t0") if c not in laws]
    if missing:
        raise ValueError(f"the table of laws has no column {', '.join(missing)}")
    found = {}
    for row in laws.to_dict("records"):
        if row["best"] is True and row["law"] in SHAPES:
            cell = row.get("cell")
            key = (str(row["sample"]), cell if isinstance(cell, str) else "", str(row["role"]))
            sure = row.get("status", "ok") == "ok"
            title = row["law"] if sure else f"{row['law']} ({row['status']})"
            r0, k, t0 = (float(row[name]) for name in ("r0", "k", "t0"))
            found[key] = Curve(row["law"], r0, k, t0, title)
    return found


def draw_curve(ax: Axes, curve: Curve, time_h: FloatArray, line: str, colour: str) -> None:
    """Draw a law over the times that were measured."""
    at = np.linspace(time_h.min(), time_h.max(), 200)
    (drawn,) = ax.plot(at, curve.at(at), line, color=colour, lw=0.9, zorder=1.9)
    drawn.set_gid(f"eisfit-law {curve.title}")


def name_curves(ax: Axes) -> None:
    """Write the name of its law to the right of each curve, none above another, joined to it."""
    curves = [line for line in ax.get_lines() if str(line.get_gid()).startswith("eisfit-law")]
    if not curves:
        return
    figure: Any = ax.figure
    tall_pt = _TALL * ax.get_window_extent().height / figure.dpi * 72.0
    step = _LINE_PT / tall_pt
    ends = [(float(np.asarray(c.get_xdata())[-1]), float(np.asarray(c.get_ydata())[-1]))
            for c in curves]  # fmt: skip
    heights = np.array([ax.transLimits.transform(ax.transScale.transform(end))[1] for end in ends])
    order = np.argsort(heights, kind="stable")
    # Where all cannot stand there, as many as can, spread over all heights
    most = max(int(1.0 / step), 1)
    if len(order) > most:
        order = order[np.linspace(0, len(order) - 1, most).round().astype(int)]
    for i, height in zip(order, _spread(heights[order], step), strict=True):
        colour = curves[i].get_color()
        note = ax.annotate(
            "", ends[i], xytext=(1.05, height), textcoords="axes fraction", ha="left", va="center",
            fontsize=style.SMALL_PT - 1.0, color=colour, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.4, "shrinkA": 1.0,
                        "shrinkB": 3.0, "relpos": (0.0, 0.5)},
        )  # fmt: skip
        style.plain(note, str(curves[i].get_gid()).removeprefix("eisfit-law "))


def _spread(wanted: FloatArray, step: float) -> FloatArray:
    """Return ascending heights (N,) at least a step apart, inside 0 to 1, near those wanted."""
    found = wanted.copy()
    for i in range(1, len(found)):
        found[i] = max(found[i], found[i - 1] + step)
    found[-1] = min(found[-1], 1.0)
    for i in range(len(found) - 2, -1, -1):
        found[i] = min(found[i], found[i + 1] - step)
    return found
