"""The impedance of single peaks and its derivatives, as weighted real rows, many peaks at once.

Everything is worked in real numbers, real parts first: exponentials, angles and products of
complex numbers cost several times as much.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.kernels import debye
from eisfit.relaxation.shapes import (
    DEBYE,
    FROEHLICH,
    GENERAL,
    HAVRILIAK_NEGAMI,
    LOGNORMAL,
    SPLIT,
    STUDENT,
    ZARC,
    offset,
    sides,
    student_density,
)

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]
Formula = Callable[[IntArray, FloatArray, FloatArray], FloatArray]
Group = tuple[Formula, IntArray]

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
_RIGHT = 0.5 * np.pi


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
    out = np.zeros((len(family), 4, 2 * len(log_omega)))
    for formula, index in grouped(family):
        out[index] = formula(family[index], theta[index], log_omega)
    count = len(log_omega)
    return out[..., :count] + 1j * out[..., count:]


def grouped(family: IntArray) -> list[Group]:
    """Return for every formula that (F,) families need the peaks it serves; NONE has none."""
    present = set(family.tolist())
    found: list[Group] = []
    for members, formula in _FORMULAS:
        own = [member for member in members if member in present]
        if own:
            index = np.flatnonzero(family == own[0] if len(own) == 1 else np.isin(family, own))
            found.append((formula, index))
    return found


def _one_and_power(x: FloatArray, a: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return 1 + (j e^x)^a, its real and imaginary part, and the square of its modulus."""
    angle = _RIGHT * a
    real = np.exp(x * a)
    imaginary = real * np.sin(angle)
    real *= np.cos(angle)
    real += 1.0
    square = real * real
    square += imaginary * imaginary
    return real, imaginary, square


def _zarc(_: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    count = len(log_omega)
    out = np.empty((len(theta), 4, 2 * count))
    a = 1.0 / (1.0 + np.exp(-theta[:, 2:3]))
    x = log_omega + theta[:, 1:2]
    real, imaginary, square = _one_and_power(x, a)
    real /= square
    imaginary /= square  # now 1 / (1 + y), its sign turned
    size = np.exp(theta[:, 0:1])
    z_real = np.multiply(real, size, out=out[:, 0, :count])
    z_imaginary = np.multiply(imaginary, -size, out=out[:, 0, count:])
    np.subtract(1.0, real, out=real)  # y / (1 + y)
    slope_real = z_real * real
    slope_real -= z_imaginary * imaginary
    slope_imaginary = z_real * imaginary
    slope_imaginary += z_imaginary * real
    by_p = a * (a - 1.0)
    np.multiply(slope_real, -a, out=out[:, 1, :count])
    np.multiply(slope_imaginary, -a, out=out[:, 1, count:])
    x *= by_p
    by_p *= _RIGHT
    np.subtract(slope_real * x, slope_imaginary * by_p, out=out[:, 2, :count])
    np.add(slope_imaginary * x, slope_real * by_p, out=out[:, 2, count:])
    out[:, 3] = 0.0
    return out


def _havriliak_negami(_: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    from scipy.special import zeta

    count = len(log_omega)
    out = np.empty((len(theta), 4, 2 * count))
    exponents = 1.0 / (1.0 + np.exp(-theta[:, 2:4]))
    a, b = exponents[:, 0:1], exponents[:, 1:2]
    behind = offset(a, b)
    x = log_omega + (theta[:, 1:2] + behind)
    real, imaginary, square = _one_and_power(x, a)
    log_size = 0.5 * np.log(square)
    turn = np.arctan2(imaginary, real)
    # Cosine and sine of b turn, from the tangent of its half: one function, not two.
    half = np.tan(0.5 * b * turn)
    size = np.exp(theta[:, 0:1] - b * log_size)
    size /= 1.0 + half * half
    z_real, z_imaginary = out[:, 0, :count], out[:, 0, count:]
    z_real[:] = size * (1.0 - half * half)
    np.multiply(half, -2.0 * size, out=z_imaginary)
    real /= -square
    real += 1.0
    imaginary /= square  # y / (1 + y)
    slope_real = z_real * real
    slope_real -= z_imaginary * imaginary
    slope_imaginary = z_real * imaginary
    slope_imaginary += z_imaginary * real
    by_x = -a * b
    np.multiply(slope_real, by_x, out=out[:, 1, :count])
    np.multiply(slope_imaginary, by_x, out=out[:, 1, count:])
    by_x *= 1.0 - a
    x -= behind
    x *= by_x
    by_x *= _RIGHT
    np.subtract(slope_real * x, slope_imaginary * by_x, out=out[:, 2, :count])
    np.add(slope_imaginary * x, slope_real * by_x, out=out[:, 2, count:])
    by_b = b * (1.0 - b)
    through_offset = b * by_b * zeta(2.0, b)
    log_size *= -by_b
    turn *= by_b
    by_q = out[:, 3, :count]
    np.multiply(z_real, log_size, out=by_q)
    by_q += z_imaginary * turn
    by_q += slope_real * through_offset
    by_q = out[:, 3, count:]
    np.multiply(z_imaginary, log_size, out=by_q)
    by_q -= z_real * turn
    by_q += slope_imaginary * through_offset
    return out


def _debye(_: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    count = len(log_omega)
    out = np.zeros((len(theta), 4, 2 * count))
    y = np.exp(log_omega + theta[:, 1:2])
    size = np.exp(theta[:, 0:1])
    share = 1.0 / (1.0 + y * y)
    real = np.multiply(size, share, out=out[:, 0, :count])
    imaginary = np.multiply(-y, real, out=out[:, 0, count:])
    np.multiply(2.0 * y * share, imaginary, out=out[:, 1, :count])
    np.multiply(imaginary, 1.0 - 2.0 * share * (y * y), out=out[:, 1, count:])
    return out


def _froehlich(_: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    count = len(log_omega)
    a, r = np.exp(theta[:, 2:3]), np.exp(theta[:, 0:1])
    out = np.zeros((len(theta), 4, 2 * count))
    x = log_omega + theta[:, 1:2]
    # Real and imaginary part of ln(1 + j y) and of 1 / (1 + j y), y the late and the early end's.
    late, early = np.exp(x + a), np.exp(x - a)
    late_square, early_square = 1.0 + late * late, 1.0 + early * early
    half = 0.5 / a
    mean_real = half * 0.5 * np.log(late_square / early_square)
    mean_imaginary = half * (np.arctan(late) - np.arctan(early))
    up_real, down_real = 1.0 - 1.0 / late_square, 1.0 - 1.0 / early_square
    late /= late_square
    early /= early_square
    out[:, 0, :count] = r * (1.0 - mean_real)
    out[:, 0, count:] = -r * mean_imaginary
    out[:, 1, :count] = -r * half * (up_real - down_real)
    out[:, 1, count:] = -r * half * (late - early)
    out[:, 2, :count] = r * (mean_real - 0.5 * (up_real + down_real))
    out[:, 2, count:] = r * (mean_imaginary - 0.5 * (late + early))
    return out


def _lognormal(_: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    """Integrate on nodes that all peaks share, so that one product serves them all."""
    width = np.exp(theta[:, 2:3])
    broadest = 4.5 * width.max()
    at = theta[:, 1:2]
    nodes, rows = _shared(log_omega.tobytes(), _STEP)
    first, last = nodes.searchsorted([at.min() - broadest, at.max() + broadest])
    nodes, rows = nodes[first:last], rows[first:last]
    x = nodes - at
    x /= width
    square = x * x
    each = np.zeros((len(theta), 4, len(nodes)))
    curve = each[:, 0]
    np.multiply(square, -0.5, out=curve)
    curve += theta[:, 0:1] - theta[:, 2:3] + np.log(_STEP / np.sqrt(2.0 * np.pi))
    np.exp(curve, out=curve)
    x /= width
    np.multiply(curve, x, out=each[:, 1])
    square -= 1.0
    np.multiply(curve, square, out=each[:, 2])
    return np.asarray(each @ rows)


def _student(_: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    """Integrate on the same nodes; what lies before them answers as a resistance."""
    from scipy.special import digamma, stdtr

    nodes, rows = _shared(log_omega.tobytes(), _STEP)
    resistance, width, n = (np.exp(theta[:, i : i + 1]) for i in (0, 2, 3))
    u = nodes - theta[:, 1:2]
    square = (u / width) ** 2 / n
    pull = (n + 1.0) * square / (1.0 + square)
    each = np.empty((len(theta), 4, len(nodes)))
    curve = np.multiply(student_density(theta, u), resistance * _STEP, out=each[:, 0])
    slope = 0.5 * (digamma(0.5 * (n + 1.0)) - digamma(0.5 * n)) - 0.5 / n
    by_q = n * (slope - 0.5 * np.log1p(square)) + 0.5 * pull
    by_tau = np.where(u == 0.0, 0.0, pull / np.where(u == 0.0, 1.0, u))
    for j, factor in enumerate((by_tau, pull - 1.0, by_q), start=1):
        np.multiply(curve, factor, out=each[:, j])
    z = np.asarray(each @ rows)
    first = u[:, :1] - 0.5 * _STEP
    before, more = (stdtr(n * by, first / width) for by in (1.0, 1.0 + _SMALL))
    edge = student_density(theta, first)
    left = [before, -edge, -first * edge, (more - before) / _SMALL]
    z[:, :, : len(log_omega)] += (resistance * np.hstack(left))[:, :, None]
    return z


@lru_cache(maxsize=32)
def _shared(log_omega: bytes, step: float) -> tuple[FloatArray, FloatArray]:
    """Return (Q,) nodes in ln tau, and their (Q, 2 N) Debye responses."""
    grid = np.frombuffer(log_omega)
    nodes = np.arange(-grid.max() - _PADDING, -grid.min() + _PADDING, step)
    response = debye(np.exp(grid), np.exp(nodes)).T
    return readonly(nodes), readonly(np.concatenate([response.real, response.imag], axis=1))


def _curve(family: IntArray, theta: FloatArray, log_omega: FloatArray) -> FloatArray:
    """Integrate the curves by Gauss-Legendre nodes on either side of their top.

    The response of a node is interpolated between those of an even grid, so that one product serves
    all peaks.
    """
    widths, power = sides(family, theta)
    reach = _REACH ** (1.0 / power)
    x = np.concatenate([-_NODES, _NODES]) * np.repeat(widths, len(_NODES), axis=1) * reach
    weight = np.tile(_WEIGHTS, 2) * np.repeat(widths, len(_NODES), axis=1)
    log_shape, by_p, by_q = _log_curve(family, widths, power, x)
    mass = weight * np.exp(log_shape)
    share = mass / mass.sum(axis=1, keepdims=True)
    mass = share * np.exp(theta[:, 0:1])
    by_p -= (share * by_p).sum(axis=1, keepdims=True)
    by_q -= (share * by_q).sum(axis=1, keepdims=True)
    nodes, rows = _shared(log_omega.tobytes(), _FINER)
    at, value, slope = _interpolation((theta[:, 1:2] + x - nodes[0]) / _FINER, len(nodes))
    spread = np.stack(
        [mass * value, mass * slope, mass * by_p * value, mass * by_q * value], axis=2
    )  # (4, F, 4, 2 Q): four neighbours, peaks, Z and its derivatives, nodes
    first, last = int(at.min()), int(at.max()) + 4
    row = np.arange(4 * len(theta)).reshape(-1, 4, 1)
    cell = (at - first)[:, None, :] + row * (last - first)
    cells = cell + np.arange(4)[:, None, None, None]
    size = 4 * len(theta) * (last - first)
    sums = np.bincount(cells.ravel(), spread.ravel(), size).reshape(-1, last - first)
    return np.asarray(sums @ rows[first:last]).reshape(len(theta), 4, -1)


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


_FORMULAS: tuple[tuple[tuple[int, ...], Formula], ...] = (
    ((ZARC,), _zarc),
    ((HAVRILIAK_NEGAMI,), _havriliak_negami),
    ((LOGNORMAL,), _lognormal),
    ((GENERAL, SPLIT), _curve),
    ((FROEHLICH,), _froehlich),
    ((STUDENT,), _student),
    ((DEBYE,), _debye),
)
