"""The confidence band of a fitted curve (G. A. F. Seber, C. J. Wild, Nonlinear Regression, 5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.fitting.again import Again, noise_variance
from eisfit.fitting.derived import quantile
from eisfit.frozen import FrozenArrays, readonly

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.fitting.result import FitResult

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Band(FrozenArrays):
    """The fitted curve and what is known of it at each frequency.

    Attributes
    ----------
    frequency : (N,) Hz
    impedance : (N,) complex, ohm
    covariance : (N, 2, 2) ohm^2
        Of real and imaginary part at each frequency.
    t : float
        Standard errors from the curve to the edge of the band.
    level : float
        Probability that the band holds the true curve at any one frequency; not at all of them at
        once.
    """

    frequency: Array
    impedance: Array
    covariance: Array
    t: float
    level: float

    def __post_init__(self) -> None:
        for name in ("frequency", "impedance", "covariance"):
            object.__setattr__(self, name, readonly(getattr(self, name)))

    @property
    def stderr(self) -> Array:
        """(N,) complex: standard errors of real and imaginary part."""
        variance = np.maximum(np.einsum("nii->ni", self.covariance), 0.0)
        return np.sqrt(variance[:, 0]) + 1j * np.sqrt(variance[:, 1])

    @property
    def lower(self) -> Array:
        """(N,) complex: lower edges of real and imaginary part."""
        return np.asarray(self.impedance - self.t * self.stderr)

    @property
    def upper(self) -> Array:
        """(N,) complex: upper edges of real and imaginary part."""
        return np.asarray(self.impedance + self.t * self.stderr)

    def frame(self) -> pd.DataFrame:
        """Return one row a frequency: frequency_hz, then real_ohm and imaginary_ohm with edges."""
        import pandas as pd

        columns = {"frequency_hz": self.frequency}
        for part in ("real", "imag"):
            name = {"real": "real", "imag": "imaginary"}[part]
            columns[f"{name}_ohm"] = getattr(self.impedance, part)
            for edge in ("stderr", "lower", "upper"):
                columns[f"{name}_{edge}_ohm"] = getattr(getattr(self, edge), part)
        return pd.DataFrame(columns)


def band(result: FitResult, frequency: ArrayLike | None, level: float) -> Band:
    """Return the confidence band of the curve, at other frequencies (Hz) where given.

    The covariance of the parameters carried to the curve by the exact Jacobian. Parameters at a
    bound count as known.

    Raises
    ------
    FitError
        If the level is not between 0 and 1.
    ModelError
        If frequencies are not positive numbers.
    """
    t = quantile(result, level)
    f = result.spectrum.frequency if frequency is None else np.atleast_1d(frequency)
    again = Again.of(result)
    values = result.value_array()
    circuit = result.model.circuit
    by_coordinate = circuit.jacobian(f, values) @ again.tangent()  # (N, F)
    spread = by_coordinate @ again.root()  # (N, k)
    parts = np.stack([spread.real, spread.imag], axis=1)
    covariance = noise_variance(result) * np.einsum("nik,njk->nij", parts, parts)
    return Band(np.asarray(f, dtype=np.float64), circuit.impedance(f, values), covariance, t, level)
