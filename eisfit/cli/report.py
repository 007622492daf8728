"""`eisfit fit --report`: all spectra of a command in one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eisfit.cli.groups import Output
from eisfit.cli.inputs import Item
from eisfit.cli.outputs import Plan
from eisfit.errors import OutputError

PAGE = "report.html"


def require_folder(output: Output) -> None:
    """Refuse a report that has no place.

    Raises
    ------
    OutputError
        If no folder was given.
    """
    if output.folder is None:
        raise OutputError("--report writes a file: say where, with --out DIR")


def write_page(done: Sequence[tuple[Item, Any]], plan: Plan) -> None:
    """Write the report beside the tables of all spectra."""
    from eisfit.report import report_html

    folder = plan.together or plan.places[0]
    plan.write(folder, PAGE, report_html([result for _, result in done]))
