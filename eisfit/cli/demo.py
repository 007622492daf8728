"""The main job on synthetic spectra, with what it finds beside what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli.archive import Archive
from eisfit.cli.inputs import Item
from eisfit.cli.jobs import Analyze, csv_text, records
from eisfit.cli.outputs import Output, Plan
from eisfit.cli.run import Done, names, print_json, report, show, show_written
from eisfit.cli.screen import Column, Screen, progress
from eisfit.cli.text import with_error
from eisfit.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd

_SPECTRA = "spectra"
_COMPARISON = "comparison.csv"
_COLUMNS = (
    Column("sample"),
    Column("role"),
    Column("published", number=True),
    Column("found", number=True),
    Column("difference", number=True),
)


def demo(out: str, force: bool, as_json: bool) -> int:
    """Make the files, fit them as a user would, and compare; return the exit status.

    Raises
    ------
    OutputError
        If files are there already and `force` is false, or cannot be written.
    """
    from eisfit.demo import CELLS, analyses, comparison, make_files

    top = Path(out)
    spectra = top / _SPECTRA
    foreseen = [*(spectra / cell.file_name for cell in CELLS), top / _COMPARISON]
    there = [str(path) for path in foreseen if path.exists()]
    if there and not force:
        raise OutputError(f"{', '.join(there)} exist already: give another --out, or --force")
    job = Analyze("demo", {})
    items = [Item(str(spectra / cell.file_name), cell.spectrum(), False) for cell in CELLS]
    plan = Plan.of(Output(top, force=force), items, True, {*job.tables, _COMPARISON, _SPECTRA})
    plan.check(names(job, plan.output.formats), job.tables)
    done: Done = []
    with Archive(job, plan) as archive:
        # The plots of one are drawn while the next is fitted
        make_files(spectra, force)
        with progress(items, "spectra") as entries:
            for index, (item, analysis) in enumerate(zip(entries, analyses(spectra), strict=True)):
                archive.keep(index, item, analysis)
                done.append((replace(item, spectrum=analysis.spectrum), analysis))
    found = comparison(analysis for _, analysis in done)
    plan.write(top, _COMPARISON, csv_text(found))
    if as_json:
        print_json({"synthetic": True, "comparison": records(found), "folder": str(top)})
    else:
        show(job, done)
        show_written(plan)
        _show_comparison(found, spectra, Screen())
    return report([], len(done))


def _show_comparison(found: pd.DataFrame, spectra: Path, screen: Screen) -> None:
    from eisfit.demo import REFERENCE

    screen.plain("")
    screen.heading("Resistances in ohm, as published and as found in the SYNTHETIC spectra")
    rows = [_row(row) for row in records(found)]
    # One name a sample, so that it is seen at once which rows belong together
    shown = [
        ["" if i and row[0] == rows[i - 1][0] else row[0], *row[1:]] for i, row in enumerate(rows)
    ]
    screen.table(_COLUMNS, shown)
    screen.plain("")
    screen.line(
        "SYNTHETIC",
        f"no spectrum was measured; all were computed, with noise, from resistances in the text of "
        f"{REFERENCE}. What was assumed besides: {spectra / 'assumptions.txt'}",
    )


def _row(row: Mapping[str, Any]) -> list[str]:
    return [
        # The heading says synthetic, and the name need not
        row["sample"].removesuffix(" (synthetic)"),
        row["role"],
        f"{row['published_ohm']:.10g}",
        with_error(row["resistance_ohm"], row["stderr_ohm"]),
        f"{row['difference_percent']:+.2f} %",
    ]
