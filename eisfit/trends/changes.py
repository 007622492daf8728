"""What a resistance does from the first to the last of a row of spectra, and whether it is sure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import TrendError
from eisfit.trends.points import one_row, usable_points
from eisfit.trends.ratios import FIT_ONLY
from eisfit.trends.regression import student, two_sided
from eisfit.trends.words import probability, span

Array = NDArray[Any]
MANY = 5  # comparisons from which on chance is worth a word


@dataclass(frozen=True)
class Change:
    """The change of a resistance along a row of spectra.

    Attributes
    ----------
    quantity : str
    start, end : str
        Where the first and last usable value were measured: "0 h", "pristine".
    ratio, lower, upper : float
        Last / first, with interval from the standard errors of the fits alone.
    difference, difference_stderr : float
        Last - first, in the unit of the values.
    p_value : float
        Of first against last, two-sided.
    trend : str
        "rises", "falls" or "no trend", by Kendall's tau at 5 %; "" where there is no order.
    trend_tau, trend_p : float
        Kendall's tau and its exact two-sided p-value.
    n : int
        Usable values.
    status : str
        "ok", "no interval", "too few points", or why there is nothing to compare.
    note : str
    level : float
    """

    quantity: str
    start: str = ""
    end: str = ""
    ratio: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    difference: float = float("nan")
    difference_stderr: float = float("nan")
    p_value: float = float("nan")
    trend: str = ""
    trend_tau: float = float("nan")
    trend_p: float = float("nan")
    n: int = 0
    status: str = "ok"
    note: str = ""
    level: float = 0.95

    @property
    def significant(self) -> bool:
        """Whether the interval of last / first leaves out 1."""
        return bool(self.lower > 1.0 or self.upper < 1.0)

    def row(self) -> dict[str, Any]:
        """Return the columns of a table of changes."""
        names = ("quantity", "start", "end", "ratio", "lower", "upper", "difference",
                 "difference_stderr", "p_value", "significant", "trend", "trend_tau", "trend_p",
                 "n", "status", "note")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"sentence": self.sentence()}

    def sentence(self) -> str:
        """Return it in plain words."""
        if self.status not in ("ok", "no interval"):
            return f"{self.quantity}: no change to tell, {self.status}"
        tail = "; ".join(part for part in (self._trend(), FIT_ONLY, self.note) if part)
        where = f"at {self.end} than at {self.start}"
        if self.status == "no interval":
            return (
                f"{self.quantity}: {self.ratio:.3g} times that at {self.start} at {self.end}, "
                f"no interval; {tail}"
            )
        if not self.significant:
            text, interval = span(self.ratio, self.lower, self.upper, self.level)
            return (
                f"{self.quantity}: equal within error at {self.start} and at {self.end}, "
                f"ratio {text}, {interval}; {tail}"
            )
        value, lower, upper, word = self.ratio, self.lower, self.upper, "larger"
        if value < 1.0:
            value, lower, upper, word = 1.0 / value, 1.0 / upper, 1.0 / lower, "smaller"
        text, interval = span(value, lower, upper, self.level)
        return f"{self.quantity}: {text} times {word} {where}, {interval}; {tail}"

    def _trend(self) -> str:
        if not self.trend:
            return f"n = {self.n}"
        word = self.trend if self.trend != "no trend" else "no trend that is sure"
        return f"{word} (Kendall's test, {probability(self.trend_p)}, n = {self.n})"


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
    if not 0 < level < 1:
        raise TrendError(f"a level must lie between 0 and 1, such as 0.95; found {level!r}")
    points = usable_points(values, stderr, status, "resistance")
    total = len(points.used)
    places = None if position is None else one_row(position, "position", total)
    names = _names(places, labels, total)
    index = np.flatnonzero(points.used)
    note = f"left out: {points.left_out}" if points.left_out else ""
    n = len(index)
    if n < 2:
        why = points.left_out or f"{total} value{'s' * (total != 1)}"
        return Change(quantity, n=n, status=f"too few points ({why})", level=level)
    order = np.argsort(places[index], kind="stable") if places is not None else np.arange(n)
    first, last = int(order[0]), int(order[-1])
    sizes = points.values
    result: dict[str, Any] = {
        "start": names[index[first]],
        "end": names[index[last]],
        "ratio": float(sizes[last] / sizes[first]),
        "difference": float(sizes[last] - sizes[first]),
        "n": n,
        "note": note,
        "level": level,
    }
    if places is not None:
        result |= _trend(places[index], sizes)
    if points.stderr is None:
        return Change(quantity, **result, status="no interval")
    errors = points.stderr[[first, last]]
    relative = float(np.hypot(*(errors / sizes[[first, last]])))
    factor = float(np.exp(min(student(np.inf, level) * relative, 700.0)))
    return Change(
        quantity,
        **result,
        lower=result["ratio"] / factor,
        upper=result["ratio"] * factor,
        difference_stderr=float(np.hypot(*errors)),
        p_value=two_sided(float(np.log(result["ratio"])) / relative, np.inf),
    )


def holm(p_values: ArrayLike) -> Array:
    """Return p-values corrected for their number (S. Holm, Scand. J. Stat. 6 (1979) 65).

    (N,) in the order given; NaN stays NaN and does not count.
    """
    p = one_row(p_values, "p-value")
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def many_comparisons(p_values: ArrayLike, level: float = 0.95) -> str:
    """Return what to know where many comparisons are made at once; "" for few."""
    p = one_row(p_values, "p-value")
    p = p[np.isfinite(p)]
    if len(p) < MANY:
        return ""
    risk = 1.0 - level
    alone, together = int(np.sum(p < risk)), int(np.sum(holm(p) < risk))
    return (
        f"{len(p)} comparisons: {risk * len(p):.2g} of them would seem significant by chance "
        f"alone; {alone} do, {together} after Holm's correction for their number"
    )


def _trend(position: Array, values: Array) -> dict[str, Any]:
    """Return Kendall's tau, its exact p and the word for it."""
    from scipy.stats import kendalltau

    if len(np.unique(position)) < 3 or np.ptp(values) == 0:
        return {}
    found = kendalltau(position, values)
    tau, p = float(found.statistic), float(found.pvalue)
    word = "no trend" if p >= 0.05 else ("rises" if tau > 0 else "falls")
    return {"trend": word, "trend_tau": tau, "trend_p": p}


def _names(places: Array | None, labels: Sequence[str] | None, total: int) -> list[str]:
    if labels is not None:
        if len(labels) != total:
            raise TrendError(f"{total} values but {len(labels)} labels: give one each")
        return [str(label) for label in labels]
    if places is None:
        return [f"number {i}" for i in itertools.islice(itertools.count(1), total)]
    return [f"{place:g}" for place in places]
