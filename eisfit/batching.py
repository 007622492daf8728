"""Many spectra, on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from eisfit.spectrum import Spectrum

Result = TypeVar("Result")


def map_spectra(
    work: Callable[[Spectrum], Result], spectra: Sequence[Spectrum], executor: Executor | None
) -> list[Result]:
    """Return what `work` makes of each spectrum, in their order; one by one without an executor.

    `work` must be importable by name where the executor runs in other processes.
    """
    if executor is None:
        return [work(spectrum) for spectrum in spectra]
    return list(executor.map(work, spectra))
