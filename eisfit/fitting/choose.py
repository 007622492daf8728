"""Which circuit? Series arcs of growing number, with and without inductance and tail, by BIC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.engine import FitOptions, fit_spectrum
from eisfit.fitting.result import FitResult
from eisfit.fitting.search import Effort
from eisfit.spectrum import Spectrum

MOST_ARCS = 6
QUICK = Effort(later=8, rounds=2)  # for candidates; the one that is chosen is searched in full
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


def choose(spectrum: Spectrum, options: FitOptions | None = None) -> Choice:
    """Return the smallest circuit of the family that is worth its parameters.

    The family is `[L0-]R0-p(R1,CPE1)-...[-CPE]`: what a Debye decomposition of any passive spectrum
    condenses to. G. Schwarz, Ann. Statist. 6 (1978) 461; R. E. Kass, A. E. Raftery, J. Am. Stat.
    Assoc. 90 (1995) 773 for what a difference of BIC is worth.

    Raises
    ------
    FitError
        If the options name parameters (the circuit is not known yet), or the points are too few.
    """
    options = options or FitOptions()
    if options.names_parameters:
        raise FitError(
            "model 'auto' takes no start, fixed, bounds or constraints: name a circuit for these"
        )
    used = spectrum.used()
    if 2 * len(used) < len(Circuit.from_text(circuit_text(1, False, False)).slots) + 1:
        raise FitError(f"too few points to choose a circuit: {len(used)}; measure at least 3")
    quick = replace(options, effort=QUICK)
    tried: dict[str, FitResult] = {}
    inductive, tailed = _ends(used)

    def attempt(arcs: int, inductor: bool, tail: bool) -> FitResult | None:
        text = circuit_text(arcs, inductor, tail)
        if text not in tried:
            circuit = Circuit.from_text(text)
            if 2 * len(used) < len(circuit.slots) + 1:
                return None
            tried[text] = fit_spectrum(spectrum, Model(text, circuit), quick)
        return tried[text]

    best: FitResult | None = None
    shape = (0, inductive, tailed)
    failures = 0
    for arcs in range(1, MOST_ARCS + 1):
        candidates = [((arcs, inductive, tail), attempt(arcs, inductive, tail))
                      for tail in ({tailed, False})]  # fmt: skip
        fits = [(key, fit) for key, fit in candidates if fit is not None]
        if not fits:
            break
        key, fit = min(fits, key=lambda entry: (not _is_sound(entry[1]), entry[1].bic))
        if best is None or (fit.bic < best.bic - WORTH and _is_sound(fit)):
            best, shape, failures = fit, key, 0
        else:
            failures += 1
        if failures == 2:
            break
    if best is None:
        best = fit_spectrum(spectrum, Model("auto", Circuit.from_text("R0-p(R1,CPE1)")), quick)
    other = attempt(shape[0], not inductive, shape[2])
    if other is not None and other.bic < best.bic - WORTH and _is_sound(other):
        best = other
    best = fit_spectrum(spectrum, best.model, options)
    return Choice(best, _evidence(tried), _reason(best, failures))


def circuit_text(arcs: int, inductor: bool, tail: bool) -> str:
    """Return the text of a member of the family."""
    parts = ["L0"] if inductor else []
    parts += ["R0", *(f"p(R{i},CPE{i})" for i in range(1, arcs + 1))]
    if tail:
        parts.append(f"CPE{arcs + 1}")
    return "-".join(parts)


def _is_sound(fit: FitResult) -> bool:
    """Return whether the size of every arc is known."""
    return all(
        fit.status[fit.names[arc.resistance]] != "not determined" for arc in fit.arcs if arc.has_tau
    )


def _ends(used: Spectrum) -> tuple[bool, bool]:
    """Return whether the high-frequency end is inductive and the low-frequency end a tail."""
    z = used.impedance
    inductive = bool((z.imag[: max(3, len(z) // 10)] > 0).any())
    end = slice(-min(len(z), 5), None)
    rise = np.log(np.abs(z.imag[end][[0, -1]]) + 1e-300)
    span = np.log(used.omega[end][[0, -1]])
    tailed = bool((z.imag[end] < 0).all() and rise[1] - rise[0] > 0.1 * (span[0] - span[1]))
    return inductive, tailed


def _evidence(tried: Mapping[str, FitResult]) -> tuple[Mapping[str, Any], ...]:
    lowest = min(fit.bic for fit in tried.values())
    rows = [
        {
            "circuit": text,
            "parameters": fit.n_free,
            "rms_percent": 100.0 * fit.rms,
            "bic": fit.bic,
            "delta_bic": fit.bic - lowest,
        }
        for text, fit in tried.items()
    ]
    return tuple(sorted(rows, key=lambda row: row["bic"]))


def _reason(best: FitResult, failures: int) -> str:
    arcs = sum(arc.has_tau for arc in best.arcs)
    noun = "arc" if arcs == 1 else "arcs"
    if failures:
        return (
            f"{arcs} {noun}: one more lowers BIC by less than {WORTH:g}, or its size is not "
            "determined; less noise or a wider range of frequency could show it"
        )
    return (
        f"{arcs} {noun}: the search ends at {MOST_ARCS}; what is left ({100 * best.rms:.2g} %) may "
        "be drift or a shape that no arc has"
    )
