"""Peaks of random spectra of one to four processes whose gamma is known in closed form.

Time constants lie at least 1.2 decades apart and a decade inside the window; noise is 0.05 to 0.5 %
of the modulus; every third spectrum has an inductance.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from eisfit import Spectrum
from eisfit.relaxation import drt_spectrum

LN10 = np.log(10)
NEAR = 0.25 * LN10


@dataclass
class Case:
    spectrum: Spectrum
    places: np.ndarray
    resistances: np.ndarray
    resistance_inf: float
    gammas: list

    def gamma(self, tau):
        return sum(g(np.log(tau)) for g in self.gammas)


def havriliak_negami(random, omega, center, resistance, symmetric):
    """Z = R / (1 + (j w tau)^a)^b; gamma from Z at negative real time (Stieltjes inversion)."""
    a = random.uniform(0.7, 0.97) if symmetric else random.uniform(0.75, 0.95)
    b = 1.0 if symmetric else random.uniform(0.6, 1.0)

    def gamma(u):
        cut = 1 + np.exp(-(u - center) * a) * np.exp(1j * np.pi * a)
        return resistance / np.pi * np.abs(np.imag(cut**-b))

    return resistance / (1 + (1j * omega * np.exp(center)) ** a) ** b, gamma


def lognormal(random, omega, center, resistance):
    width = random.uniform(0.25, 0.8)

    def gamma(u):
        x = (u - center) / width
        return resistance * np.exp(-(x**2) / 2) / (width * np.sqrt(2 * np.pi))

    u = center + width * np.linspace(-8, 8, 801)
    weights = gamma(u) * (u[1] - u[0])
    return (weights / (1 + 1j * omega[:, None] * np.exp(u))).sum(axis=1), gamma


def make(seed):
    random = np.random.default_rng([20260, seed])
    wide = random.random() < 0.5
    frequency = np.geomspace(7e6, 1, 70) if wide else np.geomspace(1e6, 1e-2, 81)
    omega = 2 * np.pi * frequency
    low, high = -np.log(omega[0]) + LN10, -np.log(omega[-1]) - LN10
    count = random.integers(1, 5)
    while True:
        centers = np.sort(random.uniform(low, high, count))
        if count == 1 or np.diff(centers).min() >= 1.2 * LN10:
            break
    kind = random.choice(["zarc", "hn", "lognormal", "mixed"])
    series = 10 ** random.uniform(0, 2)
    resistances = 10 ** (random.uniform(1, 2.5) + random.uniform(-0.5, 0.5, count))
    impedance, gammas, places = np.full(len(omega), series + 0j), [], []
    grid = np.linspace(low - LN10, high + LN10, 4001)
    for center, resistance in zip(centers, resistances, strict=True):
        shape = kind if kind != "mixed" else random.choice(["zarc", "hn", "lognormal"])
        if shape == "lognormal":
            z, gamma = lognormal(random, omega, center, resistance)
        else:
            z, gamma = havriliak_negami(random, omega, center, resistance, shape == "zarc")
        impedance += z
        gammas.append(gamma)
        places.append(grid[gamma(grid).argmax()])
    if random.random() < 1 / 3:
        impedance += 1j * omega * 10 ** random.uniform(-8, -6.5)
    noise = 10 ** random.uniform(np.log10(5e-4), np.log10(5e-3))
    both = random.standard_normal((2, len(omega)))
    impedance = impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])
    spectrum = Spectrum(frequency, impedance)
    return Case(spectrum, np.array(places), resistances, series, gammas)


def score(seeds, **options):
    found = missed = false = 0
    l2, errors = [], []
    for seed in seeds:
        case = make(seed)
        result = drt_spectrum(case.spectrum, **options)
        inside, truth = result.in_window, case.gamma(result.tau)
        l2.append(np.linalg.norm((result.gamma - truth)[inside]) / np.linalg.norm(truth[inside]))
        rows = [row for row in result.peak_rows if row["status"] != "outside window"]
        tau = np.log([row["tau_s"] for row in rows])
        near = np.abs(tau[:, None] - case.places) < NEAR
        found += near.any(axis=0).sum()
        missed += (~near.any(axis=0)).sum()
        false += (~near.any(axis=1)).sum()
        for k in np.flatnonzero(near.any(axis=0)):
            nearest = rows[int(np.abs(tau - case.places[k]).argmin())]
            errors.append(abs(nearest["resistance_ohm"] / case.resistances[k] - 1))
    recall, precision = found / (found + missed), found / (found + false)
    return recall, precision, np.median(l2), np.percentile(l2, 90), np.median(errors)


def test_the_suite_itself_is_right():
    """Kernel times closed-form gamma gives the closed-form impedance, for every family."""
    random = np.random.default_rng(1)
    omega = np.array([0.03, 1.0, 40.0])
    u = np.linspace(-60, 60, 24001)
    for z, gamma in (
        havriliak_negami(random, omega, 0.3, 5.0, True),
        havriliak_negami(random, omega, 0.3, 5.0, False),
        lognormal(random, omega, 0.3, 5.0),
    ):
        direct = np.trapezoid(gamma(u) / (1 + 1j * omega[:, None] * np.exp(u)), u)
        np.testing.assert_allclose(direct, z, rtol=1e-5)


def test_true_peaks_and_few_others():
    recall, precision, median, ninetieth, error = score(range(24), samples=60)
    assert recall >= 0.97
    assert precision >= 0.95
    assert median <= 0.06
    assert ninetieth <= 0.20
    assert error <= 0.015


@pytest.mark.slow
def test_true_peaks_and_few_others_over_many_spectra():
    recall, precision, median, ninetieth, error = score(range(1000, 1160))
    assert recall >= 0.99
    assert precision >= 0.97
    assert median <= 0.06
    assert ninetieth <= 0.20
    assert error <= 0.015


def test_adaptive_penalty_beats_the_plain_one():
    """Measured over the literature's penalty with lambda by GCV, on the same spectra."""
    adaptive = score(range(100, 116), samples=0)[2]
    plain = score(range(100, 116), samples=0, method="tikhonov", regularization="gcv")[2]
    assert adaptive < 0.9 * plain
