"""Where a file leaves a choice: columns without names, electrodes, the unit of an angle."""

import itertools

import numpy as np
import pytest
from test_io_table import F, Z, assert_is_z, eclab_text, note, read_text, table

from eisfit.errors import ReadError

PHASE = np.degrees(np.angle(Z))
NOISY = Z * (1 + 1e-3 * np.random.default_rng(5).standard_normal(len(F)))


# Columns without names


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("turned", [False, True])
def test_another_order_of_columns_without_names_is_refused(tmp_path, order, turned):
    columns = [F, NOISY.real, -NOISY.imag if turned else NOISY.imag]
    text = table((), [columns[i] for i in order], ";")
    if order[0] == 0:
        (spectrum,) = read_text(tmp_path, text)
        # The real part before the imaginary one: what nobody can tell is as the page says.
        if order == (0, 1, 2):
            assert_is_z(spectrum, z=NOISY)
        return
    with pytest.raises(ReadError, match=r"column [23] looks like the frequency.*--columns"):
        read_text(tmp_path, text)
    names = np.array(["f", "Re(Z)", "-Im(Z)" if turned else "Im(Z)"])[list(order)]
    assert_is_z(read_text(tmp_path, text, columns=",".join(names))[0], z=NOISY)


def test_several_sweeps_without_names(tmp_path):
    f = np.tile(F, 3)
    z = np.tile(NOISY, 3)
    spectra = read_text(tmp_path, table((), (f, z.real, z.imag), "\t"))
    assert [len(s) for s in spectra] == [len(F)] * 3
    with pytest.raises(ReadError, match="column 2 looks like the frequency"):
        read_text(tmp_path, table((), (z.real, f, z.imag), "\t"))


def test_two_columns_that_could_be_the_frequency_are_refused(tmp_path):
    """An ideal capacitor without round limits: its -Im(Z) is as even as the frequency."""
    f = np.geomspace(123456.0, 0.987, 30)
    z = 20 + 1 / (2j * np.pi * f * 1e-4)
    with pytest.raises(ReadError, match="columns 1 and 3 could each be the frequency"):
        read_text(tmp_path, table((), (f, z.real, -z.imag), ";"))
    (spectrum,) = read_text(tmp_path, table((), (f, z.real, -z.imag), ";"), columns="f,Re,-Im")
    assert_is_z(spectrum, f, z)


def test_a_first_column_out_of_order_is_refused(tmp_path):
    shuffled = np.random.default_rng(2).permutation(len(F))
    columns = (F[shuffled], NOISY.real[shuffled], NOISY.imag[shuffled])
    with pytest.raises(ReadError, match="not positive and in order"):
        read_text(tmp_path, table((), columns, ";"))


def test_modulus_and_phase_without_names_are_refused(tmp_path):
    text = table((), (F, np.abs(Z), PHASE), ";")
    with pytest.raises(ReadError, match="modulus and phase in degrees"):
        read_text(tmp_path, text)
    assert_is_z(read_text(tmp_path, text, columns="f,|Z|,phase/deg")[0])


# Electrodes


@pytest.mark.parametrize(
    ("said", "pair"),
    [("Ewe - Ece", "Ewe-Ece"), ("Ewe-ece", "Ewe-Ece"), ("EWE\u2212ECE", "Ewe-Ece"),
     ("ewe\u2013ece", "Ewe-Ece"), ("EWE", "Ewe"), (" Ece ", "Ece")],
)  # fmt: skip
def test_spellings_of_the_controlled_electrode(tmp_path, said, pair):
    (spectrum,) = read_text(tmp_path, eclab_text(said), "utf-8")
    assert spectrum.metadata["electrode"] == pair
    assert f"{pair}, which the technique controlled" in note(spectrum)
    (spectrum,) = read_text(tmp_path, eclab_text(said), "utf-8", electrode="EWE - ECE")
    assert_is_z(spectrum)


def warnings_of(spectrum) -> list[str]:
    return [entry for entry in spectrum.metadata["notes"] if entry.startswith("warning:")]


def test_a_doubtful_electrode_is_warned_of(tmp_path):
    (spectrum,) = read_text(tmp_path, eclab_text("reference 3"), "latin-1")
    unknown, unsaid, noise = warnings_of(spectrum)
    assert "'Potential control : reference 3' is not known" in unknown
    assert "do not say which electrode was controlled" in unsaid
    assert "--electrode" in unsaid
    assert "the real part of Ewe is negative" in noise
    assert "--electrode Ewe-Ece" in noise
    (spectrum,) = read_text(tmp_path, eclab_text("Ewe"), "latin-1")
    (noise,) = warnings_of(spectrum)
    assert "the real part of Ewe is negative" in noise
    (spectrum,) = read_text(tmp_path, eclab_text("Ewe-Ece"), "latin-1")
    assert not warnings_of(spectrum)


def test_a_controlled_electrode_that_was_not_exported_is_warned_of(tmp_path):
    text = eclab_text("Ewe-Ece").replace("Re(Zwe-ce)/Ohm", "x").replace("-Im(Zwe-ce)/Ohm", "y")
    (spectrum,) = read_text(tmp_path, text, "latin-1")
    assert "controlled Ewe-Ece, of which the file holds no impedance" in warnings_of(spectrum)[0]


def test_a_text_export_without_its_settings(tmp_path):
    """EC-Lab leaves out the settings on demand: three lines, the third of them the names."""
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "Re(Zwe-ce)/Ohm", "-Im(Zwe-ce)/Ohm"]
    top = "EC-Lab ASCII FILE\nNb header lines : 3                          \n"
    body = table(names, (F, Z.real, -Z.imag, 2 * Z.real, -2 * Z.imag), decimal=",")
    (spectrum,) = read_text(tmp_path, top + body, "latin-1")
    assert_is_z(spectrum)
    assert "technique" not in spectrum.metadata
    assert spectrum.metadata["electrode"] == "Ewe"
    assert "do not say which electrode" in warnings_of(spectrum)[0]
    (alone,) = read_text(tmp_path, top + table(names[:3], (F, Z.real, -Z.imag)), "latin-1")
    assert_is_z(alone)
    assert not warnings_of(alone)
    assert "electrode" not in alone.metadata


# The unit of an angle


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("name", "factor", "held"), [
    ("Phase(Z)/deg", np.pi / 180, "radians"), ("phase (rad)", 1.0, "degrees"),
])  # fmt: skip
def test_an_angle_in_another_unit_than_its_name_says(tmp_path, name, factor, held, sign):
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", name]
    columns = (F, Z.real, -Z.imag, np.abs(Z), sign * PHASE * factor)
    (spectrum,) = read_text(tmp_path, table(names, columns))
    assert_is_z(spectrum)
    assert f"the phase column holds {held}" in warnings_of(spectrum)[0]


def test_modulus_and_an_angle_in_another_unit_than_its_name_says(tmp_path):
    text = table(["freq/Hz", "|Z|/Ohm", "phase/deg"], (F, np.abs(Z), np.radians(PHASE)))
    with pytest.raises(
        ReadError, match=r"named in degrees, but its numbers are radians.*phase/rad"
    ):
        read_text(tmp_path, text)
    assert_is_z(read_text(tmp_path, text, columns="freq/Hz,|Z|/Ohm,phase/rad")[0])
    z = 100 / (1 + 2j * np.pi * F * 1e-4) + 1e5 / (1j * F)
    angle = np.degrees(np.angle(z)) - 720  # some programs unwrap
    text = table(["freq/Hz", "|Z|/Ohm", "phase/rad"], (F, np.abs(z), angle))
    with pytest.raises(ReadError, match=r"named in radians.*many turns.*phase/deg"):
        read_text(tmp_path, text)


def test_a_small_angle_in_degrees_is_no_radians(tmp_path):
    z = 100 + 5 / (1 + 2j * np.pi * F * 1e-3)
    columns = (F, np.abs(z), np.degrees(np.angle(z)))
    (spectrum,) = read_text(tmp_path, table(["f/Hz", "|Z|/Ohm", "phase/deg"], columns))
    assert_is_z(spectrum, z=z)
