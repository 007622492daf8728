"""Many spectra, on any executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

from eisfit.api import fit
from eisfit.circuit.models import Model
from eisfit.fitting.result import FitResult
from eisfit.spectrum import Spectrum


def fit_all(
    spectra: Sequence[Spectrum],
    model: str | Model,
    executor: Executor | None,
    options: Mapping[str, Any],
) -> list[FitResult]:
    """Return the fits of all spectra in their order; see `eisfit.fit_many`."""
    one = partial(fit, model=model, **options)
    if executor is None:
        return [one(spectrum) for spectrum in spectra]
    return list(executor.map(one, spectra))
