"""DRT of measured spectra: a solid electrolyte between blocking electrodes, and cells."""

import numpy as np
import pytest

from eisfit import Spectrum
from eisfit.relaxation import drt_spectrum


def load_blocking(shared_data, f_min=0.0):
    lines = (
        (shared_data / "hybrid-drt" / "PEIS_LPSCl_IonBlocking_-25C.txt")
        .read_bytes()
        .decode("latin-1")
        .splitlines()
    )
    start = next(i for i, line in enumerate(lines) if line.startswith("freq/Hz"))
    f, re, im = np.loadtxt(lines[start + 1 :], usecols=(0, 1, 2), unpack=True)
    return Spectrum(f, re - 1j * im, label="LPSCl -25 C").crop(f_min)


def test_blocking_pellet_shows_its_two_arcs_and_keeps_the_electrode_apart(shared_data):
    result = drt_spectrum(load_blocking(shared_data))
    fast = [row for row in result.peak_rows if row["tau_s"] < 1e-6]
    assert len(fast) == 2
    assert 3e-8 <= fast[0]["tau_s"] <= 7e-8
    assert 1.5e-7 <= fast[1]["tau_s"] <= 3e-7
    total = result.resistance_inf + sum(row["resistance_ohm"] for row in fast)
    assert total == pytest.approx(1440, rel=0.05)
    # Bulk and grain boundary overlap: the single shares are uncertain, and the result says so.
    assert {row["status"] for row in fast} == {"unresolved"}
    assert any("blocking tail" in message for message in result.messages)
    assert any("better determined than the share" in message for message in result.messages)
    slow = [row for row in result.peak_rows if row["resistance_ohm"] > 1e5]
    assert all(row["status"] != "ok" for row in slow)
    assert not slow or any("blocking electrode" in message for message in result.messages)
    assert result.rms < 0.004


def test_blocking_pellet_has_the_same_arcs_with_less_of_the_tail(shared_data):
    whole = drt_spectrum(load_blocking(shared_data))
    cut = drt_spectrum(load_blocking(shared_data, f_min=1e3))
    for result in (whole, cut):
        fast = [row for row in result.peak_rows if row["tau_s"] < 1e-6]
        total = result.resistance_inf + sum(row["resistance_ohm"] for row in fast)
        assert total == pytest.approx(1440, rel=0.05)
        assert 1.5e-7 <= max(row["tau_s"] for row in fast) <= 3e-7


def test_lithium_ion_cell_fits_within_its_noise(shared_data):
    table = np.loadtxt(shared_data / "drttools" / "LIB_data.txt")
    spectrum = Spectrum(table[:, 0], table[:, 1] + 1j * table[:, 2])
    result = drt_spectrum(spectrum)
    assert result.rms < 0.003
    assert not result.peaks().query("status == 'ok'").empty


def test_synthetic_zarc_of_drttools(shared_data):
    """Series resistance and total show in the data themselves, at either end."""
    table = np.loadtxt(shared_data / "drttools" / "zarc_data.txt")
    spectrum = Spectrum(table[:, 0], table[:, 1] + 1j * table[:, 2])
    result = drt_spectrum(spectrum)
    span = spectrum.impedance.real
    assert result.resistance_inf == pytest.approx(span[:5].mean(), rel=0.05)
    total = result.resistance_inf + result.resistance_polarization
    assert total == pytest.approx(span[-5:].mean(), rel=0.03)


def test_ion_conductor_agrees_with_its_published_fit(shared_data):
    """Example2_fit_report.txt beside the file: R1 4.471e4 +- 272, R2 4.712e4 +- 549 ohm."""
    lines = (shared_data / "eisfitpython" / "Example2b.txt").read_text("latin-1").splitlines()
    start = next(i for i, line in enumerate(lines) if line[:1].isdigit())
    table = np.loadtxt(lines[start:], usecols=(0, 1, 2))
    spectrum = Spectrum(table[:, 0], table[:, 1] + 1j * table[:, 2])
    first, second = drt_spectrum(spectrum).peak_rows[:2]
    assert first["resistance_ohm"] == pytest.approx(4.471e4, rel=0.05)
    assert second["resistance_ohm"] == pytest.approx(4.712e4, rel=0.05)
    for row, q, n, resistance in (
        (first, 1.727e-10, 0.8501, 4.471e4),
        (second, 1.244e-8, 0.8189, 4.712e4),
    ):
        assert abs(np.log10(row["tau_s"] / (resistance * q) ** (1 / n))) < 0.1


def test_poor_data_are_said_to_be_poor(shared_data):
    table = np.loadtxt(shared_data / "drttools" / "data_ZARC.csv", delimiter=",")
    spectrum = Spectrum(table[:, 0], table[:, 1] + 1j * table[:, 2])
    assert any("of the modulus" in message for message in drt_spectrum(spectrum).messages)


def test_the_plot_of_a_cell_follows_its_curve_not_the_band_beyond_the_window(shared_data):
    from eisfit import drt, plots, read

    result = drt(read(shared_data / "hybrid-drt" / "PEIS_SSB.mpr")[0])
    ax = plots.drt(result)
    ax.figure.canvas.draw()
    highest = float(result.gamma[result.in_window].max())
    low, high = ax.transData.transform([(1.0, 0.0), (1.0, highest)])[:, 1]
    assert high - low > 0.35 * ax.get_window_extent().height
    assert ax.get_legend().get_window_extent().y0 > high
