"""What a fit minimises: (Z_fit - Z) / sigma, weighted once, as plain real numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.errors import FitError
from eisfit.fitting.curve import Curve
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


@dataclass(frozen=True, eq=False)
class Objective:
    """Residuals of S spectra of one grid by one circuit, over batches of coordinates.

    Attributes
    ----------
    circuit, coords, curve
        What is fitted, in which coordinates, compiled for the grid.
    data : (S, N) complex, ohm
    sigma : (S, N, 2) ohm
    held : (P,) coordinates of parameters that are fixed, NaN for those that are free
    """

    circuit: Circuit
    coords: Coordinates
    curve: Curve
    data: Array
    sigma: Array
    held: Array

    @cached_property
    def free(self) -> Array:
        """Indices of the free parameters."""
        return np.flatnonzero(np.isnan(self.held))

    @cached_property
    def weight(self) -> Array:
        """(S, 2N) reciprocals of sigma, real and imaginary parts in turn."""
        return (1.0 / self.sigma).reshape(len(self.sigma), -1)

    def full(self, u: Array) -> Array:
        """Return coordinates of all parameters (..., P) from those of the free ones."""
        out = np.broadcast_to(self.held, (*u.shape[:-1], len(self.held))).copy()
        out[..., self.free] = u
        return out

    def __call__(self, u: Array, owner: Array) -> tuple[Array, Array]:
        """Return residuals (B, 2N) and derivatives (B, F, 2N) at free coordinates (B, F).

        `owner` (B,) says which spectrum each row is compared with.
        """
        everything = len(self.free) == len(self.held)
        z, slopes = self.curve(u if everything else self.full(u))
        if not everything:
            slopes = np.ascontiguousarray(slopes[:, self.free])
        alone = len(self.data) == 1  # then broadcasting does what gathering would
        weight = self.weight if alone else self.weight[owner]
        residuals = (z - (self.data if alone else self.data[owner])).view(np.float64)
        residuals *= weight
        scaled = slopes.view(np.float64)
        scaled *= weight[:, None]
        return residuals, scaled
