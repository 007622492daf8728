"""Text tables in every shape that a person or a program writes; all samples are made here."""

import itertools
import time

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError

F = np.geomspace(1e6, 1e-1, 36)
Z = 5.25 + 100 / (1 + (2j * np.pi * F * 1e-4) ** 0.85) + 30 / (1 + 2j * np.pi * F * 0.02)


def table(names, columns, separator="\t", decimal=".", end="\n", form=".9e") -> str:
    rows = [separator.join(names)] if names else []
    rows += [separator.join(format(v, form) for v in row) for row in zip(*columns, strict=True)]
    head, body = (rows[:1], rows[1:]) if names else ([], rows)
    return end.join([*head, *(row.replace(".", decimal) for row in body)]) + end


def read_text(tmp_path, text: str, encoding="utf-8", **options):
    path = tmp_path / "sample"
    path.write_bytes(text.encode(encoding))
    return eio.read(path, **options)


def assert_is_z(spectrum, f=F, z=Z, rtol=1e-8):
    np.testing.assert_allclose(spectrum.frequency, f, rtol=rtol)
    assert np.max(np.abs(spectrum.impedance - z) / np.abs(z)) < rtol


def note(spectrum) -> str:
    return "; ".join(spectrum.metadata["notes"])


@pytest.mark.parametrize(
    ("separator", "decimal"),
    [("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (" ", "."), (" ", ","),
     ("  \t ", "."), (", ", "."), ("; ", ",")],
)  # fmt: skip
@pytest.mark.parametrize(
    ("encoding", "end"),
    [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("utf-16", "\r\n"), ("utf-16-le", "\n"),
     ("utf-16-be", "\n"), ("latin-1", "\r"), ("cp1252", "\r\n")],
)  # fmt: skip
def test_separators_decimals_encodings_line_ends(tmp_path, separator, decimal, encoding, end):
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "T/°C"]
    text = table(names, (F, Z.real, -Z.imag, np.full(len(F), 25.5)), separator, decimal, end)
    (spectrum,) = read_text(tmp_path, text, encoding)
    assert_is_z(spectrum)
    assert spectrum.metadata["temperature_c"] == pytest.approx(25.5)
    assert f"decimal {'comma' if decimal == ',' else 'point'}" in note(spectrum)


@pytest.mark.parametrize(
    ("names", "scales"),
    [
        (("f", "Z'", "Z''"), (1, 1, 1)),
        (("freq", "Zre", "-Zim"), (1, 1, -1)),
        (("Frequency (Hz)", "Zreal", "Zimag"), (1, 1, 1)),
        (("Frequency [kHz]", "Z' [kOhm]", "-Z'' [kOhm]"), (1e-3, 1e-3, -1e-3)),
        (("freq / MHz", "Re(Z) / mΩ", "-Im(Z) / mΩ"), (1e-6, 1e3, -1e3)),
        (("freq_hz", "real_ohm", "imaginary_ohm"), (1, 1, 1)),
        (("f/mHz", "Re(Z)/MOhm", "Im(Z)/MOhm"), (1e3, 1e-6, 1e-6)),
        (("frequency", "real", "imaginary"), (1, 1, 1)),
        (("ω (rad/s)", "Z′ (Ω)", "−Z″ (Ω)"), (2 * np.pi, 1, -1)),
        (("Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"), (1, 1, 1)),
        (("f", "-Z'", "-Z''"), (1, -1, -1)),
        (("Frequency, Hz", "Re Z, Ohm", "neg. Im Z, Ohm"), (1, 1, -1)),
    ],
)
def test_names_units_signs(tmp_path, names, scales):
    columns = [c * s for c, s in zip((F, Z.real, Z.imag), scales, strict=True)]
    (spectrum,) = read_text(tmp_path, table(names, columns, separator="\t"))
    assert_is_z(spectrum)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_columns_go_by_name_not_by_position(tmp_path, order):
    names = np.array(["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"])[list(order)]
    columns = np.array([F, Z.real, -Z.imag])[list(order)]
    unknown = np.arange(len(F))
    text = table(["Cs/µF", *names, "note/a.u."], (unknown, *columns, unknown), ";")
    assert_is_z(read_text(tmp_path, text, "latin-1")[0])


@pytest.mark.parametrize(
    "above", ["", "# my cell\n% 25 C\n\n", "cell 5, 26.02.2025, 15:11\nD[mm]: 1.3\n"]
)
@pytest.mark.parametrize("mark", ["", "# "])
def test_lines_above_the_names(tmp_path, above, mark):
    text = above + mark + table(("f", "Z'", "Z''"), (F, Z.real, Z.imag), " ")
    assert_is_z(read_text(tmp_path, text)[0])


@pytest.mark.parametrize(
    ("name", "factor", "said"),
    [("Phase(Z)/deg", 1, ""), ("-Phase(Z)/deg", -1, ""), ("phase (rad)", np.pi / 180, ""),
     ("phase", 1, "taken as degrees"), ("theta", np.pi / 180, "taken as radians")],
)  # fmt: skip
def test_modulus_and_phase(tmp_path, name, factor, said):
    phase = np.degrees(np.angle(Z)) * factor
    (spectrum,) = read_text(tmp_path, table(("freq", "|Z|", name), (F, np.abs(Z), phase), ";"))
    assert_is_z(spectrum)
    assert "computed from modulus and phase" in note(spectrum)
    assert said in note(spectrum)


def test_a_phase_below_three_degrees_is_told_from_radians_by_the_modulus(tmp_path):
    z = 100 + 5 / (1 + 2j * np.pi * F * 1e-3)
    phase = np.degrees(np.angle(z))
    assert np.max(np.abs(phase)) < 3
    (spectrum,) = read_text(tmp_path, table(("f", "|Z|", "phase"), (F, np.abs(z), phase), ";"))
    assert_is_z(spectrum, z=z)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "z",
    [
        Z,
        Z + 2j * np.pi * F * 1e-6,  # inductive above 1 MHz
        20 + 1 / (1e-4 * (2j * np.pi * F) ** 0.9),  # blocking
        20 + 1 / (2j * np.pi * F * 1e-4),  # a capacitor: the real part says nothing
    ],
)
def test_three_columns_without_names(tmp_path, z, turned):
    text = table((), (F, z.real, -z.imag if turned else z.imag), ",")
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, z=z)
    taken = "minus the imaginary part" if turned else "and imaginary part"
    assert taken in note(spectrum)


def test_real_and_imaginary_part_are_checked_against_modulus_and_phase(tmp_path):
    names = ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg")
    phase = np.degrees(np.angle(Z))
    good = read_text(tmp_path, table(names, (F, Z.real, -Z.imag, np.abs(Z), phase)))
    assert "agree with modulus and phase" in note(good[0])
    with pytest.raises(ReadError, match=r"do not give the modulus column .*ratio 0\.001"):
        read_text(tmp_path, table(names, (F, Z.real, -Z.imag, 1000 * np.abs(Z), phase)))
    turned = read_text(tmp_path, table(names, (F, Z.real, -Z.imag, np.abs(Z), -phase)))
    assert_is_z(turned[0])
    assert "opposite sign" in note(turned[0])
    zeros = read_text(tmp_path, table(names, (F, Z.real, -Z.imag, 0 * F, 0 * F)))
    assert_is_z(zeros[0])
    assert "not checked" in note(zeros[0])


def test_a_name_without_the_minus_that_the_data_show_is_warned_of(tmp_path):
    text = table(("f/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"), (F, Z.real, -Z.imag))
    (spectrum,) = read_text(tmp_path, text)
    assert np.all(spectrum.impedance.imag > 0)
    assert "may mean -Im(Z)" in note(spectrum)


@pytest.mark.parametrize(
    ("numbers", "separator"),
    [(["1,000,000.5", "1,234.25", "-0.5"], "\t"), (["1.000.000,5", "1.234,25", "-0,5"], ";"),
     (["1,000,000", "1,234", "-0.5"], "\t"), (["1000000,5", "1234,25", "-0,5"], " ")],
)  # fmt: skip
def test_thousands_separators(tmp_path, numbers, separator):
    rows = [
        numbers,
        [n.replace("1", "2", 1) for n in numbers],
        [n.replace("1", "3", 1) for n in numbers],
    ]
    text = "\n".join(separator.join(row) for row in [["f", "Z'", "Z''"], *rows])
    (spectrum,) = read_text(tmp_path, text)
    assert spectrum.frequency[-1] == pytest.approx(1e6, rel=1e-6)
    assert spectrum.impedance[-1] == pytest.approx(1234.25 - 0.5j, rel=1e-3)


def test_an_ambiguous_decimal_sign_is_refused(tmp_path):
    text = "f;Z';Z''\n1000,5;10.5;-1\n100,5;11.5;-2\n"
    with pytest.raises(ReadError, match=r"comma \(1000,5\).*point \(10\.5\).*one decimal sign"):
        read_text(tmp_path, text)


def test_quotes_around_names_and_numbers(tmp_path):
    text = table(('"freq/Hz"', '"Re(Z)/Ohm"', '"-Im(Z)/Ohm"'), (F, Z.real, -Z.imag), ";")
    assert_is_z(read_text(tmp_path, text)[0])
    rows = ['"f";"Z\'";"Z\'\'"', '"1000,0";"10,5";"-1,5"', '"100,0";"12,5";"-2,5"']
    (spectrum,) = read_text(tmp_path, "\n".join(rows))
    assert spectrum.impedance.tolist() == [10.5 - 1.5j, 12.5 - 2.5j]


# Rows and sweeps


def test_rows_that_are_no_points_are_left_out_and_counted(tmp_path):
    rows = table(("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"), (F, Z.real, -Z.imag), ";").splitlines()
    rows[5:5] = ["0;1;2", "10;nan;3", "20;;4", "overload", "-5;1;1", "30;0;0", "", "40;inf;1"]
    (spectrum,) = read_text(tmp_path, "\n".join(rows))
    assert_is_z(spectrum)
    said = note(spectrum)
    assert "3 row(s) with an empty cell, NaN or infinity" in said
    assert "2 row(s) without a positive frequency" in said
    assert "1 row(s) with an impedance of exactly zero" in said
    assert "1 line(s) that are no row of numbers" in said


def test_a_table_that_is_mostly_text_is_refused(tmp_path):
    rows = table(("f", "Z'", "Z''"), (F[:3], Z.real[:3], Z.imag[:3]), ";").splitlines()
    with pytest.raises(ReadError, match="20 of 23 lines"):
        read_text(tmp_path, "\n".join([*rows, *["something else"] * 20]))


@pytest.mark.parametrize("separator", [",", "\t", " "])
def test_a_file_that_ends_within_a_row(tmp_path, separator):
    text = table(("f", "Z'", "Z''"), (F, Z.real, Z.imag), separator)
    cut = text[: text.rindex(separator) - 3]
    (spectrum,) = read_text(tmp_path, cut)
    assert_is_z(spectrum, F[:-1], Z[:-1])
    assert "ends in the middle of a row" in note(spectrum)
    (whole,) = read_text(tmp_path, text.rstrip("\n"))
    assert_is_z(whole)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("counter", [None, "cycle number", "loop_index", "sweep"])
def test_sweeps_by_counter_or_by_a_frequency_that_jumps_back(tmp_path, direction, counter):
    f, z = F[::direction], Z[::direction]
    columns = [np.tile(f, 3), np.tile(z.real, 3), np.tile(-z.imag, 3)]
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"]
    # A cycle number may be 0 throughout.
    columns.append(np.zeros(3 * len(f)) if counter is None else np.repeat([1.0, 2.0, 3.0], len(f)))
    names.append(counter or "cycle number")
    columns.append(np.arange(3.0 * len(f)))
    names.append("time/s")
    columns.append(np.repeat([3.0, 3.1, 3.2], len(f)))
    names.append("<Ewe>/V")
    spectra = read_text(tmp_path, table(names, columns))
    assert [s.metadata["sweep"] for s in spectra] == [1, 2, 3]
    for number, spectrum in enumerate(spectra):
        assert_is_z(spectrum)
        assert spectrum.metadata["time_s"] == pytest.approx(number * len(f))
        assert spectrum.metadata["potential_v"] == pytest.approx(3.0 + 0.1 * number)


def test_sweeps_of_unequal_range_and_one_that_turns(tmp_path):
    parts = [(F, Z), (F[10:20], Z[10:20]), (F[5:], Z[5:])]
    f, z = (np.concatenate(list(c)) for c in zip(*parts, strict=True))
    spectra = read_text(tmp_path, table(("f", "Z'", "Z''"), (f, z.real, z.imag)))
    assert [len(s) for s in spectra] == [36, 10, 31]
    down_up = np.concatenate([F, F[::-1]]), np.concatenate([Z, Z[::-1]])
    spectra = read_text(
        tmp_path, table(("f", "Z'", "Z''"), (down_up[0], down_up[1].real, down_up[1].imag))
    )
    assert [len(s) for s in spectra] == [36, 36]


def test_what_does_not_begin_a_sweep(tmp_path):
    """Overlapping ranges, a repeated point and a small step back belong to one sweep."""
    f = np.concatenate([F[:20], F[18:]])
    f[5] = f[4] * 1.01
    z = np.interp(np.log(f), np.log(F[::-1]), Z[::-1].real) - 1j
    counter = np.arange(len(f), dtype=float)  # counts points, not sweeps
    text = table(("f", "Z'", "Z''", "cycle"), (f, z.real, z.imag, counter))
    assert [len(s) for s in read_text(tmp_path, text)] == [38]
    jitter = 1e3 * (1 + 1e-3 * np.random.default_rng(1).standard_normal(500))
    text = table(("f", "Z'", "Z''"), (jitter, 1 + 0 * jitter, -1 + 0 * jitter))
    assert [len(s) for s in read_text(tmp_path, text)] == [500]


# EC-Lab text


def eclab_text(control="Ewe", decimal=".", lines=None) -> str:
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg", "time/s",
             "<Ewe>/V", "cycle number", "I Range", "Re(Zce)/Ohm", "-Im(Zce)/Ohm",
             "Re(Zwe-ce)/Ohm", "-Im(Zwe-ce)/Ohm", "<Ece>/V"]  # fmt: skip
    noise = np.cos(np.arange(len(F)))  # two-electrode cell: Re(Z) is noise, even negative
    one = noise + 0.01j
    phase = np.degrees(np.angle(one))
    columns = (F, one.real, -one.imag, np.abs(one), phase, 0.5 * F**0,
               3.5 * F**0, 0 * F, 39 * F**0, Z.real * 2, -Z.imag * 2, Z.real, -Z.imag,
               0.5 * F**0)  # fmt: skip
    header = ["EC-Lab ASCII FILE", "", "", "Potentio Electrochemical Impedance Spectroscopy", "",
              f"Potential control : {control}", "Acquisition started on : 05/15/2025 01:18:45.867",
              "Electrode surface area : 0,785 cm²", "Comments : 1 kHz: µ and °"]  # fmt: skip
    header[1] = f"Nb header lines : {lines or len(header) + 1}                "
    return "\n".join(header) + "\n" + table([*names, ""], (*columns, 0 * F), decimal=decimal)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("locale_name", ["C", "de_DE.UTF-8", "en_US.UTF-8"])
def test_decimal_commas_do_not_depend_on_the_locale(tmp_path, monkeypatch, decimal, locale_name):
    monkeypatch.setenv("LC_ALL", locale_name)
    (spectrum,) = read_text(tmp_path, eclab_text("Ewe-Ece", decimal), "latin-1")
    assert_is_z(spectrum)
    assert spectrum.metadata["electrode"] == "Ewe-Ece"
    assert spectrum.metadata["acquired"] == "2025-05-15T01:18:45.867"
    assert spectrum.metadata["technique"] == "PEIS"
    assert spectrum.metadata["potential_v"] == pytest.approx(3.0)
    assert spectrum.metadata["time_s"] == pytest.approx(0.5)


def test_the_electrode_of_a_text_export(tmp_path):
    (working,) = read_text(tmp_path, eclab_text("Ewe"), "latin-1")
    assert working.metadata["electrode"] == "Ewe"
    assert np.any(working.impedance.real < 0)
    (counter,) = read_text(tmp_path, eclab_text("Ewe"), "latin-1", electrode="Ece")
    assert_is_z(counter, z=2 * Z)
    assert "as asked for" in note(counter)
    (unsaid,) = read_text(tmp_path, eclab_text("something new"), "latin-1")
    assert unsaid.metadata["electrode"] == "Ewe"
    assert "do not say which electrode" in note(unsaid)
    with pytest.raises(ReadError, match=r"unknown electrode 'WE'.*Ewe, Ece, Ewe-Ece"):
        read_text(tmp_path, eclab_text(), "latin-1", electrode="WE")
    plain = table(("f", "Z'", "Z''"), (F, Z.real, Z.imag))
    with pytest.raises(ReadError, match="no impedance of Ece, only of Ewe"):
        read_text(tmp_path, plain, electrode="Ece")


def test_a_text_export_with_a_wrong_header_count(tmp_path):
    (spectrum,) = read_text(tmp_path, eclab_text("Ewe-Ece", lines=7), "latin-1")
    assert_is_z(spectrum)
    assert "stand in line 10, not in line 7" in note(spectrum)


def test_a_text_export_that_is_cut_off_or_empty(tmp_path):
    text = eclab_text("Ewe-Ece")
    with pytest.raises(ReadError, match=r"cut off in its header: it announces 10 .* has 4"):
        read_text(tmp_path, "\n".join(text.split("\n")[:5]), "latin-1")
    with pytest.raises(NoImpedanceError, match="aborted before its first point"):
        read_text(tmp_path, "\n".join(text.split("\n")[:10]) + "\n", "latin-1")
    (cut,) = read_text(tmp_path, text[:-60], "latin-1")
    assert_is_z(cut, F[:-1], Z[:-1])


def test_a_text_export_without_impedance(tmp_path):
    text = ("EC-Lab ASCII FILE\nNb header lines : 5\n\nCyclic Voltammetry\n"
            "time/s\tEwe/V\t<I>/mA\tcycle number\n0\t3\t1\t1\n1\t3\t1\t1\n")  # fmt: skip
    with pytest.raises(NoImpedanceError, match=r"\(EC-Lab text, CV\).*time/s, Ewe/V, <I>/mA"):
        read_text(tmp_path, text)


@pytest.mark.slow
def test_a_hundred_thousand_rows_a_second(tmp_path):
    n = 100_000
    f = np.tile(F, n // len(F))
    z = np.tile(Z, n // len(F))
    text = table(("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "time/s"), (f, z.real, -z.imag, f))
    path = tmp_path / "long.txt"
    path.write_text(text)
    fastest = np.inf
    for _ in range(3):
        start = time.process_time()
        spectra = eio.read(path)
        fastest = min(fastest, time.process_time() - start)
    assert len(spectra) == n // len(F)
    assert len(f) / fastest > 1e5
