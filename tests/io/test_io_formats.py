"""Each instrument's format, from samples written here; whole, aborted and cut off."""

import numpy as np
import pytest
import samples
from samples import SAMPLES, TIME, F, Z

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError
from eisfit.io.registry import READERS, TEXT


@pytest.fixture
def read(tmp_path):
    def read_bytes(content: bytes, name: str = "cell.mpr", **options):
        path = tmp_path / name  # the suffix must not matter
        path.write_bytes(content)
        return eio.read(path, **options)

    return read_bytes


def assert_is_z(spectrum, n=None, rtol=1e-7):
    np.testing.assert_allclose(spectrum.frequency, F[:n], rtol=rtol)
    assert np.max(np.abs(spectrum.impedance / Z[:n] - 1)) < rtol


def note(spectrum) -> str:
    return "; ".join(spectrum.metadata["notes"])


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_format_holds_the_same_spectrum(read, name):
    options = {"electrode": "Ewe-Ece"} if name == "mpt" else {}
    spectrum = read(SAMPLES[name](), **options)[0]
    assert_is_z(spectrum)
    assert spectrum.metadata["columns"]
    assert all(": " in entry for entry in spectrum.metadata["columns"])


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_one_reader_or_only_that_of_text_recognises_each(name):
    head = SAMPLES[name]()[: 1 << 18]
    found = [reader.name for reader in READERS if reader.recognises(head)]
    assert len(found) == 1 or (not found and TEXT.recognises(head))


@pytest.mark.parametrize(
    "name",
    ["mpt", "dta", "par", "idf", "dfr", "zplot", "p00", "i2b", "parstat", "csv_comma", "no_names",
     "autolab", "csv_semicolon_utf16"],
)  # fmt: skip
def test_cut_off_in_the_middle_of_a_row(read, name):
    """The rows before it come back, unharmed, and a warning says that something is missing."""
    content = SAMPLES[name]()
    number = {"csv_semicolon_utf16": f"{F[19]:.9e}".replace(".", ",").encode("utf-16-le"),
              "csv_comma": f"{F[19] / 1e3:.9e}".encode(), "dfr": repr(float(F[19])).encode(),
              "i2b": repr(float(F[19])).encode(), "idf": f"{F[19]:.9E}".encode(),
              "dta": f"{F[19]:.9g}".encode(), "par": f"{F[19]:.9g}".encode()}  # fmt: skip
    at = content.index(number.get(name, f"{F[19]:.9e}".encode()))
    options = {"electrode": "Ewe-Ece"} if name == "mpt" else {}
    (spectrum,) = read(content[: at + 6], **options)
    assert_is_z(spectrum, 19)
    assert "warning" in note(spectrum)


# Gamry


def test_gamry_units_below_the_names(read):
    """The sample is in kohm, and a temperature of -327.63 stands for no probe."""
    (spectrum,) = read(samples.dta())
    assert_is_z(spectrum)
    known = spectrum.metadata
    assert (known["technique"], known["acquired"]) == ("PEIS", "2025-05-15T17:00:05.000")
    assert known["potential_v"] == pytest.approx(3.5)
    assert "temperature_c" not in known
    assert "agree with modulus and phase" in note(spectrum)


@pytest.mark.parametrize("decimal", [".", ","])
def test_gamry_aborted(read, decimal):
    """Other tables stand before and behind that of the impedance."""
    (spectrum,) = read(samples.dta(aborted=True, rows=20, decimal=decimal))
    assert_is_z(spectrum, 20)
    assert "warning: the run was aborted, on its way to 0.001 Hz" in note(spectrum)


def test_gamry_without_a_point_and_without_the_table(read):
    with pytest.raises(NoImpedanceError, match=r"no table of impedance.*OCVCURVE, ZCURVE"):
        read(samples.dta(aborted=True, rows=0))
    other = samples.dta().replace(b"ZCURVE", b"CURVE").replace(b"Freq", b"Vf")
    with pytest.raises(NoImpedanceError, match="aborted before its first point, or"):
        read(other)


def test_gamry_announces_rows_that_are_missing(read):
    content = samples.dta().replace(b"ZCURVE\tTABLE", b"ZCURVE\tTABLE\t31")
    assert "missing" not in note(read(content)[0])
    (spectrum,) = read(content[:-300])
    missing = len(F) - len(spectrum)
    assert missing > 0
    assert f"warning: {len(spectrum)}" in note(spectrum) or "31 rows are there" in note(spectrum)


# VersaStudio


def test_versastudio(read):
    (spectrum,) = read(samples.par())
    known = spectrum.metadata
    assert known["technique"] == "Potentiostatic EIS"
    assert known["acquired"] == "2025-05-15T17:00:00.000"
    assert known["potential_v"] == pytest.approx(3.5)
    segment = samples.par().split(b"<Segment1>")[1].split(b"</Segment1>")[0]
    two = samples.par().replace(b"<Graph1>", b"<Segment2>" + segment + b"</Segment2>\n<Graph1>")
    assert [s.metadata["sweep"] for s in read(two)] == [1, 2]
    with pytest.raises(NoImpedanceError, match="no segment with rows"):
        read(samples.par().replace(b"Frequency(Hz)", b"Nothing"))


def test_versastudio_cut_off(read):
    content = samples.par()
    (spectrum,) = read(content[: content.index(b"</Segment1>") - 20])
    assert len(spectrum) == len(F) - 1
    assert "ends within its last segment" in note(spectrum)


# Zahner


@pytest.mark.parametrize("lead", [0, 6])
def test_zahner(read, lead):
    (spectrum,) = read(samples.ism(lead=lead))
    assert_is_z(spectrum, rtol=1e-12)
    known = spectrum.metadata
    # 1.43e9 s after 1980-01-01
    assert known["acquired"] == "2025-04-24T22:13:20.000"
    assert known["time_s"] == 3.0 * lead
    assert (known["potential_v"], known["temperature_c"]) == (3.5, 23.5)
    assert ("6 point(s) of the way" in note(spectrum)) == (lead == 6)


def test_zahner_without_a_probe(read):
    assert "temperature_c" not in read(samples.ism(temperature="-273.15"))[0].metadata


def test_zahner_cut_off(read):
    content = samples.ism(lead=0)
    n = len(F)
    for rows in (1, 12, n - 1):
        (spectrum,) = read(content[: 12 + 16 * n + 8 * rows + 3])
        assert_is_z(spectrum, rows, rtol=1e-12)
        assert f"{rows} of {n} points are there, {n - rows} are missing" in note(spectrum)
    with pytest.raises(ReadError, match=f"announces {n} points and ends before"):
        read(content[: 12 + 16 * n + 3])


def test_zahner_announces_more_than_there_is(read):
    content = bytearray(samples.ism())
    content[6:12] = b"\xff\xff\xff\xff\xff\xf0"
    with pytest.raises(ReadError, match="is cut off: it announces"):
        read(bytes(content))


# Ivium, PalmSens, Autolab


def test_ivium(read):
    (spectrum,) = read(samples.idf())
    assert (spectrum.label, spectrum.metadata["title"]) == ("cell", "part 1")
    several = read(samples.idf(parts=3))
    assert [s.label for s in several] == ["cell part 1", "cell part 2", "cell part 3"]
    assert [s.metadata["sweep"] for s in several] == [1, 2, 3]
    for spectrum in several:
        assert_is_z(spectrum)
    with pytest.raises(NoImpedanceError, match="its methods are: CyclicVoltammetry"):
        read(samples.idf(method="CyclicVoltammetry"))
    (cut,) = read(samples.idf()[:1000])
    assert f"{len(cut)} of 31 rows are there, {31 - len(cut)} are missing" in note(cut)


def test_palmsens(read):
    (spectrum,) = read(samples.pssession())
    known = spectrum.metadata
    assert (known["potential_v"], known["title"]) == (pytest.approx(3.5), "one")
    assert known["acquired"] == "2025-05-15T15:00:00.000"
    assert "agree with modulus and phase" in note(spectrum)
    assert [s.label for s in read(samples.pssession(("a", "b")))] == ["cell a", "cell b"]
    with pytest.raises(ReadError, match=r"30 values of -Z'' \(Ω\) for 31 frequencies"):
        read(samples.pssession(drop=1))
    with pytest.raises(ReadError, match="cut off or damaged JSON"):
        read(samples.pssession()[:3000])
    content = samples.pssession().decode("utf-16").replace("Frequency", "Potential")
    with pytest.raises(NoImpedanceError, match="its measurements are: one"):
        read(content.encode("utf-16"))
    assert_is_z(read(samples.pssession().decode("utf-16").encode())[0])


def test_autolab_dfr_cut_off(read):
    content = samples.dfr()
    (spectrum,) = read(content[:-40])
    assert_is_z(spectrum, 30)
    assert "30 of 31 points are there, 1 are missing" in note(spectrum)
    with pytest.raises(ReadError, match="ends before the first"):
        read(content[:60])


# Text exports


def test_a_discharge_before_the_impedance_is_left_out_and_counted(read):
    (spectrum,) = read(samples.parstat())
    assert spectrum.metadata["time_s"] == 400.0 + TIME[0]
    assert "40 row(s) without a positive frequency" in note(spectrum)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("program", ["EC", "BT"])
def test_two_electrodes_and_comma_decimals(read, program, decimal):
    """The impedance of the pair that was controlled; that of Ewe alone is a tenth here."""
    (cell,) = read(samples.mpt(program, "Ewe-Ece", decimal))
    assert_is_z(cell)
    assert cell.metadata["electrode"] == "Ewe-Ece"
    (alone,) = read(samples.mpt(program, "Ewe", decimal))
    np.testing.assert_allclose(alone.impedance, 0.1 * Z, rtol=1e-7)


# A spectrum a row, JSON


def test_a_table_of_lists(read):
    one, two = read(samples.lists(), name="all.csv")
    assert (one.label, two.label) == ("all cell 1", "all cell 2")
    assert (one.metadata["temperature_c"], two.metadata["temperature_c"]) == (-10.0, 25.0)
    np.testing.assert_allclose(two.impedance, 2 * Z)
    damaged = samples.lists().decode()
    cut = damaged.rindex("]")
    damaged = damaged[:cut] + damaged[cut + 1 :]
    with pytest.raises(ReadError, match=r"line 3: the list of imaginary .* is cut off"):
        read(damaged.encode())
    uneven = samples.lists().decode().replace(f"[{F[0]}, ", "[", 1)
    with pytest.raises(ReadError, match=r"line 2: .* numbers of .* for 31 points"):
        read(uneven.encode())


@pytest.mark.parametrize(
    "write",
    [
        lambda f, re, im: {"f": f, "Z'": re, "Z''": im},
        lambda f, re, im: {
            "columns": ["f", "Z'", "Z''"],
            "data": list(zip(f, re, im, strict=True)),
        },
        lambda f, re, im: [
            {"f": a, "Z'": b, "Z''": c, "note": "x"} for a, b, c in zip(f, re, im, strict=True)
        ],
    ],
    ids=["columns", "split", "records"],
)  # fmt: skip
def test_json_in_the_shapes_that_pandas_writes(read, write):
    import json

    document = write(F.tolist(), Z.real.tolist(), Z.imag.tolist())
    assert_is_z(read(json.dumps(document).encode())[0])


def test_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    from pyarrow import table

    path = tmp_path / "a.parquet"
    columns = {"frequencies [Hz]": F, "real_impedances [Ω]": Z.real,
               "imaginary_impedances [Ω]": Z.imag, "text": ["x"] * len(F)}  # fmt: skip
    parquet.write_table(table(columns), path)
    assert_is_z(eio.read(path)[0])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ReadError, match="damaged Parquet"):
        eio.read(path)


def test_parquet_without_pyarrow_says_what_to_install(read, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ReadError, match=r"needs pyarrow: pip install 'eisfit-toolkit\[parquet\]'"):
        read(b"PAR1" + b"\0" * 100)


@pytest.mark.parametrize("units", [("[kHz]", "[kOhm]", "[kOhm]"), ("(kHz)", "kOhm", "[kOhm]")])
def test_xlsx_unit_row_in_brackets(read, units):
    rows = [["Frequency", "Zreal", "Zimag"], list(units), [10.0, 1.0, -1.0], [1.0, 2.0, -2.0]]
    (spectrum,) = read(samples.xlsx({"EIS": [*rows, [0.1, 3.0, -1.0]]}))
    np.testing.assert_allclose(spectrum.frequency, [1e4, 1e3, 100])
    np.testing.assert_allclose(spectrum.impedance, [1e3 - 1e3j, 2e3 - 2e3j, 3e3 - 1e3j])
