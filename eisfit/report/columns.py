"""How a column of a table is called, in which unit, and how its numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from eisfit.tables import quantity_and_unit

# name: label, unit, what the reader may ask
_KNOWN = {
    "name": ("Spectrum", "", ""),
    "message": ("Finding", "", ""),
    "circuit": ("Circuit", "", "as fitted"),
    "notes": ("Notes", "", "number of notes and doubts, listed below"),
    "sample": ("Sample", "", ""),
    "time_h": ("Time", "h", "of aging"),
    "temperature_c": ("Temperature", "°C", ""),
    "state": ("State", "", "of the cell"),
    "first": ("First", "", "sample"),
    "second": ("Second", "", "sample"),
    "ratio": ("Ratio", "", "first over second, or last over first"),
    "first_value_ohm": ("R first", "Ω", "at the start"),
    "last_value_ohm": ("R last", "Ω", "at the end"),
    "difference_ohm": ("Difference", "Ω", "last less first"),
    "difference_stderr_ohm": ("± 1 σ", "Ω", "standard error of the difference"),
    "n_spectra": ("Spectra", "", "how many the row rests on"),
    "n_cells": ("Cells", "", "how many the row rests on"),
    "n_temperatures": ("Temperatures", "", "how many the row rests on"),
    "p_corrected": ("p corrected", "", "Holm's correction for the number of comparisons"),
    "significant_corrected": ("Holds", "", "significant after Holm's correction"),
    "n_first": ("n first", "", "cells of the first sample"),
    "n_second": ("n second", "", "cells of the second sample"),
    "basis": ("Interval from", "", ""),
    "p_value": ("p", "", "probability of a difference at least as large by chance"),
    "trend_p": ("p of trend", "", "Kendall's test"),
    "trend_tau": ("Kendall's τ", "", ""),
    "delta_aicc": ("ΔAICc", "", "above the best"),
    "aicc": ("AICc", "", "Akaike's criterion, corrected for few data: lower is better"),
    "r0": ("R₀", "", "at time 0"), "r0_lower": ("R₀ from", "", ""), "r0_upper": ("R₀ to", "", ""),
    "k": ("k", "", "rate constant"), "k_lower": ("k from", "", ""), "k_upper": ("k to", "", ""),
    "t0": ("t₀", "h", ""),
    "t0_lower": ("t₀ from", "h", ""), "t0_upper": ("t₀ to", "h", ""),
    "k_unit": ("Unit of k", "", ""), "r0_unit": ("Unit", "", ""),
    "area_specific_ohm_cm2": ("R A", "Ω cm²", "resistance times area"),
    "area_specific_stderr_ohm_cm2": ("± R A", "Ω cm²", "standard error"),
    "area_specific_lower_ohm_cm2": ("R A from", "Ω cm²", "lower end of the 95 % interval"),
    "area_specific_upper_ohm_cm2": ("R A to", "Ω cm²", "upper end of the 95 % interval"),
    "conductivity_s_cm": ("σ", "S/cm", "ionic conductivity"),
    "conductivity_stderr_s_cm": ("± σ", "S/cm", "standard error"),
    "conductivity_lower_s_cm": ("σ from", "S/cm", "lower end of the 95 % interval"),
    "conductivity_upper_s_cm": ("σ to", "S/cm", "upper end of the 95 % interval"),
    "uncertainty": ("Errors hold", "", "what the standard errors are of"),
    "difference_percent": ("Difference", "%", "from the reference"),
    "energy_ev": ("E", "eV", "activation energy"), "energy_stderr_ev": ("± 1 σ", "eV", ""),
    "lower_ev": ("95 % from", "eV", ""), "upper_ev": ("95 % to", "eV", ""),
    "energy_kj_mol": ("E", "kJ/mol", "activation energy"),
    "low_c": ("T from", "°C", ""), "high_c": ("T to", "°C", ""),
    "curvature_p": ("p of a line", "", "of a straight line; small: curved"),
    "cell": ("Cell", "", ""),
    "sweep": ("Sweep", "", ""),
    "role": ("Role", "", "physical role that the model gives the element"),
    "element": ("Element", "", "of the circuit"),
    "resistance_ohm": ("R", "Ω", "resistance"),
    "stderr_ohm": ("± 1 σ", "Ω", "standard error"),
    "lower_ohm": ("95 % from", "Ω", "lower end of the 95 % interval"),
    "upper_ohm": ("95 % to", "Ω", "upper end of the 95 % interval"),
    "tau_s": ("τ", "s", "relaxation time"),
    "tau_stderr_s": ("± τ", "s", "standard error of the relaxation time"),
    "capacitance_f": ("C", "F", "effective capacitance, τ/R"),
    "capacitance_stderr_f": ("± C", "F", "standard error of the capacitance"),
    "alpha": ("α", "", "exponent of the constant phase element"),
    "alpha_stderr": ("± α", "", "standard error of the exponent"),
    "status": ("Status", "", "ok, or why the number is none"),
    "note": ("Note", "", ""),
    "peak": ("Peak", "", "number, from the shortest relaxation time"),
    "frequency_hz": ("f", "Hz", "1/(2πτ)"),
    "gamma_ohm": ("γ", "Ω", "height of the distribution"),
    "fraction": ("Share", "%", "of the polarisation resistance"),
    "probability": ("Probability", "%", "of the peak, given the data"),
    "tau_lower_s": ("τ from", "s", "lower end of the 95 % interval of τ"),
    "tau_upper_s": ("τ to", "s", "upper end of the 95 % interval of τ"),
    "width_decades": ("Width", "decades", "full width at half maximum"),
    "family": ("Shape", "", "of the fitted peak"),
    "shape": ("Kind", "", "maximum of γ, or shoulder of a neighbour"),
    "verdict": ("Kramers-Kronig", "", "verdict of the test"),
    "kk_rms_percent": ("Residual", "%", "of the Kramers-Kronig test, root mean square"),
    "rms_percent": ("Misfit", "%", "of the circuit fit, root mean square"),
    "points": ("Points", "", "used; masked ones behind a plus"),
    "f_max_hz": ("f max", "Hz", "highest frequency"),
    "f_min_hz": ("f min", "Hz", "lowest frequency"),
    "parameter": ("Parameter", "", ""),
    "value": ("Value", "", ""),
    "stderr": ("± 1 σ", "", "standard error"),
    "lower": ("95 % from", "", "lower end of the 95 % interval"),
    "upper": ("95 % to", "", "upper end of the 95 % interval"),
    "unit": ("Unit", "", ""),
    "reference_ohm": ("Reference", "Ω", "published, or the vendor's own value"),
    "sha256": ("SHA-256 of the file", "", ""),
    "source": ("File", "", ""),
    "bic": ("BIC", "", "Bayesian information criterion: lower is better"),
    "delta_bic": ("ΔBIC", "", "above the best"),
}  # fmt: skip
_SHARES = {"fraction", "probability"}  # 0 to 1 in the tables, shown in percent
# Chances, and errors: nobody reads these to four digits
_CHANCES = {"p_value", "trend_p", "curvature_p", "weight"}
_LEAST_CHANCE = 1e-4
_ROUGH = _CHANCES | {"probability", "fraction", "trend_tau", "delta_aicc"}
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NARROW = "\u202f"
NONE = "–"


@dataclass(frozen=True)
class Column:
    """One column: its name in the data, as it is shown, and `kind`, "text" or "number"."""

    name: str
    label: str
    unit: str
    help: str
    kind: str


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the number (six digits) or text that it is sorted and copied by."""

    text: str
    value: str


def column_of(name: str, kind: str, per_area: bool = False) -> Column:
    """Return the column that shows what the data call `name`.

    `per_area` says that every "ohm" of the spectra is an ohm cm2.
    """
    label, unit, help_text = _KNOWN.get(name) or _unknown(name)
    if per_area and unit == "Ω":
        unit = "Ω cm²"
    return Column(name, label, unit, help_text, kind)


def _unknown(name: str) -> tuple[str, str, str]:
    words, unit = quantity_and_unit(name)
    return words[:1].upper() + words[1:], unit, ""


def cell_of(name: str, value: Any) -> Cell:
    """Return how a value of the column `name` is shown and sorted."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(NONE, "")
    if isinstance(value, bool | np.bool_):
        return Cell("yes" if value else "no", "yes" if value else "no")
    if is_number(value):
        shown = 100.0 * value if name in _SHARES else value
        few = name.endswith("percent") or "stderr" in name or name in _ROUGH
        if name in _CHANCES and 0 <= value < _LEAST_CHANCE:
            return Cell(f"< {_LEAST_CHANCE:g}", f"{shown:.6g}")
        return Cell(number(shown, 3 if few else 4), f"{shown:.6g}")
    text = str(value)
    if name in ("role", "status"):
        text = role_name(text)
    return Cell(text or NONE, text)


def role_name(name: str) -> str:
    """Return a role as a reader knows it: `grain boundary`, `R_electrolyte`."""
    return name if name.startswith("R_") else name.replace("_", " ")


def is_number(value: Any) -> bool:
    """Return whether a value is a number, of Python or numpy; truth values are none."""
    return hasattr(value, "__float__") and not isinstance(value, bool | np.bool_ | str)


def number(value: float, digits: int = 4) -> str:
    """Return a number as a person reads it: `50 800`, `0.9499`, `1.103×10⁻⁵`, `∞`."""
    value = float(value)
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if value.is_integer() and abs(value) < 1e5:
        text = f"{int(value):,}" if abs(value) >= 1e4 else str(int(value))
    elif -3 <= exponent < 6:
        decimals = max(digits - 1 - exponent, 0)
        text = f"{rounded:,.{decimals}f}" if abs(rounded) >= 1e4 else f"{rounded:.{decimals}f}"
    else:
        mantissa = f"{rounded / 10.0**exponent:.{digits - 1}f}"
        text = f"{mantissa}×10{str(exponent).translate(_SUPERSCRIPT)}"
    return text.replace(",", _NARROW).replace("-", "−")
