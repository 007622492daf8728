"""The place of spectra in a series: its name, its order, its colour and the bar that tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots import style
from eisfit.spectrum import FloatArray
from eisfit.tables import quantity_and_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

# What somebody who has not seen the manifest would ask: which bias, of what?
_IN_FULL = {
    "bias": "bias voltage", "soc": "state of charge", "state": "state of the cell",
    "electrode state": "state of the electrode",
}  # fmt: skip
STATES = ("pristine", "discharged", "charged")
SEQUENTIAL = "viridis"  # lightness rises evenly, so that it reads without colour, too
_BRIGHTEST = 0.9  # of the map: brighter is lost on white paper
_CROWD = 0.15  # of the axis that holds half of the positions: then it becomes logarithmic
_MOST_TICKS = 7
_BAR = "eisfit-colourbar"
Place = float | str


def name_of(along: str) -> str:
    """Return the name of an axis from that of a column: `bias_mv` is `Bias voltage (mV)`."""
    words, unit = quantity_and_unit(along)
    name = _IN_FULL.get(words, words)
    return f"{name[:1].upper()}{name[1:]}" + (f" ({unit})" if unit else "")


def in_words(place: Place, along: str = "") -> str:
    """Return a position as text, with its unit: `24 h`, `discharged`."""
    if isinstance(place, str):
        return place
    _, unit = quantity_and_unit(along)
    return number(place) if np.isnan(place) else f"{number(place)} {unit}".strip()


@dataclass(frozen=True)
class Positions:
    """Positions along a series, and what follows from them.

    Attributes
    ----------
    places : (N,) tuple of float or str
        As given.
    along : str
        Name of the column they are from.
    """

    places: tuple[Place, ...]
    along: str

    @classmethod
    def of(cls, places: Sequence[Any], along: str) -> Positions:
        """Return the sequence; numbers where all are numbers or missing, else text."""
        cleaned = [_cleaned(place) for place in places]
        if any(isinstance(place, str) for place in cleaned):
            cleaned = [p if isinstance(p, str) else ("" if np.isnan(p) else f"{p:g}")
                       for p in cleaned]  # fmt: skip
        return cls(tuple(cleaned), along)

    @property
    def is_numeric(self) -> bool:
        """Whether the positions are numbers."""
        return not any(isinstance(place, str) for place in self.places)

    @property
    def numbers(self) -> FloatArray:
        """(N,) positions; of text, the rank of each."""
        if self.is_numeric:
            return np.array(self.places, dtype=float)
        ranks = {place: i for i, place in enumerate(self.distinct)}
        return np.array([ranks[place] for place in self.places], dtype=float)

    @property
    def distinct(self) -> tuple[Place, ...]:
        """Return each position once: numbers ascending, states in the order of a cycle."""
        if self.is_numeric:
            return tuple(float(x) for x in np.unique(self.numbers[~np.isnan(self.numbers)]))
        seen = dict.fromkeys(self.places)
        first = [state for state in STATES if state in seen]
        return (*first, *(place for place in seen if place not in first))

    def norm(self) -> Normalize:
        """Return what makes positions to numbers from 0 to 1; logarithmic where they crowd."""
        from matplotlib.colors import LogNorm, Normalize, SymLogNorm

        x = np.array([p for p in self.distinct if not isinstance(p, str)], dtype=float)
        if not self.is_numeric:
            return Normalize(0.0, max(len(self.distinct) - 1.0, 1.0))
        if len(x) < 2:
            middle = float(x[0]) if len(x) else 0.0
            return Normalize(middle, middle + 1.0)
        if not crowded(x):
            return Normalize(x[0], x[-1])
        if x[0] > 0.0:
            return LogNorm(x[0], x[-1])
        least = float(np.abs(x[x != 0.0]).min())
        return SymLogNorm(linthresh=least, linscale=0.5, vmin=float(x[0]), vmax=float(x[-1]))

    def colours(self) -> list[Any]:
        """Return the colour of each position; grey where it is unknown."""
        norm, colour_map = self.norm(), _colour_map()
        return [style.GREY if np.isnan(x) else colour_map(float(norm(x))) for x in self.numbers]

    def bar(self, ax: Axes) -> Axes | None:
        """Put a bar at the right of axes that tells which colour is which number.

        None, and no bar, of text and of a single number. One that these functions put there before
        is replaced.
        """
        from matplotlib.cm import ScalarMappable

        for old in [child for child in ax.child_axes if child.get_gid() == _BAR]:
            old.remove()
        if not self.is_numeric or len(self.distinct) < 2:
            return None
        place = ax.inset_axes((1.03, 0.0, 0.04, 1.0))
        place.set_gid(_BAR)
        figure: Any = ax.figure
        bar = figure.colorbar(ScalarMappable(self.norm(), _colour_map()), cax=place)
        bar.set_label(name_of(self.along), fontsize=style.TEXT_PT)
        bar.outline.set_linewidth(0.6)
        bar.minorticks_off()
        marked = thinned(self, _MOST_TICKS)
        bar.set_ticks([float(x) for x in marked], labels=[number(float(x)) for x in marked])
        bar.ax.tick_params(labelsize=style.SMALL_PT, direction="in", length=2.5)
        return place


def thinned(sequence: Positions, most: int) -> list[Place]:
    """Return positions to label: far enough from each other, the ends first."""
    known = list(sequence.distinct)
    if len(known) <= 1:
        return known
    norm = sequence.norm()
    values = known if sequence.is_numeric else range(len(known))
    heights = [float(norm(float(x))) for x in values]
    kept = [0, len(known) - 1]
    for i in range(1, len(known) - 1):
        if all(abs(heights[i] - heights[j]) >= 1.0 / most for j in kept):
            kept.append(i)
    return [known[i] for i in sorted(kept)]


def crowded(x: FloatArray) -> bool:
    """Whether half of ascending numbers crowd in a small part of their span."""
    span = float(x[-1] - x[0])
    return len(x) > 3 and span > 0.0 and float(np.median(x) - x[0]) < _CROWD * span


def _cleaned(place: Any) -> Place:
    if isinstance(place, str):
        return place
    return float("nan") if place is None else float(place)


def number(value: float) -> str:
    """Return a position with three digits and never a power of ten: `1000`, `0.25`."""
    if np.isnan(value):
        return "unknown"
    return f"{float(f'{value:.3g}'):.10g}".replace("-", "−")


def _colour_map() -> Any:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[SEQUENTIAL](np.linspace(0.0, _BRIGHTEST, 256)))
