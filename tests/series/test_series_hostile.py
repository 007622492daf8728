"""Manifests, patterns and names that no friend wrote: a result, or an error of our own."""

import math
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_cells import spectrum, write

from eisfit.errors import EisfitError
from eisfit.series import Series, is_manifest
from eisfit.series.names import meaning, number_in
from eisfit.series.pattern import Pattern

CELLS = st.text(alphabet="abcfile,;\t|\"'=\\/{}<>%\x00\x1b\u2212ä0123456789.eE-+ \r\n", max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("hostile")
    write(top / "a.csv")
    return top


@pytest.mark.filterwarnings("ignore::eisfit.errors.SeriesWarning")
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=4), st.sampled_from(",;\t|"))
def test_any_text_as_a_manifest(folder: Path, rows: list[list[str]], separator: str) -> None:
    path = folder / "manifest.csv"
    lines = [f"file{separator}sample{separator}time_h", f"a.csv{separator}Si{separator}1"]
    lines += [separator.join(row) for row in rows]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    is_manifest(path)
    try:
        found = Series.from_manifest(path).members[0].sample
    except EisfitError as error:
        found = str(error)
    assert found == "Si" or "manifest.csv" in found


@given(st.binary(max_size=200))
def test_any_bytes_as_a_manifest(folder: Path, content: bytes) -> None:
    path = folder / "bytes.csv"
    path.write_bytes(content)
    assert not is_manifest(path) or b"f" in content.lower()
    with pytest.raises(EisfitError):
        Series.from_manifest(path)


@given(st.text(max_size=30), st.text(max_size=40))
def test_any_text_as_a_pattern_and_a_name(pattern: str, name: str) -> None:
    try:
        found = Pattern.of(pattern).match(PurePath(name))
    except EisfitError:
        return
    assert found is None or all(text in name for text in found.values())


@given(st.text(max_size=40))
def test_any_text_as_a_column_or_a_number(text: str) -> None:
    assert meaning(text) == meaning(text)
    number = number_in(text)
    assert number is None or math.isfinite(number)


@pytest.mark.parametrize("text", ["1e999", "-1e400", "inf", "1_000", "0x10", "١٢", "1.2.3", "1 2"])
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


def test_a_column_that_is_called_like_an_attribute_is_an_extra() -> None:
    series = Series.from_spectra([spectrum()], spectrum_id="x", __class__="y", extra="z")
    assert set(series.members[0].extra) == {"spectrum_id", "__class__", "extra"}
