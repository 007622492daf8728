"""What came of comparing the laws of growth: parameters, weights, rows, a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import TrendError
from eisfit.trends.laws import LAWS
from eisfit.trends.ratios import FIT_ONLY
from eisfit.trends.words import counted, listed, span

Array = NDArray[Any]
CLOSE = 2.0  # difference of AICc below which two laws describe the data as well as each other
LAW_NAMES = tuple(law.name for law in LAWS)
_NAN = float("nan")


@dataclass(frozen=True)
class Rate:
    """A parameter of a law: value, interval, unit; status "ok", "open below", "open above", "open".

    An end is infinite (or 0, for a time) where the data set no limit. All is NaN where a law has no
    such parameter.
    """

    value: float = _NAN
    lower: float = _NAN
    upper: float = _NAN
    unit: str = ""
    status: str = "ok"


@dataclass(frozen=True)
class LawFit:
    """One law fitted.

    Attributes
    ----------
    law, formula : str
    r0, k, t0 : Rate
        As in the formula.
    chi_square : float
        With the extra scatter in the errors.
    aicc, delta, weight : float
        Akaike's criterion corrected for few data, its distance to the best, and the weight
        (probability among the laws). AICc is infinite, and the weight 0, for too few points.
    status : str
        "ok" or "too few points".
    """

    law: str
    formula: str
    r0: Rate
    k: Rate
    t0: Rate
    chi_square: float
    aicc: float = float("inf")
    delta: float = float("inf")
    weight: float = 0.0
    status: str = "ok"

    def predict(self, time_h: ArrayLike) -> Array:
        """Return R at times in h, in the unit of the fitted values."""
        law = LAWS[LAW_NAMES.index(self.law)]
        time = np.asarray(time_h, dtype=float)
        slope = 0.0 if law.n_parameters == 1 else self.k.value
        t0 = np.asarray(self.t0.value if law.has_t0 else 1.0)
        return np.asarray(self.r0.value + slope * law.shape(time, t0))

    def equation(self, unit: str) -> str:
        """Return the formula with its numbers, as many digits as they bear."""
        start = f"R = {_short(self.r0)} {unit}"
        if self.law == "constant":
            return start
        sign, size = ("+", 1.0) if self.k.value >= 0 else ("-", -1.0)
        ends = sorted((size * self.k.lower, size * self.k.upper))
        k = f"{span(size * self.k.value, *ends)[0]} {self.k.unit}"
        shape = self.formula.removeprefix("R0 + k ").replace("t0", f"({_short(self.t0)} h)")
        return f"{start} {sign} {k} × {shape}"


@dataclass(frozen=True)
class Growth:
    """The laws compared.

    Attributes
    ----------
    quantity, unit : str
    laws : tuple of LawFit
        In the order constant, linear, parabolic, logarithmic, saturating; none for too few points.
    best : str
        Name of the law with the lowest AICc; "" where there is none.
    n : int
        Spectra used.
    scatter_percent : float
        Relative scatter about the laws beyond the standard errors, 0 where none is to be seen; all
        of the scatter where there are no standard errors.
    status : str
        "ok"; "undecided" (another law is within 2 of the best AICc, or would follow the data more
        closely but has too many parameters for so few points); "no law fits"; "too few points".
    note : str
    level : float
    """

    quantity: str
    unit: str
    laws: tuple[LawFit, ...] = ()
    best: str = ""
    n: int = 0
    scatter_percent: float = _NAN
    status: str = "ok"
    note: str = ""
    level: float = field(default=0.95, repr=False)

    def __getitem__(self, law: str) -> LawFit:
        """Return the fit of a law by name.

        Raises
        ------
        TrendError
            If it was not fitted.
        """
        for fit in self.laws:
            if fit.law == law:
                return fit
        raise TrendError(f"no law {law!r} was fitted; there are {[f.law for f in self.laws]}")

    @property
    def rivals(self) -> tuple[str, ...]:
        """Laws within 2 of the best AICc, which the data cannot rule out; the nearest first."""
        near = [fit for fit in self.laws if fit.delta < CLOSE and fit.law != self.best]
        return tuple(fit.law for fit in sorted(near, key=lambda fit: fit.delta))

    @property
    def basis(self) -> str:
        """What the intervals hold."""
        scatter = self.scatter_percent > 0
        return "fit uncertainty and scatter about the law" if scatter else FIT_ONLY

    def rows(self) -> list[dict[str, Any]]:
        """Return a row a law, the best first; one row that says why where none was fitted."""
        head = {"quantity": self.quantity}
        tail = {
            "n_spectra": self.n, "n_cells": 1, "basis": self.basis,
            "scatter_percent": self.scatter_percent, "note": self.note,
        }  # fmt: skip
        if not self.laws:
            return [{**head, "law": "", "best": False, "status": self.status, **tail}]
        ordered = sorted(self.laws, key=lambda fit: (fit.aicc, LAW_NAMES.index(fit.law)))
        return [
            {
                **head, "law": fit.law, "best": fit.law == self.best,
                "aicc": fit.aicc, "delta_aicc": fit.delta, "weight": fit.weight,
                **columns_of("r0", fit.r0), **columns_of("k", fit.k), **columns_of("t0", fit.t0),
                "formula": fit.formula, "chi_square": fit.chi_square,
                "status": self.status if self.best in ("", fit.law) else fit.status, **tail,
            }
            for fit in ordered
        ]  # fmt: skip

    def sentence(self) -> str:
        """Return the result in plain words."""
        if not self.best:
            parts = [f"{self.quantity}: no law of growth told, {self.status}"]
        elif self.status == "no law fits":
            parts = [f"{self.quantity}: none of the laws describes it, the nearest is {self.best}"]
        else:
            parts = [f"{self.quantity}: {self._doubt()}{self._verdict(self[self.best])}"]
        if self.status == "ok":
            parts.append(f"Akaike weight {self[self.best].weight:.2f}")
        behind = f"n = {counted(self.n, 'spectrum')} of 1 cell"
        if self.best:
            behind += f", {self.basis}"
        return "; ".join([*parts, behind, *([self.note] if self.note else [])])

    def _verdict(self, best: LawFit) -> str:
        equation = best.equation(self.unit)
        if best.law == "constant":
            _, interval = span(best.r0.value, best.r0.lower, best.r0.upper, self.level)
            return f"constant, {equation}, {interval}"
        _, interval = span(best.k.value, best.k.lower, best.k.upper, self.level)
        word = "growth" if best.k.value > 0 else "fall"
        return f"{best.law} {word}, {equation}, {interval} of k in {best.k.unit}"

    def _doubt(self) -> str:
        """Return what stands first where the data do not choose a law."""
        if self.status != "undecided":
            return ""
        if not self.rivals:
            return "undecided, for some laws have too few points; of those that can be tested "
        others = [f"{law} (delta AICc {self[law].delta:.2f})" for law in self.rivals]
        return f"undecided between {listed([self.best, *others])}; the nearest is "


def columns_of(name: str, rate: Rate) -> dict[str, Any]:
    """Return the columns of a parameter in a table of laws."""
    return {
        name: rate.value, f"{name}_lower": rate.lower, f"{name}_upper": rate.upper,
        f"{name}_unit": rate.unit,
    }  # fmt: skip


def _short(rate: Rate) -> str:
    return span(rate.value, rate.lower, rate.upper)[0]
