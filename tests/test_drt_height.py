"""The height that a peak is said to have, and marked at, is that of the curve shown."""

import numpy as np
import pytest

import eisfit


@pytest.mark.parametrize("place", np.linspace(0.0, 0.12, 7))
@pytest.mark.parametrize("alpha", [0.8, 0.97, 1.0])
def test_the_marker_is_at_the_top_however_narrow_the_peak(alpha, place):
    frequency = np.geomspace(1e6, 1e-2, 81)
    tau = 1e-3 * np.exp(place)
    impedance = 10 + 50 / (1 + (2j * np.pi * frequency * tau) ** alpha)
    noise = np.random.default_rng(3).standard_normal((2, 81)) * 1e-3
    impedance = impedance + np.abs(impedance) * (noise[0] + 1j * noise[1])
    result = eisfit.drt(eisfit.Spectrum(frequency, impedance))
    (peak,) = result.peaks().to_dict("records")
    assert peak["gamma_ohm"] == pytest.approx(result.gamma.max(), rel=1e-3)
    assert peak["tau_s"] == pytest.approx(tau, rel=0.03)
    assert peak["resistance_ohm"] == pytest.approx(50, rel=0.01)
