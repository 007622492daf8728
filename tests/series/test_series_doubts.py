"""Slips in a manifest: each is said, and none costs more than itself."""

from pathlib import Path

import pytest
from series_cells import spectrum, write

from eisfit.cli.compare import series_of
from eisfit.cli.groups import Study
from eisfit.errors import SeriesError, SeriesWarning
from eisfit.series import Series
from eisfit.series.doubts import doubts
from eisfit.series.names import close_to, number_with_unit
from eisfit.series.spelling import likely, slips


def made(folder: Path, text: str, name: str = "study.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("a", "b", "count"),
    [("fiel", "file", 1), ("chrged", "charged", 1), ("smaple", "sample", 1), ("", "ab", 2),
     ("same", "same", 0), ("kitten", "sitting", 3)],
)  # fmt: skip
def test_slips(a: str, b: str, count: int) -> None:
    assert slips(a, b) == slips(b, a) == count


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        ("smaple", "sample"), ("fiel", "file"), ("Temprature (°C)", "temperature_degc"),
        ("time_hh", "time_h"), ("thicknes_um", "thickness_um"), ("area", "area_cm2"),
        ("sample", ""), ("Time (h)", ""), ("area_cm2", ""), ("pressure_mpa", ""), ("sample_2", ""),
        ("soc_percent", ""), ("bias_v", ""), ("date", ""), ("type", ""), ("operator", ""),
    ],
)  # fmt: skip
def test_columns_that_are_nearly_known(column: str, meant: str) -> None:
    assert close_to(column, ("area_cm2", "thickness_cm", "thickness_um")) == meant
    assert likely("chraged", ("charged", "discharged")) == "charged"


@pytest.mark.parametrize(
    ("text", "column", "number"),
    [
        ("12 h", "time_h", 12.0), ("90min", "Time (h)", 1.5), ("2 d", "time_s", 48.0),
        ("298.15 K", "temperature_c", 25.0), ("−25 °C", "temperature_k", -25.0),
        ("50,5 MPa", "Pressure MPa", 50.5), ("800 µm", "Thickness (µm)", 800.0),
        ("12 bananas", "time_h", None), ("50 bar", "pressure_mpa", None), ("h", "time_h", None),
        ("10-20 h", "time_h", None),
    ],
)  # fmt: skip
def test_numbers_with_their_unit(text: str, column: str, number: float | None) -> None:
    found = number_with_unit(text, column)
    assert found is None if number is None else found == pytest.approx(number)


def test_what_looks_like_a_slip_is_said(tmp_path: Path) -> None:
    for name in "abcde":
        write(tmp_path / f"{name}.csv", 50.0 + ord(name))
    text = (
        "file,sample,time_h,state,temperature_c,Temprature (°C)\n"
        "a.csv,Si,0,charged,25,1\nb.csv,Si,3,chrged,25,1\nc.csv,si,6,charged,298,1\n"
        "d.csv,Si@AlCl3,-3,charged,25,1\ne.csv,Si@AlCl3,6.2 h,charged,25,1\n"
    )
    series = Series.from_manifest(made(tmp_path, text))
    assert "'Temprature (°C)'" in series.notes[0]
    assert "did you mean 'temperature_degc'" in series.notes[0]
    said = doubts(series)
    assert len(said) == 5
    for one, words in zip(
        said,
        (
            "state 'chrged' is a state of its own (b.csv): did you mean 'charged'",
            "'Si' and 'si' differ by case",
            "temperature of 298 °C (c.csv): was kelvin meant",
            "negative time of \u22123 h (d.csv)",
            "(6 and 6.2 h) are not compared",
        ),
        strict=True,
    ):
        assert words in one


def test_a_clean_series_raises_no_doubt() -> None:
    spectra = [spectrum(50.0 + i) for i in range(8)]
    series = Series.from_spectra(
        spectra, sample=["Si"] * 4 + ["Si@AlCl3"] * 4, state="charged", temperature_c=25.0,
        time_h=[0.0, 1.0, 9.0, 9.5] * 2,
    )  # fmt: skip
    assert doubts(series) == []


def test_two_spectra_at_one_place_are_named(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.csv", 50.0 + ord(name))
    text = "file,sample,time_h\na.csv,Si,0\nb.csv,Si,0\nc.csv,Si,3\n"
    (said,) = doubts(Series.from_manifest(made(tmp_path, text)))
    assert said.startswith("2 spectra of one cell at the same time_h (Si, 0 h): a.csv, b.csv;")
    assert "give cell_id" in said
    text = "file,sample,cell_id,time_h\na.csv,Si,1,0\nb.csv,Si,2,0\nc.csv,Si,1,3\n"
    assert doubts(Series.from_manifest(made(tmp_path, text))) == []


def test_a_measurement_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 50.0)
    write(tmp_path / "copy.csv", 50.0)
    write(tmp_path / "b.csv", 60.0)
    text = "file,sample,time_h,f_max_hz\na.csv,Si,0,\na.csv,Si,0,\nb.csv,Si,3,\ncopy.csv,Si,6,\n"
    series = Series.from_manifest(made(tmp_path, text + "b.csv,Si,3,1e4\n"))
    assert [(m.file, m.time_h) for m in series.members] == [
        ("a.csv", 0.0), ("b.csv", 3.0), ("copy.csv", 6.0), ("b.csv", 3.0),
    ]  # fmt: skip
    assert series.notes == (
        "a.csv and copy.csv are the same measurement, but stand for Si, 0 h and for Si, 6 h: "
        "which is it?",
        "a.csv is the same measurement as one before it, under the same conditions: left out",
    )


def test_without_a_sample_the_file_names_it(tmp_path: Path) -> None:
    write(tmp_path / "data" / "Si 10h.csv", 50.0, 60.0)
    series = Series.from_manifest(made(tmp_path, "file\ndata\\Si 10h.csv\n"))
    assert [m.sample for m in series.members] == ["Si 10h", "Si 10h"]


def test_a_row_that_makes_no_sense_names_its_column_as_written(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 50.0)
    text = (
        "file;Thickness (µm);Temperature / °C;Time\na.csv;-5;25;1\na.csv;5;-300;1\n"
        "a.csv;5;25;12 x\na.csv;5;25;12 h\n"
    )
    with pytest.warns(SeriesWarning, match=r"^3 of the rows of study\.csv"):
        series = Series.from_manifest(made(tmp_path, text))
    said = [failure.error for failure in series.failures]
    assert "line 2, column 'Thickness (µm)': must be a positive number, found -5" in said[0]
    assert "line 3, column 'Temperature / °C': -300 is not above absolute zero" in said[1]
    assert "expected a number, found '12 x' (a unit may stand behind it: h, min, s, d)" in said[2]
    assert series.members[0].time_h == 12.0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "fiel,smaple,time_h\nx.csv,Si,0\n", "did you mean 'file' by 'fiel'"),
        ("b.csv", "sample;time_h\nSi;0\n", "b.csv looks like a manifest without a column 'file'"),
    ],
)
def test_a_manifest_that_was_meant(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = made(tmp_path, text, name)
    with pytest.raises(SeriesError) as caught:
        Series.from_manifest(path)
    assert said in str(caught.value)
    with pytest.raises(SeriesError) as caught:
        series_of(Study(paths=[str(path)]))
    assert said in str(caught.value)
