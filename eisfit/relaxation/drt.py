"""One spectrum in, its distribution of relaxation times out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import RelaxationError
from eisfit.kernels import log_tau_grid
from eisfit.relaxation import report
from eisfit.relaxation.blend import Blend, blend
from eisfit.relaxation.closing import concluded
from eisfit.relaxation.discretization import coefficient_of
from eisfit.relaxation.mixture import Target
from eisfit.relaxation.peaks import Peak, find_peaks
from eisfit.relaxation.problem import Grid, Problem, SeriesTerms, build_problem
from eisfit.relaxation.result import DRTResult
from eisfit.relaxation.robust import inflation
from eisfit.relaxation.settings import Settings
from eisfit.relaxation.solve import Regularised, regularise
from eisfit.relaxation.uncertainty import Resamples, interval, resample
from eisfit.spectrum import Spectrum

FloatArray = NDArray[np.float64]

_FEWEST = 6
_REWEIGHTINGS = 3
_TAIL_EXPONENTS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# Two neighbours of which each has this share of a tail stand for an exponent between them: over
# many decades their sum is off by a percent, which gamma would fill, so these steps come between.
_BOTH, _FINER = 0.003, (0.02, 0.04, 0.06, 0.08)
# Where the exponent of a single term may lie, and how finely it is sought.
_EXPONENTS, _FINE = (0.3, 1.0), 1e-3
# -Im Z that rises at least like omega^-0.3 at the lowest frequencies, over this part of a decade,
# and is at least this part of the modulus, is no arc that ends inside the window.
_TAIL_SLOPE = 0.3
_TAIL_DECADES = 0.7
_TAIL_SHARE = 0.05


def drt_spectrum(spectrum: Spectrum, **options: Any) -> DRTResult:
    """Compute the distribution of relaxation times of one spectrum.

    Z = R_inf + j omega L + tail + integral of gamma(ln tau) / (1 + j omega tau) dln tau, with
    gamma, R_inf, L and the tail's terms non-negative, solved as one penalised least-squares problem
    (Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 184 (2015) 483) with lambda chosen by marginal
    likelihood.

    Parameters
    ----------
    spectrum : Spectrum
        Its masked points are not used.
    **options
        As in `eisfit.relaxation.settings.Settings`: regularization, order, basis, inductance, tail,
        method, part, signed, weighting, robust, samples, seed, per_decade, extension,
        fwhm_coefficient, shape_factor.

    Returns
    -------
    DRTResult

    Raises
    ------
    RelaxationError
        If an option is unknown or out of range, or fewer than six points are usable.
    SpectrumError
        If every point is masked.
    """
    settings = Settings.of(options)
    used = spectrum.used()
    _check(used)
    method = settings.chosen_method
    sigma = _sigma(used, settings)
    solved, modulus, factors = _regularised(used, sigma, settings)
    problem, sigma = solved.problem, sigma * factors
    gamma = np.maximum(problem.gamma(solved.solution.x), 0.0)
    found = find_peaks(gamma, modulus, problem.grid.spacing, report.SMALLEST)
    if method != "blend":
        unseen = _unseen(used, sigma, solved)
        result = _regularised_result(spectrum, settings, solved, modulus, found, unseen)
    else:
        target = Target.of(problem, used.omega, sigma)
        both = blend(problem, target, solved, found, modulus)
        result = _blended_result(spectrum, settings, modulus, found, both)
    return concluded(result, factors, solved.sweep.at_end, settings.signed)


def chosen_lambda(spectrum: Spectrum, **options: Any) -> float:
    """Return the lambda that `drt_spectrum` would choose for a spectrum, at a tenth of its cost.

    Raises
    ------
    RelaxationError, SpectrumError
        As `drt_spectrum`.
    """
    settings = Settings.of(options)
    used = spectrum.used()
    _check(used)
    return float(_regularised(used, _sigma(used, settings), settings)[0].solution.lam)


def _regularised(
    used: Spectrum, sigma: FloatArray, settings: Settings
) -> tuple[Regularised, FloatArray, FloatArray]:
    """Return the regularised solution, |Z| over its grid, and by what sigma had to grow."""
    given = None if settings.criterion != "given" else float(settings.regularization)
    adaptive = settings.chosen_method != "tikhonov"
    tail = _tail(used, sigma, settings)
    problem = _problem(used, sigma, settings, tail)
    modulus = _local_modulus(used, problem.grid.tau)
    solved = regularise(problem, modulus, settings.criterion, given, adaptive)
    between = _between(solved)
    if between:
        tail = tuple(sorted({*tail, *between}))
        problem = _problem(used, sigma, settings, tail)
        solved = regularise(problem, modulus, settings.criterion, given, adaptive)
    factors = np.ones(len(used))
    if settings.robust and settings.part == "both":
        for _ in range(_REWEIGHTINGS):
            more = inflation(problem, solved.solution, np.log(used.omega))
            if (more == 1.0).all():
                break
            factors = factors * more
            problem = _problem(used, sigma * factors, settings, tail)
            solved = regularise(problem, modulus, settings.criterion, given, adaptive)
    return solved, modulus, factors


def _unseen(used: Spectrum, sigma: FloatArray, solved: Regularised) -> FloatArray:
    """Return the (T,) sizes in SI units of series terms that one part of the impedance hides.

    The imaginary part has no series resistance, the real one no inductance: these follow from what
    gamma leaves of the other part.
    """
    from scipy.optimize import nnls

    problem = solved.problem
    sizes = np.zeros(problem.n_terms)
    hidden = problem.unit[: problem.n_terms] == 0.0
    if hidden.any():
        left = (used.impedance - problem.impedance(used.omega, solved.solution.x)) / sigma
        columns = problem.terms.impedance(used.omega)[:, hidden] / sigma[:, None]
        both = np.vstack([columns.real, columns.imag])
        # What the fitted part sees of these columns is zero, and so has no weight here.
        length = np.sqrt((both**2).sum(axis=0))
        sizes[hidden] = nnls(both / length, np.concatenate([left.real, left.imag]))[0] / length
    return sizes


def _tail(used: Spectrum, sigma: FloatArray, settings: Settings) -> tuple[float, ...]:
    """Return the exponents alpha of a tail's terms, (j omega)^-alpha; none where there is none."""
    if settings.tail == "cpe":
        return (_exponent(used, sigma, settings),)
    several = has_tail(used) if settings.tail == "auto" else settings.tail is True
    return _TAIL_EXPONENTS if several else ()


def _between(solved: Regularised) -> list[float]:
    """Return the exponents between neighbours that share a tail."""
    problem = solved.problem
    exponents = np.array(problem.terms.exponents)
    # Scaled so that the columns of all terms are of one length
    sizes = solved.solution.x[: problem.n_terms] * (exponents > 0.0)
    taken = sizes > _BOTH * max(float(sizes.max()), np.finfo(float).tiny)
    return [
        round(float(low + step), 4)
        for low, both in zip(exponents[:-1], taken[:-1] & taken[1:], strict=True)
        for step in _FINER
        if both
    ]


def _exponent(used: Spectrum, sigma: FloatArray, settings: Settings) -> float:
    """Return the exponent of a tail of one term, (j omega)^-alpha, with the largest evidence."""
    from scipy.optimize import minimize_scalar

    def score(alpha: float) -> float:
        problem = _problem(used, sigma, settings, (alpha,))
        solved = regularise(problem, np.ones(len(problem.grid.tau)), "evidence", None, False)
        return float(np.nanmin(solved.sweep.scores))

    found = minimize_scalar(
        score, bounds=_EXPONENTS, method="bounded", options={"xatol": _FINE, "maxiter": 25}
    )
    return round(float(found.x), 3)


def _check(used: Spectrum) -> None:
    if len(used) < _FEWEST:
        raise RelaxationError(
            f"a DRT needs at least {_FEWEST} unmasked points, {used.label or 'the spectrum'} has "
            f"{len(used)}: measure more frequencies or unmask some"
        )
    if used.frequency[0] == used.frequency[-1]:
        raise RelaxationError("a DRT needs more than one frequency")
    if not used.modulus.all():
        at = used.frequency[int(np.argmin(used.modulus))]
        raise RelaxationError(
            f"the impedance at {at:g} Hz is zero, which leaves it no weight: mask the point"
        )


def _problem(
    used: Spectrum, sigma: FloatArray, settings: Settings, tail: tuple[float, ...]
) -> Problem:
    """Set up the problem, with terms (j omega)^-alpha for every alpha of `tail`."""
    shortest, longest = used.tau_window
    reach = 10.0**settings.extension
    tau = log_tau_grid(shortest / reach, longest * reach, settings.density)
    exponents = (0.0, *((-1.0,) if settings.inductance else ()), *tail)
    coefficient = settings.fwhm_coefficient
    if settings.shape_factor is not None:
        spacing = float(np.log(tau[1] / tau[0]))
        coefficient = coefficient_of(settings.shape_factor, spacing, settings.basis)
    grid = Grid(tau, settings.basis, settings.order, coefficient)
    terms = SeriesTerms(exponents)
    part, signed = settings.part, settings.signed
    return build_problem(used.omega, used.impedance, sigma, grid, terms, part, signed)


def _sigma(used: Spectrum, settings: Settings) -> FloatArray:
    if isinstance(settings.weighting, str):
        if settings.weighting == "modulus":
            return used.modulus
        return np.full(len(used), float(np.median(used.modulus)))
    sigma = np.asarray(settings.weighting, dtype=np.float64)
    if sigma.shape != used.frequency.shape or not (np.isfinite(sigma) & (sigma > 0)).all():
        raise RelaxationError(
            f"weighting as an array needs {len(used)} positive numbers in ohm, one for every "
            f"unmasked point from the highest frequency down; found shape {sigma.shape}"
        )
    return sigma


def has_tail(used: Spectrum) -> bool:
    """Return whether -Im Z still rises at the lowest frequencies, as blocking and diffusion do."""
    log_omega = np.log10(used.omega)
    end = log_omega <= log_omega[-1] + _TAIL_DECADES
    end[-4:] = True
    minus_imaginary = -used.impedance.imag[end]
    if (minus_imaginary <= _TAIL_SHARE * used.modulus[end]).any():
        return False
    slope = np.polyfit(log_omega[end], np.log10(minus_imaginary), 1)[0]
    return bool(slope < -_TAIL_SLOPE)


def _local_modulus(used: Spectrum, tau: FloatArray) -> FloatArray:
    """Return |Z| at omega = 1/tau, constant beyond the window."""
    return np.exp(np.interp(np.log(tau), -np.log(used.omega), np.log(used.modulus)))


def _regularised_result(
    spectrum: Spectrum,
    settings: Settings,
    solved: Regularised,
    modulus: FloatArray,
    found: list[Peak],
    unseen: FloatArray,
) -> DRTResult:
    problem, solution = solved.problem, solved.solution
    gamma = problem.gamma(solution.x)
    draws = resample(solved, settings.samples, settings.seed) if settings.samples else None
    unknown = np.full(len(gamma), np.nan)
    lower, upper = (unknown, unknown) if draws is None else interval(draws.posterior)
    if not settings.signed:
        lower, upper = np.maximum(lower, 0.0), np.maximum(upper, 0.0)
    place = problem.grid, modulus, spectrum.tau_window
    if settings.signed:
        rows = report.signed_rows(gamma, *place, draws)
    else:
        rows = report.peak_rows(found, gamma, *place, draws)
    return _result(
        spectrum,
        settings,
        solved,
        rows,
        problem.sizes(solution.x) + unseen,
        tau=problem.grid.tau,
        gamma=gamma,
        lower=lower,
        upper=upper,
        impedance=problem.impedance(spectrum.omega, solution.x)
        + problem.terms.impedance(spectrum.omega) @ unseen,
        reason=f"Gamma is the regularised curve, as method {settings.chosen_method!r} asks.",
    )


def _blended_result(
    spectrum: Spectrum,
    settings: Settings,
    modulus: FloatArray,
    found: list[Peak],
    both: Blend,
) -> DRTResult:
    posterior, share, solved = both.posterior, both.share, both.solved
    tau, regularised = np.exp(both.log_tau), both.regularised
    draws = None
    if settings.samples and not both.trusted:
        draws = resample(solved, settings.samples, settings.seed)
    if posterior is None:
        parametric, gamma = np.full(len(tau), np.nan), regularised
    else:
        parametric = posterior.gamma(both.log_tau)
        gamma = share * parametric + (1.0 - share) * regularised
    if posterior is not None and both.trusted:
        rows = report.fitted_rows(posterior, both.log_tau, gamma, spectrum.tau_window)
    else:
        coarse = both.problem.gamma(solved.solution.x)
        rows = report.peak_rows(
            found, coarse, both.problem.grid, modulus, spectrum.tau_window, draws
        )
    lower, upper = _band(both, parametric, draws, settings)
    return _result(
        spectrum,
        settings,
        solved,
        rows,
        both.sizes(),
        tau=tau,
        gamma=gamma,
        lower=lower,
        upper=upper,
        impedance=both.impedance(spectrum.omega),
        regularised=regularised,
        parametric=parametric,
        share=share,
        reason=both.reason(),
        polarization=sum(row["resistance_ohm"] for row in rows) if both.trusted else None,
    )


def _band(
    both: Blend, peaks: FloatArray, draws: Resamples | None, settings: Settings
) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of the band: of draws of peaks, or of the regularised curve.

    Where the two curves differ, one of them is wrong by that; the band covers it.
    """
    if not settings.samples:
        unknown = np.full(len(peaks), np.nan)
        return unknown, unknown
    if draws is not None:
        grid, finer = np.log(both.problem.grid.tau), both.log_tau
        low, high = (np.interp(finer, grid, bound) for bound in interval(draws.posterior))
        return np.maximum(low, 0.0), np.maximum(high, 0.0)
    assert both.posterior is not None
    random = np.random.default_rng(settings.seed)
    own = both.regularised
    gamma = both.share * peaks + (1.0 - both.share) * own
    differ = (1.0 - both.share) * np.abs(own - peaks)
    drawn = both.posterior.draws(both.log_tau, settings.samples, random)
    low, high = (both.share * bound + (1.0 - both.share) * own for bound in interval(drawn))
    return np.maximum(np.minimum(low, gamma) - differ, 0.0), np.maximum(high, gamma) + differ


def _result(
    spectrum: Spectrum,
    settings: Settings,
    solved: Regularised,
    rows: list[dict[str, Any]],
    term_sizes: FloatArray,
    **curves: Any,
) -> DRTResult:
    """Put together what all methods have alike."""
    window, tau = spectrum.tau_window, curves["tau"]
    sizes = dict(zip(solved.problem.terms.exponents, map(float, term_sizes), strict=True))
    tail = tuple((size, a) for a, size in sizes.items() if a > 0.0 and size > 0.0)
    residuals = (curves["impedance"] - spectrum.impedance) / spectrum.modulus
    searched = len(solved.sweep.path) > 1
    lambdas = [s.lam for s in solved.sweep.path]
    return DRTResult(
        spectrum=spectrum,
        in_window=(tau >= window[0]) & (tau <= window[1]),
        resistance_inf=sizes[0.0],
        inductance=sizes.get(-1.0, 0.0),
        elastance=sizes.get(1.0, 0.0),
        regularization=solved.solution.lam,
        criterion=settings.criterion,
        order=settings.order,
        method=settings.chosen_method,
        sweep=np.column_stack([lambdas, solved.sweep.scores]) if searched else np.empty((0, 2)),
        residuals=residuals,
        peak_rows=tuple(rows),
        tail=tail,
        seed=settings.seed,
        **curves,
    )
