"""Many spectra in one Nyquist plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots import keys, plane, style, tail
from eisfit.plots.sequence import Place, Positions, in_words, name_of
from eisfit.spectrum import ComplexArray, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR_IN = 0.62  # width of the bar of colours and its labels
_FLATTEST, _WITH_INSET = 0.48, 0.85  # least height over width of axes of our own
_FEW = 12  # spectra of which every point is marked
_SIZE_PT, _SMALL_PT = 2.6, 1.8  # of the open marks of a few spectra, of the full ones of many
_SMALL = 1.0 / 5.0  # of the largest spectrum: smaller ones are worth an inset


def nyquist_series(
    members: Sequence[tuple[Spectrum, Place]],
    ax: Axes | None = None,
    *,
    along: str = "time_h",
    samples: Sequence[str] = (),
    title: str | None = None,
    inset: plane.Inset = "auto",
    columns: int = 1,
) -> Axes:
    """Draw -Z'' over Z' of many spectra, their place in the series as colour.

    Parameters
    ----------
    members : sequence of (Spectrum, float or str)
        Spectra, and where each stands in the series: hours, cycles, a state of the cell. Numbers
        get a bar of colours, states a key. NaN is grey. Masked points are left out.
    ax : matplotlib Axes, optional
        Where to draw, on fresh axes; without it a figure of its own is made.
    along : str
        Column that the places are from; it names the bar of colours.
    samples : sequence of str, optional
        The sample of each spectrum; samples differ by their markers.
    title : str, optional
        What all spectra share, such as a temperature. Without it the sample, where there is one.
    inset : "auto", True or False
        Whether smaller axes inside look closer. "auto": where some spectra are less than a fifth
        as large as the largest, or a tail hides the arcs before it, and there is room.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes; data are in ohm. Those of the inset and of the bar of colours are in `child_axes`.

    Raises
    ------
    ValueError
        If there is no spectrum, or `samples` is of another length.
    """
    if not members:
        raise ValueError("a series plot needs at least one spectrum")
    if len(samples) not in (0, len(members)):
        raise ValueError(f"{len(samples)} sample names for {len(members)} spectra")
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.6, columns)
    positions = Positions.of([place for _, place in members], along)
    names = keys.in_order(samples)
    curves = _draw(ax, members, positions, [names.index(str(s)) for s in samples])
    closer = None if inset is False else _closer(curves, forced=inset is True)
    least, most = plane.aspects(ax, own)
    if own:
        least = _FLATTEST if closer is None else _WITH_INSET
    limits = plane.Limits.around(np.concatenate(curves), least, most)
    limits.apply(ax)
    unit = style.ohm(members[0][0])
    plane.label_axes(ax, unit, style.TEXT_PT)
    bar = positions.bar(ax)
    lines = _head(ax, positions, names, title, len(members) <= _FEW)
    zoom = None
    if closer is not None:
        zoom = plane.Zoom(plane.Limits.around(closer, *plane.INSET_ASPECTS, head=2.5), unit)
    with style.lenient():
        plane.furnish(ax, limits, [], zoom, lines if own else None, _BAR_IN if bar else 0.0)
    return ax


def _draw(
    ax: Axes,
    members: Sequence[tuple[Spectrum, Place]],
    positions: Positions,
    sample: Sequence[int],
) -> list[ComplexArray]:
    """Draw the unmasked points of every spectrum, and return them."""
    curves = []
    few = len(members) <= _FEW
    for i, ((spectrum, _), colour) in enumerate(zip(members, positions.colours(), strict=True)):
        used = spectrum.used()
        z = used.impedance
        marker = keys.MARKERS[sample[i] % len(keys.MARKERS)] if sample else "o"
        known = 2.0 if colour != style.GREY else 1.8
        (line,) = ax.plot(
            z.real,
            -z.imag,
            color=colour,
            marker=marker,
            lw=0.6,
            zorder=known,
            **_look(colour, few),
        )
        style.mark_data(line, used)
        curves.append(z)
    return curves


def _head(
    ax: Axes, positions: Positions, names: Sequence[str], title: str | None, few: bool
) -> float:
    """Write title and key above the axes; return how many lines they have."""
    groups = [_states(positions, few), _samples(names, few)]
    if not any(groups):
        return style.title(ax, _title(positions, () if title else names, title or ""))
    lines = style.title(ax, title) if title else 0
    return lines + keys.above(ax, groups, lift_pt=1.4 * style.TEXT_PT * lines)


def _states(positions: Positions, few: bool) -> keys.Entries:
    """Return the key of states, which differ by colour; none where there is one, or numbers."""
    from matplotlib.lines import Line2D

    if positions.is_numeric or len(positions.distinct) < 2:
        return []
    colours = dict(zip(positions.places, positions.colours(), strict=True))
    return [
        (
            Line2D([], [], color=colours[place], marker="o", **_look(colours[place], few)),
            str(place) or "unknown",
        )
        for place in positions.distinct
    ]


def _look(colour: Any, few: bool) -> dict[str, Any]:
    """Return how points are marked, in the plot and in its key."""
    return {"ms": _SIZE_PT if few else _SMALL_PT, "mfc": "none" if few else colour, "mew": 0.7}


def _samples(names: Sequence[str], few: bool) -> keys.Entries:
    """Return the key of samples, which differ by their markers; none where there is one."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"color": "black", "lw": 0.6, **_look("black", few)}
    marks = [keys.MARKERS[i % len(keys.MARKERS)] for i in range(len(names))]
    if len(names) < 2:
        return []
    return [(Line2D([], [], marker=m, **look), name) for m, name in zip(marks, names, strict=True)]


def _title(positions: Positions, names: Sequence[str], shared: str) -> str:
    """Return what is shared, or the sample, where there is one, and the only position."""
    parts = [shared, *names[:1]]
    if len(positions.distinct) == 1:
        place = in_words(positions.distinct[0], positions.along)
        parts.append(place if positions.along in ("time_h", "state") else
                     f"{name_of(positions.along)}: {place}")  # fmt: skip
    return ", ".join(part for part in parts if part)


def _closer(curves: Sequence[ComplexArray], forced: bool) -> ComplexArray | None:
    """Return the points worth a closer look: small spectra beside large, or arcs before a tail."""
    spans = np.array([tail.span(z) for z in curves])
    small = spans < _SMALL * spans.max()
    if small.any():
        return np.concatenate([z for z, is_small in zip(curves, small, strict=True) if is_small])
    if forced or tail.hidden(curves, None):
        return np.concatenate([z[: tail.high_frequency_end(z)] for z in curves])
    return None
