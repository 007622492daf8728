"""`eisfit batch`: progress while it runs, Ctrl-C that loses nothing, and what to do next."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from eisfit.cli import DONE, INTERRUPTED, NOTHING_DONE, SOME_FAILED
from eisfit.cli.screen import complain
from eisfit.errors import EisfitError, EngineError, located

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from threading import Event
    from types import FrameType

    from eisfit.batching.progress import BatchResult, Progress
    from eisfit.batching.recipe import Recipe
    from eisfit.batching.run import Conduct
    from eisfit.cli.groups import Running

LINE_S = 30.0  # between lines in a pipe
PATIENCE_S = 20.0  # for an answer of a scheduler
_LISTED = 5


def batch(
    files: Sequence[str],
    out: str,
    recipe: Recipe,
    conduct: Conduct,
    address: str | None,
    as_json: bool,
) -> int:
    """Run a batch and return the exit status.

    Raises
    ------
    OutputError
        If another run is at work in the folder, it holds results of other settings and nobody says
        what to do, or the disk is full.
    """
    from eisfit.batching.store import SettingsDifferError

    try:
        result = _run(files, Path(out), recipe, conduct, address)
    except SettingsDifferError as error:
        if not _wants_anew(error):
            raise
        result = _run(files, Path(out), recipe, replace(conduct, anew=True), address)
    if as_json:
        from eisfit.cli.run import print_json

        print_json(_document(result))
    else:
        for line in _summary(result):
            sys.stdout.write(f"{line}\n")
    if result.stopped:
        complain([f"stopped; the same command goes on: {_command()}"])
        return INTERRUPTED
    return _status(result)


def conduct(running: Running) -> Conduct:
    """Return how the batch is run.

    Raises
    ------
    EngineError
        If there is no scheduler at the address.
    """
    from eisfit.batching.run import Conduct
    from eisfit.batching.work import Limits

    limits = Limits(running.time_limit, int(running.memory_limit * 2**30))
    workers = running.workers
    if workers is None and running.dask is not None:
        workers = cluster_size(running.dask)
    return Conduct(workers, limits, running.anew, running.retry)


def _run(
    files: Sequence[str], out: Path, recipe: Recipe, conduct: Conduct, address: str | None
) -> BatchResult:
    from eisfit.batching.run import run_batch

    with _executor(address) as executor, _gently(conduct.stop), _shown() as watch:
        return run_batch(files, out, recipe, executor, replace(conduct, watch=watch))


def _wants_anew(error: EisfitError) -> bool:
    """Ask on a terminal whether earlier results of other settings are put aside."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    complain([str(error)])
    sys.stderr.write("Put the earlier results aside and begin anew? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _status(result: BatchResult) -> int:
    p = result.progress
    if p.files_failed + p.files_failed_earlier + p.spectra_failed + p.spectra_failed_earlier == 0:
        return DONE
    done = p.spectra or p.files_earlier > p.files_failed_earlier
    return SOME_FAILED if done else NOTHING_DONE


# Executors ----------------------------------------------------------------------------------


def _executor(address: str | None) -> AbstractContextManager[Executor | None]:
    return nullcontext(None) if address is None else _cluster(address)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """Give the executor of a dask cluster."""
    try:
        from distributed import Client
    except ImportError as error:
        raise EngineError(
            "--dask needs the package distributed: pip install 'eisfit-toolkit[distributed]'"
        ) from error
    try:
        client = Client(address, timeout=PATIENCE_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise EngineError(
            f"no dask scheduler answers at {address}: start one with 'dask scheduler', or check "
            f"the address ({' '.join(str(error).split())[:120]})"
        ) from error
    with client:
        # Not pure: a task that was lost is to be done again, not looked up
        yield client.get_executor(pure=False)


def cluster_size(address: str) -> int:
    """Return how many tasks a dask cluster does at once; 1 where no worker has joined yet.

    Raises
    ------
    EngineError
        If there is no scheduler at the address.
    """
    with _cluster(address) as executor:
        client: Any = executor._client  # type: ignore[attr-defined]
        return max(sum(client.nthreads().values()), 1)


# Ctrl-C -------------------------------------------------------------------------------------


@contextmanager
def _gently(stop: Event) -> Iterator[None]:
    """Let the first Ctrl-C, or an order to end, set `stop`; the second Ctrl-C ends at once."""

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()
        # Not through sys.stderr, which may be at work where the signal came
        complain(["finishing what is under way; Ctrl-C again stops at once"])

    earlier = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


# What is shown ------------------------------------------------------------------------------


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """Give what shows progress: a bar on a terminal, a line now and then in a pipe."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("begins", total=None)

        def show(p: Progress) -> None:
            bars.update(bar, total=p.bytes or 1, completed=p.bytes_done, description=said(p))

        yield show


class _Lines:
    """Lines on standard error, not too many."""

    def __init__(self) -> None:
        self._last = monotonic()

    def __call__(self, progress: Progress) -> None:
        if monotonic() - self._last >= LINE_S:
            self._last = monotonic()
            complain([said(progress)])


def said(p: Progress) -> str:
    """Return progress in words."""
    parts = [
        f"{p.files_earlier + p.files_done:,} of {p.files:,} files",
        f"{p.spectra:,} spectra",
        f"{p.rate:.1f} a second",
        f"{duration(p.remaining_s)} to go",
        f"{_several(p.files_failed + p.files_failed_earlier, 'file')} failed",
    ]
    if p.spectra_failed:
        parts.append(f"{p.spectra_failed:,} of the spectra with a failure")
    return ", ".join(parts)


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds == float("inf"):
        return "unknown time"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _summary(result: BatchResult) -> Iterator[str]:
    p = result.progress
    if p.files_earlier < p.files:
        done = f"{p.spectra:,} spectra of {_several(p.files_done - p.files_failed, 'file')} in "
        yield f"{done}{duration(p.seconds)} ({p.rate:.1f} a second)"
    else:
        yield "nothing left to do"
    if good := p.files_earlier - p.files_failed_earlier:
        were = "was" if good == 1 else "were"
        yield f"{good:,} of {_several(p.files, 'file')} {were} done by earlier runs"
    if lacking := p.spectra_failed + p.spectra_failed_earlier:
        yield f"{lacking:,} of the spectra lack something: see error in the table spectra"
    yield from _failed(result)
    yield from result.notes
    yield f"Results: {result.folder} (eisfit results {_quoted(result)})"


def _failed(result: BatchResult) -> Iterator[str]:
    """Name a few of the files that failed, now or in earlier runs."""
    from eisfit.cli.text import clean

    earlier = result.progress.files_failed_earlier
    count = result.progress.files_failed + earlier
    if not count:
        return
    which = f", {earlier:,} of them in earlier runs" if earlier < count else " in earlier runs"
    again = f"{which} (--retry does them again)" if earlier else ""
    yield f"{_several(count, 'file')} failed{again}:"
    for file, error in result.failures[:_LISTED]:
        yield f"  {clean(located(file, error))}"
    if count > _LISTED:
        yield f"  and {count - _LISTED:,} more: eisfit results {_quoted(result)} --failures"


def _quoted(result: BatchResult) -> str:
    return shlex.quote(str(result.folder))


def _document(result: BatchResult) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "format": "eisfit-batch-run",
        "version": 1,
        "folder": str(result.folder),
        **asdict(result.progress),
        "spectra_per_s": result.progress.rate,
        "stopped": result.stopped,
        "failures": [{"file": file, "error": error} for file, error in result.failures],
        "notes": list(result.notes),
    }


def _command() -> str:
    return shlex.join(["eisfit", *sys.argv[1:]])
