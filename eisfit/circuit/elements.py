"""Circuit elements: one frozen specification each, with formula, units, bounds and derivatives.

Every element computes its impedance and its exact partial derivatives together, over any leading
batch dimensions. The units are carried as exponents of ohm and second, from which follow the
scaling of a branch, sensible ranges and the random shapes that a fit starts from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# Always complex128 when it runs; numpy's type hints lose that on the way through arithmetic.
ComplexArray = NDArray[Any]
Evaluation = Callable[[FloatArray, FloatArray], tuple[ComplexArray, ComplexArray]]
Kernel = Callable[[ComplexArray], tuple[ComplexArray, ComplexArray]]

J_HALF_PI = 0.5j * np.pi


@dataclass(frozen=True)
class Parameter:
    """One parameter of an element.

    Its unit is ohm**ohm * s**second, where `second` may be "alpha" for a power that is itself the
    element's exponent parameter (S s^alpha of a CPE).
    """

    symbol: str
    unit: str
    ohm: int = 0
    second: float | Literal["alpha"] = 0
    lower: float = 0.0
    upper: float = np.inf
    typical: tuple[float, float] = (0.1, 10.0)

    @property
    def is_exponent(self) -> bool:
        """Whether this is a bounded power (alpha), worked in linearly rather than by logarithm."""
        return self.symbol == "alpha"


@dataclass(frozen=True)
class Element:
    """An element of a circuit.

    Attributes
    ----------
    symbol : str
        Its letters in circuit text, in impedance.py's grammar.
    cdc : str
        Its letter in a Boukamp circuit description code; "" where it has none.
    name, formula, source : str
        What it is, Z as text, and where that is from.
    parameters : tuple of Parameter
    evaluate : function of (omega (N,), values (..., k))
        Returns impedance (..., N) and its derivatives (..., k, N).
    resistance : int or None
        Which parameter is the element's resistance, in ohm.
    """

    symbol: str
    cdc: str
    name: str
    formula: str
    source: str
    parameters: tuple[Parameter, ...]
    evaluate: Evaluation
    resistance: int | None = None

    def parameter_names(self, label: str) -> tuple[str, ...]:
        """Return `R1` for a single parameter, `CPE1_0`, `CPE1_1` for several."""
        if len(self.parameters) == 1:
            return (label,)
        return tuple(f"{label}_{i}" for i in range(len(self.parameters)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_registered, (self.symbol, self.cdc))


def _columns(values: FloatArray) -> list[FloatArray]:
    return [values[..., i, None] for i in range(values.shape[-1])]


def _power(omega: FloatArray, alpha: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return (j omega)^alpha and ln(j omega)."""
    ln_omega = np.log(omega)
    return np.exp(alpha * ln_omega) * np.exp(alpha * J_HALF_PI), ln_omega + J_HALF_PI


def _stack(shape: tuple[int, ...], *derivatives: ComplexArray) -> ComplexArray:
    out = np.empty((*shape[:-1], len(derivatives), shape[-1]), dtype=np.complex128)
    for i, derivative in enumerate(derivatives):
        out[..., i, :] = derivative
    return out


def _resistor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (r,) = _columns(values)
    z = r + np.zeros_like(omega, dtype=np.complex128)
    return z, _stack(z.shape, np.ones_like(z))


def _capacitor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (c,) = _columns(values)
    z = 1.0 / (1j * omega * c)
    return z, _stack(z.shape, -z / c)


def _inductor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (inductance,) = _columns(values)
    z = 1j * omega * inductance
    return z, _stack(z.shape, 1j * omega)


def _cpe(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    q, alpha = _columns(values)
    power, ln_jw = _power(omega, -alpha)
    z = power / q
    return z, _stack(z.shape, -z / q, -z * ln_jw)


def _warburg(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    (sigma,) = _columns(values)
    unit = (1.0 - 1.0j) / np.sqrt(omega)
    z = sigma * unit
    return z, _stack(z.shape, unit)


def _coth_over_x(x: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return coth(x)/x and its derivative."""
    coth = 1.0 / np.tanh(x)
    return coth / x, -(coth**2 - 1.0) / x - coth / x**2


def _tanh_over_x(x: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return tanh(x)/x and its derivative, by series where the difference would cancel."""
    tanh = np.tanh(x)
    direct = (1.0 - tanh**2) / x - tanh / x**2
    square = x**2
    series = x * (-2 / 3 + square * (8 / 15 + square * (-34 / 105 + square * (496 / 2835))))
    return tanh / x, np.where(np.abs(x) < 0.03, series, direct)


def _open_warburg(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    z0, tau = _columns(values)
    x = np.sqrt(1j * omega * tau)
    unit, slope = _coth_over_x(x)
    return z0 * unit, _stack(x.shape, unit, z0 * slope * x / (2.0 * tau))


def _short_warburg(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    z0, tau = _columns(values)
    x = np.sqrt(1j * omega * tau)
    unit, slope = _tanh_over_x(x)
    return z0 * unit, _stack(x.shape, unit, z0 * slope * x / (2.0 * tau))


def _zarc(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau, alpha = _columns(values)
    u, ln_jwt = _power(omega * tau, alpha)
    unit = 1.0 / (1.0 + u)
    z = r * unit
    slope = -z * u * unit
    return z, _stack(z.shape, unit, slope * alpha / tau, slope * ln_jwt)


def _gerischer(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau = _columns(values)
    inner = 1.0 + 1j * omega * tau
    unit = 1.0 / np.sqrt(inner)
    z = r * unit
    return z, _stack(z.shape, unit, -0.5j * omega * z / inner)


def _modified_inductor(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    inductance, alpha = _columns(values)
    power, ln_jw = _power(omega, alpha)
    z = inductance * power
    return z, _stack(z.shape, power, z * ln_jw)


def _voigt(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    r, tau = _columns(values)
    unit = 1.0 / (1.0 + 1j * omega * tau)
    z = r * unit
    return z, _stack(z.shape, unit, -1j * omega * z * unit)


def _paasch(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    big_a, big_b, a, b = _columns(values)
    beta = np.sqrt(a + 1j * omega * b)
    coth_part, coth_slope = _coth_over_x(beta)
    # 1/sinh written with decaying exponentials, so that a large beta gives 0 and not inf/inf
    csch = -2.0 * np.exp(-beta) / np.expm1(-2.0 * beta)
    csch_part = csch / beta
    csch_slope = -csch_part * (1.0 / beta + 1.0 / np.tanh(beta))
    z = big_a * coth_part + big_b * csch_part
    slope = (big_a * coth_slope + big_b * csch_slope) / (2.0 * beta)
    return z, _stack(z.shape, coth_part, csch_part, slope, 1j * omega * slope)


def _finite_admittance(
    kernel: Callable[[ComplexArray], tuple[ComplexArray, ComplexArray]],
) -> Evaluation:
    """Return the finite-length diffusion of `kernel` in Boukamp's parameters Y0 and B."""

    def evaluate(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        y0, b = _columns(values)
        root = np.sqrt(1j * omega)
        unit, slope = kernel(b * root)
        z = b / y0 * unit
        return z, _stack(z.shape, -z / y0, (unit + b * root * slope) / y0)

    return evaluate


def _boukamp_gerischer(omega: FloatArray, values: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    y0, k = _columns(values)
    inner = k + 1j * omega
    z = 1.0 / (y0 * np.sqrt(inner))
    return z, _stack(z.shape, -z / y0, -0.5 * z / inner)


_OHM = Parameter("R", "ohm", ohm=1)
_TAU = Parameter("tau", "s", second=1)
_ALPHA = Parameter("alpha", "1", upper=1.0, typical=(0.5, 1.0))
_Y0 = Parameter("Y0", "S s^0.5", ohm=-1, second=0.5)
_BOUKAMP = "B. A. Boukamp, Solid State Ionics 20 (1986) 31"
_IMPEDANCE_PY = "as in impedance.py 1.7: M. D. Murbach et al., JOSS 5 (2020) 2349"

ELEMENTS: tuple[Element, ...] = (
    Element("R", "R", "resistor", "R", _BOUKAMP, (_OHM,), _resistor, resistance=0),
    Element(
        "C", "C", "capacitor", "1 / (j w C)", _BOUKAMP,
        (Parameter("C", "F", ohm=-1, second=1),), _capacitor,
    ),
    Element(
        "L", "L", "inductor", "j w L", _BOUKAMP,
        (Parameter("L", "H", ohm=1, second=1),), _inductor,
    ),
    Element(
        "CPE", "Q", "constant phase element", "1 / (Q (j w)^alpha)",
        "G. J. Brug et al., J. Electroanal. Chem. 176 (1984) 275",
        (Parameter("Q", "S s^alpha", ohm=-1, second="alpha"), _ALPHA), _cpe,
    ),
    Element(
        "W", "W", "semi-infinite Warburg diffusion", "sigma (1 - j) / sqrt(w)", _IMPEDANCE_PY,
        (Parameter("sigma", "ohm s^-0.5", ohm=1, second=-0.5),), _warburg,
    ),
    Element(
        "Wo", "", "finite-length Warburg, open (reflecting end)",
        "Z0 coth(sqrt(j w tau)) / sqrt(j w tau)", _IMPEDANCE_PY,
        (Parameter("Z0", "ohm", ohm=1), _TAU), _open_warburg, resistance=0,
    ),
    Element(
        "Ws", "", "finite-length Warburg, short (transmitting end)",
        "Z0 tanh(sqrt(j w tau)) / sqrt(j w tau)", _IMPEDANCE_PY,
        (Parameter("Z0", "ohm", ohm=1), _TAU), _short_warburg, resistance=0,
    ),
    Element(
        "Zarc", "", "depressed arc (Cole-Cole)", "R / (1 + (j w tau)^alpha)",
        "K. S. Cole, R. H. Cole, J. Chem. Phys. 9 (1941) 341",
        (_OHM, _TAU, _ALPHA), _zarc, resistance=0,
    ),
    Element(
        "G", "", "Gerischer", "R / sqrt(1 + j w tau)", _IMPEDANCE_PY,
        (_OHM, _TAU), _gerischer, resistance=0,
    ),
    Element(
        "La", "", "modified inductor", "L (j w)^alpha",
        "as the text of impedance.py 1.7 has it (its code computes (L j w)^alpha)",
        (Parameter("L", "H s^(alpha-1)", ohm=1, second="alpha"), _ALPHA), _modified_inductor,
    ),
    Element(
        "K", "", "parallel RC by its time constant", "R / (1 + j w tau)",
        "M. Schoenleber, D. Klotz, E. Ivers-Tiffee, Electrochim. Acta 131 (2014) 20, eq. 6",
        (_OHM, _TAU), _voigt, resistance=0,
    ),
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
        "", "O", "finite-length diffusion, short (Boukamp's O)",
        "tanh(B sqrt(j w)) / (Y0 sqrt(j w))", _BOUKAMP,
        (_Y0, Parameter("B", "s^0.5", second=0.5)), _finite_admittance(_tanh_over_x),
    ),
    Element(
        "", "T", "finite-length diffusion, open (Boukamp's T)",
        "coth(B sqrt(j w)) / (Y0 sqrt(j w))", _BOUKAMP,
        (_Y0, Parameter("B", "s^0.5", second=0.5)), _finite_admittance(_coth_over_x),
    ),
    Element(
        "", "G", "Gerischer (Boukamp's G)", "1 / (Y0 sqrt(k + j w))",
        "B. A. Boukamp, H. J. M. Bouwmeester, Solid State Ionics 157 (2003) 29",
        (_Y0, Parameter("k", "1/s", second=-1)), _boukamp_gerischer,
    ),
)  # fmt: skip

BY_SYMBOL = {element.symbol: element for element in ELEMENTS if element.symbol}
BY_CDC = {element.cdc: element for element in ELEMENTS if element.cdc}


def _registered(symbol: str, cdc: str) -> Element:
    return BY_SYMBOL[symbol] if symbol else BY_CDC[cdc]
