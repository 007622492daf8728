"""What `fit`, `drt` and `kk` do with one spectrum, write of it, and show of it."""

# ruff: noqa: D102 - said once, in Job

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eisfit.cli import tables
from eisfit.cli.drawing import Draw, Drawn
from eisfit.cli.screen import Screen
from eisfit.cli.text import number, percent, prefixed
from eisfit.export import csv_text
from eisfit.saved import saved_text
from eisfit.tables import frame, records

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.analysis import Analysis
    from eisfit.circuit.models import Model
    from eisfit.relaxation.result import DRTResult
    from eisfit.spectrum import Spectrum
    from eisfit.validity import KKResult


class Job(Protocol):
    """One kind of work on a spectrum."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of its tables, which are also written for all spectra together."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of its other files that are no plots."""

    @property
    def plots(self) -> tuple[str, ...]:
        """Names of its plots, without suffix."""

    def compute(self, spectrum: Spectrum) -> Any:
        """Do the work."""

    def frames(self, result: Any) -> dict[str, pd.DataFrame]:
        """Return its tables by name."""

    def contents(self, result: Any) -> dict[str, str]:
        """Return its other texts, by name."""

    def to_draw(self, result: Any) -> tuple[tuple[Draw, ...], Any]:
        """Return what draws its plots, and from what."""

    def show(self, result: Any, screen: Screen) -> None:
        """Print it."""

    def document(self, result: Any) -> dict[str, Any]:
        """Return it as JSON."""


@dataclass(frozen=True)
class Analyze:
    """The whole chain."""

    model: str | Model
    options: Mapping[str, Any]
    tables = ("resistances.csv", "drt_peaks.csv")
    texts = ("fit.json",)
    plots = ("nyquist", "bode", "drt", "residuals")

    @classmethod
    def of(cls, model: str, **options: Any) -> Analyze:
        """Return the job; a wrong model or option is found here, before any file is read."""
        from eisfit.api import load_model

        options["drt_options"] = checked_drt_options(options["drt_options"])
        return cls("auto" if model == "auto" else load_model(model), options)

    def compute(self, spectrum: Spectrum) -> Analysis:
        from eisfit.analysis import analyze

        return analyze(spectrum, self.model, **self.options)

    def frames(self, result: Analysis) -> dict[str, pd.DataFrame]:
        return {"resistances.csv": result.resistances(), "drt_peaks.csv": result.peaks()}

    def contents(self, result: Analysis) -> dict[str, str]:
        return {"fit.json": saved_text(result.fit)}

    def to_draw(self, result: Analysis) -> tuple[tuple[Draw, ...], Any]:
        return (_draw_findings, _draw_curves), result

    def show(self, result: Analysis, screen: Screen) -> None:
        fit = result.fit
        screen.line("Kramers-Kronig", result.validity.message)
        screen.line("Circuit", _circuit(result))
        screen.line("Fit", f"misfit {percent(fit.rms)} rms; {fit.message}")
        if result.evidence:
            tables.candidates(result.evidence, screen)
        tables.resistances(result.resistances(), screen)
        tables.peaks(result.peaks(), screen)
        screen.notes(result.notes)

    def document(self, result: Analysis) -> dict[str, Any]:
        fit = result.fit
        measures = ("success", "message", "rms", "chi_square", "n_data", "n_free", "aic", "bic")
        return {
            "kramers_kronig": _verdict(result.validity),
            "model": {
                "name": result.model.name,
                "circuit": fit.model.circuit.text,
                "not_supported": list(result.dropped),
            },
            "candidates": [dict(row) for row in result.evidence],
            "fit": {
                **{name: getattr(fit, name) for name in measures},
                "parameters": records(fit.parameters()),
            },
            "resistances": records(result.resistances()),
            "drt": _distribution(result.drt),
            "peaks": records(result.peaks()),
            "notes": list(result.notes),
        }


@dataclass(frozen=True)
class Relaxation:
    """The distribution of relaxation times alone."""

    engine: str
    options: Mapping[str, Any]
    tables = ("drt_peaks.csv",)
    texts = ("drt.csv",)
    plots = ("drt",)

    @classmethod
    def of(cls, engine: str, options: Mapping[str, Any]) -> Relaxation:
        """Return the job; a wrong option is found here, before any file is read."""
        return cls(engine, checked_drt_options(options, engine))

    def compute(self, spectrum: Spectrum) -> DRTResult:
        from eisfit.api import drt

        return drt(spectrum, engine=self.engine, **self.options)

    def frames(self, result: DRTResult) -> dict[str, pd.DataFrame]:
        return {"drt_peaks.csv": result.peaks()}

    def contents(self, result: DRTResult) -> dict[str, str]:
        names = ("tau_s", "frequency_hz", "gamma_ohm", "lower_ohm", "upper_ohm", "in_window",
                 "regularised_ohm", "parametric_ohm")  # fmt: skip
        columns: tuple[Any, ...] = (
            result.tau, 1.0 / (2.0 * np.pi * result.tau), result.gamma, result.lower,
            result.upper, result.in_window, result.regularised, result.parametric,
        )  # fmt: skip
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return {"drt.csv": csv_text(frame(rows, names))}

    def to_draw(self, result: DRTResult) -> tuple[tuple[Draw, ...], Any]:
        return (_draw_drt,), result

    def show(self, result: DRTResult, screen: Screen) -> None:
        screen.line(
            "DRT",
            f"R_inf {number(result.resistance_inf, 4)} ohm, "
            f"R_pol {number(result.resistance_polarization, 4)} ohm, "
            f"L {prefixed(result.inductance, 'H')}, lambda {number(result.regularization)} "
            f"({result.criterion}), misfit {percent(result.rms)} rms",
        )
        tables.peaks(result.peaks(), screen)
        screen.notes(_with_warnings(result.spectrum, result.messages))

    def document(self, result: DRTResult) -> dict[str, Any]:
        return {
            "drt": _distribution(result),
            "peaks": records(result.peaks()),
            "notes": list(_with_warnings(result.spectrum, result.messages)),
        }


@dataclass(frozen=True)
class Validity:
    """The Kramers-Kronig test alone."""

    tables = ("kramers_kronig.csv",)
    texts = ()
    plots = ("residuals",)

    def compute(self, spectrum: Spectrum) -> KKResult:
        from eisfit.api import kramers_kronig

        return kramers_kronig(spectrum)

    def frames(self, result: KKResult) -> dict[str, pd.DataFrame]:
        names = ("sample", "sweep", "frequency_hz", "residual_real", "residual_imaginary",
                 "suspect", "masked_because", "suspect_because", "noise_ohm")  # fmt: skip
        spectrum = result.spectrum
        columns = (
            [spectrum.label] * len(spectrum), [spectrum.sweep] * len(spectrum), spectrum.frequency,
            result.residuals.real, result.residuals.imag, result.suspect, spectrum.reasons,
            result.reasons, result.noise,
        )  # fmt: skip
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return {"kramers_kronig.csv": frame(rows, names)}

    def contents(self, result: KKResult) -> dict[str, str]:
        return {}

    def to_draw(self, result: KKResult) -> tuple[tuple[Draw, ...], Any]:
        return (_draw_kk,), result

    def show(self, result: KKResult, screen: Screen) -> None:
        screen.line("Kramers-Kronig", result.message)
        screen.notes(_with_warnings(result.spectrum))

    def document(self, result: KKResult) -> dict[str, Any]:
        table = self.frames(result)["kramers_kronig.csv"].drop(columns=["sample", "sweep"])
        notes = list(_with_warnings(result.spectrum))
        return {"kramers_kronig": _verdict(result), "points": records(table), "notes": notes}


def _with_warnings(spectrum: Spectrum, notes: Sequence[str] = ()) -> tuple[str, ...]:
    """Return notes, after what the reader of the file warned of."""
    from eisfit.remarks import reader_warnings

    return (*reader_warnings(spectrum), *notes)


def checked_drt_options(options: Mapping[str, Any], engine: str = "eisfit") -> dict[str, Any]:
    """Return the options of a DRT with lambda as a number where it is one."""
    from eisfit.relaxation.settings import Settings

    checked = dict(options)
    with suppress(ValueError):
        checked["regularization"] = float(options["regularization"])
    if engine == "eisfit":
        Settings.of(checked)
    return checked


def _circuit(result: Analysis) -> str:
    used = result.fit.model.circuit.text
    if result.model.name in (used, result.model.circuit.text):
        return used
    return f"{result.model.name}, {used}"


def _draw_curves(result: Analysis, formats: tuple[str, ...]) -> Drawn:
    from eisfit import plots

    drawn = {
        "nyquist": plots.nyquist(result.spectrum, result.fit),
        "bode": plots.bode(result.spectrum, result.fit),
    }
    return _rendered(drawn, formats)


def _draw_findings(result: Analysis, formats: tuple[str, ...]) -> Drawn:
    from eisfit import plots

    drawn = {
        "drt": plots.drt(result.drt, roles=result.peak_roles),
        "residuals": plots.residuals(result.validity, result.fit),
    }
    return _rendered(drawn, formats)


def _draw_drt(result: DRTResult, formats: tuple[str, ...]) -> Drawn:
    from eisfit import plots

    return _rendered({"drt": plots.drt(result)}, formats)


def _draw_kk(result: KKResult, formats: tuple[str, ...]) -> Drawn:
    from eisfit import plots

    return _rendered({"residuals": plots.residuals(result)}, formats)


def _rendered(drawn: Mapping[str, Any], formats: tuple[str, ...]) -> Drawn:
    from eisfit import plots

    return [
        (f"{name}.{suffix}", plots.render(axes, suffix))
        for name, axes in drawn.items()
        for suffix in formats
    ]


def _verdict(result: KKResult) -> dict[str, Any]:
    return {
        "valid": result.valid,
        "verdict": result.verdict,
        "message": result.message,
        "rms": result.rms,
        "n_rc": result.n_rc,
        "mu": result.mu,
        "suspect": [
            {"frequency_hz": float(f), "because": why}
            for f, why in zip(result.spectrum.frequency, result.reasons, strict=True)
            if why
        ],
    }


def _distribution(result: DRTResult) -> dict[str, Any]:
    return {
        "resistance_inf_ohm": result.resistance_inf,
        "resistance_polarization_ohm": result.resistance_polarization,
        "inductance_h": result.inductance,
        "regularization": result.regularization,
        "criterion": result.criterion,
        "method": result.method,
        "share": result.share,
        "reason": result.reason,
        "tail": [{"size": size, "alpha": alpha} for size, alpha in result.tail],
        "rms": result.rms,
        "messages": list(result.messages),
    }
