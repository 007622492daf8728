"""Real measured files: points, sweeps and range as the index beside them says."""

import csv
from pathlib import Path

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def index_rows() -> list[dict[str, str]]:
    if not (DATA / "index.csv").is_file():
        return []
    with (DATA / "index.csv").open(newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["points"]]


@pytest.mark.parametrize("row", index_rows(), ids=lambda row: row["path"])
def test_every_file_of_the_index(shared_data, row):
    path = shared_data / row["path"]
    if row["points"] == "0":
        with pytest.raises(NoImpedanceError, match=path.name):
            eio.read(path)
        return
    spectra = eio.read(path)
    assert sum(map(len, spectra)) == int(row["points"])
    assert len(spectra) == int(row["sweeps"])
    assert [s.metadata["sweep"] for s in spectra] == list(range(1, len(spectra) + 1))
    assert max(s.frequency[0] for s in spectra) == pytest.approx(float(row["f_max_hz"]), rel=1e-3)
    assert min(s.frequency[-1] for s in spectra) == pytest.approx(float(row["f_min_hz"]), rel=1e-3)
    assert {s.label for s in spectra} == {path.stem}
    for key in ("source", "sha256", "format", "notes"):
        assert spectra[0].metadata[key]


@pytest.mark.parametrize(
    "name",
    ["yadg/peis", "yadg/peis.issue_149", "yadg/peis.issue_225.ewe_ece",
     "yadg/peis.issue_225.no_ece", "yadg/peis.issue_225.with_ece", "yadg/geis",
     "yadg/geis.issue_149", "yadg/vsp_peis_with", "hybrid-drt/PEIS_LPSCl_IonBlocking_-25C"],
)  # fmt: skip
def test_binary_and_text_of_one_measurement_agree(shared_data, name):
    text = shared_data / (f"{name}.txt" if "hybrid" in name else f"{name}.mpt")
    binary, exported = eio.read(shared_data / f"{name}.mpr"), eio.read(text)
    assert len(binary) == len(exported)
    for one, other in zip(binary, exported, strict=True):
        np.testing.assert_allclose(one.frequency, other.frequency, rtol=1e-5)
        assert np.max(np.abs(one.impedance / other.impedance - 1)) < 1e-5
        for key in ("time_s", "potential_v"):
            assert one.metadata[key] == pytest.approx(other.metadata[key], rel=1e-5)
        for key in ("acquired", "technique", "electrode"):
            # vsp_peis_with.mpt was exported without its header
            assert one.metadata.get(key) == other.metadata.get(key, one.metadata.get(key))


def test_the_real_part_at_the_minimum_of_a_pellet(shared_data):
    """Re(Z) where -Im(Z) has its minimum, as the index page gives it for three temperatures."""
    for name, expected in (
        ("PEIS_TSeq2_25C_60_C01.mpr", 89),
        ("PEIS_TSeq4_5C_58_C01.mpr", 238),
        ("PEIS_LPSCl_IonBlocking_-25C.mpr", 1440),
    ):
        (spectrum,) = eio.read(shared_data / "hybrid-drt" / name)
        middle = spectrum.crop(1e3, 1e6)
        least = np.argmin(-middle.impedance.imag)
        assert middle.impedance.real[least] == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("suffix", ["mpr", "mpt"])
def test_the_electrode_follows_the_settings_and_can_be_chosen(shared_data, suffix):
    path = shared_data / "yadg" / f"peis.issue_225.ewe_ece.{suffix}"
    by_settings = eio.read(path)[0]
    assert by_settings.metadata["electrode"] == "Ewe-Ece"
    assert any(
        "Ewe-Ece, which the technique controlled" in n for n in by_settings.metadata["notes"]
    )
    chosen = {e: eio.read(path, electrode=e)[0] for e in eio.ELECTRODES}
    np.testing.assert_array_equal(chosen["Ewe-Ece"].impedance, by_settings.impedance)
    # Kirchhoff: what lies between the two electrodes is the sum of both.
    difference = chosen["Ewe"].impedance - chosen["Ece"].impedance
    total = chosen["Ewe-Ece"].impedance
    assert (
        min(
            np.median(np.abs(difference - total) / np.abs(total)),
            np.median(
                np.abs(chosen["Ewe"].impedance + chosen["Ece"].impedance - total) / np.abs(total)
            ),
        )
        < 0.02
    )
    other = eio.read(shared_data / "yadg" / f"peis.issue_225.with_ece.{suffix}")[0]
    assert other.metadata["electrode"] == "Ewe"


def test_direct_current_rows_are_left_out_and_counted(shared_data):
    for suffix in ("mpr", "mpt"):
        spectra = eio.read(shared_data / "yadg" / f"geis.{suffix}")
        assert any(
            note.startswith("29 row(s) without a positive") for note in spectra[0].metadata["notes"]
        )


@pytest.mark.parametrize("path", sorted((DATA / "pyimpspec").glob("data*")), ids=lambda p: p.name)
def test_all_variants_hold_one_and_the_same_spectrum(shared_data, path):
    (reference,) = eio.read(shared_data / "pyimpspec" / "data-comma.csv")
    assert (reference.frequency[0], reference.impedance[0]) == (
        10000.0, 109.00918219439028 - 26.55567987651522j,
    )  # fmt: skip
    spectra = eio.read(path)
    # Four sheets in each spreadsheet, two measurements in the .ids: the same in all.
    several = {".xlsx": 4, ".ods": 4, ".fods": 4, ".ids": 2}
    assert len(spectra) == several.get(path.suffix, 1)
    precision = 5e-4 if path.suffix == ".P00" else 1e-5  # that file has four digits
    for spectrum in spectra:
        np.testing.assert_allclose(spectrum.frequency, reference.frequency, rtol=precision)
        assert np.max(np.abs(spectrum.impedance / reference.impedance - 1)) < precision


@pytest.mark.parametrize(
    ("name", "sweeps"),
    [("case-multiple-spectra.csv", 4), ("case-multiple-spectra-reverse.csv", 2),
     ("case-multiple-spectra.mpt", 3), ("case-fragment.csv", 1)],
)  # fmt: skip
def test_several_spectra_in_one_file(shared_data, name, sweeps):
    assert len(eio.read(shared_data / "pyimpspec" / name)) == sweeps


def test_a_spreadsheet_that_took_a_name_for_a_formula(shared_data):
    with pytest.raises(ReadError, match=r"#NAME\?.*write the name back"):
        eio.read(shared_data / "buteau" / "DAHN_TXT_example.txt")


def test_a_file_without_frequency(shared_data):
    path = shared_data / "impedance.py" / "exampleDataBioLogic_MissingFreq.mpt"
    with pytest.raises(NoImpedanceError, match=r"no frequency.*Re\(Z\)/Ohm"):
        eio.read(path)


def test_headerless_files_have_their_sign_from_the_data(shared_data):
    """LIB_data begins inductive, COLUMBIA is -Im throughout: the real part tells."""
    (cell,) = eio.read(shared_data / "drttools" / "LIB_data.txt")
    assert cell.impedance[0].imag > 0 > cell.impedance[-1].imag
    (other,) = eio.read(shared_data / "buteau" / "COLUMBIA_TXT_example.txt")
    assert np.all(other.impedance.imag < 0)
    assert "minus the imaginary part" in " ".join(other.metadata["notes"])


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.6, 0.9])
@pytest.mark.parametrize(
    "name",
    ["hybrid-drt/PEIS_SSB.mpr", "yadg/peis.issue_225.ewe_ece.mpr", "dgpost/peis_single_data.mpr"],
)
def test_a_truncated_mpr_gives_its_complete_rows_or_says_that_it_is_cut(
    shared_data, tmp_path, name, share
):
    (whole,) = eio.read(shared_data / name)
    content = (shared_data / name).read_bytes()
    path = tmp_path / "cut.mpr"
    path.write_bytes(content[: int(share * len(content))])
    if share < 0.3:
        with pytest.raises(ReadError, match=r"cut\.mpr is cut off before its"):
            eio.read(path)
        return
    (cut,) = eio.read(path)
    assert any("cut off" in note for note in cut.metadata["notes"])
    assert 0 < len(cut) <= len(whole)
    np.testing.assert_array_equal(cut.impedance, whole.impedance[: len(cut)])
    # The log with the controlled potential is lost, the settings have it too.
    assert cut.metadata["electrode"] == whole.metadata["electrode"]


def test_an_aborted_gamry_run(shared_data):
    folder = shared_data / "impedance.py"
    (aborted,) = eio.read(folder / "exampleDataGamryABORT.DTA")
    (whole,) = eio.read(folder / "exampleDataGamry.DTA")
    np.testing.assert_array_equal(aborted.impedance, whole.impedance)
    assert "the run was aborted" in " ".join(aborted.metadata["notes"])


@pytest.mark.parametrize(
    ("name", "points", "f_max", "first"),
    [
        ("exampleDataVersaStudio.par", 61, 1e5, 55.31571 + 4.575431j),
        ("exampleDataAutolab.txt", 41, 1e4, 0.013785863964281 + 0.007191946305823j),
        ("exampleDataCHInstruments.txt", 73, 9.961e4, 98.91 - 2.748j),
        ("exampleDataParstat.txt", 31, 1e4, None),
        ("exampleDataPowersuite.txt", 30, 1999998.9, None),
        ("exampleDataZPlot.z", 21, 3e5, 147.77 - 11.335j),
        ("exampleDataZPlot_noComments.z", 31, 3e5, 642.62 - 85.821j),
        ("exampleData.csv", 66, 1e4, None),
    ],
)
def test_a_file_of_each_vendor(shared_data, name, points, f_max, first):
    """Points and first values as they stand in the files."""
    (spectrum,) = eio.read(shared_data / "impedance.py" / name)
    assert len(spectrum) == points
    assert spectrum.frequency[0] == pytest.approx(f_max, rel=1e-2)
    if first is not None:
        assert spectrum.impedance[0] == pytest.approx(first, rel=1e-9)


@pytest.mark.parametrize("bias", range(0, 301, 25))
def test_zahner_series(shared_data, bias):
    """The vendor's own fit, of a resistance beside a CPE, lies on the spectrum that is read."""
    folder = shared_data / "zahner" / "voltage_series"
    (spectrum,) = eio.read(folder / f"{bias:03d}_mvdc.ism")
    assert len(spectrum) == 38
    assert (spectrum.frequency[0], spectrum.frequency[-1]) == (5e5, 100.0)
    assert spectrum.metadata["potential_v"] == pytest.approx(bias / 1000 + 0.025, abs=1e-3)
    assert spectrum.metadata["acquired"].startswith("2021-10-15T07:")


def test_zahner_measures_the_middle_twice(shared_data):
    folder = shared_data / "zahner" / "basic"
    (measured,) = eio.read(folder / "rc-data.ism")
    (samples,) = eio.read(folder / "fit_samples.ism")
    assert len(measured) == 55
    np.testing.assert_allclose(measured.frequency, samples.frequency, rtol=1e-3)
    np.testing.assert_allclose(measured.impedance, samples.impedance, rtol=1e-6)


def test_a_table_with_a_spectrum_a_row(shared_data):
    spectra = eio.read(shared_data / "madap" / "Dataframe_STRUCTURED_all508.csv")
    assert len(spectra) == 39
    assert len({s.label for s in spectra}) == 4
    temperatures = [s.metadata["temperature_c"] for s in spectra]
    assert (min(temperatures), max(temperatures)) == (-30.0, 60.0)
    # The resistance of the table is where the blocking line meets the real axis.
    first = spectra[0]
    assert first.impedance.real.min() < 3061.9 < first.impedance.real.max()


def test_a_parquet_series(shared_data):
    pytest.importorskip("pyarrow")
    (path,) = (shared_data / "pybop").glob("*.parquet")
    assert len(eio.read(path)) == 36


def test_hybrid_table_of_ten_loops(shared_data):
    (path,) = (shared_data / "hybrid-drt").glob("HybridVal4*.csv")
    spectra = eio.read(path)
    assert [len(s) for s in spectra] == [89] * 10
    assert spectra[0].metadata["potential_v"] == pytest.approx(3.0624, abs=1e-3)
