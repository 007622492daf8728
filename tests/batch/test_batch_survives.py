"""Killed, torn, out of disk, out of workers: the finished data set equals an undisturbed one."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from batch_sets import MODEL, assert_same, brisk, ended, rows, write_files

from eisfit.batching import inputs, run, store
from eisfit.batching.locking import Lock
from eisfit.batching.run import batch
from eisfit.batching.schema import LEDGER
from eisfit.errors import OutputError

FILES = 20
ARGUMENTS = ["--model", MODEL, "--kk", "--workers", "1"]


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="module", autouse=True)
def small_groups() -> Iterator[None]:
    """The groups of `brisk` here, too, and a part for every few files."""
    was = inputs.GROUP_FILES, run.FLUSH_S
    inputs.GROUP_FILES, run.FLUSH_S = 1, 0.0
    yield
    inputs.GROUP_FILES, run.FLUSH_S = was


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch") / "in"
    write_files(folder, FILES)
    return folder


@pytest.fixture(scope="module")
def undisturbed(files: Path, threads: ThreadPoolExecutor) -> Path:
    out = files.parent / "undisturbed"
    batch(files, out, MODEL, threads, kk=True)
    return out


@pytest.fixture(scope="module")
def in_parts(files: Path, threads: ThreadPoolExecutor) -> Path:
    """A data set of all files as a run leaves it that is killed before it merges its parts."""
    out = files.parent / "parts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.Store, "tidy", lambda self: None)
        batch(files, out, MODEL, threads, kk=True)
    assert len(list((out / LEDGER).glob("*.parquet"))) > 3
    return out


@pytest.fixture
def parts(in_parts: Path, tmp_path: Path) -> Path:
    return shutil.copytree(in_parts, tmp_path / "parts")


@pytest.mark.slow
def test_sigkill_at_ten_random_moments(files: Path, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    moments = random.Random(7)
    kills = 0
    held = [0]
    for _ in range(40):
        process = brisk(files, "--out", out, *ARGUMENTS)
        # From the first commit of this run on, so that every run gets somewhere
        known = {p.name for p in (out / LEDGER).glob("*.parquet")}
        limit = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < limit:
            if {p.name for p in (out / LEDGER).glob("*.parquet")} - known:
                break
            time.sleep(0.005)
        time.sleep(moments.uniform(0.0, 0.1))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate(timeout=60)
        held.append(len(list((out / LEDGER).glob("*.parquet"))))
        if kills == 10 or process.returncode == 0:
            break
    assert kills >= 3, (kills, held)  # each run does a little more before it is killed
    while kills < 10:  # the rest from the start of the process to the merge of what there is
        process = brisk(files, "--out", out, *ARGUMENTS)
        time.sleep(moments.uniform(1.0, 2.5))
        process.kill()
        process.communicate(timeout=60)
        kills += 1
    status, said, err = ended(brisk(files, "--out", out, *ARGUMENTS))
    assert (status, err) == (0, ""), said
    assert_same(out, undisturbed)


@pytest.mark.slow
def test_no_worker_outlives_a_killed_run(files: Path, tmp_path: Path) -> None:
    process = brisk(files, "--out", tmp_path / "out", *ARGUMENTS)
    mine = [sys.executable, "eisfit.batching.worker", str(process.pid)]

    def workers() -> list[str]:
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
        )
        return [line for line in listed.stdout.splitlines() if all(word in line for word in mine)]

    limit = time.monotonic() + 60
    while not workers() and time.monotonic() < limit:
        time.sleep(0.05)
    assert workers()
    process.kill()
    process.communicate(timeout=60)
    while workers() and time.monotonic() < limit:
        time.sleep(0.05)
    assert not workers()


def finish_and_compare(files: Path, out: Path, undisturbed: Path, threads: object) -> None:
    batch(files, out, MODEL, threads, kk=True)
    assert_same(out, undisturbed)
    names = {path.name for path in out.rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith(".tmp") or name == store.NOTE]


@pytest.mark.parametrize("name", [LEDGER, "fits", "resistances"])
@pytest.mark.parametrize("keep", [0.0, 0.999])
def test_a_torn_last_file(
    name: str, keep: float, parts: Path, files: Path, undisturbed: Path, threads: object
) -> None:
    last = sorted((parts / name).glob("*.parquet"))[-1]
    data = last.read_bytes()
    last.write_bytes(data[: int(keep * len(data))])
    finish_and_compare(files, parts, undisturbed, threads)


def test_a_lost_file_and_what_does_not_belong(
    parts: Path, files: Path, undisturbed: Path, threads: object
) -> None:
    sorted((parts / "fits").glob("*.parquet"))[0].unlink()
    (parts / "fits" / "part-00000099.parquet").write_bytes(b"an orphan")
    (parts / "peaks" / ".eisfit-0123.tmp").write_bytes(b"a torn one")
    (parts / store.MERGE).mkdir()
    (parts / store.MERGE / "fits.parquet").write_bytes(b"half a merge")
    (parts / "my_notes.txt").write_text("stays")
    finish_and_compare(files, parts, undisturbed, threads)
    assert (parts / "my_notes.txt").read_text() == "stays"


class Killed(BaseException):
    """What no code catches, as if the process were gone."""


def counted(method: object, left: list[int]) -> object:
    """The method, until it was called so many times."""

    def act(self: Path, *given: object, **options: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return method(self, *given, **options)

    return act


def test_a_merge_that_is_cut_short_anywhere(parts: Path, tmp_path: Path) -> None:
    for path in sorted((parts / LEDGER).iterdir())[3:]:
        path.unlink()
    expected = shutil.copytree(parts, tmp_path / "expected")
    whole = store.Store(expected)
    whole.recover()
    whole.tidy()
    cut = 0
    for step in range(200):
        out = shutil.copytree(parts, tmp_path / f"{step}")
        data, left = store.Store(out), [step]
        data.recover()
        with pytest.MonkeyPatch.context() as patch:
            # A killed process does not come to tidying up behind itself
            patch.setattr(store.shutil, "rmtree", lambda *a, **k: None)
            for method in ("rename", "unlink", "replace"):
                patch.setattr(Path, method, counted(getattr(Path, method), left))
            try:
                data.tidy()
            except Killed:
                cut += 1
        if left[0] >= 0:
            break
        again = store.Store(out)
        again.recover()
        again.tidy()
        assert len(list((out / LEDGER).iterdir())) == 1
        assert_same(out, expected)
        shutil.rmtree(out)
    assert cut > 20


@pytest.mark.parametrize("at", [1, 9])
def test_a_disk_that_is_full(
    at: int, files: Path, undisturbed: Path, tmp_path: Path, threads: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The system refuses every write from one on; the next run, with room, goes on."""
    written = []

    def write(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("eisfit.io.atomic.os.fsync", write)
    with pytest.raises(OutputError, match="No space left"):
        batch(files, tmp_path / "out", MODEL, threads, kk=True)
    monkeypatch.undo()
    finish_and_compare(files, tmp_path / "out", undisturbed, threads)


@pytest.mark.slow
def test_a_small_file_system_that_fills(files: Path, undisturbed: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=180k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system here")
    try:
        status, _, err = ended(brisk(files, "--out", disk / "out", *ARGUMENTS))
        assert status == 2
        assert "No space left on device" in err
        assert "Traceback" not in err
        done = len(rows(disk / "out", LEDGER))
        assert 0 < done < FILES
        grown = ["mount", "-o", "remount,size=20m", str(disk)]
        subprocess.run(grown, check=True, capture_output=True)
        status, said, _ = ended(brisk(files, "--out", disk / "out", *ARGUMENTS))
        assert status == 0
        assert "were done by earlier runs" in said
        assert_same(disk / "out", undisturbed)
    finally:
        subprocess.run(["umount", str(disk)], check=False, capture_output=True)


def test_two_runs_into_one_folder(small: Path, tmp_path: Path, threads: object) -> None:
    out = tmp_path / "out"
    out.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time; from pathlib import Path; from eisfit.batching.locking import Lock\n"
         "lock = Lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(600)", str(out)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=rf"another run writes.*process {holder.pid} on"):
            batch(small, out, MODEL, threads)
    finally:
        holder.kill()
        holder.communicate()
    # The lock of a killed run is none
    assert batch(small, out, MODEL, threads).progress.files_done == 6
    with Lock(out), pytest.raises(OutputError, match="another run"):
        Lock(out)


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(files: Path, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = brisk(files, "--out", out, *ARGUMENTS)
    while not list(out.glob(f"{LEDGER}/*.parquet")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    status, _, err = ended(process)
    assert status == 130
    assert "finishing what is under way" in err
    assert "the same command goes on: eisfit batch" in err or "goes on: eisfit" in err
    done = len(rows(out, LEDGER))
    assert 0 < done < FILES
    assert ended(brisk(files, "--out", out, *ARGUMENTS))[0] == 0
    assert_same(out, undisturbed)
