"""Simulated aging series of three arcs, with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from eisfit import Spectrum
from eisfit.circuit.models import load_model
from eisfit.fitting.result import FitResult

Array = NDArray[np.float64]

MODEL = load_model("zarc3")
HOURS = np.array([0.0, 2.0, 5.0, 10.0, 24.0, 48.0, 100.0, 200.0])
FREQUENCY = np.logspace(7, -2, 73)
LAWS = ("constant", "linear", "parabolic", "logarithmic", "saturating")


@dataclass(frozen=True)
class Aging:
    """A simulated series: spectra and the truth, (T, 3) each for resistance, tau and alpha."""

    spectra: tuple[Spectrum, ...]
    resistance: Array
    tau: Array
    alpha: Array
    law: str
    noise: float

    @property
    def apart(self) -> Array:
        """(T,) smallest distance of two time constants in decades."""
        return np.diff(np.sort(np.log10(self.tau), axis=1), axis=1).min(axis=1)

    def right(self, fits: list[FitResult | None]) -> Array:
        """Return whether each fit has every arc under one name for the whole series, (T,) bool.

        An arc is where the truth is nearest in ln tau and ln R together; the names are those that
        suit the most spectra.
        """
        best = np.zeros(len(fits), dtype=bool)
        for names in permutations(range(3)):
            good = np.array([fit is not None and self.fits(t, fit, names)
                             for t, fit in enumerate(fits)])  # fmt: skip
            best = max(best, good, key=np.sum)
        return best

    def fits(self, t: int, fit: FitResult, names: tuple[int, ...]) -> bool:
        """Return whether the arcs of a fit are these ones of the truth."""
        if len(fit.arcs) < 4:
            return False
        values = fit.value_array()
        arcs = [arc for arc in fit.arcs if arc.has_tau]
        found = np.log([[values[arc.resistance], float(arc.tau_of(values))] for arc in arcs])
        truth = np.log(np.stack([self.resistance[t], self.tau[t]], axis=1))
        away = ((found[:, None] - truth[None]) ** 2).sum(axis=2)
        ways = {way: sum(away[i, k] for i, k in enumerate(way)) for way in permutations(range(3))}
        return min(ways, key=ways.__getitem__) == names


def growth(law: str, factor: float, hours: Array) -> Array:
    """Return a resistance over its first value that reaches `factor` at the end."""
    t = hours / hours[-1]
    shape = {
        "constant": np.zeros_like(t),
        "linear": t,
        "parabolic": np.sqrt(t),
        "logarithmic": np.log1p(50.0 * t) / np.log(51.0),
        "saturating": (1.0 - np.exp(-5.0 * t)) / (1.0 - np.exp(-5.0)),
    }[law]
    return 1.0 + (factor - 1.0) * shape


def aging(rng: np.random.Generator, *, error: float = 0.01, nearest: float = 0.5) -> Aging:
    """Return a random series.

    One resistance grows at least twofold by a random law (by "constant" none does); its
    capacitance stays or drifts, and so do the others' resistances and capacitances. Time constants
    stay at least `nearest` decades apart. The noise is such that the largest standard error of a
    resistance is `error`.
    """
    law = LAWS[rng.integers(len(LAWS))]
    while True:
        resistance, tau = _drifting(rng, law)
        gaps = np.diff(np.sort(np.log10(tau), axis=1), axis=1)
        window = tau.min() > 1e-7 and tau.max() < 10.0
        if window and nearest <= gaps.min() <= max(2.0 * nearest, 1.0):
            break
    alpha = np.repeat(rng.uniform(0.8, 1.0, (1, 3)), len(HOURS), axis=0)
    return simulate(rng, resistance, tau, alpha, law=law, error=error)


def _drifting(rng: np.random.Generator, law: str) -> tuple[Array, Array]:
    progress = (HOURS / HOURS[-1])[:, None] ** rng.uniform(0.5, 1.0, (1, 3))
    first = np.exp(rng.normal(np.log(50.0), 0.7, 3))
    resistance = first * np.exp(rng.normal(0.0, 0.15, 3) * progress)
    capacitance = 10.0 ** np.sort(rng.uniform(-8.0, -1.5, 3)) * np.exp(
        rng.normal(0.0, 0.3, 3) * progress
    )
    resistance[:, rng.integers(3)] *= growth(law, rng.uniform(2.0, 6.0), HOURS)
    return resistance, resistance * capacitance


def simulate(
    rng: np.random.Generator,
    resistance: Array,
    tau: Array,
    alpha: Array,
    *,
    law: str = "",
    noise: float | None = None,
    error: float = 0.01,
) -> Aging:
    """Return the spectra of given arcs (T, 3) with a series resistance of 10 ohm, and noise.

    Noise relative to |Z|; else what gives resistances a standard error of `error` at most.
    """
    count = len(MODEL.names)
    values = np.empty((len(tau), count))
    values[:, 0] = 10.0
    values[:, 1::3] = resistance
    values[:, 2::3] = tau**alpha / resistance
    values[:, 3::3] = alpha
    z = MODEL.impedance(FREQUENCY, values)
    if noise is None:
        noise = min(error / max(largest_error(row) for row in values), 0.01)
    scatter = rng.normal(size=(2, *z.shape))
    noisy = z + noise * np.abs(z) * (scatter[0] + 1j * scatter[1])
    spectra = tuple(Spectrum(FREQUENCY, one, label=f"{h:g} h")
                    for h, one in zip(HOURS, noisy, strict=False))  # fmt: skip
    return Aging(spectra, resistance, tau, alpha, law, noise)


def largest_error(values: Array) -> float:
    """Return the largest relative standard error of a resistance at a noise of 1 (|Z|)."""
    omega = 2.0 * np.pi * FREQUENCY
    z, slopes = MODEL.circuit.evaluate(omega, values)
    rows = slopes / np.abs(z)
    jacobian = np.concatenate([rows.real, rows.imag], axis=1) * values[:, None]
    size = np.linalg.norm(jacobian, axis=1)
    inverse = np.linalg.inv((jacobian / size[:, None]) @ (jacobian / size[:, None]).T)
    return float((np.sqrt(np.diag(inverse)) / size)[[0, 1, 4, 7]].max())


def crossing(rng: np.random.Generator, noise: float) -> Aging:
    """Return a random series in which one time constant overtakes another.

    Its resistance grows 5 to 30 times; the two capacitances differ at least twofold and drift by
    some 10 %.
    """
    while True:
        law = LAWS[rng.integers(1, len(LAWS))]
        ratio = rng.uniform(5.0, 30.0)
        ahead = ratio ** rng.uniform(0.35, 0.65)
        progress = (HOURS / HOURS[-1])[:, None] ** rng.uniform(0.5, 1.0, (1, 3))
        last = 10.0 ** rng.uniform(2.0, 3.5)
        tau = 10.0 ** rng.uniform(-5.0, -3.0) * np.array([1.0, ahead, last])
        resistance = np.exp(rng.normal(np.log(50.0), 0.5, 3))
        capacitance = tau / resistance * np.exp(rng.normal(0.0, 0.1, 3) * progress)
        resistance = resistance * np.exp(rng.normal(0.0, 0.1, 3) * progress)
        resistance[:, 0] *= growth(law, ratio, HOURS)
        tau = resistance * capacitance
        unlike = abs(np.log10(capacitance[0, 0] / capacitance[0, 1])) > 0.3
        if unlike and tau[-1, 0] > tau[-1, 1]:
            break
    alpha = np.repeat(rng.uniform(0.85, 1.0, (1, 3)), len(HOURS), axis=0)
    return simulate(rng, resistance, tau, alpha, law=law, noise=noise)


def cooling(rng: np.random.Generator, noise: float) -> Aging:
    """Return a random temperature series, 45 to -25 C, in which a time constant overtakes another.

    Activation energies of 0.2 to 0.6 eV; capacitances drift by some 10 %.
    """
    inverse = 1.0 / 8.617e-5 * (1.0 / np.linspace(318.0, 248.0, 8) - 1.0 / 298.0)
    while True:
        energy = rng.uniform(0.2, 0.6, 3)
        resistance = np.exp(rng.normal(np.log(50.0), 0.5, 3) + energy * inverse[:, None])
        drift = np.exp(rng.normal(0.0, 0.1, 3) * np.linspace(0.0, 1.0, 8)[:, None])
        tau = resistance * 10.0 ** np.sort(rng.uniform(-8.0, -3.0, 3)) * drift
        gaps = np.diff(np.log10(tau), axis=1)
        inside = tau.min() > 1e-7 and tau.max() < 3.0
        if inside and np.abs(gaps[[0, -1]]).min() > 0.5 and (gaps[0] * gaps[-1] < 0).any():
            break
    alpha = np.repeat(rng.uniform(0.85, 1.0, (1, 3)), 8, axis=0)
    return simulate(rng, resistance, tau, alpha, noise=noise)
