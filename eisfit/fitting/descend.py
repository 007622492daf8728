"""Many starts of one objective, led downhill: compiled as a whole where that can be."""

from __future__ import annotations

from eisfit.fitting.backend import compiled
from eisfit.fitting.residual import Objective
from eisfit.fitting.scales import STRETCH, Scales
from eisfit.fitting.solve import (
    BAD,
    CALM,
    FADING,
    FARTHEST,
    GOOD,
    SETTLING,
    STIR,
    STUCK,
    Limits,
    Race,
    Solution,
    Starts,
    levenberg_marquardt,
)


def descend(
    objective: Objective,
    starts: Starts,
    limits: Limits,
    scales: Scales | None,
    race: Race | None = None,
) -> Solution:
    """Return where the starts lead: `levenberg_marquardt` with the scales solved at every step."""
    fast = compiled()
    if fast is None or scales is None or not _is_plain(objective):
        rescale = None if scales is None else scales.apply
        return levenberg_marquardt(objective, starts, limits, rescale, race)
    race = race or Race.alone(len(objective.data))
    u, cost, converged = fast.descend(
        starts.u,
        objective.curve.compiled,
        (*objective.halves, starts.owner),
        (scales.moves, scales.member, STRETCH),
        (starts.lower, starts.upper),
        (
            limits.iterations, float(limits.tolerance), float(limits.hopeless),
            float(limits.horizon), float(limits.damping), float(limits.bold), SETTLING,
        ),
        ((CALM, STIR, GOOD, BAD), (STUCK, FADING, FARTHEST)),
        (race.lead, race.enough, race.agreement, race.alike, float(race.patience)),
    )  # fmt: skip
    return Solution(u, cost, converged)


def _is_plain(objective: Objective) -> bool:
    """Whether all there is are arcs, resistances and inductances in series, and all is free."""
    plain = objective.curve.rest is None and objective.linear_in_scales
    return plain and len(objective.free) == len(objective.held)
