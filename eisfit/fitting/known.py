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
from eisfit.fitting.statistics import VAGUE_EXPONENT, VAGUE_LOG, Uncertainty, uncertainty


@dataclass(frozen=True)
class Knowledge:
    """Standard errors (P,), states, covariance (P, P), and what the settings say of it."""

    stderr: Array
    status: tuple[str, ...]
    covariance: Array
    condition: float
    n_free: int
    settings: dict[str, Any]


def knowledge(problem: Problem, s: int, end: Settled, options: FitOptions) -> Knowledge:
    """Return what the fit of spectrum s knows at its end."""
    objective, u = problem.objective, end.u
    bounds = problem.lower[s], problem.upper[s]
    near: Objective = objective
    n_free = len(u)
    if isinstance(objective, GeneralObjective):
        near, rest = nearby(objective, s, u, end.binding)
        bounds = bounds[0][rest], bounds[1][rest]
        u, n_free = u[rest], len(rest)
    scale, said = _scale(objective, s, end, n_free, options)
    known = uncertainty(near, s, u, bounds, scale)
    if objective.n_data <= n_free and not options.absolute_sigma:
        known = _without_noise(known)
    if isinstance(objective, GeneralObjective) and objective.rules is not None:
        inequalities = objective.rules.inequalities
        said["binding"] = [inequalities[k].text for k in end.binding]
        subjects = [inequalities[k].subject for k in end.binding]
        values = objective.coords.to_values(objective.full(end.u[None])[0])
        status = _status(problem, objective, known, values, subjects)
    else:
        status = known.status
    error = np.sqrt(np.maximum(np.diag(known.covariance), 0.0))
    blind = [state in ("at bound", "not determined") for state in status]
    stderr = np.where(blind, np.nan, error)
    return Knowledge(stderr, status, known.covariance, known.condition, n_free, said)


def _without_noise(known: Uncertainty) -> Uncertainty:
    """Return what is known where no datum is left to tell the noise from: no error at all."""
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
