"""Decimal signs and thousands marks: settled by the numbers, or refused."""

import json

import numpy as np
import pytest
import samples
from test_io_table import assert_is_z, note, read_text

import eisfit.io as eio
from eisfit.errors import ReadError

F = np.array([50000.0, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50])
RE = np.array([12.5, 15, 20, 31, 62, 133, 260, 410, 520, 575])
IM = np.array([-5, -9.5, -17, -33, -70, -121, -170, -165, -120, -70])
Z = RE + 1j * IM


def grouped(x: float, thousands: str, decimal: str = ".", digits: int | None = None) -> str:
    text = f"{x:,g}" if digits is None else f"{x:,.{digits}f}"
    return text.replace(".", "\0").replace(",", thousands).replace("\0", decimal)


def table(separator: str, write, names=("f/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"), z=Z) -> str:
    rows = [separator.join(names)]
    for f, value in zip(F, z, strict=True):
        rows.append(separator.join([write(f), write(value.real), write(value.imag)]))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(("thousands", "decimal"), [(",", "."), (".", ",")])
@pytest.mark.parametrize("separator", ["\t", ";", "  "])
def test_whole_frequencies_with_thousands_marks(tmp_path, thousands, decimal, separator):
    """50,000 20,000 ... 1,000 500: as decimals the frequencies would jump from 1 to 500."""
    text = table(separator, lambda x: grouped(x, thousands, decimal))
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, F, Z)
    whole = table(separator, lambda x: grouped(round(x), thousands, decimal))
    (spectrum,) = read_text(tmp_path, whole)
    np.testing.assert_allclose(spectrum.frequency, F)
    assert "puts the frequencies in order" in note(spectrum)
    assert f"a {'comma' if thousands == ',' else 'point'} between thousands" in note(spectrum)


@pytest.mark.parametrize("gap", [" ", "\u00a0", "\u202f", "\u2009", "'", "\u2019"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("separator", ["\t", ";"])
def test_spaces_and_apostrophes_between_thousands(tmp_path, gap, decimal, separator):
    text = table(separator, lambda x: grouped(x * 100, gap, decimal, 2))
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, 100 * F, 100 * Z)
    assert "spaces or apostrophes between thousands" in note(spectrum)


def test_no_break_spaces_between_thousands_in_a_table_of_spaces(tmp_path):
    text = table("   ", lambda x: grouped(x, "\u00a0"))
    assert_is_z(read_text(tmp_path, text)[0], F, Z)
    with pytest.raises(ReadError, match="as if spaces stood between thousands"):
        read_text(tmp_path, table(" ", lambda x: grouped(x, " ")))


def test_text_of_decimals_and_spaces_is_no_table_of_thousands(tmp_path):
    text = "f Re Im\n" + "".join(f"{f:.3f} {300 + f:.3f} {-f:.3f}\n" for f in F).replace(".", ",")
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, F, 300 + F - 1j * F)


@pytest.mark.parametrize("decimal", [".", ","])
def test_three_decimals_throughout_are_refused_unless_something_tells(tmp_path, decimal):
    f = np.array([900.125, 500.25, 200.5, 100, 50, 20, 10, 5, 2, 1])
    rows = [
        "\t".join(f"{x:.3f}" for x in (a, 100 + a / 3, -5 - a / 7)).replace(".", decimal) for a in f
    ]
    names = "f/Hz\tRe(Z)/Ohm\tIm(Z)/Ohm"
    text = "\n".join([names, *rows]) + "\n"
    with pytest.raises(ReadError, match=r"can be .* or .*--decimal"):
        read_text(tmp_path, text)
    (spectrum,) = read_text(tmp_path, text, decimal=decimal)
    np.testing.assert_allclose(spectrum.frequency, f)
    assert "as asked for" in note(spectrum)
    (spectrum,) = read_text(tmp_path, text, decimal="," if decimal == "." else ".")
    np.testing.assert_allclose(spectrum.frequency, 1000 * f)
    # Each of these settles it.
    more = "\n".join([names + "\tE/V", *(f"{row}\t3{decimal}7512" for row in rows)]) + "\n"
    (spectrum,) = read_text(tmp_path, more)
    np.testing.assert_allclose(spectrum.frequency, f)
    assert "as the other columns have it" in note(spectrum)
    (spectrum,) = read_text(tmp_path, f"Area: 0{decimal}785 cm2\nDate: 05.11.2026\n{text}")
    np.testing.assert_allclose(spectrum.frequency, f)
    assert "as the header has it" in note(spectrum)


def test_a_wrong_decimal_sign_is_refused(tmp_path):
    text = table("\t", lambda x: f"{x:.4f}")
    with pytest.raises(ReadError, match=r"50000\.0000, which a decimal comma .* does not fit"):
        read_text(tmp_path, text, decimal=",")
    with pytest.raises(ReadError, match="unknown decimal sign"):
        read_text(tmp_path, text, decimal=";")


def test_the_phase_must_stay_within_a_turn(tmp_path):
    z = 100 + 50 / (1 + 2j * np.pi * F * 1e-4)
    rows = ["f/Hz\t|Z|/Ohm\tphase/deg"]
    rows += [
        f"{f:.0f}\t{abs(v):.3f}\t{np.degrees(np.angle(v)) - 1:.3f}"
        for f, v in zip(F, z, strict=True)
    ]
    (spectrum,) = read_text(tmp_path, "\n".join(rows) + "\n")
    np.testing.assert_allclose(spectrum.modulus, np.abs(z), rtol=1e-4)
    assert "keeps the phase within a turn" in note(spectrum)


def test_columns_that_contradict_each_other_are_refused(tmp_path):
    text = "f\tRe(Z)\tIm(Z)\n10,000\t1,500\t-5\n1,000\t2,500\t-6\n100\t3\t-7\n"
    with pytest.raises(ReadError, match="contradict each other"):
        read_text(tmp_path, text)


@pytest.mark.parametrize("gap", [",", " ", "\u00a0", "'"])
def test_thousands_marks_that_begin_below_the_sample_drop_no_row(tmp_path, gap):
    """An ascending sweep of 300 points below 1 kHz, then six above."""
    f = np.r_[np.geomspace(1, 999, 300), 1000, 2000, 5000, 10000, 20000, 50000]
    z = 10 + 100 / (1 + 2j * np.pi * f * 1e-4)
    rows = ["f/Hz\tRe(Z)/Ohm\tIm(Z)/Ohm"]
    rows += [
        f"{grouped(a, gap, '.', 6)}\t{v.real:.9f}\t{v.imag:.9f}" for a, v in zip(f, z, strict=True)
    ]
    (spectrum,) = read_text(tmp_path, "\n".join(rows) + "\n")
    assert_is_z(spectrum, f[::-1], z[::-1], rtol=1e-5)
    whole = [*rows[:301], *(row.replace(".000000", "") for row in rows[301:])]
    (spectrum,) = read_text(tmp_path, "\n".join(whole) + "\n")
    assert_is_z(spectrum, f[::-1], z[::-1], rtol=1e-5)


@pytest.mark.parametrize(("thousands", "decimal"), [(",", "."), (".", ",")])
def test_whole_numbers_above_and_marks_below_the_sample(tmp_path, thousands, decimal):
    f = np.r_[np.arange(300.0, 520), np.array([600, 700, 800, 900, 1000, 1500, 2000, 3000])]
    z = np.round(2000 / f * 100) - 1j * np.round(1000 / f * 50)
    rows = ["f\tRe(Z)\tIm(Z)"]
    rows += [
        "\t".join(grouped(x, thousands, decimal) for x in (a, v.real, v.imag))
        for a, v in zip(f, z, strict=True)
    ]
    (spectrum,) = read_text(tmp_path, "\n".join(rows) + "\n")
    assert_is_z(spectrum, f[::-1], z[::-1])


def test_a_row_in_another_form_is_left_out_with_a_warning(tmp_path):
    rows = table("\t", lambda x: f"{x:.4f}").splitlines()
    body = rows[1:] * 30
    body[250] = body[250].replace(".", ",")
    (first, *_rest) = read_text(tmp_path, "\n".join([rows[0], *body]) + "\n")
    said = note(first)
    assert "1 line(s) that are no row of numbers were left out" in said
    assert "warning: 1 of them hold numbers that do not fit the decimal sign" in said


@pytest.mark.parametrize("write", [samples.xlsx, lambda sheets: samples.fods(sheets["EIS"])])
@pytest.mark.parametrize(("thousands", "decimal"), [(",", "."), (".", ","), ("\u00a0", ",")])
def test_numbers_as_text_in_a_spreadsheet(tmp_path, write, thousands, decimal):
    rows = [["freq/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"]]
    rows += [
        [grouped(f, thousands, decimal), float(v.real), grouped(v.imag, thousands, decimal)]
        for f, v in zip(F, Z, strict=True)
    ]
    path = tmp_path / "book"
    path.write_bytes(write({"EIS": rows}))
    (spectrum,) = eio.read(path)
    assert_is_z(spectrum, F, Z)
    assert "numbers as text" in note(spectrum)
    unclear = [rows[0], *([f"{x:.3f}" for x in (f / 90, 5 + f / 90, 1 + f / 80)] for f in F[:4])]
    path.write_bytes(write({"EIS": unclear}))
    with pytest.raises(ReadError, match="--decimal"):
        eio.read(path)
    (spectrum,) = eio.read(path, decimal=".", sign="-")
    np.testing.assert_allclose(spectrum.frequency, np.round(F[:4] / 90, 3))


def test_numbers_as_text_in_json(tmp_path):
    columns = {
        "f/Hz": [grouped(f, ".", ",") for f in F],
        "Re(Z)/Ohm": RE.tolist(),
        "Im(Z)/Ohm": [grouped(x, ".", ",") for x in IM],
    }
    (spectrum,) = read_text(tmp_path, json.dumps(columns))
    assert_is_z(spectrum, F, Z)


def test_thousands_marks_in_columns_without_names(tmp_path):
    text = table("\t", lambda x: grouped(x, ",")).split("\n", 1)[1]
    assert_is_z(read_text(tmp_path, text)[0], F, Z)
    text = table(";", lambda x: grouped(x, " ", ",")).split("\n", 1)[1]
    assert_is_z(read_text(tmp_path, text)[0], F, Z)


def test_three_decimals_throughout_between_commas_are_decimals(tmp_path):
    rows = [f"{f / 90:.3f},{5 + 90 / f:.3f},{-1 - 90 / f:.3f}" for f in F]
    (spectrum,) = read_text(tmp_path, "\n".join(["f,Re(Z),Im(Z)", *rows]) + "\n")
    np.testing.assert_allclose(spectrum.frequency, np.round(F / 90, 3))


def test_commas_between_thousands_and_columns_are_refused(tmp_path):
    text = table(",", lambda x: grouped(x, ","))
    with pytest.raises(ReadError, match="as if commas stood between thousands"):
        read_text(tmp_path, text)
    body = table(",", lambda x: f"{x:.1f}").splitlines()
    body[3] += ",a remark, of two parts"
    assert_is_z(read_text(tmp_path, "\n".join(body) + "\n")[0], F, Z)


def test_names_of_several_words_and_gaps_between_thousands(tmp_path):
    """Rows with a gap must not fit the names split at every space, shorter as they are."""
    names = ["Elapsed Time (s)", "I Range (A)", "Frequency (Hz)", "Zre (ohms)", "Zim (ohms)",
             "Phase of Z (deg)", "Vac (V)", "Iac (A)"]  # fmt: skip
    rows = ["\t".join(names)]
    for i, (f, z) in enumerate(zip(F, Z, strict=True)):
        rows.append("\t".join(grouped(x, "'", ".", 4) for x in (i, 2, f, z.real, z.imag, 0, 1, 1)))
    (spectrum,) = read_text(tmp_path, "\n".join(rows) + "\n")
    assert_is_z(spectrum, F, Z)
