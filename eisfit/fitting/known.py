"""What is known of each parameter once constraints, bounds and the loss have been heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eisfit.fitting.finish import Settled
from eisfit.fitting.general import Array, GeneralObjective, nearby
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.residual import Objective
from eisfit.fitting.robust import variance_factor
from eisfit.fitting.statistics import VAGUE_EXPONENT, VAGUE_LOG, Uncertainty, uncertainties


@dataclass(frozen=True)
class Knowledge:
    """Standard errors (P,), states, covariance (P, P), and what the settings say of it."""

    stderr: Array
    status: tuple[str, ...]
    covariance: Array
    condition: float
    n_free: int
    settings: dict[str, Any]


def knowledge(problem: Problem, ends: Sequence[Settled], options: FitOptions) -> list[Knowledge]:
    """Return what the fits of all spectra of a problem know at their ends."""
    objective = problem.objective
    if isinstance(objective, GeneralObjective):
        return [_constrained(problem, objective, s, end, options) for s, end in enumerate(ends)]
    u = np.array([end.u for end in ends])
    n_free = u.shape[1]
    scale = np.array([_scale(objective, s, end, n_free, options)[0] for s, end in enumerate(ends)])
    bounds = (problem.lower, problem.upper)
    found = uncertainties(objective, np.arange(len(u)), u, bounds, scale)
    if _noiseless(objective, n_free, options):
        found = [_without_noise(one) for one in found]
    return [_known(one, n_free, {}) for one in found]


def _constrained(
    problem: Problem, objective: GeneralObjective, s: int, end: Settled, options: FitOptions
) -> Knowledge:
    """Return what the fit of spectrum s knows within its constraints."""
    near, rest = nearby(objective, s, end.u, end.binding)
    n_free = len(rest)
    scale, said = _scale(objective, s, end, n_free, options)
    bounds = problem.lower[s : s + 1, rest], problem.upper[s : s + 1, rest]
    (found,) = uncertainties(near, np.array([s]), end.u[None, rest], bounds, np.array([scale]))
    if _noiseless(objective, n_free, options):
        found = _without_noise(found)
    if objective.rules is not None:
        inequalities = objective.rules.inequalities
        said["binding"] = [inequalities[k].text for k in end.binding]
        subjects = [inequalities[k].subject for k in end.binding]
        values = objective.coords.to_values(objective.full(end.u[None])[0])
        found = replace(found, status=_status(problem, objective, found, values, subjects))
    return _known(found, n_free, said)


def _known(found: Uncertainty, n_free: int, said: dict[str, Any]) -> Knowledge:
    error = np.sqrt(np.maximum(np.diagonal(found.covariance), 0.0))
    blind = [state in ("at bound", "not determined") for state in found.status]
    error[blind] = np.nan
    return Knowledge(error, found.status, found.covariance, found.condition, n_free, said)


def _noiseless(objective: Objective, n_free: int, options: FitOptions) -> bool:
    """Whether no datum is left to tell the noise from."""
    return objective.n_data <= n_free and not options.absolute_sigma


def _without_noise(known: Uncertainty) -> Uncertainty:
    """Return what is known where the noise is not: no error at all."""
    status = tuple("not determined" if state == "ok" else state for state in known.status)
    return replace(known, covariance=np.where(known.covariance == 0, 0.0, np.nan), status=status)


def _scale(
    objective: Objective, s: int, end: Settled, n_free: int, options: FitOptions
) -> tuple[float, dict[str, Any]]:
    """Return the variance of the weighted residuals, and what the settings say of the loss."""
    if options.loss == "linear" or not isinstance(objective, GeneralObjective):
        freedom = max(objective.n_data - n_free, 1)
        return (1.0 if options.absolute_sigma else end.chi_square / freedom), {}
    residuals, _, _ = objective.weighted(end.u[None], np.array([s]))
    kept = residuals[0][np.isfinite(objective.sigma[s]).reshape(-1)]
    variance = variance_factor(options.loss, end.loss_scale, kept, n_free)
    return variance, {"loss_scale": end.loss_scale, "noise_variance": variance}


def _status(
    problem: Problem,
    objective: GeneralObjective,
    known: Uncertainty,
    values: Array,
    subjects: Sequence[int],
) -> tuple[str, ...]:
    """Return states, with those of parameters that follow from others."""
    assert objective.rules is not None
    tied, linear = objective.rules.tied, objective.coords.linear
    status = list(known.status)
    for i, state in enumerate(known.status):
        if i in subjects:
            status[i] = "at bound"
        elif i in tied or (state == "fixed" and i not in problem.fixed):
            variance = known.covariance[i, i]
            vague = VAGUE_EXPONENT if linear[i] else VAGUE_LOG * values[i]
            unknown = not np.sqrt(variance) <= vague
            status[i] = "not determined" if unknown else "tied" if i in tied else "ok"
    return tuple(status)
