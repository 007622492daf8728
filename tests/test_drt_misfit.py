"""What a DRT leaves of the data: said, and counted in the peaks; outliers are not part of it."""

import numpy as np
import pytest

import eisfit
from eisfit.relaxation.misfit import Misfit

FREQUENCY = np.geomspace(2e5, 1e-3, 84)
S = 2j * np.pi * FREQUENCY
ARCS = 8 + 30 / (1 + (S * 2e-4) ** 0.9) + 22 / (1 + (S * 5e-2) ** 0.9)
NOISE = 1e-3


def noisy(impedance, noise=NOISE, seed=0):
    both = np.random.default_rng(seed).standard_normal((2, len(impedance)))
    return impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])


@pytest.mark.parametrize("loop", [2.0, 3.0, 9.0, 15.0])
def test_beside_a_loop_that_gamma_cannot_follow_intervals_hold_the_arcs(loop):
    z = ARCS - loop / (1 + (S * 6) ** 0.95)
    held = []
    for seed in range(4):
        result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(z, seed=seed)))
        for row, truth in zip(result.peak_rows, (30, 22), strict=True):
            held.append(row["lower_ohm"] <= truth <= row["upper_ohm"])
        said = [text for text in result.messages if "inductive loop" in text]
        assert len(said) == 1
        assert "signed=True" in said[0]
        assert "below" in said[0]
        assert (result.peak_rows[1]["status"] == "not determined") == (loop >= 9)
        assert result.peak_rows[0]["status"] == "ok"
    assert np.mean(held) >= 0.9


def test_with_gamma_of_either_sign_the_loop_is_followed_and_nothing_is_said():
    z = ARCS - 9 / (1 + (S * 6) ** 0.95)
    result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(z)), signed=True)
    assert result.rms < 1.2 * NOISE
    assert not any("follow" in text for text in result.messages)
    assert result.peak_rows[1]["status"] == "ok"


def test_a_coil_with_losses_is_said_to_be_one():
    z = ARCS + S * 1e-5 * 5 / (5 + S * 1e-5)
    (said,) = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(z))).messages
    assert "real part rises" in said
    assert "above" in said


def test_a_lambda_too_large_is_said_to_be():
    spectrum = eisfit.Spectrum(FREQUENCY, noisy(ARCS))
    result = eisfit.drt(spectrum, regularization=1e12, method="tikhonov", samples=0)
    assert not result.peak_rows
    assert any("smaller lambda" in text for text in result.messages)
    assert not any("within the noise" in text for text in result.messages)


@pytest.mark.parametrize("noise", [3e-4, 4e-3])
def test_what_is_followed_leaves_no_pattern(noise):
    for seed in range(8):
        result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS, noise, seed)), samples=0)
        left = Misfit.of(FREQUENCY, result.spectrum.impedance, result.residuals)
        assert left.largest == 0.0
        assert not result.messages


def test_a_pattern_has_its_size_and_noise_has_none():
    wave = 0.01 * np.exp(1j * np.log10(FREQUENCY) * 2)
    left = Misfit.of(FREQUENCY, ARCS, wave)
    np.testing.assert_allclose(left.size, 0.01 / np.sqrt(2), rtol=0.05)
    sizes = [
        Misfit.of(FREQUENCY, ARCS, noisy(np.ones(84), 0.01, seed) - 1).largest
        for seed in range(200)
    ]
    assert np.mean(np.array(sizes) > 0) < 0.03
    # Between the two: what the noise adds is not counted
    both = Misfit.of(FREQUENCY, ARCS, wave + noisy(np.ones(84), 0.002, 3) - 1)
    np.testing.assert_allclose(both.size, 0.01 / np.sqrt(2), rtol=0.15)


def test_outliers_are_named_and_are_not_the_misfit():
    z = noisy(ARCS, seed=4)
    z[[20, 50]] *= [1.4, 0.7]
    masked = eisfit.Spectrum(FREQUENCY, z).masked(np.arange(84) == 3, "spike")
    result = eisfit.drt(masked)
    assert list(np.flatnonzero(result.outliers)) == [20, 50]
    assert result.rms < 1.2 * NOISE
    (said,) = result.messages
    assert "Far off the curve" in said
    assert [row["status"] for row in result.peak_rows] == ["ok", "ok"]
    with pytest.raises(ValueError, match="read-only"):
        result.outliers[0] = True


def test_noise_alone_is_called_noise():
    result = eisfit.drt(eisfit.Spectrum(FREQUENCY, noisy(ARCS, 0.02)))
    assert any(text.endswith("of the modulus: noise.") for text in result.messages)
