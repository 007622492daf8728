"""The demo against the numbers that doi:10.1038/s41467-025-67985-x publishes in its text."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import eisfit
from eisfit import demo
from eisfit.analysis import Analysis, analyze
from eisfit.api import read
from eisfit.comparison import Comparison
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
# Of the series: Fig. 4d's mixtures, once, and Fig. 5g's half-cells in three states.
OF_SERIES = {
    "aging": {
        "Si+LPSC (synthetic), 96 h": {
            "grain_boundary": 5.07e4, "interfacial": 1.23e4, "low_frequency": 5.55e5,
        },
        "Si@AlCl3+LPSC (synthetic), 96 h": {"grain_boundary": 4938, "interfacial": 3222},
    },
    "states": {
        "Si (synthetic), pristine": {"R_ct_total": 470},
        "Si (synthetic), discharged": {"R_ct_total": 16.5},
        "Si (synthetic), charged": {"R_ct_total": 443},
        "Si@AlCl3 (synthetic), pristine": {"R_ct_total": 71},
        "Si@AlCl3 (synthetic), discharged": {"R_ct_total": 18},
        "Si@AlCl3 (synthetic), charged": {"R_ct_total": 36},
    },
}  # fmt: skip
# Where the article sees the peaks of grain boundary and interface, in s.
PEAKS = {"mixture": (1e-5, 1e-4), "Li-In": (1e-6, 1e-4)}
PEAKS_OF_SERIES = {"aging": (1e-5, 1e-4), "states": (1e-6, 1e-4)}
WITHIN = 0.03


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo") / "deep" / "folder"
    demo.make_files(made)
    return made


@pytest.fixture(scope="module")
def analyses(folder: Path) -> list[Analysis]:
    return demo.run(folder)


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = demo.make_series(tmp_path_factory.mktemp("series"))
    return {path.parent.name: path for path in made}


@pytest.fixture(scope="module")
def comparisons(manifests: dict[str, Path]) -> dict[str, Comparison]:
    models = {study.name: study.model for study in demo.STUDIES}
    return {
        name: eisfit.Series.from_manifest(path).compare(models[name])
        for name, path in manifests.items()
    }


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


def test_the_documentation_shows_what_the_comparisons_give(
    comparisons: dict[str, Comparison],
) -> None:
    rows = tables("docs/demo.md")["Sample Resistance Published (Ω) Found (Ω) Standard error (Ω) "
                                  "Off (%)"]  # fmt: skip
    fresh = [
        row for name in OF_SERIES
        for row in demo.published_rows(comparisons[name].resistances()).to_dict("records")
    ]  # fmt: skip
    names = ("published_ohm", "resistance_ohm", "stderr_ohm", "difference_percent")
    for (sample, role, *numbers), row in zip(rows, fresh, strict=True):
        assert (sample, role) == (row["sample"], row["role"])
        for shown, name in zip(numbers, names, strict=True):
            assert rounded_alike(shown, row[name]), (sample, role, name, row[name])


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


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1000, 2000, 3000])
@pytest.mark.parametrize("study", demo.STUDIES, ids=lambda study: study.name)
def test_comparisons_do_not_hang_on_the_noise(study: demo.Study, seed: int) -> None:
    columns = {name: [row[name] for row in study.conditions] for name in study.conditions[0]}
    spectra = [cell.spectrum(seed + i) for i, cell in enumerate(study.cells)]
    found = eisfit.Series.from_spectra(spectra, **columns).compare(study.model)
    table = found.resistances()
    place = found.series.along
    for cell, conditions in zip(study.cells, study.conditions, strict=True):
        here = (table["sample"] == conditions["sample"]) & (table[place] == conditions[place])
        by_role = table[here].set_index("role")["resistance_ohm"]
        for role, truth in cell.published.items():
            assert by_role[role] == pytest.approx(truth, rel=WITHIN)
    low, high = PEAKS_OF_SERIES[study.name]
    peaks = found.peaks()
    named = peaks[peaks["role"].isin(["grain_boundary", "interfacial"])]
    assert named["tau_s"].between(low, high).all()
    assert len(named) >= len(study.cells)


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


def test_the_comparisons_give_every_published_resistance(
    comparisons: dict[str, Comparison],
) -> None:
    for name, published in OF_SERIES.items():
        table = demo.published_rows(comparisons[name].resistances())
        given: dict[str, dict[str, float]] = {}
        for row in table.to_dict("records"):
            given.setdefault(row["sample"], {})[row["role"]] = row["published_ohm"]
            assert row["resistance_ohm"] == pytest.approx(row["published_ohm"], rel=WITHIN), row
            assert row["stderr_ohm"] <= WITHIN * row["published_ohm"], row
            assert row["status"] == "ok", row
        assert given == published


def test_peaks_of_the_series_lie_where_the_article_sees_them(
    comparisons: dict[str, Comparison],
) -> None:
    for name, (low, high) in PEAKS_OF_SERIES.items():
        peaks, place = comparisons[name].peaks(), comparisons[name].series.along
        roles = {"aging": ["grain_boundary", "interfacial"], "states": ["interfacial"]}[name]
        named = peaks[peaks["role"].isin(roles)]
        assert named["tau_s"].between(low, high).all()
        counts = named.groupby(["sample", place])["role"].nunique()
        assert (counts == len(roles)).all()
        assert len(counts) == len(comparisons[name].series)


def test_mixtures_age_by_the_law_that_was_put_in(comparisons: dict[str, Comparison]) -> None:
    laws = comparisons["aging"].growth()
    best = {(r["sample"], r["role"]): r for r in laws[laws["best"] == True].to_dict("records")}  # noqa: E712
    for sample, roles, law in (
        ("Si+LPSC (synthetic)", ("grain_boundary", "interfacial", "low_frequency"), "parabolic"),
        ("Si@AlCl3+LPSC (synthetic)", ("grain_boundary", "interfacial"), "saturating"),
    ):
        for role in roles:
            assert best[sample, role]["law"] == law
            assert (best[sample, role]["k"] > 0) == (law == "parabolic")
    # 40 % of 1.23e4 ohm at the start, all of it after 96 h
    row = best["Si+LPSC (synthetic)", "interfacial"]
    assert row["r0_lower"] <= 0.4 * 1.23e4 <= row["r0_upper"]
    assert row["k_lower"] <= 0.6 * 1.23e4 / np.sqrt(96) <= row["k_upper"]


def test_discharged_silicon_is_lithiated(comparisons: dict[str, Comparison]) -> None:
    table = comparisons["states"].resistances()
    meaning = dict(zip(table["state"], table["electrode_state"], strict=True))
    assert meaning == {"pristine": "", "discharged": "lithiated", "charged": "delithiated"}


@pytest.mark.parametrize("study", demo.STUDIES, ids=lambda study: study.name)
def test_every_file_of_a_series_says_synthetic_and_what_is_ours(
    study: demo.Study, manifests: dict[str, Path]
) -> None:
    manifest = manifests[study.name]
    assert manifest.read_text("utf-8").startswith("# SYNTHETIC DATA, not measured")
    top = manifest.parent.parent
    there = {path.relative_to(top).as_posix() for path in manifest.parent.iterdir()}
    assert there == {name for name in demo.series_files() if name.startswith(study.name)}
    for cell in study.cells:
        head = (manifest.parent / cell.file_name).read_text("latin-1").split("freq/Hz")[0]
        assert "SYNTHETIC DATA, not measured" in head
        assert "synthetic" in cell.file_name
    for member in eisfit.Series.from_manifest(manifest).members:
        assert "(synthetic)" in member.sample
    words = (manifest.parent / "assumptions.txt").read_text("utf-8")
    assert all(sentence in words for sentence in study.assumptions)
    document = json.loads((manifest.parent / "assumptions.json").read_text("utf-8"))
    published = {v for cells in OF_SERIES[study.name].values() for v in cells.values()}
    for cell in document["cells"]:
        for item in cell["given"]:
            assert item["why"]
            if item["published"]:
                assert item["value"] in published
        assert set(cell["published_ohm"].values()) <= published


def test_parts_of_a_half_cell_add_up_to_the_published_total() -> None:
    for cell in demo.STUDIES[1].cells:
        parts = [item.value for item in cell.given if item.name in ("R0", "R1", "R2")]
        assert sum(parts) == pytest.approx(cell.published["R_ct_total"], rel=1e-12)


def test_series_are_replaced_only_by_force(tmp_path: Path) -> None:
    first = demo.make_series(tmp_path)[0]
    before = first.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        demo.make_series(tmp_path)
    demo.make_series(tmp_path, force=True)
    assert first.read_bytes() == before


EVERY_CELL = [*demo.CELLS, *(cell for study in demo.STUDIES for cell in study.cells)]


@pytest.mark.parametrize("cell", EVERY_CELL, ids=lambda cell: cell.file_name)
def test_a_file_holds_the_circuits_impedance_written_out_by_hand(
    folder: Path, manifests: dict[str, Path], cell: demo.Cell
) -> None:
    places = [folder, *(path.parent for path in manifests.values())]
    (path,) = (p / cell.file_name for p in places if (p / cell.file_name).exists())
    (spectrum,) = read(path)
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
