"""The commands and their options; what they do is in the modules they import when they run."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from eisfit.cli.options import (
    BatchDRT,
    ColumnsOption,
    DecimalOption,
    DRTEngine,
    DRTWeighting,
    Effort,
    ElectrodeOption,
    Engine,
    FilesArg,
    ForceOption,
    FormatOption,
    HighOption,
    JsonOption,
    LowOption,
    OutOption,
    RegularizationOption,
    SavedAs,
    SeedOption,
    SignOption,
    SweepOption,
    Text,
    Weighting,
)

app = typer.Typer(
    name="eisfit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Impedance spectra of battery cells: from the instrument's file to tables of resistances "
    "and relaxation times, without starting values.",
    epilog="Exit status: 0 all done, 1 some inputs failed, 2 nothing done.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from eisfit._version import __version__

        sys.stdout.write(f"eisfit {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where a fault of eisfit itself happened.")
    ] = False,
) -> None:
    if traceback:
        os.environ["EISFIT_TRACEBACK"] = "1"


@app.command()
def fit(
    files: FilesArg,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", metavar="NAME|CIRCUIT|auto",
            help="A model (see: eisfit models), a circuit such as 'R0-p(R1,CPE1)', or auto.",
        ),
    ] = "auto",
    out: OutOption = None,
    formats: FormatOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    report: Annotated[
        bool, typer.Option("--report", help="Write report.html too, a page with all of it.")
    ] = False,
    electrode: ElectrodeOption = None,
    f_min: LowOption = None,
    f_max: HighOption = None,
    sweep: SweepOption = None,
    columns: ColumnsOption = None,
    sign: SignOption = None,
    decimal: DecimalOption = None,
    weighting: Annotated[Weighting, typer.Option(help="Of the circuit fit.")] = Weighting.MODULUS,
    regularization: RegularizationOption = "auto",
    engine: Annotated[Engine, typer.Option(help="What fits the circuit.")] = Engine.EISFIT,
    seed: SeedOption = 0,
    area_over_thickness: Annotated[
        float,
        typer.Option(metavar="CM", min=1e-6, help="Of the cell; scales the capacitances of roles."),
    ] = 10.0,
) -> int:  # fmt: skip
    """Fit spectra: resistances, relaxation times, validity, plots."""
    from eisfit.cli.inputs import Selection
    from eisfit.cli.jobs import Analyze
    from eisfit.cli.outputs import Output
    from eisfit.cli.run import run

    job = Analyze.of(
        model,
        fit_options={"weighting": weighting.value, "seed": seed},
        drt_options={"regularization": regularization, "seed": seed},
        area_over_thickness_cm=area_over_thickness,
        engine=engine.value,
    )
    return run(
        job,
        Selection.of(files, electrode, sweep, f_min, f_max, columns, sign, decimal),
        Output.of(out, formats, force),
        as_json,
        page=report,
    )


@app.command()
def compare(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="MANIFEST|FILE...", show_default=False,
            help="A table that says what each file is (see the page on comparison), or the files.",
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="NAME|CIRCUIT|auto", help="As of eisfit fit.")
    ] = "auto",
    along: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="What to follow; by default the first that varies."),
    ] = "",
    pattern: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="What the names of files say, such as '{sample}_{time_h}h_{state}.mpr'.",
        ),
    ] = "",
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
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A role or parameter with one value in each cell."),
    ] = None,
    short: Annotated[
        str | None, typer.Option(metavar="FILE", help="Blank: a short circuit for the cell.")
    ] = None,
    open_circuit: Annotated[
        str | None, typer.Option("--open", metavar="FILE", help="Blank: nothing for the cell.")
    ] = None,
    area: Annotated[
        float | None, typer.Option(metavar="CM2", min=1e-9, help="Of cells without their own.")
    ] = None,
    thickness: Annotated[
        float | None, typer.Option(metavar="CM", min=1e-9, help="Of cells without their own.")
    ] = None,
    f_min: LowOption = None,
    f_max: HighOption = None,
    weighting: Annotated[Weighting, typer.Option(help="Of the circuit fits.")] = Weighting.MODULUS,
    regularization: RegularizationOption = "auto",
    seed: SeedOption = 0,
) -> int:  # fmt: skip
    """Compare samples, aging times and cell states: tables, figures, a report."""
    from eisfit.cli.compare import Study, drt_options
    from eisfit.cli.compare import compare as run_compare

    study = Study(
        tuple(paths),
        along,
        pattern,
        blanks=(short, open_circuit),
        window=(f_min, f_max),
        size=(area, thickness),
    )
    options = {
        "fit_options": {"weighting": weighting.value, "seed": seed},
        "drt_options": drt_options(regularization, seed),
        "share": tuple(share or ()),
    }
    return run_compare(
        study, model, options, out, tuple(f.value for f in formats or ()), force, as_json
    )


@app.command()
def drt(
    files: FilesArg,
    out: OutOption = None,
    formats: FormatOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    electrode: ElectrodeOption = None,
    f_min: LowOption = None,
    f_max: HighOption = None,
    sweep: SweepOption = None,
    columns: ColumnsOption = None,
    sign: SignOption = None,
    decimal: DecimalOption = None,
    weighting: Annotated[
        DRTWeighting | None,
        typer.Option(help="Of the data.  [default: modulus; pydrttools has unit alone]"),
    ] = None,
    regularization: RegularizationOption = "auto",
    engine: Annotated[DRTEngine, typer.Option(help="What computes the DRT.")] = DRTEngine.EISFIT,
    seed: SeedOption = 0,
) -> int:
    """Distribution of relaxation times, and its peaks."""
    from eisfit.cli.inputs import Selection
    from eisfit.cli.jobs import Relaxation
    from eisfit.cli.outputs import Output
    from eisfit.cli.run import run

    job = Relaxation.of(
        engine.value,
        regularization,
        weighting.value if weighting else None,
        seed,
    )
    return run(
        job,
        Selection.of(files, electrode, sweep, f_min, f_max, columns, sign, decimal),
        Output.of(out, formats, force),
        as_json,
    )


@app.command()
def kk(
    files: FilesArg,
    out: OutOption = None,
    formats: FormatOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    electrode: ElectrodeOption = None,
    f_min: LowOption = None,
    f_max: HighOption = None,
    sweep: SweepOption = None,
    columns: ColumnsOption = None,
    sign: SignOption = None,
    decimal: DecimalOption = None,
) -> int:
    """Kramers-Kronig test: can the data be trusted?"""
    from eisfit.cli.inputs import Selection
    from eisfit.cli.jobs import Validity
    from eisfit.cli.outputs import Output
    from eisfit.cli.run import run

    return run(
        Validity(),
        Selection.of(files, electrode, sweep, f_min, f_max, columns, sign, decimal),
        Output.of(out, formats, force),
        as_json,
    )


@app.command()
def batch(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|GLOB|MANIFEST...", show_default=False,
            help="Files, folders, patterns, or text files that list paths.",
        ),
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", show_default=False, help="The data set.")
    ],
    model: Annotated[
        str,
        typer.Option("--model", "-m", metavar="NAME|CIRCUIT|auto", help="As of eisfit fit."),
    ] = "auto",
    kk: Annotated[bool, typer.Option("--kk", help="Kramers-Kronig test as well.")] = False,
    drt: Annotated[bool, typer.Option("--drt", help="Relaxation times as well.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes.  [default: all cores]")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="A dask scheduler, in place of processes."),
    ] = None,
    drt_method: Annotated[
        BatchDRT, typer.Option(help="blend is the truest, and five times as slow.")
    ] = BatchDRT.ADAPTIVE,
    drt_samples: Annotated[
        int, typer.Option(min=0, metavar="N", help="Resamples, for intervals of peaks.")
    ] = 0,
    weighting: Annotated[Weighting, typer.Option(help="Of the circuit fit.")] = Weighting.MODULUS,
    effort: Annotated[Effort, typer.Option(help="Of the circuit fit.")] = Effort.THOROUGH,
    seed: SeedOption = 0,
    electrode: ElectrodeOption = None,
    f_min: LowOption = None,
    f_max: HighOption = None,
    columns: ColumnsOption = None,
    sign: SignOption = None,
    decimal: DecimalOption = None,
    time_limit: Annotated[
        float, typer.Option(min=1, metavar="S", help="After which a task is stopped.")
    ] = 300.0,
    memory_limit: Annotated[
        float, typer.Option(min=0, metavar="GB", help="Of a process; 0 for none.")
    ] = 2.0,
    retry: Annotated[bool, typer.Option("--retry", help="Do failed files again.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Put results of other settings aside.")
    ] = False,
    as_json: JsonOption = False,
) -> int:  # fmt: skip
    """Fit thousands of files into one data set; goes on where it was after any interruption."""
    from eisfit.batching.recipe import Recipe
    from eisfit.batching.run import Conduct
    from eisfit.batching.work import Limits
    from eisfit.cli.batch import batch as run_batch
    from eisfit.cli.batch import cluster_size

    recipe = Recipe(
        model, kk=kk, drt=drt, drt_method=drt_method.value, drt_samples=drt_samples,
        weighting=weighting.value, effort=effort.value, seed=seed,
        electrode=None if electrode is None else electrode.value,
        columns=columns, sign=sign, decimal=decimal, f_min=f_min, f_max=f_max,
    )  # fmt: skip
    limits = Limits(time_limit, int(memory_limit * 2**30))
    at_once = workers if workers or dask is None else cluster_size(dask)
    conduct = Conduct(at_once, limits, anew, retry)
    return run_batch(files, out, recipe, conduct, dask, as_json)


@app.command()
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


@app.command()
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


@app.command()
def convert(
    files: FilesArg,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="FILE|DIR",
            help="A name with a suffix (.csv, .json, .txt) takes all spectra; else a folder, one "
            "file an input. Without it the screen.",
        ),
    ] = None,
    to: Annotated[
        Text | None, typer.Option(help="What to write; by the suffix of --out, else csv.")
    ] = None,
    force: ForceOption = False,
    electrode: ElectrodeOption = None,
    f_min: LowOption = None,
    f_max: HighOption = None,
    sweep: SweepOption = None,
    columns: ColumnsOption = None,
    sign: SignOption = None,
    decimal: DecimalOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only say what was taken as what in each file.")
    ] = False,
) -> int:  # fmt: skip
    """Write spectra as CSV, JSON or EC-Lab text."""
    if explain:
        from eisfit.cli.inspect import command_options
        from eisfit.cli.inspect import explain as run_explain

        return run_explain(files, command_options(electrode, columns, sign, decimal))
    from eisfit.cli.convert import convert as run_convert
    from eisfit.cli.inputs import Selection

    return run_convert(
        Selection.of(files, electrode, sweep, f_min, f_max, columns, sign, decimal),
        out,
        to.value if to else None,
        force,
    )


@app.command()
def inspect(
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
    electrode: ElectrodeOption = None,
    columns: ColumnsOption = None,
    sign: SignOption = None,
    decimal: DecimalOption = None,
) -> int:
    """Say what files are: format, settings, sweeps, columns, warnings."""
    from eisfit.cli.inspect import command_options, inspect_files

    options = command_options(electrode, columns, sign, decimal)
    return inspect_files(files, options, as_json, bundle, out, force)


@app.command()
def simulate(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|CIRCUIT]", show_default=False,
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
    f_max: Annotated[
        float | None, typer.Option("--f-max", metavar="HZ", help="Highest.  [default: 7e6]")
    ] = None,
    f_min: Annotated[
        float | None, typer.Option("--f-min", metavar="HZ", help="Lowest.  [default: 1]")
    ] = None,
    per_decade: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Points a decade.  [default: 10]")
    ] = None,
    noise: Annotated[
        float, typer.Option(min=0, max=1, help="Of each part, relative to |Z|; 0.001 is 0.1 %.")
    ] = 0.0,
    seed: SeedOption = 0,
    label: Annotated[str, typer.Option(help="Name of the sample.")] = "simulated",
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Without it the screen."),
    ] = None,
    to: Annotated[
        Text | None, typer.Option(help="What to write; by the suffix of --out, else csv.")
    ] = None,
    force: ForceOption = False,
) -> int:  # fmt: skip
    """Simulate a spectrum of a circuit, with or without noise."""
    from eisfit.cli.convert import deliver
    from eisfit.cli.simulate import Grid
    from eisfit.cli.simulate import simulate as run_simulate

    spectrum = run_simulate(model, values or [], saved, Grid(f_max, f_min, per_decade), noise, seed)
    return deliver(
        [spectrum.with_label(label)],
        out,
        to.value if to else None,
        force,
        spectrum.metadata["notes"],
    )


@app.command()
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
