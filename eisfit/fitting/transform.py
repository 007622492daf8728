"""Parameters to free coordinates and back, with the Jacobian of the change.

Everything positive is worked in by its logarithm, an exponent alpha as it is, and the C or Q of an
arc by ln tau, tau = (R Q)^(1/alpha): these are what the data determine, nearly independently.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.circuit import Circuit

Array = NDArray[Any]

ALPHA_FLOOR = 0.2  # below it a CPE can hardly be told from a resistance


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The change between values p and coordinates u of one circuit; shapes (..., P).

    Attributes
    ----------
    linear : (P,) bool
        Parameters that are their own coordinate: exponents.
    arcs : tuple of Arc
        Arcs whose store is worked in by ln tau.
    """

    linear: Array
    arcs: tuple[Arc, ...]

    def to_values(self, u: Array) -> Array:
        """Return the values of coordinates."""
        p = np.array(u, dtype=np.float64)
        for arc in self.arcs:
            alpha = 1.0 if arc.alpha is None else u[..., arc.alpha]
            p[..., arc.store] = alpha * u[..., arc.store] - u[..., arc.resistance]
        positive = ~self.linear
        p[..., positive] = np.exp(p[..., positive])
        return p

    def to_coordinates(self, p: Array) -> Array:
        """Return the coordinates of (positive) values."""
        u = np.array(p, dtype=np.float64)
        positive = ~self.linear
        u[..., positive] = np.log(u[..., positive])
        for arc in self.arcs:
            alpha = 1.0 if arc.alpha is None else p[..., arc.alpha]
            u[..., arc.store] = (u[..., arc.store] + u[..., arc.resistance]) / alpha
        return u

    def pull_back(self, slopes: Array, p: Array, u: Array) -> Array:
        """Turn derivatives by values (..., P, N) into derivatives by coordinates, in place."""
        slopes *= np.where(self.linear, 1.0, p)[..., None]
        for arc in self.arcs:
            store = slopes[..., arc.store, :]
            slopes[..., arc.resistance, :] -= store
            if arc.alpha is not None:
                slopes[..., arc.alpha, :] += u[..., arc.store, None] * store
                slopes[..., arc.store, :] *= u[..., arc.alpha, None]
        return slopes

    def tangent(self, u: Array) -> Array:
        """Return dp/du, (..., P, P), at points u (..., P)."""
        p = self.to_values(u)
        slopes = np.zeros((*p.shape, p.shape[-1]))
        index = np.arange(p.shape[-1])
        slopes[..., index, index] = 1.0
        return self.pull_back(slopes, p, u).swapaxes(-1, -2)


@lru_cache(maxsize=256)
def coordinates(
    circuit: Circuit, arcs: tuple[Arc, ...], constrained: frozenset[int]
) -> Coordinates:
    """Return the coordinates of a circuit.

    An arc whose C or Q the user fixed or bounded (`constrained`, indices) keeps it as it is.
    """
    linear = np.array([slot.parameter.is_exponent for slot in circuit.slots])
    paired = tuple(a for a in arcs if a.store is not None and a.store not in constrained)
    return Coordinates(linear, paired)


def box(
    circuit: Circuit, coords: Coordinates, resistance: tuple[Array, Array], tau: tuple[float, float]
) -> tuple[Array, Array]:
    """Return lower and upper coordinates (S, P) that hold whatever data of this size can tell.

    Parameters
    ----------
    resistance : (low, high) in ohm, (S,) each
    tau : (low, high) in s
        The spans of impedances and of relaxation times considered.
    """
    ohm, lower, upper, least, most = _sides(circuit, coords, tau)
    one, other = (np.log(end)[:, None] * ohm for end in resistance)
    # An element's own bounds hold where they say more than "positive"
    return (
        np.maximum(np.minimum(one, other) + lower, least),
        np.minimum(np.maximum(one, other) + upper, most),
    )


@lru_cache(maxsize=64)
def _sides(
    circuit: Circuit, coords: Coordinates, tau: tuple[float, float]
) -> tuple[Array, Array, Array, Array, Array]:
    """Return each parameter's power of ohm, its span by time alone, and its element's bounds."""
    ln_tau = np.log(tau)
    size = len(circuit.slots)
    ohm, lower, upper = np.zeros(size), np.empty(size), np.empty(size)
    least, most = np.full(size, -np.inf), np.full(size, np.inf)
    for i, slot in enumerate(circuit.slots):
        spec = slot.parameter
        if spec.is_exponent:
            lower[i], upper[i] = max(spec.lower, ALPHA_FLOOR), spec.upper
            continue
        if spec.ohm == 0 and spec.second == 0:
            lower[i], upper[i] = np.log(1e-4), np.log(1e4)
            continue
        seconds = (ALPHA_FLOOR, 1.0) if spec.second == "alpha" else (float(spec.second),)
        corners = [s * t for t in ln_tau for s in seconds]
        ohm[i], lower[i], upper[i] = spec.ohm, min(corners), max(corners)
        if spec.lower > 0:
            least[i] = np.log(spec.lower)
        if np.isfinite(spec.upper):
            most[i] = np.log(spec.upper)
    for i in (arc.store for arc in coords.arcs if arc.store is not None):
        ohm[i], lower[i], upper[i], least[i], most[i] = 0.0, *ln_tau, -np.inf, np.inf
    return ohm, lower, upper, least, most
