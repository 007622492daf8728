"""What hangs, eats memory or crashes is stopped, named, and costs nobody else."""

import signal
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import pytest
from batch_sets import MODEL, assert_same, brisk, ended, rows, write_files

from eisfit.batching.run import batch
from eisfit.batching.schema import LEDGER
from eisfit.batching.work import Limits
from eisfit.circuit.elements.spec import BY_SYMBOL
from eisfit.errors import EngineError, ModelError

# A reader of a laboratory, as docs/readers.md has it, that does what foreign code may do
READERS = """
import ctypes
import os
import sys
import time

from eisfit.errors import ReadError
from eisfit.io.registry import Reader


def misbehave(source, request):
    what = source.head.decode().split()[1]
    if what == "hang":
        time.sleep(600)
    if what == "spin":
        while True:
            pass
    if what == "eat":
        bytearray(8 << 30)
    if what == "nibble":
        kept = []
        while True:
            kept.append(bytearray(16 << 20))
    if what == "crash":
        ctypes.string_at(0)
    if what == "exit":
        os._exit(7)
    if what == "shout":
        print("on standard output, where the results go")
        sys.stdout.flush()
    raise ReadError(f"{source.name} misbehaves")


reader = Reader("misbehaving", lambda head: head.startswith(b"MISBEHAVE"), misbehave)
"""
ENTRY = "[eisfit.readers]\nmisbehaving = misbehaving_readers:reader\n"


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the reader for the processes of a batch, which find what this one finds."""
    place = tmp_path / "site"
    info = place / "misbehaving-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "misbehaving_readers.py").write_text(READERS)
    (info / "entry_points.txt").write_text(ENTRY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: misbehaving\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(place)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    write_files(tmp_path / "in", 4)
    batch(tmp_path / "in", tmp_path / "plain", MODEL, workers=1)
    return tmp_path / "plain"


REASONS = {
    "eat": "needs more memory than a task may take",
    "nibble": "needs more memory than a task may take",
    "crash": "its process crashed (SIGSEGV)",
    "exit": "its process ended with status 7",
    "shout": "misbehaves",
}


def test_memory_and_crashes(readers: None, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_files(folder, 4)
    for what in REASONS:
        (folder / f"bad_{what}.dat").write_text(f"MISBEHAVE {what}\n")
    limits = Limits(seconds=60, memory=1 << 30)
    done = batch(folder, tmp_path / "out", MODEL, workers=1, limits=limits)
    assert (done.progress.files_failed, done.progress.spectra) == (len(REASONS), 8)
    ledger = {Path(r["file"]).name: r for r in rows(tmp_path / "out", LEDGER)}
    for what, reason in REASONS.items():
        assert reason in ledger[f"bad_{what}.dat"]["error"]
    assert {r["status"] for n, r in ledger.items() if n.startswith("cell")} == {"done"}
    again = batch(folder, tmp_path / "out", MODEL, workers=1, limits=limits)
    assert again.progress.files_done == 0


@pytest.mark.parametrize("what", ["hang", pytest.param("spin", marks=pytest.mark.slow)])
def test_a_task_that_hangs_is_stopped(what: str, readers: None, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_files(folder, 2)
    (folder / f"bad_{what}.dat").write_text(f"MISBEHAVE {what}\n")
    began = time.monotonic()
    done = batch(folder, tmp_path / "out", MODEL, workers=2, limits=Limits(seconds=4))
    assert time.monotonic() - began < 60
    assert [(Path(file).name, why) for file, why in done.failures] == [
        (f"bad_{what}.dat", "took longer than 4 s and was stopped")
    ]
    assert done.progress.spectra == 4


def test_a_worker_that_is_killed_once_costs_nothing(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eisfit.batching.sandbox import Sandbox

    real, killed = Sandbox.run, []

    def run(self: Sandbox, task: object) -> object:
        if not killed:
            killed.append(self)
            self._process.kill()
        return real(self, task)

    monkeypatch.setattr(Sandbox, "run", run)
    batch(tmp_path / "in", tmp_path / "out", MODEL, workers=1)
    assert killed
    assert_same(tmp_path / "out", plain)


def test_a_second_ctrl_c_does_not_wait(readers: None, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_files(folder, 1)
    (folder / "zz_hang.dat").write_text("MISBEHAVE hang\n")
    arguments = folder, "--out", tmp_path / "out", "--model", MODEL, "--workers", "1"
    process = brisk(*arguments, path=tmp_path / "site")
    limit = time.monotonic() + 60
    while not (tmp_path / "out" / LEDGER).exists() and time.monotonic() < limit:
        time.sleep(0.05)
    time.sleep(2)  # into the file that hangs, or on the way there: both must end
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    status, _, err = ended(process)
    assert time.monotonic() - began < 10
    assert status == 130
    assert "Ctrl-C again stops at once" in err


class Broken(Executor):
    """An executor whose processes are gone."""

    def submit(self, *given: object, **options: object) -> Future:
        future: Future = Future()
        future.set_exception(BrokenExecutor("a child process terminated abruptly"))
        return future


def test_an_executor_that_breaks_is_named(tmp_path: Path) -> None:
    write_files(tmp_path / "in", 1)
    with pytest.raises(EngineError, match=r"terminated abruptly.*start the same again"):
        batch(tmp_path / "in", tmp_path / "out", MODEL, Broken())
    assert batch(tmp_path / "in", tmp_path / "out", MODEL, workers=1).progress.spectra == 2


OWN = """
import numpy as np
from eisfit import element

@element("Batchy", [("R", "ohm")])
def batchy(omega, resistance):
    return np.full(omega.shape, resistance, dtype=complex)
"""


def test_an_element_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    import eisfit

    (tmp_path / "batchy_elements.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    known = dict(BY_SYMBOL)
    try:
        importlib.import_module("batchy_elements")
        model = eisfit.load_model("Batchy0-p(R1,CPE1)")
        write_files(tmp_path / "in", 1)
        done = batch(tmp_path / "in", tmp_path / "out", model, workers=1)
    finally:
        BY_SYMBOL.clear()
        BY_SYMBOL.update(known)
    assert (done.progress.spectra, done.progress.spectra_failed) == (2, 0)
    found = [r["value_in_unit"] for r in rows(tmp_path / "out", "parameters")
             if r["parameter"] == "Batchy0"]  # fmt: skip
    assert all(5 < value < 6 for value in found)


def test_an_element_of_the_script_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from eisfit.batching.recipe import Recipe

    monkeypatch.setattr(Recipe, "modules", ("__main__",))
    write_files(tmp_path / "in", 1)
    with pytest.raises(ModelError, match="move it into a module"):
        batch(tmp_path / "in", tmp_path / "out", MODEL)
