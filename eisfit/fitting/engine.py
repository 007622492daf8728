"""Fit one circuit to one spectrum, without starting values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit._version import __version__
from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.backend import compiled
from eisfit.fitting.finish import Settled, in_order, settle
from eisfit.fitting.known import Knowledge, knowledge
from eisfit.fitting.options import FitOptions, options_from
from eisfit.fitting.problem import Problem
from eisfit.fitting.residual import deviations, weighting_name
from eisfit.fitting.result import FitResult
from eisfit.fitting.second import Begin, searched
from eisfit.spectrum import Spectrum

__all__ = [
    "FitOptions", "fit_spectra", "fit_spectrum", "options_from", "residuals_of", "results_of",
    "trimmed", "versions",
]  # fmt: skip

Array = NDArray[Any]

MISFIT = 3.0  # residuals, in units of what a free sum of relaxations leaves, worth a word
CHUNK = 8  # spectra searched together: more no longer fit a core's cache


def fit_spectrum(spectrum: Spectrum, model: Model, options: FitOptions | None = None) -> FitResult:
    """Return the best fit of a model to a spectrum.

    Raises
    ------
    FitError
        If there are fewer data than free parameters, nothing is free, a name is unknown, or a
        bound, a start or a fixed value is impossible; the message names the parameter.
    """
    return fit_spectra([spectrum], model, options)[0]


def fit_spectra(
    spectra: Sequence[Spectrum], model: Model, options: FitOptions | None = None
) -> list[FitResult]:
    """Return the best fits of a model to spectra; those of one grid are searched together.

    The results are those of `fit_spectrum`, one by one. Memory grows with the chunk that is
    searched together, not with the number of spectra.

    Raises
    ------
    FitError
        As `fit_spectrum`.
    """
    options = options or FitOptions()
    compiled()  # before any clock runs: the first time it may take seconds
    results: dict[int, FitResult] = {}
    for chunk in _chunks(spectra, options):
        began = perf_counter()
        used = [spectra[i].used() for i in chunk]
        cut = trimmed(options, spectra[chunk[0]])
        problem = Problem.of(used, model, cut)
        begin = Begin.of(problem, used[0], cut, options.seed)
        until = began + options.budget_s * len(chunk)
        found = searched(begin, used, cut, until)
        settled = settle(problem, options, begin.shapes, found, until)
        late = perf_counter() > until
        own = [spectra[i] for i in chunk]
        fits = results_of(own, problem, options, settled, late)
        results.update(zip(chunk, fits, strict=True))
    return [results[i] for i in range(len(spectra))]


def _chunks(spectra: Sequence[Spectrum], options: FitOptions) -> Iterator[list[int]]:
    """Yield indices of spectra that share a grid and its masks, a chunk at a time.

    One by one where options name parameters: their starts come from the single spectrum.
    """
    size = 1 if options.names_parameters else CHUNK
    waiting: dict[tuple[bytes, bytes], list[int]] = {}
    for i, spectrum in enumerate(spectra):
        key = spectrum.frequency.tobytes(), spectrum.mask.tobytes()
        same = waiting.setdefault(key, [])
        same.append(i)
        if len(same) == size:
            yield waiting.pop(key)
    yield from waiting.values()


def trimmed(options: FitOptions, spectrum: Spectrum) -> FitOptions:
    """Return options with given standard deviations cut to the points that are not masked."""
    if isinstance(options.weighting, str) or not spectrum.mask.any():
        return options
    sigma = deviations(spectrum, options.weighting, options.quantity)
    return replace(options, weighting=sigma[~spectrum.mask])


def results_of(
    spectra: Sequence[Spectrum],
    problem: Problem,
    options: FitOptions,
    ends: Sequence[Settled],
    late: bool,
) -> list[FitResult]:
    """Return what is known of the spectra of a problem where their fits ended.

    `late` says that the search ended at its budget of time.
    """
    objective, model = problem.objective, problem.model
    for spectrum, end in zip(spectra, ends, strict=True):
        if not np.isfinite(end.found.cost):
            name = spectrum.label or "the spectrum"
            raise FitError(
                f"{model.name}: no start gave finite numbers for {name}: "
                "check the bounds, the fixed values and the constraints"
            )
    whole = in_order(problem, ends)
    values = objective.coords.to_values(whole)
    for i, value in problem.fixed.items():
        values[:, i] = value  # to the last digit, not by way of its logarithm
    ends = [replace(end, u=u) for end, u in zip(ends, whole[:, objective.free], strict=True)]
    known = knowledge(problem, ends, options)
    if spectra[0].mask.any():
        grid = spectra[0].frequency
        curves = [model.circuit.impedance(grid, row) for row in values]
    else:
        curves = list(objective.curve(whole)[0])
    rows = zip(spectra, ends, values, known, curves, strict=True)
    return [_result(problem, options, late, *row) for row in rows]


def _result(
    problem: Problem,
    options: FitOptions,
    late: bool,
    spectrum: Spectrum,
    end: Settled,
    values: Array,
    known: Knowledge,
    curve: Array,
) -> FitResult:
    """Return the result of one spectrum, its values (P,) and its curve (N,)."""
    objective, model = problem.objective, problem.model
    settled_in_time = not late or end.found.agreed >= options.search.agreement
    names = model.names
    return FitResult(
        spectrum=spectrum,
        model=model,
        values=dict(zip(names, values.tolist(), strict=True)),
        stderr=dict(zip(names, known.stderr.tolist(), strict=True)),
        status=dict(zip(names, known.status, strict=True)),
        covariance=known.covariance,
        chi_square=end.chi_square,
        n_data=objective.n_data,
        n_free=known.n_free,
        impedance=curve,
        residuals=residuals_of(spectrum, curve, options),
        success=end.converged and settled_in_time,
        message=_message(end, options, settled_in_time),
        starts=end.found.starts,
        agreed=end.found.agreed,
        condition=known.condition,
        settings={
            **_settings(options, spectrum),
            **known.settings,
            **_rivalry(problem, end),
            **_misfit(problem, end),
        },
    )


def residuals_of(spectrum: Spectrum, curve: Array, options: FitOptions) -> Array:
    """Return (fit - data) / sigma of a curve (N,) at every frequency, masked ones too."""
    sigma = deviations(spectrum, options.weighting, options.quantity)
    if options.part != "complex":
        sigma[:, 1 if options.part == "real" else 0] = np.inf
    if options.quantity == "admittance":
        with np.errstate(all="ignore"):
            difference = 1.0 / curve - 1.0 / spectrum.impedance
    else:
        difference = curve - spectrum.impedance
    with np.errstate(all="ignore"):  # of masked points anything may be wrong
        return difference.real / sigma[:, 0] + 1j * (difference.imag / sigma[:, 1])


def _rivalry(problem: Problem, end: Settled) -> dict[str, Any]:
    """Return which two arcs may have changed places, for the settings; nothing where none."""
    rival = end.found.rival
    if rival is None:
        return {}
    free = problem.objective.free
    labels = {i: arc.label for arc in problem.model.arcs for i in (arc.store, arc.tau)}
    elements = sorted(labels[int(free[k])] for k in rival.arcs)
    return {"rival": {"elements": elements, "chi_square_excess": rival.excess}}


def _misfit(problem: Problem, end: Settled) -> dict[str, Any]:
    """Return by how much the circuit fits worse than a free sum of relaxations, where it does."""
    objective, found = problem.objective, end.found
    if not objective.linear_in_scales or not found.floor > 0:
        return {}
    times = float(np.sqrt(end.chi_square / objective.freedom / found.floor))
    return {"misfit": times} if times > MISFIT else {}


def _message(end: Settled, options: FitOptions, in_time: bool) -> str:
    found = end.found
    agreement = f"{found.agreed} of {found.starts} starts reached the same lowest place"
    if not in_time:
        return f"the search ended at its budget of {options.budget_s:g} s; {agreement}"
    if not end.converged:
        return f"the fit did not converge within its budget; {agreement}"
    if found.agreed < 2:
        return f"converged, but only one of {found.starts} starts reached this place"
    return f"converged; {agreement}"


def _settings(options: FitOptions, spectrum: Spectrum) -> dict[str, Any]:
    return {
        "engine": "eisfit",
        "weighting": weighting_name(options.weighting),
        "absolute_sigma": options.absolute_sigma,
        "part": options.part,
        "quantity": options.quantity,
        "loss": options.loss,
        "seed": options.seed,
        "start": {name: float(value) for name, value in options.start.items()},
        "fixed": {name: float(value) for name, value in options.fixed.items()},
        "bounds": {name: [float(x) for x in ends] for name, ends in options.bounds.items()},
        "constraints": list(options.constraints),
        "budget_s": options.budget_s,
        "source_sha256": spectrum.metadata.get("sha256", ""),
        "versions": {"eisfit": __version__, **versions("numpy", "scipy")},
    }


@lru_cache(maxsize=16)
def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages, "" where one is not installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found
