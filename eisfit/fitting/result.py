"""The result of a fit: values, what is known of them, and the curve they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.models import Model
from eisfit.fitting.derived import Derived, derive, resistance_rows
from eisfit.frozen import FrozenArrays, FrozenDict, readonly
from eisfit.spectrum import Spectrum
from eisfit.tables import RESISTANCE_COLUMNS, frame

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[Any]


class Values(FrozenDict[float]):
    """Parameter names to numbers; also answers to the role symbols of a model (`R_bulk`).

    Only the parameters are listed; a symbol is looked up.
    """

    __slots__ = ("_aliases",)
    _aliases: dict[str, str]

    def __init__(self, items: Mapping[str, float], aliases: Mapping[str, str]) -> None:
        super().__init__(items)
        object.__setattr__(self, "_aliases", dict(aliases))

    def __getitem__(self, key: str) -> float:
        return super().__getitem__(self._aliases.get(key, key))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._aliases.get(str(key), key))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Values, (dict(self), dict(self._aliases)))


@dataclass(frozen=True, eq=False)
class FitResult(FrozenArrays):
    """A fitted circuit; it cannot change.

    Attributes
    ----------
    spectrum, model
        What was fitted, and by what.
    values, stderr : mapping of parameter names (and role symbols) to float
        In the units of `model.circuit.units`. A standard error is NaN where the data cannot tell,
        and 0 for a fixed parameter.
    status : mapping of parameter names to "ok", "at bound", "not determined" or "fixed"
    covariance : (P, P) array
        In the order of `names`; scaled by the reduced chi-square unless sigma was absolute.
    chi_square : float
        Sum over points of |Z_fit - Z|^2 / sigma^2.
    n_data, n_free : int
        Number of data (2 a point) and of free parameters.
    impedance : (N,) complex array, ohm
        The fitted curve at every frequency of the spectrum, masked ones too.
    residuals : (N,) complex array
        (Z_fit - Z) / sigma, real and imaginary part.
    success, message
        Whether the search converged, and what it has to say in words.
    starts, agreed : int
        How many starts were tried, and how many reached the same lowest place.
    condition : float
        Condition number of the scaled normal matrix.
    settings : mapping
        weighting, seed, engine, versions: what it takes to do this again.
    """

    spectrum: Spectrum
    model: Model
    values: Mapping[str, float]
    stderr: Mapping[str, float]
    status: Mapping[str, str]
    covariance: Array
    chi_square: float
    n_data: int
    n_free: int
    impedance: Array
    residuals: Array
    success: bool
    message: str
    starts: int = 1
    agreed: int = 1
    condition: float = float("nan")
    settings: Mapping[str, Any] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        for name in ("covariance", "impedance", "residuals"):
            object.__setattr__(self, name, readonly(getattr(self, name)))
        object.__setattr__(self, "values", Values(self.values, self.model.aliases))
        object.__setattr__(self, "stderr", Values(self.stderr, self.model.aliases))
        object.__setattr__(self, "status", FrozenDict(self.status))
        object.__setattr__(self, "settings", FrozenDict(self.settings))

    def __repr__(self) -> str:
        return (
            f"<FitResult {self.model.name!r} of {self.spectrum.label!r}: "
            f"rms {100 * self.rms:.3g} %, {'converged' if self.success else 'not converged'}>"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in the order of `covariance`."""
        return self.model.names

    @property
    def degrees_of_freedom(self) -> int:
        """Number of data less number of free parameters."""
        return self.n_data - self.n_free

    @property
    def reduced_chi_square(self) -> float:
        """Chi-square per degree of freedom."""
        return self.chi_square / max(self.degrees_of_freedom, 1)

    @property
    def rms(self) -> float:
        """Relative misfit: sqrt(mean of |Z_fit - Z|^2 / |Z|^2 / 2) over the unmasked points."""
        used = ~self.spectrum.mask
        relative = np.abs(self.impedance - self.spectrum.impedance) / self.spectrum.modulus
        return float(np.sqrt(np.mean(relative[used] ** 2) / 2.0))

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2N ln(chi^2 / 2N) + 2P, for an unknown noise level."""
        return self._log_likelihood() + 2.0 * self.n_free

    @property
    def aicc(self) -> float:
        """AIC with the correction for few data (Hurvich and Tsai, Biometrika 76 (1989) 297)."""
        room = self.n_data - self.n_free - 1
        correction = 2.0 * self.n_free * (self.n_free + 1) / room if room > 0 else np.inf
        return float(self.aic + correction)

    @property
    def bic(self) -> float:
        """Bayesian information criterion, 2N ln(chi^2 / 2N) + P ln 2N."""
        return self._log_likelihood() + self.n_free * float(np.log(self.n_data))

    @property
    def correlation(self) -> Array:
        """(P, P) correlation matrix; NaN where a parameter has no standard error."""
        error = np.sqrt(np.diag(self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.covariance / np.outer(error, error)

    @property
    def derived(self) -> Mapping[str, Derived]:
        """Sums that the model's card names, such as `R_ct_total`, with standard errors."""
        return FrozenDict(dict(derive(self)))

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """The circuit's resistances with their time constants."""
        return self.model.arcs

    def resistances(self) -> pd.DataFrame:
        """Return one row a resistance, then the sums; columns in `eisfit.tables`."""
        return frame(resistance_rows(self), RESISTANCE_COLUMNS)

    def parameters(self) -> pd.DataFrame:
        """Return one row a parameter: parameter, value, stderr, unit, status."""
        rows = [
            {
                "parameter": slot.name,
                "value": self.values[slot.name],
                "stderr": self.stderr[slot.name],
                "unit": slot.parameter.unit,
                "status": self.status[slot.name],
            }
            for slot in self.model.circuit.slots
        ]
        return frame(rows, ("parameter", "value", "stderr", "unit", "status"))

    def value_array(self) -> Array:
        """Return the values as a (P,) array in the order of `names`."""
        return np.array([self.values[name] for name in self.names])

    def notes(self) -> Iterator[str]:
        """Yield, in plain words, what to know before the numbers are used."""
        if not self.success:
            yield self.message
        for name in self.names:
            if self.status[name] == "at bound":
                yield f"{name} lies at a bound ({self.values[name]:.3g}); it has no standard error"
        vague = [name for name in self.names if self.status[name] == "not determined"]
        if vague:
            yield f"the data do not determine {', '.join(vague)}"

    def _log_likelihood(self) -> float:
        return self.n_data * float(np.log(max(self.chi_square, 1e-300) / self.n_data))
