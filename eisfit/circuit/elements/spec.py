"""What an element is: one frozen specification each, and the registry of all of them.

The units are carried as exponents of ohm and second, from which follow the scaling of a branch,
sensible ranges and the random shapes that a fit starts from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import ElementError

FloatArray = NDArray[np.float64]
# Always complex128 when it runs; numpy's type hints lose that on the way through arithmetic.
ComplexArray = NDArray[Any]
Evaluation = Callable[[FloatArray, FloatArray], tuple[ComplexArray, ComplexArray]]

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
        return self.unit == "1" and self.upper <= 1.0


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
    module : str
        Where a user's own element is defined; "" for ours.
    """

    symbol: str
    cdc: str
    name: str
    formula: str
    source: str
    parameters: tuple[Parameter, ...]
    evaluate: Evaluation
    resistance: int | None = None
    module: str = ""

    def parameter_names(self, label: str) -> tuple[str, ...]:
        """Return `R1` for a single parameter, `CPE1_0`, `CPE1_1` for several."""
        if len(self.parameters) == 1:
            return (label,)
        return tuple(f"{label}_{i}" for i in range(len(self.parameters)))

    def __reduce__(self) -> tuple[Any, ...]:
        # By name: an element is the same object in whatever process it arrives
        return (registered, (self.symbol, self.cdc, self.module))


# Filled by the package; `eisfit.element` adds a user's own to the first
BY_SYMBOL: dict[str, Element] = {}
BY_CDC: dict[str, Element] = {}


def registered(symbol: str, cdc: str, module: str) -> Element:
    """Return the element of a symbol; a user's own, by importing the module that defines it.

    Raises
    ------
    ElementError
        If no such element is registered even then.
    """
    known, key = (BY_SYMBOL, symbol) if symbol else (BY_CDC, cdc)
    if key not in known:
        load_definitions((module,))
    if key not in known:
        raise ElementError(
            f"no element {key} is registered in this process: define it at the top level of a "
            f"module that can be imported (it was defined in {module or 'no module'})"
        )
    return known[key]


def load_definitions(modules: tuple[str, ...]) -> None:
    """Import the modules in which users' elements are defined, where that is possible."""
    for module in modules:
        if module and module != "__main__":
            try:
                import_module(module)
            except ImportError as error:
                raise ElementError(
                    f"the module {module}, which defines an element, cannot be imported: {error}"
                ) from error


def columns(values: FloatArray) -> list[FloatArray]:
    """Return the parameters (..., 1) one by one."""
    return [values[..., i, None] for i in range(values.shape[-1])]


def stack(shape: tuple[int, ...], *derivatives: ComplexArray) -> ComplexArray:
    """Return derivatives, each of a shape that goes into (..., N), as (..., k, N)."""
    out = np.empty((*shape[:-1], len(derivatives), shape[-1]), dtype=np.complex128)
    for i, derivative in enumerate(derivatives):
        out[..., i, :] = derivative
    return out


def power(omega: FloatArray, alpha: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return (j omega)^alpha and ln(j omega)."""
    ln_omega = np.log(omega)
    return np.exp(alpha * ln_omega) * np.exp(alpha * J_HALF_PI), ln_omega + J_HALF_PI


OHM = Parameter("R", "ohm", ohm=1)
TAU = Parameter("tau", "s", second=1)
ALPHA = Parameter("alpha", "1", upper=1.0, typical=(0.5, 1.0))
BETA = Parameter("beta", "1", upper=1.0, typical=(0.5, 1.0))
Y0 = Parameter("Y0", "S s^0.5", ohm=-1, second=0.5)

BOUKAMP = "B. A. Boukamp, Solid State Ionics 20 (1986) 31"
IMPEDANCE_PY = "as in impedance.py 1.7: M. D. Murbach et al., JOSS 5 (2020) 2349"
PYIMPSPEC = "as in pyimpspec 5.1: V. Yrjänä, JOSS 7 (2022) 4808"
