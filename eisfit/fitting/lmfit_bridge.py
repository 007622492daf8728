"""To lmfit and back: a fit as a genuine MinimizerResult, and lmfit.Parameters as fit options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.again import Again, least_squares_only
from eisfit.fitting.profile import asked_names
from eisfit.fitting.symbols import symbols_of

if TYPE_CHECKING:
    from lmfit import Minimizer, Parameters
    from lmfit.minimizer import MinimizerResult

    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

# lmfit bounds a parameter by a sine; beyond this ratio of bound to value the sine loses digits
_SPAN = 1e3
_OPEN = 1e30  # stands for a bound that is open above


@dataclass(frozen=True, eq=False)
class Residuals:
    """The weighted residuals of a fit, and their exact derivatives, as functions of Parameters.

    Attributes
    ----------
    again : Again
    names : (P,) parameter names in the order of the values
    """

    again: Again
    names: tuple[str, ...]
    _last: dict[bytes, tuple[Array, Array]] = field(default_factory=dict)

    def __call__(self, params: Parameters) -> Array:
        """Return (2N,) residuals, real and imaginary parts in turn, as in the fit."""
        return self._evaluate(params)[0].copy()

    def derivatives(self, params: Parameters) -> Array:
        """Return (V, 2N) derivatives by the V parameters that vary, in their order."""
        _, slopes = self._evaluate(params)
        place = {name: k for k, name in enumerate(self.again.names)}
        varied = [name for name, entry in params.items() if entry.vary]
        chosen = slopes[[place[name] for name in varied]]
        for row, entry in zip(chosen, (params[name] for name in varied), strict=True):
            # At its bound lmfit's sine is flat: there the parameter moves nothing
            if entry.value >= entry.max or entry.value <= entry.min:
                row[:] = 0.0
        return np.asarray(chosen)

    def values(self, params: Parameters) -> Array:
        """Return all values (P,), those that follow from others by a tie included."""
        objective, given = self.again.objective, self._given(params)
        u = objective.coords.to_coordinates(given)[objective.free]
        return np.asarray(objective.coords.to_values(objective.full(u)))

    def _given(self, params: Parameters) -> Array:
        return np.array([params[name].value for name in self.names], dtype=np.float64)

    def _evaluate(self, params: Parameters) -> tuple[Array, Array]:
        values = self._given(params)
        key = values.tobytes()
        if key not in self._last:
            objective = self.again.objective
            free = objective.free
            u = objective.coords.to_coordinates(values)[free]
            residuals, by_coordinate = objective(u[None], np.zeros(1, dtype=int))
            counts = np.isfinite(objective.sigma[0]).reshape(-1)
            rows = np.ones(residuals.shape[1], dtype=bool)
            rows[: len(counts)] = counts
            slopes = np.linalg.solve(objective.tangent(u)[free].T, by_coordinate[0][:, rows])
            self._last.clear()
            self._last[key] = residuals[0][rows], slopes
        return self._last[key]


def to_lmfit(result: FitResult) -> MinimizerResult:
    """Return a fit as lmfit's MinimizerResult: see `FitResult.lmfit`.

    Raises
    ------
    FitError
        If the problem cannot be set up again from the result, or the loss is robust.
    """
    minimizer = to_minimizer(result)
    free = minimizer.userfcn.again.names
    held = [name for name in free if _unsolvable(result, name)]
    params = minimizer.params.copy()
    for name in held:
        params[name].vary = False
    fitted = minimizer.leastsq(params)
    for name, value in zip(result.names, minimizer.userfcn.values(fitted.params), strict=True):
        if result.status[name] == "tied":
            fitted.params[name].value = value
            fitted.params[name].stderr = result.stderr[name]
    fitted.residual = fitted.residual[: result.n_data]
    _restore(fitted, result, free, held)
    fitted.minimizer = minimizer
    return fitted


def to_minimizer(result: FitResult) -> Minimizer:
    """Return lmfit's Minimizer of a fit's problem, at its optimum, with the exact Jacobian.

    Raises
    ------
    FitError
        As `to_lmfit`.
    """
    from lmfit import Minimizer

    least_squares_only(result, "lmfit", "take bootstrap() for its errors")
    residuals = Residuals(Again.of(result), result.names)
    return Minimizer(
        residuals,
        _parameters(result, residuals.again),
        scale_covar=not result.settings.get("absolute_sigma", False),
        Dfun=residuals.derivatives,
        col_deriv=True,
    )


def _unsolvable(result: FitResult, name: str) -> bool:
    """Whether a parameter would make the normal matrix singular."""
    index = result.names.index(name)
    variance = result.covariance[index, index]
    return not (np.isfinite(variance) and variance > 0)


def _parameters(result: FitResult, again: Again) -> Parameters:
    from lmfit import Parameters

    known = symbols_of(result.model)
    limits = {
        result.names[known[name].index]: pair
        for name, pair in again.options.bounds.items()
        if known[name].tau_of is None
    }
    params = Parameters()
    for slot in result.model.circuit.slots:
        value = result.values[slot.name]
        spec = slot.parameter
        low, high = spec.lower, spec.upper
        if not spec.is_exponent:
            low, high = max(low, value / _SPAN), min(high, value * _SPAN)
        if slot.name in limits:
            low, high = max(low, limits[slot.name][0]), min(high, limits[slot.name][1])
        params.add(
            slot.name,
            value=value,
            vary=slot.name in again.names,
            min=min(low, value),
            max=max(high, value),
        )
    return params


def _restore(
    fitted: MinimizerResult, result: FitResult, names: Sequence[str], held: Sequence[str]
) -> None:
    """Count what was held among the variables again, and say which errors are not known.

    The covariance stays lmfit's own wherever it found one.
    """
    names = list(names)
    places = [result.names.index(name) for name in names]
    covariance = np.array(result.covariance[np.ix_(places, places)])
    if fitted.covar is not None:
        inside = [names.index(name) for name in fitted.var_names]
        covar = fitted.covar
        if not result.settings.get("absolute_sigma"):
            covar = covar * fitted.nfree / max(result.degrees_of_freedom, 1)
        covariance[np.ix_(inside, inside)] = covar
    fitted.var_names = names
    fitted.init_vals = [result.values[name] for name in names]
    fitted.init_values = dict(zip(names, fitted.init_vals, strict=True))
    fitted.covar = covariance
    fitted._calculate_statistics()
    _count_binding(fitted, result)
    error = np.sqrt(np.where(np.diag(covariance) > 0, np.diag(covariance), np.nan))
    for k, name in enumerate(names):
        entry = fitted.params[name]
        entry.vary = True
        known = np.isfinite(result.stderr[name])
        entry.stderr = float(error[k]) if known else float("nan")
        entry.correl = {
            other: float(covariance[k, j] / (error[k] * error[j]))
            for j, other in enumerate(names)
            if j != k and np.isfinite(error[k] * error[j])
        }
    fitted.errorbars = True


def _count_binding(fitted: MinimizerResult, result: FitResult) -> None:
    """Correct lmfit's statistics where an inequality binds: it takes one parameter away."""
    excess = fitted.nvarys - result.n_free
    if excess > 0:
        fitted.nvarys, fitted.nfree = result.n_free, fitted.nfree + excess
        fitted.redchi = fitted.chisqr / max(fitted.nfree, 1)
        fitted.aic -= 2 * excess
        fitted.bic -= np.log(fitted.ndata) * excess


def conf_interval_rows(
    result: FitResult, names: Sequence[str] | None, level: float
) -> list[dict[str, Any]]:
    """Return the rows of `FitResult.profile` by lmfit's `conf_interval`.

    Raises
    ------
    FitError, ModelError
        If a name is fixed or unknown, or fewer than two parameters are free (lmfit needs two).
    """
    import warnings

    from lmfit import conf_interval

    fitted = to_lmfit(result)
    asked = asked_names(result, fitted.var_names, names, {})
    if fitted.nvarys < 2:
        raise FitError("lmfit's conf_interval needs two free parameters: use method='eisfit'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an end that is not found is told by its status
        found = conf_interval(
            fitted.minimizer, fitted, p_names=asked, sigmas=[level],
            prob_func=_known_noise if result.settings.get("absolute_sigma") else None,
        )  # fmt: skip
    units = dict(zip(result.names, result.model.circuit.units, strict=True))
    rows = []
    for name in asked:
        lower, upper = float(found[name][0][1]), float(found[name][-1][1])
        below, above = not np.isfinite(lower), not np.isfinite(upper)
        status = {(False, False): "ok", (True, False): "open below", (False, True): "open above",
                  (True, True): "open"}[below, above]  # fmt: skip
        rows.append({
            "parameter": name, "value": fitted.params[name].value, "lower": lower, "upper": upper,
            "unit": units[name], "level": level, "status": status,
        })  # fmt: skip
    return rows


def _known_noise(best: MinimizerResult, other: MinimizerResult) -> float:
    """Return the probability of a rise of chi-square where sigma is absolute."""
    from scipy.special import chdtr

    return float(chdtr(best.nvarys - other.nvarys, max(other.chisqr - best.chisqr, 0.0)))


def is_parameters(candidate: Any) -> bool:
    """Whether something is an lmfit.Parameters; lmfit is not imported to find out."""
    return isinstance(candidate, Mapping) and any(
        base.__name__ == "Parameters" and base.__module__.split(".")[0] == "lmfit"
        for base in type(candidate).__mro__
    )


def from_lmfit(params: Parameters, model: Model | None = None) -> dict[str, dict[str, Any]]:
    """Return `start`, `fixed` and `bounds` for `eisfit.fit` from lmfit.Parameters.

    A parameter with `vary=False` is fixed; one that varies gives a start (if all of them have a
    value) and, where it has them, bounds. With a model, names are checked and an exponent's open
    end is its limit.

    Raises
    ------
    FitError
        If a parameter has an expression: eisfit evaluates no text of others, use its own ties. Or
        if a value or a bound is impossible; the message names the parameter.
    ModelError
        If a name is unknown to the model.
    """
    if not is_parameters(params):
        raise FitError(f"expected lmfit.Parameters, found {type(params).__name__}")
    start: dict[str, float] = {}
    fixed: dict[str, float] = {}
    bounds: dict[str, tuple[float, float]] = {}
    unset = False
    for given, entry in params.items():
        if getattr(entry, "expr", None):
            raise FitError(
                f"{given} has the expression {str(entry.expr)[:60]!r}: eisfit evaluates no "
                "expressions of lmfit; give it as one of our constraints, such as 'R2 = 2*R1'"
            )
        name = given if model is None else model.resolve(given)
        value = float(entry.value)
        if not entry.vary:
            fixed[name] = _positive(given, value)
            continue
        low, high = float(entry.min), float(entry.max)
        if high <= 0:
            raise FitError(f"{given} may be at most {high:g}, but must be positive")
        if low > 0 or high < np.inf:
            bounds[name] = (max(low, 0.0), min(high, _limit(name, model)))
        if np.isfinite(value):
            start[name] = _positive(given, min(max(value, low), high))  # as lmfit's own fit does
        else:
            unset = True
    return {"start": {} if unset else start, "fixed": fixed, "bounds": bounds}


def _positive(name: str, value: float) -> float:
    if not (np.isfinite(value) and value > 0):
        raise FitError(f"{name} must be a positive number, found {value:g}")
    return value


def _limit(name: str, model: Model | None) -> float:
    if model is None:
        return _OPEN
    spec = model.circuit.slots[model.names.index(name)].parameter
    return spec.upper if spec.is_exponent else _OPEN
