"""Reference engines that fit in our place and answer with our kind of result."""

from __future__ import annotations

import numpy as np

from eisfit.circuit.models import Model
from eisfit.errors import EngineError
from eisfit.fitting.engine import FitOptions, fit_spectrum
from eisfit.fitting.residual import deviations
from eisfit.fitting.result import FitResult
from eisfit.frozen import FrozenDict
from eisfit.interop.impedancepy import fit_with_impedance
from eisfit.spectrum import Spectrum

ENGINES = ("eisfit", "impedance")


def fit_with(engine: str, spectrum: Spectrum, model: Model, options: FitOptions) -> FitResult:
    """Return the fit of another engine; values and standard errors are its own.

    impedance.py needs starting values: it begins at `options.start` or, without one, where our own
    fit ends, moved off by a tenth so that it has something to do.

    Raises
    ------
    EngineError
        If the engine is unknown, not installed, fails, or cannot do what the options ask.
    """
    if engine != "impedance":
        raise EngineError(f"unknown engine {engine!r}: choose one of {', '.join(ENGINES)}")
    if options.fixed or options.bounds:
        raise EngineError("engine 'impedance' takes neither fixed nor bounds: use our own engine")
    if not options.is_plain:
        raise EngineError(
            "engine 'impedance' takes no constraints, part, quantity or loss: use our own engine"
        )
    own = fit_spectrum(spectrum, model, options)
    start = dict(options.start) or _moved(own, options.seed)
    used = spectrum.used()
    sigma = deviations(spectrum, options.weighting)[~spectrum.mask]
    modulus = isinstance(options.weighting, str) and options.weighting == "modulus"
    theirs = fit_with_impedance(
        used, model, start, "modulus" if modulus else sigma, options.absolute_sigma
    )
    values = theirs["values"]
    curve = model.impedance(spectrum.frequency, values)
    difference = (curve - spectrum.impedance)[~spectrum.mask]
    weighted = difference.real / sigma[:, 0] + 1j * difference.imag / sigma[:, 1]
    residuals = np.full(len(spectrum), np.nan, dtype=np.complex128)
    residuals[~spectrum.mask] = weighted
    error = np.array([theirs["stderr"][name] for name in model.names])
    return FitResult(
        spectrum=spectrum,
        model=model,
        values=values,
        stderr=theirs["stderr"],
        status={name: "ok" if np.isfinite(e) else "not determined"
                for name, e in zip(model.names, error, strict=True)},
        covariance=np.diag(error**2),
        chi_square=float(np.sum(np.abs(weighted) ** 2)),
        n_data=own.n_data,
        n_free=own.n_free,
        impedance=curve,
        residuals=residuals,
        success=True,
        message=f"{theirs['engine']}; correlations between parameters are not reported by it",
        settings=FrozenDict({**own.settings, "engine": theirs["engine"]}),
    )  # fmt: skip


def _moved(own: FitResult, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    start = {}
    for slot in own.model.circuit.slots:
        value = own.values[slot.name]
        factor = float(np.exp(rng.uniform(-0.1, 0.1)))
        start[slot.name] = min(value * factor, 0.999) if slot.parameter.is_exponent else (
            value * factor
        )  # fmt: skip
    return start
