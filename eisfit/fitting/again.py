"""The problem that a result solves, set up again from the result alone.

What asks more of a fit than its optimum (bands, profiles, resampling, lmfit) begins here; a result
that was saved and loaded, or came from another process, serves as well as a fresh one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import FitError
from eisfit.fitting.engine import FitOptions, _Problem
from eisfit.fitting.residual import Objective
from eisfit.fitting.statistics import AT_BOUND
from eisfit.spectrum import Spectrum

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

_RANK = 1e-13  # as in `statistics`: smaller eigenvalues of the scaled normal matrix are rounding


@dataclass(frozen=True)
class Again:
    """A result's problem.

    Attributes
    ----------
    objective : Objective
        Of one spectrum.
    u, lower, upper : (F,)
        The optimum and its bounds, in free coordinates.
    options : FitOptions
        That give this problem; without starts.
    """

    objective: Objective
    u: Array
    lower: Array
    upper: Array
    options: FitOptions

    @classmethod
    def of(cls, result: FitResult, loose: Sequence[str] = ()) -> Again:
        """Return the problem of a result.

        Parameters
        ----------
        loose : names of C or Q that are to be coordinates themselves, in place of their arc's tau

        Raises
        ------
        FitError
            If the standard deviations that a user gave cannot be told from the residuals.
        """
        options = _options(result)
        free = {name: _around(result.values[name]) for name in loose}
        options = replace(options, bounds={**free, **options.bounds})
        problem = _Problem.of([result.spectrum.used()], result.model, options)
        objective = problem.objective
        u = objective.coords.to_coordinates(result.value_array())[objective.free]
        lower, upper = np.minimum(problem.lower[0], u), np.maximum(problem.upper[0], u)
        return cls(objective, u, lower, upper, options)

    @property
    def on_bound(self) -> Array:
        """(F,) bool: coordinates at a bound."""
        return (self.u - self.lower < AT_BOUND) | (self.upper - self.u < AT_BOUND)

    def slopes(self) -> Array:
        """Return the derivatives (F, 2N) of the weighted residuals at the optimum."""
        return np.asarray(self.objective(self.u[None], np.zeros(1, dtype=int))[1][0])

    def root(self) -> tuple[Array, Array]:
        """Return A (F, k) and the inside coordinates (k,): (J J^T)^-1 = A A^T, rows outside are 0.

        Coordinates at a bound, and those that change nothing, have no variance. A variance formed
        as |A^T g|^2 cannot come out negative, however poorly the parameters are determined.
        """
        jacobian = self.slopes()
        norm = np.linalg.norm(jacobian, axis=1)
        silent = norm <= 1e-12 * max(float(norm.max(initial=0.0)), 1e-300)
        inside = np.flatnonzero(~self.on_bound & ~silent)
        half = np.zeros((len(self.u), len(inside)))
        if len(inside):
            basis, singular, _ = np.linalg.svd(
                jacobian[inside] / norm[inside, None], full_matrices=False
            )
            singular = np.maximum(singular, np.sqrt(_RANK) * singular[0])
            half[inside, : len(singular)] = basis / singular / norm[inside, None]
        return half, inside

    def tangent(self) -> Array:
        """Return the derivatives (P, F) of the values by the free coordinates."""
        objective = self.objective
        whole = objective.full(self.u[None])[0]
        return np.asarray(objective.coords.tangent(whole)[:, objective.free])


def noise_variance(result: FitResult) -> float:
    """Return the variance of the weighted residuals: reduced chi-square; 1 for absolute sigma."""
    return 1.0 if result.settings.get("absolute_sigma") else result.reduced_chi_square


def _options(result: FitResult) -> FitOptions:
    known = {entry.name for entry in fields(FitOptions)} - {"start", "effort", "weighting"}
    settings: Mapping[str, Any] = result.settings
    kept = {name: settings[name] for name in known if name in settings}
    if "bounds" in kept:
        kept["bounds"] = {name: tuple(limits) for name, limits in kept["bounds"].items()}
    weighting = settings.get("weighting", "modulus")
    return FitOptions(weighting=_sigma(result) if weighting == "user sigma" else weighting, **kept)


def _sigma(result: FitResult) -> Array:
    """Return the standard deviations (N, 2) that a user gave, from the residuals."""
    used = ~result.spectrum.mask
    difference = (result.impedance - result.spectrum.impedance)[used]
    residuals = result.residuals[used]
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.stack(
            [difference.real / residuals.real, difference.imag / residuals.imag], axis=1
        )
    # A part that fits to the last digit tells nothing; the other part's sigma is the likeliest
    sigma = np.where(np.isfinite(sigma) & (sigma > 0), sigma, sigma[:, ::-1])
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        raise FitError(
            "the standard deviations of this fit are not in its result (a point fits exactly): "
            "fit again with weighting='modulus', or add noise to simulated data"
        )
    return sigma


def _around(value: float) -> tuple[float, float]:
    return value * 1e-8, value * 1e8


def resampled(result: FitResult, data: Array) -> tuple[Any, FitOptions]:
    """Return the engine's problem for other data (S, N) on the unmasked points of a result."""
    options = _options(result)
    frequency = result.spectrum.used().frequency
    spectra = [Spectrum(frequency, one) for one in data]
    return _Problem.of(spectra, result.model, options), options
