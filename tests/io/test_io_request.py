"""What a caller settles: columns, sign, electrode; and what is refused without it."""

import numpy as np
import pytest
import samples
from samples import F, Z, text_table

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError


def write(tmp_path, names, columns, separator=","):
    path = tmp_path / "cell.csv"
    path.write_text(text_table(names, columns, separator))
    return path


def is_z(spectrum) -> bool:
    return len(spectrum) == len(F) and bool(np.max(np.abs(spectrum.impedance / Z - 1)) < 1e-8)


def note(spectrum) -> str:
    return "; ".join(spectrum.metadata["notes"])


@pytest.mark.parametrize(
    "columns",
    ["f/kHz,-,Re(Z)/kOhm,-Im(Z)/kOhm", ["f/kHz", "", "Re(Z)/kOhm", "-Im(Z)/kOhm"],
     "nu=f/kHz,A=Re(Z)/kOhm,B=-Im(Z)/kOhm", {"nu": "f/kHz", "A": "Re(Z)/kOhm", "B": "-Im(Z)/kOhm"}],
)  # fmt: skip
def test_names_that_nobody_could_know(tmp_path, columns):
    path = write(tmp_path, ("nu", "x", "A", "B"), (F / 1e3, 0 * F, Z.real / 1e3, -Z.imag / 1e3))
    with pytest.raises(ReadError, match=r"names nu, x, A, B are not known.*--columns"):
        eio.read(path)
    (spectrum,) = eio.read(path, columns=columns)
    assert is_z(spectrum)


def test_columns_without_names_in_another_order(tmp_path):
    path = write(tmp_path, (), (Z.real, Z.imag, F, 0 * F))
    with pytest.raises(ReadError, match=r"4 columns of numbers without names.*--columns"):
        eio.read(path)
    assert is_z(eio.read(path, columns="Re(Z),Im(Z),f")[0])
    with pytest.raises(ReadError, match=r"4 columns, 5 names"):
        eio.read(path, columns="Re(Z),Im(Z),f,-,-")
    with pytest.raises(NoImpedanceError, match="no frequency together"):
        eio.read(path, columns="Re(Z),Im(Z)")


@pytest.mark.parametrize("make", [samples.xlsx, samples.fods, samples.json_table, samples.mpr])
def test_columns_of_other_formats(tmp_path, make):
    """The imaginary part taken for the real one, to see that the names are used."""
    path = tmp_path / "cell"
    path.write_bytes(make())
    names = {
        samples.json_table: {"Re(Z) (ohm)": "Im(Z)", "Im(Z) (ohm)": "Re(Z)"},
        samples.mpr: {"Re(Z)/Ohm": "Im(Z)/Ohm", "-Im(Z)/Ohm": "-Re(Z)/Ohm"},
    }.get(make, {"Re(Z)/Ohm": "Im(Z)/Ohm", "-Im(Z)/Ohm": "-Re(Z)/Ohm"})
    (spectrum,) = eio.read(path, columns=names, sign="+")
    np.testing.assert_allclose(spectrum.impedance, Z.imag + 1j * Z.real, rtol=1e-6)
    with pytest.raises(ReadError, match=r"has no column 'nonsense'|no line with|no sheet"):
        eio.read(path, columns={"nonsense": "f"})


def test_a_spreadsheet_without_names(tmp_path):
    path = tmp_path / "cell.xlsx"
    rows = [[float(f), float(z.real), float(-z.imag)] for f, z in zip(F, Z, strict=True)]
    path.write_bytes(samples.xlsx({"only": rows}))
    with pytest.raises(NoImpedanceError, match="--columns"):
        eio.read(path)
    assert is_z(eio.read(path, columns="f,Re(Z),-Im(Z)")[0])


def test_a_damaged_name_can_be_given(tmp_path):
    path = write(tmp_path, ("freq/Hz", "Re(Z)/Ohm", "#NAME?", "|Z|/Ohm", "Phase(Z)/deg"),
                 (F, Z.real, -Z.imag, np.abs(Z), np.degrees(np.angle(Z))), "\t")  # fmt: skip
    with pytest.raises(ReadError, match=r"#NAME\?.*--columns"):
        eio.read(path)
    assert is_z(eio.read(path, columns={"#NAME?": "-Im(Z)/Ohm"})[0])


def test_two_columns_for_one_quantity(tmp_path):
    """They may repeat each other; where they differ the caller must say."""
    names = ("f/Hz", "Z'/Ohm", "-Z''/Ohm", "Zreal/Ohm")
    assert is_z(eio.read(write(tmp_path, names, (F, Z.real, -Z.imag, Z.real)))[0])
    path = write(tmp_path, names, (F, Z.real, -Z.imag, 2 * Z.real))
    with pytest.raises(ReadError, match=r"two columns for the real part.*\(column 2\).*--columns"):
        eio.read(path)
    assert is_z(eio.read(path, columns="f,Re(Z),-Im(Z),-")[0])
    assert is_z(eio.read(path, columns="Zreal/Ohm=-")[0])


@pytest.mark.parametrize("name", ["Z''", "Zimag", "imaginary", "-Z''", "Im(Z)/Ohm", "-Im(Z)/Ohm"])
@pytest.mark.parametrize("sign", ["+", "-", "im", "-im"])
def test_the_sign_as_asked_for(tmp_path, name, sign):
    factor = -1 if sign.startswith("-") else 1
    path = write(tmp_path, ("f", "Z'", name), (F, Z.real, factor * Z.imag))
    (spectrum,) = eio.read(path, sign=sign)
    assert is_z(spectrum)
    assert "as asked for" in note(spectrum)


@pytest.mark.parametrize("sign", ["+", "-"])
def test_the_sign_of_a_phase_and_of_columns_without_names(tmp_path, sign):
    factor = -1 if sign == "-" else 1
    phase = factor * np.degrees(np.angle(Z))
    path = write(tmp_path, ("f", "|Z|", "phase/deg"), (F, np.abs(Z), phase))
    assert is_z(eio.read(path, sign=sign)[0])
    path = write(tmp_path, (), (F, Z.real, factor * Z.imag))
    assert is_z(eio.read(path, sign=sign)[0])


@pytest.mark.parametrize("name", ["Z''", "Zimag", "imag", "Imaginary (Ohm)"])
def test_a_name_that_does_not_say_the_sign_gets_it_from_the_data(tmp_path, name):
    turned = write(tmp_path, ("f", "Z'", name), (F, Z.real, -Z.imag))
    (spectrum,) = eio.read(turned)
    assert is_z(spectrum)
    assert "taken as minus its column" in note(spectrum)
    coil = 5 + 2j * np.pi * F * 1e-4
    path = write(tmp_path, ("f", "Z'", name), (F, coil.real, coil.imag))
    (inductor,) = eio.read(path)
    np.testing.assert_allclose(inductor.impedance, coil)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"sign": "up"}, "unknown sign 'up'"), ({"electrode": "RE"}, "unknown electrode 'RE'"),
     ({"columns": ""}, "no column names"), ({"columns": ",,"}, "no column names"),
     ({"columns": "alpha=f"}, "no line with the column names alpha")],
)  # fmt: skip
def test_requests_that_make_no_sense(tmp_path, options, says):
    path = write(tmp_path, ("f", "Z'", "Z''"), (F, Z.real, Z.imag))
    with pytest.raises(ReadError, match=says):
        eio.read(path, **options)


def test_what_was_taken_as_what_is_in_the_metadata(tmp_path):
    path = write(tmp_path, ("f/kHz", "Z'", "-Z'' [mOhm]"), (F / 1e3, Z.real, -1e3 * Z.imag))
    (spectrum,) = eio.read(path)
    assert is_z(spectrum)
    assert spectrum.metadata["columns"] == (
        "f/kHz: frequency in kHz",
        "Z': real part in ohm (assumed, the name has no unit)",
        "-Z'' [mOhm]: minus the imaginary part in mOhm",
    )
