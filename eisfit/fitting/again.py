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
from eisfit.fitting.general import GeneralObjective, with_loss
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.residual import WEIGHTINGS, Objective
from eisfit.fitting.statistics import AT_BOUND
from eisfit.spectrum import Spectrum

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

_RANK = 1e-13  # as in `statistics`: smaller eigenvalues of the scaled normal matrix are rounding
_STIFF = 1e6  # of inequalities: they then hold to about a millionth


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
    binding : indices of inequalities that bind at the optimum
    """

    objective: Objective
    u: Array
    lower: Array
    upper: Array
    options: FitOptions
    binding: tuple[int, ...] = ()

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
        problem = Problem.of([result.spectrum.used()], result.model, options)
        objective = _ready(problem.objective, options, result)
        u = objective.coords.to_coordinates(result.value_array())[objective.free]
        lower, upper = np.minimum(problem.lower[0], u), np.maximum(problem.upper[0], u)
        return cls(objective, u, lower, upper, options, _binding(objective, result))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        return tuple(self.objective.circuit.names[i] for i in self.objective.free)

    @property
    def on_bound(self) -> Array:
        """(F,) bool: coordinates at a bound."""
        return (self.u - self.lower < AT_BOUND) | (self.upper - self.u < AT_BOUND)

    def cost(self) -> float:
        """Return what the fit minimised, at the optimum."""
        residuals, _ = self.objective(self.u[None], np.zeros(1, dtype=int))
        return float(np.sum(residuals**2))

    def weighted(self) -> tuple[Array, Array]:
        """Return weighted residuals (2N,) and derivatives (F, 2N) at the optimum.

        Those of the data alone, whatever the loss.
        """
        owner = np.zeros(1, dtype=int)
        if isinstance(self.objective, GeneralObjective):
            residuals, slopes, _ = self.objective.weighted(self.u[None], owner)
        else:
            residuals, slopes = self.objective(self.u[None], owner)
        return residuals[0], slopes[0]

    def root(self) -> Array:
        """Return A (F, k) with (J J^T)^-1 = A A^T on what is free to move; other rows are 0.

        Coordinates at a bound, and those that change nothing, have no variance; along a binding
        inequality the others move together. A variance formed as |A^T g|^2 cannot come out
        negative, however poorly the parameters are determined.
        """
        _, jacobian = self.weighted()
        norm = np.linalg.norm(jacobian, axis=1)
        silent = norm <= 1e-12 * max(float(norm.max(initial=0.0)), 1e-300)
        inside = np.flatnonzero(~self.on_bound & ~silent)
        if not len(inside):
            return np.zeros((len(self.u), 0))
        along = self._along(inside, norm[inside])
        basis, singular, _ = np.linalg.svd(
            along.T @ (jacobian[inside] / norm[inside, None]), full_matrices=False
        )
        singular = np.maximum(singular, np.sqrt(_RANK) * singular[:1])
        half = np.zeros((len(self.u), len(singular)))
        half[inside] = along @ (basis / singular) / norm[inside, None]
        return half

    def _along(self, inside: Array, norm: Array) -> Array:
        """Return orthonormal directions (k, k') of the scaled coordinates that may move."""
        if not self.binding or not isinstance(self.objective, GeneralObjective):
            return np.eye(len(inside))
        _, rise = self.objective.margins(self.u[None])
        normal = rise[0][list(self.binding)][:, inside] / norm
        _, size, rows = np.linalg.svd(normal)
        rank = int((size > 1e-9 * size[0]).sum()) if size[0] > 0 else 0
        return np.asarray(rows[rank:].T)

    def tangent(self) -> Array:
        """Return the derivatives (P, F) of the values by the free coordinates."""
        return np.asarray(self.objective.tangent(self.u))


def noise_variance(result: FitResult) -> float:
    """Return the variance of the weighted residuals: reduced chi-square; 1 for absolute sigma.

    With a robust loss it is the factor that the engine found for the covariance.
    """
    if "noise_variance" in result.settings:
        return float(result.settings["noise_variance"])
    return 1.0 if result.settings.get("absolute_sigma") else result.reduced_chi_square


def least_squares_only(result: FitResult, what: str, instead: str) -> None:
    """Refuse a fit with a robust loss, which is no likelihood.

    Raises
    ------
    FitError
        Says what to take instead.
    """
    loss = result.settings.get("loss", "linear")
    if loss != "linear":
        raise FitError(f"{what} needs least squares, this fit has loss={loss!r}: {instead}")


def _options(result: FitResult) -> FitOptions:
    known = {entry.name for entry in fields(FitOptions)} - {"start", "effort", "weighting"}
    settings: Mapping[str, Any] = result.settings
    kept = {name: settings[name] for name in known if name in settings}
    if "bounds" in kept:
        kept["bounds"] = {name: tuple(limits) for name, limits in kept["bounds"].items()}
    weighting = settings.get("weighting", "modulus")
    return FitOptions(weighting=weighting if weighting in WEIGHTINGS else _sigma(result), **kept)


def _ready(objective: Objective, options: FitOptions, result: FitResult) -> Objective:
    """Return the objective as it stood at the end of the fit, inequalities made hard."""
    if not isinstance(objective, GeneralObjective):
        return objective
    objective = replace(objective, stiffness=_STIFF)
    if options.loss == "linear":
        return objective
    scale = float(result.settings["loss_scale"])
    return with_loss(objective, options.loss, np.full(len(objective.data), scale))


def _binding(objective: Objective, result: FitResult) -> tuple[int, ...]:
    texts = result.settings.get("binding", ())
    if not isinstance(objective, GeneralObjective) or objective.rules is None:
        return ()
    rules = objective.rules.inequalities
    return tuple(k for k, one in enumerate(rules) if one.text in texts)


def _sigma(result: FitResult) -> Array:
    """Return the standard deviations (N, 2) that a user gave, from the residuals."""
    used = ~result.spectrum.mask
    fitted, data = result.impedance[used], result.spectrum.impedance[used]
    if result.settings.get("quantity") == "admittance":
        fitted, data = 1.0 / fitted, 1.0 / data
    difference, residuals = fitted - data, result.residuals[used]
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.stack(
            [difference.real / residuals.real, difference.imag / residuals.imag], axis=1
        )
    # A part that is not fitted, or fits to the last digit, tells nothing; the other's is likeliest
    sigma = np.where(np.isfinite(sigma) & (sigma > 0), sigma, sigma[:, ::-1])
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        raise FitError(
            "the standard deviations of this fit are not in its result (a point fits exactly): "
            "fit again with weighting='modulus', or add noise to simulated data"
        )
    return sigma


def _around(value: float) -> tuple[float, float]:
    return value * 1e-8, value * 1e8


def resampled(result: FitResult, data: Array) -> tuple[Objective, Array, Array]:
    """Return objective and bounds (S, F) for other data (S, N), ohm, on the unmasked points."""
    options = _options(result)
    frequency = result.spectrum.used().frequency
    spectra = [Spectrum(frequency, one) for one in data]
    problem = Problem.of(spectra, result.model, options)
    return _ready(problem.objective, options, result), problem.lower, problem.upper
