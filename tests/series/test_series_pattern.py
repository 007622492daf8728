"""File names that say what a file is."""

import time
from pathlib import Path, PurePath

import pytest
from series_cells import write

from eisfit.errors import SeriesError, SeriesWarning
from eisfit.series import Series
from eisfit.series.pattern import Pattern


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        (
            "{sample}_{time_h}h_{state}.mpr", "Si_10h_pristine.mpr",
            {"sample": "Si", "time_h": "10", "state": "pristine"},
        ),
        (
            "{sample}_{time_h}h_{state}", "x/Si_AlCl3_0p5h_as_made.mpr",
            {"sample": "Si_AlCl3", "time_h": "0p5", "state": "as_made"},
        ),
        (
            "{sample}_{temperature_c}C", "LPSCl_-25C.txt",
            {"sample": "LPSCl", "temperature_c": "-25"},
        ),
        ("{sample}{time_h}h", "Si10h.mpr", {"sample": "Si", "time_h": "10"}),
        ("{sample}/{cell}/{time_h}h.mpr", "top/Si/c1/4h.mpr",
         {"sample": "Si", "cell": "c1", "time_h": "4"}),
        ("{sample}_{*}_{cycle}", "Si_C01 (2)_7.mpr", {"sample": "Si", "cycle": "7"}),
        ("{sample}_{time_h}h.mpr", "Si_10h.mpt", None),
        ("{sample}_{time_h}h", "Si_tenh.mpr", None),
        ("a.+{sample}", "aXXSi.mpr", None),
        ("a.+{sample}.mpr", "a.+Si.mpr", {"sample": "Si"}),
    ],
)  # fmt: skip
def test_what_a_pattern_finds(pattern: str, path: str, fields: dict[str, str] | None) -> None:
    assert Pattern.of(pattern).match(PurePath(path)) == fields


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("sample.mpr", "needs names"),
        ("{sample_{time_h}h", "without its partner"),
        ("{sample}_{}", "needs names"),
        ("{time_h}_{aging_time_h}", "time_h twice"),
    ],
)
def test_what_is_no_pattern(pattern: str, said: str) -> None:
    with pytest.raises(SeriesError, match=said):
        Pattern.of(pattern)


def test_a_hostile_name_takes_no_time() -> None:
    pattern = Pattern.of("_".join(f"{{a{i}}}" for i in range(8)) + "X")
    begin = time.process_time()
    assert pattern.match(PurePath("_" * 250)) is None
    assert time.process_time() - begin < 10.0


def test_files_make_a_series(tmp_path: Path) -> None:
    names = ["Si_0h_pristine", "Si_10h_pristine", "Si_0,5h_charge", "Si_oops"]
    files = [write(tmp_path / f"{name}.csv") for name in names]
    with pytest.warns(SeriesWarning, match="1 of the files could not be"):
        series = Series.from_files(files, "{sample}_{time_h}h_{state}")
    assert [(m.time_h, m.state) for m in series.members] == [
        (0.0, "pristine"), (10.0, "pristine"), (0.5, "charged"),
    ]  # fmt: skip
    assert len(series.failures) == 1
    assert "Si_oops.csv does not fit the pattern" in series.failures[0].error
    assert series.tracks() == ((0, 1), (2,))
