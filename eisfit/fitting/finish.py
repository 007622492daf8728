"""From the place that a search found to the fit that was asked for: robust, within constraints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from eisfit.errors import FitError
from eisfit.fitting.general import Array, GeneralObjective
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.residual import Objective
from eisfit.fitting.robust import TUNING, noise_of
from eisfit.fitting.search import Found, search
from eisfit.fitting.solve import Limits, Starts, levenberg_marquardt
from eisfit.fitting.start import Cloud, order_by_time

LAST = Limits(iterations=300, tolerance=1e-14)
HARD = 1e3  # stiffness of inequalities: multipliers then settle within a few rounds
ROUNDS = 40
PATIENCE = 4  # rounds in a row that bring the inequalities no nearer
HOLDS = 1e-12  # an inequality holds to this share of its sides
BROKEN = 1e-6
RESCALINGS = 4


@dataclass(frozen=True)
class Settled:
    """Where the fit of one spectrum ended.

    Attributes
    ----------
    u : (F,) free coordinates
    chi_square : float
        Sum of squares of the weighted residuals, whatever the loss.
    found : Found
        How the search went.
    binding : indices of inequalities that bind
    loss_scale : float
        NaN for least squares.
    """

    u: Array
    chi_square: float
    converged: bool
    found: Found
    binding: tuple[int, ...] = ()
    loss_scale: float = float("nan")


def settle(
    problem: Problem, options: FitOptions, cloud: Cloud, found: Sequence[Found], until: float
) -> list[Settled]:
    """Return where the fits end that a search for least squares began.

    Nothing new is begun when the clock (`perf_counter`) has passed `until`.

    Raises
    ------
    FitError
        If no place was found where all constraints hold.
    """
    objective = problem.objective
    if not isinstance(objective, GeneralObjective):
        return [Settled(one.u, one.cost, one.converged, one) for one in found]
    bad = [one for one in found if not np.isfinite(one.cost)]
    if bad:
        return [Settled(one.u, one.cost, False, one) for one in found]
    u = np.array([one.u for one in found])
    converged = np.array([one.converged for one in found])
    scale = np.full(len(u), np.nan)
    if options.loss != "linear":
        objective, u, scale, found = _robust(problem, objective, options, cloud, u, until)
        converged = np.array([one.converged for one in found])
    binding: list[tuple[int, ...]] = [()] * len(u)
    if objective.rules is not None and objective.rules.inequalities:
        u, converged, binding = _within(problem, objective, u, converged, until)
    residuals, _, _ = objective.weighted(u, np.arange(len(u)))
    cost = (residuals**2).sum(axis=1)
    return [
        Settled(u[s], float(cost[s]), bool(converged[s]), one, binding[s], float(scale[s]))
        for s, one in enumerate(found)
    ]


def _robust(
    problem: Problem,
    objective: GeneralObjective,
    options: FitOptions,
    cloud: Cloud,
    u: Array,
    until: float,
) -> tuple[GeneralObjective, Array, Array, list[Found]]:
    """Return the robust objective, its optimum, the scale of the loss, and how it was found.

    The scale comes from the residuals of the fit before; at the last scale the search is made once
    more, for outliers may have led the first one astray.
    """
    every = np.arange(len(u))
    begin = Starts(u, every, problem.lower, problem.upper)
    scale = np.full(len(u), options.loss_scale or 0.0)
    for _ in range(1 if options.loss_scale else RESCALINGS):
        if not options.loss_scale:
            scale = _scales(objective, options.loss, u)
        robust = replace(objective, loss=options.loss, loss_scale=scale)
        u = levenberg_marquardt(robust, replace(begin, u=u), LAST).u
    bounds = (problem.lower, problem.upper)
    effort = replace(options.search, budget_s=until - perf_counter())
    found = search(robust, bounds, cloud, u, options.seed, effort)
    u = np.array([one.u for one in found])
    if not options.loss_scale:
        robust = replace(robust, loss_scale=_scales(robust, options.loss, u))
    final = levenberg_marquardt(robust, replace(begin, u=u), LAST)
    assert robust.loss_scale is not None
    return robust, final.u, robust.loss_scale, found


def _scales(objective: GeneralObjective, loss: str, u: Array) -> Array:
    residuals, _, _ = objective.weighted(u, np.arange(len(u)))
    kept = np.isfinite(objective.sigma[0]).reshape(-1)
    noise = np.array([noise_of(row[kept], u.shape[1]) for row in residuals])
    # Data without noise: any scale does, but zero does not
    return np.asarray(TUNING[loss] * np.maximum(noise, 1e-12))


def _within(
    problem: Problem, objective: GeneralObjective, u: Array, converged: Array, until: float
) -> tuple[Array, Array, list[tuple[int, ...]]]:
    """Return the optimum within the inequalities, and which of them bind.

    The method of multipliers: an inequality that binds is shifted until it holds to rounding.
    """
    rules = objective.rules
    assert rules is not None
    every = np.arange(len(u))
    margin, _ = objective.margins(u)
    if (margin < -HOLDS).all():
        return u, converged, [()] * len(u)
    shift = np.zeros_like(margin)
    least, idle = np.inf, 0
    for _ in range(ROUNDS):
        hard = replace(objective, stiffness=HARD, shift=shift)
        begin = Starts(u, every, problem.lower, problem.upper)
        solution = levenberg_marquardt(hard, begin, LAST)
        u, converged = solution.u, solution.converged
        margin, _ = objective.margins(u)
        wrong = np.abs(np.maximum(margin, -shift)).max()
        shift = np.maximum(shift + margin, 0.0)
        idle = 0 if wrong < 0.9 * least else idle + 1
        least = min(least, wrong)
        if not wrong > HOLDS or idle == PATIENCE or perf_counter() > until:
            break
    if not (margin <= BROKEN).all():
        worst = np.nan_to_num(margin, nan=np.inf).max(axis=0)
        texts = [rules.inequalities[k].text for k in np.flatnonzero(~(worst <= BROKEN))]
        raise FitError(
            f"{problem.model.name}: no values were found for which {'; '.join(texts)} holds "
            "together with the other constraints, bounds and fixed values: loosen one of them"
        )
    return u, converged, [tuple(np.flatnonzero(row > 0).tolist()) for row in shift]


def in_order(problem: Problem, ends: Sequence[Settled]) -> Array:
    """Return all coordinates (S, P) with arcs that are alike in the order of their time constants.

    Arcs that options name are exchanged as well where every demand allows it.
    """
    objective = problem.objective
    circuit, coords = objective.circuit, objective.coords
    whole = objective.full(np.array([end.u for end in ends]))
    out = order_by_time(circuit, coords, whole, problem.touched)
    if problem.touched:
        ordered = order_by_time(circuit, coords, whole)
        for s, end in enumerate(ends):
            if not end.binding and _allowed(problem, s, ordered[s : s + 1]):
                out[s] = ordered[s]
    return out


def _allowed(problem: Problem, s: int, whole: Array) -> bool:
    """Whether coordinates (1, P) meet every demand on spectrum s."""
    objective = problem.objective
    u = whole[:, objective.free]
    same = np.allclose(objective.full(u), whole, rtol=1e-12, atol=1e-12)
    inside = (u >= problem.lower[s]) & (u <= problem.upper[s])
    return bool(same and inside.all() and _holds(objective, u))


def _holds(objective: Objective, u: Array) -> bool:
    return not isinstance(objective, GeneralObjective) or bool((objective.margins(u)[0] <= 0).all())
