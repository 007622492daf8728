"""The main job on synthetic spectra, with what it finds beside what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli.archive import Archive
from eisfit.cli.inputs import Item
from eisfit.cli.jobs import Analyze, csv_text, records
from eisfit.cli.outputs import Output, Plan
from eisfit.cli.run import names, print_json, report, show, show_written
from eisfit.cli.screen import Column, Screen
from eisfit.cli.text import number, with_error
from eisfit.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd

_SPECTRA = "spectra"
_COMPARISON = "comparison.csv"
_COLUMNS = (
    Column("sample"),
    Column("role"),
    Column("published / ohm", number=True),
    Column("found / ohm", number=True),
    Column("difference", number=True),
)


def demo(out: str, force: bool, as_json: bool) -> int:
    """Make the files, fit them as a user would, and compare; return the exit status.

    Raises
    ------
    OutputError
        If files are there already and `force` is false, or cannot be written.
    """
    from eisfit.demo import CELLS, comparison, make_files, run

    top = Path(out)
    spectra = top / _SPECTRA
    foreseen = [*(spectra / cell.file_name for cell in CELLS), top / _COMPARISON]
    there = [str(path) for path in foreseen if path.exists()]
    if there and not force:
        raise OutputError(f"{', '.join(there)} exist already: give another --out, or --force")
    files = make_files(spectra, force)
    analyses = run(spectra)
    items = [
        Item(str(file), analysis.spectrum, False)
        for file, analysis in zip(files, analyses, strict=True)
    ]
    job = Analyze("demo", {})
    plan = Plan.of(Output(top, force=force), items, True, {*job.tables, _COMPARISON, _SPECTRA})
    plan.check(names(job, plan.output.formats), job.tables)
    done = [*zip(items, analyses, strict=True)]
    with Archive(job, plan) as archive:
        for index, (item, analysis) in enumerate(done):
            archive.keep(index, item, analysis)
    found = comparison(analyses)
    plan.write(top, _COMPARISON, csv_text(found))
    if as_json:
        print_json({"synthetic": True, "comparison": records(found), "folder": str(top)})
    else:
        show(job, done)
        _show_comparison(found, Screen())
        show_written(plan)
    return report([], len(done))


def _show_comparison(found: pd.DataFrame, screen: Screen) -> None:
    screen.heading("SYNTHETIC spectra: published resistances, and what eisfit finds of them")
    screen.table(_COLUMNS, [_row(row) for row in records(found)])
    screen.plain("")


def _row(row: Mapping[str, Any]) -> Sequence[str]:
    return (
        row["sample"],
        row["role"],
        number(row["published_ohm"], 4),
        with_error(row["resistance_ohm"], row["stderr_ohm"]),
        f"{row['difference_percent']:+.2f} %",
    )
