"""Files as laboratories have them: exports of many programs and countries, with known truth."""

import numpy as np
import pytest
from test_io_table import assert_is_z, note, read_text, table

F = np.geomspace(1e6, 0.1, 43)
Z = 8.5 + 120 / (1 + (2j * np.pi * F * 2e-5) ** 0.9) + 4 / (2j * np.pi * F) ** 0.5
T = 1.5 * np.arange(len(F))
PHASE = np.degrees(np.angle(Z))
N = np.arange(1.0, len(F) + 1)
E = 0 * F + 3.1


def rows(columns, form=".9g", separator="\t", decimal="."):
    text = table((), columns, separator, form=form)
    return text.replace(".", decimal) if decimal != "." else text


def test_solid_state_cell_of_two_electrodes_with_staircase_and_rests(tmp_path):
    """EC-Lab, SPEIS, comma decimals, Ewe-Ece controlled, three steps with rests between them."""
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "Re(Zwe-ce)/Ohm", "-Im(Zwe-ce)/Ohm",
             "time/s", "<Ewe>/V", "<Ece>/V", "cycle number", "Ns"]  # fmt: skip
    noise = np.cos(7 * N)
    blocks = []
    for step in range(3):
        z = Z * (1 + 0.1 * step)
        one = [F, noise, -0.01 * noise, z.real, -z.imag, T + 100 * step, E + 0.1 * step, 0 * F,
               0 * F, 0 * F + step]  # fmt: skip
        rest = [np.r_[0.0, 0.0] if i < 5 else c[:2] for i, c in enumerate(one)]
        blocks += [rest, one]
    columns = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    header = ["EC-Lab ASCII FILE", "", "",
              "Staircase Potentio Electrochemical Impedance Spectroscopy", "",
              "Run on channel : 3 (SN 1234)", "Potential control : Ewe-Ece",
              "Ewe ctrl range : min = -5,00 V, max = 5,00 V",
              "Acquisition started on : 11.05.2026 09:15:02,250",
              "Electrode surface area : 0,785 cm²", "Cycle Definition : Loop"]  # fmt: skip
    header[1] = f"Nb header lines : {len(header) + 1}"
    text = "\r\n".join(header) + "\r\n" + table(names, columns, decimal=",", end="\r\n")
    spectra = read_text(tmp_path, text, "cp1252")
    assert len(spectra) == 3
    for step, spectrum in enumerate(spectra):
        assert_is_z(spectrum, F, Z * (1 + 0.1 * step))
        assert spectrum.metadata["electrode"] == "Ewe-Ece"
        assert spectrum.metadata["technique"] == "SPEIS"
        assert spectrum.metadata["potential_v"] == pytest.approx(3.1 + 0.1 * step)
    assert "6 row(s) without a positive frequency" in note(spectra[0])


@pytest.mark.parametrize("decimal", [".", ","])
def test_export_of_selected_columns_only(tmp_path, decimal):
    text = table(["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", ""], (F, Z.real, -Z.imag, F))
    text = "\n".join(line.rpartition("\t")[0] + "\t" for line in text.splitlines())
    assert_is_z(read_text(tmp_path, text.replace(".", decimal), "cp1252")[0], F, Z)


def test_export_of_modulus_and_phase_only_with_two_cycles(tmp_path):
    names = ["|Z|/Ohm", "Phase(Z)/deg", "cycle number", "freq/Hz"]
    columns = [np.r_[np.abs(Z), 2 * np.abs(Z)], np.r_[PHASE, PHASE], np.repeat([1.0, 2], len(F)),
               np.r_[F, F]]  # fmt: skip
    spectra = read_text(tmp_path, table(names, columns, decimal=","), "latin-1")
    assert len(spectra) == 2
    assert_is_z(spectra[1], F, 2 * Z)


def test_csv_saved_by_a_german_spreadsheet(tmp_path):
    """`sep=;`, empty cells and rows, comma decimals, units in a row of their own."""
    body = rows((F, Z.real, -Z.imag), ".8f", ";", ",")
    text = "sep=;\r\nZelle 12;;;;;\r\n;;;;;\r\nFrequenz;Z';-Z'';;;\r\nHz;Ω;Ω;;;\r\n"
    text += body.replace("\n", ";;;\r\n") + ";;;;;\r\n" * 3
    assert_is_z(read_text(tmp_path, text, "utf-8-sig")[0], F, Z, rtol=1e-6)


def test_csv_of_a_french_machine(tmp_path):
    def write(x: float) -> str:
        return f"{x:,.5f}".replace(",", "\u202f").replace(".", ",")

    lines = ["Fréquence (Hz);Partie réelle (Ω);-Partie imaginaire (Ω);Température (°C)"]
    lines += [";".join(map(write, (f, z.real, -z.imag, 25.0))) for f, z in zip(F, Z, strict=True)]
    (spectrum,) = read_text(tmp_path, "\n".join(lines) + "\n")
    assert_is_z(spectrum, F, Z, rtol=1e-3)
    assert spectrum.metadata["temperature_c"] == 25.0


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("gb18030", "频率(Hz),实部(ohm),虚部(ohm)"), ("big5", "頻率(Hz),實部(ohm),虛部(ohm)"),
     ("shift_jis", "周波数(Hz),実部(ohm),虚部(ohm)"),
     ("cp1251", "Частота (Гц),Действительная часть (Ом),Мнимая часть (Ом)"),
     ("koi8_r", "частота (Гц),действительная часть (Ом),мнимая часть (Ом)"),
     ("cp949", "주파수 (Hz),실수부 (ohm),허수부 (ohm)"),
     ("cp1250", "Częstotliwość (Hz),Część rzeczywista (ohm),Część urojona (ohm)"),
     ("cp1252", "Fréquence (Hz),Z’ (ohm),Z’’ (ohm)"),
     ("mac_roman", "Freq (Hz),Z' (Ohm),Z'' (Ohm)")],
)  # fmt: skip
def test_encodings_of_countries(tmp_path, encoding, names):
    text = f"{names}\n" + rows((F, Z.real, Z.imag), ".9e", ",")
    assert_is_z(read_text(tmp_path, text, encoding)[0], F, Z)


@pytest.mark.parametrize("ohm", ["?", "\ufffd", "Î©", "â„¦"])
def test_units_that_an_export_has_garbled(tmp_path, ohm):
    degree = "Â°" if "\u00ce" in ohm or "\u00e2" in ohm else "?"
    names = ["Index", "Frequency (Hz)", f"Z' ({ohm})", f"-Z'' ({ohm})", f"Z ({ohm})",
             f"-Phase ({degree})", "Time (s)"]  # fmt: skip
    text = table(names, (N, F, Z.real, -Z.imag, np.abs(Z), -PHASE, T), ";", ",")
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, F, Z)
    assert "agree with modulus and phase" in note(spectrum)


def test_nova_with_semicolons(tmp_path):
    names = ["Index", "Frequency (Hz)", "Z' (Ω)", "-Z'' (Ω)", "Z (Ω)", "-Phase (°)", "Time (s)"]
    text = table(names, (N, F, Z.real, -Z.imag, np.abs(Z), -PHASE, T), ";", ",")
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, F, Z)
    assert "agree with modulus and phase" in note(spectrum)


def test_gamry_table_as_echem_analyst_exports_it(tmp_path):
    names = "Pt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange"
    units = "#\ts\tHz\tohm\tohm\tV\tohm\t°\tA\tV\t#"
    body = rows((N, T, F, Z.real, Z.imag, 0 * F, np.abs(Z), PHASE, 0 * F, E, 0 * F + 9))
    (spectrum,) = read_text(tmp_path, f"{names}\n{units}\n{body}", "cp1252")
    assert_is_z(spectrum, F, Z)
    assert spectrum.metadata["potential_v"] == pytest.approx(3.1)
    text = table(["Freq (Hz)", "Zmod (ohm)", "Zphz (°)"], (F, np.abs(Z), PHASE), ",")
    assert_is_z(read_text(tmp_path, text, "cp1252")[0], F, Z)


def test_zahner_text(tmp_path):
    names = ["Number", "Frequency/Hz", "Impedance/Ohm", "Phase/deg", "Significance", "Time/s"]
    body = table(names, (N, F, np.abs(Z), PHASE, 0 * F + 0.999, T))
    assert_is_z(read_text(tmp_path, body)[0], F, Z)
    top = "Thales\nZ file export\n\n"
    padded = "  No.      f/Hz        Z/ohm     phase/deg   time/s\n"
    body = rows((N, F, np.abs(Z), PHASE, T), "12.6e", "  ")
    assert_is_z(read_text(tmp_path, top + padded + body, "latin-1")[0], F, Z, rtol=1e-5)


def test_novocontrol_over_temperature(tmp_path):
    names = "    Freq. [Hz]  \t Temp. [°C] \t Zs' [Ohms]\t Zs'' [Ohms]\t |Zs| [Ohms]\t Sig' [S/cm]"
    top = "sample 3\nDiameter [mm]=10.00 Thickness [mm]=0.500\nFixed value(s) : AC Volt [Vrms]=0.10"
    body = "".join(
        rows((F, 0 * F + t, k * Z.real, k * Z.imag, k * np.abs(Z), 0 * F))
        for t, k in ((-20.0, 5.0), (0.0, 2.0), (20.0, 1.0))
    )
    spectra = read_text(tmp_path, f"{top}\n\n{names}\n{body}", "latin-1")
    assert [s.metadata["temperature_c"] for s in spectra] == [-20.0, 0.0, 20.0]
    assert_is_z(spectra[0], F, 5 * Z)


def test_versastudio_table_as_csv(tmp_path):
    names = ["Segment #", "Point #", "E(V)", "I(A)", "Elapsed Time(s)", "Frequency(Hz)", "E Real",
             "E Imag", "I Real", "I Imag", "Z Real", "Z Imag"]  # fmt: skip
    columns = (0 * F, N, E, 0 * F, T, F, 0 * F, 0 * F, 0 * F, 0 * F, Z.real, Z.imag)
    assert_is_z(read_text(tmp_path, table(names, columns, ","))[0], F, Z)


def test_squidstat_with_a_bare_quote_in_a_name(tmp_path):
    names = ["Step number", "Step name", "Elapsed Time (s)", "Frequency (Hz)", "|Z| (Ohms)",
             "Phase (deg)", "Z' (Ohms)", '-Z" (Ohms)', "DC Working Electrode (V)"]  # fmt: skip
    columns = (1 + 0 * F, 0 * F, T, F, np.abs(Z), PHASE, Z.real, -Z.imag, E)
    (spectrum,) = read_text(tmp_path, table(names, columns, ","))
    assert_is_z(spectrum, F, Z)
    assert "agree with modulus and phase" in note(spectrum)


def test_pstrace_csv(tmp_path):
    names = ["freq / Hz", "neg. Phase / °", "Idc / uA", "Z / Ohm", "Z' / Ohm", "-Z'' / Ohm",
             "Cs / F"]  # fmt: skip
    top = "Date and time:,2026-05-11 09:15:02\nNotes:\n\n"
    columns = (F, -PHASE, 0 * F, np.abs(Z), Z.real, -Z.imag, 0 * F)
    (spectrum,) = read_text(tmp_path, top + table(names, columns, ","), "utf-16")
    assert_is_z(spectrum, F, Z)
    assert "agree with modulus and phase" in note(spectrum)


def test_lcr_meter(tmp_path):
    text = table(["No.", "FREQ[Hz]", "Z[ohm]", "PHASE[deg]"], (N, F, np.abs(Z), PHASE), ",")
    assert_is_z(read_text(tmp_path, "MODEL,IM0000\nDATE,2026/05/11\n\n" + text)[0], F, Z)


def test_a_count_of_points_above_columns_without_names(tmp_path):
    text = f"{len(F)}\n" + rows((F, Z.real, Z.imag), ".7e", " , ")
    assert_is_z(read_text(tmp_path, text)[0], F, Z, rtol=1e-6)


def test_loops_with_averages_below_each(tmp_path):
    one = rows((F, Z.real, Z.imag), ".9g", ";")
    mean = f"Mittelwert;;{Z.real.mean():.3f};{Z.imag.mean():.3f}\n\n"
    text = "f/Hz;Re(Z)/Ohm;Im(Z)/Ohm\n" + (one + mean) * 4
    spectra = read_text(tmp_path, text)
    assert [len(s) for s in spectra] == [len(F)] * 4
    assert_is_z(spectra[-1], F, Z)
    assert "4 line(s) that are no row" in note(spectra[0])


def test_exports_pasted_one_below_the_other(tmp_path):
    one = table(["f/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"], (F, Z.real, Z.imag), ",")
    spectra = read_text(tmp_path, one * 3)
    assert [len(s) for s in spectra] == [len(F)] * 3
    assert "2 line(s) that are no row" in note(spectra[0])


def test_spectra_side_by_side_of_unequal_length(tmp_path):
    head = "cell A;;;cell B;;\nf/Hz;Z'/Ohm;-Z''/Ohm;f/Hz;Z'/Ohm;-Z''/Ohm\n"
    lines = []
    for i, (f, z) in enumerate(zip(F, Z, strict=True)):
        left = f"{f:.9g};{z.real:.9g};{-z.imag:.9g}"
        right = f"{f:.9g};{2 * z.real:.9g};{-2 * z.imag:.9g}" if i < 30 else ";;"
        lines.append(f"{left};{right}")
    one, other = read_text(tmp_path, head + "\n".join(lines).replace(".", ",") + "\n")
    assert_is_z(one, F, Z)
    assert_is_z(other, F[:30], 2 * Z[:30])


def test_a_frequency_whose_logarithm_stands_beside_it(tmp_path):
    text = table(["log f", "f / Hz", "Z' / Ω", "Z'' / Ω", "Y' / S"],
                 (np.log10(F), F, Z.real, Z.imag, 1 / Z.real))  # fmt: skip
    assert_is_z(read_text(tmp_path, text)[0], F, Z)


def test_ohm_square_centimetres_are_said(tmp_path):
    text = table(["f (Hz)", "Re(Z) (Ω cm²)", "-Im(Z) (Ω cm²)"], (F, Z.real, -Z.imag), ";", ",")
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, F, Z)
    assert spectrum.metadata["impedance_unit"] == "ohm cm2"


def test_text_of_spaces_with_comments_between_and_old_exponents(tmp_path):
    body = rows((F, Z.real, Z.imag), ".6e", "   ").replace("e", "D").splitlines()
    body[10:10] = ["# changed the range here", "#"]
    text = "# measured by night\n#   freq[Hz]   Re[Z]/Ohm   Im[Z]/Ohm\n" + "\n".join(body) + "\n"
    assert_is_z(read_text(tmp_path, text)[0], F, Z, rtol=1e-5)


@pytest.mark.parametrize("separator", ["\t", ";", "  "])
def test_the_minus_of_typographers(tmp_path, separator):
    text = table(["f/Hz", "Re(Z)/Ohm", "−Im(Z)/Ohm"], (F, Z.real, -Z.imag), separator)
    assert_is_z(read_text(tmp_path, text.replace("-", "−").replace("e−", "e-"))[0], F, Z)
    text = table(["f/Hz", "Re(Z)/Ohm", "x−y"], (F, Z.real, Z.imag), separator).replace("-", "−")
    text = text.replace("e−", "e-")
    assert_is_z(read_text(tmp_path, text, columns={"x−y": "Im(Z)"})[0], F, Z)


def test_rows_sorted_as_text_are_one_sweep(tmp_path):
    order = np.argsort([f"{f:g}" for f in F])
    text = table(["f/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"], (F[order], Z.real[order], Z.imag[order]))
    (spectrum,) = read_text(tmp_path, text)
    assert_is_z(spectrum, F, Z)
    assert "not in the order of frequency" in note(spectrum)
