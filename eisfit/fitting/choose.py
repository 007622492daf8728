"""Which circuit? Series arcs of growing number, with and without inductance and tail, by BIC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from eisfit.circuit.arcs import Arc
from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model
from eisfit.errors import EngineError, FitError
from eisfit.fitting.engine import FitOptions, fit_spectrum
from eisfit.fitting.hunt import Effort
from eisfit.fitting.result import FitResult
from eisfit.spectrum import Spectrum

Shape = tuple[int, bool, bool]  # number of arcs, inductance, tail

MOST_ARCS = 6
QUICK = Effort(later=8, rounds=2)  # for candidates; what decides is searched in full
HINT = 2.0  # fall of BIC that is worth a remark
WORTH = 10.0  # fall of BIC that a larger circuit must bring: "very strong" after Kass, Raftery 1995


@dataclass(frozen=True)
class Choice:
    """The circuit that the data pay for, and the evidence for it.

    Attributes
    ----------
    best : FitResult
    evidence : tuple of mappings
        One a candidate: circuit, parameters, rms_percent, bic, delta_bic (above the lowest).
    message : str
        Why the search stopped where it did.
    """

    best: FitResult
    evidence: tuple[Mapping[str, Any], ...]
    message: str


def choose(spectrum: Spectrum, options: FitOptions | None = None, engine: str = "eisfit") -> Choice:
    """Return the smallest circuit of the family that is worth its parameters.

    The family is `[L0-]R0-p(R1,CPE1)-...[-CPE]`: what a Debye decomposition of any passive spectrum
    condenses to. Taken is the smallest whose BIC is within 10 of the lowest, among those whose arcs
    all have a size that the data determine. G. Schwarz, Ann. Statist. 6 (1978) 461; R. E. Kass,
    A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773 for what a difference of BIC is worth.

    Raises
    ------
    FitError
        If the options name parameters (the circuit is not known yet), or the points are too few.
    EngineError
        If the engine is not our own: the others need to be told where to begin.
    """
    if engine != "eisfit":
        raise EngineError("model='auto' needs engine='eisfit': name a model for another engine")
    options = options or FitOptions()
    if options.names_parameters:
        raise FitError(
            "model 'auto' takes no start, fixed, bounds or constraints: name a circuit for these"
        )
    family, count = _Family(spectrum, options), len(spectrum.used())
    inductive, tailed = _ends(spectrum.used())
    family.climb(inductive, tailed)
    if not family.tried:
        least = 5 if inductive else 4
        raise FitError(
            f"too few points to choose a circuit: {count}; measure at least {least}, "
            "better ten a decade, or name a small model"
        )
    shape = family.settle()
    best, tried = family.tried[shape], family.tried
    evidence, message = _evidence(tried), _reason(shape, tried) + _ends_in_doubt(shape, tried)
    if family.late:
        message = f"the choice ended at its budget of {options.budget_s:g} s, not all was tried"
        best = replace(best, success=False, message=message)
    shown = {"candidates": [dict(row) for row in evidence], "choice": message}
    settings = {**best.settings, **shown, "budget_s": options.budget_s}
    return Choice(replace(best, settings=settings), evidence, message)


@dataclass
class _Family:
    """The candidates for one spectrum, and their fits so far; `full` are those searched in full.

    All of them together have the options' budget, which ends at `until` (`perf_counter`).
    """

    spectrum: Spectrum
    options: FitOptions
    tried: dict[Shape, FitResult] = field(default_factory=dict)
    full: set[Shape] = field(default_factory=set)
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = perf_counter() + self.options.budget_s

    @property
    def late(self) -> bool:
        """Whether the budget is spent."""
        return perf_counter() > self.until

    def attempt(self, shape: Shape, options: FitOptions) -> None:
        """Fit a candidate, if the points and, but for the first, the time are enough."""
        if self.tried and self.late:
            return
        text = circuit_text(*shape)
        circuit = Circuit.from_text(text)
        if len(self.spectrum.used()) >= len(circuit.slots):
            within = replace(options, budget_s=max(self.until - perf_counter(), 1e-3))
            self.tried[shape] = fit_spectrum(self.spectrum, Model(text, circuit), within)

    def climb(self, inductive: bool, tailed: bool) -> None:
        """Try more and more arcs, each quickly, until two in a row bring nothing."""
        quick, idle = replace(self.options, effort=QUICK), 0
        for arcs in range(1, MOST_ARCS + 1):
            before = _lowest(self.tried)
            for tail in {tailed, False}:
                self.attempt((arcs, inductive, tail), quick)
            idle = 0 if _lowest(self.tried) < before - WORTH else idle + 1
            if idle == 2:
                return

    def settle(self) -> Shape:
        """Return the smallest circuit that is worth it once its neighbours were heard.

        An inductance that the fast end does not show passes for an arc, and a quick search that
        ended too high for an arc that is not worth it. The chosen one and the next larger are
        searched in full. (A tail that the end does not show is none: it would only imitate an arc.)
        """
        while True:
            arcs, inductive, tail = shape = _smallest(self.tried)
            for count in (arcs, arcs - 1):
                other = (count, not inductive, tail)
                if count and other not in self.tried:
                    self.attempt(other, replace(self.options, effort=QUICK))
            larger = (arcs + 1, inductive, tail)
            for other in (shape, larger) if arcs < MOST_ARCS else (shape,):
                if other not in self.full:
                    self.attempt(other, self.options)
                    self.full.add(other)
            if self.late or _smallest(self.tried) == shape:
                return shape


def circuit_text(arcs: int, inductor: bool, tail: bool) -> str:
    """Return the text of a member of the family."""
    parts = ["L0"] if inductor else []
    parts += ["R0", *(f"p(R{i},CPE{i})" for i in range(1, arcs + 1))]
    if tail:
        parts.append(f"CPE{arcs + 1}")
    return "-".join(parts)


def _is_sound(fit: FitResult) -> bool:
    """Return whether the size of every arc is known."""
    return not _vague(fit)


def _vague(fit: FitResult) -> list[Arc]:
    """Return the arcs whose size the data do not determine."""
    return [
        arc
        for arc in fit.arcs
        if arc.has_tau and fit.status[fit.names[arc.resistance]] == "not determined"
    ]


def _eligible(tried: Mapping[Shape, FitResult]) -> dict[Shape, FitResult]:
    return {shape: fit for shape, fit in tried.items() if _is_sound(fit)} or dict(tried)


def _lowest(tried: Mapping[Shape, FitResult]) -> float:
    return min((fit.bic for fit in _eligible(tried).values()), default=np.inf)


def _smallest(tried: Mapping[Shape, FitResult]) -> Shape:
    """Return the smallest circuit that no larger one beats by what it must."""
    limit = _lowest(tried) + WORTH
    near = {shape: fit for shape, fit in _eligible(tried).items() if fit.bic <= limit}
    return min(near, key=lambda shape: (near[shape].n_free, near[shape].bic))


def _ends(used: Spectrum) -> tuple[bool, bool]:
    """Return whether the high-frequency end is inductive and the low-frequency end a tail."""
    z = used.impedance
    inductive = bool((z.imag[: max(3, len(z) // 10)] > 0).any())
    end = slice(-min(len(z), 5), None)
    rise = np.log(np.abs(z.imag[end][[0, -1]]) + 1e-300)
    span = np.log(used.omega[end][[0, -1]])
    tailed = bool((z.imag[end] < 0).all() and rise[1] - rise[0] > 0.1 * (span[0] - span[1]))
    return inductive, tailed


def _evidence(tried: Mapping[Shape, FitResult]) -> tuple[Mapping[str, Any], ...]:
    lowest = min(fit.bic for fit in tried.values())
    rows = [
        {
            "circuit": circuit_text(*shape),
            "parameters": fit.n_free,
            "rms_percent": 100.0 * fit.rms,
            "bic": fit.bic,
            "delta_bic": fit.bic - lowest,
        }
        for shape, fit in tried.items()
    ]
    return tuple(sorted(rows, key=lambda row: row["bic"]))


def _reason(shape: Shape, tried: Mapping[Shape, FitResult]) -> str:
    """Return why the search stopped there, and what it would take to see one arc more."""
    arcs, best = shape[0], tried[shape]
    count = f"{arcs} arc" if arcs == 1 else f"{arcs} arcs"
    more = [fit for other, fit in tried.items() if other[0] == arcs + 1]
    if arcs == MOST_ARCS:
        return (
            f"{count}: the search ends there; what is left ({100 * best.rms:.2g} %) may be drift "
            "or a shape that no arc has"
        )
    if not more:
        return f"{count}: the points are too few to ask for one more"
    rival = min(more, key=lambda fit: fit.bic)
    if rival.bic < best.bic - WORTH and not _is_sound(rival):
        return (
            f"{count}: one more lowers BIC by {best.bic - rival.bic:.0f}, but "
            f"{_where(_vague(rival)[0], rival)}"
        )
    return f"{count}: one more lowers BIC by less than {WORTH:g}; {_needed(best, rival)}"


def _ends_in_doubt(shape: Shape, tried: Mapping[Shape, FitResult]) -> str:
    """Return what the data hint at, but do not pay for, at either end; "" for nothing."""
    arcs, inductive, tail = shape
    said = ""
    for larger, what, where in (
        ((arcs, True, tail), "an inductance", "higher"),
        ((arcs, inductive, True), "a tail", "lower"),
    ):
        if larger == shape or larger not in tried:
            continue
        fall = tried[shape].bic - tried[larger].bic
        if HINT < fall <= WORTH:
            said += f"; {what} lowers BIC by {fall:.0f}: {where} frequencies would decide"
    return said


def _where(arc: Arc, fit: FitResult) -> str:
    """Return where to measure for the size of an arc that is not determined."""
    tau = float(arc.tau_of(fit.value_array()))
    f = fit.spectrum.used().frequency
    at = 1.0 / (2.0 * np.pi * tau)
    low, high = float(f.min()), float(f.max())
    if at < 3.0 * low:
        where = f"measuring to well below {min(at, low):.2g} Hz"
    elif at > high / 3.0:
        where = f"measuring to well above {max(at, high):.2g} Hz"
    else:
        where = "less noise"
    return f"the size of an arc near {at:.2g} Hz is not determined; {where} would decide"


def _needed(best: FitResult, rival: FitResult) -> str:
    """Return at which noise the larger circuit would be chosen, if what it sees is real.

    What chi-square falls by is what is real, which stays, and what the additional parameters take
    of the noise: their number times its variance. Less noise lowers all but the first. A fall that
    AIC does not pay for either is no hint.
    """
    count, extra = best.n_data, rival.n_free - best.n_free
    share = extra / max(rival.degrees_of_freedom, 1)
    real = best.chi_square / rival.chi_square - 1.0 - share
    asked = np.expm1((extra * np.log(count) + WORTH) / count) - share
    if rival.aic >= best.aic or real <= 0 or asked <= real:
        return "nothing in the data hints at it"
    factor = float(np.sqrt(real / asked))
    return (
        f"{factor:.2g} times the noise, as the mean of {np.ceil(factor**-2):.0f} such sweeps has, "
        "or a wider range of frequency would decide"
    )
