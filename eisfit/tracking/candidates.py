"""The fits that a track chooses from: each spectrum alone, and again from its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eisfit.circuit.models import Model
from eisfit.errors import EisfitError
from eisfit.fitting.engine import fit_spectra, fit_spectrum
from eisfit.fitting.local import fit_from
from eisfit.fitting.options import FitOptions
from eisfit.fitting.result import FitResult
from eisfit.spectrum import Spectrum

NO_WORSE = 1e-6  # relative rise of chi-square over the fit alone that is rounding
FROM_BESIDE = "converged; from the values of a neighbour along the track"
SAME = 1e-3  # relative difference of all values within which two fits are one


@dataclass
class Alone:
    """The fits of spectra alone, by index, and why there is none for the others."""

    fits: dict[int, FitResult] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)


def fit_alone(
    spectra: Mapping[int, Spectrum], model: Model, options: Mapping[int, FitOptions]
) -> Alone:
    """Return the fit of every spectrum alone; those of one grid and one setting together."""
    found = Alone()
    same = len({id(options[i]) for i in spectra}) == 1
    if same and len(spectra) > 1:
        try:
            fits = fit_spectra(list(spectra.values()), model, next(iter(options.values())))
        except EisfitError:
            pass  # one of them: see below which
        else:
            found.fits = dict(zip(spectra, fits, strict=True))
            return found
    for i, spectrum in spectra.items():
        try:
            found.fits[i] = fit_spectrum(spectrum, model, options[i])
        except EisfitError as error:
            found.failures[i] = str(error)
    return found


def with_neighbours(
    fits: Mapping[int, FitResult], options: Mapping[int, FitOptions]
) -> dict[int, list[FitResult]]:
    """Return for each spectrum the different fits that are no worse than alone, the best first.

    Every fit starts again from the values of the spectra before and after it; what one of them
    finds goes on to its neighbours, forward and back, until no fit becomes better.

    Parameters
    ----------
    fits : alone, all of one model, in the order of the track
    """
    line = list(fits)
    found = {i: [fits[i]] for i in line}
    fresh = set(line)
    for _ in range(max(len(line), 1)):
        better: set[int] = set()
        before = {i: found[i][0] for i in line}
        for at, i in enumerate(line):
            beside = [line[n] for n in (at - 1, at + 1) if 0 <= n < len(line)]
            starts = [before[n].values for n in beside if n in fresh]
            if starts and _taken_in(found[i], starts, fits[i].chi_square, options[i]):
                better.add(i)
        fresh = better
        if not fresh:
            break
    return found


def _taken_in(
    found: list[FitResult], starts: Sequence[Mapping[str, float]], alone: float, options: FitOptions
) -> bool:
    """Add the fits from some starts that are new and no worse; return whether one is better."""
    best = found[0]
    for fit in fit_from(best.spectrum, best.model, options, starts):
        no_worse = fit.chi_square <= alone * (1.0 + NO_WORSE)
        if fit.success and no_worse and not any(_same(fit, other) for other in found):
            found.append(replace(fit, message=FROM_BESIDE))
    found.sort(key=lambda fit: fit.chi_square)
    return found[0].chi_square < best.chi_square * (1.0 - NO_WORSE)


def _same(a: FitResult, b: FitResult) -> bool:
    u, v = (np.asarray(fit.value_array()) for fit in (a, b))
    return bool(np.allclose(u, v, rtol=SAME, atol=0.0))
