"""The laws that a resistance may grow by, R(t) = R0 + k g(t; t0), and their least squares.

Parabolic: a layer that grows by diffusion through itself has a thickness that goes with the square
root of time (C. Wagner, Z. phys. Chem. B 21 (1933) 25); for the interphases of sulphide
electrolytes S. Wenzel et al., Solid State Ionics 278 (2015) 98; 286 (2016) 24. Logarithmic and
saturating: layers that hinder their own growth, N. Cabrera, N. F. Mott, Rep. Prog. Phys. 12 (1949)
163. R0 and k follow in closed form for each t0 (G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10
(1973) 413), so that t0 is all there is to search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

COARSE = 240  # points of the first grid of t0, some 40 a decade
FINE = 400
SHORT, LONG = 0.1, 10.0  # t0 from a tenth of the shortest time to ten times the longest


@dataclass(frozen=True)
class Law:
    """A law of growth: its name, formula, the time unit of its k, and g(t, t0)."""

    name: str
    formula: str
    per_time: str
    shape: Callable[[Array, Array], Array]
    has_t0: bool = False

    @property
    def n_parameters(self) -> int:
        """Number of parameters: R0; k; t0."""
        if self.name == "constant":
            return 1
        return 3 if self.has_t0 else 2


LAWS: tuple[Law, ...] = (
    Law("constant", "R0", "", lambda t, t0: np.zeros_like(t * t0)),
    Law("linear", "R0 + k t", "/h", lambda t, t0: t * np.ones_like(t0)),
    Law("parabolic", "R0 + k sqrt(t)", "/h^0.5", lambda t, t0: np.sqrt(t) * np.ones_like(t0)),
    Law("logarithmic", "R0 + k ln(1 + t/t0)", "", lambda t, t0: np.log1p(t / t0), True),
    Law("saturating", "R0 + k (1 - exp(-t/t0))", "", lambda t, t0: -np.expm1(-t / t0), True),
)


@dataclass(frozen=True, eq=False)
class Profile:
    """Least squares over a grid of t0: all (G,), G = 1 where the law has no t0.

    At t0 the best R0 and k, the variance of each for the errors as given, and chi-square.
    """

    t0: Array
    r0: Array
    k: Array
    r0_variance: Array
    k_variance: Array
    chi_square: Array

    @property
    def best(self) -> int:
        """Index of the smallest chi-square."""
        return int(np.argmin(self.chi_square))

    @property
    def lowest(self) -> float:
        """The smallest chi-square."""
        return float(np.min(self.chi_square))


def profile(
    law: Law, time: Array, values: Array, sigma: Array, rise: Callable[[float], float]
) -> Profile:
    """Return a law's least squares over t0.

    Parameters
    ----------
    time, values, sigma : (n,) h, ohm, ohm
    rise : function of the lowest chi-square
        By how much chi-square may be above it where the fine grid of t0 ends.
    """
    if not law.has_t0:
        return _solve(law, np.array([np.nan]), time, values, sigma)
    first, last = _limits(time)
    grid = np.geomspace(first, last, COARSE)
    for _ in range(2):  # the second pass is fine enough for a minimum far narrower than a cell
        found = _solve(law, grid, time, values, sigma)
        inside = np.flatnonzero(found.chi_square <= found.lowest + rise(found.lowest))
        low, high = max(inside[0] - 1, 0), min(inside[-1] + 1, len(grid) - 1)
        here = found.best
        near = np.geomspace(grid[max(here - 1, 0)], grid[min(here + 1, len(grid) - 1)], FINE // 4)
        grid = np.unique(np.concatenate([np.geomspace(grid[low], grid[high], FINE), near]))
    return _solve(law, grid, time, values, sigma)


def _limits(time: Array) -> tuple[float, float]:
    """Return the smallest and largest t0 that times can say anything about, in h."""
    return SHORT * float(time[time > 0].min()), LONG * float(time.max())


def _solve(law: Law, t0: Array, time: Array, values: Array, sigma: Array) -> Profile:
    """Return R0, k and chi-square in closed form at each t0."""
    weight = 1.0 / sigma**2
    total = weight.sum()
    mean = float(weight @ values / total)
    if law.n_parameters == 1:
        chi_square = np.array([weight @ (values - mean) ** 2])
        one = np.ones(1)
        return Profile(t0, mean * one, 0.0 * one, one / total, 0.0 * one, chi_square)
    g = law.shape(time, np.where(np.isnan(t0), 1.0, t0)[:, None])
    center = g @ weight / total
    spread = (g - center[:, None]) ** 2 @ weight
    k = (g - center[:, None]) @ (weight * (values - mean)) / spread
    r0 = mean - k * center
    misfit = (values - r0[:, None] - k[:, None] * g) ** 2 @ weight
    return Profile(t0, r0, k, 1.0 / total + center**2 / spread, 1.0 / spread, misfit)
