"""Fit one circuit to one spectrum, without starting values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit._version import __version__
from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.curve import Curve
from eisfit.fitting.residual import Objective, deviations
from eisfit.fitting.result import FitResult
from eisfit.fitting.search import Effort, Found, search
from eisfit.fitting.start import cloud, order_by_time
from eisfit.fitting.statistics import uncertainty
from eisfit.fitting.transform import box, coordinates
from eisfit.spectrum import Spectrum

Array = NDArray[Any]

CHUNK = 8  # spectra searched together: more no longer fit a core's cache


@dataclass(frozen=True)
class FitOptions:
    """How to fit.

    Attributes
    ----------
    weighting : "modulus", "proportional", "unit", or array
        sigma = |Z|; |Re Z| and |Im Z|; 1 ohm; or standard deviations in ohm, (N,) or (N, 2), for
        the unmasked points.
    absolute_sigma : bool
        The array given is the true noise: the covariance is not scaled by the reduced chi-square.
    start, fixed : mapping of names to values
        A first guess, tried besides the engine's own starts; values to hold. Names are parameters
        or role symbols.
    bounds : mapping of names to (low, high)
    seed : int
        Of the random shapes; the same seed gives the same result.
    effort : Effort
        How many starts.
    """

    weighting: str | ArrayLike = "modulus"
    absolute_sigma: bool = False
    start: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seed: int = 0
    effort: Effort = field(default_factory=Effort)


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
    results: dict[int, FitResult] = {}
    for chunk in _chunks(spectra):
        problem = _Problem.of([spectra[i].used() for i in chunk], model, options)
        objective = problem.objective
        grid = objective.curve.omega.tobytes()
        shapes = cloud(model.circuit, objective.coords, grid, options.seed)
        bounds = (problem.lower, problem.upper)
        found = search(objective, bounds, shapes, problem.given, options.seed, options.effort)
        for s, i in enumerate(chunk):
            results[i] = _result(spectra[i], model, options, problem, s, found[s])
    return [results[i] for i in range(len(spectra))]


def _chunks(spectra: Sequence[Spectrum]) -> Iterator[list[int]]:
    """Yield indices of spectra that share a grid, a chunk at a time."""
    waiting: dict[bytes, list[int]] = {}
    for i, spectrum in enumerate(spectra):
        same = waiting.setdefault(spectrum.used().frequency.tobytes(), [])
        same.append(i)
        if len(same) == CHUNK:
            yield waiting.pop(spectrum.used().frequency.tobytes())
    yield from waiting.values()


@dataclass(frozen=True)
class _Problem:
    """Spectra of one grid (S of them), made ready: objective, bounds (S, F), the user's starts."""

    objective: Objective
    lower: Array
    upper: Array
    given: Array
    constrained: frozenset[int]
    fixed: Mapping[int, float]

    @classmethod
    def of(cls, used: Sequence[Spectrum], model: Model, options: FitOptions) -> _Problem:
        circuit = model.circuit
        sigma = np.array([deviations(one, options.weighting) for one in used])
        if (sigma <= 0).any():
            raise FitError("a point has zero impedance, so its modulus weight is infinite: mask it")
        place = {name: i for i, name in enumerate(circuit.names)}
        fixed = {place[model.resolve(k)]: _number(v, k) for k, v in options.fixed.items()}
        bounded = {place[model.resolve(k)]: _limits(v, k) for k, v in options.bounds.items()}
        constrained = frozenset({*fixed, *bounded})
        coords = coordinates(circuit, model.arcs, constrained)
        held = np.full(len(place), np.nan)
        for i, value in fixed.items():
            held[i] = value if coords.linear[i] else np.log(value)
        curve = Curve.of(circuit, coords, used[0].omega)
        data = np.array([one.impedance for one in used])
        objective = Objective(circuit, coords, curve, data, sigma, held)
        free = objective.free
        _check(model, used[0], len(free))
        low, high = _boxes(objective, bounded)
        given = np.clip(_given(options.start, model, place, coords, held), low[0], high[0])
        return cls(objective, low, high, given, constrained, fixed)


def _check(model: Model, used: Spectrum, free: int) -> None:
    if not free:
        raise FitError(f"{model.name}: every parameter is fixed, there is nothing to fit")
    if 2 * len(used) < free:
        raise FitError(
            f"{model.name} has {free} free parameters, {used.label or 'the spectrum'} "
            f"{2 * len(used)} data ({len(used)} points): fix some, or take a smaller model"
        )


def _boxes(objective: Objective, bounded: Mapping[int, tuple[float, float]]) -> tuple[Array, Array]:
    """Return lower and upper free coordinates, (S, F) each."""
    omega, coords = objective.curve.omega, objective.coords
    modulus = np.abs(objective.data)
    lows, highs = [], []
    for size in modulus:
        low, high = box(
            objective.circuit,
            coords,
            resistance=(1e-4 * float(size.min()), 1e3 * float(size.max())),
            tau=(1e-2 / float(omega.max()), 1e3 / float(omega.min())),
        )
        for i, (a, b) in bounded.items():
            low[i], high[i] = (a, b) if coords.linear[i] else (np.log(max(a, 1e-300)), np.log(b))
        lows.append(low[objective.free])
        highs.append(high[objective.free])
    return np.array(lows), np.array(highs)


def _given(
    start: Mapping[str, float], model: Model, place: Mapping[str, int], coords: Any, held: Array
) -> Array:
    free = np.flatnonzero(np.isnan(held))
    if not start:
        return np.empty((0, len(free)))
    values = {place[model.resolve(k)]: _number(v, k) for k, v in start.items()}
    missing = [model.names[i] for i in free if i not in values]
    if missing:
        raise FitError(
            f"a start needs a value for every free parameter; missing: {', '.join(missing)}"
        )
    known = np.where(np.isnan(held), 1.0, np.where(coords.linear, held, np.exp(held)))
    for i, value in values.items():
        known[i] = value
    return np.asarray(coords.to_coordinates(known))[free][None]


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not (np.isfinite(number) and number > 0):
        raise FitError(f"{name} must be a positive number, found {value!r}")
    return number


def _limits(value: Any, name: str) -> tuple[float, float]:
    try:
        low, high = (float(x) for x in value)
    except (TypeError, ValueError):
        raise FitError(f"bounds of {name} must be (low, high), found {value!r}") from None
    if not (0 <= low < high < np.inf):
        raise FitError(f"bounds of {name} must have 0 <= low < high, found ({low:g}, {high:g})")
    return low, high


def _result(
    spectrum: Spectrum,
    model: Model,
    options: FitOptions,
    problem: _Problem,
    s: int,
    found: Found,
) -> FitResult:
    objective = problem.objective
    if not np.isfinite(found.cost):
        raise FitError(
            f"{model.name}: no start gave finite numbers for {spectrum.label or 'the spectrum'}: "
            "check the bounds and the fixed values"
        )
    whole = order_by_time(
        model.circuit, objective.coords, objective.full(found.u)[None], problem.constrained
    )[0]
    values = objective.coords.to_values(whole)
    for i, value in problem.fixed.items():
        values[i] = value  # to the last digit, not by way of its logarithm
    u = whole[objective.free]
    n_data = objective.weight.shape[1]
    scale = 1.0 if options.absolute_sigma else found.cost / max(n_data - len(u), 1)
    known = uncertainty(objective, s, u, (problem.lower[s], problem.upper[s]), scale)
    error = np.sqrt(np.maximum(np.diag(known.covariance), 0.0))
    blind = [state in ("at bound", "not determined") for state in known.status]
    curve, residuals = _curve(spectrum, model, options, objective.sigma[s], values)
    return FitResult(
        spectrum=spectrum,
        model=model,
        values=dict(zip(model.names, values.tolist(), strict=True)),
        stderr=dict(zip(model.names, np.where(blind, np.nan, error).tolist(), strict=True)),
        status=dict(zip(model.names, known.status, strict=True)),
        covariance=known.covariance,
        chi_square=found.cost,
        n_data=n_data,
        n_free=len(u),
        impedance=curve,
        residuals=residuals,
        success=found.converged,
        message=_message(found),
        starts=found.starts,
        agreed=found.agreed,
        condition=known.condition,
        settings=_settings(options, spectrum),
    )


def _curve(
    spectrum: Spectrum, model: Model, options: FitOptions, used_sigma: Array, values: Array
) -> tuple[Array, Array]:
    """Return the fitted curve and (Z_fit - Z) / sigma at every frequency, masked ones too."""
    curve = model.circuit.impedance(spectrum.frequency, values)
    difference = curve - spectrum.impedance
    sigma = np.full((len(spectrum), 2), np.nan)
    if isinstance(options.weighting, str):
        sigma = deviations(spectrum, options.weighting)
    else:
        sigma[~spectrum.mask] = used_sigma
    return curve, difference.real / sigma[:, 0] + 1j * difference.imag / sigma[:, 1]


def _message(found: Found) -> str:
    agreement = f"{found.agreed} of {found.starts} starts reached the same lowest place"
    if not found.converged:
        return f"the fit did not converge within its budget; {agreement}"
    if found.agreed < 2:
        return f"converged, but only one of {found.starts} starts reached this place"
    return f"converged; {agreement}"


def _settings(options: FitOptions, spectrum: Spectrum) -> dict[str, Any]:
    weighting = options.weighting if isinstance(options.weighting, str) else "user sigma"
    return {
        "engine": "eisfit",
        "weighting": weighting,
        "absolute_sigma": options.absolute_sigma,
        "seed": options.seed,
        "fixed": dict(options.fixed),
        "bounds": {name: list(limits) for name, limits in options.bounds.items()},
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


def options_from(options: Mapping[str, Any]) -> FitOptions:
    """Return options from keyword arguments.

    Raises
    ------
    FitError
        If a name is unknown; the message lists those there are.
    """
    known = list(FitOptions.__dataclass_fields__)
    unknown = [name for name in options if name not in known]
    if unknown:
        raise FitError(f"unknown option {', '.join(unknown)}; there are {', '.join(known)}")
    return FitOptions(**options)
