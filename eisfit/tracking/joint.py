"""One value for the whole track: fits with shared parameters, and what sharing costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.engine import residuals_of, trimmed
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.result import FitResult
from eisfit.fitting.statistics import AT_BOUND, carried
from eisfit.fitting.symbols import Symbol, symbols_of, unknown_name
from eisfit.tracking.arrow import Member, covariances, solve

Array = NDArray[Any]

UNLIKELY = 0.01  # probability below which the data speak against sharing
WIDE = 1e8  # factor around a Q within which it is free when it is shared in place of tau


@dataclass(frozen=True)
class Sharing:
    """What it costs that parameters have one value in all spectra of a track.

    Attributes
    ----------
    names : of the shared parameters
    f_value, probability : float
        Of the F test (chi-square test where sigma is absolute): the chance of a rise of chi-square
        this large if the parameters are in truth the same.
    delta_bic : float
        BIC of the joint fit less that of the fits alone; negative speaks for sharing.
    freed : int
        How many parameters the joint fit has less.
    rise_percent : float
        Of the summed chi-square, in units of each spectrum's noise.
    farthest : str
        The shared parameter that the fits alone agree on least.
    """

    names: tuple[str, ...]
    f_value: float
    probability: float
    delta_bic: float
    freed: int
    rise_percent: float
    farthest: str

    @property
    def accepted(self) -> bool:
        """Whether the data have nothing against sharing at the 1 % level."""
        return self.probability >= UNLIKELY

    def sentence(self) -> str:
        """Return the cost of sharing in words."""
        chance = f"= {self.probability:.2g}" if self.probability > 1e-99 else "< 1e-99"
        numbers = (
            f"F = {self.f_value:.3g}, p {chance}, BIC changes by "
            f"{self.delta_bic:+.3g}, chi-square rises by {self.rise_percent:.2g} % with "
            f"{self.freed} parameters fewer"
        )
        names = ", ".join(self.names)
        if self.accepted:
            return f"one value for the track of {names}: nothing speaks against it ({numbers})"
        also = "so does BIC" if self.delta_bic > 0 else "BIC still prefers the fewer parameters"
        return (
            f"one value for the track of {names}: the data speak against it ({numbers}); {also}; "
            f"the fits alone differ most in {self.farthest}"
        )


def shared_names(model: Model, share: Sequence[str]) -> tuple[str, ...]:
    """Return the names, as `eisfit.fitting.symbols` has them, of what is to be shared.

    Parameters
    ----------
    share : parameters (`CPE1_1`), role symbols (`R_bulk`), roles (`bulk`: its resistance),
        `tau_R1`, `alpha1` or `alpha_R1` or `alpha_interfacial`, and `alphas` for all of them

    Raises
    ------
    FitError
        If a name is unknown, or given twice.
    """
    if isinstance(share, str):
        share = (share,)
    known = _aliases(model)
    found: list[str] = []
    for name in share:
        if name not in known:
            raise FitError(f"share: {unknown_name(str(name), known)}")
        found += [one for one in known[name] if one not in found]
    return tuple(found)


def _aliases(model: Model) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {name: (name,) for name in symbols_of(model)}
    exponents = []
    for arc in model.arcs:
        role = model.role_of(arc.label)
        if role is not None:
            known.setdefault(role.name, (model.names[arc.resistance],))
        if arc.alpha is not None:
            exponent = model.names[arc.alpha]
            exponents.append(exponent)
            number = arc.label.lstrip(ascii_letters)
            for name in (f"alpha_{arc.label}", f"alpha{number}"):
                known.setdefault(name, (exponent,))
            if role is not None:
                known.setdefault(f"alpha_{role.name}", (exponent,))
    if exponents:
        known.setdefault("alphas", tuple(exponents))
    return known


def fit_jointly(
    fits: Mapping[int, FitResult], names: Sequence[str], options: Mapping[int, FitOptions]
) -> tuple[dict[int, FitResult], Sharing | None]:
    """Return fits in which some parameters have one value in all spectra that have them.

    Each spectrum counts by the noise of its fit alone. A spectrum whose fit leaves the element of a
    shared parameter out does not take part in it.

    Parameters
    ----------
    fits : alone, under names that last, by index
    names : as from `shared_names`

    Raises
    ------
    FitError
        If a shared parameter is fixed, two shared names speak of one coordinate, or the fits have
        constraints or a robust loss.
    """
    if not names or len(fits) < 2:
        return dict(fits), None
    for one in options.values():
        if one.loss != "linear" or one.constraints:
            raise FitError("share needs plain least squares: leave out loss and constraints")
    parts = [_Part.of(fit, names, options[i]) for i, fit in fits.items()]
    members = _members(parts, len(names))
    place = solve(members, _start(parts, members, len(names)), len(names))
    moving = [_moving(m, u) for m, u in zip(members, place.u, strict=True)]
    spreads = covariances(members, place.u, len(names), moving)
    sharing = _tested(names, parts, members, place.u)
    freedom = sum(p.fit.degrees_of_freedom for p in parts) + sharing.freed
    absolute = parts[0].options.absolute_sigma
    scale = 1.0 if absolute else place.cost / max(freedom, 1)
    found = {
        i: _result(part, member, u, scale * spread, (free, place.converged, sharing))
        for i, part, member, u, spread, free in zip(
            fits, parts, members, place.u, spreads, moving, strict=True
        )
    }
    return found, sharing


@dataclass(frozen=True, eq=False)
class _Part:
    """A spectrum's fit alone, its problem, and where the shared names are in it."""

    fit: FitResult
    options: FitOptions
    problem: Problem
    u: Array
    index: Mapping[int, int]

    @classmethod
    def of(cls, fit: FitResult, names: Sequence[str], options: FitOptions) -> _Part:
        symbols = symbols_of(fit.model)
        present = {k: symbols[name] for k, name in enumerate(names) if name in symbols}
        stores = {arc.store for arc in fit.arcs}
        loose = {
            fit.names[s.index]: (fit.values[fit.names[s.index]] / WIDE,
                                 fit.values[fit.names[s.index]] * WIDE)
            for s in present.values() if s.tau_of is None and s.index in stores
        }  # fmt: skip
        own = replace(options, start={}, bounds={**loose, **options.bounds})
        problem = Problem.of([fit.spectrum.used()], fit.model, trimmed(own, fit.spectrum))
        _check(names, present, problem)
        objective = problem.objective
        u = objective.coords.to_coordinates(fit.value_array())[objective.free]
        place = {int(i): k for k, i in enumerate(objective.free)}
        return cls(fit, options, problem, u, {k: place[s.index] for k, s in present.items()})

    @property
    def noise(self) -> float:
        """Standard deviation of the weighted residuals of the fit alone."""
        if self.options.absolute_sigma:
            return 1.0
        return float(np.sqrt(max(self.fit.reduced_chi_square, 1e-300)))


def _check(names: Sequence[str], present: Mapping[int, Symbol], problem: Problem) -> None:
    paired = {arc.store for arc in problem.objective.coords.arcs}
    taken: dict[int, str] = {}
    for k, symbol in present.items():
        if symbol.index not in problem.objective.free:
            raise FitError(f"share: {names[k]} is fixed, so there is nothing to share")
        clash = symbol.index in taken or (symbol.tau_of is not None and symbol.index not in paired)
        if clash:
            other = taken.get(symbol.index, "its C or Q, which is bounded or shared")
            raise FitError(f"share: {names[k]} and {other} cannot be given together")
        taken[symbol.index] = names[k]


def _members(parts: Sequence[_Part], count: int) -> list[Member]:
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    for part in parts:
        for k, at in part.index.items():
            lower[k] = max(lower[k], part.problem.lower[0][at])
            upper[k] = min(upper[k], part.problem.upper[0][at])
    members = []
    for part in parts:
        source = np.array(sorted(part.index), dtype=int)
        shared = np.array([part.index[k] for k in source], dtype=int)
        low = np.minimum(part.problem.lower[0], part.u)
        high = np.maximum(part.problem.upper[0], part.u)
        low[shared], high[shared] = lower[source], upper[source]
        own = np.setdiff1d(np.arange(len(part.u)), shared)
        members.append(Member(part.problem.objective, part.noise, low, high, own, shared, source))
    return members


def _weights(part: _Part, member: Member) -> Array:
    """Return how well a fit alone knows its shared coordinates: one over their variances."""
    alone = replace(member, own=np.arange(len(part.u)), shared=member.shared[:0],
                    source=member.source[:0])  # fmt: skip
    (spread,) = covariances([alone], [part.u], 0, [_moving(alone, part.u)])
    variance = np.diag(spread)[member.shared]
    known = np.isfinite(variance) & (variance > 0)
    return np.asarray(np.where(known, 1.0 / np.where(known, variance, 1.0), 0.0))


def _start(parts: Sequence[_Part], members: Sequence[Member], count: int) -> list[Array]:
    """Return the fits alone with each shared coordinate at its weighted mean."""
    total, weight = np.zeros(count), np.full(count, 1e-300)
    for part, member in zip(parts, members, strict=True):
        own = _weights(part, member)
        total[member.source] += own * part.u[member.shared]
        weight[member.source] += own
    start = []
    for part, member in zip(parts, members, strict=True):
        u = part.u.copy()
        u[member.shared] = (total / weight)[member.source]
        start.append(u)
    return start


def _moving(member: Member, u: Array) -> Array:
    """Return which coordinates (F,) have a variance, as `eisfit.fitting.statistics` has it."""
    _, slopes = member.rows(u)
    norm = np.linalg.norm(slopes, axis=1)
    silent = norm <= 1e-12 * max(float(norm.max(initial=0.0)), 1e-300)
    linear = member.objective.coords.linear[member.objective.free]
    return np.asarray((~_on_bound(member, u) | linear) & ~silent)


def _on_bound(member: Member, u: Array) -> Array:
    return np.asarray((u - member.lower < AT_BOUND) | (member.upper - u < AT_BOUND))


def _tested(
    names: Sequence[str], parts: Sequence[_Part], members: Sequence[Member], u: Sequence[Array]
) -> Sharing:
    from scipy.special import chdtrc, fdtrc

    alone = np.array([p.fit.chi_square / p.noise**2 for p in parts])
    joint = np.array([m.cost(one) for m, one in zip(members, u, strict=True)])
    data = np.array([p.fit.n_data for p in parts])
    count = np.bincount(np.concatenate([m.source for m in members]), minlength=len(names))
    freed = int(np.maximum(count - 1, 0).sum())
    rise = max(float(joint.sum() - alone.sum()), 0.0)
    freedom = sum(p.fit.degrees_of_freedom for p in parts)
    f_value = rise / max(freed, 1)
    if parts[0].options.absolute_sigma:
        probability, unlikely = float(chdtrc(freed, rise)), rise
    else:
        probability = float(fdtrc(freed, freedom, f_value))
        ratio = np.maximum(joint, 1e-300) / np.maximum(alone, 1e-300)
        unlikely = float((data * np.log(ratio)).sum())
    return Sharing(
        names=tuple(names),
        f_value=f_value,
        probability=probability if freed else 1.0,
        delta_bic=unlikely - freed * float(np.log(data.sum())),
        freed=freed,
        rise_percent=100.0 * rise / max(float(alone.sum()), 1e-300),
        farthest=_farthest(names, parts, members),
    )


def _farthest(names: Sequence[str], parts: Sequence[_Part], members: Sequence[Member]) -> str:
    """Return the shared parameter whose values alone scatter most against their errors."""
    rows: list[list[tuple[float, float]]] = [[] for _ in names]
    for part, member in zip(parts, members, strict=True):
        for k, value, weight in zip(
            member.source, part.u[member.shared], _weights(part, member), strict=True
        ):
            rows[k].append((float(value), float(weight)))
    scores = []
    for entries in rows:
        value, weight = np.array(entries).T if entries else (np.zeros(1), np.zeros(1))
        mean = float(weight @ value) / max(float(weight.sum()), 1e-300)
        scores.append(float(weight @ (value - mean) ** 2) / max(len(value) - 1, 1))
    return names[int(np.argmax(scores))]


def _result(
    part: _Part,
    member: Member,
    u: Array,
    spread: Array,
    rest: tuple[Array, bool, Sharing],
) -> FitResult:
    moving, converged, sharing = rest
    objective, fit = part.problem.objective, part.fit
    values = objective.coords.to_values(objective.full(u[None])[0])
    on_bound = _on_bound(member, u)
    marks = on_bound[None], (~moving & ~on_bound)[None]
    (known,) = carried(objective, u[None], spread[None], marks, np.array([fit.condition]))
    error = np.sqrt(np.maximum(np.diag(known.covariance), 0.0))
    blind = [state in ("at bound", "not determined") for state in known.status]
    curve = fit.model.circuit.impedance(fit.spectrum.frequency, values)
    residuals = residuals_of(fit.spectrum, curve, part.options)
    names = fit.names
    own = [name for k, name in enumerate(sharing.names) if k in part.index]
    return replace(
        fit,
        values=dict(zip(names, values.tolist(), strict=True)),
        stderr=dict(zip(names, np.where(blind, np.nan, error).tolist(), strict=True)),
        status=dict(zip(names, known.status, strict=True)),
        covariance=known.covariance,
        chi_square=member.cost(u) * part.noise**2,
        impedance=curve,
        residuals=residuals,
        success=converged,
        message="converged; jointly with the other spectra of its track" if converged
        else "the joint fit did not converge",
        settings={**fit.settings, "shared": own},
    )  # fmt: skip
