"""Which law a resistance grows by over time: compared by AICc, with what cannot be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import TrendError
from eisfit.trends.lawfit import LAW_NAMES, Growth, LawFit, Rate
from eisfit.trends.laws import LAWS, Law, Profile, profile
from eisfit.trends.points import check_level, one_row, usable_points
from eisfit.trends.regression import extra_scatter, student, two_sided, weighted_line
from eisfit.trends.words import listed, probability

Array = NDArray[Any]
BEND = 0.01  # p-value of a bend that the best law leaves, below which no law is said to fit


@dataclass(frozen=True, eq=False)
class _Data:
    """What is fitted: time (h), values, their errors (None: not known), level of intervals."""

    time: Array
    values: Array
    stderr: Array | None
    level: float
    scatter: float = 0.0

    @property
    def n(self) -> int:
        return len(self.time)

    @property
    def sigma(self) -> Array:
        """Errors with the relative scatter in them; without errors, equal relative ones."""
        if self.stderr is None:
            return self.values
        return np.hypot(self.stderr, self.scatter * self.values)

    def rise(self, law: Law, lowest: float) -> float:
        """Return by how much chi-square may rise above its lowest value inside the interval.

        A law that misses the data by more than their errors has wider intervals accordingly.
        """
        own = lowest / (self.n - law.n_parameters)
        own = own if self.stderr is None else max(own, 1.0)
        return own * student(self.n - law.n_parameters, self.level) ** 2

    def profile(self, law: Law) -> Profile:
        return profile(law, self.time, self.values, self.sigma, partial(self.rise, law))


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
        With standard errors: AICc = chi-square + 2 K + 2 K (K + 1) / (n - K - 1) (N. Sugiura,
        Commun. Stat. A 7 (1978) 13; K. P. Burnham, D. R. Anderson, Model Selection and Multimodel
        Inference, 2nd ed., Springer 2002, chapter 2). Scatter that the errors do not explain is a
        relative one, common to all laws: that which the law that follows the data best leaves
        (`eisfit.trends.regression.extra_scatter`); where there is some, it counts as one more
        parameter. Without standard errors: n ln(chi-square / n) in place of chi-square, with equal
        relative errors. Intervals: chi-square profiled over t0, Student's t.

    Raises
    ------
    TrendError
        If lengths differ, a usable value is not positive, a time is negative or no number, or the
        level is not between 0 and 1.
    """
    check_level(level)
    points = usable_points(resistance_ohm, stderr_ohm, status, "resistance")
    time = one_row(time_h, "time", len(points.used))[points.used]
    if not np.all(np.isfinite(time) & (time >= 0)):
        raise TrendError("times must be 0 h or later: count them from the assembly of the cell")
    time = np.round(time, 6)  # to some milliseconds: shorter times are those of rounding
    n, distinct = len(time), len(np.unique(time))
    empty = Growth(quantity, unit, n=n, level=level)
    said = points.notes()
    if distinct < 3 or n < 4:
        return replace(empty, status="too few points", note="; ".join(said))
    laws = [law for law in LAWS if law.n_parameters < distinct]
    data = _with_scatter(_Data(time, points.values, points.stderr, level), laws)
    return _compared(empty, data, [(law, _fit(law, data, unit)) for law in laws], said)


def _with_scatter(data: _Data, laws: Sequence[Law]) -> _Data:
    """Return the data with the relative scatter that the law leaves which follows them best."""

    def misfit(scatter: float) -> float:
        tried = replace(data, scatter=scatter)
        return min(tried.profile(law).lowest / (data.n - law.n_parameters) for law in laws)

    if data.stderr is None:
        return replace(data, scatter=float(np.sqrt(misfit(0.0))))
    return replace(data, scatter=extra_scatter(misfit, 1.0))


def _fit(law: Law, data: _Data, unit: str) -> LawFit:
    curve = data.profile(law)
    rise = data.rise(law, curve.lowest)
    from_start = bool(np.any(data.time == 0))
    rate = partial(_rate, curve, rise, from_start)
    return LawFit(
        law=law.name,
        formula=law.formula,
        r0=rate(curve.r0, curve.r0_variance, unit),
        k=rate(curve.k, curve.k_variance, unit + law.per_time) if law.n_parameters > 1 else Rate(),
        t0=_time(curve, rise) if law.has_t0 else Rate(),
        chi_square=curve.lowest,
    )


def _rate(
    curve: Profile, rise: float, from_start: bool, values: Array, variance: Array, unit: str
) -> Rate:
    """Return a linear parameter with its profile interval: the union over t0, each in closed form.

    At one t0 chi-square is a parabola in the parameter, with its lowest value there. Where t0 may
    be as long as can be, only k/t0 is known; where as short as can be and nothing was measured at
    time 0, neither R0 nor k is.
    """
    room = rise - (curve.chi_square - curve.lowest)
    inside = room >= 0
    half = np.sqrt(np.where(inside, room, 0.0) * variance)
    lower = float(np.min((values - half)[inside]))
    upper = float(np.max((values + half)[inside]))
    status = _open(inside)
    of_k = values is curve.k
    if (of_k and status in ("open", "open above")) or (
        not from_start and status in ("open", "open below")
    ):
        lower, upper = (
            (-np.inf if lower < 0 or not of_k else lower),
            (np.inf if upper > 0 or not of_k else upper),
        )
    return Rate(float(values[curve.best]), lower, upper, unit, status)


def _time(curve: Profile, rise: float) -> Rate:
    inside = curve.chi_square - curve.lowest <= rise
    status = _open(inside)
    times = curve.t0[inside]
    lower = 0.0 if status in ("open", "open below") else float(times[0])
    upper = float("inf") if status in ("open", "open above") else float(times[-1])
    return Rate(float(curve.t0[curve.best]), lower, upper, "h", status)


def _open(inside: Array) -> str:
    """Return at which ends of the grid of t0 the data set no limit."""
    if len(inside) == 1 or not (inside[0] or inside[-1]):
        return "ok"
    if inside[0] and inside[-1]:
        return "open"
    return "open below" if inside[0] else "open above"


def _compared(
    empty: Growth, data: _Data, fits: Sequence[tuple[Law, LawFit]], said: Sequence[str]
) -> Growth:
    """Return the laws with their AICc, and the verdict."""
    extra = 0 if data.scatter == 0.0 else 1
    aicc = np.array([
        _distance(fit.chi_square, data) + _penalty(law.n_parameters + extra, data.n)
        for law, fit in fits
    ])  # fmt: skip
    tested = np.isfinite(aicc)
    delta = aicc - aicc.min() if tested.any() else np.full(len(fits), np.inf)
    weight = np.exp(-0.5 * delta)
    weight /= max(weight.sum(), 1e-300)
    laws = tuple(
        replace(
            fit,
            aicc=float(aicc[i]),
            delta=float(delta[i]),
            weight=float(weight[i]),
            status="ok" if tested[i] else "too few points",
        )
        for i, (_, fit) in enumerate(fits)
    )
    found = replace(empty, laws=laws, scatter_percent=100.0 * data.scatter)
    missing = [name for name in LAW_NAMES if name not in {f.law for f in laws if f.status == "ok"}]
    notes = [*said, *_notes(data, missing)]
    if tested.sum() < 3:  # a choice between the constant and nothing else would be none
        return replace(found, status="too few points", note="; ".join(notes))
    best = int(np.argmin(aicc))
    found = replace(found, best=laws[best].law)
    bend = _bend(fits[best], data)
    closer = _closer(fits, best, tested, data)
    status = "undecided" if found.rivals or closer else "ok"
    if closer:
        notes.append(f"{listed(closer)} would follow the data more closely")
    if bend < BEND:
        notes.append(f"it leaves a bend ({probability(bend)})")
        status = "no law fits"
    return replace(found, status=status, note="; ".join(notes))


def _closer(fits: Sequence[tuple[Law, LawFit]], best: int, tested: Array, data: _Data) -> list[str]:
    """Return the laws that there are too few points to test but whose plain AIC is lower."""
    aic = [_distance(fit.chi_square, data) + 2.0 * law.n_parameters for law, fit in fits]
    return [
        law.name
        for (law, _), own, known in zip(fits, aic, tested, strict=True)
        if not known and own < aic[best]
    ]


def _distance(chi_square: float, data: _Data) -> float:
    if data.stderr is not None:
        return chi_square
    return data.n * float(np.log(max(chi_square / data.n, 1e-24)))


def _penalty(k: int, n: int) -> float:
    room = n - k - 1
    return 2.0 * k + 2.0 * k * (k + 1) / room if room > 0 else float("inf")


def _bend(fitted: tuple[Law, LawFit], data: _Data) -> float:
    """Return the p-value of a term in t^2 beside the best law; NaN where it cannot be told."""
    law, fit = fitted
    room = data.n - law.n_parameters - 1
    if law.n_parameters == 1 or room < 2:
        return float("nan")
    t0 = np.asarray(fit.t0.value if law.has_t0 else 1.0)
    shape = law.shape(data.time, t0)
    late = (data.time / data.time.max()) ** 2
    design = np.column_stack([np.ones(data.n), shape / np.abs(shape).max(), late])
    errors = None if data.stderr is None else data.stderr / data.values
    line = weighted_line(design / data.values[:, None], np.ones(data.n), errors)
    error = float(line.stderr[2])
    return two_sided(float(line.values[2]) / error, room) if error > 0 else float("nan")


def _notes(data: _Data, missing: Sequence[str]) -> list[str]:
    notes = []
    if data.stderr is None:
        notes.append("no standard errors: equal relative errors assumed")
    elif data.scatter > 0:
        relative = float(np.median(data.stderr / data.values))
        if data.scatter > relative:
            notes.append(
                f"scatter of {100 * data.scatter:.2g} % beyond standard errors of "
                f"{100 * relative:.2g} %"
            )
    if missing:
        notes.append(f"too few points to test {listed(missing)}")
    return notes
