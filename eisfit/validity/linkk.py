"""Kramers-Kronig test of one spectrum: is it the response of a linear, stable, causal system?"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import ValidityError
from eisfit.frozen import FrozenArrays, readonly
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum
from eisfit.validity.chain import PARTS, Chain, select
from eisfit.validity.outliers import without_outliers
from eisfit.validity.verdict import judge

_FEWEST = 5
# Decades over which noise is taken as one.
_SMOOTH = 0.5


@dataclass(frozen=True, eq=False)
class KKResult(FrozenArrays):
    """Outcome of a Kramers-Kronig test.

    Attributes
    ----------
    spectrum : Spectrum
        What was tested; masked points were not used.
    residuals, impedance : (N,) complex arrays, dimensionless, ohm
        (Z - Z_fit) / |Z|, as in Schoenleber et al., and Z_fit, at every frequency of the spectrum,
        masked ones included.
    n_rc : int
        Number of RC elements.
    mu : float
        1 - sum |R_k < 0| / sum |R_k >= 0|; 1 for no negative element.
    rms : float
        sqrt(mean |residual|^2 / 2) over the points used, single outliers left out.
    verdict : str
        "valid", "doubtful" or "invalid".
    message : str
        The verdict in words, with where and why.
    suspect : (N,) bool
        Points that a mask might take away.
    reasons : tuple of N str
        Why, for each of them; "" for the others.
    noise : (N,) array, ohm
        Estimated standard deviation of either part, a smooth function of frequency; of use as
        `weighting` of a DRT or `sigma` of a fit (where no point is masked, else `noise[~mask]`).
    """

    spectrum: Spectrum
    residuals: ComplexArray
    impedance: ComplexArray
    n_rc: int
    mu: float
    rms: float
    verdict: str
    message: str
    suspect: NDArray[np.bool_]
    reasons: tuple[str, ...] = ()
    noise: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        for member in fields(self):
            value = getattr(self, member.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, member.name, readonly(value))

    def __repr__(self) -> str:
        return f"<KKResult {self.spectrum.label!r}: {self.verdict}, rms {self.rms:.2%}>"

    @property
    def valid(self) -> bool:
        """Whether the verdict is "valid"."""
        return self.verdict == "valid"

    def masked(self) -> Spectrum:
        """Return the spectrum with the suspect points masked, each with its reason.

        Nothing is masked unless you ask for it here.
        """
        spectrum = self.spectrum
        for reason in dict.fromkeys(filter(None, self.reasons)):
            where = np.array([given == reason for given in self.reasons])
            spectrum = spectrum.masked(where, reason)
        return spectrum


def kramers_kronig_spectrum(spectrum: Spectrum, *, c: float = 0.85, part: str = "both") -> KKResult:
    """Test a spectrum by a chain of RC elements (Lin-KK).

    A resistance, an inductance, a capacitance and M RC elements with fixed, log-spaced time
    constants obey the Kramers-Kronig relations whatever their sizes, so what they cannot follow
    breaks the relations. M grows until mu falls below `c` (Schoenleber, Klotz, Ivers-Tiffee,
    Electrochim. Acta 131 (2014) 20, eqs. 8 to 10), and further while that lowers the variance of
    the residuals: on blocking and diffusive spectra mu alone stops too early.

    Parameters
    ----------
    spectrum : Spectrum
        Its masked points are not used.
    c : float
        Limit of mu, between 0 and 1; the paper's is 0.85.
    part : "both", "real" or "imaginary"
        Of the impedance, to which the RC elements are fitted. They predict the other part; only
        what the one cannot know (the series resistance, or inductance and capacitance) is fitted
        to the other.

    Returns
    -------
    KKResult

    Raises
    ------
    ValidityError
        If `c` is not between 0 and 1, `part` is unknown, or fewer than five points of different
        frequency and non-zero impedance are usable.
    SpectrumError
        If every point is masked.
    """
    if not 0.0 < c < 1.0:
        raise ValidityError(f"c must be between 0 and 1 (the paper's is 0.85), found {c}")
    if part not in PARTS:
        raise ValidityError(f"part cannot be {part!r}: choose one of {', '.join(PARTS)}")
    used = spectrum.used()
    _check(used)
    chain = select(used.omega, used.impedance, c, part)
    chain, keep = without_outliers(used, chain, c, part)
    return _result(spectrum, used, chain, keep)


def _result(spectrum: Spectrum, used: Spectrum, chain: Chain, keep: NDArray[np.bool_]) -> KKResult:
    """Judge a spectrum by the chain fitted to the points `keep` of those used."""
    impedance = chain.impedance(spectrum.omega)
    residuals = (spectrum.impedance - impedance) / np.where(
        spectrum.modulus > 0, spectrum.modulus, np.nan
    )
    tested = ~spectrum.mask
    found = judge(used.frequency, residuals[tested], ~keep)
    reasons = np.full(len(spectrum), "", dtype=object)
    reasons[tested] = found.reasons
    fitted = tested.copy()
    fitted[tested] = keep
    return KKResult(
        spectrum,
        residuals,
        impedance,
        len(chain.tau),
        chain.mu,
        found.rms,
        found.verdict,
        found.message,
        reasons != "",
        tuple(map(str, reasons)),
        _noise(spectrum, residuals, fitted, len(chain.solution)),
    )


def _noise(
    spectrum: Spectrum, residuals: ComplexArray, good: NDArray[np.bool_], parameters: int
) -> FloatArray:
    """Return the standard deviation of either part in ohm, smoothed over `_SMOOTH` of a decade.

    Residuals are smaller than the noise by what the parameters follow of it.
    """
    place = np.log10(spectrum.frequency)
    square = np.abs(residuals[good]) ** 2 / 2.0
    near = np.exp(-0.5 * ((place[:, None] - place[good]) / _SMOOTH) ** 2)
    local = (near @ square) / near.sum(axis=1)
    left = max(2 * int(good.sum()) - parameters, 1) / (2.0 * good.sum())
    noise: FloatArray = np.sqrt(local / left) * spectrum.modulus
    return noise


def _check(used: Spectrum) -> None:
    different = len(np.unique(used.frequency))
    if different < _FEWEST:
        raise ValidityError(
            f"a Kramers-Kronig test needs at least {_FEWEST} unmasked frequencies, "
            f"{used.label or 'the spectrum'} has {different}: measure more or unmask some"
        )
    if not used.modulus.all():
        at = used.frequency[int(np.argmin(used.modulus))]
        raise ValidityError(
            f"the impedance at {at:g} Hz is zero, which leaves it no weight: mask the point"
        )
