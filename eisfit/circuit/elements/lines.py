"""Transmission lines: pores of an electrode, with total resistances and time constants.

A line of ionic resistance R whose wall admits Y in all, and whose inner end is closed by Z_B, has

    Z / R = (1 + zeta C) / (C + zeta X),  X = R Y,  C = sqrt(X) coth(sqrt(X)),  zeta = Z_B / R

(J. Bisquert, Phys. Chem. Chem. Phys. 2 (2000) 4185, eq. 18 with one resistance): C / X for an end
that reflects, 1 / C for one that transmits.
"""

from __future__ import annotations

import numpy as np

from eisfit.circuit.elements.diffusion import End, open_end, short_end, x_coth_x
from eisfit.circuit.elements.spec import (
    ALPHA,
    BETA,
    OHM,
    TAU,
    ComplexArray,
    Element,
    Evaluation,
    FloatArray,
    Parameter,
    columns,
    power,
    stack,
)

_BISQUERT = "J. Bisquert, Phys. Chem. Chem. Phys. 2 (2000) 4185"


def _paasch(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    big_a, big_b, a, b = columns(values)
    square = a + 1j * omega * b
    coth_part, coth_slope, _ = open_end(square)
    beta = np.sqrt(square)
    decay = np.exp(-beta)
    csch = -2.0 * decay / np.expm1(-2.0 * beta)
    csch_part = csch / beta
    # d ln(csch(beta) / beta) / d ln(beta^2) = -(1 + beta coth(beta)) / 2
    csch_slope = -0.5 * csch_part * (1.0 + square * coth_part)
    z = big_a * coth_part + big_b * csch_part
    slope = (big_a * coth_slope + big_b * csch_slope) / square
    return z, stack(z.shape, coth_part, csch_part, slope, 1j * omega * slope)


def _finite_gerischer(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau, phi = columns(values)
    inner = 1.0 + 1j * omega * tau
    unit, slope, both = open_end(phi**2 * inner)
    z = r * phi * unit
    return z, stack(z.shape, phi * unit, r * phi * slope * 1j * omega / inner, r * (slope + both))


def _blocking(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return a pore with a CPE as its wall, in Q, its end reflecting."""
    r, q, alpha = columns(values)
    unit_cpe, ln_jw = power(omega, alpha)
    square = r * q * unit_cpe
    unit, slope, both = open_end(square)
    return r * unit, stack(square.shape, both, r * slope / q, r * slope * ln_jw)


def _reacting(end: End) -> Evaluation:
    """Return a pore whose wall is R_ct beside a CPE, in tau = (R_ct Q)^(1/alpha)."""

    def evaluate(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        r, r_ct, tau, alpha = columns(values)
        u, ln_jwt = power(omega * tau, alpha)
        unit, slope, both = end(r / r_ct * (1.0 + u))
        by_u = r * slope * u / (1.0 + u)
        return r * unit, stack(u.shape, both, -r / r_ct * slope, by_u * alpha / tau, by_u * ln_jwt)

    return evaluate


def _closed(square: ComplexArray, zeta: ComplexArray) -> tuple[ComplexArray, ...]:
    """Return Z/R of a line and its derivatives by ln X and ln zeta."""
    c, c_slope, beyond = x_coth_x(square)
    below = c + zeta * square
    unit = (1.0 + zeta * c) / below
    by_x = ((zeta**2 * square - 1.0) * c_slope - zeta * (1.0 + zeta * c)) / below**2
    return unit, square * by_x, zeta * beyond / below**2


def _blocking_closed(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau, alpha, tau_b, beta = columns(values)
    square, ln_jwt = power(omega * tau, alpha)
    zeta, ln_jwt_b = power(omega * tau_b, -beta)
    unit, by_x, by_zeta = _closed(square, zeta)
    return r * unit, stack(
        square.shape,
        unit,
        r * by_x * alpha / tau,
        r * by_x * ln_jwt,
        -r * by_zeta * beta / tau_b,
        -r * by_zeta * ln_jwt_b,
    )


def _reacting_closed(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, r_ct, tau, alpha, r_b, tau_b, beta = columns(values)
    u, ln_jwt = power(omega * tau, alpha)
    v, ln_jwt_b = power(omega * tau_b, beta)
    unit, by_x, by_zeta = _closed(r / r_ct * (1.0 + u), r_b / r / (1.0 + v))
    by_u = r * by_x * u / (1.0 + u)
    by_v = -r * by_zeta * v / (1.0 + v)
    return r * unit, stack(
        u.shape,
        unit + by_x - by_zeta,
        -r / r_ct * by_x,
        by_u * alpha / tau,
        by_u * ln_jwt,
        r / r_b * by_zeta,
        by_v * beta / tau_b,
        by_v * ln_jwt_b,
    )


_R_CT = Parameter("R_ct", "ohm", ohm=1)
_R_B = Parameter("R_B", "ohm", ohm=1)
_TAU_B = Parameter("tau_B", "s", second=1)

LINES: tuple[Element, ...] = (
    Element(
        "T", "", "macrohomogeneous porous electrode",
        "A coth(b') / b' + B / (b' sinh(b')), b' = sqrt(a + j w b)",
        "G. Paasch, K. Micka, P. Gersdorf, Electrochim. Acta 38 (1993) 2653, eq. 22",
        (
            Parameter("A", "ohm", ohm=1),
            Parameter("B", "ohm", ohm=1),
            Parameter("a", "1"),
            Parameter("b", "s", second=1),
        ),
        _paasch, resistance=0,
    ),
    Element(
        "Gs", "", "Gerischer of finite length",
        "R / (s tanh(phi s)), s = sqrt(1 + j w tau)",
        "R. D. Green, C.-C. Liu, S. B. Adler, Solid State Ionics 179 (2008) 647",
        (OHM, TAU, Parameter("phi", "1")), _finite_gerischer, resistance=0,
    ),
    Element(
        "TLMQ", "", "blocking pore, reflecting end",
        "R coth(x) / x, x = sqrt(R Q (j w)^alpha)",
        "J. Landesfeind et al., J. Electrochem. Soc. 163 (2016) A1373, eq. 11",
        (OHM, Parameter("Q", "S s^alpha", ohm=-1, second="alpha"), ALPHA), _blocking,
        resistance=0,
    ),
    Element(
        "Tlmbq", "", "blocking pore, CPE at its end",
        "R (1 + z C) / (C + z x^2), C = x coth(x), x = (j w tau)^(alpha/2), "
        "z = (j w tau_B)^-beta",
        f"{_BISQUERT}, eq. 34, with a CPE as wall",
        (OHM, TAU, ALPHA, _TAU_B, BETA), _blocking_closed, resistance=0,
    ),
    Element(
        "Ls", "", "pore with charge transfer, reflecting end (de Levie)",
        "R coth(x) / x, x = sqrt((R/R_ct) (1 + (j w tau)^alpha))",
        "R. de Levie, Electrochim. Acta 9 (1964) 1231; J. Bisquert et al., "
        "J. Phys. Chem. B 104 (2000) 2287, eq. 42",
        (OHM, _R_CT, TAU, ALPHA), _reacting(open_end), resistance=1,
    ),
    Element(
        "Tlmns", "", "pore with charge transfer, transmitting end",
        "R tanh(x) / x, x = sqrt((R/R_ct) (1 + (j w tau)^alpha))",
        f"{_BISQUERT}, eqs. 18 and 39, Z_B = 0",
        (OHM, _R_CT, TAU, ALPHA), _reacting(short_end), resistance=1,
    ),
    Element(
        "Tlmnq", "", "pore with charge transfer, R and CPE at its end",
        "R (1 + z C) / (C + z x^2), C = x coth(x), x = sqrt((R/R_ct) (1 + (j w tau)^alpha)), "
        "z = (R_B/R) / (1 + (j w tau_B)^beta)",
        f"{_BISQUERT}, eqs. 18, 39 and 43",
        (OHM, _R_CT, TAU, ALPHA, _R_B, _TAU_B, BETA), _reacting_closed, resistance=1,
    ),
)  # fmt: skip
