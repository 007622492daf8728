"""Kramers-Kronig test of one spectrum: is it the response of a linear, stable, causal system?"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import ValidityError
from eisfit.frozen import FrozenArrays, readonly
from eisfit.kernels import debye, log_tau_grid, stacked
from eisfit.spectrum import ComplexArray, FloatArray, Spectrum

VALID_RMS = 0.005
INVALID_RMS = 0.02

PARTS = ("both", "real", "imaginary")

_FEWEST = 5
_FEWEST_RC = 3
# More RC elements a decade than this follow noise and nothing else.
_MOST_PER_DECADE = 4.0
_TRIED = 14
# A larger number of elements must lower the variance below this share of the smaller one's.
_GUARD = 1.15
# Decades by which relaxation times pass the window, at either end. Arcs that the window cuts, and
# tails of constant phase, want some; with more, elements outside the window follow drift and
# artefacts at its ends (measured: 0.7 hides a drift of a third in the last decade).
_EXTENSION = 0.15
_OUTLIER_SIGMAS = 6.0
_SMOOTH = 0.5
_MOST_OUTLIERS = 0.1
_NEIGHBOURS = 5
# Fewer points a decade than this cannot tell a broken spectrum from one that moves between points.
_SPARSE = 2.0


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
        sqrt(mean |residual|^2 / 2) over the points used.
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


@dataclass(frozen=True, eq=False)
class _Chain:
    """Series resistance, inductance, capacitance and RC elements, fitted to weighted data."""

    tau: FloatArray
    solution: FloatArray
    variance: float

    @property
    def mu(self) -> float:
        resistances = self.solution[3:]
        positive = resistances[resistances >= 0].sum()
        negative = -resistances[resistances < 0].sum()
        return float(1.0 - negative / positive) if positive > 0 else -np.inf

    def impedance(self, omega: FloatArray) -> ComplexArray:
        return _columns(omega, self.tau) @ self.solution


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
    chain = _select(used.omega, used.impedance, c, part)
    chain, keep = _without_outliers(used, chain, part)
    return _result(spectrum, used, chain, keep)


def _result(spectrum: Spectrum, used: Spectrum, chain: _Chain, keep: NDArray[np.bool_]) -> KKResult:
    """Judge a spectrum by the chain fitted to the points `keep` of those used."""
    impedance = chain.impedance(spectrum.omega)
    residuals = (spectrum.impedance - impedance) / np.where(
        spectrum.modulus > 0, spectrum.modulus, np.nan
    )
    tested = ~spectrum.mask
    rms = float(np.sqrt(np.mean(np.abs(residuals[tested]) ** 2) / 2.0))
    verdict, message, suspect = _judge(used.frequency, residuals[tested], ~keep)
    marked = np.zeros(len(spectrum), dtype=bool)
    marked[tested] = suspect
    outliers = np.zeros(len(spectrum), dtype=bool)
    outliers[tested] = ~keep
    return KKResult(
        spectrum,
        residuals,
        impedance,
        len(chain.tau),
        chain.mu,
        rms,
        verdict,
        message,
        marked,
        _reasons(spectrum.frequency, marked, outliers),
        _noise(spectrum, residuals, tested & ~outliers, len(chain.solution)),
    )


def _reasons(
    frequency: FloatArray, suspect: NDArray[np.bool_], outliers: NDArray[np.bool_]
) -> tuple[str, ...]:
    """Return for each point why it is suspect, "" where it is not."""
    runs = suspect & ~outliers
    why = f"Kramers-Kronig residual {_where(frequency, runs)}" if runs.any() else ""
    return tuple(
        "outlier of the Kramers-Kronig test" if out else why if run else ""
        for out, run in zip(outliers, runs, strict=True)
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


def _columns(omega: FloatArray, tau: FloatArray) -> ComplexArray:
    series = np.column_stack([np.ones_like(omega), 1j * omega, -1j / omega])
    return np.hstack([series, debye(omega, tau)])


def _select(omega: FloatArray, impedance: ComplexArray, c: float, part: str) -> _Chain:
    """Return the chain with M chosen by mu, and by the variance where mu stops too early."""
    decades = np.log10(omega[0] / omega[-1])
    left = max(3, len(omega) // 4)  # data beyond parameters, where points are few
    data = len(omega) * (2 if part == "both" else 1)
    most = max(int(min(_MOST_PER_DECADE * decades, data - 3 - left)), _FEWEST_RC)
    counts = np.unique(np.geomspace(_FEWEST_RC, most, _TRIED).round().astype(int))
    chains = [_fit(omega, impedance, _grid(omega, int(m)), part) for m in counts]
    overfitted = [chain.mu < c for chain in chains]
    first = overfitted.index(True) if any(overfitted) else len(chains) - 1
    least = min(chain.variance for chain in chains)
    return next((ch for ch in chains[first:] if ch.variance <= _GUARD * least), chains[-1])


def _grid(omega: FloatArray, count: int) -> FloatArray:
    reach = 10.0**_EXTENSION
    low, high = 1.0 / (omega[0] * reach), reach / omega[-1]
    return log_tau_grid(low, high, (count - 1) / np.log10(high / low))


def _fit(
    omega: FloatArray,
    impedance: ComplexArray,
    tau: FloatArray,
    part: str,
    keep: NDArray[np.bool_] | None = None,
) -> _Chain:
    rows = slice(None) if keep is None else keep
    weight = 1.0 / np.abs(impedance[rows])
    matrix = stacked(_columns(omega, tau)[rows] * weight[:, None])
    target = stacked(impedance[rows] * weight)
    half = len(target) // 2
    given = {"both": slice(None), "real": slice(half), "imaginary": slice(half, None)}[part]
    unseen = {"both": (), "real": (1, 2), "imaginary": (0,)}[part]
    seen = np.setdiff1d(np.arange(matrix.shape[1]), unseen)
    solution = np.zeros(matrix.shape[1])
    solution[seen] = _solved(matrix[given][:, seen], target[given])
    left = target - matrix @ solution
    misfit, count = float((left[given] ** 2).sum()), len(left[given])
    if unseen:
        other = slice(half, None) if part == "real" else slice(half)
        solution[list(unseen)] = _solved(matrix[other][:, list(unseen)], left[other])
    return _Chain(tau, solution, misfit / max(count - len(seen), 1))


def _solved(matrix: FloatArray, target: FloatArray) -> FloatArray:
    from scipy.linalg import lstsq

    length = np.sqrt((matrix**2).sum(axis=0))
    # Neighbours are nearly parallel where M is large: a rank-revealing factor keeps them small.
    factor = lstsq(matrix / length, target, cond=1e-10, lapack_driver="gelsy", check_finite=False)
    return np.asarray(factor[0] / length)


def _without_outliers(used: Spectrum, chain: _Chain, part: str) -> tuple[_Chain, NDArray[np.bool_]]:
    """Return a chain fitted without single points far off, and which points it was fitted to.

    A few bad points pull the fit, and then their neighbours look bad too. Where many points are
    off, none is an outlier: the spectrum is.
    """
    everything = np.ones(len(used), dtype=bool)
    keep, fitted = everything, chain
    for _ in range(4):
        size = np.abs(used.impedance - fitted.impedance(used.omega)) / used.modulus
        typical = 1.2 * float(np.median(size[keep]))
        off = size > max(_OUTLIER_SIGMAS * typical, 2.0 * VALID_RMS)
        if off.sum() > _MOST_OUTLIERS * len(used):
            worst = np.argsort(size)[-max(int(_MOST_OUTLIERS * len(used)), 1) :]
            off = np.isin(np.arange(len(used)), worst) & off
        if (off == ~keep).all():
            break
        keep = ~off
        fitted = _fit(used.omega, used.impedance, chain.tau, part, keep)
    gained = fitted.variance < 0.5 * chain.variance
    return (fitted, keep) if gained and _isolated(~keep) else (chain, everything)


def _isolated(off: NDArray[np.bool_]) -> bool:
    """Return whether marked points stand alone or in pairs, and not at the ends in a row."""
    padded = np.concatenate([[0], off.astype(int), [0]])
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    return bool(off.any()) and int((stops - starts).max()) <= 2


def _judge(
    frequency: FloatArray, residuals: ComplexArray, outliers: NDArray[np.bool_]
) -> tuple[str, str, NDArray[np.bool_]]:
    """Return verdict, message and suspect points from frequency (high to low) and residuals."""
    f, core = frequency[~outliers], np.abs(residuals[~outliers]) ** 2 / 2.0
    rms = float(np.sqrt(core.mean()))
    overall = float(np.sqrt(np.mean(np.abs(residuals) ** 2) / 2.0))
    width = min(_NEIGHBOURS, len(core))
    padded = np.pad(core, width // 2, mode="edge")
    local = np.sqrt(np.convolve(padded, np.full(width, 1.0 / width), mode="valid"))[: len(core)]
    worst = float(local.max())
    sparse = len(frequency) < _SPARSE * np.log10(frequency[0] / frequency[-1])
    if not sparse and (overall > INVALID_RMS or worst > 1.25 * INVALID_RMS):
        verdict = "invalid"
    elif overall > VALID_RMS or worst > 2.0 * VALID_RMS or outliers.any():
        verdict = "doubtful"
    else:
        verdict = "valid"
    suspect = outliers.copy()
    said = [f"{verdict.capitalize()}: relative residual {overall:.2%} rms"]
    off = np.zeros(len(core), dtype=bool)
    if rms > VALID_RMS or worst > 2.0 * VALID_RMS:
        off = local > max(VALID_RMS, 0.5 * worst)
        suspect[~outliers] = off
        where = _where(f, off) if not sparse else "with too few points a decade to tell from what"
        said.append(f"up to {worst:.2%} {where}")
    if outliers.any():
        places = ", ".join(f"{x:.3g}" for x in frequency[outliers])
        said.append(f"outliers at {places} Hz: without them, {rms:.2%}; mask them")
    if verdict == "valid":
        said.append("the spectrum obeys the Kramers-Kronig relations")
    return verdict, "; ".join(said) + ".", suspect


def _where(frequency: FloatArray, off: NDArray[np.bool_]) -> str:
    """Return in words where `off` points lie, and what usually does that."""
    place = np.log(frequency / frequency[-1]) / np.log(frequency[0] / frequency[-1])
    low, high = float(frequency[off].min()), float(frequency[off].max())
    if place[off].max() < 0.5:
        return (
            f"at low frequency, below {high:.3g} Hz: drift, the cell changed while it was measured"
        )
    if place[off].min() > 0.5:
        return f"at high frequency, above {low:.3g} Hz: artefact of cable, cell or instrument"
    if off.mean() > 0.5:
        return "over most of the range: noise, a non-linear response, or drift throughout"
    return f"between {low:.3g} and {high:.3g} Hz"
