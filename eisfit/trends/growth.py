"""Which law a resistance grows by over time: compared by AICc, with what cannot be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import TrendError
from eisfit.trends.laws import LAWS, Law, Profile, profile
from eisfit.trends.points import one_row, usable_points
from eisfit.trends.regression import student
from eisfit.trends.words import rounded, span

Array = NDArray[Any]
CLOSE = 2.0  # difference of AICc below which two laws describe the data as well as each other
POOR = 2.0  # scatter in units of the standard errors from which on it is worth a word
_NAN = float("nan")


@dataclass(frozen=True)
class Rate:
    """A parameter of a law: value, interval, unit; status "ok", "open below", "open above", "open".

    An end is -inf or inf (0 for a time) where the data set no limit, NaN where no interval can be
    given.
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
        As in the formula; k or t0 are NaN where the law has none.
    chi_square : float
        For the standard errors as given; relative residuals where there are none.
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
    aicc: float
    delta: float = float("inf")
    weight: float = 0.0
    status: str = "ok"

    def predict(self, time_h: ArrayLike) -> Array:
        """Return R at times in h, in the unit of the fitted values."""
        law = next(law for law in LAWS if law.name == self.law)
        time = np.asarray(time_h, dtype=float)
        t0 = np.asarray(self.t0.value if law.has_t0 else 1.0)
        slope = 0.0 if law.n_parameters == 1 else self.k.value
        return np.asarray(self.r0.value + slope * law.shape(time, t0))

    def equation(self, unit: str) -> str:
        """Return the formula with its numbers, as many digits as they bear."""
        text = self.formula.replace("R0", f"{_short(self.r0)} {unit}")
        if self.law != "constant":
            text = text.replace("k", f"{_short(self.k)} {self.k.unit}", 1)
        return text.replace("t0", f"{_short(self.t0)} h")


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
        Points used.
    scale : float
        Scatter about the laws in units of the standard errors, at least 1; relative scatter where
        there are no standard errors.
    status : str
        "ok", "undecided" (another law is within 2 of the best AICc), "no law fits" or
        "too few points".
    note : str
    level : float
    """

    quantity: str
    unit: str
    laws: tuple[LawFit, ...] = ()
    best: str = ""
    n: int = 0
    scale: float = _NAN
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
        """Laws within 2 of the best AICc, which the data cannot rule out; best first left out."""
        near = [fit for fit in self.laws if fit.delta < CLOSE and fit.law != self.best]
        return tuple(fit.law for fit in sorted(near, key=lambda fit: fit.delta))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row a law, the best first; one row that says why where none was fitted."""
        head = {"quantity": self.quantity}
        tail = {"n": self.n, "scale": self.scale, "note": self.note}
        if not self.laws:
            return [{**head, "law": "", "status": self.status, **tail}]
        ordered = sorted(self.laws, key=lambda fit: (fit.aicc, LAW_NAMES.index(fit.law)))
        return [
            {
                **head, "law": fit.law, "best": fit.law == self.best,
                "aicc": fit.aicc, "delta_aicc": fit.delta, "weight": fit.weight,
                **_columns("r0", fit.r0), **_columns("k", fit.k), **_columns("t0", fit.t0),
                "formula": fit.formula, "chi_square": fit.chi_square,
                "status": self.status if fit.law == self.best else fit.status, **tail,
            }
            for fit in ordered
        ]  # fmt: skip

    def sentence(self) -> str:
        """Return the result in plain words."""
        if not self.best:
            return f"{self.quantity}: no law of growth told, {self.status} (n = {self.n})"
        best = self[self.best]
        parts = [f"{self.quantity}: {self._verdict(best)}"]
        if self.rivals:
            others = " and ".join(
                f"{law} (delta AICc {self[law].delta:.1f})" for law in self.rivals
            )
            parts.append(f"not decided against {others}")
        else:
            parts.append(f"Akaike weight {best.weight:.2f}")
        parts.append(f"n = {self.n}")
        return "; ".join([*parts, *([self.note] if self.note else [])])

    def _verdict(self, best: LawFit) -> str:
        if best.law == "constant":
            value, interval = span(best.r0.value, best.r0.lower, best.r0.upper, self.level)
            return f"constant, {value} {self.unit}, {interval}"
        _, interval = span(best.k.value, best.k.lower, best.k.upper, self.level)
        word = "growth" if best.k.value > 0 else "fall"
        return f"{best.law} {word}, {best.equation(self.unit)}, k {interval} {best.k.unit}"


LAW_NAMES = tuple(law.name for law in LAWS)


def growth_laws(
    time_h: ArrayLike,
    resistance_ohm: ArrayLike,
    stderr_ohm: ArrayLike | None = None,
    status: Sequence[str] | None = None,
    *,
    quantity: str = "resistance",
    unit: str = "ohm",
    level: float = 0.95,
) -> Growth:
    """Compare the laws by which a resistance may change with time.

    Parameters
    ----------
    time_h : (N,) h, from 0
    resistance_ohm : (N,) positive; or another quantity in `unit`
    stderr_ohm : (N,) standard errors, or None
    status : (N,) statuses as in `eisfit.tables.STATUSES`; what is not ok is left out, and said
    quantity, unit : str
        For the sentence and the units of k.
    level : float
        Probability of the intervals.

    Returns
    -------
    Growth
        With standard errors: AICc = chi-square / s^2 + 2 K + 2 K (K + 1) / (n - K - 1) (N. Sugiura,
        Commun. Stat. A 7 (1978) 13; K. P. Burnham, D. R. Anderson, Model Selection, 2nd ed., 2002,
        section 2.5). The scale s, common to all laws, is the scatter about the law that follows
        the data best, and never below 1; where it is above 1 it counts as one more parameter.
        Without standard errors: n ln(chi-square / n) in place of the first term, and relative
        errors are taken to be equal. Intervals: profile of chi-square over t0, Student's t.

    Raises
    ------
    TrendError
        If lengths differ, a usable value is not positive, a time is negative or no number, or the
        level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise TrendError(f"a level must lie between 0 and 1, such as 0.95; found {level!r}")
    points = usable_points(resistance_ohm, stderr_ohm, status, "resistance")
    time = one_row(time_h, "time", len(points.used))[points.used]
    if not np.all(np.isfinite(time) & (time >= 0)):
        raise TrendError("times must be 0 h or later: count them from the assembly of the cell")
    n, distinct = len(time), len(np.unique(time))
    said = [f"left out: {points.left_out}"] if points.left_out else []
    if distinct < 3 or n < 4:
        return Growth(quantity, unit, n=n, status="too few points", note="; ".join(said))
    data = _Data(time, points.values, points.stderr, level)
    fits = _fitted(data, [law for law in LAWS if law.n_parameters < distinct], unit)
    if points.outside:
        said.append(f"{points.outside} of the points belong to a process outside the window")
    return _compared(fits, data, Growth(quantity, unit, n=n, level=level), said)


@dataclass(frozen=True, eq=False)
class _Data:
    """What is fitted: time (h), values, their errors or None, level of the intervals."""

    time: Array
    values: Array
    stderr: Array | None
    level: float

    @property
    def n(self) -> int:
        return len(self.time)

    @property
    def sigma(self) -> Array:
        """Errors, or the values themselves: equal relative errors of unknown size."""
        return self.values if self.stderr is None else self.stderr

    def variance(self, law: Law, chi_square: float) -> float:
        """Return the square of a law's own scale, never below 1 where errors are known."""
        own = chi_square / max(self.n - law.n_parameters, 1)
        return own if self.stderr is None else max(own, 1.0)

    def rise(self, law: Law, chi_square: float) -> float:
        """Return by how much chi-square may rise inside the interval."""
        t = student(self.n - law.n_parameters, self.level)
        return t**2 * self.variance(law, chi_square)


def _fitted(data: _Data, laws: Sequence[Law], unit: str) -> list[tuple[Law, LawFit]]:
    found = []
    for law in laws:
        rises = partial(data.rise, law)
        curve = profile(law, data.time, data.values, data.sigma, rises)
        best, rise = curve.best, rises(float(curve.chi_square.min()))
        has_k = law.n_parameters > 1
        fit = LawFit(
            law=law.name,
            formula=law.formula,
            r0=_rate(curve, curve.r0, curve.r0_variance, rise, unit),
            k=_rate(curve, curve.k, curve.k_variance, rise, unit + law.per_time)
            if has_k
            else Rate(),
            t0=_time(curve, rise) if law.has_t0 else Rate(),
            chi_square=float(curve.chi_square[best]),
            aicc=float("inf"),
        )
        found.append((law, fit))
    return found


def _rate(curve: Profile, values: Array, variance: Array, rise: float, unit: str) -> Rate:
    """Return a linear parameter with its profile interval: the union over t0, each in closed form.

    At one t0 chi-square is a parabola in the parameter, with its lowest value there.
    """
    room = rise - (curve.chi_square - curve.chi_square.min())
    inside = room >= 0
    half = np.sqrt(np.where(inside, room, 0.0) * variance)
    lower = float(np.min((values - half)[inside]))
    upper = float(np.max((values + half)[inside]))
    return Rate(float(values[curve.best]), lower, upper, unit, _open(inside))


def _time(curve: Profile, rise: float) -> Rate:
    inside = curve.chi_square - curve.chi_square.min() <= rise
    status = _open(inside)
    times = curve.t0[inside]
    lower = 0.0 if status in ("open", "open below") else float(times[0])
    upper = float("inf") if status in ("open", "open above") else float(times[-1])
    return Rate(float(curve.t0[curve.best]), lower, upper, "h", status)


def _open(inside: Array) -> str:
    """Return at which ends of the grid of t0 the data set no limit."""
    if len(inside) == 1:
        return "ok"
    ends = bool(inside[0]), bool(inside[-1])
    return {(False, False): "ok", (True, False): "open below", (False, True): "open above"}.get(
        ends, "open"
    )


def _compared(
    fits: Sequence[tuple[Law, LawFit]], data: _Data, empty: Growth, said: Sequence[str]
) -> Growth:
    """Return the laws with their AICc, and the verdict."""
    n, known = data.n, data.stderr is not None
    reduced = [fit.chi_square / (n - law.n_parameters) for law, fit in fits]
    scale = float(np.sqrt(min(reduced)))
    scale = max(scale, 1.0) if known else scale
    extra = 0 if known and scale == 1.0 else 1
    aicc = np.array([
        _distance(fit.chi_square, n, scale, known) + _penalty(law.n_parameters + extra, n)
        for law, fit in fits
    ])  # fmt: skip
    delta = aicc - aicc.min() if np.isfinite(aicc.min()) else np.full(len(fits), np.inf)
    weight = np.exp(-0.5 * delta)
    weight /= max(weight.sum(), 1e-300)
    laws = tuple(
        replace(
            fit, aicc=float(a), delta=float(d), weight=float(w),
            status="ok" if np.isfinite(a) else "too few points",
        )
        for (_, fit), a, d, w in zip(fits, aicc, delta, weight, strict=True)
    )  # fmt: skip
    untested = [
        law for law in LAW_NAMES if not any(f.law == law and f.status == "ok" for f in laws)
    ]
    notes = [*said, *_notes(scale, known, untested, n)]
    if len(untested) == len(LAW_NAMES):
        return replace(
            empty, laws=laws, scale=scale, status="too few points", note="; ".join(notes)
        )
    best = laws[int(np.argmin(aicc))]
    whole = replace(empty, laws=laws, best=best.law, scale=scale, note="; ".join(notes))
    return replace(whole, status=_verdict(whole, n, known))


def _distance(chi_square: float, n: int, scale: float, known: bool) -> float:
    if known:
        return chi_square / scale**2
    return n * float(np.log(max(chi_square / n, 1e-24)))


def _penalty(k: int, n: int) -> float:
    room = n - k - 1
    return 2.0 * k + 2.0 * k * (k + 1) / room if room > 0 else float("inf")


def _verdict(growth: Growth, n: int, known: bool) -> str:
    """Return "no law fits" where the best one misses the data by far more than another would."""
    return "undecided" if growth.rivals else "ok"


def _notes(scale: float, known: bool, untested: Sequence[str], n: int) -> list[str]:
    notes = []
    if known and scale >= POOR:
        notes.append(f"the scatter is {rounded(scale / 5, scale)[0]} times the standard errors")
    if not known:
        notes.append("no standard errors: equal relative errors assumed")
    if untested:
        notes.append(f"{n} points are too few to test {' and '.join(untested)}")
    return notes


def _columns(name: str, rate: Rate) -> dict[str, Any]:
    return {
        name: rate.value, f"{name}_lower": rate.lower, f"{name}_upper": rate.upper,
        f"{name}_unit": rate.unit,
    }  # fmt: skip


def _short(rate: Rate) -> str:
    return span(rate.value, rate.lower, rate.upper)[0]
