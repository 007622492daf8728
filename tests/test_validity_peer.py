"""Lin-KK against pyimpspec's, and as the paper describes its behaviour."""

import warnings

import numpy as np
import pytest

from eisfit import Spectrum
from eisfit.errors import ValidityError
from eisfit.validity import chain, kramers_kronig_spectrum

FREQUENCY = np.geomspace(1e6, 1e-2, 81)
OMEGA = 2 * np.pi * FREQUENCY
S = 1j * OMEGA
NOISE = 1e-3


def measured(seed=0):
    clean = 10 + 50 / (1 + (S * 1e-4) ** 0.85) + 80 / (1 + (S * 0.1) ** 0.9) + 1e-7 * S
    both = np.random.default_rng(seed).standard_normal((2, 81))
    return clean + np.abs(clean) * NOISE * (both[0] + 1j * both[1])


def test_mu_falls_as_the_paper_says():
    """Too few elements cannot follow and are all positive; too many follow noise, of both signs."""
    z = measured()
    chains = [chain.fit(OMEGA, z, chain.grid(OMEGA, m), "both") for m in (4, 8, 16, 24, 40, 60)]
    mu = [one.mu for one in chains]
    spread = [np.sqrt(one.variance) for one in chains]
    assert mu[0] > 0.95
    assert mu[-1] < 0.5
    assert spread[0] > 20 * NOISE
    assert all(s == pytest.approx(NOISE, rel=0.25) for s in spread[3:])
    assert kramers_kronig_spectrum(Spectrum(FREQUENCY, z)).n_rc > 8


@pytest.mark.parametrize("part", ["both", "real", "imaginary"])
def test_each_part_alone_finds_a_sound_spectrum_sound(part):
    result = kramers_kronig_spectrum(Spectrum(FREQUENCY, measured()), part=part)
    assert result.valid, result.message
    assert result.rms < 2.5 * NOISE


@pytest.mark.parametrize("part", ["both", "real", "imaginary"])
def test_each_part_alone_sees_a_broken_spectrum(part):
    z = measured()
    z = z.real * (1 + 0.3 * (FREQUENCY < 0.1)) + 1j * z.imag
    assert kramers_kronig_spectrum(Spectrum(FREQUENCY, z), part=part).verdict == "invalid"


def test_an_unknown_part_is_refused():
    with pytest.raises(ValidityError, match="imaginary"):
        kramers_kronig_spectrum(Spectrum(FREQUENCY, measured()), part="phase")


@pytest.mark.peers
@pytest.mark.parametrize(
    ("test", "part"), [("complex", "both"), ("real", "real"), ("imaginary", "imaginary")]
)
def test_the_same_chain_as_pyimpspec(test, part):
    """The same number of elements on the same time constants.

    They solve by a pseudo-inverse and put the series resistance of the imaginary test elsewhere;
    the curves differ by about the noise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pytest.importorskip("pyimpspec", reason="pyimpspec is not installed (extra 'peers')")
        z = measured()
        theirs = peer.perform_kramers_kronig_test(
            peer.DataSet(FREQUENCY, z), test=test, num_RC=20, admittance=False,
            num_F_ext_evaluations=0, log_F_ext=0.0, num_procs=1,
        )  # fmt: skip
    tau = np.sort(theirs.get_time_constants())
    ours = chain.fit(OMEGA, z, tau, part)
    difference = np.abs(ours.impedance(OMEGA) - theirs.impedances) / np.abs(z)
    assert np.sqrt(np.mean(difference**2)) < 1.2 * NOISE


@pytest.mark.peers
@pytest.mark.parametrize("count", [6, 14, 24])
def test_the_same_chain_and_mu_as_impedance_py(count):
    """Its normal equations and our factor give the same elements on the same time constants."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pytest.importorskip(
            "impedance.validation", reason="impedance.py is not installed (extra 'peers')"
        )
        z = measured()
        tau = peer.get_tc_distribution(FREQUENCY, count)
        elements, mu = peer.fit_linKK(FREQUENCY, tau, count, z, "complex", add_cap=True)
    ours = chain.fit(OMEGA, z, tau, "both")
    assert ours.mu == pytest.approx(mu, rel=1e-6)
    np.testing.assert_allclose(ours.solution[0], elements[0], rtol=1e-5)
    np.testing.assert_allclose(ours.solution[3:], elements[1 : count + 1], rtol=1e-5)
