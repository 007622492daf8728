"""Circuit elements: one frozen specification each, with formula, units, bounds and derivatives.

Every element computes its impedance and its exact partial derivatives together, over any leading
batch dimensions.
"""

from __future__ import annotations

from eisfit.circuit.elements.basic import BASIC
from eisfit.circuit.elements.custom import element
from eisfit.circuit.elements.diffusion import DIFFUSION
from eisfit.circuit.elements.lines import LINES
from eisfit.circuit.elements.relaxation import RELAXATION
from eisfit.circuit.elements.spec import (
    BY_CDC,
    BY_SYMBOL,
    ComplexArray,
    Element,
    FloatArray,
    Parameter,
    load_definitions,
)

ELEMENTS: tuple[Element, ...] = (*BASIC, *DIFFUSION, *RELAXATION, *LINES)

BY_SYMBOL.update({spec.symbol: spec for spec in ELEMENTS if spec.symbol})
BY_CDC.update({spec.cdc: spec for spec in ELEMENTS if spec.cdc})

__all__ = [
    "BY_CDC",
    "BY_SYMBOL",
    "ELEMENTS",
    "ComplexArray",
    "Element",
    "FloatArray",
    "Parameter",
    "element",
    "load_definitions",
]
