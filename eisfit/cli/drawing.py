"""Plots of results, drawn in a process of their own while the next result is computed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any

Drawn = list[tuple[str, bytes]]
# Of a result and formats: file names and contents. A module's function, so that it travels.
Draw = Callable[[Any, tuple[str, ...]], Drawn]


HANDS = 2


class Studio:
    """Where plots are drawn: in two other processes, or in this one where there is but one core.

    The others load matplotlib while this one reads and fits, which is a third of the time that one
    file takes; two, because this one waits while they draw.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Studio:
        if _cores() > 1:
            from multiprocessing import get_context

            # Spawned, not forked: numpy's threads do not survive a fork
            self._pool = ProcessPoolExecutor(HANDS, get_context("spawn"), initializer=_prepare)
            for _ in range(HANDS):
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

    def draw(
        self, works: Sequence[Draw], result: Any, formats: Sequence[str]
    ) -> Callable[[], Drawn]:
        """Begin to draw; the function that comes back waits for the plots."""
        chosen = tuple(formats)

        def here() -> Drawn:
            return [plot for work in works for plot in work(result, chosen)]

        if self._pool is None:
            return here
        futures = [self._pool.submit(work, result, chosen) for work in works]

        def wait() -> Drawn:
            try:
                return [plot for future in futures for plot in future.result()]
            except BrokenProcessPool:  # killed for its memory, or forbidden by the system
                self._pool = None
                return here()

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
    """Draw a first plot, which loads what all plots need."""
    import numpy as np

    from eisfit import plots
    from eisfit.spectrum import Spectrum

    plots.render(plots.bode(Spectrum(np.geomspace(1e6, 1.0, 7), np.full(7, 1.0 - 1.0j))))
