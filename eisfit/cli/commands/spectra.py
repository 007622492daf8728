"""`eisfit fit`, `drt` and `kk`: spectra one by one."""

from __future__ import annotations

from typing import Annotated

import typer

from eisfit.cli.groups import Output, Selection, Settings
from eisfit.cli.options import (
    DRTEngine,
    DRTWeighting,
    Engine,
    JsonOption,
    ModelOption,
    RegularizationOption,
    SeedOption,
)


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
    *,
    output: Output,
    as_json: JsonOption = False,
    selection: Selection,
    weighting: Annotated[
        DRTWeighting | None,
        typer.Option(help="Of the data.  [default: modulus; pydrttools has unit alone]"),
    ] = None,
    regularization: RegularizationOption = "auto",
    engine: Annotated[DRTEngine, typer.Option(help="What computes the DRT.")] = DRTEngine.EISFIT,
    seed: SeedOption = 0,
) -> int:
    """Distribution of relaxation times, and its peaks."""
    from eisfit.cli.jobs import Relaxation
    from eisfit.cli.run import run

    chosen = weighting.value if weighting else None
    job = Relaxation.of(engine.value, regularization, chosen, seed)
    return run(job, selection, output, as_json)


def kk(*, output: Output, as_json: JsonOption = False, selection: Selection) -> int:
    """Kramers-Kronig test: can the data be trusted?"""
    from eisfit.cli.jobs import Validity
    from eisfit.cli.run import run

    return run(Validity(), selection, output, as_json)
