"""Tasks in a process of their own: one that hangs, eats memory or crashes costs only itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet

from eisfit.batching import frames
from eisfit.batching.work import Limits, Outcome, Task, work

START_S = 300.0  # for a process to begin, however busy the machine: numba may have to compile

Result = TypeVar("Result")

_here = threading.local()


class TaskLostError(Exception):
    """A task ended with its process; the message says how."""


class TaskTimedOutError(TaskLostError):
    """A task was stopped at its limit of time."""


def run_task(task: Task) -> Outcome:
    """Do a task: here, or, where it has limits, in a process of this thread's own.

    Raises
    ------
    TaskLostError
        If its process ended before the task did; the next task gets a new one.
    """
    if task.limits is None:
        return work(task)
    sandbox: Sandbox | None = getattr(_here, "sandbox", None)
    if sandbox is None or sandbox.limits != task.limits or not sandbox.is_alive:
        sandbox = _here.sandbox = Sandbox(task.limits)
        crew: WeakSet[Sandbox] | None = getattr(_here, "crew", None)
        if crew is not None:
            crew.add(sandbox)
    try:
        return sandbox.run(task)
    except TaskLostError:
        _here.sandbox = None
        raise


class Sandbox:
    """A process that does one task after another, within limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._is_ready = False
        command = [sys.executable, "-P", "-W", "ignore", "-m", "eisfit.batching.worker"]
        self._process = subprocess.Popen(
            [*command, str(limits.memory), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the parent, which lets tasks end
        )

    @property
    def is_alive(self) -> bool:
        """Whether it can take a task."""
        return self._process.poll() is None

    def run(self, task: Task) -> Outcome:
        """Do a task.

        Raises
        ------
        TaskLostError
            If the process ended before the task did.
        """
        ins, outs = self._process.stdin, self._process.stdout
        assert ins is not None
        assert outs is not None
        if not self._is_ready:
            self._within(START_S, partial(frames.read_ready, outs))
            self._is_ready = True

        def done() -> Outcome:
            frames.write_task(ins, task)
            return frames.read_outcome(outs)

        return self._within(self.limits.seconds, done)

    def _within(self, seconds: float, act: Callable[[], Result]) -> Result:
        """Return what comes of it within so many seconds, else end the process."""
        late = threading.Event()
        timer = threading.Timer(seconds, _stop, (self._process, late))
        timer.daemon = True
        timer.start()
        try:
            return act()
        except (OSError, EOFError, ValueError):
            self.close()
            if late.is_set():
                raise TaskTimedOutError(f"took longer than {seconds:g} s and was stopped") from None
            raise TaskLostError(_ending(self._process.returncode)) from None
        except BaseException:
            self.close()  # what it still has to say belongs to no task
            raise
        finally:
            timer.cancel()

    def stop(self) -> None:
        """End the process; safe from any thread."""
        self._process.kill()

    def close(self) -> None:
        """End the process and give back what it took; only from the thread that uses it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        self._process.kill()
        self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()


class Crew(ThreadPoolExecutor):
    """Threads that each keep a process: the executor of one machine."""

    def __init__(self, workers: int) -> None:
        self._sandboxes: WeakSet[Sandbox] = WeakSet()
        super().__init__(workers, "eisfit-batch", _join, (self._sandboxes,))

    def abandon(self) -> None:
        """End all processes, whatever they are at."""
        for sandbox in list(self._sandboxes):
            sandbox.stop()


def _join(crew: WeakSet[Sandbox]) -> None:
    _here.crew = crew


def _stop(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _ending(status: int | None) -> str:
    if status is not None and status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        if name == "SIGKILL":
            return "its process was killed (SIGKILL), most likely for want of memory"
        return f"its process crashed ({name})"
    return f"its process ended with status {status}"


def _environment() -> dict[str, str]:
    """Return the environment of a process that finds the modules that this one finds."""
    found = dict(os.environ)
    found["PYTHONPATH"] = os.pathsep.join(str(Path(entry or ".").absolute()) for entry in sys.path)
    for library in ("OPENBLAS", "OMP", "MKL"):
        # The cores are for tasks, not for the small matrices of one
        found[f"{library}_NUM_THREADS"] = "1"
    return found
