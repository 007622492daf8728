"""Z-HIT: the modulus that the phase demands, point by point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eisfit.errors import ValidityError
from eisfit.frozen import FrozenArrays, readonly
from eisfit.spectrum import FloatArray, Spectrum

_FEWEST = 8
_GAMMA = -np.pi / 6.0
# Share of the points, at either end, that do not set the constant: there the transform lacks the
# phase beyond, and there drift and cables are.
_ENDS = 0.2


@dataclass(frozen=True, eq=False)
class ZHit(FrozenArrays):
    """Modulus from phase.

    Attributes
    ----------
    spectrum : Spectrum
        What was tested; masked points were not used.
    modulus, residuals : (N,) arrays, ohm, dimensionless
        Reconstructed modulus, and ln(|Z| / modulus), at every frequency; NaN at masked points.
    """

    spectrum: Spectrum
    modulus: FloatArray
    residuals: FloatArray

    @property
    def rms(self) -> float:
        """Root mean square of the residuals over the points used."""
        return float(np.sqrt(np.nanmean(self.residuals**2)))


def z_hit(spectrum: Spectrum) -> ZHit:
    """Reconstruct the modulus from the phase.

    ln|Z(w)| = const + 2/pi * integral of phase dln w - pi/6 * dphase/dln w (Ehm, Goehr, Kaus,
    Roeseler, Schiller, ACH Models Chem. 137 (2000) 145; Schiller, Richter, Strunz, Electrochim.
    Acta 46 (2001) 3619), with a smoothing spline through the phase. A phase is local where a
    modulus is not: drift shows in the modulus first.

    Parameters
    ----------
    spectrum : Spectrum
        Its masked points are not used.

    Returns
    -------
    ZHit; the formula is of first order, with errors about 1 % where the phase bends sharply.

    Raises
    ------
    ValidityError
        If fewer than eight points of different frequency and non-zero impedance are usable.
    SpectrumError
        If every point is masked.
    """
    from scipy.interpolate import make_smoothing_spline

    used = spectrum.used()
    different = len(np.unique(used.frequency))
    if different < _FEWEST or not used.modulus.all():
        raise ValidityError(
            f"Z-HIT needs at least {_FEWEST} unmasked frequencies with an impedance that is not "
            f"zero, {used.label or 'the spectrum'} has {different}: measure more or unmask some"
        )
    log_omega, first = np.unique(np.log(used.omega), return_index=True)
    phase = np.unwrap(np.angle(used.impedance[first]))
    spline = make_smoothing_spline(log_omega, phase)
    total, slope = spline.antiderivative(), spline.derivative()
    at = np.log(used.omega)
    shape = 2.0 / np.pi * total(at) + _GAMMA * slope(at)
    ends = int(_ENDS * len(at))
    middle = slice(ends, len(at) - ends)
    constant = float(np.median((np.log(used.modulus) - shape)[middle]))
    modulus = np.full(len(spectrum), np.nan)
    modulus[~spectrum.mask] = np.exp(shape + constant)
    return ZHit(spectrum, readonly(modulus), readonly(np.log(spectrum.modulus / modulus)))
