"""Activation energies from a temperature series; the form is always said.

For ions that hop, sigma T = A exp(-E / (k T)), so that ln(T / R) falls with 1/T; without the factor
T the energy comes out lower by about k T, some 0.025 eV (H. L. Tuller, in Springer Handbook of
Electronic and Photonic Materials, 2nd ed., 2017, chapter 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.constants import BOLTZMANN_EV_K, KJ_MOL_PER_EV, ZERO_C
from eisfit.errors import TrendError
from eisfit.trends.points import check_level, one_row, usable_points
from eisfit.trends.regression import Line, student, two_sided, weighted_line
from eisfit.trends.words import counted, probability, span

Array = NDArray[Any]
_LAWS = {
    ("resistance", "sigma T"): ("T/R = A exp(-E/kT)", "K/ohm"),
    ("resistance", "sigma"): ("1/R = A exp(-E/kT)", "1/ohm"),
    ("conductivity", "sigma T"): ("sigma T = A exp(-E/kT)", "S K/cm"),
    ("conductivity", "sigma"): ("sigma = A exp(-E/kT)", "S/cm"),
    ("tau", "tau"): ("tau = A exp(E/kT)", "s"),
}


@dataclass(frozen=True)
class Activation:
    """An activation energy.

    Attributes
    ----------
    quantity, kind, form : str
        Kind "resistance", "conductivity" or "tau"; form "sigma T", "sigma" or "tau".
    equation : str
        The law that was fitted.
    energy_ev, stderr_ev, lower_ev, upper_ev : float
        The error and the interval are NaN for two temperatures.
    prefactor, prefactor_lower, prefactor_upper : float
        A, in `prefactor_unit`.
    n, n_temperatures : int
        Spectra used, and different temperatures among them (0.1 K).
    scatter_percent : float
        Relative scatter about the line beyond the standard errors; all of it where there are none.
    curvature_p : float
        p-value of a straight line; NaN below four temperatures.
    low_c, high_c : float
        Range of temperature.
    status : str
        "ok", "no interval" (two temperatures), "curved" (p below 5 %) or "too few points".
    note : str
    """

    quantity: str
    kind: str
    form: str
    equation: str
    energy_ev: float = float("nan")
    stderr_ev: float = float("nan")
    lower_ev: float = float("nan")
    upper_ev: float = float("nan")
    prefactor: float = float("nan")
    prefactor_lower: float = float("nan")
    prefactor_upper: float = float("nan")
    prefactor_unit: str = ""
    n: int = 0
    n_temperatures: int = 0
    scatter_percent: float = float("nan")
    curvature_p: float = float("nan")
    low_c: float = float("nan")
    high_c: float = float("nan")
    status: str = "ok"
    note: str = ""
    level: float = 0.95

    @property
    def energy_kj_mol(self) -> float:
        """The energy in kJ/mol."""
        return self.energy_ev * KJ_MOL_PER_EV

    def predict(self, temperature_c: ArrayLike) -> Array:
        """Return the quantity by the fitted law: ohm, S/cm or s."""
        kelvin = np.asarray(temperature_c, dtype=float) + ZERO_C
        rate = self.prefactor * np.exp(-self.energy_ev / (BOLTZMANN_EV_K * kelvin))
        if self.form == "tau":
            return np.asarray(self.prefactor**2 / rate)
        rate = rate / kelvin if self.form == "sigma T" else rate
        return np.asarray(1.0 / rate if self.kind == "resistance" else rate)

    def with_notes(self, notes: Iterable[object]) -> Activation:
        """Return it with more to know, each text once; what is no text is left out."""
        more = dict.fromkeys(note for note in notes if isinstance(note, str) and note)
        return replace(self, note="; ".join(part for part in (self.note, *more) if part))

    def row(self) -> dict[str, Any]:
        """Return the columns of a table of activation energies."""
        factor = KJ_MOL_PER_EV
        return {
            "quantity": self.quantity, "form": self.form, "equation": self.equation,
            "energy_ev": self.energy_ev, "energy_stderr_ev": self.stderr_ev,
            "lower_ev": self.lower_ev, "upper_ev": self.upper_ev,
            "energy_kj_mol": self.energy_kj_mol, "energy_stderr_kj_mol": factor * self.stderr_ev,
            "lower_kj_mol": factor * self.lower_ev, "upper_kj_mol": factor * self.upper_ev,
            "prefactor": self.prefactor, "prefactor_lower": self.prefactor_lower,
            "prefactor_upper": self.prefactor_upper, "prefactor_unit": self.prefactor_unit,
            "n_spectra": self.n, "n_temperatures": self.n_temperatures,
            "scatter_percent": self.scatter_percent, "curvature_p": self.curvature_p,
            "low_c": self.low_c, "high_c": self.high_c, "status": self.status, "note": self.note,
            "sentence": self.sentence(),
        }  # fmt: skip

    def sentence(self) -> str:
        """Return it in plain words."""
        head = f"{self.quantity}: activation energy of {self.form}"
        if self.status == "too few points":
            return (
                f"{head} not determined, too few points (n = {counted(self.n, 'spectrum')})"
                + self._tail()
            )
        text, interval = span(self.energy_ev, self.lower_ev, self.upper_ev, self.level)
        ends = KJ_MOL_PER_EV * self.lower_ev, KJ_MOL_PER_EV * self.upper_ev
        kj, _ = span(self.energy_kj_mol, *ends)
        many = f"{self.n_temperatures} temperatures"
        if self.n > self.n_temperatures:
            many = f"{self.n} spectra at {many}"
        places = f"n = {many}, {self.low_c:g} to {self.high_c:g} °C"
        return f"{head} {text} eV ({kj} kJ/mol), {interval}; {places}" + self._tail()

    def _tail(self) -> str:
        return f"; {self.note}" if self.note else ""


def arrhenius(
    temperature_c: ArrayLike,
    value: ArrayLike,
    stderr: ArrayLike | None = None,
    status: Sequence[str] | None = None,
    *,
    kind: str = "resistance",
    form: str = "",
    quantity: str = "",
    level: float = 0.95,
) -> Activation:
    """Return the activation energy of a quantity over temperature.

    Parameters
    ----------
    temperature_c : (N,) degrees Celsius
    value : (N,) positive: ohm (or ohm cm2), S/cm, or s
    stderr : (N,) standard errors, or None
    status : (N,) statuses; what is not ok is left out, and said
    kind : "resistance", "conductivity" or "tau"
    form : "sigma T" or "sigma" (for a resistance: T/R and 1/R), "tau" for a time constant
        Default "sigma T", or "tau".
    quantity : str
        For the sentence.
    level : float

    Returns
    -------
    Activation
        Weighted least squares of the logarithm over 1/T, Student's t with n - 2 degrees of
        freedom; what scatters beyond the standard errors counts (`extra_scatter`); no interval for
        two temperatures. From four temperatures a quadratic term tests whether the line is
        straight.

    Raises
    ------
    TrendError
        If kind or form are unknown, lengths differ, a temperature is no number or below absolute
        zero, or a usable value is not positive.
    """
    form = form or ("tau" if kind == "tau" else "sigma T")
    if (kind, form) not in _LAWS:
        raise TrendError(
            f"no form {form!r} of {kind!r}: a resistance or a conductivity has 'sigma T' and "
            "'sigma', a tau has 'tau'"
        )
    check_level(level)
    points = usable_points(value, stderr, status, kind)
    celsius = one_row(temperature_c, "temperature", len(points.used))[points.used]
    if not np.all(np.isfinite(celsius) & (celsius > -ZERO_C)):
        raise TrendError("every temperature must be a number above -273.15 °C")
    equation, unit = _LAWS[kind, form]
    n = len(celsius)
    empty = Activation(
        quantity or kind,
        kind,
        form,
        equation,
        prefactor_unit=unit,
        n=n,
        n_temperatures=_distinct(celsius),
        level=level,
    )
    if _distinct(celsius) < 2:
        return replace(empty, status="too few points", note="; ".join(points.notes()))
    errors = None if points.stderr is None else points.stderr / points.values
    found = replace(empty, low_c=float(celsius.min()), high_c=float(celsius.max()))
    logs = _logarithm(points.values, celsius + ZERO_C, kind, form)
    return _fitted(found, celsius, logs, errors, points.notes())


def _fitted(
    found: Activation, celsius: Array, logs: Array, errors: Array | None, notes: Sequence[str]
) -> Activation:
    """Return the result of a straight line, with the test of whether it is one."""
    x = 1.0 / (BOLTZMANN_EV_K * (celsius + ZERO_C))
    line, middle = _line(x, logs, errors, 2)
    curvature = _curvature(x, logs, errors) if _distinct(celsius) >= 4 else float("nan")
    status = "no interval" if line.room == 0 else "ok"
    if curvature < 0.05:
        status = "curved"
        bent = f"the line is curved ({probability(curvature)}): one energy does not describe it"
        notes = [*notes, bent]
    found = replace(
        found,
        scatter_percent=100.0 * line.scatter,
        curvature_p=curvature,
        status=status,
        note="; ".join(notes),
    )
    return _with_numbers(found, line, middle)


def _distinct(celsius: Array) -> int:
    """Return the number of temperatures, those within 0.1 K taken as one."""
    return len(np.unique(np.round(celsius, 1)))


def _logarithm(values: Array, kelvin: Array, kind: str, form: str) -> Array:
    """Return what is a straight line over 1/T, falling but for tau."""
    logs = -np.log(values) if kind == "resistance" else np.log(values)
    return np.asarray(logs + np.log(kelvin) if form == "sigma T" else logs)


def _line(x: Array, y: Array, errors: Array | None, terms: int) -> tuple[Line, float]:
    """Fit powers of x about its middle, which keeps the terms apart."""
    middle = float(x.mean())
    size = float(np.ptp(x)) or 1.0
    design = np.vander((x - middle) / size, terms, increasing=True)
    line = weighted_line(design, y, errors)
    back = size ** -np.arange(terms, dtype=float)
    covariance = line.covariance * np.outer(back, back)
    return Line(line.values * back, covariance, line.n, line.scatter), middle


def _with_numbers(found: Activation, line: Line, middle: float) -> Activation:
    """Return the result with energy and prefactor of a straight line, and their intervals."""
    energy = float(line.values[1]) * (1.0 if found.form == "tau" else -1.0)
    to_zero = np.array([1.0, -middle])
    ln_a = float(to_zero @ line.values)
    if line.room == 0:
        return replace(found, energy_ev=energy, prefactor=float(np.exp(np.clip(ln_a, -700, 700))))
    t = student(line.room, found.level)
    error = float(line.stderr[1])
    spread = t * float(np.sqrt(to_zero @ line.covariance @ to_zero))
    low, middle_a, high = np.exp(np.clip([ln_a - spread, ln_a, ln_a + spread], -700.0, 700.0))
    return replace(
        found,
        energy_ev=energy,
        stderr_ev=error,
        lower_ev=energy - t * error,
        upper_ev=energy + t * error,
        prefactor=float(middle_a),
        prefactor_lower=float(low),
        prefactor_upper=float(high),
    )


def _curvature(x: Array, y: Array, errors: Array | None) -> float:
    """Return the p-value of a quadratic term; NaN where it cannot be told."""
    line, _ = _line(x, y, errors, 3)
    error = float(line.stderr[2])
    return two_sided(float(line.values[2]) / error, line.room) if error > 0 else float("nan")
