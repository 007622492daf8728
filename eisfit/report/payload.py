"""What the plots of the page are drawn from: plain lists of numbers with six digits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit.plots.curves import fitted
from eisfit.report.columns import role_name
from eisfit.report.entries import Entry

if TYPE_CHECKING:
    from eisfit.analysis import Analysis
    from eisfit.fitting.result import FitResult
    from eisfit.relaxation.result import DRTResult

DIGITS = 6
_FEW = 4  # digits of residuals and bands, which nobody reads to more
_MOST_POINTS = 400  # of a curve that is drawn as a line


def spectrum_payload(entry: Entry) -> dict[str, Any]:
    """Return everything that the plots show of one spectrum; impedances in ohm, -Im upward."""
    analysis = entry.analysis
    spectrum = analysis.spectrum
    return {
        "name": entry.name,
        "sample": entry.sample,
        "unit": unit(analysis),
        "verdict": analysis.validity.verdict,
        "conditions": {key: _plain(value) for key, value in entry.conditions.items()},
        "f": rounded(spectrum.frequency),
        "re": rounded(spectrum.impedance.real),
        "im": rounded(-spectrum.impedance.imag),
        "masked": {str(i): why for i, why in enumerate(spectrum.reasons) if why},
        "fit": _fit(analysis.fit),
        "misfit": _percent(analysis.fit.impedance - spectrum.impedance, spectrum.modulus),
        "kk": _percent(-analysis.validity.residuals, 1.0),
        "drt": _drt(analysis.drt, analysis.peak_roles),
    }


def unit(analysis: Analysis) -> str:
    """Return the sign of the unit of a spectrum's impedance."""
    return "Ω cm²" if "area_cm2" in analysis.spectrum.metadata else "Ω"


def rounded(values: Iterable[float], digits: int = DIGITS) -> list[float | None]:
    """Return numbers with so many digits; null for what is no number."""
    return [
        float(f"{value:.{digits - 1}e}") if math.isfinite(value) else None
        for value in map(float, values)
    ]


def _fit(fit: FitResult) -> dict[str, Any]:
    frequency, curve = fitted(fit)
    step = max(1, len(frequency) // _MOST_POINTS)
    return {
        "f": rounded(frequency[::step], _FEW + 1),
        "re": rounded(curve.real[::step]),
        "im": rounded(-curve.imag[::step]),
    }


def _percent(residual: Any, modulus: Any) -> dict[str, list[float | None]]:
    relative = 100.0 * np.asarray(residual) / modulus
    return {"re": rounded(relative.real, _FEW), "im": rounded(relative.imag, _FEW)}


def _drt(drt: DRTResult, roles: Mapping[int, str]) -> dict[str, Any]:
    low, high = drt.spectrum.tau_window
    return {
        "tau": rounded(drt.tau, _FEW + 1),
        "gamma": rounded(drt.gamma),
        "lower": _unless_empty(rounded(drt.lower, _FEW)),
        "upper": _unless_empty(rounded(drt.upper, _FEW)),
        "window": rounded((low, high)),
        "peaks": [
            {
                "tau": _plain(row["tau_s"]),
                "gamma": _plain(row["gamma_ohm"]),
                "r": _plain(row["resistance_ohm"]),
                "role": role_name(roles.get(number, "")),
                "status": row["status"],
            }
            for number, row in enumerate(drt.peak_rows, start=1)
        ],
    }


def _unless_empty(values: Sequence[float | None]) -> Sequence[float | None]:
    return values if any(value is not None for value in values) else []


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return rounded([value])[0]
