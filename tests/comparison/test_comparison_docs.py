"""The page on comparison names what there is."""

import re
import runpy
from pathlib import Path

import pytest
from comparison_cells import half_cell, write

from eisfit.cli import main
from eisfit.comparison import Comparison
from eisfit.comparison.figures import KINDS
from eisfit.comparison.save import NAMES
from eisfit.series.names import meaning
from eisfit.spectrum import Spectrum

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    return {
        word for code in re.findall(r"`([^`\n]+)`", text) for word in re.split(r"[\s,()]+", code)
    }


@pytest.mark.parametrize("table", NAMES)
def test_every_column_is_told_of(aged: Comparison, warmed: Comparison, table: str) -> None:
    known = named(page("comparison")) | named(page("trends"))
    found = {column for study in (aged, warmed) for column in getattr(study, table)().columns}
    assert found
    assert found - known == set()


def test_every_figure_and_table_is_told_of() -> None:
    known = named(page("comparison")) | named(page("plots"))
    assert {*NAMES, *KINDS} - known == set()


def test_every_column_of_a_manifest_means_what_the_page_says() -> None:
    table = (
        page("comparison").partition("| column | meaning | without it |")[2].partition("\n\n")[0]
    )
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    columns = {name for cell in first for name in named(cell)} - {"reference_<role>_ohm", "_stderr"}
    assert {"file", "sample", "cell_id", "time_h", "state", "sweep", "area_cm2"} <= columns
    ours = {"cell_id": "cell"}
    for column in columns:
        assert meaning(column).name == ours.get(column, column)


def test_the_blocks_of_python_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = page("comparison")
    (manifest,) = re.findall(r"```text\n(file;.*?)```", text, re.DOTALL)
    (tmp_path / "study.csv").write_text(manifest, encoding="utf-8")
    frequency = half_cell(20.0, 60.0, 0).frequency
    for seed, line in enumerate(manifest.splitlines()[1:]):
        write(tmp_path / line.split(";")[0], half_cell(20.0 + 10.0 * seed, 60.0, seed))
    write(tmp_path / "short.mpr", Spectrum(frequency, 0.5 + 2e-6j * frequency))
    write(tmp_path / "open.mpr", Spectrum(frequency, 1.0 / (1e-9 + 1e-11j * frequency)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("eisfit.comparison.save.planned", lambda series: [])  # drawn elsewhere
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        (tmp_path / f"block_{number}.py").write_text(block, encoding="utf-8")
        names = runpy.run_path(str(tmp_path / f"block_{number}.py"))
        assert len(names["series"]) == 4
    assert "interfacial" in capsys.readouterr().out
    assert (tmp_path / "results" / "report.html").exists()
    assert names["spectrum"].metadata["correction"]


def test_every_option_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", "--help"])
    shown = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert len(shown) > 10
    assert shown - named(page("cli")) == set()
