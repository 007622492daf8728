"""Real measured files: points, sweeps and range as the index beside them says."""

import csv
from pathlib import Path

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = ("hybrid-drt", "yadg", "dgpost", "pyeis", "buteau", "eisfitpython", "drttools",
           "impedance.py")  # fmt: skip
SUFFIXES = (".mpr", ".mpt", ".txt", ".csv")


def index_rows() -> list[dict[str, str]]:
    if not (DATA / "index.csv").is_file():
        return []
    with (DATA / "index.csv").open(newline="") as stream:
        return [
            row
            for row in csv.DictReader(stream)
            if row["points"]
            and row["path"].split("/")[0] in FOLDERS
            and row["path"].endswith(SUFFIXES)
        ]


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


@pytest.mark.parametrize(
    "name",
    ["data-comma-decimal-separator.csv", "data-comma.csv", "data-header-variant-1.csv",
     "data-header-variant-2.csv", "data-header-variant-3.csv", "data-header-variant-4.csv",
     "data-semicolon.csv", "data-space.csv", "data-tab.csv", "data.mpt", "data-metadata.mpt",
     "data.dta", "data.z", "data.i2b", "data.P00", "case-negative-real-imaginary.csv"],
)  # fmt: skip
def test_all_variants_hold_one_and_the_same_spectrum(shared_data, name):
    folder = shared_data / "pyimpspec"
    (reference,) = eio.read(folder / "data-comma.csv")
    assert (reference.frequency[0], reference.impedance[0]) == (
        10000.0, 109.00918219439028 - 26.55567987651522j,
    )  # fmt: skip
    (spectrum,) = eio.read(folder / name)
    precision = 5e-4 if name.endswith("P00") else 1e-5  # that file has four digits
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
