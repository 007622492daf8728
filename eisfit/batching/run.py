"""A batch from beginning to end: plan, hand out tasks, keep what comes back, go on where it was."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

from eisfit.batching.inputs import find_files
from eisfit.batching.locking import Lock
from eisfit.batching.plan import Plan
from eisfit.batching.progress import BatchResult, Progress
from eisfit.batching.recipe import Recipe, recipe_of
from eisfit.batching.sandbox import Crew, TaskTimedOutError, run_task
from eisfit.batching.schema import LEDGER
from eisfit.batching.store import Store
from eisfit.batching.work import Limits, Outcome, Task, failed_outcome
from eisfit.errors import EisfitError, EngineError, ModelError, OutputError
from eisfit.io.paths import make_folder

if TYPE_CHECKING:
    import pyarrow as pa

FLUSH_S = 2.0  # results wait no longer for their place on the disk
FLUSH_SPECTRA = 5000
AHEAD = 2  # tasks handed out for each worker, so that none waits for the next
_LISTED = 100
_LOOK_S = 0.5


@dataclass(frozen=True)
class Conduct:
    """How a batch is run; nothing here changes a number of its results.

    Parameters
    ----------
    workers : int, optional
        Processes on this machine; with an executor, how many tasks it does at once. All cores by
        default.
    limits : Limits, optional
        At which a task's process is stopped. By default 300 s and 2 GiB without an executor, and no
        process of its own with one.
    anew : bool
        Put results of other settings aside instead of refusing.
    retry : bool
        Do files again that failed in an earlier run.
    watch : function of Progress, optional
        Called after each commit, and twice a second besides.
    stop : Event, optional
        Set it, from a thread or a signal handler, to let what is under way end and then stop.
    """

    workers: int | None = None
    limits: Limits | None = None
    anew: bool = False
    retry: bool = False
    watch: Callable[[Progress], None] | None = None
    stop: Event = field(default_factory=Event)


def batch(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    out: str | PathLike[str],
    model: Any = "auto",
    executor: Executor | None = None,
    **options: Any,
) -> BatchResult:
    """Read, fit and, if asked, test and transform every sweep of many files; keep all on disk.

    The same call again goes on where an earlier one ended, however that ended, and does nothing
    twice.

    Parameters
    ----------
    files : path, or several
        Files, folders, globs, or manifests: text files that list paths.
    out : path
        Folder of the data set, see `docs/batch.md`; made if it is not there.
    model : str or Model
        A model, its name, circuit text, or "auto".
    executor : concurrent.futures.Executor, optional
        Any: threads, processes, or a cluster's. By default processes on this machine, each stopped
        at its limits.
    **options
        Of `eisfit.batching.recipe.Recipe`, what is done with a spectrum: `kk`, `drt`,
        `drt_method`, `drt_samples`, `weighting`, `effort`, `seed`, `electrode`, `columns`, `sign`,
        `decimal`, `f_min`, `f_max`; and of `Conduct`, how it is run: `workers`, `limits`, `anew`,
        `retry`, `watch`, `stop`.

    Raises
    ------
    OutputError
        If another run is at work in the folder, it holds results of other settings, or the disk is
        full; what was done stands.
    ReadError
        If no file is named. What is wrong with single files is in the ledger.
    ModelError, CircuitError, FitError, RelaxationError
        If an option is unknown or impossible.
    EngineError
        If the executor breaks; what was done stands.
    """
    known = Recipe.__dataclass_fields__
    recipe = Recipe(model, **{k: v for k, v in options.items() if k in known and k != "model"})
    others = {k: v for k, v in options.items() if k not in known}
    unknown = [name for name in others if name not in Conduct.__dataclass_fields__]
    if unknown:
        possible = ", ".join((*list(known)[1:], *Conduct.__dataclass_fields__))
        raise EngineError(f"a batch has no option {', '.join(unknown)}; it has {possible}")
    given = [files] if isinstance(files, str | PathLike) else list(files)
    return run_batch(given, Path(out), recipe, executor, Conduct(**others))


def run_batch(
    files: Iterable[str | PathLike[str]],
    out: Path,
    recipe: Recipe,
    executor: Executor | None,
    conduct: Conduct,
) -> BatchResult:
    """Do what `batch` does."""
    limits = conduct.limits
    if executor is None and limits is None:
        limits = Limits()
    if limits is not None and "__main__" in recipe.modules:
        raise ModelError(
            "an element of the circuit is defined in the script itself, where other processes do "
            "not find it: move it into a module, or give a ThreadPoolExecutor"
        )
    found = find_files(files, out)
    make_folder(out)
    with Lock(out):
        store = Store(out)
        store.settle(recipe, conduct.anew)
        store.recover()
        plan = Plan.of(found, store.ledger(), conduct.retry, recipe.lot)
        store.drop(plan.stale)
        workers = conduct.workers or os.cpu_count() or 1
        own = Crew(workers) if executor is None else None
        tasks = plan.tasks(recipe.text, limits)
        run = _Run(store, plan, executor or own or Crew(1), workers, conduct)
        try:
            run.through(tasks)
        except BaseException:
            if own is not None:
                own.abandon()
            raise
        finally:
            if own is not None:
                own.shutdown(cancel_futures=True)
        return run.result()


@dataclass
class _Family:
    """Tasks whose outcomes are kept together or not at all."""

    open: int = 1
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass
class _Job:
    """A task that was handed out, and how often it was lost."""

    task: Task
    family: _Family
    lost: int = 0


class _Run:
    """The state of a batch under way."""

    def __init__(
        self, store: Store, plan: Plan, executor: Executor, workers: int, conduct: Conduct
    ) -> None:
        self._store, self._plan, self._executor = store, plan, executor
        self._most, self._conduct = AHEAD * workers, conduct
        self._waiting: deque[_Job] = deque()
        self._under_way: dict[Future[Outcome], _Job] = {}
        self._kept: list[dict[str, pa.Table]] = []
        self._kept_spectra, self._flushed = 0, perf_counter()
        self._open_bytes = {f.path: max(f.size, 0) for f in plan.files if f.path in plan.todo}
        self._stretches = {path: len(starts) for path, starts in plan.todo.items()}
        self._keys = {f.key: f.path for f in plan.files if f.path in plan.todo}
        self._failures = list(plan.failed[:_LISTED])
        self._notes: list[str] = []
        self._began = perf_counter()
        self.progress = Progress(
            len(plan.files),
            len(plan.files) - len(plan.todo),
            plan.bytes,
            files_failed_earlier=len(plan.failed),
            spectra_failed_earlier=plan.spectra_failed,
        )

    def through(self, tasks: Iterator[Task]) -> None:
        """Do all tasks, or those under way when asked to stop."""
        try:
            self._tell()
            while not self._conduct.stop.is_set():
                self._hand_out(tasks)
                if not self._under_way:
                    break
                self._collect()
            for future in list(self._under_way):
                if future.cancel():
                    del self._under_way[future]
            while self._under_way:
                self._collect()
        finally:
            for future in self._under_way:
                future.cancel()
            self._flush()
        if not self._conduct.stop.is_set():
            self._tidy()
        self._tell()

    def result(self) -> BatchResult:
        """Return how it ended."""
        left = bool(self._waiting) or self.progress.files_done < len(self._plan.todo)
        return BatchResult(
            self._store.folder,
            self.progress,
            self._conduct.stop.is_set() and left,
            tuple(self._failures),
            tuple(self._notes),
        )

    # Tasks ----------------------------------------------------------------------------------

    def _hand_out(self, tasks: Iterator[Task]) -> None:
        while len(self._under_way) < self._most:
            if self._waiting:
                job = self._waiting.popleft()
            elif (task := next(tasks, None)) is not None:
                job = _Job(task, _Family())
            else:
                return
            try:
                self._under_way[self._executor.submit(run_task, job.task)] = job
            except RuntimeError as error:  # broken or shut down
                raise _broken(error) from error

    def _collect(self) -> None:
        """Wait a little for tasks to end, keep what they gave, and write it when it is time."""
        done, _ = wait_for(self._under_way, _LOOK_S, FIRST_COMPLETED)
        for future in done:
            job = self._under_way.pop(future)
            try:
                outcome = future.result()
            except (BrokenExecutor, CancelledError) as error:
                raise _broken(error) from error
            except EisfitError:
                raise
            except Exception as error:
                self._lose(job, error)
            else:
                self._take_in(job, outcome)
        late = perf_counter() - self._flushed > FLUSH_S
        if late or self._kept_spectra >= FLUSH_SPECTRA:
            self._flush()
        self._tell()

    def _lose(self, job: _Job, error: Exception) -> None:
        """Do a lost task again, then its files one by one, and at last name the one that fails."""
        task, family = job.task, job.family
        if not job.lost and not isinstance(error, TaskTimedOutError):
            self._waiting.appendleft(replace(job, lost=1))
        elif len(task.files) > 1:
            family.open += len(task.files) - 1
            self._waiting.extendleft(
                _Job(replace(task, files=(file,)), family) for file in reversed(task.files)
            )
        else:
            said = str(error) or type(error).__name__
            recipe = recipe_of(task.recipe)
            self._take_in(job, failed_outcome(task.files[0], task.start, said, recipe))

    def _take_in(self, job: _Job, outcome: Outcome) -> None:
        whole = tuple(path for path, start in outcome.left if start == 0)
        parts = [(path, start) for path, start in outcome.left if start]
        if whole:
            self._waiting.append(_Job(replace(job.task, files=whole, start=0), _Family()))
        for path, start in parts:
            self._stretches[path] = self._stretches.get(path, 0) + 1
            self._waiting.append(_Job(replace(job.task, files=(path,), start=start), _Family()))
        family = job.family
        family.open -= 1
        family.outcomes.append(outcome)
        if not family.open:
            for member in family.outcomes:
                self._keep(member)

    # Results --------------------------------------------------------------------------------

    def _keep(self, outcome: Outcome) -> None:
        import pyarrow as pa

        tables = {name: pa.ipc.open_stream(data).read_all()
                  for name, data in outcome.tables.items()}  # fmt: skip
        if LEDGER not in tables:
            return
        self._kept.append(tables)
        for row in tables[LEDGER].to_pylist():
            self._count(row)

    def _count(self, row: dict[str, Any]) -> None:
        p, path = self.progress, self._keys.get(row["file"], "")
        failed = row["status"] == "failed"
        if failed and len(self._failures) < _LISTED:
            self._failures.append((row["file"], row["error"]))
        left = self._stretches.get(path, 1) - 1
        self._stretches[path] = left
        spectra = (
            0 if row["last_spectrum"] is None else 1 + row["last_spectrum"] - row["first_spectrum"]
        )
        size = self._open_bytes.get(path, 0)
        done = size if left <= 0 else round(size * spectra / max(row["spectra"] or 1, 1))
        self._open_bytes[path] = size - done
        self._kept_spectra += spectra
        self.progress = replace(
            p,
            files_done=p.files_done + (left <= 0),
            files_failed=p.files_failed + failed,
            spectra=p.spectra + spectra,
            spectra_failed=p.spectra_failed + (row["spectra_failed"] or 0),
            bytes_done=p.bytes_done + done,
        )

    def _flush(self) -> None:
        """Write what is kept as one part."""
        import pyarrow as pa

        kept, self._kept = self._kept, []
        self._kept_spectra, self._flushed = 0, perf_counter()
        if kept:
            names = {name for tables in kept for name in tables}
            self._store.commit({n: pa.concat_tables([t[n] for t in kept if n in t]) for n in names})

    def _tidy(self) -> None:
        try:
            self._store.tidy()
        except OutputError as error:
            self._notes.append(f"the results are complete, in many small files: {error}")

    def _tell(self) -> None:
        self.progress = replace(self.progress, seconds=perf_counter() - self._began)
        if self._conduct.watch is not None:
            self._conduct.watch(self.progress)


def _broken(error: BaseException) -> EngineError:
    said = str(error) or type(error).__name__
    return EngineError(f"the executor broke ({said}): what was done stands, start the same again")
