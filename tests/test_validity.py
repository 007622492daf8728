"""Kramers-Kronig verdicts on spectra that obey the relations, and on spectra broken on purpose."""

import pickle

import numpy as np
import pytest

from eisfit import Spectrum
from eisfit.errors import SpectrumError, ValidityError
from eisfit.validity import hilbert_score, kramers_kronig_spectrum, z_hit

FREQUENCY = np.geomspace(1e6, 1e-2, 81)
OMEGA = 2 * np.pi * FREQUENCY
S = 1j * OMEGA


def zarc(resistance, tau, alpha):
    return resistance / (1 + (S * tau) ** alpha)


def noisy(impedance, noise, seed=0):
    both = np.random.default_rng(seed).standard_normal((2, len(impedance)))
    return impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])


VALID = {
    "two arcs": 10 + zarc(50, 1e-4, 0.85) + zarc(80, 1e-1, 0.9),
    "RC": 10 + zarc(50, 1e-3, 1.0),
    "resistor": np.full(81, 100 + 0j),
    "cable": 10 + zarc(50, 1e-3, 0.9) + 1e-5 * S,
    "capacitor": 10 + zarc(50, 1e-5, 0.9) + 100 / S,
    "blocking": 10 + zarc(50, 1e-5, 0.9) + 1e5 / S**0.85,
    "Warburg": 10 + zarc(50, 1e-4, 0.9) + 30 / np.sqrt(S),
    "finite Warburg": 10 + 50 * np.tanh(np.sqrt(S * 3)) / np.sqrt(S * 3),
    "blocked Warburg": 10 + 20 / (np.tanh(np.sqrt(S * 1)) * np.sqrt(S * 1)),
    "Gerischer": 10 + 50 / np.sqrt(1 + S * 1e-2),
    "arc cut by the window": 10 + zarc(50, 30.0, 0.9) + zarc(50, 5e-8, 0.9),
}


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("noise", [0.0, 1e-3, 3e-3])
def test_what_obeys_the_relations_is_valid(name, noise):
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, noisy(VALID[name], noise)))
    assert result.verdict == "valid", result.message
    assert result.valid
    assert result.rms <= 1.15 * noise + 5e-4
    assert not result.suspect.any()


@pytest.mark.parametrize("step", [4, 8])
def test_few_points_are_no_reason_for_alarm(step):
    chosen = slice(None, None, step)
    z = noisy(VALID["two arcs"], 1e-3)
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY[chosen], z[chosen]))
    assert result.valid, result.message


def test_fewer_than_two_points_a_decade_cannot_be_invalid():
    z = noisy(VALID["two arcs"], 1e-3)[::16]
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY[::16], z))
    assert result.verdict != "invalid"
    assert result.valid or "too few points" in result.message


@pytest.mark.parametrize("seed", range(20))
def test_noise_of_a_third_of_a_percent_never_alarms(seed):
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, noisy(VALID["two arcs"], 3e-3, seed)))
    assert result.valid, result.message


def test_noise_decides_between_valid_doubtful_and_invalid():
    verdicts = [
        kramers_kronig_spectrum(Spectrum(FREQUENCY, noisy(VALID["two arcs"], x, 1))).verdict
        for x in (0.003, 0.012, 0.04)
    ]
    assert verdicts == ["valid", "doubtful", "invalid"]


def test_rms_is_that_of_the_noise():
    """Residuals of a good model are the noise, less what the model's parameters take of it."""
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, noisy(VALID["two arcs"], 3e-3)))
    freedom = 1 - (result.n_rc + 3) / (2 * len(FREQUENCY))
    assert result.rms == pytest.approx(3e-3 * np.sqrt(freedom), rel=0.12)


@pytest.mark.parametrize("slow", [30 / np.sqrt(S), zarc(80, 1.0, 0.9)], ids=["Warburg", "arc"])
def test_drift_is_found_at_low_frequency(slow):
    """The slow process grows by half while the last decade, most of the time, is measured."""
    elapsed = np.cumsum(1 / FREQUENCY)
    grown = 1 + 0.5 * elapsed / elapsed[-1]
    z = 10 + zarc(50, 1e-4, 0.85) + grown * slow
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, noisy(z, 5e-4)))
    assert not result.valid
    assert "low frequency" in result.message
    assert "drift" in result.message
    assert FREQUENCY[result.suspect].max() < 1


def test_artefact_is_found_at_high_frequency():
    """A real gain that falls with frequency while the phase does not follow."""
    gain = 1 + 0.5 * (FREQUENCY / 1e6) ** 1.5
    z = noisy(VALID["two arcs"].real * gain + 1j * VALID["two arcs"].imag, 5e-4)
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, z))
    assert not result.valid
    assert "high frequency" in result.message
    assert FREQUENCY[result.suspect].min() > 1e4


@pytest.mark.parametrize("points", [[30], [12, 55], [5, 6, 70]])
def test_outliers_are_named(points):
    z = noisy(VALID["two arcs"], 5e-4)
    z[points] *= 1.06
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, z))
    assert result.verdict == "doubtful"
    assert list(np.flatnonzero(result.suspect)) == points
    assert "outliers" in result.message
    for i in points:
        assert f"{FREQUENCY[i]:.3g}" in result.message
    masked = Spectrum(FREQUENCY, z).masked(result.suspect, "outlier")
    assert kramers_kronig_spectrum(masked).valid


def test_masked_points_are_not_used_but_have_residuals():
    z = noisy(VALID["two arcs"], 5e-4)
    z[40] *= 3
    spectrum = Spectrum(FREQUENCY, z).masked(np.arange(81) == 40, "spike")
    result = kramers_kronig_spectrum(spectrum)
    assert result.valid
    assert result.residuals.shape == result.impedance.shape == (81,)
    assert abs(result.residuals[40]) == pytest.approx(2 / 3, rel=0.02)
    np.testing.assert_allclose(
        result.residuals, (spectrum.impedance - result.impedance) / np.abs(spectrum.impedance)
    )
    used = np.abs(result.residuals[~spectrum.mask])
    assert result.rms == pytest.approx(np.sqrt(np.mean(used**2) / 2))


def test_number_of_elements_falls_with_the_limit_of_mu():
    """Schoenleber et al., 2014, section 3.2: the larger c, the fewer elements."""
    spectrum = Spectrum(FREQUENCY, noisy(VALID["two arcs"], 5e-3))
    counts = [kramers_kronig_spectrum(spectrum, c=c).n_rc for c in (0.3, 0.6, 0.85)]
    assert counts == sorted(counts, reverse=True)


def test_mu_is_one_without_negative_elements():
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, VALID["two arcs"]), c=0.85)
    assert result.mu <= 1


def test_unit_of_the_ohm_does_not_matter():
    z = noisy(VALID["blocking"], 1e-3)
    small, large = (kramers_kronig_spectrum(Spectrum(FREQUENCY, z * k)) for k in (1e-3, 1e6))
    assert small.n_rc == large.n_rc
    assert small.rms == pytest.approx(large.rms, rel=1e-6)


def test_result_is_frozen_and_travels():
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, VALID["RC"]))
    copy = pickle.loads(pickle.dumps(result))  # our own object, not a file
    np.testing.assert_array_equal(copy.residuals, result.residuals)
    with pytest.raises(ValueError, match="read-only"):
        result.residuals[0] = 0


def test_what_cannot_be_tested_is_refused():
    z = VALID["two arcs"]
    with pytest.raises(ValidityError, match="at least 5"):
        kramers_kronig_spectrum(Spectrum(FREQUENCY[:4], z[:4]))
    with pytest.raises(ValidityError, match="between 0 and 1"):
        kramers_kronig_spectrum(Spectrum(FREQUENCY, z), c=1.2)
    dead = z.copy()
    dead[7] = 0
    with pytest.raises(ValidityError, match="zero"):
        kramers_kronig_spectrum(Spectrum(FREQUENCY, dead))
    with pytest.raises(SpectrumError, match="every point"):
        kramers_kronig_spectrum(Spectrum(FREQUENCY, z).masked(np.ones(81, bool), "all"))


def text_spectrum(path, skip=0, sign=1):
    table = np.loadtxt(path, skiprows=skip, usecols=(0, 1, 2))
    return Spectrum(table[:, 0], table[:, 1] + sign * 1j * table[:, 2])


@pytest.mark.parametrize("name", ["LIB_data.txt", "LIB_data_2.txt", "negami_data.txt"])
def test_measured_and_simulated_cells_are_valid(shared_data, name):
    result = kramers_kronig_spectrum(text_spectrum(shared_data / "drttools" / name))
    assert result.valid, result.message


def test_measured_blocking_pellet_is_valid(shared_data):
    lines = (
        (shared_data / "hybrid-drt" / "PEIS_LPSCl_IonBlocking_-25C.txt")
        .read_bytes()
        .decode("latin-1")
        .splitlines()
    )
    start = next(i for i, line in enumerate(lines) if line.startswith("freq/Hz"))
    f, re, im = np.loadtxt(lines[start + 1 :], usecols=(0, 1, 2), unpack=True)
    result = kramers_kronig_spectrum(Spectrum(f, re - 1j * im))
    assert result.valid, result.message
    assert result.rms < 0.004


def test_drifting_measurement_of_zahner_is_invalid_at_low_frequency(shared_data):
    from eisfit import read

    result = kramers_kronig_spectrum(read(shared_data / "zahner" / "drift.ism")[0])
    assert result.verdict == "invalid"
    assert "low frequency" in result.message
    suspect = result.spectrum.frequency[result.suspect]
    assert suspect.max() < 100


def test_suggested_mask_gives_reasons_and_changes_nothing_by_itself():
    z = noisy(VALID["two arcs"], 5e-4)
    z[[12, 55]] *= 1.06
    spectrum = Spectrum(FREQUENCY, z)
    result = kramers_kronig_spectrum(spectrum)
    assert not spectrum.mask.any()
    assert [bool(reason) for reason in result.reasons] == list(result.suspect)
    masked = result.masked()
    assert list(np.flatnonzero(masked.mask)) == [12, 55]
    assert "outlier" in masked.reasons[12]
    assert kramers_kronig_spectrum(masked).valid


@pytest.mark.parametrize("level", [5e-4, 3e-3])
def test_noise_estimate_is_the_noise(level):
    sigma = np.where(FREQUENCY > 1e2, 1.0, 3.0) * level
    result = kramers_kronig_spectrum(
        Spectrum(FREQUENCY, VALID["two arcs"] + sigma * (noisy(np.ones(81), 1.0, 4) - 1) * 100)
    )
    estimate = result.noise / (100 * level)
    high, low = FREQUENCY > 1e3, FREQUENCY < 10
    assert np.median(estimate[high]) == pytest.approx(1, rel=0.4)
    assert np.median(estimate[low]) == pytest.approx(3, rel=0.4)


@pytest.mark.parametrize("name", ["two arcs", "RC", "blocking", "Gerischer"])
def test_z_hit_rebuilds_the_modulus_from_the_phase(name):
    result = z_hit(Spectrum(FREQUENCY, noisy(VALID[name], 5e-4)))
    assert result.rms < 0.025
    np.testing.assert_allclose(np.log(result.spectrum.modulus / result.modulus), result.residuals)


def test_z_hit_shows_a_modulus_that_drifts():
    elapsed = np.cumsum(1 / FREQUENCY)
    grown = VALID["two arcs"] * (1 + 0.3 * elapsed / elapsed[-1])
    result = z_hit(Spectrum(FREQUENCY, grown))
    assert result.residuals[-1] == pytest.approx(np.log(1.3), abs=0.05)
    assert np.abs(result.residuals[:60]).max() < 0.03


@pytest.mark.parametrize("name", ["two arcs", "cable", "capacitor", "finite Warburg"])
def test_hilbert_scores_are_high_for_what_obeys_the_relations(name):
    score = hilbert_score(Spectrum(FREQUENCY, noisy(VALID[name], 1e-3)))
    assert min(score.real, score.imaginary) > 0.9


def test_hilbert_scores_fall_with_drift():
    elapsed = np.cumsum(1 / FREQUENCY)
    grown = 1 + 0.5 * elapsed / elapsed[-1]
    z = noisy(10 + zarc(50, 1e-4, 0.85) + grown * zarc(80, 1.0, 0.9), 5e-4)
    score = hilbert_score(Spectrum(FREQUENCY, z))
    assert min(score.real, score.imaginary) < 0.9


@pytest.mark.parametrize("check", [z_hit, hilbert_score])
def test_few_points_are_refused(check):
    with pytest.raises(ValidityError, match="at least 8"):
        check(Spectrum(FREQUENCY[:5], VALID["RC"][:5]))
