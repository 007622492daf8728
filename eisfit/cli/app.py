"""The program: its commands, and what stands before them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from eisfit.cli.commands.batches import batch, results
from eisfit.cli.commands.files import convert, inspect, models, simulate
from eisfit.cli.commands.series import compare, demo
from eisfit.cli.commands.spectra import drt, fit, kk
from eisfit.cli.groups import spread

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


for command in (
    fit, compare, drt, kk, batch, results, models, convert, inspect, simulate, demo,
):  # fmt: skip
    app.command()(spread(command))
