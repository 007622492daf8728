"""Rows of text tables: quotes, rows of units, counters of sweeps, fields that are missing."""

import numpy as np
import pytest
from test_io_table import assert_is_z, note, read_text

from eisfit.errors import ReadError


def test_quoted_thousands_in_comma_csv(tmp_path):
    text = (
        'freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n"10,000","100.5","-5.5"\n"1,000","1,150.5","-20.5"\n'
        '"100.0","2,220.5","-90.5"\n'
    )
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, [1e4, 1e3, 100], np.array([100.5 - 5.5j, 1150.5 - 20.5j, 2220.5 - 90.5j]))


def test_quoted_decimal_commas_in_comma_csv(tmp_path):
    text = 'f,Re(Z),Im(Z)\n"1000,5","0,250","-5,5"\n"100","1,5","-2,5"\n"10,0","3","-1"\n'
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, [1000.5, 100, 10], np.array([0.25 - 5.5j, 1.5 - 2.5j, 3 - 1j]))


def test_quoted_comma_that_may_be_either_is_refused(tmp_path):
    text = 'f,Re(Z),Im(Z)\n"10,000","1,500","-5"\n"1,000","2,500","-6"\n100,3,-7\n'
    with pytest.raises(ReadError, match="thousands mark"):
        read_text(tmp_path, text)


def test_separator_in_a_quoted_text_cell_shifts_nothing(tmp_path):
    text = "note,f,Re(Z),Im(Z)\n" + 'a,100,1,-2\n"b, 7",10,3,-4\n"c ""d"", 8",1,5,-6\n'
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, [100, 10, 1], np.array([1 - 2j, 3 - 4j, 5 - 6j]))


@pytest.mark.parametrize(
    ("units", "hertz", "ohm"),
    [("[kHz],[kOhm],[kOhm]", 1e3, 1e3), ("(MHz),(m\u03a9),(m\u03a9)", 1e6, 1e-3),
     ('"[kHz]","[Ohm]","[Ohm]"', 1e3, 1), ("kHz,Ohm,Ohm", 1e3, 1)],
)  # fmt: skip
@pytest.mark.parametrize("separator", [",", ";", "\t", "  "])
def test_unit_row_in_brackets(tmp_path, units, hertz, ohm, separator):
    text = f"Frequency,Zreal,Zimag\n{units}\n10,1,-1\n1,2,-2\n.1,3,-1\n"
    (spectrum,) = read_text(tmp_path, text.replace(",", separator))
    f, z = np.array([10, 1, 0.1]), np.array([1 - 1j, 2 - 2j, 3 - 1j])
    assert_is_z(spectrum, f * hertz, z * ohm)


@pytest.mark.parametrize("counter", ["cycle number", "sweep", "loop"])
@pytest.mark.parametrize("snake", [False, True])
def test_long_table_sorted_by_frequency_is_split_by_its_counter(tmp_path, counter, snake):
    rows = [
        f"{f}\t{c}\t{100 * c + 1000 / f}\t-{5 * c}\n"
        for i, f in enumerate((1000, 100, 10, 1))
        for c in ((3, 2, 1) if snake and i % 2 else (1, 2, 3))
    ]
    text = f"freq/Hz\t{counter}\tRe(Z)/Ohm\tIm(Z)/Ohm\n" + "".join(rows)
    spectra = read_text(tmp_path, text)
    f = np.array([1000.0, 100, 10, 1])
    assert len(spectra) == 3
    for c, spectrum in enumerate(spectra, start=1):
        assert_is_z(spectrum, f, 100 * c + 1000 / f - 5j * c)


def test_counter_that_starts_again_with_each_loop_keeps_the_order(tmp_path):
    rows = [
        f"{f}\t{c}\t{100 * c + turn}\t-5\n"
        for turn in (0, 1) for c in (1, 2) for f in (1000, 100, 10, 1)
    ]  # fmt: skip
    text = "freq/Hz\tcycle number\tRe(Z)/Ohm\tIm(Z)/Ohm\n" + "".join(rows)
    spectra = read_text(tmp_path, text)
    assert [s.impedance.real[0] for s in spectra] == [100, 200, 101, 201]
    assert all(len(s.frequency) == 4 for s in spectra)


@pytest.mark.parametrize("names", ["f T Re(Z) Im(Z) note\n", "f  T  Re(Z)  Im(Z)  note\n"])
@pytest.mark.parametrize("damaged", ["1000 110 -20 7", "1000 25 110 -20 7 8", "1000 110"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_white_space_row_of_another_width_is_left_out_and_counted(tmp_path, names, damaged, end):
    rows = ["10000 25 100 -10 7", damaged, "100 25 120 -30 7", "10 25 130 -40 7"]
    (spectrum,) = read_text(tmp_path, names + "\n".join(rows) + end)
    assert_is_z(spectrum, [1e4, 100, 10], np.array([100 - 10j, 120 - 30j, 130 - 40j]))
    assert "1 line(s) that are no row of numbers were left out" in note(spectrum)


def test_white_space_row_of_another_width_without_names(tmp_path):
    rows = ["10000 100 -10", "3000 105 -12", "2000 107 -15", "1000 -20", "100 120 -30"]
    (spectrum,) = read_text(tmp_path, "\n".join(rows) + "\n")
    np.testing.assert_allclose(spectrum.frequency, [10000, 3000, 2000, 100])
    assert "1 line(s) that are no row" in note(spectrum)
