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
_ROOM = 0.06  # of the axis, for the name of the highest curve
_APART_PT = 13.0  # between names of curves


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
    """Write the name of its law above the end of each curve, where there is room for it."""
    figure: Any = ax.figure
    taken: list[float] = []
    curves = [line for line in ax.get_lines() if str(line.get_gid()).startswith("eisfit-law")]
    if curves:
        low, high = ax.get_ylim()
        is_log = ax.get_yscale() == "log"
        ax.set_ylim(low, high * (high / low) ** _ROOM if is_log else high + _ROOM * (high - low))
    for drawn in curves:
        x, y = (float(np.asarray(data)[-1]) for data in drawn.get_data())
        height_pt = float(ax.transData.transform((x, y))[1]) * 72.0 / figure.dpi
        if any(abs(height_pt - other) < _APART_PT for other in taken):
            continue
        taken.append(height_pt)
        note = ax.annotate(
            "", (x, y), xytext=(0.0, 3.5), textcoords="offset points", ha="right", va="bottom",
            fontsize=style.SMALL_PT - 1.0, color=drawn.get_color(),
        )  # fmt: skip
        style.plain(note, str(drawn.get_gid()).removeprefix("eisfit-law "))
