"""`eisfit convert`, `inspect`, `simulate` and `models`: spectra and circuits as they are."""

from __future__ import annotations

from typing import Annotated

import typer

from eisfit.cli.groups import Grid, Reading, Selection, Target, Targets
from eisfit.cli.options import FilesArg, ForceOption, JsonOption, SeedOption


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|CIRCUIT]", show_default=False, help="One of them, in full."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """List the circuit models, or show one: circuit, roles, spans, source, drawing."""
    from eisfit.cli.show_models import show

    return show(name, as_json)


def convert(
    *,
    target: Targets,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only say what was taken as what in each file.")
    ] = False,
    selection: Selection,
) -> int:
    """Write spectra as CSV, JSON or EC-Lab text."""
    if explain:
        from eisfit.cli.inspect import explain as run_explain

        return run_explain(selection.files, selection)
    from eisfit.cli.convert import convert as run_convert

    return run_convert(selection, target)


def inspect(
    *,
    files: FilesArg,
    as_json: JsonOption = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Write a report to send: layout, no data.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Of it.  [default: eisfit-report.json]"),
    ] = None,
    force: ForceOption = False,
    reading: Reading,
) -> int:
    """Say what files are: format, settings, sweeps, columns, warnings."""
    from eisfit.cli.inspect import inspect_files

    return inspect_files(files, reading, as_json, bundle, out, force)


def simulate(
    *,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|CIRCUIT]",
            show_default=False,
            help="A model or a circuit; not needed with --from.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A parameter or role, such as R0=10 or R_int=147."
        ),
    ] = None,
    saved: Annotated[
        str | None,
        typer.Option("--from", metavar="FIT.JSON", help="Circuit, values, frequencies of a fit."),
    ] = None,
    grid: Grid,
    noise: Annotated[
        float, typer.Option(min=0, max=1, help="Of each part, relative to |Z|; 0.001 is 0.1 %.")
    ] = 0.0,
    seed: SeedOption = 0,
    label: Annotated[str, typer.Option(help="Name of the sample.")] = "simulated",
    target: Target,
) -> int:
    """Simulate a spectrum of a circuit, with or without noise."""
    from eisfit.cli.convert import deliver
    from eisfit.cli.simulate import simulate as run_simulate

    spectrum = run_simulate(model, values or [], saved, grid, noise, seed)
    return deliver([spectrum.with_label(label)], target, spectrum.metadata["notes"])
