"""Spectrum: what goes in, what never changes, what is refused."""

import pickle

import numpy as np
import pytest

import eisfit
from eisfit.errors import EisfitError, SpectrumError


def spectrum(**more):
    return eisfit.Spectrum([1.0, 100.0, 10.0], [3 - 1j, 1 - 3j, 2 - 2j], **more)


def test_points_are_kept_from_high_to_low_frequency_with_their_impedance_and_reason():
    s = spectrum(reasons=["slow", "", "odd"])
    assert s.frequency.tolist() == [100.0, 10.0, 1.0]
    assert s.impedance.tolist() == [1 - 3j, 2 - 2j, 3 - 1j]
    assert s.reasons == ("", "odd", "slow")
    assert s.mask.tolist() == [False, True, True]


def test_nothing_of_it_can_be_changed_and_the_callers_arrays_stay_their_own():
    f = np.array([10.0, 1.0])
    s = eisfit.Spectrum(f, [1, 2], metadata={"sweep": 1})
    f[0] = 99.0
    assert s.frequency[0] == 10.0
    with pytest.raises(ValueError, match="read-only"):
        s.frequency[0] = 5.0
    with pytest.raises(AttributeError):
        s.label = "other"
    with pytest.raises(TypeError):
        s.metadata["sweep"] = 2


@pytest.mark.parametrize(
    ("frequency", "impedance", "message"),
    [
        ([], [], "at least one point"),
        ([1.0, 2.0], [1.0], r"shapes \(2,\) and \(1,\)"),
        ([1.0, 0.0], [1, 1], "point 1 has 0"),
        ([1.0, -3.0], [1, 1], "point 1 has -3"),
        ([np.inf, 1.0], [1, 1], "point 0 has inf"),
        ([2.0, 1.0], [1, complex(0, np.nan)], "point 1"),
        ([[1.0]], [[1.0]], "one length"),
        (["a"], [1], "must be numbers"),
    ],
)
def test_numbers_that_form_no_spectrum_are_refused_by_point(frequency, impedance, message):
    with pytest.raises(SpectrumError, match=message) as caught:
        eisfit.Spectrum(frequency, impedance)
    assert isinstance(caught.value, EisfitError)
    assert isinstance(caught.value, ValueError)


def test_masking_needs_a_reason_keeps_the_first_one_and_used_leaves_the_rest():
    s = spectrum().masked(lambda f, z: f > 50, "cable").masked([True, True, False], "drift")
    assert s.reasons == ("cable", "drift", "")
    assert len(s) == 3
    assert s.used().frequency.tolist() == [1.0]
    assert len(s.unmasked().used()) == 3
    with pytest.raises(SpectrumError, match="reason"):
        s.masked([True, False, False], "  ")
    with pytest.raises(SpectrumError, match=r"shape \(3,\)"):
        s.masked([True], "x")
    with pytest.raises(SpectrumError, match="every point"):
        s.masked([True] * 3, "all").used()


def test_crop_keeps_what_lies_between_and_says_what_there_is():
    s = spectrum().masked([False, True, False], "odd")
    cropped = s.crop(5.0, 100.0)
    assert cropped.frequency.tolist() == [100.0, 10.0]
    assert cropped.reasons == ("", "odd")
    with pytest.raises(SpectrumError, match="covers 1 to 100 Hz"):
        s.crop(1e3, 1e4)


def test_area_scales_once_and_is_remembered():
    s = spectrum().scaled_by_area(2.5)
    assert s.impedance[0] == 2.5 - 7.5j
    assert s.metadata["impedance_unit"] == "ohm cm2"
    with pytest.raises(SpectrumError, match="already"):
        s.scaled_by_area(2.0)
    for area in (0.0, -1.0, np.nan):
        with pytest.raises(SpectrumError, match="area"):
            spectrum().scaled_by_area(area)


def test_window_is_where_two_pi_f_tau_is_one():
    low, high = spectrum().tau_window
    assert low == pytest.approx(1 / (2 * np.pi * 100))
    assert high == pytest.approx(1 / (2 * np.pi))
    assert spectrum().phase_deg[1] == pytest.approx(-45.0)


def test_it_travels_between_processes():
    s = spectrum(label="x", metadata={"sweep": 3}).masked([True, False, False], "odd")
    other = pickle.loads(pickle.dumps(s))
    assert other.frequency.tolist() == s.frequency.tolist()
    assert other.reasons == s.reasons
    assert dict(other.metadata) == {"sweep": 3}
    assert not other.frequency.flags.writeable
