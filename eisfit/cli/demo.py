"""The main job on synthetic spectra, with what it finds beside what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli.archive import Archive
from eisfit.cli.groups import Output
from eisfit.cli.inputs import Item
from eisfit.cli.jobs import Analyze
from eisfit.cli.outputs import Plan
from eisfit.cli.run import Done, names, print_json, report, show, show_written
from eisfit.cli.screen import Column, Screen, progress
from eisfit.cli.text import with_error
from eisfit.io.paths import refuse_existing
from eisfit.tables import frame, records

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.comparison import Comparison
    from eisfit.demo import Study

_SPECTRA = "spectra"
_COMPARISON = "comparison.csv"
_SHOWN = ("Samples", "Growth")  # findings of a comparison that come to the screen
_COLUMNS = (
    Column("sample"),
    Column("role"),
    Column("published", number=True),
    Column("found", number=True),
    Column("difference", number=True),
)


def demo(out: str, force: bool, as_json: bool) -> int:
    """Make the files, fit and compare them as a user would; return the exit status.

    Raises
    ------
    OutputError
        If files are there already and `force` is false, or cannot be written.
    """
    from eisfit.demo import (
        CELLS,
        COLUMNS,
        STUDIES,
        comparison,
        make_files,
        make_series,
        published_rows,
    )
    from eisfit.export import csv_text

    top = Path(out)
    spectra = top / _SPECTRA
    _check_free(top, force)
    job = Analyze("demo", {})
    items = [Item(str(spectra / cell.file_name), cell.spectrum(), False) for cell in CELLS]
    taken = {*job.tables, _COMPARISON, _SPECTRA, *(study.name for study in STUDIES)}
    plan = Plan.of(Output(out, force=force), items, True, taken)
    plan.check(names(job, plan.output.suffixes), job.tables)
    make_files(spectra, force)
    manifests = make_series(spectra, force)
    done = _analyze(job, items, plan, spectra)
    compared = _compare(STUDIES, manifests, top, force)
    found = [comparison(analysis for _, analysis in done)]
    found += [published_rows(study.resistances()) for study in compared]
    table = frame([row for part in found for row in records(part)], COLUMNS)
    plan.write(top, _COMPARISON, csv_text(table))
    if as_json:
        print_json({"synthetic": True, "comparison": records(table), "folder": str(top)})
    else:
        show(job, done)
        for study, result in zip(STUDIES, compared, strict=True):
            _show_study(study, result, Screen())
        _show_comparison(table, Screen())
        _show_files(plan, manifests, top, Screen())
    return report([], len(done))


def _check_free(top: Path, force: bool) -> None:
    """Refuse to begin where files or folders exist that the demo would write."""
    from eisfit.demo import CELLS, STUDIES

    foreseen = [*(top / _SPECTRA / cell.file_name for cell in CELLS), top / _COMPARISON]
    foreseen += [folder / study.name for folder in (top / _SPECTRA, top) for study in STUDIES]
    refuse_existing(foreseen, force)


def _analyze(job: Analyze, items: Sequence[Item], plan: Plan, spectra: Path) -> Done:
    """Analyse the four cells one by one, as `eisfit fit` does."""
    from eisfit.demo import analyses

    done: Done = []
    # The plots of one are drawn while the next is fitted
    with Archive(job, plan) as archive, progress(items, "spectra") as entries:
        for index, (item, analysis) in enumerate(zip(entries, analyses(spectra), strict=True)):
            archive.keep(index, item, analysis)
            done.append((replace(item, spectrum=analysis.spectrum), analysis))
    return done


def _compare(
    studies: Sequence[Study], manifests: Sequence[Path], top: Path, force: bool
) -> list[Comparison]:
    """Compare the spectra of each manifest, as `eisfit compare` does, and write all of it."""
    from eisfit.series import Series

    compared = []
    with progress(list(zip(studies, manifests, strict=True)), "comparisons") as entries:
        for study, manifest in entries:
            result = Series.from_manifest(manifest).compare(study.model)
            result.save(top / study.name, force=force)
            compared.append(result)
    return compared


def _show_study(study: Study, result: Comparison, screen: Screen) -> None:
    screen.plain("")
    screen.heading(f"{study.title}: {len(result.series)} SYNTHETIC spectra compared")
    roles = [role.replace("_", " ") if "R_" not in role else role for role in study.reference_roles]
    findings = result.findings()
    for title in _SHOWN:
        # What something is published of; the report has the rest
        told = [s for s in findings.get(title, ()) if any(role in s for role in roles)]
        if told:
            screen.plain("")
        for sentence in told:
            screen.line(title, sentence.replace(" (synthetic)", ""))


def _show_comparison(found: pd.DataFrame, screen: Screen) -> None:
    screen.plain("")
    screen.heading("Resistances in ohm, as published and as found in the SYNTHETIC spectra")
    rows = [_row(row) for row in records(found)]
    # One name a sample, so that it is seen at once which rows belong together
    shown = [
        ["" if i and row[0] == rows[i - 1][0] else row[0], *row[1:]] for i, row in enumerate(rows)
    ]
    screen.table(_COLUMNS, shown)


def _show_files(plan: Plan, manifests: Sequence[Path], top: Path, screen: Screen) -> None:
    from eisfit.demo import REFERENCE, STUDIES

    screen.plain("")
    show_written(plan)
    for study, manifest in zip(STUDIES, manifests, strict=True):
        folder = top / study.name
        screen.plain(f"{study.title}: tables, plots and report.html in {folder}, the same as")
        screen.plain(f"  eisfit compare {manifest} --model {study.model} --out {folder}")
    screen.plain("")
    screen.line(
        "SYNTHETIC",
        f"no spectrum was measured; all were computed, with noise, from resistances that "
        f"{REFERENCE} publishes. What was assumed besides: assumptions.txt beside the data in "
        f"{top / _SPECTRA}",
    )


def _row(row: Mapping[str, Any]) -> list[str]:
    return [
        # The heading says synthetic, and the name need not
        row["sample"].replace(" (synthetic)", ""),
        row["role"],
        f"{row['published_ohm']:.10g}",
        with_error(row["resistance_ohm"], row["stderr_ohm"]),
        f"{row['difference_percent']:+.2f} %",
    ]
