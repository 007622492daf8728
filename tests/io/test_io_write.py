"""What is written is read back."""

import csv
import json

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, OutputError, ReadError
from eisfit.io.write import write_csv, write_eclab, write_json
from eisfit.spectrum import Spectrum


def sweep(number: int, scale: float = 1.0, **metadata) -> Spectrum:
    f = np.geomspace(7e6, 1.0, 50 + number)
    z = scale * (12.3456789012345 + 100 / (1 + (2j * np.pi * f * 1e-5) ** 0.9) + 1 / (1j * f))
    return Spectrum(f, z, label=f"cell {number}", metadata={"sweep": number, **metadata})


def same_numbers(one: Spectrum, other: Spectrum) -> bool:
    return np.array_equal(one.frequency, other.frequency) and np.array_equal(
        one.impedance, other.impedance
    )


def test_json_keeps_everything(tmp_path):
    spectra = [
        sweep(1, notes=("read by hand", "Ω µ °"), source="a.mpr", sha256="ab", potential_v=3.4),
        sweep(2, temperature_c=np.float64(25.0)).masked(lambda f, z: f < 5, "drift, so it seems"),
    ]
    path = write_json(spectra, tmp_path / "spectra.json")
    back = eio.read(path)
    assert len(back) == 2
    for one, other in zip(spectra, back, strict=True):
        assert same_numbers(one, other)
        assert (one.label, one.reasons) == (other.label, other.reasons)
        assert {key: other.metadata[key] for key in one.metadata} == dict(one.metadata)
    assert back[0].metadata["source"] == "a.mpr"
    assert back[1].metadata["source"] == "spectra.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["format"], document["version"]) == ("eisfit-spectra", 1)
    assert set(document["spectra"][0]) == {
        "label", "metadata", "frequency_hz", "real_ohm", "imaginary_ohm", "reasons",
    }  # fmt: skip


def test_csv_keeps_every_digit_label_mask_and_condition(tmp_path):
    spectra = [
        sweep(1, time_s=0.1, potential_v=-0.08),
        sweep(2, time_s=300.0).masked(lambda f, z: f > 1e6, 'cable, 2 m ("long")'),
    ]
    path = write_csv(spectra, tmp_path / "out.csv")
    back = eio.read(path)
    assert [s.metadata["sweep"] for s in back] == [1, 2]
    for one, other in zip(spectra, back, strict=True):
        assert same_numbers(one, other)
        assert (one.label, one.reasons) == (other.label, other.reasons)
        assert other.metadata.get("potential_v") == one.metadata.get("potential_v")
        assert other.metadata["time_s"] == one.metadata["time_s"]
    with path.open(newline="") as stream:
        first = next(csv.DictReader(stream))
    assert float(first["imaginary_ohm"]) == spectra[0].impedance[0].imag


def test_csv_that_a_spreadsheet_saved_with_semicolons_and_commas(tmp_path):
    spectra = [sweep(1), sweep(2)]
    path = write_csv(spectra, tmp_path / "out.csv")
    text = path.read_text().replace(",", ";").replace(".", ",")
    path.write_text(text)
    for one, other in zip(spectra, eio.read(path), strict=True):
        assert same_numbers(one, other)


@pytest.mark.parametrize("electrode", [None, "Ewe", "Ece", "Ewe-Ece"])
def test_eclab_text_comes_back(tmp_path, electrode):
    more = {"electrode": electrode} if electrode else {}
    spectra = [
        sweep(1, time_s=0.0, potential_v=3.1, technique="PEIS",
              acquired="2025-05-15T01:18:45.867", **more),
        sweep(2, time_s=3600.0, potential_v=3.2, technique="PEIS", **more),
    ]  # fmt: skip
    path = write_eclab(spectra, tmp_path / "demo.mpt", comments=["SYNTHETIC: µ and °", "n = 1"])
    header = path.read_text(encoding="latin-1").split("freq/Hz")[0]
    assert "SYNTHETIC: µ and °" in header
    back = eio.read(path)
    assert len(back) == 2
    for one, other in zip(spectra, back, strict=True):
        np.testing.assert_allclose(other.frequency, one.frequency, rtol=1e-12)
        np.testing.assert_allclose(other.impedance, one.impedance, rtol=1e-11)
        assert other.metadata["technique"] == one.metadata["technique"]
        for key in ("time_s", "potential_v"):
            assert other.metadata[key] == pytest.approx(one.metadata[key], rel=1e-12)
        assert other.metadata["acquired"] == "2025-05-15T01:18:45.867"
        assert other.metadata.get("electrode") == electrode or electrode is None
    assert any("agree with modulus and phase" in note for note in back[0].metadata["notes"])


def test_galvani_reads_our_eclab_text(tmp_path):
    galvani = pytest.importorskip("galvani")
    spectrum = sweep(1, time_s=0.0, potential_v=0.0)
    path = write_eclab(spectrum, tmp_path / "one.mpt", comments=["synthetic"])
    with path.open("rb") as stream:
        data, _ = galvani.MPTfile(stream)
    np.testing.assert_allclose(data["freq/Hz"], spectrum.frequency, rtol=1e-12)
    np.testing.assert_allclose(-data["-Im(Z)/Ohm"], spectrum.impedance.imag, rtol=1e-11)


@pytest.mark.parametrize("write", [write_csv, write_json, write_eclab])
def test_nothing_is_overwritten_unless_forced(tmp_path, write):
    path = tmp_path / "out"
    write(sweep(1), path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        write(sweep(2, scale=2.0), path)
    assert path.read_bytes() == before
    write(sweep(2, scale=2.0), path, force=True)
    assert path.read_bytes() != before
    with pytest.raises(OutputError, match="no spectrum"):
        write([], tmp_path / "none")


def test_what_a_format_cannot_hold_is_said(tmp_path):
    with pytest.raises(OutputError, match="no JSON"):
        write_json(sweep(1, potential_v=float("nan")), tmp_path / "a.json")
    with pytest.raises(OutputError, match="no JSON"):
        write_json(sweep(1, notes=object()), tmp_path / "a.json")
    with pytest.raises(OutputError, match="one line"):
        write_eclab(sweep(1), tmp_path / "a.mpt", comments=["a\nb"])
    with pytest.raises(OutputError, match="'Ω'"):
        write_eclab(sweep(1), tmp_path / "a.mpt", comments=["5 Ω"])
    with pytest.raises(OutputError, match="ISO 8601"):
        write_eclab(sweep(1, acquired="yesterday"), tmp_path / "a.mpt")
    assert not list(tmp_path.iterdir())


def damaged(tmp_path, text: str):
    path = tmp_path / "damaged.json"
    path.write_text(text)
    return path


def test_damaged_json_and_csv(tmp_path):
    path = write_json([sweep(1)], tmp_path / "a.json")
    text = path.read_text()
    with pytest.raises(ReadError, match="cut off or damaged JSON"):
        eio.read(damaged(tmp_path, text[: len(text) // 2]))
    with pytest.raises(ReadError, match="version 99"):
        eio.read(damaged(tmp_path, text.replace('"version": 1', '"version": 99')))
    with pytest.raises(ReadError, match=r"spectrum 1 is damaged.*KeyError"):
        eio.read(damaged(tmp_path, text.replace('"real_ohm"', '"real_ohn"')))
    with pytest.raises(ReadError, match="spectrum 1 is damaged"):
        eio.read(damaged(tmp_path, text.replace('"frequency_hz": [', '"frequency_hz": [1.0, ')))
    empty = '{"format": "eisfit-spectra", "version": 1, "spectra": []}'
    with pytest.raises(NoImpedanceError, match="empty list"):
        eio.read(damaged(tmp_path, empty))
    with pytest.raises(ReadError, match="leave out the electrode"):
        eio.read(path, electrode="Ewe")
    path = write_csv([sweep(1)], tmp_path / "a.csv")
    path.write_text(path.read_text()[:-25])
    with pytest.raises(ReadError, match=r"line 2 is cut off or damaged"):
        eio.read(path)


@pytest.mark.parametrize("suffix", ["csv", "json", "txt"])
def test_label_source_and_checksum_come_back(tmp_path, suffix):
    origin = {"source": "Zelle Ω 5.mpr", "sha256": "0123456789abcdef" * 4}
    spectra = [
        sweep(1, **origin).with_label("Zelle Ω, 25 °C"),
        sweep(2, **{**origin, "source": "=b.mpr"}).with_label("'=2+3"),
    ]
    write = {"csv": write_csv, "json": write_json, "txt": write_eclab}[suffix]
    for several in (spectra, spectra[:1], [spectra[0]] * 2):
        path = write(several, tmp_path / f"out{len(several)}.{suffix}", force=True)
        back = eio.read(path)
        assert [s.label for s in back] == [s.label for s in several]
        for key in origin:
            assert [s.metadata[key] for s in back] == [s.metadata[key] for s in several]
    if suffix == "csv":
        text = (tmp_path / "out2.csv").read_text(encoding="utf-8")
        assert "\n=" not in text
        assert ",=" not in text


def test_a_comment_that_only_looks_like_ours_changes_nothing(tmp_path):
    path = write_eclab(sweep(1), tmp_path / "out.txt")
    text = path.read_text("latin-1")
    at, end = text.index("eisfit ["), text.index("\n", text.index("eisfit ["))
    for comment in ("eisfit [{", "eisfit [{}]", 'eisfit [{"label": 5}]', "eisfit [{" * 5000,
                    'eisfit [{"label": "' + "x" * 2000 + '"}]', "eisfit [" * 99):  # fmt: skip
        path.write_text(text[:at] + comment + text[end:], "latin-1")
        assert eio.read(path)[0].label == "out"
        assert eio.read(path)[0].metadata["source"] == "out.txt"


@pytest.mark.parametrize("label", ["=1+1", "+cmd", "-2", "@x", "'", "'quoted'", "''=x", "a=b", ""])
def test_labels_that_a_spreadsheet_takes_for_formulas(tmp_path, label):
    path = write_csv(sweep(1).with_label(label), tmp_path / "out.csv")
    first = path.read_text().splitlines()[1].strip('"')
    assert not first.startswith(("=", "+", "-", "@"))
    assert eio.read(path)[0].label == label
