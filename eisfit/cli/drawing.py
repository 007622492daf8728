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
    that one file takes. What it has not begun when the plots are waited for, this one draws.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._hand_over: Callable[[], None] | None = None

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

    def draw(
        self, works: Sequence[Draw], result: Any, formats: Sequence[str]
    ) -> Callable[[], Drawn]:
        """Begin to draw; the function that comes back waits for the plots."""
        chosen = tuple(formats)

        def here() -> Drawn:
            return [plot for work in works for plot in work(result, chosen)]

        if self._pool is None:
            return here
        if self._hand_over is not None:
            self._hand_over()  # this process has another result to compute
        pool = self._pool
        begun: list[Future[Drawn] | None] = [None] * len(works)
        begun[0] = pool.submit(works[0], result, chosen)

        def hand_over() -> None:
            for i, future in enumerate(begun):
                begun[i] = future or pool.submit(works[i], result, chosen)

        def wait() -> Drawn:
            if self._hand_over is hand_over:
                self._hand_over = None
            try:
                # Whatever nobody has begun is drawn here, while the other process draws the rest
                own = [None if f else works[i](result, chosen) for i, f in enumerate(begun)]
                theirs = [f.result() if f else [] for f in begun]
                return [
                    plot for mine, other in zip(own, theirs, strict=True) for plot in mine or other
                ]
            except BrokenProcessPool:  # killed for its memory, or forbidden by the system
                self._pool = None
                return here()

        self._hand_over = hand_over
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
