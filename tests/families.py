"""Synthetic spectra of known truth, for tests of the fit; parameters drawn by seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from eisfit.circuit.models import Model, load_model
from eisfit.spectrum import Spectrum

WIDE = np.geomspace(7e6, 1.0, 70)
SLOW = np.geomspace(1e6, 1e-2, 81)

Draw = Callable[[np.random.Generator, NDArray], dict[str, float]]


@dataclass(frozen=True)
class Case:
    """A spectrum, the model it is of, and the values it was made with."""

    spectrum: Spectrum
    model: Model
    truth: dict[str, float]
    noise: float


def noisy(z: NDArray, noise: float, rng: np.random.Generator) -> NDArray:
    """Return the impedance with independent noise of `noise` times the modulus on both parts."""
    return z + noise * np.abs(z) * (rng.normal(size=z.shape) + 1j * rng.normal(size=z.shape))


def arc(i: int, resistance: float, tau: float, alpha: float) -> dict[str, float]:
    """Return the parameters of p(Ri,CPEi)."""
    return {f"R{i}": resistance, f"CPE{i}_0": tau**alpha / resistance, f"CPE{i}_1": alpha}


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _times(rng: np.random.Generator, f: NDArray, count: int, apart: float) -> NDArray:
    low, high = -np.log10(2 * np.pi * f.max()) + 0.6, -np.log10(2 * np.pi * f.min()) - 0.6
    while True:
        places = np.sort(rng.uniform(low, high, count))
        if count == 1 or np.diff(places).min() > apart:
            return 10.0**places


def _arcs(count: int) -> Draw:
    def draw(rng: np.random.Generator, f: NDArray) -> dict[str, float]:
        values = {"R0": _log(rng, 5, 200)}
        for i, tau in enumerate(_times(rng, f, count, 1.0 if count < 5 else 0.9), 1):
            values |= arc(i, _log(rng, 10, 1000), tau, rng.uniform(0.7, 1.0))
        return values

    return draw


def _blocking(rng: np.random.Generator, f: NDArray) -> dict[str, float]:
    first = rng.uniform(0.3, 1.5) - np.log10(2 * np.pi * f.max())
    second = first + rng.uniform(0.8, 2.0)
    return {
        "R0": _log(rng, 1, 100),
        **arc(1, _log(rng, 50, 1000), 10**first, rng.uniform(0.8, 1.0)),
        **arc(2, _log(rng, 50, 1000), 10**second, rng.uniform(0.8, 1.0)),
        "CPE3_0": _log(rng, 1e-7, 1e-5),
        "CPE3_1": rng.uniform(0.7, 0.98),
    }


def _battery(rng: np.random.Generator, f: NDArray) -> dict[str, float]:
    first = rng.uniform(1.0, 2.5) - np.log10(2 * np.pi * f.max())
    second = first + rng.uniform(1.0, 2.0)
    return {
        "L0": _log(rng, 1e-8, 3e-7),
        "R0": _log(rng, 5, 50),
        **arc(1, _log(rng, 10, 200), 10**first, rng.uniform(0.75, 1.0)),
        **arc(2, _log(rng, 10, 200), 10**second, rng.uniform(0.75, 1.0)),
        "Wo1_0": _log(rng, 10, 300),
        "Wo1_1": 10 ** (second + rng.uniform(1.0, 2.5)),
    }


def _ladder(rng: np.random.Generator, f: NDArray) -> dict[str, float]:
    first = rng.uniform(1.0, 2.5) - np.log10(2 * np.pi * f.max())
    second = first + rng.uniform(1.0, 2.5)
    return {
        "R0": _log(rng, 5, 100),
        **arc(1, _log(rng, 20, 500), 10**first, rng.uniform(0.75, 1.0)),
        **arc(2, _log(rng, 20, 500), 10**second, rng.uniform(0.75, 1.0)),
    }


def _gerischer(rng: np.random.Generator, f: NDArray) -> dict[str, float]:
    first = rng.uniform(0.8, 2.0) - np.log10(2 * np.pi * f.max())
    return {
        "R0": _log(rng, 5, 100),
        **arc(1, _log(rng, 20, 500), 10**first, rng.uniform(0.75, 1.0)),
        "G1_0": _log(rng, 20, 500),
        "G1_1": 10 ** (first + rng.uniform(1.2, 3.0)),
    }


def _line(rng: np.random.Generator, f: NDArray) -> dict[str, float]:
    first = rng.uniform(0.8, 2.0) - np.log10(2 * np.pi * f.max())
    resistance, alpha = _log(rng, 20, 500), rng.uniform(0.8, 1.0)
    tau = 10 ** (first + rng.uniform(1.5, 3.0))
    return {
        "R0": _log(rng, 5, 100),
        **arc(1, _log(rng, 20, 500), 10**first, rng.uniform(0.75, 1.0)),
        "TLMQ1_0": resistance,
        "TLMQ1_1": tau**alpha / resistance,
        "TLMQ1_2": alpha,
    }


FAMILIES: dict[str, tuple[str, Draw]] = {
    "two arcs": ("R0-p(R1,CPE1)-p(R2,CPE2)", _arcs(2)),
    "three arcs": ("R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)", _arcs(3)),
    "four arcs": ("R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)-p(R4,CPE4)", _arcs(4)),
    "five arcs": ("R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)-p(R4,CPE4)-p(R5,CPE5)", _arcs(5)),
    "blocking pellet": ("R0-p(R1,CPE1)-p(R2,CPE2)-CPE3", _blocking),
    "battery": ("L0-R0-p(R1,CPE1)-p(R2-Wo1,CPE2)", _battery),
    "ladder": ("R0-p(R1-p(R2,CPE2),CPE1)", _ladder),
    "Gerischer": ("R0-p(R1,CPE1)-G1", _gerischer),
    "transmission line": ("R0-p(R1,CPE1)-TLMQ1", _line),
}


def make(family: str, seed: int) -> Case:
    """Return the case of a family with this seed; noise between 0.1 and 1 %."""
    rng = np.random.default_rng([seed, list(FAMILIES).index(family)])
    text, draw = FAMILIES[family]
    f = SLOW if family == "battery" else (WIDE, SLOW)[rng.integers(2)]
    truth = draw(rng, f)
    noise = 10 ** rng.uniform(-3.0, -2.0)
    model = load_model(text)
    z = noisy(model.impedance(f, truth), noise, rng)
    return Case(Spectrum(f, z, label=f"{family} {seed}"), model, truth, noise)


def lowest_from(model: Model, spectrum: Spectrum, values: ArrayLike) -> float:
    """Return the chi-square that scipy's own optimiser reaches from these values (P,)."""
    exponent = np.array([slot.parameter.is_exponent for slot in model.circuit.slots])
    f, z = spectrum.frequency, spectrum.impedance

    def residuals(x: NDArray) -> NDArray:
        difference = model.impedance(f, np.where(exponent, x, np.exp(x))) - z
        return (difference / np.abs(z)).view(float)

    start = np.where(exponent, values, np.log(values))
    limits = (-np.inf, np.where(exponent, 1.0 + 1e-12, np.inf))
    found = least_squares(residuals, start, bounds=limits, xtol=1e-14, ftol=1e-14)
    return 2.0 * float(found.cost)


def best_from_truth(case: Case) -> float:
    """Return the chi-square that scipy's own optimiser reaches from the true values."""
    truth = [case.truth[name] for name in case.model.names]
    return lowest_from(case.model, case.spectrum, truth)
