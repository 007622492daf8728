"""Profile-likelihood intervals, all parameters' ends at once.

The profile of a parameter is the lowest chi-square with that parameter held. Its interval is where
that stays below the minimum plus t^2 times the variance of the noise, which needs no symmetry and
no linear model (D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications,
Wiley 1988, section 6.1). The quantities' root, z = sqrt(rise / variance), is nearly linear in the
parameter, so a secant finds the ends in a few rounds; every round is one batched fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import FitError
from eisfit.fitting.again import Again, least_squares_only, noise_variance
from eisfit.fitting.derived import check_noise, quantile
from eisfit.fitting.solve import Limits, Starts, levenberg_marquardt
from eisfit.fitting.symbols import symbols_of

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

PROFILE_COLUMNS = ("parameter", "value", "lower", "upper", "unit", "level", "status")

_CLOSE = 1e-4  # how near to t, relatively, z must come
_ROUNDS = 40
_STEP_LOG, _STEP_EXPONENT = 2.0, 0.1  # the first step at most
_LIMITS = Limits(iterations=100, tolerance=1e-10)


@dataclass(frozen=True)
class _Target:
    """What is profiled: its name and unit, which coordinate it is, and how that reads."""

    name: str
    unit: str
    coordinate: int
    linear: bool
    bounded: bool  # by the user: the interval ends there
    exponent_limit: float = float("inf")

    def reads(self, x: float) -> float:
        return float(x if self.linear else np.exp(x))


def profile_rows(
    result: FitResult, names: Sequence[str] | None, level: float
) -> list[dict[str, Any]]:
    """Return the rows of `FitResult.profile`.

    Raises
    ------
    FitError
        If a name is of nothing that is free, the loss is robust, or nothing tells the noise.
    ModelError
        If a name is unknown.
    """
    least_squares_only(result, "a profile", "take bootstrap()")
    check_noise(result)
    t = quantile(result, level)
    plain = Again.of(result)
    taus = {f"tau_{arc.label}": arc.store for arc in plain.objective.coords.arcs
            if arc.store in plain.objective.free}  # fmt: skip
    asked = asked_names(result, plain.names, names, taus)
    # The C or Q of an arc is worked in by tau: to hold it, it must become a coordinate itself
    loose = [n for n in asked if n not in taus and result.names.index(n) in taus.values()]
    rows: dict[str, dict[str, Any]] = {}
    for again, members in (
        (plain, [name for name in asked if name not in loose]),
        (Again.of(result, loose) if loose else plain, loose),
    ):
        targets = [_target(result, again, name, taus.get(name)) for name in members]
        if targets:
            ends = _ends(result, again, [target.coordinate for target in targets], t)
            for target, (low, high) in zip(targets, ends, strict=True):
                rows[target.name] = _row(target, again, low, high, level)
    return [rows[name] for name in asked]


def asked_names(
    result: FitResult, free: Sequence[str], names: Sequence[str] | None, more: Mapping[str, Any]
) -> list[str]:
    """Return parameter names for names and role symbols; all that are `free` for None.

    Raises
    ------
    ModelError
        If a name is neither a parameter's nor one of `more`.
    FitError
        If a parameter is fixed or tied.
    """
    if names is None:
        return list(free)
    given = [names] if isinstance(names, str) else list(names)
    found = [name if name in more else result.model.resolve(name) for name in given]
    for name in found:
        if name not in more and name not in free:
            raise FitError(
                f"{name} is {result.status[name]}: it has no profile; there are {', '.join(free)}"
            )
    return list(dict.fromkeys(found))


def _target(result: FitResult, again: Again, name: str, store: int | None) -> _Target:
    index = result.names.index(name) if store is None else store
    spec = result.model.circuit.slots[index].parameter
    known = symbols_of(result.model)
    limited = {(known[key].index, known[key].tau_of is not None)
               for key in result.settings.get("bounds", {})}  # fmt: skip
    return _Target(
        name=name,
        unit=spec.unit if store is None else "s",
        coordinate=int(np.flatnonzero(again.objective.free == index)[0]),
        linear=bool(again.objective.coords.linear[index]),
        bounded=(index, store is not None) in limited,
        exponent_limit=spec.upper if spec.is_exponent else float("inf"),
    )


def _ends(
    result: FitResult, again: Again, coordinates: Sequence[int], t: float
) -> list[tuple[float, float]]:
    """Return lower and upper ends of coordinates; an end that is open lies on the bound."""
    columns = np.repeat(coordinates, 2)
    sides = np.tile([-1.0, 1.0], len(coordinates))
    walk = _Walk.begin(again, columns, sides, noise_variance(result), t)
    floor = again.cost()
    for round_ in range(_ROUNDS):
        active = np.flatnonzero(~walk.done)
        if not len(active):
            break
        walk.advance(again, active, floor, bisect=round_ % 5 == 4)
    return [(float(low), float(high)) for low, high in walk.x.reshape(-1, 2)]


@dataclass
class _Walk:
    """Ends on their way: one row an end, of coordinate `column` at `origin`, now at `x`."""

    column: Array
    side: Array
    edge: Array
    origin: Array
    x: Array
    u: Array  # (B, F) the last optimum beside each x
    near: Array  # (B, 2) x and z of the farthest place below t
    far: Array  # (B, 2) x and z of the nearest place above t, NaN before there is one
    done: Array
    variance: float
    t: float

    @classmethod
    def begin(cls, again: Again, column: Array, side: Array, variance: float, t: float) -> _Walk:
        half = again.root()
        spread = variance * half @ half.T
        own = spread[column, column]
        linear = again.objective.coords.linear[again.objective.free][column]
        longest = np.where(linear, _STEP_EXPONENT, _STEP_LOG)
        step = np.where(own > 0, np.minimum(t * np.sqrt(own), longest), longest)
        origin = again.u[column]
        edge = np.where(side < 0, again.lower[column], again.upper[column])
        x = _within(origin, origin + side * step, edge)
        # The others follow the held one along the tangent
        slope = np.where(own[:, None] > 0, spread[column] / np.where(own > 0, own, 1)[:, None], 0)
        u = again.u + slope * (x - origin)[:, None]
        count = len(column)
        return cls(
            column, side, edge, origin, x, u, np.stack([origin, np.zeros(count)], axis=1),
            np.full((count, 2), np.nan), np.zeros(count, dtype=bool), variance, t,
        )  # fmt: skip

    def advance(self, again: Again, active: Array, floor: float, bisect: bool) -> None:
        """Fit the others at the present x of the active rows, and choose their next."""
        rows = np.arange(len(active))
        column, x = self.column[active], self.x[active]
        u = self.u[active]
        lower, upper = (np.tile(limit, (len(active), 1)) for limit in (again.lower, again.upper))
        for array in (u, lower, upper):
            array[rows, column] = x
        owner = np.zeros(len(active), dtype=int)
        found = levenberg_marquardt(again.objective, Starts(u, owner, lower, upper), _LIMITS)
        self.u[active] = found.u
        z = np.sqrt(np.maximum(found.cost - floor, 0.0) / self.variance)
        below = z < self.t
        here = np.stack([x, z], axis=1)
        self.near[active[below]] = here[below]
        self.far[active[~below]] = here[~below]
        near, far = self.near[active], self.far[active]
        self.done[active] = (np.abs(z - self.t) <= _CLOSE * self.t) | (
            below & (x == self.edge[active])
        )
        going = ~self.done[active]
        bracketed = np.isfinite(far[:, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip((self.t - near[:, 1]) / (far[:, 1] - near[:, 1]), 0.02, 0.98)
            share = np.full_like(share, 0.5) if bisect else share
            between = near[:, 0] + share * (far[:, 0] - near[:, 0])
            stretch = np.clip(1.05 * self.t / z, 1.2, 3.0)
        origin = self.origin[active]
        further = _within(origin, origin + stretch * (x - origin), self.edge[active])
        self.x[active[going]] = np.where(bracketed, between, further)[going]


def _within(origin: Array, x: Array, edge: Array) -> Array:
    """Return x, no farther from the origin than the edge."""
    return np.where(np.abs(x - origin) >= np.abs(edge - origin), edge, x)


def _row(target: _Target, again: Again, low: float, high: float, level: float) -> dict[str, Any]:
    k = target.coordinate
    lower, upper = target.reads(low), target.reads(high)
    open_below = low == again.lower[k] and not target.bounded
    open_above = high == again.upper[k] and not target.bounded and upper < target.exponent_limit
    if open_below and not target.linear:
        lower = 0.0
    if open_above and not target.linear:
        upper = float("inf")
    status = {(False, False): "ok", (True, False): "open below", (False, True): "open above",
              (True, True): "open"}[open_below, open_above]  # fmt: skip
    return {
        "parameter": target.name, "value": target.reads(float(again.u[k])), "lower": lower,
        "upper": upper, "unit": target.unit, "level": level, "status": status,
    }  # fmt: skip
