"""A comparison to a folder: tables, figures, the report, and all of it as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.comparison.figures import draw, planned
from eisfit.errors import OutputError
from eisfit.export import FORMATS as TABLES
from eisfit.export import write_table, write_workbook
from eisfit.io.atomic import write_bytes_atomically, write_text_atomically
from eisfit.io.paths import make_folder, refuse_existing, safe_name
from eisfit.saved import plain, saved_text
from eisfit.series import Series
from eisfit.tables import records

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.comparison.comparison import Comparison

FORMAT, VERSION = "eisfit-comparison", 1
REPORT, DOCUMENT, WORKBOOK, FITS = "report.html", "comparison.json", "comparison.xlsx", "fits"
NAMES = ("resistances", "peaks", "ratios", "changes", "growth", "arrhenius", "conductivity",
         "provenance")  # fmt: skip
FIGURES = ("png", "svg", "pdf")
_BY_SUFFIX = {suffix.lstrip("."): name for name, suffix in TABLES.items()}


def chosen_formats(formats: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the suffixes of tables and of figures; csv and png where none is given of a kind.

    Raises
    ------
    OutputError
        If one is unknown.
    """
    wanted = [TABLES.get(f, f).lstrip(".").casefold() for f in dict.fromkeys(formats)]
    unknown = [f for f in wanted if f not in (*FIGURES, *_BY_SUFFIX)]
    if unknown:
        raise OutputError(
            f"unknown format {', '.join(unknown)}: choose {', '.join(_BY_SUFFIX)} for tables, "
            f"{', '.join(FIGURES)} for figures"
        )
    tables = [f for f in wanted if f in _BY_SUFFIX] or ["csv"]
    return tables, [f for f in wanted if f in FIGURES] or ["png"]


def check_free(series: Series, folder: Path, formats: Sequence[str]) -> None:
    """Refuse where files exist that a comparison of the series would write.

    Raises
    ------
    OutputError
        The message lists them.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder: give another (--out)")
    tables, figures = chosen_formats(formats)
    names = [REPORT, DOCUMENT, *([WORKBOOK] if "xlsx" in tables else [])]
    names += [f"{name}.{suffix}" for name in NAMES for suffix in tables if suffix != "xlsx"]
    names += [f"{figure.name}.{suffix}" for figure in planned(series) for suffix in figures]
    names += [f"{FITS}/{_fit_name(series, i)}" for i in range(len(series))]
    refuse_existing(folder / name for name in names)


def save(
    comparison: Comparison,
    folder: str | os.PathLike[str],
    formats: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[float], None] | None = None,
) -> tuple[Path, ...]:
    """Write everything; see `Comparison.save`."""
    from eisfit.report import write_report

    top = Path(folder)
    if not force:
        check_free(comparison.series, top, formats)
    table_formats, figure_formats = chosen_formats(formats)
    make_folder(top)
    written = _tables(comparison, top, table_formats, force)
    written += _fits(comparison, top / FITS, force)
    written.append(
        write_text_atomically(top / DOCUMENT, document_text(comparison), force),
    )
    if progress is not None:
        progress(1)
    written += _figures(comparison, top, figure_formats, force, progress)
    written.append(write_report(comparison, top / REPORT, force=force))
    if progress is not None:
        progress(1)
    return tuple(written)


def tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Return the tables that have rows, by name."""
    found = {name: getattr(comparison, name)() for name in NAMES}
    return {name: table for name, table in found.items() if not table.empty}


def _tables(comparison: Comparison, top: Path, suffixes: Sequence[str], force: bool) -> list[Path]:
    written = []
    found = tables(comparison)
    for suffix in suffixes:
        if suffix == "xlsx":
            written.append(write_workbook(found, top / WORKBOOK, force=force))
            continue
        for name, table in found.items():
            path = top / f"{name}.{suffix}"
            written.append(write_table(table, path, _BY_SUFFIX[suffix], force=force, caption=name))
    return written


def _fits(comparison: Comparison, folder: Path, force: bool) -> list[Path]:
    make_folder(folder)
    written = []
    for index, analysis in enumerate(comparison.analyses):
        if analysis is not None:
            path = folder / _fit_name(comparison.series, index)
            written.append(write_text_atomically(path, saved_text(analysis.fit), force))
    return written


def _fit_name(series: Series, index: int) -> str:
    title = f"{index + 1:03d} {series.members[index].title()}".replace(",", "")
    return f"{safe_name(title)}.json"


def _figures(
    comparison: Comparison,
    top: Path,
    suffixes: Sequence[str],
    force: bool,
    progress: Callable[[float], None] | None,
) -> list[Path]:
    from eisfit.plots import render

    written = []
    for figure in planned(comparison.series):
        members = [i for i in figure.members if comparison.analyses[i] is not None]
        if members:
            axes = draw(comparison, figure.kind, members, None)
            for suffix in suffixes:
                path = top / f"{figure.name}.{suffix}"
                written.append(write_bytes_atomically(path, render(axes, suffix), force))
        if progress is not None:
            progress(1)
    return written


def document(comparison: Comparison) -> dict[str, Any]:
    """Return all results as JSON knows them, but for numbers that do not exist."""
    series = comparison.series
    return {
        "format": FORMAT,
        "version": VERSION,
        "along": series.along,
        "model": comparison.model if isinstance(comparison.model, str) else comparison.model.name,
        "members": [_member(comparison, i) for i in range(len(series))],
        "tracks": [list(track) for track in series.tracks()],
        **{name: records(getattr(comparison, name)()) for name in NAMES},
        "sentences": list(comparison.sentences()),
        "notes": list(comparison.notes),
        "hints": list(comparison.hints()),
        "methods": comparison.methods(),
        "failures": [{"file": f.where, "error": f.error} for f in comparison.failures],
    }


def document_text(comparison: Comparison) -> str:
    """Return the document as strict JSON, NaN as null."""
    return json.dumps(plain(document(comparison)), indent=1, allow_nan=False) + "\n"


def _member(comparison: Comparison, index: int) -> dict[str, Any]:
    member, analysis = comparison.series.members[index], comparison.analyses[index]
    return {
        "sample": member.sample,
        **member.conditions(),
        "file": member.file,
        "geometry": {} if member.geometry is None else dict(member.geometry.columns),
        "notes": [] if analysis is None else list(analysis.notes),
    }
