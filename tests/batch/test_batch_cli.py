"""`eisfit batch` and `eisfit results` as people and other programs use them."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_sets import MODEL, environment, rows, write_files

from eisfit.batching.schema import LEDGER
from eisfit.cli.batch import duration, said

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def small_out(small: Path, tmp_path: Path, run: Run) -> Path:
    assert run("batch", small, "-m", MODEL, "-o", tmp_path / "out", "--workers", 1)[0] == 0
    return tmp_path / "out"


def test_what_the_documentation_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    write_files(tmp_path / "measurements", 2, sweeps=1)
    monkeypatch.chdir(tmp_path)
    blocks = FENCE.findall(PAGE)
    lines = [line for kind, code in blocks if kind == "sh" for line in code.splitlines()]
    assert len(lines) == 4
    for line in lines:
        status, out, err = run(*shlex.split(line)[1:])
        assert (status, err) == (0, ""), line
        assert out
    assert (tmp_path / "results" / "csv" / "peaks.csv").exists()
    code = "\n".join(code for kind, code in blocks if kind == "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment(), text=True,
        capture_output=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0 spectra, 0 files failed\n"  # they are done already


def test_bad_files_are_listed_and_counted(small: Path, tmp_path: Path, run: Run) -> None:
    (small / "note\x1b[31m.txt").write_text("nothing of the kind\n" * 4)
    status, out, err = run(
        "batch", small, "-m", MODEL, "-o", tmp_path / "out", "--workers", 1
    )  # fmt: skip
    assert (status, err) == (1, "")
    assert "12 spectra of 6 files in" in out
    assert "1 file failed:" in out
    assert "\x1b" not in out
    assert "note" in "".join(run("results", tmp_path / "out")[1].split())


def test_failures_of_earlier_runs_are_told_again(small: Path, tmp_path: Path, run: Run) -> None:
    for i in range(7):
        (small / f"note_{i}.txt").write_text("nothing of the kind\n" * 4)
    command = ("batch", small, "-m", MODEL, "-o", tmp_path / "out", "--workers", 1)
    run(*command)
    status, out, err = run(*command)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "nothing left to do",
        "6 of 13 files were done by earlier runs",
        "7 files failed in earlier runs (--retry does them again):",
    ]
    assert all(f"note_{i}.txt holds no table of impedance" in lines[3 + i] for i in range(5))
    assert lines[8].startswith("  and 2 more: eisfit results ")
    assert lines[8].endswith(" --failures")
    document = json.loads(run(*command, "--json")[1])
    assert (document["files_failed"], document["files_failed_earlier"]) == (0, 7)
    assert len(document["failures"]) == 7
    listed = run("results", tmp_path / "out", "--failures")[1].splitlines()
    assert len(listed) == 7
    assert len(json.loads(run("results", tmp_path / "out", "--failures", "--json")[1])) == 7
    # Only files of the request count
    assert run("batch", small / "cell_*.txt", *command[2:])[0] == 0
    # With a new one among them
    (small / "note_9.txt").write_text("nothing of the kind\n" * 4)
    assert "8 files failed, 7 of them in earlier runs (--retry" in run(*command)[1]


def test_spectra_that_lack_something_are_told_again(tmp_path: Path, run: Run) -> None:
    (tmp_path / "d.csv").write_text("f/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n10,1,-1\n1,2,-2\n")
    command = ("batch", tmp_path / "d.csv", "-m", MODEL, "-o", tmp_path / "out", "--kk")
    first, again = run(*command), run(*command)
    assert (first[0], again[0]) == (1, 1)
    assert "1 of the spectra lack something" in again[1]


def test_other_settings_are_refused_where_nobody_can_be_asked(
    small: Path, small_out: Path, run: Run
) -> None:
    status, out, err = run("batch", small, "-m", MODEL, "-o", small_out, "--kk")
    assert (status, out) == (2, "")
    assert "kk: False then, True now" in err
    assert "--anew" in err
    assert len(rows(small_out, LEDGER)) == 6


def test_the_end_as_json(small: Path, small_out: Path, run: Run) -> None:
    status, out, _ = run("batch", small, "-m", MODEL, "-o", small_out, "--json")
    document = json.loads(out)
    assert status == 0
    assert (document["files_earlier"], document["files_done"]) == (6, 0)
    assert document["stopped"] is False


def test_answers(small_out: Path, run: Run) -> None:
    sql = "select sample, sweep, sample = 'x' as no, null as nothing from fits order by file, sweep"
    status, out, err = run("results", small_out, "--query", sql, "--csv")
    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == ["sample,sweep,no,nothing", "cell_000,1,false,"]
    assert len(out.splitlines()) == 13
    found = json.loads(run("results", small_out, "--query", sql, "--json")[1])
    assert found[0] == {"sample": "cell_000", "sweep": 1, "no": False, "nothing": None}
    assert "cell_005" in run("results", small_out, "--query", sql)[1]
    status, out, err = run("results", small_out, "--query", "select nonsense")
    assert (status, out) == (2, "")
    assert err.startswith("error: DuckDB: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["results", "."], "holds no data set"),
        (["batch", "nothing_here", "-o", "out"], "does not exist"),
        (["batch", "*.mpr", "-o", "out"], "no file matches"),
        (["batch", ".", "-o", "out", "-m", "no_model"], "no_model"),
        (["batch", ".", "-o", "out", "--dask", "tcp://127.0.0.1:9"], "no dask scheduler answers"),
        (["batch", "."], "--out"),
    ],
)
def test_wrong_use(
    arguments: list[str], message: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("eisfit.cli.batch.PATIENCE_S", 0.5)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert not (tmp_path / "out").exists()


def test_progress_in_words() -> None:
    from eisfit.batching.progress import Progress

    p = Progress(1000, 100, 9_000_000, 312, 3, 3120, 0, 3_120_000, 39.0)
    assert said(p) == (
        "412 of 1,000 files, 3,120 spectra, 80.0 a second, 74 s to go, 3 files failed"
    )
    assert [duration(s) for s in (5.2, 200, 7200, float("inf"))] == [
        "5 s", "3 min", "2.0 h", "unknown time",
    ]  # fmt: skip


def test_every_option_is_in_the_documentation(run: Run) -> None:
    for command in ("batch", "results"):
        shown = run(command, "--help")[1]
        for option in set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}:
            assert f"`{option}" in PAGE, (command, option)


def read_all(terminal: int) -> str:
    """Return what a terminal shows until its last writer is gone, which Linux calls an error."""
    seen = b""
    try:
        while chunk := os.read(terminal, 65536):
            seen += chunk
    except OSError:
        pass
    os.close(terminal)
    return seen.decode(errors="replace")


@pytest.mark.parametrize(("answer", "status", "left"), [("n", 2, 12), ("", 2, 12), ("y", 0, 12)])
def test_on_a_terminal_it_asks(
    answer: str, status: int, left: int, small: Path, small_out: Path
) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = ["batch", small, "-m", "R0-p(R1,C1)", "-o", small_out, "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "eisfit", *map(str, command)], env=environment(TERM="xterm"),
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = read_all(ours)
    process.communicate(timeout=120)
    assert process.returncode == status
    assert "then, R0-p(R1,C1) now" in " ".join(shown.split())
    assert "begin anew? [y/N]" in shown
    assert len(rows(small_out, "fits")) == left
    assert (small_out / "earlier-1").exists() == (answer == "y")
