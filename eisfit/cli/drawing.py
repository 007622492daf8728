"""Plots of results, drawn in a process of their own while the next result is computed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any

Drawn = list[tuple[str, bytes]]
# Of a result and formats: file names and contents. A module's function, so that it travels.
Draw = Callable[[Any, tuple[str, ...]], Drawn]


class Studio:
    """Where plots are drawn: a second process, or this one where there is but one core.

    The other process loads matplotlib while this one reads and fits, which is a third of the time
    that one file takes.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Studio:
        if _cores() > 1:
            from multiprocessing import get_context

            # Spawned, not forked: numpy's threads do not survive a fork
            self._pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare)
            self._pool.submit(_load)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=error is None, cancel_futures=True)

    def draw(self, work: Draw, result: Any, formats: Sequence[str]) -> Callable[[], Drawn]:
        """Begin to draw; the function that comes back waits for the plots."""
        chosen = tuple(formats)
        if self._pool is None:
            return lambda: work(result, chosen)
        future: Future[Drawn] = self._pool.submit(work, result, chosen)

        def wait() -> Drawn:
            try:
                return future.result()
            except BrokenProcessPool:  # killed for its memory, or forbidden by the system
                self._pool = None
                return work(result, chosen)

        return wait


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _prepare() -> None:
    import signal

    # An interrupt is for the process that the user sees
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _load() -> None:
    """Draw a first plot, which loads what all plots need, and what results are made of."""
    import numpy as np

    import eisfit.analysis  # noqa: F401 - results come as objects of its parts
    from eisfit import plots
    from eisfit.spectrum import Spectrum

    plots.render(plots.bode(Spectrum(np.geomspace(1e6, 1.0, 7), np.full(7, 1.0 - 1.0j))))
