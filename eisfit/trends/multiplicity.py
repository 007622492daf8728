"""Many comparisons at once: what chance alone would make of them, and the correction for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.trends.changes import Change
from eisfit.trends.points import one_row
from eisfit.trends.ratios import Ratio

Array = NDArray[Any]
Result = TypeVar("Result", Ratio, Change)
MANY = 5  # comparisons from which on chance is worth a word


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


def corrected(found: Sequence[Result], counts: Sequence[bool]) -> list[Result]:
    """Return results with `p_corrected` and `comparisons`, as a family compared at once.

    Parameters
    ----------
    found : Ratio or Change, N
    counts : (N,) bool
        Which of them are the comparisons of the family, corrected by Holm. What says the same
        again, such as a sum of resistances that are compared themselves, is no further comparison;
        its p-value times their number stands for the corrected one, which is never less strict.
    """
    p = np.array([one.p_value for one in found], dtype=float)
    own = np.asarray(counts, dtype=bool) & np.isfinite(p)
    number = max(int(own.sum()), 1)
    result = np.minimum(p * number, 1.0)
    result[own] = holm(p[own])
    return [
        replace(one, p_corrected=float(value), comparisons=number)
        for one, value in zip(found, result, strict=True)
    ]


def many_comparisons(found: Sequence[Ratio] | Sequence[Change]) -> str:
    """Return what to know where many comparisons are made at once.

    Parameters
    ----------
    found : Ratio or Change
        As `corrected` returns them, those that count.

    Returns
    -------
    str
        "" for few of which the correction changes none.
    """
    known = [one for one in found if np.isfinite(one.p_value)]
    alone = sum(one.significant for one in known)
    together = sum(one.significant_corrected for one in known)
    if not known or (len(known) < MANY and alone == together):
        return ""
    by_chance = (1.0 - known[0].level) * len(known)
    return (
        f"{len(known)} comparisons, sums not counted: {alone} significant taken alone, where "
        f"chance would give {by_chance:.2g}; {together or 'none'} after Holm's correction for "
        "their number"
    )
