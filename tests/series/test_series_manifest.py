"""Manifests: any separator, decimal mark and encoding; what is wrong costs only itself."""

from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook
from series_cells import arc, table, write

import eisfit
from eisfit.errors import SeriesError, SeriesWarning
from eisfit.series import Series, is_manifest, is_meant_as_manifest

nan = float("nan")


def manifest(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "manifest.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(("separator", "mark"), [(",", "."), (";", ","), ("\t", ","), ("|", ".")])
def test_any_separator_decimal_mark_and_encoding(
    tmp_path: Path, separator: str, mark: str, encoding: str
) -> None:
    write(tmp_path / "data" / "a.csv")
    rows = [
        ["file", "sample", "cell_id", "time_h", "state", "temperature_c", "cycle", "note µ"],
        ["data/a.csv", "Silizium ö", "07", "0.5", "Discharge", "-25.25", "3", "x"],
    ]
    lines = [separator.join(rows[0])]
    lines.append(separator.join(cell.replace(".", mark) if i else cell
                                for i, cell in enumerate(rows[1])))  # fmt: skip
    series = Series.from_manifest(manifest(tmp_path, "\r\n".join(lines), encoding))
    (member,) = series.members
    assert (member.sample, member.cell, member.state) == ("Silizium ö", "07", "discharged")
    assert (member.time_h, member.temperature_c, member.cycle) == (0.5, -25.25, 3.0)
    assert dict(member.extra) == {"note_u": "x"}
    assert member.electrode_state == "lithiated"


@pytest.mark.parametrize(
    ("column", "text", "name", "value"),
    [
        ("time (min)", "90", "time_h", 1.5),
        ("Time / h", "1,5", "time_h", 1.5),
        ("aging time [d]", "2", "time_h", 48.0),
        ("time_s", "7200", "time_h", 2.0),
        ("Temperature (°C)", "−25", "temperature_c", -25.0),
        ("temperature_K", "298.15", "temperature_c", 25.0),
        ("cycle number", "12", "cycle", 12.0),
    ],
)
def test_names_and_units_as_people_write_them(
    tmp_path: Path, column: str, text: str, name: str, value: float
) -> None:
    write(tmp_path / "a.csv")
    series = Series.from_manifest(manifest(tmp_path, f"Filename;{column}\na.csv;{text}\n"))
    assert getattr(series.members[0], name) == pytest.approx(value)


def test_extras_references_geometry_and_window(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    text = (
        "# made by hand\n\nfile,sample,soc_percent,operator,reference_R_ct_total_ohm,area_mm2,"
        "thickness_um,area_mm2_stderr,f_min_hz,f_max_hz\n"
        'a.csv,"Si, coated",50,N.N.,147,100,500,2,9.5,105000\n'
    )
    (member,) = Series.from_manifest(manifest(tmp_path, text)).members
    assert member.sample == "Si, coated"
    assert dict(member.extra) == {"soc_percent": 50.0, "operator": "N.N."}
    assert dict(member.reference) == {"R_ct_total": 147.0}
    assert member.geometry is not None
    assert member.geometry.area_over_thickness_cm == pytest.approx(1.0 / 0.05)
    assert member.geometry.stderr["area_cm2"] == pytest.approx(0.02)
    used = member.spectrum.frequency
    assert (used.min() > 9.5, used.max() < 105000.0) == (True, True)


def test_a_full_cell_is_lithiated_by_charge(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    text = "file,state,cell_type\na.csv,charged,full\na.csv,discharged,full\na.csv,pristine,full\n"
    found = Series.from_manifest(manifest(tmp_path, text), along="state")
    assert [m.electrode_state for m in found.members] == ["lithiated", "delithiated", ""]
    # A full cell is charged first
    assert [found.members[i].state for i in found.tracks()[0]] == [
        "pristine", "charged", "discharged",
    ]  # fmt: skip


def test_sweeps_have_the_row_s_time_and_the_file_s_clock(tmp_path: Path) -> None:
    write(tmp_path / "aging.csv", 50.0, 60.0, 70.0, times=[120.0, 3720.0, 7320.0])
    series = Series.from_manifest(manifest(tmp_path, "file,sample,time_h\naging.csv,Si,10\n"))
    assert [m.time_h for m in series.members] == pytest.approx([10.0, 11.0, 12.0])
    assert series.along == "time_h"
    assert series.tracks() == ((0, 1, 2),)
    one = Series.from_manifest(manifest(tmp_path, "file,sweep,time_h\naging.csv,2,7\n"))
    assert [(m.sweep, m.time_h) for m in one.members] == [(2, 7.0)]
    assert one.members[0].spectrum.impedance[-1].real == pytest.approx(70.0, rel=1e-4)


def test_a_wrong_row_costs_only_itself_and_says_where(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    text = (
        "file,sample,time_h,sweep,area_cm2,cell_type\n"
        "a.csv,Si,1,,,\n"
        "missing.mpr,Si,2,,,\n"
        "a.csv,Si,soon,,,\n"
        "a.csv,Si,4,9,,\n"
        ",Si,5,,,\n"
        "a.csv,Si,6,,-1,\n"
        "a.csv,Si,7,,,quarter\n"
        "a.csv,Si,8,,,,surplus\n"
    )
    with pytest.warns(SeriesWarning, match="7 of the rows of manifest.csv could not"):
        series = Series.from_manifest(manifest(tmp_path, text))
    assert [m.time_h for m in series.members] == [1.0]
    said = {f.where: f.error for f in series.failures}
    assert list(said) == [f"manifest.csv, line {n}" for n in range(3, 10)]
    assert "missing.mpr" in said["manifest.csv, line 3"]
    assert (
        "line 4, column 'time_h': expected a number, found 'soon'" in said["manifest.csv, line 4"]
    )
    assert "no sweep '9'" in said["manifest.csv, line 5"]
    assert "column 'file'" in said["manifest.csv, line 6"]
    assert "column 'area_cm2': must be a positive number, found -1" in said["manifest.csv, line 7"]
    assert "quarter" in said["manifest.csv, line 8"]
    assert "7 cells for 6 columns" in said["manifest.csv, line 9"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sample,time_h\nSi,1\n", "among them 'file'"),
        ("file,time_h,time (h)\na.csv,1,1\n", "both mean time_h"),
        ("file,sample\n", "no row below its names"),
        ("file,,sample\na.csv,1,Si\n", "column 2 has no name"),
        ("file,time_h\nnothere.csv,1\n", "nothere.csv"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path / "a.csv")
    with pytest.raises(SeriesError, match=r"manifest\.csv") as caught:
        Series.from_manifest(manifest(tmp_path, text))
    assert said in str(caught.value)


def test_a_file_is_read_once_however_many_rows_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eisfit.series import rows

    write(tmp_path / "a.csv", 50.0, 60.0)
    read, opened = rows.read, []

    def counting(path: Path, **options: str) -> list[eisfit.Spectrum]:
        opened.append(path)
        return read(path, **options)

    monkeypatch.setattr(rows, "read", counting)
    text = "file,sweep,soc_percent\na.csv,1,10\na.csv,2,20\n"
    series = Series.from_manifest(manifest(tmp_path, text))
    assert (len(series), len(opened), series.along) == (2, 1, "soc_percent")


def test_windows_paths_and_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "data" / "odd.csv"
    path.parent.mkdir()
    path.write_text("f,Zr,Zi\n1000,10,2\n100,20,5\n10,30,1\n", encoding="utf-8")
    text = 'file,read_columns,read_sign\ndata\\odd.csv,"f=freq/Hz,Zr=Re(Z)/kOhm,Zi=Im(Z)/kOhm",-\n'
    (member,) = Series.from_manifest(manifest(tmp_path, text)).members
    assert np.allclose(member.spectrum.impedance, [10e3 - 2e3j, 20e3 - 5e3j, 30e3 - 1e3j])


def test_what_is_a_manifest_and_what_is_not(tmp_path: Path) -> None:
    spectrum = write(tmp_path / "a.csv")
    assert is_manifest(manifest(tmp_path, "# study\nfile;sample\na.csv;Si\n"))
    assert not is_manifest(spectrum)
    assert not is_manifest(tmp_path / "none.csv")
    (tmp_path / "binary.mpr").write_bytes(b"BIO-LOGIC MODULAR FILE\x1a\0\0file,sample")
    assert not is_manifest(tmp_path / "binary.mpr")


ROWS = (
    ("file", "sample", "cell_id", "time_h", "state"),
    ("a.csv", "Si", "07", 0, "pristine"),
    (None, None, None, None, None),
    ("b.csv", "Si", "07", 12.5, None),
)


@pytest.mark.parametrize("columns", [ROWS[0], ("sample", "time_h"), ("fiel", "sample")])
def test_a_spreadsheet_as_manifest(tmp_path: Path, columns: tuple[str, ...]) -> None:
    """Written by another program, read by its first sheet; the numbers of its rows are told."""
    write(tmp_path / "a.csv")
    book = Workbook()
    for row in (columns, *ROWS[1:]):
        book.active.append(row)
    book.active.append(("missing.csv", "Si"))
    book.create_sheet("further").append(["what", "ever"])
    path = tmp_path / "study.xlsx"
    book.save(path)
    write(tmp_path / "b.csv", 40.0)
    assert is_manifest(path) == ("file" in columns)
    if "file" not in columns:
        with pytest.raises(SeriesError, match=r"study\.xlsx looks like a manifest without a colu"):
            Series.from_manifest(path)
        assert is_meant_as_manifest(path)
        return
    with pytest.warns(SeriesWarning):
        series = Series.from_manifest(path)
    assert [(m.sample, m.cell, m.time_h) for m in series.members] == [
        ("Si", "07", 0.0),
        ("Si", "07", 12.5),
    ]
    assert [failure.where for failure in series.failures] == ["study.xlsx, line 5"]


def test_spectra_in_a_spreadsheet_are_no_manifest(tmp_path: Path) -> None:
    book = Workbook()
    for line in table([arc()]).splitlines():
        cells = line.split(",")
        book.active.append(cells if cells[0].startswith("f") else [float(c) for c in cells])
    path = tmp_path / "cell.xlsx"
    book.save(path)
    assert not is_manifest(path)
    assert not is_meant_as_manifest(path)
    assert len(Series.from_files([path])) == 1


def test_the_decimal_sign_of_a_file_where_it_leaves_that_open(tmp_path: Path) -> None:
    lines = [f"{10**k};1{k},000;-0,500" for k in range(5, -1, -1)]
    text = "freq/Hz;Re(Z)/Ohm;Im(Z)/Ohm\n" + "\n".join(lines) + "\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    rows = "file|sample|read_decimal\na.txt|Si|{}\n"
    (member,) = Series.from_manifest(manifest(tmp_path, rows.format(","))).members
    assert member.spectrum.impedance[0].real == 15.0
    with pytest.raises(SeriesError, match=r"a decimal point \(--decimal\) does not fit"):
        Series.from_manifest(manifest(tmp_path, rows.format(".")))


def test_a_manifest_of_which_no_row_can_be_read_is_told_in_a_few_words(tmp_path: Path) -> None:
    rows = "\n".join(f"missing_{i}.csv" for i in range(500))
    with pytest.raises(SeriesError, match=r"missing_2\.csv does not exist.*; and 497 more$"):
        Series.from_manifest(manifest(tmp_path, f"file,sample\n{rows}\n"))
