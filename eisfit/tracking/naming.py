"""The ways to give a fit's arcs the names of a model, and what speaks against each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.models import Model, Role
from eisfit.fitting.derived import capacitance
from eisfit.fitting.permute import Order, orders, permuted
from eisfit.fitting.prune import arc_labels, replace_model, without
from eisfit.fitting.result import FitResult
from eisfit.roles import SLACK, outside
from eisfit.tracking.viterbi import Layer

Array = NDArray[Any]

# e-folds a step, of ln C and ln R: what an arc is shows in C, how large it is changes sooner. Steps
# of ln tau are the sum of both, so tau is heard as well, with all that is known of it.
DRIFT = np.array([0.3, 0.7])
VAGUE = 3.0  # error in e-folds of what the data do not determine
TAU_MISS, C_MISS = 0.5, 1.0  # decades outside of a role's span that cost one standard deviation
MOST_TAU, MOST_C = 4.0, 1.0  # and what a spectrum may say at most, so that no single one decides
AGAINST_SPANS = 2.0  # cost of two arcs in the order that their roles' spans forbid
OUT_OF_ORDER = 0.01  # cost of arcs not in the circuit's order, first ones first: parts equals


@dataclass(frozen=True)
class Naming:
    """One way to name what one fit shows.

    Attributes
    ----------
    fit : as found
    order : of its parameters
    model : the model whose names the fit gets: the track's, less what the fit leaves out
    """

    fit: FitResult
    order: Order
    model: Model

    def named(self) -> FitResult:
        """Return the fit under these names."""
        return replace_model(permuted(self.fit, self.order), self.model)


@dataclass(frozen=True)
class Names:
    """The names that a track gives: of the arcs of its model that have a time constant.

    Attributes
    ----------
    model : of the track, whole
    held : indices of parameters that options name; parts with these keep their names
    geometry_cm : area/thickness
    """

    model: Model
    held: frozenset[int]
    geometry_cm: float

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """The arcs with a time constant, in the circuit's order."""
        return tuple(arc for arc in self.model.arcs if arc.has_tau)

    def layer(self, candidates: Sequence[FitResult]) -> tuple[Layer, list[Naming]]:
        """Return the ways to name the candidates of one spectrum, the best fit first."""
        best = min(fit.chi_square for fit in candidates)
        namings: list[Naming] = []
        place, error, cost = [], [], []
        for fit in candidates:
            excess = 0.5 * (fit.chi_square - best) / _noise(fit)
            rows = _features(fit)
            for model in _smaller(self.model, fit):
                same_size = len(model.names) == len(self.model.names)
                for order in orders(model, self.held if same_size else frozenset()):
                    where, sure = self._places(fit, rows, model, order)
                    namings.append(Naming(fit, order, model))
                    place.append(where)
                    error.append(sure)
                    cost.append(excess + self._against(where))
        return Layer(np.array(place), np.array(error), np.array(cost)), namings

    def _places(
        self, fit: FitResult, rows: Mapping[int, tuple[Array, Array]], model: Model, order: Order
    ) -> tuple[Array, Array]:
        """Return places and errors (A, 2), NaN for arcs that the fit leaves out."""
        source = {arc.label: order[arc.resistance] for arc in model.arcs if arc.has_tau}
        nowhere = np.full(2, np.nan), np.full(2, np.nan)
        found = [rows[source[a.label]] if a.label in source else nowhere for a in self.arcs]
        return np.array([place for place, _ in found]), np.array([sure for _, sure in found])

    def _against(self, place: Array) -> float:
        """Return what the roles' spans have against places (A, 2), and the order of names."""
        total = 0.0
        ln_taus = place.sum(axis=1)
        for arc, ln_tau, ln_c in zip(self.arcs, ln_taus, place[:, 0], strict=True):
            role = self.model.role_of(arc.label)
            if role is not None and np.isfinite(ln_tau):
                total += _against_role(role, ln_tau, ln_c - np.log(self.geometry_cm))
        there = np.flatnonzero(np.isfinite(ln_taus))
        taus = ln_taus[there]
        falls = sum(a > b for i, a in enumerate(taus) for b in taus[i + 1 :])
        total += AGAINST_SPANS * sum(
            taus[i] > taus[k] and _is_faster(self._role(there[i]), self._role(there[k]))
            for i, k in permutations(range(len(there)), 2)
        )
        late = int(there.sum()) if len(there) < len(place) else 0
        return total + OUT_OF_ORDER * (falls + late)

    def _role(self, index: int) -> Role | None:
        return self.model.role_of(self.arcs[index].label)


def _is_faster(one: Role | None, other: Role | None) -> bool:
    """Return whether both ends of a role's span of tau lie before those of another's."""
    if one is None or other is None or one.tau_s is None or other.tau_s is None:
        return False
    return one.tau_s[0] < other.tau_s[0] and one.tau_s[1] < other.tau_s[1]


def _against_role(role: Role, ln_tau: float, ln_c: float) -> float:
    cost = 0.0
    if role.tau_s is not None:
        miss = outside(float(np.exp(ln_tau)), role.tau_s) / TAU_MISS
        cost += min(0.5 * miss**2, MOST_TAU)
    if role.capacitance_f_cm is not None and np.isfinite(ln_c):
        miss = max(outside(float(np.exp(ln_c)), role.capacitance_f_cm) - SLACK, 0.0) / C_MISS
        cost += min(0.5 * miss**2, MOST_C)
    return cost


def _noise(fit: FitResult) -> float:
    return 1.0 if fit.settings.get("absolute_sigma") else max(fit.reduced_chi_square, 1e-300)


def _features(fit: FitResult) -> dict[int, tuple[Array, Array]]:
    """Return ln C, ln R and their errors, (2,) each, of every arc, by its resistance's index."""
    values = fit.value_array()
    found = {}
    for arc in fit.arcs:
        if not arc.has_tau:
            continue
        size, size_error = capacitance(fit, arc)
        r = float(values[arc.resistance])
        error = np.array([size_error, fit.stderr[fit.names[arc.resistance]] / r])
        if not np.isfinite(error).all():
            error[:] = VAGUE
        with np.errstate(divide="ignore"):
            place = np.clip(np.log([size, r]), -300.0, 300.0)
        found[arc.resistance] = place, np.minimum(error, VAGUE)
    return found


def _smaller(model: Model, fit: FitResult) -> list[Model]:
    """Return the models of a fit's structure: the track's, less each choice of arcs."""
    lost = [arc.label for arc in model.arcs if arc.has_tau]
    gone = len(lost) - sum(arc.has_tau for arc in fit.arcs)
    if not gone:
        return [model]
    smaller = [without(model, labels) for labels in combinations(arc_labels(model), gone)]
    # An element between the arcs, as a blocking tail, can give another order of parameters
    return [one for one in smaller if _places_of_arcs(one) == _places_of_arcs(fit.model)]


def _places_of_arcs(model: Model) -> list[int]:
    return [arc.resistance for arc in model.arcs if arc.has_tau]
