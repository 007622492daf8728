"""Files that mean harm: a clear error, soon, and without much memory."""

import re
import struct
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import samples
from samples import F, Z

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.columns import interpret

WITHIN_S = 2.0  # of one core: the machine may have other work
MB = 500


def refused(tmp_path, content: bytes, match: str, error=ReadError):
    path = tmp_path / "hostile"
    path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(error, match=match):
        eio.read(path)
    assert time.process_time() - start < WITHIN_S


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12))
    + "]>"
)


@pytest.mark.parametrize(
    "doctype", [LAUGHS, '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>']
)
def test_xml_entities(tmp_path, doctype):
    flat = samples.fods().decode()
    flat = flat[flat.index("?>") + 2 :]
    start = "" if doctype.startswith("<?xml") else '<?xml version="1.0"?>'
    refused(tmp_path, (start + doctype + flat.replace("cell 5", "&a;")).encode(), "document type")
    content = samples.fods().decode().replace("office:document ", "office:document-content ", 1)
    content = content.replace("</office:document>", "</office:document-content>")
    content = start + doctype + content[content.index("?>") + 2 :]
    refused(tmp_path, samples.zipped({"content.xml": content}), "document type")
    parts = {"xl/workbook.xml": start + doctype + "<workbook>&a;</workbook>"}
    refused(tmp_path, samples.zipped(parts), "document type")


def sheet_of(body: str) -> bytes:
    with_names = samples.xlsx()
    import io

    with zipfile.ZipFile(io.BytesIO(with_names)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = body.encode()
    return samples.zipped(parts)


def test_zip_bombs(tmp_path):
    spaces = "<worksheet>" + " " * (1 << 27) + "</worksheet>"
    bomb = sheet_of(spaces)
    assert len(bomb) < 1 << 20
    refused(tmp_path, bomb, "more than 64 MB of XML")
    texts = samples.zipped(
        {"xl/workbook.xml": "<a/>", "xl/sharedStrings.xml": "<sst>" + "<si/>" * 500_000}
    )
    refused(tmp_path, texts, "more than 400000 cells")
    refused(tmp_path, sheet_of("<worksheet>" + "<x/>" * 1_100_000), "more than 1000000 elements")
    deep = sheet_of("<worksheet>" * 100_000)
    refused(tmp_path, deep, "nested deeper")


def test_cells_far_out_and_repeats_without_end(tmp_path):
    far = '<worksheet><row r="1"><c r="ZZZ1"><v>1</v></c></row></worksheet>'
    refused(tmp_path, sheet_of(far), "more than 16384 columns")
    wide = samples.fods([["f", "Z'", "Z''"]]).decode().replace(
        "<table:table-cell office:value-type=\"string\">",
        '<table:table-cell office:value-type="string" table:number-columns-repeated="999999">', 1,
    )  # fmt: skip
    refused(tmp_path, wide.encode(), "more than 16384 columns")
    tall = samples.fods([["f", "Z'", "Z''"], [1.0, 2.0, 3.0]]).decode().replace(
        "<table:table-row><table:table-cell office:value-type=\"float\"",
        '<table:table-row table:number-rows-repeated="999999999">'
        "<table:table-cell office:value-type=\"float\"", 1,
    )  # fmt: skip
    refused(tmp_path, tall.encode(), "more than 400000 cells")


def test_a_shared_text_that_is_not_there(tmp_path):
    body = '<worksheet><row><c t="s"><v>99999</v></c><c t="s"><v>-1</v></c></row></worksheet>'
    refused(tmp_path, sheet_of(body), "no sheet with a frequency", NoImpedanceError)


def test_archives_that_are_no_spreadsheets(tmp_path):
    refused(tmp_path, samples.zipped({"../../evil.txt": "x"}), "ZIP archive, not a spreadsheet")
    assert not (tmp_path.parent / "evil.txt").exists()
    refused(tmp_path, samples.xlsx()[:-200], "cut off, damaged or encrypted")
    refused(tmp_path, b"PK\3\4" + b"\0" * 100, "cut off, damaged or encrypted")


def test_a_million_columns(tmp_path):
    names = ",".join(f"c{i}" for i in range(1_000_000))
    numbers = ",".join(["1"] * 1_000_000)
    refused(tmp_path, f"{names}\n{numbers}\n{numbers}\n".encode(), "has a line of more than")
    head = "freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm," + names[:25_000]
    path = tmp_path / "wide"
    path.write_text(f"{head}\n{numbers}\n{numbers}\n")
    start = time.process_time()
    with pytest.raises(ReadError, match="do not fit the"):
        eio.read(path)
    assert time.process_time() - start < WITHIN_S


def test_one_line_without_end(tmp_path):
    refused(
        tmp_path, b"freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm\n" + b"1," * (1 << 24), "(more than|do not fit)"
    )
    refused(tmp_path, b"a" * (1 << 24), "has a line of more than")
    refused(tmp_path, b"a" * (1 << 20), "holds no table")


def test_nul_bytes(tmp_path):
    text = samples.csv_comma()
    refused(tmp_path, text[:40] + b"\0" * 5 + text[40:], "binary file of a kind")
    path = tmp_path / "later"
    lines = text.decode().splitlines()
    # Behind the first 4 kB a NUL is a damaged row.
    body = "\n".join([lines[0], *lines[1:] * 10, "1\x00,2,3", *lines[1:]])
    path.write_bytes(body.encode())
    assert sum(map(len, eio.read(path))) == 11 * len(F)


def test_lengths_beyond_the_file(tmp_path):
    ism = bytearray(samples.ism())
    ism[6:12] = b"\x00\x00\xff\xff\xff\xf0"
    refused(tmp_path, bytes(ism), "cut off")
    mpr = bytearray(samples.mpr())
    at = mpr.index(b"VMP data") + 35
    mpr[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    refused(tmp_path, bytes(mpr), "cut off")
    mpr = bytearray(samples.mpr())
    rows = mpr.index(b"VMP data") + 35 + 8 + 8
    mpr[rows : rows + 4] = struct.pack("<I", 0xFFFFFFF0)
    refused(tmp_path, bytes(mpr), "hostile")
    idf = samples.idf().replace(b"31        \r\n", b"999999999\r\n", 1)
    path = tmp_path / "many.idf"
    path.write_bytes(idf)
    (spectrum,) = eio.read(path)
    assert "999999968 are missing" in " ".join(spectrum.metadata["notes"])


def test_json_that_is_deep_or_long(tmp_path):
    refused(tmp_path, b'{"PalmSens.": ' + b"[" * 200_000, "cut off or damaged JSON")
    refused(tmp_path, b"[[" * 100_000, "cut off or damaged JSON")
    many = b'{"f": [' + b"1," * 1_600_000 + b"1]}"
    refused(tmp_path, many, "more than 1500000 entries")
    own = b'{"format": "eisfit-spectra", "spectra": [' + b"{}," * 1_100_000 + b"{}]}"
    refused(tmp_path, own, "more than 1500000 entries")
    path = tmp_path / "hostile"
    with path.open("wb") as stream:
        stream.write(b'{"a": [')
        stream.truncate(1 << 30)  # sparse
    with pytest.raises(ReadError, match=r"(no more than|binary file)"):
        eio.read(path)


def test_content_never_becomes_a_path_or_a_formula(tmp_path, monkeypatch):
    """Names from a file end in labels and messages, and nowhere else."""
    monkeypatch.chdir(tmp_path)
    before = sorted(entry.name for entry in tmp_path.iterdir())
    path = tmp_path / "cell.xlsx"
    evil = "../../=cmd|' /C calc'!A0<script>"
    path.write_bytes(samples.xlsx({evil: samples.sheet_rows(), "b": samples.sheet_rows()}))
    one, _ = eio.read(path)
    assert one.label == f"cell {evil}"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [*before, "cell.xlsx"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory by the Linux kernel")
@pytest.mark.parametrize("kind", ["bomb", "text"])
def test_memory(tmp_path, kind):
    """A bomb stays below 500 MB; a long text takes a few times the memory of its numbers."""
    path = tmp_path / "big"
    rows = 400_000
    if kind == "bomb":
        path.write_bytes(sheet_of("<worksheet>" + " " * (1 << 27) + "</worksheet>"))
    else:
        block = samples.text_table((), (F, Z.real, -Z.imag), ";").encode()
        with path.open("wb") as stream:
            stream.write(b"freq/Hz;Re(Z)/Ohm;-Im(Z)/Ohm\n")
            for _ in range(rows // len(F)):
                stream.write(block)
    code = f"""
        import eisfit.io as eio
        from eisfit.errors import ReadError
        import numpy, eisfit.io.table, eisfit.io.spectra, eisfit.io.spreadsheet
        def peak():
            status = open("/proc/self/status").read()
            return int(status.split("VmHWM:")[1].split()[0]) / 1024
        before = peak()
        try:
            print(sum(map(len, eio.read({str(path)!r}))))
        except ReadError:
            print(0)
        print(peak() - before, peak())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    points, more, whole = (float(x) for x in done.stdout.split())
    assert whole < MB
    if kind == "text":
        numbers = points * 3 * 8 / 1e6
        assert points > 0.99 * rows
        assert more < 6 * numbers + 10
    assert np.isfinite(more)


def test_announced_counts_of_thousands_of_digits(tmp_path):
    mpt = re.sub(rb"(Nb header lines\s*:\s*)\d+", rb"\g<1>" + b"9" * 5000, samples.mpt())
    refused(tmp_path, mpt, r"999999999\.\.\. header lines, a number of 5000 digits")
    dta = re.sub(rb"ZCURVE\tTABLE(\t\d+)?", b"ZCURVE\tTABLE\t" + b"9" * 5000, samples.dta())
    refused(tmp_path, dta, r"999999999\.\.\. rows, a number of 5000 digits")


@pytest.mark.parametrize("name", ["-" + " " * 28_000 + "1", "f" + " " * 28_000 + "]", "-" * 28_000])
def test_names_of_thousands_of_characters(tmp_path, name):
    refused(tmp_path, f"freq,{name},Z\n".encode(), "no table of impedance")
    assert interpret(name) is None
