"""Tails, odd data and the other daily cases, against what was put in."""

import numpy as np
import pytest

import eisfit

FREQUENCY = np.geomspace(7e6, 1.0, 69)
S = 2j * np.pi * FREQUENCY
ARCS = 25 + 90 / (1 + (S * 4e-7) ** 0.9) + 140 / (1 + (S * 1.5e-5) ** 0.85)
TAILS = {
    "none": 0 * S,
    "CPE": 4e4 * S**-0.9,
    "capacitor": 1e4 / S,
    "Warburg": 900 / np.sqrt(S),
    "arc and capacitor": 300 / (1 + (S * 8e-3) ** 0.9) + 3e4 / S,
    "inductance": 1e-7 * S,
    "inductance and CPE": 1e-7 * S + 4e4 * S**-0.9,
    "arc cut by the window": 5e4 / (1 + (S * 3) ** 0.9),
    "Gerischer": 500 / np.sqrt(1 + S * 0.03),
    "finite length": 400 * np.tanh(np.sqrt(S * 0.08)) / np.sqrt(S * 0.08),
}


def noisy(impedance, noise=1e-3, seed=88):
    both = np.random.default_rng(seed).standard_normal((2, len(impedance)))
    return impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])


@pytest.mark.parametrize("name", TAILS)
def test_a_tail_leaves_the_fast_peaks_as_they_are(name):
    result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS + TAILS[name])))
    fast = [row for row in result.peak_rows if row["tau_s"] < 1.5e-4]
    assert [row["status"] for row in fast] == ["ok", "ok"]
    for row, tau, resistance in zip(fast, (4e-7, 1.5e-5), (90, 140), strict=True):
        assert abs(np.log10(row["tau_s"] / tau)) < 0.03
        assert row["resistance_ohm"] == pytest.approx(resistance, rel=0.04)
    assert result.rms < 1.3e-3


@pytest.mark.parametrize("alpha", [0.63, 0.745, 0.87, 0.937])
def test_a_tail_of_any_exponent_is_followed_and_leaves_the_arcs_as_they_are(alpha):
    """A sum over coarse exponents is off by a percent, which slow peaks of gamma then filled."""
    size = 20 * 1.5e-5**-alpha  # 20 ohm where the slower arc is
    tail = size * S**-alpha
    for seed in range(5):
        result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS + tail, seed=seed)))
        fast = [row for row in result.peak_rows if row["tau_s"] < 1.5e-4]
        assert [row["status"] for row in fast] == ["ok", "ok"]
        for row, resistance in zip(fast, (90, 140), strict=True):
            assert row["resistance_ohm"] == pytest.approx(resistance, rel=0.05)
        low = FREQUENCY < 1e3
        np.testing.assert_allclose(result.tail_impedance[low], tail[low], rtol=0.15)
        slow = [row for row in result.peak_rows if row["tau_s"] > 1.5e-4 and row["status"] == "ok"]
        assert not slow


def random_tail(random, number):
    """Return frequencies, arcs as (R, tau), impedance and noise, of arcs before a blocking tail."""
    first, last, points = ((7e6, 1.0, 70), (1e6, 1e-2, 81))[number % 2]
    frequency = np.geomspace(first, last, points)
    s = 2j * np.pi * frequency
    decades = np.log10(1 / np.abs(s[0])) + 1 + random.uniform(0, 1)
    taus = 10 ** (decades + np.cumsum([0, *random.uniform(1.2, 1.8, number % 2)]))
    sizes = 10 ** random.uniform(0.8, 2.3, len(taus))
    z = sizes.sum() * random.uniform(0.1, 1) + sum(
        r / (1 + (s * t) ** random.uniform(0.75, 0.98)) for r, t in zip(sizes, taus, strict=True)
    )
    meets = 1 / (taus[-1] * 10 ** random.uniform(1, 2))
    z = z + 0.3 * sizes.sum() * (s / meets) ** -random.uniform(0.7, 0.97)
    return frequency, list(zip(sizes, taus, strict=True)), z, 10 ** random.uniform(-3.3, -2.5)


def test_intervals_before_random_tails_hold_the_arcs():
    random = np.random.default_rng(31415)
    held, slow = [], 0
    for number in range(40):
        frequency, arcs, z, noise = random_tail(random, number)
        rows = eisfit.drt(eisfit.Spectrum(frequency, noisy(z, noise, number))).peak_rows
        for resistance, tau in arcs:
            near = [row for row in rows if abs(np.log10(row["tau_s"] / tau)) < 0.25]
            held += [row["lower_ohm"] <= resistance <= row["upper_ohm"] for row in near[:1]]
        slow += sum(row["tau_s"] > 2 * arcs[-1][1] and row["status"] == "ok" for row in rows)
    assert len(held) >= 59  # of 60
    assert np.mean(held) >= 0.87
    assert slow <= 4


@pytest.mark.parametrize(("tau", "alpha"), [(100.0, 0.9), (10.0, 1.0)])
def test_arcs_of_a_hundred_ohm_stand_before_a_hundred_megaohm(tau, alpha):
    tail = 1e8 / (1 + (S * tau) ** alpha)
    held = []
    for seed in range(5):
        rows = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS + tail, seed=seed))).peak_rows
        for place, resistance in ((4e-7, 90), (1.5e-5, 140)):
            row = min(rows, key=lambda row: abs(np.log(row["tau_s"] / place)))
            assert abs(np.log10(row["tau_s"] / place)) < 0.25
            held.append(row["lower_ohm"] <= resistance <= row["upper_ohm"])
    assert np.mean(held) >= 0.8


def test_only_what_is_part_of_the_tail_is_told_of_it():
    result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS + 4e5 * S**-0.9)))
    (said,) = [text for text in result.messages if "tail" in text and "series" in text]
    assert "blocking" in said
    assert said.count("(j omega)") <= 3
    result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS + 900 / np.sqrt(S))))
    assert any("ends in a diffusion tail" in text for text in result.messages)


def test_exact_data_have_neither_outliers_nor_uneven_noise():
    frequency = np.geomspace(1e7, 3e-3, 50)
    s = 2j * np.pi * frequency
    exact = 5e7 / (1 + s * 2e-5) + 8e7 / (1 + s * 1e-2) + 1.4e7 / np.sqrt(s)
    messages = " ".join(eisfit.drt(eisfit.Spectrum(frequency, exact)).messages)
    assert "Far off" not in messages
    assert "uneven" not in messages


def test_weights_from_the_kramers_kronig_test():
    """Noise ten times larger at low frequency: with its estimate as weights, better there."""
    frequency = np.geomspace(3e6, 3e-2, 81)
    s = 2j * np.pi * frequency
    clean = 15 + 48 / (1 + (s * 7e-6) ** 0.87) + 61 / (1 + (s * 0.4) ** 0.92)
    level = np.where(frequency < 10, 1e-2, 1e-3)
    spectrum = eisfit.Spectrum(frequency, noisy(clean, level, 7))
    noise = eisfit.kramers_kronig(spectrum).noise
    ratio = noise / (level * np.abs(clean))
    assert 0.75 < np.median(ratio[frequency > 100]) < 1.3
    assert 0.75 < np.median(ratio[frequency < 1]) < 1.3
    rows = eisfit.drt(spectrum, weighting=noise).peak_rows
    fast = min(rows, key=lambda row: abs(np.log(row["tau_s"] / 7e-6)))
    assert fast["lower_ohm"] <= 48 <= fast["upper_ohm"]
    assert fast["resistance_ohm"] == pytest.approx(48, rel=0.01)


@pytest.mark.parametrize("lam", [1e-12, 1e-30, 1e-300])
@pytest.mark.parametrize("method", ["tikhonov", "adaptive", "blend"])
def test_small_lambda_never_fails(lam, method):
    spectrum = eisfit.Spectrum(FREQUENCY, noisy(ARCS))
    result = eisfit.drt(spectrum, regularization=lam, method=method, samples=0)
    assert result.regularization == lam
    assert np.isfinite(result.gamma).all()
    assert result.impedance[-1].real == pytest.approx(255, rel=2e-3)
    assert result.rms < 1.1e-3


@pytest.mark.parametrize(
    "criterion", ["evidence", "gcv", "mgcv", "rgcv", "kfold", "re-im", "lcurve"]
)
def test_every_criterion_keeps_its_sweep_and_finds_the_resistance(criterion):
    spectrum = eisfit.Spectrum(FREQUENCY, noisy(ARCS))
    result = eisfit.drt(spectrum, regularization=criterion, method="tikhonov", samples=0)
    lam, score = result.sweep.T
    assert len(lam) >= 5
    assert lam[np.nanargmin(score)] == result.regularization
    assert result.criterion == criterion
    total = result.resistance_inf + result.resistance_polarization
    assert total == pytest.approx(255, rel=0.01)


@pytest.mark.parametrize("series", [50 + 0 * S, 100 + 1e-7 * S, 20 + 1e5 / S])
def test_what_has_no_relaxation_has_no_peak_and_the_result_says_so(series):
    result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(series)))
    assert not result.peak_rows
    assert any("No peak" in text for text in result.messages)


@pytest.mark.parametrize(
    "option",
    [
        {"samples": 2.5}, {"samples": -1}, {"seed": -1}, {"seed": "a"}, {"per_decade": 1e9},
        {"per_decade": 0.01}, {"extension": 100}, {"regularization": None},
        {"regularization": [1.0]}, {"fwhm_coefficient": 1e-9}, {"shape_factor": 1e9},
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_refused_by_name(option):
    (name,) = option
    with pytest.raises(eisfit.EisfitError, match=name):
        eisfit.drt(eisfit.Spectrum(FREQUENCY, ARCS), **option)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_the_ohm_does_not_matter(scale):
    z = noisy(ARCS + 300 / np.sqrt(S))
    one, other = (eisfit.drt(eisfit.Spectrum(FREQUENCY, z * k)) for k in (1.0, scale))
    assert len(one.peak_rows) == len(other.peak_rows)
    for row, same in zip(one.peak_rows, other.peak_rows, strict=True):
        assert same["tau_s"] == pytest.approx(row["tau_s"], rel=1e-4)
        assert same["resistance_ohm"] == pytest.approx(scale * row["resistance_ohm"], rel=1e-3)
        assert same["status"] == row["status"]
    assert other.inductance == pytest.approx(scale * one.inductance, rel=0.01, abs=scale * 1e-12)


def test_areas_sum_to_the_polarisation_resistance_and_halves_of_the_points_give_the_same():
    z = noisy(ARCS, 2e-3, 11)
    half = np.sort(np.random.default_rng(2).permutation(69)[:35])
    for keep in (np.arange(69), half, half[::-1]):
        result = eisfit.drt(eisfit.Spectrum(FREQUENCY[keep], z[keep]))
        total = sum(row["resistance_ohm"] for row in result.peak_rows)
        assert total == pytest.approx(result.resistance_polarization, rel=1e-9)
        assert sum(row["fraction"] for row in result.peak_rows) == pytest.approx(1.0)
        assert total == pytest.approx(230, rel=0.02)
        assert [row["status"] for row in result.peak_rows] == ["ok", "ok"]
