"""To lmfit and back: a fit as a genuine MinimizerResult, and lmfit.Parameters as fit options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.again import Again
from eisfit.fitting.profile import asked_names

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
        free = [self.names[i] for i in self.again.objective.free]
        place = {name: k for k, name in enumerate(free)}
        chosen = slopes[[place[name] for name, entry in params.items() if entry.vary]]
        for row, entry in zip(chosen, (p for p in params.values() if p.vary), strict=True):
            # At its bound lmfit's sine is flat: there the parameter moves nothing
            if entry.value >= entry.max or entry.value <= entry.min:
                row[:] = 0.0
        return np.asarray(chosen)

    def _evaluate(self, params: Parameters) -> tuple[Array, Array]:
        values = np.array([params[name].value for name in self.names], dtype=np.float64)
        key = values.tobytes()
        if key not in self._last:
            objective = self.again.objective
            free = objective.free
            u = objective.coords.to_coordinates(values)
            residuals, by_coordinate = objective(u[free][None], np.zeros(1, dtype=int))
            tangent = objective.coords.tangent(u)[np.ix_(free, free)]
            self._last.clear()
            self._last[key] = residuals[0], np.linalg.solve(tangent.T, by_coordinate[0])
        return self._last[key]


def to_lmfit(result: FitResult) -> MinimizerResult:
    """Return a fit as lmfit's MinimizerResult: see `FitResult.lmfit`.

    Raises
    ------
    FitError
        If the problem cannot be set up again from the result.
    """
    minimizer = to_minimizer(result)
    held = [name for name in result.names if _unsolvable(result, name)]
    params = minimizer.params.copy()
    for name in held:
        params[name].vary = False
    fitted = minimizer.leastsq(params)
    _restore(fitted, result, held)
    fitted.minimizer = minimizer
    return fitted


def to_minimizer(result: FitResult) -> Minimizer:
    """Return lmfit's Minimizer of a fit's problem, at its optimum, with the exact Jacobian."""
    from lmfit import Minimizer

    residuals = Residuals(Again.of(result), result.names)
    return Minimizer(
        residuals,
        _parameters(result),
        scale_covar=not result.settings.get("absolute_sigma", False),
        Dfun=residuals.derivatives,
        col_deriv=True,
    )


def _unsolvable(result: FitResult, name: str) -> bool:
    """Whether a parameter would make the normal matrix singular."""
    index = result.names.index(name)
    variance = result.covariance[index, index]
    return result.status[name] != "fixed" and not (np.isfinite(variance) and variance > 0)


def _parameters(result: FitResult) -> Parameters:
    from lmfit import Parameters

    limits = {
        result.model.resolve(name): tuple(pair)
        for name, pair in result.settings.get("bounds", {}).items()
    }
    params = Parameters()
    for slot in result.model.circuit.slots:
        value = result.values[slot.name]
        spec = slot.parameter
        low, high = (0.0, spec.upper) if spec.is_exponent else (value / _SPAN, value * _SPAN)
        if slot.name in limits:
            low, high = max(low, limits[slot.name][0]), min(high, limits[slot.name][1])
        params.add(
            slot.name,
            value=value,
            vary=result.status[slot.name] != "fixed",
            min=min(low, value),
            max=max(high, value),
        )
    return params


def _restore(fitted: MinimizerResult, result: FitResult, held: Sequence[str]) -> None:
    """Count what was held among the variables again, and say which errors are not known.

    The covariance stays lmfit's own wherever it found one.
    """
    names = [name for name in result.names if result.status[name] != "fixed"]
    places = [result.names.index(name) for name in names]
    covariance = np.array(result.covariance[np.ix_(places, places)])
    if fitted.covar is not None:
        inside = [names.index(name) for name in fitted.var_names]
        counted = max(fitted.nfree - len(held), 1)
        covar = fitted.covar
        if not result.settings.get("absolute_sigma"):
            covar = covar * fitted.nfree / counted
        covariance[np.ix_(inside, inside)] = covar
    fitted.var_names = names
    fitted.init_vals = [result.values[name] for name in names]
    fitted.init_values = dict(zip(names, fitted.init_vals, strict=True))
    fitted.covar = covariance
    fitted._calculate_statistics()
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

    asked = asked_names(result, names, {})
    fitted = to_lmfit(result)
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
        name = given if model is None else model.resolve(given)
        if getattr(entry, "expr", None):
            raise FitError(
                f"{given} has the expression {str(entry.expr)[:60]!r}: eisfit evaluates no "
                "expressions of lmfit; set vary=True, or fix the parameter"
            )
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
            start[name] = _positive(given, value)
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
