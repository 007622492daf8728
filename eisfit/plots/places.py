"""Where on axes there is room: for a key, an inset and the names of points, never on data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.plots import style
from eisfit.spectrum import ComplexArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

_CORNERS = {
    "upper right": (1.0, 1.0), "upper left": (0.0, 1.0), "lower right": (1.0, 0.0),
    "center right": (1.0, 0.5), "center left": (0.0, 0.5), "upper center": (0.5, 1.0),
    "lower center": (0.5, 0.0), "lower left": (0.0, 0.0),
}  # fmt: skip
_STEP = 0.01  # between the points that stand for a line, in widths of the axes
_EDGE_PT = 4.0  # at the edge there are ticks
_MARKER_PT = 2.5  # half a marker and its edge
_SHARE = 0.93  # of their first size that axes keep once a layout makes room for text


class Box(NamedTuple):
    """A rectangle in units of the axes' width, on both axes alike."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, middle: FloatArray, half: FloatArray) -> Box:
        """Return the box with this middle and half size."""
        return cls(*(middle - half).tolist(), *(middle + half).tolist())

    def padded(self, pads: Box) -> Box:
        """Return the box with a margin of its own on each side."""
        return Box(
            self.left - pads.left, self.bottom - pads.bottom,
            self.right + pads.right, self.top + pads.top,
        )  # fmt: skip

    def grown(self, by: float) -> Box:
        """Return the box with a margin all around."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)

    def meets(self, other: Box) -> bool:
        """Whether two boxes overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


@dataclass
class Room:
    """Axes in units of their width, with all that is drawn on them already.

    Attributes
    ----------
    points : (N, 2) array
        Lines and markers, so dense that no gap between two lets anything through.
    roof : float
        Height of the axes.
    width_pt : float
        What the unit is in points.
    taken : list of Box
        Texts and insets.
    """

    points: FloatArray
    roof: float
    width_pt: float
    taken: list[Box] = field(default_factory=list)

    @classmethod
    def of(cls, ax: Axes, settled: bool = False) -> Room:
        """Return what the lines of the axes leave free.

        Parameters
        ----------
        ax : matplotlib Axes
            Equal axes; the limits must be set.
        settled : bool
            Whether the figure is laid out already; if not, the axes are taken for a little smaller
            than they say.
        """
        roof = float(np.ptp(ax.get_ylim()) / np.ptp(ax.get_xlim()))
        lines = [units(ax, impedances(line)) for line in ax.get_lines()]
        points = np.concatenate([_dense(line, roof) for line in lines] or [np.empty((0, 2))])
        return cls(points, roof, width_pt(ax) * (1.0 if settled else _SHARE))

    def holds(self, box: Box, edge_pt: float = 0.0) -> bool:
        """Whether a box lies inside the axes, so far from their edge, and on nothing."""
        edge = self.from_pt(edge_pt)
        if min(box.left, box.bottom) < edge or max(box.right, box.top - self.roof + 1) > 1 - edge:
            return False
        x, y = self.points.T
        wide = box.grown(_MARKER_PT / self.width_pt)
        hit = (wide.left < x) & (x < wide.right) & (wide.bottom < y) & (y < wide.top)
        return not hit.any() and not any(box.meets(other) for other in self.taken)

    def beside(self, place: FloatArray, half: FloatArray, others: FloatArray) -> FloatArray | None:
        """Return the middle of a label of this half size beside a point, or None without room.

        A place that is nearer to one of the (M, 2) `others` would name the wrong point.
        """
        angles = np.pi * np.array([0.5, 0.0, 0.25, 0.75, 1.0, -0.25, -0.5, -0.75])
        ring = np.column_stack([np.cos(angles), np.sin(angles)])
        gap = 4.5 / self.width_pt
        for offset in (*ring * (half + gap), *ring * (1.15 * half + 1.7 * gap)):
            box = Box.around(place + offset, half)
            near = np.hypot(*(others - place - offset).T).min(initial=np.inf)
            if near >= np.hypot(*offset) * (1.0 - 1e-9) and self.holds(box, _EDGE_PT):
                self.taken.append(box)
                return np.asarray(place + offset)
        return None

    def put_legend(self, legend: Legend) -> bool:
        """Move a legend to where it covers nothing; False where there is no such place."""
        extent = legend.get_window_extent()
        size = np.array([self.from_pixels(legend.axes, n) for n in (extent.width, extent.height)])
        pad = self.from_pt(0.3 * style.SMALL_PT)
        for loc, (right, up) in _CORNERS.items():
            free = np.array([1.0, self.roof]) - 2.0 * pad - size
            low = pad + np.array([right, up]) * free
            box = Box(*low.tolist(), *(low + size).tolist())
            if self.holds(box):
                legend.set_loc(loc)  # type: ignore[arg-type]
                self.taken.append(box)
                return True
        return False

    def from_pt(self, length: float) -> float:
        """Return a length in units of the width."""
        return length / self.width_pt

    def from_pixels(self, ax: Axes, length: float) -> float:
        """Return a length on the screen in units of the width."""
        return self.from_pt(length * 72.0 / ax.figure.dpi)


def units(ax: Axes, z: Any) -> FloatArray:
    """Return (N, 2) positions of impedances in units of the axes' width."""
    (left, right), bottom = ax.get_xlim(), ax.get_ylim()[0]
    values = np.atleast_1d(np.asarray(z, dtype=complex))
    return np.column_stack([values.real - left, -values.imag - bottom]) / (right - left)


def impedances(line: Line2D) -> ComplexArray:
    """Return what a line of a Nyquist plot shows, as impedances."""
    x, y = (np.asarray(data, dtype=float) for data in line.get_data())
    return np.asarray(x - 1j * y)


def width_pt(ax: Axes) -> float:
    """Return the width of axes in points."""
    extent = ax.get_window_extent()
    aspect = ax.get_box_aspect()
    width = extent.width if aspect is None else min(extent.width, extent.height / aspect)
    return float(width * 72.0 / ax.figure.dpi)


def largest_free(room: Room, pads: Box, aspect: float, widths: Sequence[float]) -> Box | None:
    """Return the widest frame that finds room together with its labels.

    Parameters
    ----------
    room : Room
    pads : Box
        What the labels need beyond each edge of the frame, in units of the axes' width.
    aspect : float
        Height over width of the frame.
    widths : sequence of float
        To try, the best first.
    """
    for width in widths:
        size = np.array([pads.left + width + pads.right, pads.bottom + width * aspect + pads.top])
        free = np.array([1.0, room.roof]) - size
        if free.min() < 0.0:
            continue
        for up in np.linspace(0.5, 0.0, 6).tolist() + np.linspace(0.6, 1.0, 5).tolist():
            for right in np.linspace(1.0, 0.0, 13):
                low = free * [right, up]
                if room.holds(Box(*low.tolist(), *(low + size).tolist())):
                    left, bottom = float(low[0] + pads.left), float(low[1] + pads.bottom)
                    return Box(left, bottom, left + width, bottom + width * aspect)
    return None


def _dense(line: FloatArray, roof: float) -> FloatArray:
    """Return points on a line at most one step apart, where it is near the axes."""
    finite = line[np.isfinite(line).all(axis=1)]
    if len(finite) == 0:
        return finite
    near = np.clip(finite, [-0.5, -0.5], [1.5, roof + 0.5])
    lengths = np.hypot(*np.diff(near, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    steps = np.unique(np.concatenate([at, np.arange(0.0, at[-1], _STEP)]))
    return np.column_stack([np.interp(steps, at, near[:, i]) for i in (0, 1)])
