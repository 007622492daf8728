"""Shapes that single processes have: their impedance, its derivatives, and their gamma.

A peak is (ln R, ln tau, p, q).
ZARC, Havriliak-Negami: Z = R / (1 + (j omega tau)^a)^b with a = 1 / (1 + exp(-p)) and
b = 1 / (1 + exp(-q)), b = 1 for the ZARC.
The others are curves over x = ln(tau / peak tau): lognormal exp(-x^2 / 2 w^2), w = exp(p); general
exp(-|x / w|^n), n = exp(q), from a pointed one past a bell to a plateau with steep sides; split, a
bell of width exp(p) on the left and exp(q) on the right.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.kernels import debye

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]

ZARC, HAVRILIAK_NEGAMI, LOGNORMAL, GENERAL, SPLIT = range(5)
NONE = -1
NAMES = ("zarc", "havriliak-negami", "lognormal", "general", "split")
# Which of ln R, ln tau, p, q a family has; the last row is that of NONE, a place left empty.
HAS = np.array([(1, 1, 1, 0), (1, 1, 1, 1), (1, 1, 1, 0), (1, 1, 1, 1), (1, 1, 1, 1), (0,) * 4]) > 0
# Means and standard deviations before any data (of ln R and ln tau elsewhere): exponents a from 0.5
# to 0.97, widths of a seventh of a decade to one decade.
PRIOR_MEAN = np.array(
    [(0, 0, 1.9, 0), (0, 0, 1.9, 1.2), (0, 0, -0.7, 0), (0, 0, -0.4, 0.7), (0, 0, -0.7, -0.7),
     (0, 0, 0, 0)]
)  # fmt: skip
PRIOR_SD = np.array(
    [(1, 1, 0.9, 1), (1, 1, 0.9, 1), (1, 1, 0.5, 1), (1, 1, 0.5, 0.7), (1, 1, 0.6, 0.6),
     (1, 1, 1, 1)]
)  # fmt: skip
# Twice the log odds against a family.
PRIOR_COST = np.array([0.0, 0.0, 0.0, 2.0, 2.0, 0.0])
LEAST = np.array([(-1, -2), (-1, -2), (-1.9, 0), (-1.9, 0.0), (-1.9, -1.9), (0, 0)])
MOST = np.array([(6, 0), (6, 6), (1, 0), (1.5, 3.7), (1, 1), (0, 0)])

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(14)
_NODES, _WEIGHTS = (_NODES + 1.0) / 2.0, _WEIGHTS / 2.0
# A curve counts as zero below exp of minus this.
_REACH = 14.0
# Trapezoid nodes for the lognormal: error exp(-2 (pi width / step)^2), below 1e-3 at the least
# width; padded so that no skirt is cut.
_STEP = 0.25
_PADDING = 12.0


def evaluate(family: IntArray, theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    """Return the impedance of F peaks and its derivatives by ln R, ln tau, p, q.

    Parameters
    ----------
    family : (F,) int
    theta : (F, 4) array
    log_omega : (N,) array, ln(rad/s)

    Returns
    -------
    (F, 4, N) complex array in ohm; the first derivative is the impedance itself.
    """
    out = np.zeros((len(family), 4, len(log_omega)), dtype=np.complex128)
    for member, formula in ((ZARC, _zarc), (HAVRILIAK_NEGAMI, _havriliak_negami)):
        index = np.flatnonzero(family == member)
        if index.size:
            out[index] = formula(theta[index], log_omega)
    index = np.flatnonzero(family == LOGNORMAL)
    if index.size:
        out[index, :3] = _lognormal(theta[index], log_omega)
    index = np.flatnonzero(family > LOGNORMAL)
    if index.size:
        out[index] = _curve(family[index], theta[index], log_omega)
    return out


def _zarc(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    a = 1.0 / (1.0 + np.exp(-theta[:, 2, None]))
    log_s = log_omega + theta[:, 1, None] + 0.5j * np.pi
    y = np.exp(a * log_s)
    share = 1.0 / (1.0 + y)
    z = np.exp(theta[:, 0, None]) * share
    slope = z * share * y
    by_p = slope * log_s * (a * (a - 1.0))
    return np.stack([z, -a * slope, by_p, np.zeros_like(z)], axis=1)


def _havriliak_negami(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    a, b = (1.0 / (1.0 + np.exp(-theta[:, i, None])) for i in (2, 3))
    log_s = log_omega + theta[:, 1, None] + 0.5j * np.pi
    y = np.exp(a * log_s)
    log_base = np.log(1.0 + y)
    z = np.exp(theta[:, 0, None] - b * log_base)
    slope = -b * z * (y / (1.0 + y))
    by_p = slope * log_s * (a * (1.0 - a))
    by_q = -log_base * z * (b * (1.0 - b))
    return np.stack([z, a * slope, by_p, by_q], axis=1)


def _lognormal(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    """Integrate on nodes that all peaks share, so that one product serves them all."""
    low, high = theta[:, 1].min(), theta[:, 1].max()
    broadest = 4.5 * np.exp(theta[:, 2].max())
    nodes, rows = _shared(log_omega.tobytes())
    first, last = np.searchsorted(nodes, [low - broadest, high + broadest])
    nodes, rows = nodes[first:last], rows[first:last]
    width = np.exp(theta[:, 2, None])
    x = (nodes - theta[:, 1, None]) / width
    square = x * x
    curve = np.exp(theta[:, 0, None] - 0.5 * square) / (width * np.sqrt(2.0 * np.pi))
    each = np.stack([curve, curve * x / width, curve * (square - 1.0)], axis=1)
    both = each.reshape(-1, len(nodes)) @ rows
    count = len(log_omega)
    return (both[:, :count] + 1j * both[:, count:]).reshape(len(theta), 3, count)


@lru_cache(maxsize=32)
def _shared(log_omega: bytes) -> tuple[FloatArray, FloatArray]:
    """Return (Q,) nodes in ln tau, and their (Q, 2 N) Debye responses times the step."""
    grid = np.frombuffer(log_omega)
    nodes = np.arange(-grid.max() - _PADDING, -grid.min() + _PADDING, _STEP)
    response = debye(np.exp(grid), np.exp(nodes)).T * _STEP
    return readonly(nodes), readonly(np.concatenate([response.real, response.imag], axis=1))


def _curve(family: IntArray, theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    """Integrate the curves by Gauss-Legendre nodes on either side of their top."""
    widths, power = _sides(family, theta)
    reach = _REACH ** (1.0 / power)
    x = np.concatenate([-_NODES, _NODES]) * np.repeat(widths, len(_NODES), axis=1) * reach
    weight = np.tile(_WEIGHTS, 2) * np.repeat(widths, len(_NODES), axis=1)
    log_shape, by_p, by_q = _log_curve(family, widths, power, x)
    mass = weight * np.exp(log_shape)
    mass *= np.exp(theta[:, 0, None]) / mass.sum(axis=1, keepdims=True)
    share = mass / mass.sum(axis=1, keepdims=True)
    by_p -= (share * by_p).sum(axis=1, keepdims=True)
    by_q -= (share * by_q).sum(axis=1, keepdims=True)
    y = np.exp(log_omega)[:, None] * np.exp(theta[:, 1, None] + x)[:, None, :]
    real = 1.0 / (1.0 + y * y)
    imaginary = -y * real
    masses = np.stack([mass, mass * by_p, mass * by_q], axis=2)
    z = (real @ masses) + 1j * (imaginary @ masses)
    # d/dln tau of 1 / (1 + j y) = -j y / (1 + j y)^2.
    by_tau = 2.0 * imaginary * imaginary @ mass[:, :, None] + 0j
    by_tau += 1j * (imaginary * (2.0 * real - 1.0) @ mass[:, :, None])
    by_tau.real *= -1.0
    return np.stack([z[..., 0], by_tau[..., 0], z[..., 1], z[..., 2]], axis=1)


def _sides(family: IntArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return widths left and right, (F, 2), and exponent (F, 1): exp(-|x / width|^exponent)."""
    left = np.exp(theta[:, 2])
    right = np.where(family == SPLIT, np.exp(theta[:, 3]), left)
    power = np.where(family == GENERAL, np.exp(np.where(family == GENERAL, theta[:, 3], 0.0)), 2.0)
    bell = np.where(family == GENERAL, 1.0, np.sqrt(2.0))[:, None]
    return np.stack([left, right], axis=1) * bell, power[:, None]


def _log_curve(
    family: IntArray, widths: FloatArray, power: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ln of the curve at (F, Q) x, and its derivatives by p and q."""
    left = x < 0
    t = np.abs(x) / np.where(left, widths[:, :1], widths[:, 1:]) + 1e-300
    log_t = np.log(t)
    depth = np.exp(power * log_t)
    slope = power * depth
    split, general = (family == SPLIT)[:, None], (family == GENERAL)[:, None]
    by_p = np.where(split & ~left, 0.0, slope)
    by_q = np.where(split & ~left, slope, np.where(general, -slope * log_t, 0.0))
    return -depth, by_p, by_q


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
        cut = 1.0 + np.exp(np.clip(-u[power_law] * a, -300.0, 300.0) + 1j * np.pi * a)
        out[power_law] = np.abs(np.exp(-b * np.log(cut)).imag) / np.pi
    if not power_law.all():
        rest = family[~power_law]
        widths, power = _sides(rest, theta[~power_law])
        t = np.abs(u[~power_law]) / np.where(u[~power_law] < 0, widths[:, :1], widths[:, 1:])
        depth = np.minimum(t**power, 700.0)
        out[~power_law] = np.exp(-depth) / (widths.sum(axis=1, keepdims=True) * _half(power))
    return out * np.exp(theta[:, 0, None])


def _half(power: FloatArray) -> FloatArray:
    """Return the integral of exp(-x^power) over x > 0, Gamma(1 + 1 / power)."""
    from math import gamma as factorial

    return np.array([[factorial(1.0 + 1.0 / n)] for n in power.ravel()])
