"""What a fit minimises: (Z_fit - Z) / sigma, weighted once, as plain real numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.errors import FitError
from eisfit.fitting.transform import Coordinates
from eisfit.spectrum import Spectrum

Array = NDArray[Any]

WEIGHTINGS = ("modulus", "proportional", "unit")


def deviations(spectrum: Spectrum, weighting: str | ArrayLike) -> Array:
    """Return sigma of real and imaginary parts, (N, 2), in ohm.

    Parameters
    ----------
    weighting : "modulus", "proportional", "unit", or an array
        sigma = |Z| for both parts; |Re Z| and |Im Z|, each at least 1e-3 |Z|; 1 ohm; or the user's
        own standard deviations, (N,) for both parts alike or (N, 2).

    Raises
    ------
    FitError
        If the name is unknown or the array has another shape or a number that is not positive.
    """
    z = spectrum.impedance
    if isinstance(weighting, str):
        if weighting == "modulus":
            return np.repeat(np.abs(z)[:, None], 2, axis=1)
        if weighting == "proportional":
            parts = np.abs(np.stack([z.real, z.imag], axis=1))
            return np.maximum(parts, 1e-3 * np.abs(z)[:, None])
        if weighting == "unit":
            return np.ones((len(z), 2))
        raise FitError(
            f"unknown weighting {weighting!r}: choose one of {', '.join(WEIGHTINGS)}, or give the "
            "standard deviations as an array"
        )
    sigma = np.asarray(weighting, dtype=np.float64)
    if sigma.shape == z.shape:
        sigma = np.repeat(sigma[:, None], 2, axis=1)
    if sigma.shape != (len(z), 2):
        raise FitError(
            f"expected standard deviations of shape ({len(z)},) or ({len(z)}, 2), found "
            f"{np.shape(weighting)}"
        )
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        raise FitError("standard deviations must be finite and positive, in ohm")
    return sigma


@dataclass(frozen=True)
class Objective:
    """Residuals of one spectrum and one circuit, over batches of coordinates.

    Attributes
    ----------
    omega : (N,) rad/s
    data : (N,) complex, ohm
    sigma : (N, 2) ohm
    held : (P,) coordinates of parameters that are fixed, NaN for those that are free
    """

    circuit: Circuit
    coords: Coordinates
    omega: Array
    data: Array
    sigma: Array
    held: Array

    @property
    def free(self) -> Array:
        """Indices of the free parameters."""
        return np.flatnonzero(np.isnan(self.held))

    def full(self, u: Array) -> Array:
        """Return coordinates of all parameters (..., P) from those of the free ones."""
        out = np.broadcast_to(self.held, (*u.shape[:-1], len(self.held))).copy()
        out[..., self.free] = u
        return out

    def __call__(self, u: Array) -> tuple[Array, Array]:
        """Return residuals (B, 2N) and derivatives (B, F, 2N) at free coordinates (B, F)."""
        whole = self.full(u)
        p = self.coords.to_values(whole)
        z, slopes = self.circuit.evaluate(self.omega, p)
        slopes = self.coords.pull_back(slopes, p, whole)
        if len(self.free) < len(self.held):
            slopes = np.ascontiguousarray(slopes[..., self.free, :])
        weight = (1.0 / self.sigma).reshape(-1)
        residuals = np.ascontiguousarray(z - self.data).view(np.float64) * weight
        return residuals, slopes.view(np.float64) * weight
