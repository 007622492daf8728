"""How many times larger one sample's resistance is than another's, and whether that is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eisfit.trends.points import Points, check_level, usable_points
from eisfit.trends.regression import student, two_sided
from eisfit.trends.significance import Significance
from eisfit.trends.words import counted, span

FIT_ONLY = "fit uncertainty only"
CELLS = "scatter between cells"
EQUAL = 1.5  # an interval within this factor of 1, either way, is narrow enough to say "equal"


@dataclass(frozen=True)
class Group:
    """One resistance of one sample: a value for each replicate cell.

    Attributes
    ----------
    name : str
        Of the sample, as sentences call it.
    values, stderr : sequences of float, one a cell
        In one unit; a standard error is NaN where it is not known.
    status : sequence of str
        As in `eisfit.tables.STATUSES`; empty means all ok.
    """

    name: str
    values: Sequence[float]
    stderr: Sequence[float] = ()
    status: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("values", "stderr", "status"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def points(self) -> Points:
        """Return what of it may be used.

        Raises
        ------
        TrendError
            If lengths differ or a usable value is not positive.
        """
        return usable_points(self.values, self.stderr or None, self.status or None, "resistance")


@dataclass(frozen=True)
class Ratio(Significance):
    """The ratio first / second.

    Attributes
    ----------
    quantity, first, second : str
    ratio, lower, upper : float
        NaN where there is none; the ends also where no uncertainty is known.
    n_first, n_second : int
        Cells.
    basis : str
        What the interval holds: "fit uncertainty only" or "scatter between cells".
    p_value : float
        Two-sided, for a ratio of 1.
    p_corrected : float
        For the number of comparisons it is one of, by `corrected`; NaN where it stands alone.
    comparisons : int
        That number.
    status : str
        "ok", "no interval", or why there is no ratio.
    note : str
    level : float
    """

    quantity: str
    first: str
    second: str
    ratio: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    n_first: int = 0
    n_second: int = 0
    basis: str = ""
    p_value: float = float("nan")
    p_corrected: float = float("nan")
    comparisons: int = 1
    status: str = "ok"
    note: str = ""
    level: float = 0.95

    @property
    def larger(self) -> str:
        """The sample that is larger beyond error, or ""."""
        if not self.significant:
            return ""
        return self.first if self.ratio > 1.0 else self.second

    def row(self) -> dict[str, Any]:
        """Return the columns of a table of ratios."""
        names = ("quantity", "first", "second", "ratio", "lower", "upper", "larger", "n_first",
                 "n_second", "basis", "p_value", "p_corrected", "significant",
                 "significant_corrected", "status", "note")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"sentence": self.sentence()}

    def sentence(self) -> str:
        """Return it in plain words, the larger sample named."""
        if self.status not in ("ok", "no interval"):
            return f"{self.quantity}: no ratio of {self.first} to {self.second}, {self.status}"
        doubt = reservation(self.significant, self.significant_corrected, self.comparisons)
        parts = (f"{self._cells()}, {self.basis}", doubt, self.note)
        tail = "".join(f"; {part}" for part in parts if part)
        if self.status == "no interval":
            return (
                f"{self.quantity}: ratio of {self.first} to {self.second} {self.ratio:.3g}, "
                f"no interval{tail}"
            )
        if not self.significant:
            text, interval = span(self.ratio, self.lower, self.upper, self.level, beside=1.0)
            return (
                f"{self.quantity}: {not_significant(self.lower, self.upper)}, ratio of "
                f"{self.first} to {self.second} {text}, {interval}{tail}"
            )
        other = self.second if self.larger == self.first else self.first
        value, lower, upper = self.ratio, self.lower, self.upper
        if self.larger == self.second:
            value, lower, upper = 1.0 / value, 1.0 / upper, 1.0 / lower
        text, interval = span(value, lower, upper, self.level, beside=1.0)
        return (
            f"{self.quantity}: {text} times larger in {self.larger} than in {other}, "
            f"{interval}{tail}"
        )

    def _cells(self) -> str:
        if self.n_first == self.n_second:
            return f"n = {counted(self.n_first, 'cell')} of each"
        return f"n = {self.n_first} and {self.n_second} cells"


def not_significant(lower: float, upper: float) -> str:
    """Return what is to be said of a ratio whose interval holds 1."""
    narrow = lower >= 1.0 / EQUAL and upper <= EQUAL
    return "equal within error" if narrow else "not decided"


def reservation(alone: bool, together: bool, comparisons: int) -> str:
    """Return what is to be added where the correction for many comparisons changes the verdict."""
    if alone == together:
        return ""
    return f"not significant after Holm's correction for {counted(comparisons, 'comparison')}"


def ratio(
    first: Group, second: Group, quantity: str = "resistance", *, level: float = 0.95
) -> Ratio:
    """Return the ratio of two samples' resistance, first / second, with interval.

    Parameters
    ----------
    first, second : Group
        One cell each, or replicate cells.
    quantity : str
        What sentences call it: "interfacial resistance".
    level : float
        Probability of the interval.

    Returns
    -------
    Ratio
        Of single cells: log-normal, from the standard errors of the fits alone. With replicates:
        the ratio of geometric means, Student's t on the logarithms with Welch's degrees of freedom
        (B. L. Welch, Biometrika 34 (1947) 28). Where one sample has a single cell, the other's
        scatter is taken for both. The variance between cells never counts for less than the mean
        one of the fits.

    Raises
    ------
    TrendError
        If a usable value is not positive, lengths differ, or the level is not between 0 and 1.
    """
    check_level(level)
    one, two = first.points(), second.points()
    empty = Ratio(quantity, first.name, second.name, level=level)
    gone = [_missing(g, p) for g, p in ((first, one), (second, two)) if not len(p.values)]
    if gone:
        return replace(empty, status=" and ".join(gone))
    center = float(np.mean(np.log(one.values)) - np.mean(np.log(two.values)))
    variances, rooms, basis, notes = _variances(first, second, one, two)
    value, error = float(np.exp(center)), float(np.sqrt(sum(variances)))
    found = replace(
        empty,
        ratio=value,
        n_first=len(one.values),
        n_second=len(two.values),
        basis=basis,
        note="; ".join([*notes, *_left_out(first, one), *_left_out(second, two)]),
    )
    if not np.isfinite(error):
        return replace(found, status="no interval")
    room = _welch(variances, rooms)
    factor = float(np.exp(min(student(room, level) * error, 700.0)))
    p_value = two_sided(center / error, room) if error > 0 else float(center == 0.0)
    return replace(found, lower=value / factor, upper=value * factor, p_value=p_value)


def _variances(
    first: Group, second: Group, one: Points, two: Points
) -> tuple[list[float], list[float], str, list[str]]:
    """Return variances of the mean logarithms, degrees of freedom, basis and notes."""
    sizes = [len(one.values), len(two.values)]
    fits = [_fit_variance(one), _fit_variance(two)]
    if max(sizes) == 1:
        return fits, [np.inf, np.inf], FIT_ONLY, []
    scatter = [
        float(np.var(np.log(p.values), ddof=1)) if n > 1 else np.nan
        for p, n in zip((one, two), sizes, strict=True)
    ]
    rooms = [float(n - 1) for n in sizes]
    notes = []
    if min(sizes) == 1:
        at = int(np.argmin(sizes))
        scatter[at] = scatter[1 - at]
        notes.append(f"scatter of {(first, second)[1 - at].name} taken for both")
        # One estimate of the scatter serves both: its degrees of freedom count once
        pooled = max(scatter[at], *(f for f in fits if np.isfinite(f)), 0.0)
        return [pooled * (1.0 / sizes[0] + 1.0 / sizes[1])], [rooms[1 - at]], CELLS, notes
    kept = [max(s, f) if np.isfinite(f) else s for s, f in zip(scatter, fits, strict=True)]
    return [v / n for v, n in zip(kept, sizes, strict=True)], rooms, CELLS, notes


def _fit_variance(points: Points) -> float:
    """Return the mean variance of the logarithms by the fits alone; NaN where not known."""
    if points.stderr is None:
        return float("nan")
    return float(np.mean((points.stderr / points.values) ** 2))


def _welch(variances: Sequence[float], rooms: Sequence[float]) -> float:
    spread = sum(v**2 / room for v, room in zip(variances, rooms, strict=True))
    return float(sum(variances) ** 2 / spread) if spread > 0 else np.inf


def _missing(group: Group, points: Points) -> str:
    return f"{group.name} is {points.left_out.split(' ', 1)[-1] or 'without a value'}"


def _left_out(group: Group, points: Points) -> list[str]:
    said = []
    if points.left_out:
        said.append(f"{group.name}: left out {points.left_out}")
    if points.outside:
        said.append(f"{group.name}: the process lies outside the measured window")
    return said
