"""dask.distributed: the same results, also when a worker is killed in mid-run."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_sets import MODEL, assert_same, rows, write_files

from eisfit.batching import inputs, run
from eisfit.batching.run import batch
from eisfit.batching.schema import LEDGER
from eisfit.batching.work import Limits
from eisfit.cli import main

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of sockets and loops that dask leaves open
]


@pytest.fixture
def cluster() -> Iterator["distributed.LocalCluster"]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        host="127.0.0.1",
    ) as cluster:  # fmt: skip
        yield cluster


def test_a_worker_killed_in_mid_run(
    cluster: "distributed.LocalCluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "GROUP_FILES", 3)
    monkeypatch.setattr(run, "FLUSH_S", 0.0)
    folder = tmp_path / "in"
    write_files(folder, 24)
    batch(folder, tmp_path / "plain", MODEL, workers=1)
    with distributed.Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        killed: list[int] = []

        def watch(progress: object) -> None:
            if progress.spectra and not killed:
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        done = batch(
            folder, tmp_path / "out", MODEL, client.get_executor(pure=False),
            workers=2, limits=Limits(), watch=watch,
        )  # fmt: skip
        assert killed
        assert done.progress.files_failed == 0
    assert_same(tmp_path / "out", tmp_path / "plain")


def test_from_the_command_line(
    cluster: "distributed.LocalCluster", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path / "in", 2)
    began = time.monotonic()
    status = main(
        ["batch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-m", MODEL,
         "--dask", cluster.scheduler_address]
    )  # fmt: skip
    assert status == 0, capsys.readouterr()
    assert time.monotonic() - began < 120
    assert {r["status"] for r in rows(tmp_path / "out", LEDGER)} == {"done"}
