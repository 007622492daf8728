"""Spectra whose gamma is known: the suite of peaks, and shapes that no model of ours contains.

Every case comes from its own seed. Time constants lie at least 1.2 decades apart and a decade
inside the window, noise is 0.05 to 0.5 % of the modulus in either part, every third spectrum has an
inductance, and the grids are 7 MHz to 1 Hz with 70 points and 1 MHz to 10 mHz with 81.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eisfit import Spectrum

FloatArray = NDArray[np.float64]
Gamma = Callable[[FloatArray], FloatArray]
LN10 = np.log(10.0)
FAMILIES = ("zarc", "hn", "lognormal")
FOREIGN = ("split", "triangle", "box", "student", "sech2")


@dataclass(frozen=True, eq=False)
class Case:
    """A noisy spectrum, and what it was made of, by ascending relaxation time.

    `places` holds ln tau of every peak's maximum (of its middle, where it is flat).
    """

    spectrum: Spectrum
    places: FloatArray
    resistances: FloatArray
    resistance_inf: float
    noise: float
    gammas: tuple[Gamma, ...]
    clean: NDArray[np.complex128]

    def gamma(self, tau: FloatArray) -> FloatArray:
        """Return the true gamma in ohm at `tau` in s."""
        return np.sum([g(np.log(tau)) for g in self.gammas], axis=0)

    def measured_again(self, draw: int) -> Case:
        """Return the case with other noise of the same size, from the seed `draw`."""
        both = np.random.default_rng([20262, draw]).standard_normal((2, len(self.clean)))
        impedance = self.clean + np.abs(self.clean) * self.noise * (both[0] + 1j * both[1])
        spectrum = Spectrum(self.spectrum.frequency, impedance, label=self.spectrum.label)
        return replace(self, spectrum=spectrum)


def havriliak_negami(
    omega: FloatArray, center: float, resistance: float, a: float, b: float
) -> tuple[NDArray[np.complex128], Gamma]:
    """Z = R / (1 + (j w tau)^a)^b; gamma from Z at negative real time (Stieltjes inversion)."""

    def gamma(u: FloatArray) -> FloatArray:
        cut = 1 + np.exp(-(u - center) * a) * np.exp(1j * np.pi * a)
        return resistance / np.pi * np.abs(np.imag(cut**-b))

    return resistance / (1 + (1j * omega * np.exp(center)) ** a) ** b, gamma


def by_quadrature(
    omega: FloatArray, center: float, resistance: float, shape: Gamma, edges: tuple[float, ...]
) -> tuple[NDArray[np.complex128], Gamma]:
    """Return impedance and gamma of any shape over x = ln tau - center, smooth between `edges`."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    panels = np.concatenate([np.linspace(a, b, 41) for a, b in pairwise(edges)])
    low, high = panels[:-1], panels[1:]
    x = ((high + low)[:, None] + (high - low)[:, None] * nodes).ravel() / 2
    w = ((high - low)[:, None] * weights).ravel() / 2
    area = float(w @ shape(x))
    mass = w * shape(x) * resistance / area

    def gamma(u: FloatArray) -> FloatArray:
        return resistance / area * shape(u - center)

    return (mass / (1 + 1j * omega[:, None] * np.exp(center + x))).sum(axis=1), gamma


def _own(random: np.random.Generator, shape: str, omega: FloatArray, center: float, r: float):
    if shape == "zarc":
        return havriliak_negami(omega, center, r, random.uniform(0.7, 0.97), 1.0)
    if shape == "hn":
        a, b = random.uniform(0.75, 0.95), random.uniform(0.6, 1.0)
        return havriliak_negami(omega, center, r, a, b)
    width = random.uniform(0.25, 0.8)
    return by_quadrature(
        omega, center, r, lambda x: np.exp(-0.5 * (x / width) ** 2), (-9 * width, 0.0, 9 * width)
    )


def _foreign(random: np.random.Generator, shape: str, omega: FloatArray, center: float, r: float):
    w = random.uniform(0.4, 1.0)
    if shape == "split":
        v = w * random.uniform(1.3, 2.5) ** random.choice([-1.0, 1.0])
        form = lambda x: np.exp(-0.5 * (x / np.where(x < 0, w, v)) ** 2)  # noqa: E731
        edges = (-9 * w, 0.0, 9 * v)
    elif shape == "triangle":
        form, edges = lambda x: np.clip(1 - np.abs(x) / (2.4 * w), 0, None), (-2.4 * w, 0, 2.4 * w)
    elif shape == "box":
        form, edges = lambda x: (np.abs(x) <= 1.7 * w) * 1.0, (-1.7 * w, 1.7 * w)
    elif shape == "student":
        form, edges = lambda x: (1 + (x / w) ** 2 / 3) ** -2, (-60.0, 0.0, 60.0)
    else:
        form, edges = lambda x: np.cosh(np.clip(x / w, -300, 300)) ** -2, (-20 * w, 0.0, 20 * w)
    return by_quadrature(omega, center, r, form, edges)


def make(seed: int, foreign: bool = False) -> Case:
    """Return the case of a seed; `foreign` takes its shapes from outside the model's families."""
    random = np.random.default_rng([20261, seed, int(foreign)])
    wide = random.random() < 0.5
    frequency = np.geomspace(7e6, 1, 70) if wide else np.geomspace(1e6, 1e-2, 81)
    omega = 2 * np.pi * frequency
    low, high = -np.log(omega[0]) + LN10, -np.log(omega[-1]) - LN10
    count = int(random.integers(1, 5))
    while True:
        centers = np.sort(random.uniform(low, high, count))
        if count == 1 or np.diff(centers).min() >= 1.2 * LN10:
            break
    family = FOREIGN if foreign else FAMILIES
    kind = str(random.choice([*family, "mixed"]))
    series = 10 ** random.uniform(0, 2)
    resistances = 10 ** (random.uniform(1, 2.5) + random.uniform(-0.5, 0.5, count))
    impedance, gammas, places = np.full(len(omega), series + 0j), [], []
    grid = np.linspace(-3 * LN10, 3 * LN10, 6001)
    for center, resistance in zip(centers, resistances, strict=True):
        shape = kind if kind != "mixed" else str(random.choice(family))
        one = _foreign if foreign else _own
        z, gamma = one(random, shape, omega, center, resistance)
        impedance += z
        gammas.append(gamma)
        height = gamma(center + grid)
        places.append(center + grid[height >= height.max() * (1 - 1e-9)].mean())
    if random.random() < 1 / 3:
        impedance += 1j * omega * 10 ** random.uniform(-8, -6.5)
    noise = 10 ** random.uniform(np.log10(5e-4), np.log10(5e-3))
    both = random.standard_normal((2, len(omega)))
    measured = impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])
    spectrum = Spectrum(frequency, measured, label=f"{kind} {seed}")
    return Case(spectrum, np.array(places), resistances, series, noise, tuple(gammas), impedance)
