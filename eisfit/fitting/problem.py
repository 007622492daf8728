"""Spectra of one grid and what is asked of their fit, made ready for the search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.constraints import Demands, Span, number
from eisfit.fitting.curve import Curve
from eisfit.fitting.general import GeneralObjective
from eisfit.fitting.options import FitOptions
from eisfit.fitting.residual import Objective, deviations
from eisfit.fitting.start import Cloud, screen
from eisfit.fitting.symbols import find, symbols_of
from eisfit.fitting.ties import Rules
from eisfit.fitting.transform import Coordinates, box, coordinates
from eisfit.spectrum import Spectrum

Array = NDArray[Any]

GUESSES = 4  # starts made of an incomplete one and of the best shapes
_FAR = 20.0  # e-folds: the other end of a span of which only one was given


@dataclass(frozen=True, eq=False)
class Problem:
    """Spectra of one grid (S of them), made ready.

    Attributes
    ----------
    model : Model
    objective : Objective
    lower, upper : (S, F) free coordinates
    start : (P,) coordinates, NaN where the user gave no start
    touched : indices of parameters that options name
    fixed : index to value
    """

    model: Model
    objective: Objective
    lower: Array
    upper: Array
    start: Array
    touched: frozenset[int]
    fixed: Mapping[int, float]

    @classmethod
    def of(cls, used: Sequence[Spectrum], model: Model, options: FitOptions) -> Problem:
        """Return the problem of spectra without masked points.

        Raises
        ------
        FitError, ModelError
            If what is asked cannot be: see `eisfit.fitting.engine.fit_spectrum`.
        """
        circuit = model.circuit
        demands = Demands.of(model, options)
        if demands.symbols:
            coords, rules = demands.ready()
        else:
            coords, rules = coordinates(circuit, model.arcs, frozenset()), None
        held = np.full(len(model.names), np.nan)
        for i, value in demands.fixed.items():
            held[i] = value if coords.linear[i] else np.log(value)
        if rules is not None:
            held[list(rules.tied)] = 0.0  # a place to put what the ties give
        curve = Curve.of(circuit, coords, used[0].omega)
        data = np.array([one.impedance for one in used])
        objective = _objective((circuit, coords, curve, data), held, used, options, rules)
        _check(model, used[0], objective)
        low, high = _boxes(objective, demands)
        start = _start(options.start, model, coords, demands)
        return cls(model, objective, low, high, start, frozenset(demands.touched), demands.fixed)

    def given(self, cloud: Cloud) -> Array:
        """Return the user's starts (G, F); what they lack comes from the first spectrum's screen.

        Raises
        ------
        FitError
            If a value lies outside of its bounds; the message says which.
        """
        free = self.objective.free
        own = self.start[free]
        known = ~np.isnan(own)
        if not known.any():
            return np.empty((0, len(free)))
        rows = np.repeat(own[None], 1 if known.all() else GUESSES, axis=0)
        if not known.all():
            u, _ = screen(cloud, self.objective.data[0], self.objective.sigma[0], GUESSES)
            rows = np.where(known, own, u[:, free])
        return np.clip(rows, self.lower[0], self.upper[0])


def _objective(
    parts: tuple[Any, Coordinates, Curve, Array],
    held: Array,
    used: Sequence[Spectrum],
    options: FitOptions,
    rules: Rules | None,
) -> Objective:
    data = parts[3]
    own = np.array([deviations(one, options.weighting, options.quantity) for one in used])
    if (own <= 0).any() or not np.isfinite(own).all():
        raise FitError("a point has zero impedance, so its modulus weight is infinite: mask it")
    if options.part != "complex":
        own[:, :, 1 if options.part == "real" else 0] = np.inf
    if rules is None and options.quantity == "impedance" and options.loss == "linear":
        return Objective(*parts, own, held)
    sigma = own * np.abs(data)[..., None] ** 2 if options.quantity == "admittance" else own
    return GeneralObjective(*parts, sigma, held, options.quantity, own, rules)


def _check(model: Model, used: Spectrum, objective: Objective) -> None:
    free, count = len(objective.free), objective.n_data
    if not free:
        raise FitError(f"{model.name}: every parameter is fixed, there is nothing to fit")
    if count < free:
        raise FitError(
            f"{model.name} has {free} free parameters, {used.label or 'the spectrum'} "
            f"{count} data ({len(used)} points): fix some, or take a smaller model"
        )


def _boxes(objective: Objective, demands: Demands) -> tuple[Array, Array]:
    """Return lower and upper free coordinates, (S, F) each."""
    omega, coords = objective.curve.omega, objective.coords
    modulus = np.abs(objective.data)
    paired = {arc.store for arc in coords.arcs}
    limits = {**{i: s for i, s in demands.tau_bounded.items() if i in paired}, **demands.bounded}
    low, high = box(
        objective.circuit,
        coords,
        resistance=(1e-4 * modulus.min(axis=1), 1e3 * modulus.max(axis=1)),
        tau=(1e-2 / float(omega.max()), 1e3 / float(omega.min())),
    )
    for i, limit in limits.items():
        for row in range(len(low)):
            low[row, i], high[row, i] = _limited(
                limit, (low[row, i], high[row, i]), bool(coords.linear[i])
            )
    free = objective.free
    return np.ascontiguousarray(low[:, free]), np.ascontiguousarray(high[:, free])


def _limited(limit: Span, usual: Span, linear: bool) -> Span:
    """Return the box that a user's limits leave, an end that they do not give as usual."""
    if linear:
        return (limit[0] if limit[0] > 0 else min(usual[0], 0.5 * limit[1])), limit[1]
    a, b = (np.log(end) if 0 < end < np.inf else end for end in limit)
    if limit[0] <= 0:
        a = min(usual[0], b - _FAR)
    if not np.isfinite(limit[1]):
        b = max(usual[1], a + _FAR)
    return float(a), float(b)


def _start(start: Mapping[str, Any], model: Model, coords: Coordinates, demands: Demands) -> Array:
    """Return the coordinates (P,) that a start gives, NaN for those it does not."""
    out = np.full(len(model.names), np.nan)
    if not start:
        return out
    symbols = demands.symbols or symbols_of(model)
    values, taus = np.full(len(out), np.nan), {}
    for name, entry in start.items():
        symbol, value = find(symbols, name), number(entry, name)
        low, high = (demands.tau_bounded if symbol.tau_of else demands.bounded).get(
            symbol.index, (0.0, np.inf)
        )
        if not low <= value <= high:
            raise FitError(
                f"start of {name}: {value:g} lies outside of its bounds ({low:g}, {high:g})"
            )
        if symbol.tau_of is None:
            values[symbol.index] = value
        else:
            taus[symbol.index] = value
    for i, value in demands.fixed.items():
        values[i] = value
    out = coords.to_coordinates(values)
    for arc in coords.arcs:
        if arc.store in taus:
            out[arc.store] = np.log(taus[arc.store])
    return np.asarray(out)
