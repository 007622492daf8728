"""Many spectra, on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from eisfit.spectrum import Spectrum

Result = TypeVar("Result")

CHUNK = 64  # spectra that travel to a worker together


def map_each(
    work: Callable[[Spectrum], Result], spectra: Sequence[Spectrum], executor: Executor | None
) -> list[Result]:
    """Return what `work` makes of each spectrum, in their order.

    `work` must be importable by name where the executor runs in other processes.
    """
    if executor is None:
        return [work(spectrum) for spectrum in spectra]
    return list(executor.map(work, spectra))


def map_chunks(
    work: Callable[[Sequence[Spectrum]], list[Result]],
    spectra: Sequence[Spectrum],
    executor: Executor | None,
) -> list[Result]:
    """Return what `work` makes of the spectra, in their order; an executor gets them by chunks."""
    if executor is None:
        return work(spectra)
    chunks = [spectra[i : i + CHUNK] for i in range(0, len(spectra), CHUNK)]
    return [result for results in executor.map(work, chunks) for result in results]
