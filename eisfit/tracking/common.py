"""One circuit for a whole track, where none is named: the smallest that no spectrum rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model
from eisfit.errors import EisfitError
from eisfit.fitting.choose import WORTH, Choice, choose
from eisfit.fitting.options import FitOptions
from eisfit.fitting.result import FitResult
from eisfit.spectrum import Spectrum
from eisfit.tracking.candidates import fit_alone


@dataclass(frozen=True)
class Common:
    """The circuit of a track, what each spectrum would have chosen, and the reason in words."""

    model: Model
    choices: Mapping[int, Choice]
    failures: Mapping[int, str]
    reason: str


def choose_common(spectra: Mapping[int, Spectrum], options: Mapping[int, FitOptions]) -> Common:
    """Return the smallest circuit that no spectrum of a track rejects.

    Considered are the circuits that single spectra choose. A spectrum rejects one that is smaller
    than its own choice and has a BIC higher by 10 or more, or that is as large or larger and fits
    worse by as much. Where each is rejected by one, the one with the lowest total BIC is taken.
    """
    choices: dict[int, Choice] = {}
    failures: dict[int, str] = {}
    for i, spectrum in spectra.items():
        try:
            choices[i] = choose(spectrum, options[i])
        except EisfitError as error:
            failures[i] = str(error)
    texts = sorted(
        {choice.best.model.circuit.text for choice in choices.values()},
        key=lambda text: (len(Circuit.from_text(text).slots), text),
    )
    usable = {i: spectra[i] for i in choices}
    best: tuple[tuple[int, float], Model] | None = None
    for text in texts:
        model = Model(text, Circuit.from_text(text))
        fits = fit_alone(usable, model, options).fits
        lost = [i for i in usable if i not in fits or _rejects(choices[i].best, fits[i])]
        score = (len(lost), sum(fit.bic for fit in fits.values()))
        if best is None or score[0] < best[0][0] or (lost and score < best[0]):
            best = (score, model)
        if not lost:
            break
    if best is None:
        return Common(Model("auto", Circuit.from_text("R0-p(R1,CPE1)")), {}, failures, "")
    return Common(best[1], choices, failures, _reason(best[1], best[0][0], choices))


def _rejects(own: FitResult, other: FitResult) -> bool:
    """Return whether a spectrum that chose its own fit rejects another circuit's."""
    if other.n_free >= own.n_free:
        return other.bic - own.bic - _penalty(other) + _penalty(own) > WORTH
    return other.bic - own.bic > WORTH


def _penalty(fit: FitResult) -> float:
    return fit.bic - (fit.aic - 2.0 * fit.n_free)


def _reason(model: Model, rejected: int, choices: Mapping[int, Choice]) -> str:
    text = model.circuit.text
    own = sum(choice.best.model.circuit.text == text for choice in choices.values())
    if rejected:
        why = f"{rejected} of {len(choices)} spectra would reject it, fewer than any other"
    else:
        why = "the smallest circuit that no spectrum of the track rejects"
    return f"one circuit for the track, {text}: {why}; {own} of {len(choices)} choose it alone"
