"""The command line on hostile names and wrong use: a clear line, never a traceback."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_arc import files_in, write

import eisfit
from eisfit.cli import main

Run = Callable[..., tuple[int, str, str]]

HOSTILE = ["[bold red]x", "\x1b[31mred\x1b[0m", "a\nb", "$(touch hacked)", "-rf",
           "..csv", "con", "Ω µ °", "=cmd|' -C calc'!A1"]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses these names itself")
def test_hostile_names(run: Run, tmp_path: Path) -> None:
    files = [write(tmp_path / "in" / f"{name}.csv") for name in HOSTILE]
    broken = tmp_path / "in" / "\x1b]0;title\x07[red].csv"
    broken.write_text("")
    out = tmp_path / "out"
    before = files_in(tmp_path / "in")
    status, shown, err = run("kk", *files, broken, "-o", out)
    assert status == 1
    assert not any(c in shown + err for c in "\x1b\x07\r")
    assert "[bold red]x: 41 points" in shown
    assert "\\x1b[31mred" in shown
    assert "\\x1b]0;title\\x07[red].csv is empty" in err
    assert len([p for p in out.iterdir() if p.is_dir()]) == len(HOSTILE)
    assert files_in(tmp_path / "in") == before
    assert {p.name for p in tmp_path.iterdir()} == {"in", "out"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are no text")
def test_a_name_that_is_no_text(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / os.fsdecode(b"cell\xff.csv"))
    out = tmp_path / "out"
    status, shown, _ = run("fit", path, "-m", "zarc1", "-o", out)
    assert status == 0
    assert "cell\\udcff" in shown
    assert eisfit.load(out / "fit.json").spectrum.label == "cell\\udcff"


WRONG = [
    ([], "Usage"),
    (["frobnicate"], "No such command"),
    (["fit"], "Missing argument"),
    (["fit", "{cell}", "--frob"], "No such option"),
    (["fit", "{cell}", "--model", "zarc9"], "Did you mean"),
    (["fit", "{cell}", "--model", "R0-p(R1"], "never closed"),
    (["fit", "{cell}", "--model", "__import__('os')"], "error: "),
    (["fit", "{cell}", "--weighting", "heavy"], "modulus"),
    (["fit", "{cell}", "--regularization", "magic"], "gcv"),
    (["fit", "{cell}", "--regularization", "-1"], "positive"),
    (["fit", "{cell}", "--engine", "excel"], "impedance"),
    (["fit", "{cell}", "--electrode", "north"], "Ewe-Ece"),
    (["fit", "{cell}", "--f-min", "-3"], "--f-min"),
    (["fit", "{cell}", "--sweep", "0"], "--sweep"),
    (["fit", "{cell}", "--format", "bmp"], "svg"),
    (["fit", "{cell}", "--area-over-thickness", "0", "-m", "zarc1"], "--area-over-thickness"),
    (["drt", "{cell}", "--weighting", "proportional"], "unit"),
    (["drt", "{cell}", "--engine", "pydrttools", "--weighting", "modulus"], "no weighting"),
    (["fit", "{cell}", "--engine", "impedance"], "model='auto' needs engine='eisfit'"),
    (["models", "no_such"], "no model is called"),
    (["models", "R(RQ"], "error: "),
    (["convert", "{cell}", "--out", "x.xlsx", "--to", "xlsx"], "eclab"),
    (["convert", "none.mpr"], "does not exist"),
    (["simulate"], "--from"),
    (["simulate", "zarc1", "--from", "fit.json"], "either"),
    (["simulate", "--from", "none.json"], "cannot be read"),
    (["simulate", "--from", "{cell}"], "no JSON"),
    (["simulate", "R0", "--set", "R0"], "NAME=VALUE"),
    (["simulate", "R0", "--set", "R0=ten"], "NAME=VALUE"),
    (["simulate", "R0", "--set", "R0=nan"], "NAME=VALUE"),
    (["simulate", "R0", "--set", "R1=1"], "no parameter is called"),
    (["simulate", "R0-C1", "--set", "R0=1"], "no value for C1"),
    (["simulate", "R0", "--set", "R0=-1"], "outside the bounds"),
    (["simulate", "CPE1", "--set", "CPE1_0=1", "--set", "CPE1_1=1.2"], "0 to 1: give a value"),
    (["simulate", "R0", "--set", "R0=1", "--f-min", "9", "--f-max", "3"], "--f-min"),
    (["simulate", "R0", "--set", "R0=1", "--noise", "7"], "--noise"),
    (["simulate", "R0", "--set", "R0=1", "--out", "x.pdf"], "tells no format"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_use(
    arguments: list[str], message: str, run: Run, cell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cell.parent)
    status, out, err = run(*(a.replace("{cell}", str(cell)) for a in arguments))
    assert status == 2
    assert message in (err or out)
    assert files_in(cell.parent) == {"cell.csv"}


def test_a_fault_of_our_own(
    run: Run, cell: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from eisfit import api

    original = api.kramers_kronig

    def break_down(spectrum: eisfit.Spectrum) -> object:
        if spectrum.label == "cell":
            raise ZeroDivisionError("inside")
        return original(spectrum)

    monkeypatch.setattr("eisfit.api.kramers_kronig", break_down)
    status, out, err = run("kk", cell)
    assert (status, out) == (70, "")
    assert "ZeroDivisionError: inside" in err
    assert "EISFIT_TRACEBACK" in err
    status, out, err = run("kk", cell, write(tmp_path / "other.csv"))
    assert status == 1
    assert "other: 41 points" in out
    assert "cell.csv: eisfit failed where it should not" in err
    monkeypatch.setenv("EISFIT_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["kk", str(cell)])


def test_interrupt(run: Run, cell: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("eisfit.api.kramers_kronig", interrupt)
    status, _, err = run("kk", cell, "-o", tmp_path / "out")
    assert (status, err) == (130, "interrupted\n")
    assert not (tmp_path / "out").exists()


def test_a_reader_that_goes_away() -> None:
    code = "import sys; from eisfit.cli import main; sys.exit(main(['models', '--json']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), err) == (141, b"")


def test_a_terminal_without_lines_to_draw_with() -> None:
    code = "import sys; from eisfit.cli import main; sys.exit(main(['models', 'zarc1']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    shown = done.stdout.decode("ascii").splitlines()
    assert "    --R0--+--R1----+--" in shown
    assert "          +--CPE1--+" in shown
