"""The demo against the numbers that doi:10.1038/s41467-025-67985-x publishes in its text."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from eisfit import demo
from eisfit.analysis import Analysis, analyze
from eisfit.api import read
from eisfit.errors import OutputError, ReadError

# Typed from the article a second time, not taken from the demo's own table.
PUBLISHED = {
    "Si+LPSC mixture (synthetic)": {
        "grain_boundary": 5.07e4, "interfacial": 1.23e4, "low_frequency": 5.55e5,
    },
    "Si@AlCl3+LPSC mixture (synthetic)": {"grain_boundary": 4938, "interfacial": 3222},
    "Li-In|LPSC|Si (synthetic)": {"bulk": 15, "interfacial": 147, "R_ct_total": 189},
    "Li-In|LPSC|Si@AlCl3 (synthetic)": {"bulk": 5, "R_ct_total": 27},
}  # fmt: skip
# Where the article sees the peaks of grain boundary and interface, in s.
PEAKS = {"mixture": (1e-5, 1e-4), "Li-In": (1e-6, 1e-4)}
WITHIN = 0.03


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo") / "deep" / "folder"
    demo.make_files(made)
    return made


@pytest.fixture(scope="module")
def analyses(folder: Path) -> list[Analysis]:
    return demo.run(folder)


def found(analysis: Analysis) -> dict[str, dict[str, float]]:
    return {row["role"]: row for row in analysis.resistances().to_dict("records")}


def check_numbers(analysis: Analysis) -> None:
    rows = found(analysis)
    for role, truth in PUBLISHED[analysis.spectrum.label].items():
        row = rows[role]
        assert row["resistance_ohm"] == pytest.approx(truth, rel=WITHIN), role
        assert row["stderr_ohm"] <= WITHIN * truth, role
        assert row["status"] == "ok", role


def check_peaks(analysis: Analysis) -> None:
    (low, high), *_ = (span for kind, span in PEAKS.items() if kind in analysis.spectrum.label)
    peaks = analysis.peaks()
    expected = {"grain_boundary", "interfacial"} & set(analysis.fit.resistances()["role"])
    for role in expected:
        of_role = peaks[peaks["role"] == role]
        strongest = of_role.loc[of_role["resistance_ohm"].idxmax()]
        assert low <= strongest["tau_s"] <= high, role


def test_the_tables_give_every_published_resistance(analyses: list[Analysis]) -> None:
    assert [analysis.spectrum.label for analysis in analyses] == list(PUBLISHED)
    for analysis in analyses:
        check_numbers(analysis)


def test_the_peaks_lie_where_the_article_sees_them(analyses: list[Analysis]) -> None:
    for analysis in analyses:
        check_peaks(analysis)


def test_the_spectra_pass_kramers_kronig(analyses: list[Analysis]) -> None:
    assert [analysis.validity.verdict for analysis in analyses] == ["valid"] * 4


def test_what_is_not_published_is_not_invented(analyses: list[Analysis]) -> None:
    coated_mixture, coated_cell = analyses[1], analyses[3]
    row = found(coated_mixture)["low_frequency"]
    assert row["status"] == "not determined"
    assert np.isnan(row["resistance_ohm"])
    assert found(coated_cell)["charge_transfer"]["status"] == "not determined"


def tables(page: str) -> dict[str, list[list[str]]]:
    """Return the tables of a page, by the words of their heads."""
    text = (Path(__file__).resolve().parents[1] / page).read_text(encoding="utf-8")
    found: dict[str, list[list[str]]] = {}
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, _, *rows = (
            [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in block.splitlines()
        )
        found[" ".join(head)] = rows
    return found


def rounded_alike(shown: str, value: float) -> bool:
    """Whether a number is what was shown, but for one in the last digit (4.9e4, 140: the tens)."""
    mantissa, _, power = shown.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    places = len(decimals) if decimals else len(whole.rstrip("0")) - len(whole)
    return abs(float(shown) - value) <= 10.0 ** (int(power or 0) - places)


def test_the_documentation_shows_what_comes_out(analyses: list[Analysis]) -> None:
    rows = tables("docs/demo.md")["Sample Resistance Published (Ω) Found (Ω) Standard error (Ω) "
                                  "Difference (%)"]  # fmt: skip
    fresh = demo.comparison(analyses).to_dict("records")
    assert len(rows) == len(fresh) == sum(map(len, PUBLISHED.values()))
    names = ("published_ohm", "resistance_ohm", "stderr_ohm", "difference_percent")
    for (sample, role, *numbers), row in zip(rows, fresh, strict=True):
        assert (sample, role) == (row["sample"], row["role"])
        for shown, name in zip(numbers, names, strict=True):
            assert rounded_alike(shown, row[name]), (sample, role, name, row[name])


def test_the_documentation_shows_the_peaks_that_come_out(analyses: list[Analysis]) -> None:
    rows = tables("docs/demo.md")["Sample Role τ (s) Resistance of the peak (Ω)"]
    fresh = [
        row for analysis in analyses for row in analysis.peaks().to_dict("records") if row["role"]
    ]
    assert [tuple(row[:2]) for row in rows] == [(row["sample"], row["role"]) for row in fresh]
    for (*_, tau, resistance), row in zip(rows, fresh, strict=True):
        assert rounded_alike(tau, row["tau_s"]), row
        assert rounded_alike(resistance, row["resistance_ohm"]), row


def test_analyses_come_one_by_one(folder: Path) -> None:
    first = next(demo.analyses(folder))
    assert first.spectrum.label == demo.CELLS[0].label


@pytest.mark.slow
@pytest.mark.parametrize("cell", demo.CELLS, ids=lambda cell: cell.file_name)
def test_the_numbers_do_not_hang_on_the_noise(cell: demo.Cell) -> None:
    covered = []
    for seed in range(100, 105):
        analysis = analyze(cell.spectrum(seed), cell.model)
        rows = found(analysis)
        check_peaks(analysis)
        for role, truth in PUBLISHED[cell.label].items():
            row = rows[role]
            assert row["stderr_ohm"] <= WITHIN * truth
            # A standard error of 1.2 % leaves 3 % in one of a hundred draws.
            assert row["resistance_ohm"] == pytest.approx(truth, rel=WITHIN)
            covered.append(abs(row["resistance_ohm"] - truth) <= 3.0 * row["stderr_ohm"])
    assert np.mean(covered) >= 0.9


def test_every_header_and_table_says_synthetic(folder: Path, analyses: list[Analysis]) -> None:
    for cell, analysis in zip(demo.CELLS, analyses, strict=True):
        head = (folder / cell.file_name).read_text("latin-1").split("freq/Hz")[0]
        assert "SYNTHETIC DATA, not measured" in head
        assert demo.REFERENCE in head
        assert "synthetic" in cell.file_name  # a file read alone is named after its file
        for table in (analysis.resistances(), analysis.peaks()):
            assert table["sample"].str.contains("(synthetic)", regex=False).all()
        assert demo.MARK in analysis.spectrum.metadata["notes"]
    assert demo.comparison(analyses)["sample"].str.contains("synthetic").all()


@pytest.mark.parametrize("cell", demo.CELLS, ids=lambda cell: cell.file_name)
def test_a_file_holds_the_circuits_impedance_written_out_by_hand(
    folder: Path, cell: demo.Cell
) -> None:
    (spectrum,) = read(folder / cell.file_name)
    assert spectrum.frequency[[0, -1]] == pytest.approx([7e6, 1.0])
    per_decade = (len(spectrum) - 1) / np.log10(7e6)
    assert per_decade == pytest.approx(10, abs=0.1)
    given = {item.name: item.value for item in cell.given}
    s = 1j * spectrum.omega
    z = given["R0"] + s * given.get("L0", 0.0)
    for arc in "123":
        if f"R{arc}" in given:
            z = z + given[f"R{arc}"] / (1 + (s * given[f"tau{arc}"]) ** given[f"alpha{arc}"])
    if "CPE3_0" in given:
        z = z + 1 / (given["CPE3_0"] * s ** given["CPE3_1"])
    noise = (spectrum.impedance - z) / np.abs(z)
    parts = np.concatenate([noise.real, noise.imag])
    # 138 draws of a standard deviation of 0.1 %: the sample's own is uncertain by 6 %.
    assert np.std(parts) == pytest.approx(1e-3, rel=0.25)
    assert np.abs(parts).max() < 4.5e-3


def test_published_and_assumed_numbers_are_told_apart(folder: Path) -> None:
    document = json.loads((folder / "assumptions.json").read_text("utf-8"))
    assert document["synthetic"] is True
    said = {cell["label"]: cell["published_ohm"] for cell in document["cells"]}
    assert said == PUBLISHED
    for cell in document["cells"]:
        sums = set(PUBLISHED[cell["label"]].values())
        for item in cell["given"]:
            assert item["why"]
            assert item["published"] == (item["value"] in sums), item
            if item["name"].startswith("alpha"):
                assert 0.9 <= item["value"] <= 1.0
            if item["name"] == "tau3":
                assert item["value"] <= 0.1
    text = (folder / "assumptions.txt").read_text("utf-8")
    assert text.startswith("SYNTHETIC DATA")
    assert all(label in text for label in PUBLISHED)


def test_the_same_seed_gives_the_same_file(folder: Path, tmp_path: Path) -> None:
    for path in demo.make_files(tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_files_are_replaced_only_by_force(tmp_path: Path) -> None:
    first = demo.make_files(tmp_path)[0]
    first.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        demo.make_files(tmp_path)
    assert first.read_text() == "mine"
    demo.make_files(tmp_path, force=True)
    assert first.read_text("latin-1").startswith("EC-Lab ASCII FILE")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="folder"):
        demo.make_files(tmp_path / "file")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="mixture_Si_LPSC_synthetic"):
        demo.run(tmp_path)
