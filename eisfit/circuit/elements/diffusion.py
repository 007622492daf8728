"""Diffusion: without end, to an end that reflects or transmits, Fickian or not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eisfit.circuit.elements.basic import constant_phase
from eisfit.circuit.elements.spec import (
    ALPHA,
    BOUKAMP,
    IMPEDANCE_PY,
    OHM,
    PYIMPSPEC,
    TAU,
    Y0,
    ComplexArray,
    Element,
    Evaluation,
    FloatArray,
    Parameter,
    columns,
    power,
    stack,
)

End = Callable[[ComplexArray], tuple[ComplexArray, ComplexArray, ComplexArray]]

_COMPTE = "J. Bisquert, A. Compte, J. Electroanal. Chem. 499 (2001) 112"


def x_coth_x(square: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Return C = x coth(x), dC/dX and C^2 - X of X = x^2, each exact where others would cancel."""
    x = np.sqrt(square)
    # Decaying exponentials, so that a large x gives 1 and 0, not inf/inf
    decay = np.exp(-2.0 * x)
    rest = 1.0 - decay
    coth = (1.0 + decay) / rest
    csch_square = 4.0 * decay / rest**2
    c, slope, beyond = x * coth, 0.5 * (coth / x - csch_square), square * csch_square
    small = np.abs(square) < 0.02
    if small.any():
        s = np.where(small, square, 0.0)
        # Taylor series; the numbers are 2^(2n) B(2n) / (2n)! with Bernoulli's B
        near = 1.0 + s * (1 / 3 + s * (-1 / 45 + s * (2 / 945 + s * (-1 / 4725 + s * (2 / 93555)))))
        near_slope = 1 / 3 + s * (-2 / 45 + s * (2 / 315 + s * (-4 / 4725 + s * (2 / 18711))))
        c, slope = np.where(small, near, c), np.where(small, near_slope, slope)
        beyond = np.where(small, near**2 - s, beyond)
    return c, slope, beyond


def open_end(square: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Return coth(x)/x, its derivative by ln X, and the sum of both, of X = x^2."""
    c, slope, _ = x_coth_x(square)
    unit = c / square
    return unit, slope - unit, slope


def short_end(square: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Return tanh(x)/x, its derivative by ln X, and the sum of both, of X = x^2."""
    c, slope, _ = x_coth_x(square)
    unit = 1.0 / c
    by_ln = -square * slope * unit**2
    return unit, by_ln, unit + by_ln


def _warburg(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (sigma,) = columns(values)
    unit = (1.0 - 1.0j) / np.sqrt(omega)
    z = sigma * unit
    return z, stack(z.shape, unit)


def _finite(end: End) -> Evaluation:
    """Return Fickian diffusion to an end, in Z0 and tau."""

    def evaluate(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        z0, tau = columns(values)
        unit, slope, _ = end(1j * omega * tau)
        z = z0 * unit
        return z, stack(z.shape, unit, z0 * slope / tau)

    return evaluate


def _finite_with_exponent(end: End) -> Evaluation:
    def evaluate(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        r, tau, alpha = columns(values)
        square, ln_jwt = power(omega * tau, alpha)
        unit, slope, _ = end(square)
        return r * unit, stack(square.shape, unit, r * slope * alpha / tau, r * slope * ln_jwt)

    return evaluate


def _finite_admittance(end: End) -> Evaluation:
    """Return Fickian diffusion to an end in Boukamp's parameters Y0 and B."""

    def evaluate(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        y0, b = columns(values)
        unit, slope, both = end(1j * omega * b**2)
        z = b / y0 * unit
        return z, stack(z.shape, -z / y0, (slope + both) / y0)

    return evaluate


_Z0 = Parameter("Z0", "ohm", ohm=1)
_B = Parameter("B", "s^0.5", second=0.5)

DIFFUSION: tuple[Element, ...] = (
    Element(
        "W", "W", "semi-infinite Warburg diffusion", "sigma (1 - j) / sqrt(w)", IMPEDANCE_PY,
        (Parameter("sigma", "ohm s^-0.5", ohm=1, second=-0.5),), _warburg,
    ),
    Element(
        "We", "", "semi-infinite Warburg with exponent", "1 / (Y (j w)^alpha)", PYIMPSPEC,
        (Parameter("Y", "S s^alpha", ohm=-1, second="alpha"), ALPHA), constant_phase,
    ),
    Element(
        "Wo", "", "finite-length Warburg, open (reflecting end)",
        "Z0 coth(sqrt(j w tau)) / sqrt(j w tau)", IMPEDANCE_PY,
        (_Z0, TAU), _finite(open_end), resistance=0,
    ),
    Element(
        "Ws", "", "finite-length Warburg, short (transmitting end)",
        "Z0 tanh(sqrt(j w tau)) / sqrt(j w tau)", IMPEDANCE_PY,
        (_Z0, TAU), _finite(short_end), resistance=0,
    ),
    Element(
        "Woe", "", "finite-length Warburg with exponent, open",
        "R coth(x) / x, x = (j w tau)^(alpha/2)", f"{_COMPTE}, reflecting boundary",
        (OHM, TAU, ALPHA), _finite_with_exponent(open_end), resistance=0,
    ),
    Element(
        "Wse", "", "finite-length Warburg with exponent, short",
        "R tanh(x) / x, x = (j w tau)^(alpha/2)", f"{_COMPTE}, absorbing boundary",
        (OHM, TAU, ALPHA), _finite_with_exponent(short_end), resistance=0,
    ),
    Element(
        "", "O", "finite-length diffusion, short (Boukamp's O)",
        "tanh(B sqrt(j w)) / (Y0 sqrt(j w))", BOUKAMP,
        (Y0, _B), _finite_admittance(short_end),
    ),
    Element(
        "", "T", "finite-length diffusion, open (Boukamp's T)",
        "coth(B sqrt(j w)) / (Y0 sqrt(j w))", BOUKAMP,
        (Y0, _B), _finite_admittance(open_end),
    ),
)  # fmt: skip
