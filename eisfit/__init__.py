"""eisfit: electrochemical impedance spectra of battery cells, without starting values.

The public names are imported when they are first used, so `import eisfit` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from eisfit._version import __version__

if TYPE_CHECKING:
    from eisfit.analysis import Analysis, analyze
    from eisfit.api import (
        compare,
        drt,
        fit,
        fit_many,
        kramers_kronig,
        load,
        load_model,
        models,
        read,
    )
    from eisfit.batching.run import batch
    from eisfit.circuit.elements import element
    from eisfit.circuit.models import Model
    from eisfit.comparison import Comparison
    from eisfit.correction import correct
    from eisfit.errors import EisfitError
    from eisfit.fitting.result import FitResult
    from eisfit.geometry import Geometry
    from eisfit.relaxation.result import DRTResult
    from eisfit.report import write_report
    from eisfit.series import Member, Series
    from eisfit.spectrum import Spectrum
    from eisfit.validity import KKResult

_HOME = {
    "Analysis": "eisfit.analysis",
    "Comparison": "eisfit.comparison",
    "DRTResult": "eisfit.relaxation.result",
    "EisfitError": "eisfit.errors",
    "FitResult": "eisfit.fitting.result",
    "Geometry": "eisfit.geometry",
    "KKResult": "eisfit.validity",
    "Member": "eisfit.series",
    "Model": "eisfit.circuit.models",
    "Series": "eisfit.series",
    "Spectrum": "eisfit.spectrum",
    "analyze": "eisfit.analysis",
    "batch": "eisfit.batching.run",
    "compare": "eisfit.api",
    "correct": "eisfit.correction",
    "drt": "eisfit.api",
    "element": "eisfit.circuit.elements",
    "fit": "eisfit.api",
    "fit_many": "eisfit.api",
    "kramers_kronig": "eisfit.api",
    "load": "eisfit.api",
    "load_model": "eisfit.api",
    "models": "eisfit.api",
    "read": "eisfit.api",
    "write_report": "eisfit.report",
}

__all__ = [
    "Analysis",
    "Comparison",
    "DRTResult",
    "EisfitError",
    "FitResult",
    "Geometry",
    "KKResult",
    "Member",
    "Model",
    "Series",
    "Spectrum",
    "__version__",
    "analyze",
    "batch",
    "compare",
    "correct",
    "drt",
    "element",
    "fit",
    "fit_many",
    "kramers_kronig",
    "load",
    "load_model",
    "models",
    "read",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'eisfit' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
