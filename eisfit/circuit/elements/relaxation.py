"""Relaxations: Debye, Cole-Cole, Cole-Davidson, Havriliak-Negami; Gerischer's reaction."""

from __future__ import annotations

import numpy as np

from eisfit.circuit.elements.spec import (
    ALPHA,
    BETA,
    IMPEDANCE_PY,
    OHM,
    PYIMPSPEC,
    TAU,
    Y0,
    ComplexArray,
    Element,
    FloatArray,
    Parameter,
    columns,
    power,
    stack,
)

_HAVRILIAK = "S. Havriliak, S. Negami, Polymer 8 (1967) 161"
_CAPACITANCE = Parameter("C", "F", ohm=-1, second=1)


def _voigt(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau = columns(values)
    unit = 1.0 / (1.0 + 1j * omega * tau)
    z = r * unit
    return z, stack(z.shape, unit, -1j * omega * z * unit)


def _series_rc(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    c, tau = columns(values)
    z = (tau - 1j / omega) / c
    return z, stack(z.shape, -z / c, 1.0 / c)


def _zarc(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau, alpha = columns(values)
    u, ln_jwt = power(omega * tau, alpha)
    unit = 1.0 / (1.0 + u)
    z = r * unit
    slope = -z * u * unit
    return z, stack(z.shape, unit, slope * alpha / tau, slope * ln_jwt)


def _havriliak(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau, alpha, beta = columns(values)
    u, ln_jwt = power(omega * tau, alpha)
    ln_inner = np.log1p(u)
    unit = np.exp(-beta * ln_inner)
    z = r * unit
    slope = -beta * z * u / (1.0 + u)
    return z, stack(z.shape, unit, slope * alpha / tau, slope * ln_jwt, -z * ln_inner)


def _havriliak_capacitance(
    omega: FloatArray, values: FloatArray
) -> tuple[ComplexArray, ComplexArray]:
    c, tau, alpha, beta = columns(values)
    u, ln_jwt = power(omega * tau, alpha)
    ln_inner = np.log1p(u)
    z = np.exp(beta * ln_inner) / (1j * omega * c)
    slope = beta * z * u / (1.0 + u)
    return z, stack(z.shape, -z / c, slope * alpha / tau, slope * ln_jwt, z * ln_inner)


def _gerischer(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau = columns(values)
    inner = 1.0 + 1j * omega * tau
    unit = 1.0 / np.sqrt(inner)
    z = r * unit
    return z, stack(z.shape, unit, -0.5j * omega * z / inner)


def _gerischer_with_exponent(
    omega: FloatArray, values: FloatArray
) -> tuple[ComplexArray, ComplexArray]:
    r, tau, alpha = columns(values)
    inner = 1.0 + 1j * omega * tau
    ln_inner = np.log(inner)
    unit = np.exp(-alpha * ln_inner)
    z = r * unit
    return z, stack(z.shape, unit, -1j * alpha * omega * z / inner, -z * ln_inner)


def _boukamp_gerischer(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    y0, k = columns(values)
    inner = k + 1j * omega
    z = 1.0 / (y0 * np.sqrt(inner))
    return z, stack(z.shape, -z / y0, -0.5 * z / inner)


RELAXATION: tuple[Element, ...] = (
    Element(
        "Zarc", "", "depressed arc (Cole-Cole)", "R / (1 + (j w tau)^alpha)",
        "K. S. Cole, R. H. Cole, J. Chem. Phys. 9 (1941) 341",
        (OHM, TAU, ALPHA), _zarc, resistance=0,
    ),
    Element(
        "K", "", "parallel RC by its time constant", "R / (1 + j w tau)",
        "M. Schoenleber, D. Klotz, E. Ivers-Tiffee, Electrochim. Acta 131 (2014) 20, eq. 6",
        (OHM, TAU), _voigt, resistance=0,
    ),
    Element(
        "Ky", "", "series RC by its time constant", "(1 + j w tau) / (j w C)", PYIMPSPEC,
        (_CAPACITANCE, TAU), _series_rc,
    ),
    Element(
        "Ha", "", "Havriliak-Negami arc", "R / (1 + (j w tau)^alpha)^beta",
        f"{_HAVRILIAK}, for an impedance",
        (OHM, TAU, ALPHA, BETA), _havriliak, resistance=0,
    ),
    Element(
        "H", "", "Havriliak-Negami capacitance", "(1 + (j w tau)^alpha)^beta / (j w C)",
        f"{_HAVRILIAK}, for a permittivity",
        (_CAPACITANCE, TAU, ALPHA, BETA), _havriliak_capacitance,
    ),
    Element(
        "G", "", "Gerischer", "R / sqrt(1 + j w tau)", IMPEDANCE_PY,
        (OHM, TAU), _gerischer, resistance=0,
    ),
    Element(
        "Ge", "", "Gerischer with exponent (Cole-Davidson arc)", "R / (1 + j w tau)^alpha",
        "D. W. Davidson, R. H. Cole, J. Chem. Phys. 19 (1951) 1484",
        (OHM, TAU, ALPHA), _gerischer_with_exponent, resistance=0,
    ),
    Element(
        "", "G", "Gerischer (Boukamp's G)", "1 / (Y0 sqrt(k + j w))",
        "B. A. Boukamp, H. J. M. Bouwmeester, Solid State Ionics 157 (2003) 29",
        (Y0, Parameter("k", "1/s", ohm=0, second=-1)), _boukamp_gerischer,
    ),
)  # fmt: skip
