"""One spectrum through the whole chain: validity, circuit, relaxation times, roles, doubts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eisfit.circuit.models import Model, load_model
from eisfit.fitting.choose import Choice, choose
from eisfit.fitting.derived import resistance_rows
from eisfit.fitting.engine import fit_spectrum
from eisfit.fitting.options import FitOptions, options_from
from eisfit.fitting.prune import Pruned, prune
from eisfit.fitting.result import FitResult
from eisfit.frozen import FrozenDict
from eisfit.relaxation import drt_spectrum
from eisfit.relaxation.result import DRTResult
from eisfit.remarks import doubt_of, processes, remarks, role_name, unseen_roles
from eisfit.roles import FAR, SLACK, outside, peak_roles
from eisfit.spectrum import Spectrum, one_spectrum
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS, frame
from eisfit.validity import KKResult, kramers_kronig_spectrum
from eisfit.weights import weighted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

AREA_OVER_THICKNESS_CM = 10.0  # a pressed pellet of some 0.8 cm2 and 0.8 mm
AS_GOOD = 6.0  # rise of chi-square, in units of the noise, within which two fits are as good


@dataclass(frozen=True, eq=False)
class Analysis:
    """What one spectrum says.

    Attributes
    ----------
    spectrum : Spectrum
    model : Model
        As asked for (or as chosen, with "auto").
    fit : FitResult
        The fit that the data support: without the elements in `dropped`.
    full_fit : FitResult
        The fit of the whole model.
    dropped : tuple of str
        Elements of the model that the data do not support.
    drt : DRTResult
    validity : KKResult
    evidence : tuple of mappings
        With "auto": the candidates and their BIC.
    peak_roles : mapping of peak number (from 1) to role
    notes : tuple of str
        What to know before the numbers are used.
    names : mapping of element to name
        What a track of spectra calls its elements; the others go by the spans of their roles.
    """

    spectrum: Spectrum
    model: Model
    fit: FitResult
    full_fit: FitResult
    drt: DRTResult
    validity: KKResult
    dropped: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    peak_roles: Mapping[int, str] = field(default_factory=FrozenDict)
    notes: tuple[str, ...] = ()
    area_over_thickness_cm: float = AREA_OVER_THICKNESS_CM
    names: Mapping[str, str] = field(default_factory=FrozenDict)

    def __repr__(self) -> str:
        return (
            f"<Analysis of {self.spectrum.label!r}: {self.validity.verdict}, {self.fit.model.name} "
            f"to {100 * self.fit.rms:.2g} %, {len(self.drt.peak_rows)} peaks>"
        )

    def resistances(self) -> pd.DataFrame:
        """Return one row a role, then sums; a role without support is `not determined`.

        Columns `eisfit.tables.RESISTANCE_COLUMNS`, further ones behind, among them `note`: what
        speaks against the role.
        """
        rows = resistance_rows(self.fit)
        head = {key: rows[0][key] for key in ("sample", "sweep")} if rows else {}
        notes = {p.element: doubt_of(self, p) for p in processes(self.fit, self.names)}
        rows = [{**row, "note": notes.get(row["element"], "")} for row in rows]
        lost = _lost_roles(self.fit, self.names)
        for row in rows:
            row["role"] = row["element"] if row["element"] in lost else row["role"]
            short = unseen_roles(self) & set(self.model.derived.get(row["role"], ()))
            if short:
                row |= {"status": "outside window", "note": f"without {', '.join(sorted(short))}, "
                        "which relaxes more slowly than was measured"}  # fmt: skip
        arcs = [row for row in rows if row["element"] in notes]
        arcs += [_lost_row(self.model, label) | head for label in lost]
        absent = [_absent_row(self.model, label) | head for label in self.dropped]
        order = [arc.label for arc in self.model.arcs]
        arcs = sorted([*arcs, *absent], key=lambda row: order.index(row["element"]))
        return frame(
            [*arcs, *(row for row in rows if row["element"] not in notes)], RESISTANCE_COLUMNS
        )

    def peaks(self) -> pd.DataFrame:
        """Return one row a peak of the DRT, with roles; columns `eisfit.tables.PEAK_COLUMNS`."""
        table = self.drt.peaks(self.peak_roles)
        return table[[*PEAK_COLUMNS, *(c for c in table.columns if c not in PEAK_COLUMNS)]]

    def plot(self) -> Figure:
        """Return Nyquist, Bode, DRT and residuals in one figure."""
        from eisfit import plots

        return plots.summary(self)


def analyze(
    spectrum: Spectrum,
    model: str | Model = "auto",
    *,
    fit_options: Mapping[str, Any] | None = None,
    drt_options: Mapping[str, Any] | None = None,
    area_over_thickness_cm: float = AREA_OVER_THICKNESS_CM,
    engine: str = "eisfit",
) -> Analysis:
    """Return validity, circuit fit and relaxation times of a spectrum, with roles and doubts.

    Parameters
    ----------
    spectrum : Spectrum
    model : str or Model
        A model, its name, circuit text, or "auto".
    fit_options, drt_options : mapping
        As the keyword arguments of `eisfit.fit` and `eisfit.drt`.
    area_over_thickness_cm : float
        Of the cell, in cm; scales the capacitances that speak for or against a role. About 10 for
        a pressed pellet.
    engine : "eisfit" or "impedance"
        For the circuit fit.

    Raises
    ------
    ModelError, CircuitError, FitError, RelaxationError, ValidityError, EngineError
        As the functions it joins.
    """
    one_spectrum(spectrum)
    options = options_from(weighted(spectrum, fit_options or {}))
    chosen: Choice | None = None
    if model == "auto":
        chosen = choose(spectrum, options, engine)
        pruned, asked = Pruned(chosen.best), chosen.best.model
    elif engine == "eisfit":
        asked = load_model(model)
        best = in_its_roles(fit_spectrum(spectrum, asked, options), options)
        pruned = prune(best, options)
    else:
        from eisfit.interop.engines import fit_with

        asked = load_model(model)
        pruned = Pruned(fit_with(engine, spectrum, asked, options))
    drt = drt_spectrum(spectrum, **(drt_options or {}))
    return assemble(asked, pruned, drt, area_over_thickness_cm, chosen)


@dataclass(frozen=True)
class Decided:
    """What a track of spectra has decided for one of them.

    Attributes
    ----------
    names : mapping of element to what it is called
    peak_roles : mapping of peak number (from 1) to role
    notes : tuple of str
    """

    names: Mapping[str, str]
    peak_roles: Mapping[int, str]
    notes: tuple[str, ...] = ()


def assemble(
    model: Model,
    pruned: Pruned,
    drt: DRTResult,
    area_over_thickness_cm: float,
    chosen: Choice | None = None,
    decided: Decided | None = None,
) -> Analysis:
    """Return the analysis of a spectrum from its parts: validity, roles and doubts added.

    Parameters
    ----------
    model : as asked for
    chosen : how "auto" chose the circuit
    decided : names that come from a track, in place of those from the spectrum alone

    Raises
    ------
    ValidityError
        If the spectrum has too few points for the Kramers-Kronig test.
    """
    spectrum = pruned.fit.spectrum
    if decided is None:
        taus = [row["tau_s"] for row in drt.peak_rows]
        found = processes(pruned.fit)
        decided = Decided({}, peak_roles(taus, found, model, spectrum.tau_window))
    analysis = Analysis(
        spectrum=spectrum,
        model=model,
        fit=pruned.fit,
        full_fit=pruned.full or pruned.fit,
        drt=drt,
        validity=kramers_kronig_spectrum(spectrum),
        dropped=pruned.dropped,
        evidence=chosen.evidence if chosen else (),
        peak_roles=FrozenDict(decided.peak_roles),
        area_over_thickness_cm=area_over_thickness_cm,
        names=FrozenDict(decided.names),
    )
    notes = [*([chosen.message] if chosen else []), *decided.notes]
    object.__setattr__(analysis, "notes", (*notes, *remarks(analysis)))
    return analysis


def in_its_roles(fit: FitResult, options: FitOptions) -> FitResult:
    """Return a fit that is as good but whose time constants suit the roles, if there is one.

    Unlike arcs can change places at hardly any cost where a diffusion element between them lies
    beyond the window; then only what the roles say can tell them apart.
    """
    values = fit.value_array()
    spans = {
        arc.label: role.tau_s
        for arc in fit.arcs
        if (role := fit.model.role_of(arc.label)) is not None and role.tau_s and arc.has_tau
    }
    taus = {arc.label: float(arc.tau_of(values)) for arc in fit.arcs if arc.label in spans}
    amiss = [label for label, span in spans.items() if outside(taus[label], span) > SLACK]
    if len(amiss) < 2 or options.names_parameters:
        return fit
    widen = 10**SLACK
    bounds = {f"tau_{label}": (spans[label][0] / widen, spans[label][1] * widen) for label in amiss}
    trial = fit_spectrum(fit.spectrum, fit.model, replace(options, bounds=bounds))
    as_good = trial.chi_square <= fit.chi_square + AS_GOOD * fit.reduced_chi_square
    free = all(trial.status[name] != "at bound" for name in trial.names)
    return trial if as_good and free else fit


def _lost_roles(fit: FitResult, names: Mapping[str, str]) -> list[str]:
    """Return the elements whose time constant, or track, says that they are not their role."""
    return [
        process.element
        for process, arc in zip(processes(fit, names), fit.arcs, strict=True)
        if arc.has_tau and process.role != role_name(fit.model, arc.label)
        and fit.status[fit.names[arc.resistance]] != "not determined"
    ]  # fmt: skip


def _lost_row(model: Model, label: str) -> dict[str, Any]:
    return {
        "role": role_name(model, label),
        "element": label,
        "status": "not determined",
        "note": f"{label} lies more than {FAR:g} decade outside of this role's span of tau",
    }


def _absent_row(model: Model, label: str) -> dict[str, Any]:
    role = model.role_of(label)
    return {
        "role": role.name if role else label,
        "element": label,
        "status": "not determined",
        "note": "the data do not support this element: the circuit without it has the lower BIC",
    }
