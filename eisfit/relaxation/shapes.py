"""Shapes that single processes have: their families, parameters, priors and gamma.

A peak is (ln R, ln tau, p, q).
ZARC, Havriliak-Negami: Z = R / (1 + (j omega tau)^a)^b with a = 1 / (1 + exp(-p)) and
b = 1 / (1 + exp(-q)), b = 1 for the ZARC. ln tau is here the mean of gamma over ln tau, which data
determine whatever a and b are; it lies (digamma(1) - digamma(b)) / a before the tau of the formula.
The others are curves over x = ln(tau / peak tau): lognormal exp(-x^2 / 2 w^2), w = exp(p); general
exp(-|x / w|^n), n = exp(q), from a pointed one past a bell to a plateau with steep sides; split, a
bell of width exp(p) on the left and exp(q) on the right; Student, a bell with heavy skirts,
(1 + (x / w)^2 / n)^(-(n + 1) / 2), n = exp(q); Froehlich, constant over |x| < exp(p) and zero
beyond, the response of activation energies that are spread evenly (Froehlich, Theory of
Dielectrics, Oxford 1949). Debye, R / (1 + j omega tau): all of gamma at one tau, shown as a narrow
bell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ZARC, HAVRILIAK_NEGAMI, LOGNORMAL, GENERAL, SPLIT, FROEHLICH, STUDENT, DEBYE = range(8)
NONE = -1
NAMES = (
    "zarc",
    "havriliak-negami",
    "lognormal",
    "general",
    "split",
    "froehlich",
    "student",
    "debye",
)
# Which of ln R, ln tau, p, q a family has; the last row is that of NONE, a place left empty.
_LETTERS = ("Rtp", "Rtpq", "Rtp", "Rtpq", "Rtpq", "Rtp", "Rtpq", "Rt", "")
HAS = np.array([[letter in has for letter in "Rtpq"] for has in _LETTERS])
# Means and standard deviations before any data (of ln R and ln tau elsewhere): exponents a from 0.5
# to 0.97, widths of a seventh of a decade to one decade.
PRIOR_MEAN = np.array(
    [(0, 0, 1.9, 0), (0, 0, 1.9, 1.2), (0, 0, -0.7, 0), (0, 0, -0.4, 0.7), (0, 0, -0.7, -0.7),
     (0, 0, 0.2, 0), (0, 0, -0.6, 1.2), (0, 0, 0, 0), (0, 0, 0, 0)]
)  # fmt: skip
PRIOR_SD = np.array(
    [(1, 1, 0.9, 1), (1, 1, 0.9, 1), (1, 1, 0.5, 1), (1, 1, 0.5, 0.7), (1, 1, 0.6, 0.6),
     (1, 1, 0.6, 1), (1, 1, 0.6, 0.6), (1, 1, 1, 1), (1, 1, 1, 1)]
)  # fmt: skip
# Families of which width and q are hard to tell apart: see `turn`.
TURNING = (HAVRILIAK_NEGAMI, GENERAL, STUDENT)
# Twice the log odds against a family.
PRIOR_COST = np.array([0.0, 0.0, 0.0, 2.0, 2.0, 1.0, 2.0, 3.0, 0.0])
LEAST = np.array(
    [
        (-1, -2),
        (-1, -2),
        (-1.9, 0),
        (-1.9, 0.0),
        (-1.9, -1.9),
        (-1.4, 0),
        (-1.7, 0.7),
        (0, 0),
        (0, 0),
    ]
)
MOST = np.array([(6, 0), (6, 6), (1, 0), (1.5, 3.7), (1, 1), (1.8, 0), (1, 4), (0, 0), (0, 0)])

# Largest exponent of a peak.
_NEARLY_ONE = 0.997
# Width of the bell that a Debye peak is shown as, a tenth of a decade at half its height.
_SHOWN = 0.1


def offset(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return by what ln tau of the formula lies behind the mean of gamma over ln tau.

    From the Mellin transform of (1 + (j omega tau)^a)^-b.
    """
    from scipy.special import digamma

    return np.asarray(-(digamma(b) + np.euler_gamma) / a)


def places(family: IntArray, theta: FloatArray) -> FloatArray:
    """Return (F,) ln tau of the maximum of gamma of every peak.

    For Havriliak-Negami gamma is Im (1 + s)^-b with s = r e^(j pi a), r = (tau0 / tau)^a; its
    derivative vanishes where arg(1 + s) = pi a / (1 + b).
    """
    out = theta[:, 1].copy()
    skewed = family == HAVRILIAK_NEGAMI
    if skewed.any():
        a, b = (1.0 / (1.0 + np.exp(-theta[skewed, i])) for i in (2, 3))
        angle = np.pi * a / (1.0 + b)
        out[skewed] += offset(a, b) - np.log(np.sin(angle) / np.sin(np.pi * a - angle)) / a
    return out


def sides(family: IntArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return widths left and right, (F, 2), and exponent (F, 1): exp(-|x / width|^exponent)."""
    left = np.exp(theta[:, 2])
    right = np.where(family == SPLIT, np.exp(theta[:, 3]), left)
    power = np.where(family == GENERAL, np.exp(np.where(family == GENERAL, theta[:, 3], 0.0)), 2.0)
    bell = np.where(family == GENERAL, 1.0, np.sqrt(2.0))[:, None]
    return np.stack([left, right], axis=1) * bell, power[:, None]


def gamma(family: IntArray, theta: FloatArray, log_tau: FloatArray) -> FloatArray:
    """Return gamma of F peaks in ohm, (F, M), at (M,) ln tau.

    ZARC and Havriliak-Negami by Stieltjes inversion: R / pi times the imaginary part of
    (1 + (tau / tau0)^-a e^(j pi a))^-b (Boukamp, Electrochim. Acta 154 (2015) 35, for b = 1).
    """
    out = np.empty((len(family), len(log_tau)))
    u = log_tau - theta[:, 1, None]
    power_law = family < LOGNORMAL
    if power_law.any():
        part = theta[power_law]
        a = 1.0 / (1.0 + np.exp(-part[:, 2, None]))
        skewed = (family[power_law] == HAVRILIAK_NEGAMI)[:, None]
        b = np.where(skewed, 1.0 / (1.0 + np.exp(-part[:, 3, None])), 1.0)
        behind = u[power_law] - offset(a, b)
        size = np.exp(np.clip(-behind * a, -300.0, 300.0))
        real, imaginary = 1.0 + size * np.cos(np.pi * a), size * np.sin(np.pi * a)
        angle = b * np.arctan2(imaginary, real)
        height = np.exp(-0.5 * b * np.log(real**2 + imaginary**2))
        out[power_law] = height * np.abs(np.sin(angle)) / np.pi
    flat = family == FROEHLICH
    if flat.any():
        a = np.exp(theta[flat, 2, None])
        out[flat] = (np.abs(u[flat]) < a) / (2.0 * a)
    curved = (family == LOGNORMAL) | (family == GENERAL) | (family == SPLIT)
    if curved.any():
        widths, power = sides(family[curved], theta[curved])
        t = np.abs(u[curved]) / np.where(u[curved] < 0, widths[:, :1], widths[:, 1:])
        depth = np.minimum(t**power, 700.0)
        out[curved] = np.exp(-depth) / (widths.sum(axis=1, keepdims=True) * _half(power))
    heavy = family == STUDENT
    if heavy.any():
        out[heavy] = student_density(theta[heavy], u[heavy])
    sharp = family == DEBYE
    if sharp.any():
        out[sharp] = np.exp(-0.5 * (u[sharp] / _SHOWN) ** 2) / (_SHOWN * np.sqrt(2.0 * np.pi))
    return out * np.exp(theta[:, 0, None])


def _half(power: FloatArray) -> FloatArray:
    """Return the integral of exp(-x^power) over x > 0, Gamma(1 + 1 / power)."""
    from scipy.special import gamma as factorial

    return np.asarray(factorial(1.0 + 1.0 / power))


def student_density(theta: FloatArray, u: FloatArray) -> FloatArray:
    """Return Student's density at (F, M) distances from the middle."""
    from scipy.special import gammaln

    n, width = np.exp(theta[:, 3, None]), np.exp(theta[:, 2, None])
    log_height = gammaln(0.5 * (n + 1.0)) - gammaln(0.5 * n) - 0.5 * np.log(n * np.pi)
    tail = 0.5 * (n + 1.0) * np.log1p((u / width) ** 2 / n)
    return np.asarray(np.exp(log_height - tail) / width)


def turn(family: int, theta: FloatArray) -> FloatArray:
    """Return (F,) by what p changes with q where the width of a peak stays, which data determine.

    The width is a sqrt(b) for Havriliak-Negami, the standard deviation for the general curve, the
    height for Student's.
    """
    from scipy.special import digamma

    q = theta[:, 3]
    if family == HAVRILIAK_NEGAMI:
        return np.asarray(-0.5 * (1.0 + np.exp(theta[:, 2])) / (1.0 + np.exp(q)))
    if family == GENERAL:
        x = np.exp(-q)
        return np.asarray(0.5 * x * (3.0 * digamma(3.0 * x) - digamma(x)))
    n = 0.5 * np.exp(q)
    return np.asarray(n * (digamma(n + 0.5) - digamma(n)) - 0.5)


def bend(family: int, old: FloatArray, new: FloatArray) -> FloatArray:
    """Return (F,) by what p changes between the q of (F, 4) parameters where the width stays."""
    from scipy.special import gammaln

    if family == HAVRILIAK_NEGAMI:
        a, b = (1.0 / (1.0 + np.exp(-old[:, i])) for i in (2, 3))
        a *= np.sqrt(b * (1.0 + np.exp(-new[:, 3])))
        a = np.minimum(a, _NEARLY_ONE)
        return np.asarray(np.log(a / (1.0 - a)) - old[:, 2])
    if family == GENERAL:
        x, y = (np.exp(-np.clip(theta[:, 3], -1.0, 4.5)) for theta in (old, new))
        return np.asarray(0.5 * (gammaln(3.0 * x) - gammaln(x) - gammaln(3.0 * y) + gammaln(y)))
    n, m = (0.5 * np.exp(np.clip(theta[:, 3], -1.0, 6.0)) for theta in (old, new))
    return np.asarray(
        gammaln(m + 0.5)
        - gammaln(m)
        - 0.5 * np.log(m)
        - gammaln(n + 0.5)
        + gammaln(n)
        + 0.5 * np.log(n)
    )
