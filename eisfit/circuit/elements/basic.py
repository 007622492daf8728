"""Resistor, capacitor, inductors, constant phase."""

from __future__ import annotations

import numpy as np

from eisfit.circuit.elements.spec import (
    ALPHA,
    BOUKAMP,
    OHM,
    ComplexArray,
    Element,
    FloatArray,
    Parameter,
    columns,
    power,
    stack,
)


def _resistor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (r,) = columns(values)
    z = r + np.zeros_like(omega, dtype=np.complex128)
    return z, stack(z.shape, np.ones_like(z))


def _capacitor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (c,) = columns(values)
    z = 1.0 / (1j * omega * c)
    return z, stack(z.shape, -z / c)


def _inductor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (inductance,) = columns(values)
    z = 1j * omega * inductance
    return z, stack(z.shape, 1j * omega)


def constant_phase(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return 1 / (Q (j w)^alpha)."""
    q, alpha = columns(values)
    inverse, ln_jw = power(omega, -alpha)
    z = inverse / q
    return z, stack(z.shape, -z / q, -z * ln_jw)


def _modified_inductor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    inductance, alpha = columns(values)
    unit, ln_jw = power(omega, alpha)
    z = inductance * unit
    return z, stack(z.shape, unit, z * ln_jw)


BASIC: tuple[Element, ...] = (
    Element("R", "R", "resistor", "R", BOUKAMP, (OHM,), _resistor, resistance=0),
    Element(
        "C", "C", "capacitor", "1 / (j w C)", BOUKAMP,
        (Parameter("C", "F", ohm=-1, second=1),), _capacitor,
    ),
    Element(
        "L", "L", "inductor", "j w L", BOUKAMP,
        (Parameter("L", "H", ohm=1, second=1),), _inductor,
    ),
    Element(
        "CPE", "Q", "constant phase element", "1 / (Q (j w)^alpha)",
        "G. J. Brug et al., J. Electroanal. Chem. 176 (1984) 275",
        (Parameter("Q", "S s^alpha", ohm=-1, second="alpha"), ALPHA), constant_phase,
    ),
    Element(
        "La", "", "modified inductor", "L (j w)^alpha",
        "as the text of impedance.py 1.7 has it (its code computes (L j w)^alpha)",
        (Parameter("L", "H s^(alpha-1)", ohm=1, second="alpha"), ALPHA), _modified_inductor,
    ),
)  # fmt: skip
