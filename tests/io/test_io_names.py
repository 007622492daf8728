"""Names of columns as laboratories of many countries write them, and how they stand in a line."""

import unicodedata

import numpy as np
import pytest
from test_io_table import F, Z, assert_is_z, read_text, table

from eisfit.errors import ReadError
from eisfit.io.columns import FREQUENCY_WORDS, folded, interpret
from eisfit.io.names import _NAMES

PHASE = np.degrees(np.angle(Z))
CARTESIAN = [
    ("Frequenz [kHz]", "Realteil Z [kOhm]", "Imaginärteil Z [kOhm]", 1e-3, 1e-3),
    ("Frequenz / Hz", "Realteil / Ω", "Imaginärteil / Ω", 1, 1),
    ("Kreisfrequenz (rad/s)", "Z' (Ω)", "Z'' (Ω)", 2 * np.pi, 1),
    ("Fréquence (Hz)", "Partie réelle (Ω)", "Partie imaginaire (Ω)", 1, 1),
    ("fréquence", "Z réel (ohm)", "Z imaginaire (ohm)", 1, 1),
    ("Frecuencia (Hz)", "Parte real (ohmios)", "Parte imaginaria (ohmios)", 1, 1),
    ("Frequência (MHz)", "Parte real de Z (MΩ)", "Parte imaginária de Z (MΩ)", 1e-6, 1e-6),
    ("Frequenza [Hz]", "Parte reale [Ω]", "Parte immaginaria [Ω]", 1, 1),
    ("Częstotliwość [Hz]", "Część rzeczywista Z [Ω]", "Część urojona Z [Ω]", 1, 1),
    ("Частота, кГц", "Действительная часть, кОм", "Мнимая часть, кОм", 1e-3, 1e-3),
    ("Частота, Гц", "Z', Ом", "Z'', Ом", 1, 1),
    ("周波数（Hz）", "実部（Ω）", "虚部（Ω）", 1, 1),
    ("周波数/kHz", "インピーダンス実部/kΩ", "インピーダンス虚部/kΩ", 1e-3, 1e-3),
    ("频率(Hz)", "实部(Ω)", "虚部(Ω)", 1, 1),
    ("频率/赫兹", "阻抗实部/欧姆", "阻抗虚部/欧姆", 1, 1),
    ("ν/Hz", "Z′/Ω", "Z″/Ω", 1, 1),
    ("f (KHz)", "Zre (KOhm)", "Zim (KOhm)", 1e-3, 1e-3),
    ("F [HZ]", "Z' [OHM]", "Z'' [OHM]", 1, 1),
    ("ω (rad/sec)", "Z’ (Ω)", "Z’’ (Ω)", 2 * np.pi, 1),
    ("omega / rad s⁻¹", "ReZ / Ω·cm²", "ImZ / Ω·cm²", 2 * np.pi, 1),
    ("ω / s^-1", "ℜ(Z)", "ℑ(Z)", 2 * np.pi, 1),
    ("Freq. (1/s)", "Z_re", "Z_im", 1, 1),
]
POLAR = [
    ("Frequenz/Hz", "Betrag/Ohm", "Phasenwinkel/Grad", 1),
    ("Fréquence (Hz)", "Module (Ω)", "Déphasage (°)", 1),
    ("Frecuencia (Hz)", "Módulo (Ω)", "Ángulo de fase (grados)", 1),
    ("Frequência", "|Z|", "Fase (rad)", np.pi / 180),
    ("Frequenza [Hz]", "Modulo [Ω]", "Fase [gradi]", 1),
    ("Częstotliwość [Hz]", "Moduł Z [Ω]", "Kąt fazowy [°]", 1),
    ("Частота, Гц", "Модуль импеданса, Ом", "Фаза, град", 1),
    ("周波数(Hz)", "絶対値(Ω)", "位相角(度)", 1),
    ("频率(Hz)", "阻抗模值(Ω)", "相位角(°)", 1),
]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("separator", ["\t", ";", "|"])
@pytest.mark.parametrize("names", CARTESIAN, ids=lambda names: names[0])
def test_real_and_imaginary_part(tmp_path, names, separator, form):
    head = [unicodedata.normalize(form, name) for name in names[:3]]
    columns = (F * names[3], Z.real * names[4], Z.imag * names[4])
    (spectrum,) = read_text(tmp_path, table(head, columns, separator))
    assert_is_z(spectrum)


@pytest.mark.parametrize("names", POLAR, ids=lambda names: names[0])
def test_modulus_and_phase(tmp_path, names):
    columns = (F, np.abs(Z), PHASE * names[3])
    assert_is_z(read_text(tmp_path, table(names[:3], columns, ";"))[0])


def test_every_name_of_a_frequency_is_found_in_its_line():
    for quantity in ("frequency", "omega"):
        for name in _NAMES[quantity]:
            for written in (name, name.capitalize(), unicodedata.normalize("NFD", name)):
                for line in (written, f"x\t{written}_hz", f"Re;{written} (Hz)", f"{written}/Hz"):
                    assert FREQUENCY_WORDS.search(folded(line)), line
                column = interpret(written)
                assert column
                assert column.quantity == quantity


@pytest.mark.parametrize(
    "name", ["mhz", "f (mhz)", "log f", "log(freq)", "Cs/µF", "Re(Y)/S", "f (m)", "|I|/A", "Z (V)"]
)
def test_names_that_are_not_to_be_taken(name):
    assert interpret(name) is None or name == "f (m)"


def test_small_letters_of_mega_and_milli_are_refused(tmp_path):
    with pytest.raises(ReadError, match=r"f/mhz.*(not known|no frequency)"):
        read_text(tmp_path, table(["f/mhz", "Re(Z)/Ohm", "Im(Z)/Ohm"], (F, Z.real, Z.imag)))


@pytest.mark.parametrize("quote", ['""', "“”", "„“"])
def test_quoted_names(tmp_path, quote):
    names = [quote[0] + name + quote[1] for name in ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm")]
    assert_is_z(read_text(tmp_path, table(names, (F, Z.real, -Z.imag), ";"))[0])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_in_quoted_names(tmp_path, separator):
    names = ['"Frequency, Hz"', '"Z\' ; real, Ohm"', '"Z, Ohm; real"', "\"Z'', Ohm\"", '"a; b, c"']
    head = [names[0], names[4], '"Re(Z), Ohm"', '"Im(Z), Ohm"']
    text = table(head, (F, 0 * F, Z.real, Z.imag), separator)
    assert_is_z(read_text(tmp_path, text)[0])


def test_a_table_between_bars(tmp_path):
    for names in (("f/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"), ("f/Hz", "|Z|/Ohm", "Phase/deg")):
        columns = (F, Z.real, Z.imag) if "Re" in names[1] else (F, np.abs(Z), PHASE)
        rows = table(names, columns, " | ").splitlines()
        rows = [f"| {row} |" for row in rows]
        rows.insert(1, "|---|---|---|")
        assert_is_z(read_text(tmp_path, "\n".join(rows) + "\n")[0])
    text = table(("f/Hz", "|Z|/Ohm", "Phase/deg"), (F, np.abs(Z), PHASE), " | ")
    assert_is_z(read_text(tmp_path, text)[0])
