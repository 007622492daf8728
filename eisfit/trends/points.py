"""Which numbers may be used: a status that is not ok never becomes a number here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import TrendError

Array = NDArray[Any]

# A process outside the window has a resistance all the same, known by the tail of its arc
USABLE = ("ok", "outside window", "")
LEAST_ERROR = 1e-9  # relative; smaller errors are those of rounding


@dataclass(frozen=True)
class Points:
    """The usable values, their standard errors (None: not known) and what was left out.

    Attributes
    ----------
    used : (N,) bool array
        Of all that was given.
    values : (n,) array
    stderr : (n,) array, or None
    left_out : str
        Why points were left out, in words; "" where none was.
    outside : int
        How many of the used ones belong to a process outside the measured window.
    """

    used: Array
    values: Array
    stderr: Array | None
    left_out: str
    outside: int

    def notes(self) -> list[str]:
        """Return what a reader must know of the choice; empty where all was used."""
        said = [f"left out: {self.left_out}"] if self.left_out else []
        if self.outside:
            many = f"{self.outside} points belong" if self.outside > 1 else "1 point belongs"
            said.append(f"{many} to a process outside the measured window")
        return said


def usable_points(
    values: ArrayLike, stderr: ArrayLike | None, status: Sequence[str] | None, what: str = "value"
) -> Points:
    """Return the points that may be used.

    Parameters
    ----------
    values : (N,) positive numbers; NaN where there is none
    stderr : (N,) standard errors, or None
        Where some are known and some not, those without are left out; so is a value whose error
        is as large as itself, for it is not determined.
    status : (N,) statuses as in `eisfit.tables.STATUSES`, or None for all ok

    Raises
    ------
    TrendError
        If lengths differ, or a number that would be used is not positive.
    """
    numbers = one_row(values, what)
    errors = None if stderr is None else one_row(stderr, "standard error", len(numbers))
    states = ["ok"] * len(numbers) if status is None else [str(s) for s in status]
    if len(states) != len(numbers):
        raise TrendError(f"{len(numbers)} values but {len(states)} statuses: give one each")
    reasons = [_reason(v, s) for v, s in zip(numbers, states, strict=True)]
    good = np.array([not reason for reason in reasons], dtype=bool)
    if np.any(numbers[good] <= 0):
        bad = numbers[good][numbers[good] <= 0][0]
        raise TrendError(f"a {what} must be positive, found {bad:g}: correct or leave it out")
    if errors is not None:
        known = np.isfinite(errors) & (errors > 0)
        if np.any(known & good):
            vague = known & (errors >= numbers)
            for i in np.flatnonzero(good & ~known):
                reasons[i] = "without standard error"
            for i in np.flatnonzero(good & vague):
                reasons[i] = "uncertain by as much as itself"
            good &= known & ~vague
        else:
            errors = None
    return Points(
        used=good,
        values=numbers[good],
        stderr=None if errors is None else np.maximum(errors[good], LEAST_ERROR * numbers[good]),
        left_out=_said(reasons),
        outside=sum(states[i] == "outside window" for i in np.flatnonzero(good)),
    )


def check_level(level: float) -> None:
    """Refuse what is no probability of an interval.

    Raises
    ------
    TrendError
        If it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise TrendError(f"a level must lie between 0 and 1, such as 0.95; found {level!r}")


def one_row(values: ArrayLike, what: str, length: int | None = None) -> Array:
    """Return numbers as a (N,) array.

    Raises
    ------
    TrendError
        If they are no numbers, not one row, or not `length` of them.
    """
    try:
        numbers = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError) as error:
        raise TrendError(f"a {what} is no number: {error}") from None
    if numbers.ndim != 1:
        raise TrendError(f"expected one row of numbers ({what}), found shape {numbers.shape}")
    if length is not None and len(numbers) != length:
        raise TrendError(f"{length} values but {len(numbers)} of {what}: give one each")
    return numbers


def _reason(value: float, status: str) -> str:
    if status not in USABLE:
        return status
    return "" if np.isfinite(value) else "without a number"


def _said(reasons: Sequence[str]) -> str:
    counts = Counter(reason for reason in reasons if reason)
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
