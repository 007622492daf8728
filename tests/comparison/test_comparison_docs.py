"""The page on comparison names what there is."""

import re
from pathlib import Path

import pytest

from eisfit.cli import main
from eisfit.comparison import Comparison
from eisfit.comparison.figures import KINDS
from eisfit.comparison.save import NAMES
from eisfit.series.names import meaning

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


def test_every_option_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", "--help"])
    shown = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert len(shown) > 10
    assert shown - named(page("cli")) == set()
