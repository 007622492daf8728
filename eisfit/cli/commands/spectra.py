"""`eisfit fit`, `drt` and `kk`: spectra one by one."""

from __future__ import annotations

from typing import Annotated

import typer

from eisfit.cli.groups import Output, Relaxation, Selection, Settings
from eisfit.cli.options import Engine, JsonOption, ModelOption


def fit(
    *,
    model: ModelOption = "auto",
    output: Output,
    report: Annotated[
        bool, typer.Option("--report", help="Write report.html too, a page with all of it.")
    ] = False,
    as_json: JsonOption = False,
    selection: Selection,
    settings: Settings,
    engine: Annotated[Engine, typer.Option(help="What fits the circuit.")] = Engine.EISFIT,
    area_over_thickness: Annotated[
        float,
        typer.Option(metavar="CM", min=1e-6, help="Of the cell; scales the capacitances of roles."),
    ] = 10.0,
) -> int:
    """Fit spectra: resistances, relaxation times, validity, plots."""
    from eisfit.cli.jobs import Analyze
    from eisfit.cli.run import run

    job = Analyze.of(
        model,
        fit_options=settings.of_fit,
        drt_options=settings.of_drt,
        area_over_thickness_cm=area_over_thickness,
        engine=engine.value,
    )
    return run(job, selection, output, as_json, page=report)


def drt(
    *, output: Output, as_json: JsonOption = False, selection: Selection, settings: Relaxation
) -> int:
    """Distribution of relaxation times, and its peaks."""
    from eisfit.cli import jobs
    from eisfit.cli.run import run

    job = jobs.Relaxation.of(settings.engine.value, settings.options)
    return run(job, selection, output, as_json)


def kk(*, output: Output, as_json: JsonOption = False, selection: Selection) -> int:
    """Kramers-Kronig test: can the data be trusted?"""
    from eisfit.cli.jobs import Validity
    from eisfit.cli.run import run

    return run(Validity(), selection, output, as_json)
