"""Shapes that single processes have: their impedance, its derivatives, and their gamma.

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

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.kernels import debye

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
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

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(14)
_NODES, _WEIGHTS = (_NODES + 1.0) / 2.0, _WEIGHTS / 2.0
# A curve counts as zero below exp of minus this.
_REACH = 14.0
# Trapezoid nodes for the lognormal: error exp(-2 (pi width / step)^2), below 1e-3 at the least
# width; padded so that no skirt is cut.
_STEP = 0.25
# Step over which Debye responses are interpolated: error below 1e-6, of slopes 2e-5.
_FINER = 0.07
_PADDING = 12.0
_SMALL = 1e-4
# Width of the bell that a Debye peak is shown as, a tenth of a decade at half its height.
_SHOWN = 0.1


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
    for member, formula in _FORMULAS:
        index = np.flatnonzero(family == member)
        if index.size:
            out[index] = formula(theta[index], log_omega)
    index = np.flatnonzero(family == LOGNORMAL)
    if index.size:
        out[index, :3] = _lognormal(theta[index], log_omega)
    index = np.flatnonzero((family == GENERAL) | (family == SPLIT))
    if index.size:
        out[index] = _curve(family[index], theta[index], log_omega)
    return out


def _zarc(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    a = 1.0 / (1.0 + np.exp(-theta[:, 2, None]))
    x = log_omega + theta[:, 1, None]
    y = _power(x, a)
    out = np.empty((len(theta), 4, len(log_omega)), dtype=np.complex128)
    share = 1.0 / (1.0 + y)
    z = out[:, 0]
    np.multiply(share, np.exp(theta[:, 0, None]), out=z)
    slope = z * share * y
    np.multiply(slope, -a, out=out[:, 1])
    np.multiply(slope * (x + 0.5j * np.pi), a * (a - 1.0), out=out[:, 2])
    out[:, 3] = 0.0
    return out


def _power(x: FloatArray, a: FloatArray) -> ComplexArray:
    """Return exp(a (x + j pi / 2)); exponentials of real numbers are far faster."""
    return np.asarray(np.exp(a * x) * np.exp(0.5j * np.pi * a))


def _debye(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    y = 1j * np.exp(log_omega + theta[:, 1, None])
    out = np.zeros((len(theta), 4, len(log_omega)), dtype=np.complex128)
    share = 1.0 / (1.0 + y)
    np.multiply(share, np.exp(theta[:, 0, None]), out=out[:, 0])
    np.multiply(out[:, 0], share - 1.0, out=out[:, 1])
    return out


def _havriliak_negami(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    from scipy.special import zeta

    a, b = (1.0 / (1.0 + np.exp(-theta[:, i, None])) for i in (2, 3))
    offset = _offset(a, b)
    x = log_omega + theta[:, 1, None] + offset
    base = 1.0 + _power(x, a)
    log_base = np.empty_like(base)
    log_base.real = 0.5 * np.log(base.real**2 + base.imag**2)
    log_base.imag = np.arctan2(base.imag, base.real)
    out = np.empty((len(theta), 4, len(log_omega)), dtype=np.complex128)
    z, by_tau = out[:, 0], out[:, 1]
    size, angle = np.exp(theta[:, 0, None] - b * log_base.real), b * log_base.imag
    z.real, z.imag = size * np.cos(angle), -size * np.sin(angle)
    slope = z * (b / base - b)
    np.multiply(slope, a, out=by_tau)
    out[:, 2] = slope * (x + 0.5j * np.pi) * (a * (1.0 - a)) - by_tau * (offset * (1.0 - a))
    at_b = b * (1.0 - b)
    out[:, 3] = -log_base * z * at_b - by_tau * (zeta(2.0, b) * at_b / a)
    return out


def _offset(a: FloatArray, b: FloatArray) -> FloatArray:
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
        out[skewed] += _offset(a, b) - np.log(np.sin(angle) / np.sin(np.pi * a - angle)) / a
    return out


def _froehlich(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    a = np.exp(theta[:, 2, None])
    r = np.exp(theta[:, 0, None])
    log_s = log_omega + theta[:, 1, None] + 0.5j * np.pi
    late, early = 1.0 + np.exp(log_s + a), 1.0 + np.exp(log_s - a)
    mean = 0.5 / a * np.log(late / early)
    up, down = 1.0 - 1.0 / late, 1.0 - 1.0 / early
    by_p = r * (mean - 0.5 * (up + down))
    return np.stack([r * (1.0 - mean), -0.5 * r / a * (up - down), by_p, np.zeros_like(mean)], 1)


def _lognormal(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    """Integrate on nodes that all peaks share, so that one product serves them all."""
    low, high = theta[:, 1].min(), theta[:, 1].max()
    broadest = 4.5 * np.exp(theta[:, 2].max())
    nodes, rows = _shared(log_omega.tobytes(), _STEP)
    first, last = np.searchsorted(nodes, [low - broadest, high + broadest])
    nodes, rows = nodes[first:last], rows[first:last]
    width = np.exp(theta[:, 2, None])
    x = (nodes - theta[:, 1, None]) / width
    square = x * x
    curve = np.exp(theta[:, 0, None] - 0.5 * square) * (_STEP / np.sqrt(2.0 * np.pi) / width)
    each = np.stack([curve, curve * x / width, curve * (square - 1.0)], axis=1)
    both = each.reshape(-1, len(nodes)) @ rows
    count = len(log_omega)
    return (both[:, :count] + 1j * both[:, count:]).reshape(len(theta), 3, count)


def _student(theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    """Integrate on the same nodes; what lies before them answers as a resistance."""
    from scipy.special import digamma, stdtr

    nodes, rows = _shared(log_omega.tobytes(), _STEP)
    resistance, width, n = (np.exp(theta[:, i, None]) for i in (0, 2, 3))
    u = nodes - theta[:, 1, None]
    square = (u / width) ** 2 / n
    pull = (n + 1.0) * square / (1.0 + square)
    curve = _student_density(theta, u) * resistance * _STEP
    slope = 0.5 * (digamma(0.5 * (n + 1.0)) - digamma(0.5 * n)) - 0.5 / n
    by_q = n * (slope - 0.5 * np.log1p(square)) + 0.5 * pull
    by_tau = np.where(u == 0.0, 0.0, pull / np.where(u == 0.0, 1.0, u))
    each = np.stack([curve, curve * by_tau, curve * (pull - 1.0), curve * by_q], axis=1)
    both = each.reshape(-1, len(nodes)) @ rows
    count = len(log_omega)
    z = (both[:, :count] + 1j * both[:, count:]).reshape(len(theta), 4, count)
    first = u[:, :1] - 0.5 * _STEP
    before, more = (stdtr(n * by, first / width) for by in (1.0, 1.0 + _SMALL))
    edge = _student_density(theta, first)
    left = [before, -edge, -first * edge, (more - before) / _SMALL]
    z += (resistance * np.hstack(left))[:, :, None]
    return z


@lru_cache(maxsize=32)
def _shared(log_omega: bytes, step: float) -> tuple[FloatArray, FloatArray]:
    """Return (Q,) nodes in ln tau, and their (Q, 2 N) Debye responses."""
    grid = np.frombuffer(log_omega)
    nodes = np.arange(-grid.max() - _PADDING, -grid.min() + _PADDING, step)
    response = debye(np.exp(grid), np.exp(nodes)).T
    return readonly(nodes), readonly(np.concatenate([response.real, response.imag], axis=1))


def _curve(family: IntArray, theta: FloatArray, log_omega: FloatArray) -> ComplexArray:
    """Integrate the curves by Gauss-Legendre nodes on either side of their top.

    The response of a node is interpolated between those of an even grid, so that one product serves
    all peaks.
    """
    widths, power = _sides(family, theta)
    reach = _REACH ** (1.0 / power)
    x = np.concatenate([-_NODES, _NODES]) * np.repeat(widths, len(_NODES), axis=1) * reach
    weight = np.tile(_WEIGHTS, 2) * np.repeat(widths, len(_NODES), axis=1)
    log_shape, by_p, by_q = _log_curve(family, widths, power, x)
    mass = weight * np.exp(log_shape)
    share = mass / mass.sum(axis=1, keepdims=True)
    mass = share * np.exp(theta[:, 0, None])
    by_p -= (share * by_p).sum(axis=1, keepdims=True)
    by_q -= (share * by_q).sum(axis=1, keepdims=True)
    nodes, rows = _shared(log_omega.tobytes(), _FINER)
    at, value, slope = _interpolation((theta[:, 1, None] + x - nodes[0]) / _FINER, len(nodes))
    spread = np.stack(
        [mass * value, mass * slope, mass * by_p * value, mass * by_q * value], axis=2
    )  # (4, F, 4, 2 Q): four neighbours, peaks, Z and its derivatives, nodes
    first, last = int(at.min()), int(at.max()) + 4
    row = np.arange(4 * len(theta)).reshape(-1, 4, 1)
    cell = (at - first)[:, None, :] + row * (last - first)
    cells = cell + np.arange(4)[:, None, None, None]
    size = 4 * len(theta) * (last - first)
    sums = np.bincount(cells.ravel(), spread.ravel(), size).reshape(-1, last - first)
    both = (sums @ rows[first:last]).reshape(len(theta), 4, 2, len(log_omega))
    return np.asarray(both[:, :, 0] + 1j * both[:, :, 1])


def _interpolation(position: FloatArray, count: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the first of four grid points about (F, Q) positions in steps of an even grid.

    Further the cubic Lagrange weights of the four, (4, F, Q), and their slopes by ln tau. Beyond
    the grid, where a response is constant, its ends stand.
    """
    position = np.clip(position, 1.0, count - 2.001)
    at = position.astype(np.int64)
    t = position - at
    value = np.stack(
        [
            -t * (t - 1.0) * (t - 2.0) / 6.0,
            (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
            -(t + 1.0) * t * (t - 2.0) / 2.0,
            (t + 1.0) * t * (t - 1.0) / 6.0,
        ]
    )
    slope = np.stack(
        [
            -(3.0 * t * t - 6.0 * t + 2.0) / 6.0,
            (3.0 * t * t - 4.0 * t - 1.0) / 2.0,
            -(3.0 * t * t - 2.0 * t - 2.0) / 2.0,
            (3.0 * t * t - 1.0) / 6.0,
        ]
    )
    return at - 1, value, slope / _FINER


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
        behind = u[power_law] - _offset(a, b)
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
        widths, power = _sides(family[curved], theta[curved])
        t = np.abs(u[curved]) / np.where(u[curved] < 0, widths[:, :1], widths[:, 1:])
        depth = np.minimum(t**power, 700.0)
        out[curved] = np.exp(-depth) / (widths.sum(axis=1, keepdims=True) * _half(power))
    heavy = family == STUDENT
    if heavy.any():
        out[heavy] = _student_density(theta[heavy], u[heavy])
    sharp = family == DEBYE
    if sharp.any():
        out[sharp] = np.exp(-0.5 * (u[sharp] / _SHOWN) ** 2) / (_SHOWN * np.sqrt(2.0 * np.pi))
    return out * np.exp(theta[:, 0, None])


def _half(power: FloatArray) -> FloatArray:
    """Return the integral of exp(-x^power) over x > 0, Gamma(1 + 1 / power)."""
    from scipy.special import gamma as factorial

    return np.asarray(factorial(1.0 + 1.0 / power))


def _student_density(theta: FloatArray, u: FloatArray) -> FloatArray:
    """Return Student's density at (F, M) distances from the middle."""
    from scipy.special import gammaln

    n, width = np.exp(theta[:, 3, None]), np.exp(theta[:, 2, None])
    log_height = gammaln(0.5 * (n + 1.0)) - gammaln(0.5 * n) - 0.5 * np.log(n * np.pi)
    tail = 0.5 * (n + 1.0) * np.log1p((u / width) ** 2 / n)
    return np.asarray(np.exp(log_height - tail) / width)


_FORMULAS = (
    (ZARC, _zarc),
    (HAVRILIAK_NEGAMI, _havriliak_negami),
    (FROEHLICH, _froehlich),
    (STUDENT, _student),
    (DEBYE, _debye),
)
