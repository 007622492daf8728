"""The law of growth that replicate cells have in common, and its rate with their scatter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eisfit.errors import TrendError
from eisfit.trends.lawfit import CLOSE, LAW_NAMES, Growth, Rate, columns_of
from eisfit.trends.laws import LAWS
from eisfit.trends.ratios import CELLS
from eisfit.trends.regression import student
from eisfit.trends.words import counted, listed, span


@dataclass(frozen=True)
class CommonGrowth:
    """One law for replicate cells.

    Attributes
    ----------
    quantity, unit : str
    law, formula : str
    r0, k : Rate
        Means over the cells, with the interval from the scatter between them; k is NaN of the
        constant law.
    aicc, weight : float
        Sum of the cells' AICc for this law, and its Akaike weight among the laws by such sums.
    rivals : tuple of str
        Laws whose sum is within 2 of the best.
    n_spectra, n_cells : int
    status : str
        "ok" or "undecided".
    note : str
    level : float
    """

    quantity: str
    unit: str
    law: str
    formula: str
    r0: Rate
    k: Rate
    aicc: float
    weight: float
    rivals: tuple[str, ...]
    n_spectra: int
    n_cells: int
    status: str = "ok"
    note: str = ""
    level: float = 0.95

    def row(self) -> dict[str, Any]:
        """Return the columns of `Growth.rows`, for one row."""
        return {
            "quantity": self.quantity, "law": self.law, "best": True, "aicc": self.aicc,
            "delta_aicc": 0.0, "weight": self.weight, **columns_of("r0", self.r0),
            **columns_of("k", self.k), **columns_of("t0", Rate()), "formula": self.formula,
            "status": self.status, "n_spectra": self.n_spectra, "n_cells": self.n_cells,
            "basis": CELLS, "note": self.note,
        }  # fmt: skip

    def sentence(self) -> str:
        """Return it in plain words."""
        doubt = ""
        if self.rivals:
            doubt = f"undecided between {listed([self.law, *self.rivals])}; the nearest is "
        parts = [f"{self.quantity}: {doubt}{self._verdict()}"]
        parts.append(f"n = {counted(self.n_cells, 'cell')}, {CELLS}")
        return "; ".join([*parts, self.note] if self.note else parts)

    def _verdict(self) -> str:
        name, rate = ("R", self.r0) if self.law == "constant" else ("k", self.k)
        text, interval = span(rate.value, rate.lower, rate.upper, self.level)
        word = "growth" if self.k.value > 0 else "fall"
        law = "constant" if self.law == "constant" else f"{self.law} {word}"
        return f"{law}, mean {name} = {text} {rate.unit}, {interval}"


def growth_over_cells(cells: Sequence[Growth], *, quantity: str = "") -> CommonGrowth:
    """Return the law that replicate cells follow best together, and its mean rate constant.

    Parameters
    ----------
    cells : Growth, one a cell
        Those without a law are left out, and said.
    quantity : str
        Default that of the first.

    Returns
    -------
    CommonGrowth
        Cells are independent, so that their AICc add up: the best law has the lowest sum. Its rate
        constants are averaged; the interval is Student's t with n - 1 degrees of freedom from their
        scatter, whose variance never counts for less than the mean one of the fits.

    Raises
    ------
    TrendError
        If fewer than two cells have a law, or no law was tested in all of them.
    """
    known = [cell for cell in cells if cell.best]
    if len(known) < 2:
        raise TrendError("a law common to replicate cells needs two cells with a law each")
    common = [n for n in LAW_NAMES if all(_was_tested(cell, n) for cell in known)]
    if not common:
        raise TrendError("no law was tested in all cells: there are too few points")
    sums = np.array([sum(cell[name].aicc for cell in known) for name in common])
    delta = sums - sums.min()
    best = common[int(np.argmin(sums))]
    fits = [cell[best] for cell in known]
    law = LAWS[LAW_NAMES.index(best)]
    rooms = [max(cell.n - law.n_parameters, 1) for cell in known]
    level = known[0].level
    rivals = tuple(n for n, d in zip(common, delta, strict=True) if d < CLOSE and n != best)
    weights = np.exp(-0.5 * delta)
    return CommonGrowth(
        quantity=quantity or known[0].quantity,
        unit=known[0].unit,
        law=best,
        formula=law.formula,
        r0=_mean([fit.r0 for fit in fits], rooms, level),
        k=Rate() if law.n_parameters == 1 else _mean([fit.k for fit in fits], rooms, level),
        aicc=float(sums.min()),
        weight=float(1.0 / weights.sum()),
        rivals=rivals,
        n_spectra=sum(cell.n for cell in known),
        n_cells=len(known),
        status="undecided" if rivals else "ok",
        note="; ".join(_notes(known, len(cells) - len(known), best)),
        level=level,
    )


def _was_tested(cell: Growth, name: str) -> bool:
    return any(fit.law == name and fit.status == "ok" for fit in cell.laws)


def _mean(rates: Sequence[Rate], rooms: Sequence[int], level: float) -> Rate:
    values = np.array([rate.value for rate in rates])
    n = len(values)
    halves = np.array([(rate.upper - rate.lower) / 2.0 for rate in rates])
    of_fits = halves / [student(room, level) for room in rooms]
    variance = float(np.var(values, ddof=1))
    if np.all(np.isfinite(of_fits)):
        variance = max(variance, float(np.mean(np.square(of_fits))))
    half = student(n - 1, level) * float(np.sqrt(variance / n))
    mean = float(values.mean())
    return replace(rates[0], value=mean, lower=mean - half, upper=mean + half, status="ok")


def _notes(known: Sequence[Growth], lost: int, best: str) -> list[str]:
    notes = []
    alone = Counter("no law" if c.status == "no law fits" else c.best for c in known)
    if set(alone) != {best}:
        notes.append("cells alone: " + listed([f"{law} in {n}" for law, n in alone.items()]))
    if lost:
        notes.append(f"left out: {counted(lost, 'cell')} without a law")
    return notes
