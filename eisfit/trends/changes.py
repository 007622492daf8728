"""What a resistance does from the first to the last of a row of spectra, and whether it is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import TrendError
from eisfit.trends.points import check_level, one_row, usable_points
from eisfit.trends.ratios import CELLS, FIT_ONLY, not_significant, reservation
from eisfit.trends.regression import student, two_sided
from eisfit.trends.significance import Significance
from eisfit.trends.words import counted, probability, span

Array = NDArray[Any]
LEAST = 5  # points below which a rank test cannot tell a trend at 5 %


@dataclass(frozen=True)
class Change(Significance):
    """The change of a resistance along a row of spectra.

    Attributes
    ----------
    quantity : str
    start, end : str
        Where the first and last usable value were measured: "0 h", "pristine".
    first_value, last_value : float
        In the unit of the values; over several cells their geometric means.
    ratio, lower, upper : float
        Last / first, with interval.
    difference, difference_stderr : float
        Last - first, in the unit of the values.
    p_value : float
        Of first against last, two-sided.
    trend : str
        "rises", "falls" or "no trend", by Kendall's tau at 5 %; "" where there is no order, or
        too few points.
    trend_tau, trend_p : float
        Kendall's tau and its exact two-sided p-value.
    p_corrected, comparisons
        As in `Ratio`.
    n : int
        Spectra with a usable value.
    cells : int
        Cells behind it.
    basis : str
        What the interval holds: "fit uncertainty only" or "scatter between cells".
    status : str
        "ok", "no interval", or "too few points" with the reason.
    note : str
    level : float
    """

    quantity: str
    start: str = ""
    end: str = ""
    first_value: float = float("nan")
    last_value: float = float("nan")
    ratio: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    difference: float = float("nan")
    difference_stderr: float = float("nan")
    p_value: float = float("nan")
    trend: str = ""
    trend_tau: float = float("nan")
    trend_p: float = float("nan")
    p_corrected: float = float("nan")
    comparisons: int = 1
    n: int = 0
    cells: int = 1
    basis: str = FIT_ONLY
    status: str = "ok"
    note: str = ""
    level: float = 0.95

    def row(self) -> dict[str, Any]:
        """Return the columns of a table of changes."""
        names = ("quantity", "start", "end", "first_value", "last_value", "ratio", "lower",
                 "upper", "difference", "difference_stderr", "p_value", "p_corrected",
                 "significant", "significant_corrected", "trend", "trend_tau",
                 "trend_p")  # fmt: skip
        numbers = {"n_spectra": self.n, "n_cells": self.cells}
        told = {"basis": self.basis, "status": self.status, "note": self.note}
        own = {name: getattr(self, name) for name in names}
        return own | numbers | told | {"sentence": self.sentence()}

    def sentence(self) -> str:
        """Return it in plain words."""
        if self.status not in ("ok", "no interval"):
            return f"{self.quantity}: no change told, {self.status}"
        told = f"{self.quantity}: {self._verdict()}"
        doubt = reservation(self.significant, self.significant_corrected, self.comparisons)
        parts = (told, self._certainty(), doubt, self.note)
        return "; ".join(part for part in parts if part)

    def _verdict(self) -> str:
        end, start = self._places()
        if self.status == "no interval":
            return f"{end} {self.ratio:.3g} times that {start}, no interval"
        if not self.significant:
            text, interval = span(self.ratio, self.lower, self.upper, self.level, beside=1.0)
            if not_significant(self.lower, self.upper) == "not decided":
                return f"not decided, {end} {text} times that {start}, {interval}"
            return f"{end} equal within error to that {start}, ratio {text}, {interval}"
        value, lower, upper, word = self.ratio, self.lower, self.upper, "larger"
        if value < 1.0:
            value, lower, upper, word = 1.0 / value, 1.0 / upper, 1.0 / lower, "smaller"
        text, interval = span(value, lower, upper, self.level, beside=1.0)
        return f"{end} {text} times {word} than {start}, {interval}"

    def _places(self) -> tuple[str, str]:
        """Return "at 200 h" and "at 0 h", but plain "discharged" and "pristine"."""
        ends = (self.end, self.start)
        if all(any(c.isdigit() for c in place) for place in ends):
            return f"at {ends[0]}", f"at {ends[1]}"
        return ends

    def _certainty(self) -> str:
        if self.basis == CELLS:
            return f"n = {counted(self.cells, 'cell')}, {CELLS}"
        word = "no sure trend" if self.trend == "no trend" else self.trend
        seen = f"{word} (Kendall's test, {probability(self.trend_p)})" if word else ""
        behind = f"n = {counted(self.n, 'spectrum')} of 1 cell, {FIT_ONLY}"
        return "; ".join(part for part in (seen, behind) if part)


def change(
    values: ArrayLike,
    stderr: ArrayLike | None = None,
    status: Sequence[str] | None = None,
    *,
    position: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    quantity: str = "resistance",
    level: float = 0.95,
) -> Change:
    """Return the change from the first to the last usable value, and the trend between.

    Parameters
    ----------
    values : (N,) positive numbers in the order of the row
    stderr : (N,) standard errors, or None
    status : (N,) statuses; what is not ok is left out, and said
    position : (N,) numbers such as times in h, for the trend; None where order means nothing
    labels : (N,) how sentences call the places: "0 h", "pristine"; default the position
    quantity : str
    level : float

    Returns
    -------
    Change
        First and last are compared by their standard errors alone, on the logarithm. The trend is
        Kendall's rank test (M. G. Kendall, Biometrika 30 (1938) 81), exact, which asks neither for
        errors nor for a law; with 4 values or fewer it can never be significant at 5 %.

    Raises
    ------
    TrendError
        If lengths differ, a usable value is not positive, or the level is not between 0 and 1.
    """
    check_level(level)
    points = usable_points(values, stderr, status, "resistance")
    total = len(points.used)
    places = None if position is None else one_row(position, "position", total)
    names = _names(places, labels, total)
    index = np.flatnonzero(points.used)
    n = len(index)
    empty = Change(quantity, n=n, note="; ".join(points.notes()), level=level)
    if n < 2:
        why = points.left_out or f"{total} value{'s' * (total != 1)}"
        return replace(empty, status=f"too few points ({why})", note="")
    if places is not None:
        empty = replace(empty, **_trend(places[index], points.values))
    order = np.argsort(places[index], kind="stable") if places is not None else np.arange(n)
    ends = order[[0, -1]]
    empty = replace(empty, start=names[index[ends[0]]], end=names[index[ends[1]]])
    errors = None if points.stderr is None else points.stderr[ends]
    return _between(empty, points.values[ends], errors)


def _between(empty: Change, ends: Array, errors: Array | None) -> Change:
    """Return the change with the numbers of its two ends; errors (2,) or None."""
    first, last = float(ends[0]), float(ends[1])
    found = replace(
        empty,
        first_value=first,
        last_value=last,
        ratio=last / first,
        difference=last - first,
    )
    if errors is None:
        return replace(found, status="no interval")
    relative = float(np.hypot(*(errors / ends)))
    factor = float(np.exp(min(student(np.inf, found.level) * relative, 700.0)))
    return replace(
        found,
        lower=found.ratio / factor,
        upper=found.ratio * factor,
        difference_stderr=float(np.hypot(*errors)),
        p_value=two_sided(float(np.log(found.ratio)) / relative, np.inf),
    )


def change_over_cells(cells: Sequence[Change], *, quantity: str = "") -> Change:
    """Return the change common to replicate cells: geometric mean, scatter between the cells.

    Parameters
    ----------
    cells : Change, one a cell, each over the same places
        Those without a ratio are left out, and said. Of a single cell, its own change.
    quantity : str
        Default that of the first.

    Returns
    -------
    Change
        Student's t on the logarithm of last / first, with n - 1 degrees of freedom; the variance
        between cells never counts for less than the mean one of the fits.

    Raises
    ------
    TrendError
        If there is none, or they run between different places.
    """
    known = [one for one in cells if one.status in ("ok", "no interval")]
    if not cells:
        raise TrendError("there is no change of any cell to take the mean of")
    if len({(one.start, one.end) for one in known}) > 1:
        raise TrendError("changes over cells run between the same places: compare others apart")
    if len(known) < 2:
        only = (known or list(cells))[0]
        return replace(only, quantity=quantity or only.quantity)
    logs = np.log([one.ratio for one in known])
    fits = [np.log(one.upper / one.lower) / (2.0 * student(np.inf, one.level)) for one in known]
    variance = float(np.var(logs, ddof=1))
    if np.all(np.isfinite(fits)):
        variance = max(variance, float(np.mean(np.square(fits))))
    n, level = len(known), known[0].level
    error = float(np.sqrt(variance / n))
    center, half = float(logs.mean()), student(n - 1, level) * error
    first = float(np.exp(np.mean(np.log([one.first_value for one in known]))))
    lost = len(cells) - n
    return Change(
        quantity or known[0].quantity,
        known[0].start,
        known[0].end,
        first_value=first,
        last_value=first * float(np.exp(center)),
        ratio=float(np.exp(center)),
        lower=float(np.exp(center - half)),
        upper=float(np.exp(center + half)),
        difference=first * float(np.expm1(center)),
        p_value=two_sided(center / error, n - 1) if error > 0 else float(center == 0.0),
        n=sum(one.n for one in known),
        cells=n,
        basis=CELLS,
        note=f"left out: {lost} cell{'s' * (lost > 1)} without a change" if lost else "",
        level=level,
    )


def _trend(position: Array, values: Array) -> dict[str, Any]:
    """Return Kendall's tau, its exact p and the word for it."""
    from scipy.stats import kendalltau

    if len(np.unique(position)) < 3 or np.ptp(values) == 0:
        return {}
    found = kendalltau(position, values)
    tau, p = float(found.statistic), float(found.pvalue)
    word = "no trend" if p >= 0.05 else ("rises" if tau > 0 else "falls")
    word = "" if len(values) < LEAST and p >= 0.05 else word
    return {"trend": word, "trend_tau": tau, "trend_p": p}


def _names(places: Array | None, labels: Sequence[str] | None, total: int) -> list[str]:
    if labels is not None:
        if len(labels) != total:
            raise TrendError(f"{total} values but {len(labels)} labels: give one each")
        return [str(label) for label in labels]
    if places is None:
        return [f"number {i}" for i in range(1, total + 1)]
    return [f"{place:g}" for place in places]
