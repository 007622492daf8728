"""A spectrum made from a circuit and values, marked as such."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eisfit.cli.groups import Grid
from eisfit.errors import ModelError
from eisfit.spectrum import FloatArray, Spectrum

if TYPE_CHECKING:
    from eisfit.circuit.models import Model
    from eisfit.fitting.result import FitResult

_MOST_POINTS = 1_000_000


def simulate(
    model: str | None,
    settings: Sequence[str],
    saved: str | None,
    grid: Grid,
    noise: float,
    seed: int,
) -> Spectrum:
    """Return a spectrum of a circuit.

    Parameters
    ----------
    model : name or circuit text, or None where `saved` names a fit
    settings : texts `NAME=VALUE`; they go before the values of the fit
    saved : path of a fit.json
    noise : standard deviation of real and of imaginary part, relative to |Z|
    seed : of the noise

    Raises
    ------
    ModelError
        If model and fit are both given or both missing, a value is missing or outside the bounds
        of its parameter, a text is no `NAME=VALUE`, or the limits of frequency are not positive,
        finite and in order.
    """
    if (model is None) == (saved is None):
        raise ModelError("give either a model or circuit, or a saved fit with --from FIT.JSON")
    chosen, values, known, source = _start(model, saved)
    for text in settings:
        name, value = _setting(text)
        resolved = chosen.resolve(name)
        _check_bounds(chosen, resolved, value)
        values[resolved] = value
    missing = [name for name in chosen.names if name not in values]
    if missing:
        raise ModelError(
            f"no value for {', '.join(missing)}: give each as --set {missing[0]}=VALUE"
        )
    frequency = _frequencies(grid, known)
    impedance = chosen.impedance(frequency, values)
    if noise:
        draws = np.random.default_rng(seed).standard_normal((2, len(frequency)))
        impedance = impedance + noise * np.abs(impedance) * (draws[0] + 1j * draws[1])
    said = f"synthetic: simulated by eisfit from {source}"
    if noise:
        said += f", noise {100 * noise:g} % of |Z| on each part, seed {seed}"
    listed = ", ".join(f"{name}={values[name]:.6g}" for name in chosen.names)
    return Spectrum(
        frequency,
        impedance,
        metadata={"technique": "PEIS", "notes": (said, f"values: {listed}")},
    )


def _frequencies(grid: Grid, known: FloatArray | None) -> FloatArray:
    """Return (N,) frequencies in Hz, from high to low; those of a saved fit where none is asked."""
    if known is not None and grid == Grid():
        return known
    high = grid.f_max or (7e6 if known is None else float(known.max()))
    low = grid.f_min or (1.0 if known is None else float(known.min()))
    if not (0 < low < high < math.inf):
        raise ModelError(
            f"frequencies must have 0 < --f-min < --f-max, found {low:g} and {high:g} Hz"
        )
    count = round(math.log10(high / low) * (grid.per_decade or 10)) + 1
    if count > _MOST_POINTS:
        raise ModelError(f"{count} points are too many: take a smaller --per-decade")
    return np.geomspace(high, low, max(count, 2))


def _start(
    model: str | None, saved: str | None
) -> tuple[Model, dict[str, float], FloatArray | None, str]:
    from eisfit.api import load, load_model

    if saved is None:
        chosen = load_model(str(model))
        return chosen, {}, None, chosen.circuit.text
    fit: FitResult = load(saved)
    return fit.model, dict(fit.values), fit.spectrum.frequency, fit.model.circuit.text


def _check_bounds(model: Model, name: str, value: float) -> None:
    """Refuse a value that the element cannot have, such as an exponent above 1."""
    parameter = next(slot.parameter for slot in model.circuit.slots if slot.name == name)
    if not parameter.lower <= value <= parameter.upper:
        upper = "no limit" if math.isinf(parameter.upper) else f"{parameter.upper:g}"
        raise ModelError(
            f"--set {name}={value:g} is outside the bounds of that parameter, {parameter.lower:g} "
            f"to {upper}: give a value within them"
        )


def _setting(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (equals and name.strip() and math.isfinite(number)):
        raise ModelError(f"--set needs NAME=VALUE with a number, such as R0=10; found {text!r}")
    return name.strip(), number
