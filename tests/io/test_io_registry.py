"""Readers that a laboratory adds: the example of the documentation, run."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from samples import F, Z, mpr

import eisfit.io as eio
from eisfit.errors import ReadError
from eisfit.io import registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "readers.md"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Put modules on the path and name them as entry points, as an installed package does."""

    def install(**modules: str) -> None:
        points = []
        for name, code in modules.items():
            (tmp_path / f"{name}.py").write_text(code)
            points.append(EntryPoint(name, f"{name}:reader", registry.GROUP))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
        registry.added_readers.cache_clear()

    yield install
    registry.added_readers.cache_clear()


def example() -> str:
    (code,) = re.findall(r"```python\n(from eisfit.errors.*?)```", PAGE.read_text(), re.DOTALL)
    return code


def write(tmp_path, head: str = "ACME EIS", rows: int = len(F)) -> Path:
    path = tmp_path / "cell.acme"
    lines = [f"{f!r}!{z.real!r}!{-z.imag!r}" for f, z in zip(F.tolist(), Z.tolist(), strict=True)]
    path.write_text("\n".join([head, *lines[:rows], *lines[:rows]]))
    return path


def test_the_example_of_the_documentation(tmp_path, installed):
    code = example()
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    path = write(tmp_path)
    with pytest.raises(ReadError):
        eio.read(path)
    installed(acme=code)
    spectra = eio.read(path)
    assert [s.metadata["sweep"] for s in spectra] == [1, 2]
    for spectrum in spectra:
        np.testing.assert_allclose(spectrum.impedance, Z)
        assert spectrum.metadata["format"] == "Acme"
    np.testing.assert_allclose(eio.read(path, sign="+")[0].impedance, Z.conj())


def test_errors_of_an_added_reader_bear_its_name(tmp_path, installed):
    installed(acme=example())
    path = tmp_path / "cell.acme"
    path.write_text("ACME EIS\n1!2!x\n")
    with pytest.raises(ReadError, match=r"cell\.acme is damaged.*export it again"):
        eio.read(path)
    installed(acme2=example().replace("except ValueError", "except KeyError"))
    with pytest.raises(ReadError, match="added reader 'Acme', which failed: ValueError"):
        eio.read(path)


def test_a_reader_that_cannot_be_loaded_keeps_no_other_file_from_opening(tmp_path, installed):
    installed(broken="import nothing_of_this_name\n", other="reader = 1\n")
    path = tmp_path / "cell.mpr"
    path.write_bytes(mpr())
    with pytest.warns(RuntimeWarning) as caught:
        (spectrum,) = eio.read(path)
    assert len(spectrum) == len(F)
    said = sorted(str(warning.message) for warning in caught)
    assert "the reader 'broken'" in said[0]
    assert "no module" in said[0].lower()
    assert "is no eisfit.io.registry.Reader" in said[1]


def test_without_added_readers_there_is_none():
    assert all(isinstance(reader, registry.Reader) for reader in registry.added_readers())
