"""What to know before the numbers of an analysis are used, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from eisfit.circuit.models import Model
from eisfit.fitting.derived import capacitance, time_constant, unresolved
from eisfit.fitting.result import FitResult
from eisfit.roles import NEAR, Process, doubts, is_far
from eisfit.spectrum import Spectrum

if TYPE_CHECKING:
    from eisfit.analysis import Analysis

MISFIT = 3.0  # misfit of the circuit, in units of the noise, that is worth a word
DISAGREE = 0.25  # relative difference of a resistance from circuit and DRT that is worth a word


def processes(fit: FitResult, names: Mapping[str, str] | None = None) -> list[Process]:
    """Return the arcs of a fit under their roles' names, or those that a track gives them."""
    found = []
    values = fit.value_array()
    for arc in fit.arcs:
        role = fit.model.role_of(arc.label)
        tau = time_constant(fit, arc)[0] if arc.has_tau else float("nan")
        size = capacitance(fit, arc)[0] if arc.has_tau else float("nan")
        name = arc.label if role is None or is_far(tau, role) else role.name
        name = (names or {}).get(arc.label, name)
        found.append(Process(arc.label, name, float(values[arc.resistance]), tau, size))
    return found


def doubt_of(analysis: Analysis, process: Process) -> str:
    """Return what speaks against the role of a process, in words; "" where nothing does."""
    model = analysis.model
    role = model.role_of(process.element)
    name = analysis.fit.names[_arc_index(analysis.fit, process.element)]
    if analysis.fit.status[name] == "not determined":
        return ""
    kept = role is not None and analysis.names.get(process.element) == role.name
    return doubts(process, role, model.roles, analysis.area_over_thickness_cm, kept)


def _arc_index(fit: FitResult, label: str) -> int:
    return next(arc.resistance for arc in fit.arcs if arc.label == label)


def reader_warnings(spectrum: Spectrum) -> tuple[str, ...]:
    """Return what the reader of a spectrum's file warned of: rows missing, signs in doubt."""
    return tuple(f"file: {note}" for note in spectrum.notes if note.startswith("warning"))


def unseen_roles(analysis: Analysis) -> set[str]:
    """Return the roles that were left out because the frequencies end before their span of tau."""
    _, slowest = analysis.spectrum.tau_window
    roles = (analysis.model.role_of(label) for label in analysis.dropped)
    spans = {role.name: role.tau_s for role in roles if role and role.tau_s}
    return {name for name, span in spans.items() if np.sqrt(np.prod(span)) > slowest}


def remarks(analysis: Analysis) -> Iterator[str]:
    """Yield what to know before the numbers of an analysis are used, in plain words."""
    yield from reader_warnings(analysis.spectrum)
    if analysis.validity.verdict != "valid":
        yield f"Kramers-Kronig: {analysis.validity.message}"
    yield from analysis.fit.notes()
    yield from _notes_on_misfit(analysis)
    yield from _notes_on_support(analysis)
    for labels, whole in unresolved(analysis.fit):
        names = " and ".join(role_name(analysis.model, label) for label in labels)
        yield (
            f"the data cannot part {names}: their sum is {whole.value:.4g} ± {whole.stderr:.2g} "
            "ohm, each single one is uncertain by far more"
        )
    for process in processes(analysis.fit, analysis.names):
        doubt = doubt_of(analysis, process)
        if doubt:
            yield f"{process.role} ({process.element}): {doubt}"
    yield from _disagreements(analysis)
    yield from analysis.drt.messages


def _notes_on_misfit(analysis: Analysis) -> Iterator[str]:
    misfit, noise = analysis.fit.rms, analysis.validity.rms
    if analysis.fit.settings.get("misfit"):
        return  # the fit says so itself
    if misfit > MISFIT * noise and analysis.validity.verdict == "valid":
        yield (
            f"the circuit misses the data by {100 * misfit:.2g} %, {misfit / noise:.0f} times what "
            "the Kramers-Kronig test leaves: it lacks a process or is the wrong one, and its "
            "errors do not cover that; try another model, or auto"
        )


def _notes_on_support(analysis: Analysis) -> Iterator[str]:
    for name in sorted(unseen_roles(analysis)):
        yield f"the frequencies end before the time constants of {name}: a sum without it is short"
    if not analysis.dropped:
        return
    names = ", ".join(f"{role_name(analysis.model, e)} ({e})" for e in analysis.dropped)
    yield f"the data do not support {names}: fitted without, the BIC is lower"
    gone = {role_name(analysis.model, label) for label in analysis.dropped}
    for name, members in analysis.model.derived.items():
        if gone & set(members):
            yield f"{name} is the sum of what is left of {' + '.join(members)}"


def role_name(model: Model, label: str) -> str:
    """Return the role that a model gives an element, or the element's own name."""
    role = model.role_of(label)
    return role.name if role else label


def _disagreements(analysis: Analysis) -> Iterator[str]:
    """Yield where circuit and DRT see different processes, inside the measured window."""
    low, high = analysis.spectrum.tau_window
    peaks = analysis.drt.peak_rows
    named = analysis.peak_roles
    for process in processes(analysis.fit, analysis.names):
        if not (np.isfinite(process.tau) and low <= process.tau <= high):
            continue
        numbers = [i for i in range(1, len(peaks) + 1) if named.get(i) == process.role]
        if not numbers:
            yield (
                f"the DRT has no peak of its own within {NEAR:g} decade of {process.role} "
                f"(tau {process.tau:.2g} s)"
            )
            continue
        area = sum(peaks[i - 1]["resistance_ohm"] for i in numbers)
        if abs(area / process.resistance - 1.0) > DISAGREE:
            yield (
                f"{process.role}: the circuit gives {_plain(process.resistance)} ohm, the DRT "
                f"peak {_plain(area)} ohm"
            )
    for i, row in enumerate(peaks, start=1):
        if i not in named and row["status"] == "ok":
            yield (
                f"DRT peak {i} (tau {row['tau_s']:.2g} s, {_plain(row['resistance_ohm'])} ohm) "
                "belongs to no arc of the circuit"
            )


def _plain(ohm: float) -> str:
    """Return a resistance with three digits: `2100`, not `2.1e+03`."""
    return f"{float(f'{ohm:.3g}'):.7g}"
