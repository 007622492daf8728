"""`eisfit batch` and `results`: thousands of files."""

from __future__ import annotations

from typing import Annotated

import typer

from eisfit.cli.groups import Running, Work
from eisfit.cli.options import ForceOption, JsonOption, ModelOption


def batch(
    *,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|GLOB|MANIFEST...",
            show_default=False,
            help="Files, folders, patterns, or text files that list paths.",
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", show_default=False, help="The data set.")
    ],
    model: ModelOption = "auto",
    as_json: JsonOption = False,
    work: Work,
    running: Running,
) -> int:
    """Fit thousands of files into one data set; goes on where it was after any interruption."""
    from eisfit.batching.recipe import Recipe
    from eisfit.cli.batch import batch as run_batch
    from eisfit.cli.batch import conduct

    return run_batch(
        files, out, Recipe(model, **work.recipe), conduct(running), running.dask, as_json
    )


def results(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", show_default=False, help="What --out of batch was.")
    ],
    query: Annotated[
        str | None, typer.Option("--query", "-q", metavar="SQL", help="Ask by SQL of DuckDB.")
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Write CSV: all tables, or the answer to the query.")
    ] = False,
    as_json: JsonOption = False,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="DIR", help="For the tables.  [default: DIR/csv]"),
    ] = None,
    force: ForceOption = False,
    failed: Annotated[
        bool, typer.Option("--failures", help="List all files that failed, and why.")
    ] = False,
) -> int:
    """Show, ask or export the data set of a batch."""
    from eisfit.cli.results import results as show_results

    return show_results(folder, query, as_csv, as_json, out, force, failed)
