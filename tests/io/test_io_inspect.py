"""Inspection says what a file is; the report to send holds none of its data."""

import json
import re

import numpy as np
import pytest
import samples
from samples import SAMPLES, F, Z

from eisfit.errors import OutputError, ReadError
from eisfit.io.bundle import bundle
from eisfit.io.inspect import inspect


@pytest.fixture
def file(tmp_path):
    def make(content: bytes, name: str = "secret cell 17.dat"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_sample(file, name):
    found = inspect(file(SAMPLES[name]()), electrode="Ewe-Ece" if name == "mpt" else None)
    assert not found.error
    assert found.sweeps[0].points == len(F)
    assert found.range_hz == pytest.approx((F[-1], F[0]), rel=1e-6)
    assert found.columns
    assert found.format
    text = found.text()
    assert f"{len(F)} points" in text
    assert json.loads(json.dumps(found.to_dict()))["points"] == found.points


def test_what_is_said_of_an_mpr(file):
    found = inspect(file(samples.mpr()))
    assert (found.format, found.technique, found.electrode) == ("BioLogic .mpr", "PEIS", "Ewe")
    assert found.acquired == "2025-05-15T05:00:00.000"
    assert "freq/Hz: frequency in Hz" in found.columns
    assert [entry.split(":")[0] for entry in found.structure] == [
        "VMP Set", "VMP data", "  columns", "VMP LOG",
    ]  # fmt: skip
    sweep = found.sweeps[0]
    assert (sweep.number, sweep.time_s, sweep.potential_v) == (1, 0.0, pytest.approx(3.5))


def test_settings_of_a_measured_mpr(shared_data):
    """As the text export of the same measurement has them."""
    found = dict(inspect(shared_data / "yadg" / "peis.issue_225.ewe_ece.mpr").settings)
    assert found["electrolyte"] == "2.0M Zn(ClO4)2 in water"
    assert (found["Nd"], found["Va (mV)"], found["fi"], found["unit fi"]) == (
        "6",
        "10",
        "0.2",
        "MHz",
    )


def test_settings_warnings_and_unused_columns(file):
    found = inspect(file(samples.dta(aborted=True, rows=20)))
    assert ("TAG", "EISPOT") not in found.settings  # two fields only
    assert ("DATE", "5/15/2025") in found.settings
    assert found.warnings[0].startswith("warning: the run was aborted")
    assert "Pt" in found.unused
    found = inspect(file(samples.mpt()))
    assert ("Potential control", "Ewe") in found.settings
    assert "Cs/µF" in found.unused


def test_a_file_that_cannot_be_read_is_described_with_its_error(file):
    found = inspect(file(samples.mpr(columns={(4, "d"): F, (6, "f"): F}, technique=11)))
    assert "holds no impedance" in found.error
    assert found.format == "BioLogic .mpr"
    assert (found.points, found.sweeps, found.range_hz) == (0, (), None)
    assert "error: " in found.text()
    assert "error: " in found.explain()
    for content in (b"\x89PNG\r\n", b"alpha,beta\n1,2\n"):
        assert inspect(file(content)).error
    with pytest.raises(ReadError, match="does not exist"):
        inspect("nothing.mpr")


def test_explain(file):
    text = inspect(file(samples.csv_comma())).explain()
    assert "frequency (kHz): frequency in kHz" in text
    assert "-Im(Z)/kOhm: minus the imaginary part in kOhm" in text
    assert "decimal point" in text


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_report_gives_no_data_away(file, tmp_path, name):
    path = file(SAMPLES[name]())
    out = tmp_path / "report.json"
    assert bundle(path, out) == str(out)
    text = out.read_text(encoding="utf-8")
    report = json.loads(text)
    assert "secret" not in text
    for numbers in (F, Z.real, Z.imag, np.abs(Z)):
        for value in numbers:
            for shape in (f"{value:.9e}", f"{value:.9g}", repr(float(value))):
                digits = re.sub(r"[-.,]", "", shape.split("e")[0])
                if len(digits.strip("0")) > 5:
                    assert shape not in text
                    assert shape.replace(".", ",") not in text
    assert report["size"] == path.stat().st_size
    assert report["suffix"] == ".dat"
    for private in ("25 °C", "cell 5", "cell 1", "eisfit sample"):
        assert private not in text


def test_a_report_of_a_text_keeps_its_layout(file, tmp_path):
    content = samples.mpt(decimal=",").decode("latin-1").replace("25 °C", "Dr. Muster, Li6PS5Cl")
    report_path = tmp_path / "r.json"
    bundle(file(content.encode("latin-1")), report_path)
    header = json.loads(report_path.read_text(encoding="utf-8"))["header"]
    assert header[:2] == ["EC-Lab ASCII FILE", "Nb header lines : 10"]
    assert "Comments : xx. xxxxxx, xx9xx9xx" in header
    assert any(line.startswith("freq/Hz\tRe(Z)/Ohm\t") for line in header)
    assert "Potential control : xxx" in header
    assert header[-1].split("\t")[0] == "9,999999999x+99"


def test_a_report_of_what_does_not_open(file, tmp_path):
    path = file(b"nu,A,B\n1234.5678,2,3\n2,3,4\n4,5,6\n")
    bundle(path, tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert "are not known" in json.loads(text)["error"]
    assert "1234" not in text
    with pytest.raises(OutputError, match="exists already"):
        bundle(path, tmp_path / "r.json")
    bundle(path, tmp_path / "r.json", force=True)


SECRETS = ("Muster", "Li6PS5Cl", "unobtainium", "Projekt", "Geheim", "Hansen")


def _table_of_secrets() -> bytes:
    text = (
        "Operator Muster: Hansen\nProjekt Geheim = Li6PS5Cl\nUnobtainium\tMuster\n"
        "f/Hz;Re(Z)/Ohm;Im(Z)/Ohm;Projekt Geheim [Ohm cm];Hansen;I Range\n"
    )
    rows = [f"{f:.6g};{z.real:.9g};{z.imag:.9g};1;Muster;3" for f, z in zip(F, Z, strict=True)]
    return (text + "\n".join(rows)).encode()


def _unknown_names() -> bytes:
    return b"Muster;Geheim;Hansen;Projekt\n" + b"1,5;2,5;3,5;4,5\n" * 9


def _json_of_secrets() -> bytes:
    return json.dumps({"Geheim": {"Muster": [1.0]}, "Projekt": [1, 2], "f": [1, 2]}).encode()


def _archive_of_secrets() -> bytes:
    return samples.zipped({"Projekt Geheim/Muster.txt": "x", "xl/Hansen.xml": "<a/>"})


@pytest.mark.parametrize(
    "make",
    [
        _table_of_secrets,
        _unknown_names,
        _json_of_secrets,
        _archive_of_secrets,
        lambda: samples.xlsx({"Projekt Geheim": [["Muster", "Hansen"], [1.0, 2.0]]}),
        lambda: samples.fods([["Geheim", "Li6PS5Cl"], ["Muster", "Hansen"]]),
        lambda: samples.dta(rows=0).replace(b"Potentiostatic EIS", b"Projekt Geheim"),
        lambda: samples.pssession(("Projekt Geheim", "Muster"), drop=3),
        lambda: samples.par().replace(b"Potentiostatic EIS", b"Hansen"),
        lambda: samples.idf(method="Geheim"),
        lambda: samples.mpt(control="Projekt Hansen"),
        lambda: b"EC-Lab ASCII FILE\nNb header lines : 6\n\nGeheim\nMuster : x\na\tb\n1\t2\n",
    ],
)
def test_a_report_has_no_word_of_its_sender(file, tmp_path, make):
    path = file(make(), "Projekt Geheim.Hansen")
    out = tmp_path / "r.json"
    bundle(path, out)
    text = out.read_text(encoding="utf-8").lower()
    for secret in SECRETS:
        assert secret.lower() not in text, secret


def test_a_report_keeps_names_that_are_known_and_numbers_the_others(file, tmp_path):
    bundle(file(_table_of_secrets()), tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["columns"] == ["f/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"]
    assert report["unused"] == ["unknown column 1", "unknown column 2", "I Range"]
    assert "f/Hz;Re(Z)/Ohm;Im(Z)/Ohm;xxxxxxx xxxxxx [xxx xx];xxxxxx;I Range" in report["header"]
    bundle(file(samples.xlsx({"Geheim": [["Muster"], [1.0]]})), tmp_path / "x.json")
    report = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert "has no sheet with a frequency and an impedance" in report["error"]
    assert any(part.startswith("xl/worksheets/sheet1.xml: ") for part in report["structure"])
