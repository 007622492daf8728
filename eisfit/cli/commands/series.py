"""`eisfit compare` and `demo`: spectra that belong together."""

from __future__ import annotations

from typing import Annotated

import typer

from eisfit.cli.groups import Settings, Study
from eisfit.cli.options import ForceOption, JsonOption, ModelOption, OutOption, SavedAs


def compare(
    *,
    model: ModelOption = "auto",
    out: OutOption = None,
    formats: Annotated[
        list[SavedAs] | None,
        typer.Option(
            "--format",
            help="Of tables and figures, by default csv and png; may be given several times.",
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    study: Study,
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A role or parameter with one value in each cell."),
    ] = None,
    settings: Settings,
) -> int:
    """Compare samples, aging times and cell states: tables, figures, a report."""
    from eisfit.cli.compare import compare as run_compare
    from eisfit.cli.jobs import checked_drt_options

    options = {
        "fit_options": settings.of_fit,
        "drt_options": checked_drt_options(settings.of_drt),
        "share": tuple(share or ()),
    }
    suffixes = tuple(f.value for f in formats or ())
    return run_compare(study, model, options, out, suffixes, force, as_json)


def demo(
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="Folder for files and results.")
    ] = "eisfit-demo",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> int:
    """See it work: synthetic spectra from published resistances, fitted as a user would."""
    from eisfit.cli.demo import demo as run_demo

    return run_demo(out, force, as_json)
