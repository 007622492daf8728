"""Which figures a series has, what is in them, and what is written."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from comparison_cells import TIMES, aging, half_cell

from eisfit.comparison import Comparison
from eisfit.comparison.figures import planned
from eisfit.comparison.save import chosen_formats
from eisfit.errors import OutputError, SeriesError
from eisfit.series import Series


def test_the_figures_of_a_study_are_known_before_it_is_computed() -> None:
    found = {figure.name: figure for figure in planned(aging())}
    states = ("pristine", "discharged")
    tracks = [f"{sample}_{state}" for state in states for sample in ("Si", "Si@AlCl3")]
    assert set(found) == {
        *(f"{kind}_{track}" for kind in ("drt_waterfall", "drt_map") for track in tracks),
        *(f"{kind}_{state}" for kind in ("nyquist", "resistances", "contributions")
          for state in states),
        "resistance_by_state",
    }  # fmt: skip
    assert found["drt_map_Si_discharged"].members == tuple(range(5, 10))
    # A bar a state and sample, of its last time
    assert found["resistance_by_state"].members == (4, 9, 14, 19)


def test_names_of_figures_are_safe_and_differ() -> None:
    names = ["../../etc/passwd", "..\\..\\etc\\passwd", "<script>alert(1)</script>", "CON", "a/b"]
    spectra = [half_cell(40.0, 60.0, 0)] * 2 * len(names)
    series = Series.from_spectra(
        spectra, sample=[n for n in names for _ in range(2)], time_h=[0.0, 1.0] * len(names)
    )
    found = [figure.name for figure in planned(series)]
    assert len({name.casefold() for name in found}) == len(found)
    assert all(set("/\\<>:\0").isdisjoint(name) and name[0] != "." for name in found)


def numbers_of(lines: list[Any]) -> list[float]:
    return [float(y) for line in lines for y in np.atleast_1d(line.get_ydata())]


def test_a_trend_shows_the_values_of_the_members_asked_for(aged: Comparison) -> None:
    where = {"sample": "Si", "state": "pristine"}
    ax = aged.plot("resistance_trend", where=where, roles=["interfacial"])
    table = aged.resistances().query("role == 'interfacial'")
    for row in table.itertuples():
        wanted = row.sample == "Si" and row.state == "pristine"
        shown = np.isclose(numbers_of(ax.get_lines()), row.resistance_ohm, rtol=1e-9).any()
        assert shown == wanted


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("nyquist_series", {}),
        ("drt_waterfall", {"sample": "Si@AlCl3", "state": "pristine"}),
        ("drt_map", {"sample": "Si", "state": "discharged"}),
        ("contributions", {"state": "pristine"}),
        ("resistance_by_state", {"time_h": TIMES[-1]}),
    ],
)
def test_every_kind_draws_on_the_axes_that_it_is_given(
    aged: Comparison, kind: str, where: dict[str, Any]
) -> None:
    from matplotlib.figure import Figure

    ax = Figure(figsize=(4.0, 4.0)).add_subplot()
    assert aged.plot(kind, ax, where=where) is ax
    assert ax.has_data()


def test_arrhenius_is_drawn_of_the_conductivity(warmed: Comparison) -> None:
    ax = warmed.plot("arrhenius")
    assert "σT" in ax.get_ylabel()
    sigma = warmed.conductivity().query("role == 'R_electrolyte'")
    kelvin = sigma["temperature_c"] + 273.15
    for value in sigma["conductivity_s_cm"] * kelvin:
        assert np.isclose(numbers_of(ax.get_lines()), value, rtol=1e-9).any()


@pytest.mark.parametrize(
    ("kind", "where", "said"),
    [
        ("pie", {}, "choose one of nyquist_series"),
        ("drt_map", {"sample": "Si"}, "these members are of 2"),
        ("resistance_trend", {"colour": "red"}, "no column is called colour"),
        ("resistance_trend", {"sample": "Ge"}, "no member has sample = 'Ge'"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    aged: Comparison, kind: str, where: dict[str, Any], said: str
) -> None:
    with pytest.raises(SeriesError, match=said):
        aged.plot(kind, where=where)


@pytest.mark.parametrize(
    ("asked", "tables", "figures"),
    [
        ((), ["csv"], ["png"]),
        (("pdf",), ["csv"], ["pdf"]),
        (("xlsx", "latex"), ["xlsx", "tex"], ["png"]),
        (("csv", "svg", "csv", "png"), ["csv"], ["svg", "png"]),
    ],
)
def test_formats(asked: tuple[str, ...], tables: list[str], figures: list[str]) -> None:
    assert chosen_formats(asked) == (tables, figures)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(OutputError, match="unknown format doc"):
        chosen_formats(["doc"])


@pytest.fixture
def hostile() -> Comparison:
    series = Series.from_spectra(
        [half_cell(40.0, 60.0, 0)], sample="=cmd|'/c calc'!A1", batch="<script>alert(1)</script>"
    )
    return series.compare("R0-p(R1,CPE1)-p(R2,CPE2)-CPE3")


def test_tables_of_every_format_hold_the_same(hostile: Comparison, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    pytest.importorskip("pyarrow")
    hostile.save(tmp_path / "out", formats=["csv", "parquet", "xlsx", "md", "tex"])
    truth = hostile.resistances()
    columns = ["resistance_ohm", "stderr_ohm", "rms_percent"]
    csv = pd.read_csv(tmp_path / "out" / "resistances.csv")
    parquet = pd.read_parquet(tmp_path / "out" / "resistances.parquet")
    book = pd.read_excel(tmp_path / "out" / "comparison.xlsx", sheet_name=None)
    for found in (csv, parquet, book["resistances"]):
        np.testing.assert_allclose(found[columns].to_numpy(float), truth[columns].to_numpy(float))
    assert list(parquet.columns) == list(truth.columns)
    assert set(book) == {"resistances", "peaks", "provenance"}
    # A spreadsheet must not take a sample for a formula
    assert not csv["sample"].iloc[0].startswith("=")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)</script>" not in report


def test_nothing_is_written_where_something_is(hostile: Comparison, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"report\.html exists already"):
        hostile.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(OutputError, match="is a file, not a folder"):
        hostile.save(tmp_path / "report.html")
