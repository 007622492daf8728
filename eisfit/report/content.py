"""What a report says, before it becomes a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eisfit._version import __version__
from eisfit.analysis import Analysis
from eisfit.report import development, prose, tabulate
from eisfit.report.columns import column_of
from eisfit.report.entries import Entry, entries_of
from eisfit.report.payload import spectrum_payload, unit
from eisfit.report.tabulate import Table, table_of, table_of_rows

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.comparison import Comparison

_OVERVIEW = (
    "name", "verdict", "message", "kk_rms_percent", "rms_percent", "circuit", "points", "notes",
)  # fmt: skip
_PROVENANCE = (
    "name", "source", "sweep", "sha256", "format", "technique", "electrode", "acquired", "points",
    "area_cm2", "temperature_c", "correction",
)  # fmt: skip
_FIT_SETTINGS = (
    "engine", "weighting", "absolute_sigma", "part", "quantity", "loss", "loss_scale", "seed",
    "start", "fixed", "bounds", "constraints", "share", "effort", "budget_s",
)  # fmt: skip
_LONGEST_TITLE = 60
_MOST_VALUES = 6


@dataclass(frozen=True)
class Content:
    """The parts of the page, in the order in which they stand.

    Attributes
    ----------
    title, version : str
    entries : tuple of Entry
    verdicts : mapping of verdict to number of spectra
    findings : tuple of (heading, sentences)
    hints : tuple of str
    overview, provenance : Table
    trends : mapping
        What the plots along a series are drawn from; empty without a series.
    comparisons, tables : tuple of Table
        Of the series, and of single spectra.
    notes : tuple of (name of a spectrum, its notes)
    failures : tuple of (where, why)
        What could not be evaluated.
    methods : str
    settings : tuple of (name, value)
    plots : mapping
        What the scripts draw.
    """

    title: str
    version: str
    entries: tuple[Entry, ...]
    verdicts: Mapping[str, int]
    findings: tuple[tuple[str, tuple[str, ...]], ...]
    overview: Table
    trends: Mapping[str, Any]
    comparisons: tuple[Table, ...]
    tables: tuple[Table, ...]
    notes: tuple[tuple[str, tuple[str, ...]], ...]
    failures: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    methods: str
    settings: tuple[tuple[str, str], ...]
    provenance: Table
    plots: Mapping[str, Any]


def content_of(what: Comparison | Analysis | Sequence[Analysis], title: str = "") -> Content:
    """Return the content of the report on results.

    Raises
    ------
    OutputError
        If there are none.
    """
    if isinstance(what, Analysis):
        return _of_analyses(entries_of((what,)), title)
    if isinstance(what, Iterable):
        return _of_analyses(entries_of(tuple(what)), title)
    return _of_comparison(what, title)


def _of_analyses(entries: tuple[Entry, ...], title: str) -> Content:
    per_area = all(unit(entry.analysis) != "Ω" for entry in entries)
    return Content(
        title=title or _title(entries),
        version=__version__,
        entries=entries,
        verdicts={
            verdict: sum(e.analysis.validity.verdict == verdict for e in entries)
            for verdict in prose.VERDICTS
        },
        findings=(("", tuple(prose.findings(entries))),),
        overview=_overview(entries),
        trends={},
        comparisons=(),
        tables=tuple(_result_tables(entries, per_area)),
        notes=tuple((e.name, e.analysis.notes) for e in entries if e.analysis.notes),
        failures=(),
        hints=tuple(prose.hints(entries)),
        methods=prose.methods(entries),
        settings=tuple(_settings(entries)),
        provenance=_provenance(entries),
        plots={
            "spectra": [spectrum_payload(entry) for entry in entries],
            "coordinates": development.coordinates(entries),
        },
    )


def _of_comparison(what: Comparison, title: str) -> Content:
    entries = development.entries_of_comparison(what)
    single = _of_analyses(entries, title)
    per_area = all(unit(entry.analysis) != "Ω" for entry in entries)
    trends = development.trends(what)
    coloured = {name for name, _ in development.coordinates(entries)}
    along = what.series.along if what.series.along in coloured else ""
    # A comparison has tables of its own, with the conditions beside the samples
    tables = {table.key: table for table in single.tables}
    for table in development.member_tables(what, per_area):
        tables[table.key] = table
    return replace(
        single,
        findings=(*what.findings().items(), ("Data", single.findings[0][1])),
        trends=trends,
        comparisons=tuple(development.tables_of(what, per_area)),
        tables=tuple(tables.values()),
        notes=(*development.series_notes(what), *single.notes),
        failures=development.failures_of(what),
        hints=what.hints() or single.hints,
        methods=what.methods(),
        plots={
            **single.plots,
            "trends": trends,
            "along": along,
            "tracks": development.tracks_of(what),
        },
    )


def _title(entries: Sequence[Entry]) -> str:
    samples = list(dict.fromkeys(entry.sample for entry in entries))
    named = " and ".join(samples)
    short = len(samples) == 1 or (len(samples) == 2 and len(named) < _LONGEST_TITLE)
    return f"Impedance of {named if short else f'{len(samples)} samples'}"


def _overview(entries: Sequence[Entry]) -> Table:
    rows = []
    for entry in entries:
        analysis = entry.analysis
        spectrum, masked = analysis.spectrum, int(analysis.spectrum.mask.sum())
        used = len(spectrum) - masked
        rows.append(
            {
                "name": entry.name,
                "verdict": analysis.validity.verdict,
                "kk_rms_percent": 100.0 * analysis.validity.rms,
                "message": "" if analysis.validity.valid else analysis.validity.message,
                "circuit": analysis.fit.model.circuit.text,
                "rms_percent": 100.0 * analysis.fit.rms,
                "points": f"{used} + {masked}" if masked else used,
                "notes": len(analysis.notes),
            }
        )
    return table_of_rows(
        rows, _OVERVIEW, "overview", "Spectra and verdicts",
        "Valid: the spectrum obeys the Kramers-Kronig relations to 0.5 % (root mean square of one "
        "part), to 1 % in every part of the range, and no point is an outlier; invalid: it does "
        "not, to 2 %, or breaks them in one part of the range. Numbers from an invalid spectrum "
        "describe something that changed while it was measured.",
    )  # fmt: skip


def _result_tables(entries: Sequence[Entry], per_area: bool) -> Iterator[Table]:
    yield tabulate.resistances(_joined(entries, Analysis.resistances), per_area)
    peaks = _joined(entries, Analysis.peaks)
    if not peaks.empty:
        yield tabulate.peaks(peaks, per_area)
    yield table_of(
        _joined(entries, lambda a: a.fit.parameters()), "parameters", "Parameters of the circuits",
        "As fitted; a parameter that the data do not determine has no standard error.",
    )  # fmt: skip
    candidates = [dict(row) | {"sample": e.name} for e in entries for row in e.analysis.evidence]
    if candidates:
        names = ["sample", *(name for name in candidates[0] if name != "sample")]
        yield table_of_rows(
            candidates, names, "candidates", "Circuits that were compared",
            "The lowest BIC wins, unless a smaller circuit is within 10.",
        )  # fmt: skip


def _joined(entries: Sequence[Entry], rows_of: Any) -> pd.DataFrame:
    """Return the tables of all spectra in one, with the names that the report gives them."""
    import pandas as pd

    frames = []
    for entry in entries:
        frame = rows_of(entry.analysis)
        if not frame.empty:
            rest = frame.drop(columns=["sample", "sweep"], errors="ignore")
            frames.append(rest.assign(sample=entry.name)[["sample", *rest.columns]].astype(object))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _settings(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    yield "eisfit", __version__
    yield "Computed with", prose.versions(entries[0].analysis)
    models = {e.analysis.model.name: e.analysis.model for e in entries}
    for model in models.values():
        text = model.circuit.text
        yield "Model", text if model.name == text else f"{model.name}: {text}"
        if model.reference:
            yield "Source of the model", model.reference
    for name in _FIT_SETTINGS:
        if not any(name in e.analysis.fit.settings for e in entries):
            continue
        values = _few(_shown(e.analysis.fit.settings.get(name, "")) for e in entries)
        column = column_of(name, "text")
        of_what = f" ({column.unit})" if column.unit else ""
        yield f"Fit: {column.label.lower()}{of_what}", values
    for name in ("method", "criterion", "regularization", "order", "seed", "level"):
        yield f"DRT: {name}", _few(_shown(getattr(e.analysis.drt, name)) for e in entries)


def _few(values: Iterable[str]) -> str:
    """Return the different values, the first of them where they are many."""
    different = list(dict.fromkeys(values))
    shown = "; ".join(different[:_MOST_VALUES])
    left = len(different) - _MOST_VALUES
    return f"{shown} and {left} more" if left > 0 else shown


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "items"):
        return ", ".join(f"{k}: {v}" for k, v in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _provenance(entries: Sequence[Entry]) -> Table:
    rows = [
        {**dict(e.analysis.spectrum.metadata), "name": e.name, "points": len(e.analysis.spectrum)}
        for e in entries
    ]
    return table_of_rows(
        rows, _PROVENANCE, "provenance", "Files",
        "A file is the one that was evaluated if its SHA-256 is the same.",
        keep=("source", "sha256"),
    )  # fmt: skip
