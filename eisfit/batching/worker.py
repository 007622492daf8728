"""The process of a sandbox: `python -m eisfit.batching.worker MEMORY PARENT`; ends with its parent.

Tasks come on standard input, outcomes go to what was standard output; what a library prints goes
to standard error.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from importlib import import_module

from eisfit.batching import frames
from eisfit.batching.work import work

_PR_SET_PDEATHSIG = 1


def main(memory: int, parent: int) -> None:
    """Do tasks until there are no more."""
    _end_with(parent)
    _limit(memory)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _load()
    frames.write_ready(out)
    while True:
        try:
            task = frames.read_task(sys.stdin.buffer)
        except (EOFError, ValueError):
            return
        frames.write_outcome(out, work(task))


def _load() -> None:
    """Import what tasks need, so that none is charged with it."""
    for module in (
        "pyarrow", "eisfit.io.table", "eisfit.fitting.engine", "eisfit.validity",
        "eisfit.relaxation", "scipy.linalg", "scipy.special",
    ):  # fmt: skip
        import_module(module)
    from eisfit.fitting.backend import compiled

    compiled()


def _end_with(parent: int) -> None:
    """End this process when its parent does, even while it is at work."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if hasattr(os, "getppid"):
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _limit(memory: int) -> None:
    if not memory:
        return
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
