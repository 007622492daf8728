"""What a fit minimises: (Z_fit - Z) / sigma, weighted once, as plain real numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.errors import FitError
from eisfit.fitting.backend import compiled
from eisfit.fitting.curve import Curve
from eisfit.fitting.transform import Coordinates
from eisfit.frozen import readonly
from eisfit.spectrum import Spectrum

Array = NDArray[Any]

WEIGHTINGS = ("modulus", "proportional", "unit")
PARTS = ("complex", "real", "imaginary")
QUANTITIES = ("impedance", "admittance")
SPAN = 5  # points to either side over which scatter is averaged
MANY = 48  # points from which on a first look needs but half of them
FAINTEST = 0.2  # no relative sigma below this share of the median: a lucky point is not exact


@dataclass(frozen=True, eq=False)
class Sigma:
    """Standard deviations (N,) or (N, 2) of real and imaginary part, and where they are from."""

    values: Array
    source: str = "user sigma"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", readonly(self.values, np.float64))


def weighting_name(weighting: str | ArrayLike | Sigma) -> str:
    """Return what results call a weighting."""
    if isinstance(weighting, Sigma):
        return weighting.source
    return weighting if isinstance(weighting, str) else "user sigma"


def deviations(
    spectrum: Spectrum, weighting: str | ArrayLike | Sigma, quantity: str = "impedance"
) -> Array:
    """Return sigma of real and imaginary parts, (N, 2), in ohm, or siemens for the admittance.

    Parameters
    ----------
    weighting : "modulus", "proportional", "unit", Sigma or array
        sigma = |Z| for both parts; |Re Z| and |Im Z|, each at least 1e-3 |Z|; 1 ohm; or the user's
        own standard deviations, (N,) for both parts alike or (N, 2). An array may also have only
        the unmasked points; the others' sigma is NaN then. With the admittance, Y for Z and
        siemens for ohm.
    quantity : "impedance" or "admittance"

    Raises
    ------
    FitError
        If the name is unknown or the array has another shape or a number that is not positive.
    """
    z = spectrum.impedance
    if quantity == "admittance":
        with np.errstate(all="ignore"):
            z = 1.0 / z
    if isinstance(weighting, str):
        if weighting == "modulus":
            return np.repeat(np.abs(z)[:, None], 2, axis=1)
        if weighting == "proportional":
            parts = np.abs(np.stack([z.real, z.imag], axis=1))
            return np.maximum(parts, 1e-3 * np.abs(z)[:, None])
        if weighting == "unit":
            return np.ones((len(z), 2))
        if weighting == "kramers-kronig":
            raise FitError("weighting 'kramers-kronig' is computed by eisfit.fit: call that")
        raise FitError(
            f"unknown weighting {weighting!r}: choose one of {', '.join(WEIGHTINGS)}, "
            "kramers-kronig, or give the standard deviations as an array"
        )
    values = weighting.values if isinstance(weighting, Sigma) else weighting
    try:
        sigma = np.array(values, dtype=np.float64)  # a copy: the caller may write on it
    except (TypeError, ValueError):
        raise FitError("standard deviations must be an array of numbers") from None
    return _own(sigma, spectrum)


def _own(sigma: Array, spectrum: Spectrum) -> Array:
    """Return a user's standard deviations as (N, 2)."""
    used = ~spectrum.mask
    count, few = len(spectrum), int(used.sum())
    if sigma.ndim not in (1, 2) or sigma.shape[0] not in (count, few) or sigma.shape[1:] not in (
        (), (2,)
    ):  # fmt: skip
        raise FitError(
            f"expected standard deviations of shape ({few},) or ({few}, 2), found {sigma.shape}"
        )
    if sigma.ndim == 1:
        sigma = np.repeat(sigma[:, None], 2, axis=1)
    if len(sigma) < count:
        whole = np.full((count, 2), np.nan)
        whole[used] = sigma
        sigma = whole
    if not (np.isfinite(sigma[used]) & (sigma[used] > 0)).all():
        raise FitError("standard deviations must be finite and positive, in ohm")
    return sigma


def sigma_from_repeats(
    spectra: Sequence[Spectrum], quantity: str = "impedance", smooth: bool = True
) -> Sigma:
    """Return the standard deviations of one sweep from repeated sweeps of one cell.

    Parameters
    ----------
    spectra : sequence of Spectrum
        At least two, of the same frequencies; masked points count like others.
    quantity : "impedance" or "admittance"
    smooth : bool
        Average the relative variances over 5 points to either side: of n sweeps a single one is
        known to 1 / sqrt(2 (n - 1)) only. Without it, at least four sweeps are needed.

    Returns
    -------
    Sigma
        (N, 2), in ohm or siemens.

    Raises
    ------
    FitError
        If there are too few spectra, their frequencies differ, or they do not scatter at all.
    """
    least = 2 if smooth else 4
    spectra = list(spectra)
    if len(spectra) < least or not all(isinstance(one, Spectrum) for one in spectra):
        raise FitError(
            f"sigma from repeats needs at least {least} spectra"
            f"{'' if smooth else ' unless it is smoothed'}, found {len(spectra)} entries"
        )
    grid = spectra[0].frequency
    if not all(len(s) == len(grid) and np.allclose(s.frequency, grid, rtol=1e-6) for s in spectra):
        raise FitError("sigma from repeats needs spectra of the same frequencies: crop them alike")
    z = np.array([one.impedance for one in spectra])
    if quantity == "admittance":
        z = 1.0 / z
    size = np.abs(z.mean(axis=0))[:, None]
    variance = np.stack([z.real.var(axis=0, ddof=1), z.imag.var(axis=0, ddof=1)], axis=1) / size**2
    relative = np.sqrt(_smoothed(variance) if smooth else variance)
    return Sigma(_floored(relative) * size, f"{len(spectra)} repeated sweeps")


def sigma_from_residuals(spectrum: Spectrum, residuals: Array, quantity: str) -> Sigma:
    """Return the standard deviations that the residuals of a Kramers-Kronig test speak of.

    Parameters
    ----------
    residuals : (N,) complex, relative to |Z|
        Both parts are averaged together, over 5 points to either side.

    Raises
    ------
    FitError
        If the residuals are all zero.
    """
    variance = 0.5 * np.abs(np.where(np.isfinite(residuals), residuals, 0.0)) ** 2
    relative = _floored(np.sqrt(_smoothed(variance[:, None])))
    size = spectrum.modulus if quantity == "impedance" else 1.0 / spectrum.modulus
    return Sigma(np.repeat(relative, 2, axis=1) * size[:, None], "kramers-kronig")


def _smoothed(variance: Array) -> Array:
    count = len(variance)
    sums = np.concatenate([np.zeros((1, variance.shape[1])), np.cumsum(variance, axis=0)])
    start = np.maximum(np.arange(count) - SPAN, 0)
    stop = np.minimum(np.arange(count) + SPAN + 1, count)
    return np.asarray((sums[stop] - sums[start]) / (stop - start)[:, None])


def _floored(relative: Array) -> Array:
    typical = float(np.median(relative))
    if not typical > 0:
        raise FitError("no scatter to take standard deviations from: choose another weighting")
    return np.maximum(relative, FAINTEST * typical)


@dataclass(frozen=True, eq=False)
class Objective:
    """Residuals of S spectra of one grid by one circuit, over batches of coordinates.

    Attributes
    ----------
    circuit, coords, curve
        What is fitted, in which coordinates, compiled for the grid.
    data : (S, N) complex, ohm
    sigma : (S, N, 2) ohm, infinite for a part that is not fitted
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
    def n_data(self) -> int:
        """Number of data: an infinite sigma takes one away."""
        return int(np.isfinite(self.sigma[0]).sum())

    @property
    def freedom(self) -> int:
        """Number of data beyond that of the free parameters, at least 1."""
        return max(self.n_data - len(self.free), 1)

    @cached_property
    def weight(self) -> Array:
        """(S, 2N) reciprocals of sigma, real and imaginary parts in turn."""
        return (1.0 / self.sigma).reshape(len(self.sigma), -1)

    @cached_property
    def halves(self) -> tuple[Array, Array]:
        """Weighted data and weights, (S, 2N) each, real parts before imaginary ones."""
        weight = np.concatenate([self.weight[:, ::2], self.weight[:, 1::2]], axis=1)
        return np.concatenate([self.data.real, self.data.imag], axis=1) * weight, weight

    def thinned(self) -> Objective:
        """Return the objective at every other frequency, for a first look; itself if it has few."""
        omega = self.curve.omega
        if len(omega) < MANY or not self.linear_in_scales:
            return self
        curve = Curve.of(self.circuit, self.coords, omega[::2])
        data, sigma = np.ascontiguousarray(self.data[:, ::2]), self.sigma[:, ::2]
        return Objective(self.circuit, self.coords, curve, data, sigma, self.held)

    @property
    def linear_in_scales(self) -> bool:
        """Whether the residuals are linear in the sizes of the branches in series.

        True for a plain impedance; ties between branches, rows beside the data, an admittance or a
        robust loss make it false, and the search then does without `eisfit.fitting.scales`.
        """
        return True

    def full(self, u: Array) -> Array:
        """Return coordinates of all parameters (..., P) from those of the free ones."""
        out = np.broadcast_to(self.held, (*u.shape[:-1], len(self.held))).copy()
        out[..., self.free] = u
        return out

    def tangent(self, u: Array) -> Array:
        """Return the derivatives (P, F) of the values by the free coordinates at u (F,)."""
        return self.coords.tangent(self.full(u[None])[0])[:, self.free]

    def __call__(self, u: Array, owner: Array) -> tuple[Array, Array]:
        """Return residuals (B, 2N) and derivatives (B, F, 2N) at free coordinates (B, F).

        `owner` (B,) says which spectrum each row is compared with.
        """
        everything = len(self.free) == len(self.held)
        z, slopes = self.curve(u if everything else self.full(u))
        if not everything:
            slopes = np.ascontiguousarray(slopes[:, self.free])
        fast = compiled()
        if fast is not None:
            residuals, scaled = z.view(np.float64), slopes.view(np.float64)
            fast.weigh(residuals, scaled, self.data.view(np.float64), self.weight, owner)
            return residuals, scaled
        alone = len(self.data) == 1  # then broadcasting does what gathering would
        weight = self.weight if alone else self.weight[owner]
        residuals = (z - (self.data if alone else self.data[owner])).view(np.float64)
        residuals *= weight
        scaled = slopes.view(np.float64)
        scaled *= weight[:, None]
        return residuals, scaled
