"""The Nyquist plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eisfit.plots import keys, style, tail
from eisfit.plots.curves import fitted
from eisfit.plots.places import Box, Room, impedances, largest_free, units
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from eisfit.fitting.result import FitResult

Inset = Literal["auto"] | bool
Mark = tuple[str, complex]  # a point's name and impedance

_MARK, _INSET = "eisfit-mark", "eisfit-inset"  # tell our texts and axes from the caller's
_MARGIN = 0.06  # of the span, around the data
_MOST_LABELS = 5
_INSET_LABELS = 3
_INSET_PT = 6.5
_INSET_WIDTHS = tuple(np.arange(0.62, 0.27, -0.02).tolist())  # of the axes
_LEAST_INSET_PT = 40.0  # wide; below, it tells nothing
INSET_ASPECTS = (0.7, 1.0)
_FLATTEST, _TALLEST = 0.62, 1.15  # height over width of the axes
_GAP_PT = 3.0  # around an inset
_APART = 0.16  # of the width, between points that have names
_LOOK = ("color", "linestyle", "linewidth", "marker", "markersize", "markerfacecolor",
         "markeredgecolor", "markeredgewidth", "alpha", "zorder")  # fmt: skip
_LABELS_IN = 0.65  # of the width of a figure, for the axes' labels
_PLACINGS = 3  # of an inset, until its labels fit
_ATTEMPTS = 4  # to make room for what found none


def nyquist(
    spectrum: Spectrum,
    fit: FitResult | None = None,
    ax: Axes | None = None,
    inset: Inset = "auto",
) -> Axes:
    """Draw -Z'' over Z' with equal axes.

    Parameters
    ----------
    spectrum : Spectrum
        Its unmasked points set the limits: `spectrum.crop(...)` looks closer. Masked points are
        hollow and grey. Points next to whole decades of frequency are black.
    fit : FitResult, optional
        Its curve is drawn over the frequencies it was fitted to.
    ax : matplotlib Axes, optional
        Where to draw, also a second and third spectrum; without it a figure of its own is made,
        one column of a paper wide. The data on it are in ohm, whatever unit the ticks show.
    inset : "auto", True or False
        Whether smaller axes inside show the high-frequency end enlarged. "auto": where a tail
        leaves the arcs before it less than an eighth of the plot, and there is room.

    Returns
    -------
    The axes; those of an inset are in its `child_axes`.
    """
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.6)
    marks = _taken_down(ax)
    colour, fit_colour = style.pair(ax)
    used = ~spectrum.mask
    z = spectrum.impedance
    (points,) = ax.plot(z.real[used], -z.imag[used], "o", ms=3.2, mfc="none", mec=colour, mew=0.8)
    style.mark_data(points, spectrum)
    entries: list[tuple[Artist, str]] = [(points, "data")]
    if fit is not None:
        _, curve = fitted(fit)
        (line,) = ax.plot(curve.real, -curve.imag, "-", color=fit_colour, lw=1.1, zorder=1.9)
        entries.append((line, "fit"))
    curves = _samples(ax)
    limits = Limits.around(np.concatenate(curves), *aspects(ax, own))
    limits.apply(ax)
    if not used.all():
        entries.append(_masked_points(ax, z[~used]))
    if len(curves) == 1:
        marks = _mark_decades(ax, spectrum.frequency[used], z[used])
    label_axes(ax, style.ohm(spectrum), style.TEXT_PT)
    lines = style.name_samples(ax, entries)
    zoom = None
    if inset is True or (inset == "auto" and tail.hidden(curves, fit)):
        ends = np.concatenate([z[: tail.high_frequency_end(z)] for z in curves])
        zoom = Zoom(Limits.around(ends, *INSET_ASPECTS, head=2.5), style.ohm(spectrum))
    with style.lenient():
        furnish(ax, limits, marks, zoom, lines if own else None)
    return ax


class Limits(NamedTuple):
    """Limits of equal axes."""

    left: float
    bottom: float
    width: float
    aspect: float  # height over width
    most: float  # aspect

    @classmethod
    def around(cls, z: ComplexArray, least: float, most: float, head: float = 3.5) -> Limits:
        """Return limits that hold points, with an aspect between two bounds.

        `head` is the room above and below the data, together, in margins.
        """
        x, y = z.real, -z.imag
        x_low, x_high, y_low, y_high = x.min(), x.max(), min(y.min(), 0.0), max(y.max(), 0.0)
        # The origin belongs into the picture unless it would squeeze the data.
        if 0.0 < x_low < x_high - x_low:
            x_low = 0.0
        size = max(x_high - x_low, y_high - y_low) or max(abs(x_high), 1e-12) * 0.2
        margin = _MARGIN * size
        width = max(x_high - x_low, 0.2 * size) + 2.0 * margin
        height = max(y_high - y_low, 0.2 * size) + head * margin
        aspect = float(np.clip(height / width, least, most))
        width = max(width, height / aspect)
        left = x_low - (margin if x_high > x_low else width / 2.0)
        return cls(float(left), float(y_low - margin), float(width), aspect, most)

    def apply(self, ax: Axes) -> None:
        """Set them."""
        ax.set_box_aspect(self.aspect)
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xlim(self.left, self.left + self.width)
        ax.set_ylim(self.bottom, self.bottom + self.width * self.aspect)

    def hold(self, z: complex) -> bool:
        """Whether a point lies inside."""
        right = 0.0 <= z.real - self.left <= self.width
        return right and 0.0 <= -z.imag - self.bottom <= self.width * self.aspect

    def roomier(self) -> Limits:
        """Return limits with more room above, and to the right where that is the only way."""
        if 1.15 * self.aspect <= self.most:
            return self._replace(aspect=1.15 * self.aspect)
        return self._replace(width=1.15 * self.width)


class Zoom(NamedTuple):
    """What an inset shows, and the unit of its axes."""

    limits: Limits
    unit: str


def _taken_down(ax: Axes) -> list[Mark]:
    """Remove the inset and the names of points, to be put where there is room; return the names."""
    marks = []
    insets = [child for child in ax.child_axes if child.get_gid() == _INSET]
    for panel in (ax, *insets):
        for text in [text for text in panel.texts if text.get_gid() == _MARK]:
            x, y = text.xy  # type: ignore[attr-defined]
            marks.append((text.get_text(), complex(x, -y)))
            text.remove()
    for child in insets:
        child.remove()
    return marks


def _samples(ax: Axes) -> list[ComplexArray]:
    """Return the unmasked points of every sample, highest frequency first."""
    return [impedances(line) for line in style.data_lines(ax)]


def aspects(ax: Axes, own: bool) -> tuple[float, float]:
    """Return the least and the largest aspect that suit the axes; a caller's keep their shape."""
    if own or ax.get_box_aspect() is not None:
        return _FLATTEST, _TALLEST
    extent = ax.get_window_extent()
    aspect = float(np.clip(extent.height / extent.width, _FLATTEST, _TALLEST))
    return aspect, aspect


def _masked_points(ax: Axes, z: ComplexArray) -> tuple[Artist, str]:
    """Draw masked points, and say how many of them lie outside the limits."""
    (x_low, x_high), (y_low, y_high) = ax.get_xlim(), ax.get_ylim()
    inside = (x_low <= z.real) & (z.real <= x_high) & (y_low <= -z.imag) & (-z.imag <= y_high)
    (points,) = ax.plot(
        z.real[inside], -z.imag[inside], "o", ms=3.2, mfc="none", mec=style.GREY, mew=0.6, alpha=0.6
    )
    outside = int((~inside).sum())
    return points, f"masked ({outside} outside)" if outside else "masked"


def _mark_decades(ax: Axes, frequency: FloatArray, z: ComplexArray) -> list[Mark]:
    """Fill the points next to whole decades of frequency; return their names, slowest first."""
    at = _near_decades(frequency)
    ax.plot(z.real[at], -z.imag[at], "o", ms=3.2, color="black", zorder=3)
    return [(style.quantity(frequency[i], "Hz", 2), complex(z[i])) for i in at[::-1]]


def _near_decades(frequency: FloatArray) -> NDArray[np.int_]:
    """Return the indices of the points closest to whole decades that the spectrum reaches."""
    log_f = np.log10(frequency)
    decades = np.arange(np.ceil(log_f.min() - 0.06), np.floor(log_f.max() + 0.06) + 1.0)
    return np.unique([np.argmin(np.abs(log_f - decade)) for decade in decades]).astype(int)


def label_axes(ax: Axes, unit: str, size_pt: float, ticks: int = 5) -> None:
    """Name both axes with the unit that suits their size; the data stay in ohm."""
    reach = max(float(np.ptp(ax.get_xlim())), float(np.ptp(ax.get_ylim())))
    scale, prefix = style.prefixed(reach)
    style.scale_ticks(ax.xaxis, scale, ticks)
    style.scale_ticks(ax.yaxis, scale, ticks)
    ax.set_xlabel(f"Z′ ({prefix}{unit})", fontsize=size_pt)
    ax.set_ylabel(f"−Z″ ({prefix}{unit})", fontsize=size_pt)
    style.dress(ax)


def _lay_out(ax: Axes, aspect: float, lines: float, beside_in: float) -> None:
    """Give a figure of our own the height of its axes, and the axes their place."""
    figure: Any = ax.figure
    width_in = figure.get_figwidth() - _LABELS_IN - beside_in
    figure.set_figheight(width_in * aspect + 0.6 + 0.15 * lines)
    figure.get_layout_engine().execute(figure)


def furnish(
    ax: Axes,
    limits: Limits,
    marks: list[Mark],
    zoom: Zoom | None,
    title_lines: float | None,
    beside_in: float = 0.0,
) -> None:
    """Place the key, the inset and the names of points, so that none covers data.

    The axes grow where there is no room. `title_lines` is None on the caller's axes, whose figure
    stays as it is; `beside_in` is what stands to the right of the axes, in inches.
    """
    trials = [limits]
    while len(trials) < _ATTEMPTS:
        trials.append(trials[-1].roomier())
    plans: list[tuple[Limits, Zoom | None]] = [(trial, zoom) for trial in trials]
    if zoom is not None:
        # No room at all: better none than one on the data
        plans += [(trial, None) for trial in trials]
    legend = ax.get_legend()
    for trial, wanted in plans:
        trial.apply(ax)
        if title_lines is not None:
            _lay_out(ax, trial.aspect, title_lines, beside_in)
        room = Room.of(ax, settled=title_lines is not None)
        if legend is not None and not keys.is_above(legend) and not room.put_legend(legend):
            continue
        if wanted is None or _add_inset(ax, room, wanted, marks):
            break
    shown = [m for m in marks if wanted is None or not wanted.limits.hold(m[1])]
    _name_points(ax, room, shown, _MOST_LABELS)


def _name_points(ax: Axes, room: Room, marks: list[Mark], most: int) -> None:
    """Write names beside points, where there is room, from low to high frequency."""
    size_pt = style.SMALL_PT - 0.5
    named: list[FloatArray] = []
    places = units(ax, [z for _, z in marks])
    for (text, z), place in zip(marks, places, strict=True):
        if len(named) == most or any(np.hypot(*(place - other)) < _APART for other in named):
            continue
        half = np.array([0.3 * len(text), 0.6]) * size_pt / room.width_pt
        middle = room.beside(place, half, places)
        if middle is None:
            continue
        named.append(place)
        note = ax.annotate(
            text, (z.real, -z.imag), xytext=tuple((middle - place) * room.width_pt),
            textcoords="offset points", ha="center", va="center", fontsize=size_pt,
        )  # fmt: skip
        note.set_gid(_MARK)


def _add_inset(ax: Axes, room: Room, zoom: Zoom, marks: list[Mark]) -> bool:
    """Add axes with a closer look; False, and nothing added, where there is no room."""
    panel = _panel(ax, zoom, (0.4, 0.4, 0.4, 0.4 * zoom.limits.aspect / room.roof))
    pads = _labels_of(ax, room, panel)
    widths = [w for w in _INSET_WIDTHS if w >= room.from_pt(_LEAST_INSET_PT)]
    for _ in range(_PLACINGS):
        panel.remove()
        found = largest_free(room, pads, zoom.limits.aspect, widths)
        if found is None:
            return False
        where = (found.left, found.bottom / room.roof)
        size = (found.right - found.left, (found.top - found.bottom) / room.roof)
        panel = _panel(ax, zoom, (*where, *size))
        taken = found.padded(pads)
        # Axes of another size may have ticks with longer labels
        pads = Box(*np.maximum(_labels_of(ax, room, panel), pads).tolist())
        if taken == found.padded(pads):
            break
    room.taken.append(taken)
    inside = [mark for mark in marks if zoom.limits.hold(mark[1])]
    _name_points(panel, Room.of(panel, settled=True), inside, _INSET_LABELS)
    return True


def _labels_of(ax: Axes, room: Room, panel: Axes) -> Box:
    """Return how far labels reach beyond each edge of an inset, in widths of the axes."""
    outer: Any = panel.get_tightbbox()
    frame = panel.get_window_extent()
    sides = (frame.x0 - outer.x0, frame.y0 - outer.y0, outer.x1 - frame.x1, outer.y1 - frame.y1)
    return Box(*(room.from_pixels(ax, max(side, 0.0)) + room.from_pt(_GAP_PT) for side in sides))


def _panel(ax: Axes, zoom: Zoom, place: tuple[float, float, float, float]) -> Axes:
    """Return an inset that shows what is drawn on the axes."""
    panel = ax.inset_axes(place, zorder=5)
    panel.set_gid(_INSET)
    for line in ax.get_lines():
        look = {name: getattr(line, f"get_{name}")() for name in _LOOK}
        panel.plot(line.get_xdata(), line.get_ydata(), **look)
    zoom.limits.apply(panel)
    label_axes(panel, zoom.unit, _INSET_PT, ticks=4)
    panel.tick_params(which="both", labelsize=_INSET_PT, length=2.5, pad=2.0)
    panel.xaxis.labelpad = panel.yaxis.labelpad = 1.0
    return panel
