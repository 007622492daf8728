"""Each part of the impedance predicted from the other, by the kernels of the DRT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eisfit.errors import ValidityError
from eisfit.kernels import debye, log_tau_grid
from eisfit.spectrum import FloatArray, Spectrum

_FEWEST = 8
_PER_DECADE = 6.0
_EXTENSION = 1.0
_LAMBDAS = 10.0 ** np.arange(1.0, -9.0, -1.0)
_SIGMAS = 3.0


@dataclass(frozen=True)
class HilbertScore:
    """How well the parts of a spectrum predict each other.

    Attributes
    ----------
    real, imaginary : float
        Share of points, 0 to 1, at which the real (imaginary) part predicted from the other lies
        within three standard deviations of the measured one.
    real_rms, imaginary_rms : float
        Root mean square of the differences, relative to the modulus.
    """

    real: float
    imaginary: float
    real_rms: float
    imaginary_rms: float


def hilbert_score(spectrum: Spectrum) -> HilbertScore:
    """Score a spectrum by Bayesian Hilbert transforms.

    A sum of Debye terms is fitted to one part, with a Gaussian prior whose width the marginal
    likelihood chooses, and predicts the other with its standard deviation; what one part cannot
    know (series resistance, inductance, capacitance) is fitted to the other (after Liu, Wan,
    Ciucci, Electrochim. Acta 357 (2020) 136864).

    Parameters
    ----------
    spectrum : Spectrum
        Its masked points are not used.

    Raises
    ------
    ValidityError
        If fewer than eight points with non-zero impedance are usable.
    SpectrumError
        If every point is masked.
    """
    used = spectrum.used()
    if len(used) < _FEWEST or not used.modulus.all():
        raise ValidityError(
            f"a Hilbert score needs at least {_FEWEST} unmasked points with an impedance that is "
            f"not zero, {used.label or 'the spectrum'} has {len(used)}: measure more or unmask some"
        )
    low, high = used.tau_window
    reach = 10.0**_EXTENSION
    kernel = debye(used.omega, log_tau_grid(low / reach, high * reach, _PER_DECADE))
    weight = 1.0 / used.modulus
    real = (kernel.real * weight[:, None], used.impedance.real * weight, weight[:, None])
    series = np.column_stack([used.omega, -1.0 / used.omega]) * weight[:, None]
    imaginary = (kernel.imag * weight[:, None], used.impedance.imag * weight, series)
    of_real = _predicted(imaginary, real)
    of_imaginary = _predicted(real, imaginary)
    return HilbertScore(of_real[0], of_imaginary[0], of_real[1], of_imaginary[1])


def _predicted(
    given: tuple[FloatArray, FloatArray, FloatArray],
    wanted: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[float, float]:
    """Return the share of wanted points within reach of the prediction, and the rms difference."""
    matrix, target, series = (_without(given[2], part) for part in (*given[:2], given[2]))
    mean, covariance, variance = _posterior(matrix, target, series.shape[1])
    other, data, own = wanted
    difference = data - other @ mean
    coefficients = np.linalg.lstsq(own, difference, rcond=None)[0]
    difference = difference - own @ coefficients
    deviation = np.sqrt(np.einsum("ij,jk,ik->i", other, covariance, other) + variance)
    return (
        float(np.mean(np.abs(difference) <= _SIGMAS * deviation)),
        float(np.sqrt(np.mean(difference**2))),
    )


def _without(series: FloatArray, part: FloatArray) -> FloatArray:
    """Return columns less what the series terms explain of them."""
    length = np.sqrt((series**2).sum(axis=0))
    q, _ = np.linalg.qr(series / length)
    return part - q @ (q.T @ part)


def _posterior(
    matrix: FloatArray, target: FloatArray, taken: int
) -> tuple[FloatArray, FloatArray, float]:
    """Return mean and covariance of the coefficients, and the variance of a datum, by evidence."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    seen = left.T @ target
    count = len(target) - taken
    outside = max(float(target @ target - seen @ seen), 0.0)
    best = (np.inf, 0.0, 0.0)
    for lam in _LAMBDAS * values[0] ** 2:
        cost = float((seen**2 * lam / (values**2 + lam)).sum()) + outside
        score = count * np.log(cost + 1e-300) + float(np.log1p(values**2 / lam).sum())
        best = min(best, (score, float(lam), cost / count))
    _, lam, variance = best
    scale = values / (values**2 + lam)
    covariance = (right.T * (variance / (values**2 + lam))) @ right
    covariance += variance / lam * (np.eye(matrix.shape[1]) - right.T @ right)
    return right.T @ (scale * seen), covariance, variance
