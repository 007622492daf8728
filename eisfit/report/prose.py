"""Sentences of the report: what was found, how it was computed, and what to keep in mind."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eisfit._version import __version__
from eisfit.plots.style import quantity
from eisfit.report.columns import number
from eisfit.report.entries import Entry

if TYPE_CHECKING:
    from eisfit.analysis import Analysis
    from eisfit.fitting.result import FitResult
    from eisfit.relaxation.result import DRTResult

VERDICTS = ("valid", "doubtful", "invalid")
_CABLES_HZ = 1e6
_NAMED = 5  # spectra that a sentence names before it only counts


def findings(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what holds of all spectra together."""
    samples = {entry.sample for entry in entries}
    yield (
        f"{_count(len(entries), 'spectrum', 'spectra')} of "
        f"{_count(len(samples), 'sample', 'samples')}, {_grid(entries)}."
    )
    by_verdict = {
        v: [e.name for e in entries if e.analysis.validity.verdict == v] for v in VERDICTS
    }
    if len(by_verdict["valid"]) == len(entries):
        yield "Kramers-Kronig test: every spectrum is valid."
    else:
        parts = [
            f"{len(names)} {verdict}" + (f" ({_listed(names)})" if verdict != "valid" else "")
            for verdict, names in by_verdict.items()
            if names
        ]
        yield f"Kramers-Kronig test: {', '.join(parts)}."
    misfits = [entry.analysis.fit.rms for entry in entries]
    yield f"Misfit of the circuits, root mean square: {_span(misfits)}."
    lost = [e.name for e in entries if not e.analysis.fit.success]
    if lost:
        yield f"The fit did not converge for {_listed(lost)}."


def hints(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what a colleague would say beside the bench."""
    if any("Ewe-Ece" in str(e.analysis.spectrum.metadata.get("electrode", "")) for e in entries):
        both = "The impedance is that of the whole cell: both electrodes are in every spectrum."
    else:
        both = (
            "In a cell with two electrodes the counter electrode is in the spectrum too: a Li-In "
            "electrode and its interface with the electrolyte add to every resistance that is not "
            "the bulk. A symmetric Li-In cell, or a reference electrode, tells how much."
        )
    yield both
    fast = [e for e in entries if e.analysis.spectrum.used().frequency[0] > _CABLES_HZ]
    if fast:
        highest = max(float(e.analysis.spectrum.frequency[0]) for e in fast)
        yield (
            f"{_count(len(fast), 'spectrum reaches', 'spectra reach')} above 1 MHz (up to "
            f"{quantity(highest, 'Hz')}), where cables, contacts and the cell's holder count: what "
            "is found there is trustworthy after a correction by a short and an open circuit "
            "(options --short and --open), or if another cable length gives the same."
        )


def methods(entries: Sequence[Entry]) -> str:
    """Return a paragraph for the methods section of a paper, with every setting and version."""
    first = entries[0].analysis
    geometry = _span_of(e.analysis.area_over_thickness_cm for e in entries)
    parts = [
        f"Impedance spectra ({_grid(entries)}) were evaluated with eisfit {__version__} "
        f"({versions(first)}).",
        "Each spectrum was tested by the linear Kramers-Kronig test of Schönleber, Klotz and "
        "Ivers-Tiffée (Electrochim. Acta 131 (2014) 20); "
        f"{sum(e.analysis.validity.valid for e in entries)} of {len(entries)} were valid "
        "(relative residual of at most 0.5 %).",
        *_circuits(entries),
        *_fits(entries),
        *_drts(entries),
        "Effective capacitances are C = τ/R with τ = (RQ)^(1/α); roles were given by relaxation "
        "time and held against capacitance (Irvine, Sinclair and West, Adv. Mater. 2 (1990) 132), "
        f"for an area over thickness of {geometry} cm.",
        *_masks(entries),
    ]
    return " ".join(parts)


def versions(analysis: Analysis) -> str:
    """Return the versions that computed a result: `Python 3.12, numpy 2.1.0 ...`."""
    used = dict(analysis.fit.settings.get("versions", {}))
    used.pop("eisfit", None)
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {v}" for name, v in used.items())]
    )


def _circuits(entries: Sequence[Entry]) -> Iterator[str]:
    models = {e.analysis.model.name: e.analysis.model for e in entries}
    for model in models.values():
        text = model.circuit.text
        named = "" if model.name == text else f"model {model.name}"
        source = f"source: {model.reference}" if model.reference else ""
        told = "; ".join(filter(None, (named, source)))
        yield f"Equivalent circuit: {text}{f' ({told})' if told else ''}."
    if any(e.analysis.evidence for e in entries):
        yield (
            "The circuit was chosen among series of up to six arcs by the Bayesian information "
            "criterion (a larger circuit had to lower it by 10)."
        )
    dropped = [e for e in entries if e.analysis.dropped]
    if dropped:
        yield (
            "An arc that does not lower the Bayesian information criterion by 6 was left out "
            f"(in {_count(len(dropped), 'spectrum', 'spectra')})."
        )


def _fits(entries: Sequence[Entry]) -> Iterator[str]:
    fits = [e.analysis.fit for e in entries]
    given = any(fit.settings.get("start") for fit in fits)
    alone = "" if given else " without user-given starting values"
    yield (
        f"Circuits were fitted by complex non-linear least squares{alone}, "
        f"{_one_of(fits, _fit_settings)}; misfit {_span([fit.rms for fit in fits])} rms. "
        "Standard errors are from the covariance matrix"
        + (
            " with the given standard deviations"
            if all(fit.settings.get("absolute_sigma") for fit in fits)
            else ", scaled by the reduced chi-square"
        )
        + "; 95 % intervals use Student's t on the logarithm of positive quantities. They are the "
        "uncertainty of a fit; cells scatter besides."
    )


def _fit_settings(fit: FitResult) -> str:
    settings = fit.settings
    parts = [
        f"engine {settings.get('engine', 'eisfit')}",
        f"weighting {settings.get('weighting', 'modulus')}",
        f"loss {settings.get('loss', 'linear')}",
        f"{settings.get('part', 'complex')} {settings.get('quantity', 'impedance')}",
        f"seed {settings.get('seed', 0)}",
    ]
    for name in ("start", "fixed", "bounds", "constraints"):
        if settings.get(name):
            parts.append(f"{name} {_terms(settings[name])}")
    return ", ".join(parts)


def _terms(value: Any) -> str:
    if hasattr(value, "items"):
        return "{" + ", ".join(f"{k}: {v}" for k, v in value.items()) + "}"
    return "{" + ", ".join(map(str, value)) + "}"


def _drts(entries: Sequence[Entry]) -> Iterator[str]:
    drts = [e.analysis.drt for e in entries]
    kinds = dict.fromkeys(f"derivative of order {d.order}, method {d.method}" for d in drts)
    criteria = Counter(_criterion(d) for d in drts)
    counts = [f"{how} ({n})" if len(criteria) > 1 else how for how, n in criteria.items()]
    chosen = _span_of(d.regularization for d in drts)
    yield (
        "The distribution of relaxation times was computed by non-negative Tikhonov "
        f"regularisation ({' or '.join(kinds)}), λ {' or '.join(counts)} (λ = {chosen}, "
        f"seed {_span_of(d.seed for d in drts)}); bands and intervals hold "
        f"{_span_of(100 * d.level for d in drts)} %."
    )
    if any(d.share > 0 for d in drts):
        yield (
            "γ is a mean of this solution and of a sum of fitted peaks, weighted by how well each "
            f"follows the data (share of the peaks {_span([d.share for d in drts])})."
        )


def _criterion(drt: DRTResult) -> str:
    return "as given" if drt.criterion == "given" else f"by {drt.criterion}"


def _masks(entries: Sequence[Entry]) -> Iterator[str]:
    masked = [(e, reason) for e in entries for reason in e.analysis.spectrum.reasons if reason]
    if masked:
        reasons = _listed(sorted({reason for _, reason in masked}))
        count = _count(len({e.name for e, _ in masked}), "spectrum", "spectra")
        yield f"{_count(len(masked), 'point', 'points')} of {count} were left out: {reasons}."


def _one_of(fits: Sequence[FitResult], describe: Any) -> str:
    return "; or ".join(dict.fromkeys(describe(fit) for fit in fits))


def _grid(entries: Sequence[Entry]) -> str:
    spectra = [entry.analysis.spectrum for entry in entries]
    counts = _span_of(len(s) for s in spectra)
    high = max(float(s.frequency[0]) for s in spectra)
    low = min(float(s.frequency[-1]) for s in spectra)
    return f"{counts} points, {quantity(high, 'Hz')} to {quantity(low, 'Hz')}"


def _span(shares: Sequence[float]) -> str:
    # A share of 1e-290 is none
    low, high = (f"{100 * value:.2g} %" if value > 1e-6 else "0 %" for value in _ends(shares))
    return low if low == high else f"{low} to {high}"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _span_of(values: Any) -> str:
    found = np.array(list(values), dtype=float)
    low, high = number(float(found.min()), 3), number(float(found.max()), 3)
    return low if low == high else f"{low} to {high}"


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _listed(names: Sequence[str]) -> str:
    shown = "; ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
