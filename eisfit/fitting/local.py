"""Fits that begin at given values and go nowhere else: no search, a few milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.descend import descend
from eisfit.fitting.engine import fit_spectrum, results_of, trimmed
from eisfit.fitting.finish import Settled
from eisfit.fitting.general import GeneralObjective
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.result import FitResult
from eisfit.fitting.scales import Scales
from eisfit.fitting.search import POLISH, Found
from eisfit.fitting.solve import Starts
from eisfit.spectrum import Spectrum


def fit_from(
    spectrum: Spectrum, model: Model, options: FitOptions, starts: Sequence[Mapping[str, float]]
) -> list[FitResult]:
    """Return where fits of one spectrum end that begin at each of some sets of values.

    Parameters
    ----------
    starts : values of all parameters, by name; those outside of the bounds begin at the bound

    Returns
    -------
    list of FitResult
        One a start, none for a start that leads nowhere. With constraints, an admittance or a
        robust loss the search is made in full, from these starts besides its own.

    Raises
    ------
    FitError
        If the problem itself cannot be set up.
    """
    problem = Problem.of([spectrum.used()], model, trimmed(options, spectrum))
    objective = problem.objective
    if isinstance(objective, GeneralObjective):
        return _searched(spectrum, model, options, starts)
    values = np.array([[start[name] for name in model.names] for start in starts])
    u = objective.coords.to_coordinates(values)[:, objective.free]
    lower, upper = (np.repeat(ends, len(u), axis=0) for ends in (problem.lower, problem.upper))
    begin = Starts(np.clip(u, lower, upper), np.zeros(len(u), dtype=int), lower, upper)
    end = descend(objective, begin, POLISH, Scales.of(objective))
    fits = []
    for place, cost, converged in zip(end.u, end.cost, end.converged, strict=True):
        if np.isfinite(cost):
            found = Found(place, float(cost), bool(converged), 1, 1)
            settled = Settled(place, float(cost), bool(converged), found)
            fits += results_of([spectrum], problem, options, [settled], late=False)
    return fits


def _searched(
    spectrum: Spectrum, model: Model, options: FitOptions, starts: Sequence[Mapping[str, float]]
) -> list[FitResult]:
    fits = []
    for start in starts:
        try:
            fits.append(fit_spectrum(spectrum, model, replace(options, start=dict(start))))
        except FitError:  # a start outside of the bounds is no start
            continue
    return fits
