"""`eisfit fit --report`."""

from collections.abc import Callable
from pathlib import Path

from cli_arc import files_in, write

Run = Callable[..., tuple[int, str, str]]


def test_one_spectrum_has_its_report_beside_its_tables(
    run: Run, cell: Path, tmp_path: Path
) -> None:
    status, _, err = run("fit", cell, "-m", "zarc1", "--out", tmp_path / "out", "--report")
    assert (status, err) == (0, "")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "Impedance of cell" in html
    # It is there now, and stays unless forced
    status, _, err = run("fit", cell, "-m", "zarc1", "--out", tmp_path / "out", "--report")
    assert status == 2
    assert "exist already" in err


def test_several_spectra_share_one_report(run: Run, tmp_path: Path) -> None:
    sweeps = write(tmp_path / "sweeps.csv", (1.0, 2.0))
    out = tmp_path / "out"
    status, _, err = run("fit", sweeps, "-m", "zarc1", "--out", out, "--report")
    assert (status, err) == (0, "")
    assert [name for name in files_in(out) if name.endswith(".html")] == ["report.html"]
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "sweeps, sweep 1" in html
    assert "sweeps, sweep 2" in html
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "report.html").write_text("mine", encoding="utf-8")
    status, _, err = run("fit", sweeps, "-m", "zarc1", "--out", taken, "--report")
    assert status == 2
    assert "report.html" in err
    assert files_in(taken) == {"report.html"}


def test_a_report_needs_a_place(run: Run, cell: Path) -> None:
    status, _, err = run("fit", cell, "-m", "zarc1", "--report")
    assert status == 2
    assert "--out" in err
