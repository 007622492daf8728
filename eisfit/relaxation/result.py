"""What a DRT returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit import tables
from eisfit.frozen import FrozenArrays, FrozenDict, readonly
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class DRTResult(FrozenArrays):
    """A distribution of relaxation times, with everything in series to it.

    Z(omega) = resistance_inf + j omega inductance + sum of tail terms
               + integral of gamma(ln tau) / (1 + j omega tau) dln tau

    Attributes
    ----------
    spectrum : Spectrum
        What it was computed from; masked points were not used.
    tau, gamma, lower, upper : (M,) arrays, s, ohm
        Relaxation times, ascending; gamma per unit of ln tau; its credible band at `level` (NaN
        where no resamples were asked for).
    in_window : (M,) bool
        Whether tau lies inside the measured window; beyond it gamma is extrapolation.
    resistance_inf, inductance, elastance : float, ohm, H, 1/F
        Series terms; elastance is 1/C of a series capacitance, 0 where there is none.
    tail : tuple of (size, alpha)
        Terms size * (j omega)^-alpha of a blocking or diffusion tail, size in ohm s^-alpha; alpha =
        1 is the elastance.
    regularization, criterion, order, method : float, str, int, str
        lambda, what chose it, derivative of the penalty, and "blend", "adaptive", "tikhonov" or the
        name of another engine.
    sweep : (K, 2) array
        Columns lambda and score of the search; the smallest score won. No rows where lambda was
        given.
    impedance, residuals : (N,) complex arrays, ohm, dimensionless
        Fit and (Z_fit - Z) / |Z| at every frequency of the spectrum, masked ones included.
    messages : tuple of str
        What the reader should know, in sentences.
    peak_rows : tuple of mappings
        The rows of `peaks()`, by ascending tau.
    regularised, parametric : (M,) arrays, ohm
        The two curves behind gamma: the solution that assumes no shapes, and the sum of fitted
        peaks (NaN where none was fitted).
    share : float
        Share of `parametric` in gamma; the rest is `regularised`.
    reason : str
        Why, in a sentence.
    outliers : (N,) bool
        Points far off the curve, which counted for less (none where `robust` is off).
    polarization : float or None
        Sum of the fitted peaks' resistances in ohm, None where none was fitted.
    level, seed : float, int
        Level of the band and of the peaks' intervals, and the seed of the resamples.
    """

    spectrum: Spectrum
    tau: FloatArray
    gamma: FloatArray
    lower: FloatArray
    upper: FloatArray
    in_window: NDArray[np.bool_]
    resistance_inf: float
    inductance: float
    elastance: float
    regularization: float
    criterion: str
    order: int
    method: str
    sweep: FloatArray
    impedance: ComplexArray
    residuals: ComplexArray
    messages: tuple[str, ...] = ()
    peak_rows: tuple[Mapping[str, Any], ...] = ()
    tail: tuple[tuple[float, float], ...] = ()
    level: float = 0.95
    seed: int = 0
    regularised: FloatArray | None = None
    parametric: FloatArray | None = None
    share: float = 0.0
    reason: str = ""
    polarization: float | None = None
    outliers: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if self.regularised is None:
            object.__setattr__(self, "regularised", self.gamma)
        if self.parametric is None:
            object.__setattr__(self, "parametric", np.full(len(self.tau), np.nan))
        if self.outliers is None:
            object.__setattr__(self, "outliers", np.zeros(len(self.spectrum), dtype=bool))
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray) and value.flags.writeable:
                object.__setattr__(self, field.name, readonly(value))
        object.__setattr__(self, "peak_rows", tuple(FrozenDict(row) for row in self.peak_rows))

    def __repr__(self) -> str:
        return (
            f"<DRTResult {self.spectrum.label!r}: {len(self.peak_rows)} peaks, "
            f"R_pol {self.resistance_polarization:.4g} ohm, lambda {self.regularization:.3g} "
            f"({self.criterion})>"
        )

    @property
    def resistance_polarization(self) -> float:
        """Integral of gamma over ln tau in ohm, the tail not in it.

        The sum of the peaks' resistances where they were fitted, else what the grid holds.
        """
        if self.polarization is not None:
            return self.polarization
        return float(self.gamma.sum() * np.log(self.tau[1] / self.tau[0]))

    @property
    def tail_impedance(self) -> ComplexArray:
        """(N,) impedance of the tail terms in ohm at the frequencies of the spectrum."""
        s = 1j * self.spectrum.omega
        total = np.zeros(len(s), dtype=np.complex128)
        for size, alpha in self.tail:
            total += size * s**-alpha
        return total

    @property
    def rms(self) -> float:
        """Relative residual sqrt(mean |Z_fit - Z|^2 / |Z|^2 / 2), outliers left out."""
        used = self.residuals[~self.spectrum.mask & ~np.asarray(self.outliers)]
        return float(np.sqrt(np.mean(np.abs(used) ** 2) / 2.0))

    def peaks(self, roles: Mapping[int, str] | None = None) -> pd.DataFrame:
        """Return a row a peak, by ascending tau.

        Parameters
        ----------
        roles : mapping from peak number (from 1) to role, optional
            Names to put into the column `role`, which is empty otherwise.

        Returns
        -------
        DataFrame with the columns `eisfit.tables.PEAK_COLUMNS` and, further, `shape` ("maximum" or
        "shoulder" of gamma), `tau_lower_s`, `tau_upper_s`, `width_decades` (full width at half
        maximum) and `family` (the shape fitted, "" where none was). `fraction` is the share of the
        polarisation resistance; `probability` is, of fitted peaks, the belief in the candidates
        that have the peak within 0.25 decade times the share of trials with half the points or a
        shorter window in which it stays, else the share of noise resamples that show it;
        `status` one of "ok", "unresolved" (a shoulder and its neighbour, whose shares are
        uncertain), "outside window" and "not determined" (an interval wider than three quarters of
        R either way, or data beside the peak that gamma does not follow).
        """
        named = roles or {}
        head = {"sample": self.spectrum.label, "sweep": self.spectrum.metadata.get("sweep", 1)}
        rows = [
            {**head, "peak": i, "role": named.get(i, ""), **row}
            for i, row in enumerate(self.peak_rows, start=1)
        ]
        return tables.frame(rows, tables.PEAK_COLUMNS)
