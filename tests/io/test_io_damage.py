"""Small damage that people's files have; each is read as if it were not there, and said."""

import numpy as np
import pytest
import samples
from samples import F, Z, text_table

import eisfit.io as eio

NAMES = ("f/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm")


@pytest.fixture
def read(tmp_path):
    def read_text(text: str, encoding: str = "utf-8"):
        path = tmp_path / "cell.txt"
        path.write_bytes(text.encode(encoding))
        return eio.read(path)

    return read_text


def is_z(spectrum, f=F, z=Z) -> bool:
    return len(spectrum) == len(f) and bool(np.max(np.abs(spectrum.impedance / z - 1)) < 1e-8)


def test_line_ends_of_three_kinds_in_one_file(read):
    lines = text_table(NAMES, (F, Z.real, -Z.imag), ";").splitlines()
    ends = ["\n", "\r\n", "\r"]
    text = "".join(line + ends[i % 3] for i, line in enumerate(lines))
    assert is_z(read(text)[0])


@pytest.mark.parametrize("step", [1, -1])
def test_a_frequency_that_was_measured_twice(read, step):
    """Both points stay: neither is better, and a sweep does not begin there."""
    f, z = np.repeat(F, 2)[::step], np.repeat(Z, 2)[::step]
    (spectrum,) = read(text_table(NAMES, (f, z.real, -z.imag), ";"))
    assert is_z(spectrum, np.repeat(F, 2), np.repeat(Z, 2))


def test_rows_in_no_order(read):
    order = np.random.default_rng(1).permutation(len(F))
    spectra = read(text_table((*NAMES, "cycle"), (F[order], Z.real[order], -Z.imag[order], 0 * F)))
    f = np.concatenate([s.frequency for s in spectra])
    z = np.concatenate([s.impedance for s in spectra])
    np.testing.assert_allclose(z[np.argsort(-f)], Z, rtol=1e-8)


def test_a_greek_header_in_latin_1_and_a_byte_order_mark_in_utf_8(read):
    text = text_table((*NAMES, "Cs/\u00b5F", "phase/\u00b0"),
                      (F, Z.real, -Z.imag, F, np.degrees(np.angle(Z))))  # fmt: skip
    for encoding in ("latin-1", "utf-8-sig", "utf-16"):
        assert is_z(read(text, encoding)[0])


def test_names_far_below_other_tables(read):
    """Farther down than the first bytes that decide the format."""
    above = "time/s\tEwe/V\n" + "".join(f"{i}\t3.5\n" for i in range(60_000))
    assert len(above) > 1 << 18
    assert is_z(read(above + "\n" + text_table(NAMES, (F, Z.real, -Z.imag)))[0])


def test_excel_as_another_program_writes_it(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "cell A"
    sheet.append(["measured on", "2025-05-15"])
    sheet.append([None])
    sheet.append([None, "Frequency", "Z'", "-Z''", "comment"])
    sheet.append([None, "kHz", "ohm", "ohm", None])
    for f, z in zip(F, Z, strict=True):
        sheet.append([None, f / 1e3, z.real, -z.imag, "ok"])
    other = book.create_sheet("cell B")
    other.append(["f", "|Z|", "phase (deg)"])
    for f, z in zip(F, 2 * Z, strict=True):
        other.append([f"{float(f)!r}".replace(".", ","), abs(z), float(np.degrees(np.angle(z)))])
    book.create_sheet("remarks").append(["nothing", "here"])
    book.save(tmp_path / "cells.xlsx")
    first, second = eio.read(tmp_path / "cells.xlsx")
    assert is_z(first)
    assert is_z(second, F, 2 * Z)
    assert (first.label, second.label) == ("cells cell A", "cells cell B")
    assert [first.metadata["sweep"], second.metadata["sweep"]] == [1, 2]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_spectra_side_by_side(read, separator):
    """As people paste them: the second is shorter, and its cells are empty below."""
    n = 20
    lines = [separator.join([*NAMES, "", "f/kHz", "Z'", "-Z''"])]
    for i, (f, z) in enumerate(zip(F, Z, strict=True)):
        second = (f / 1e3, 2 * z.real, -2 * z.imag) if i < n else ()
        fields = [f"{x:.9e}" for x in (f, z.real, -z.imag)]
        lines.append(separator.join([*fields, "", *([f"{x:.9e}" for x in second] or [""] * 3)]))
    first, other = read("\n".join(lines) + "\n")
    assert is_z(first)
    assert is_z(other, F[:n], 2 * Z[:n])
    assert [first.metadata["sweep"], other.metadata["sweep"]] == [1, 2]
    assert "spectrum 2 of 2 that stand side by side" in " ".join(other.metadata["notes"])


def test_sheets_with_spectra_side_by_side(tmp_path):
    rows = [[*NAMES, None, "f", "Re(Z)", "-Im(Z)"]]
    for f, z in zip(F.tolist(), Z.tolist(), strict=True):
        rows.append([f, z.real, -z.imag, None, f, 2 * z.real, -2 * z.imag])
    path = tmp_path / "cells.xlsx"
    path.write_bytes(samples.xlsx({"one": rows}))
    first, other = eio.read(path)
    assert is_z(first)
    assert is_z(other, F, 2 * Z)


def test_an_unknown_column_never_stops_a_file(tmp_path):
    path = tmp_path / "cell"
    for name, make in samples.SAMPLES.items():
        content = make()
        if b"Re(Z)/Ohm" in content:
            path.write_bytes(content.replace(b"Cs/\xb5F", b"??\xff/"))
            assert eio.read(path), name
