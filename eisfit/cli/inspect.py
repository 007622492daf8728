"""What files are: for the screen, as JSON, and as a report to send."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli.text import clean

if TYPE_CHECKING:
    from eisfit.cli.inputs import Failure
    from eisfit.io.inspect import Inspection

REPORT = "eisfit-report.json"


def inspect_files(
    files: Sequence[str],
    options: dict[str, Any],
    as_json: bool = False,
    bundle: bool = False,
    out: str | None = None,
    force: bool = False,
) -> int:
    """Show what files are, or write the report on each, and return the exit status.

    Raises
    ------
    OutputError
        If a report exists and `force` is false.
    """
    from eisfit.cli.run import report

    found, failures = _inspected(files, options)
    if as_json:
        sys.stdout.write(json.dumps([entry.to_dict() for _, entry in found], indent=1) + "\n")
    for file, entry in found:
        if bundle:
            _write(file, entry, out, force, number=len(found) > 1)
        elif not as_json:
            sys.stdout.write(clean(entry.text(), lines=True) + "\n")
    return report(failures, len(found))


def explain(files: Sequence[str], options: dict[str, Any]) -> int:
    """Show what was taken as what in each file, and return the exit status."""
    from eisfit.cli.inputs import Failure
    from eisfit.cli.run import report

    found, failures = _inspected(files, options)
    for entry in (entry for _, entry in found if not entry.error):
        sys.stdout.write(clean(entry.explain(), lines=True) + "\n")
    unread = [Failure(file, entry.error) for file, entry in found if entry.error]
    return report([*failures, *unread], len(found) - len(unread))


def command_options(
    electrode: Enum | None, columns: str | None, sign: str | None, decimal: str | None = None
) -> dict[str, Any]:
    """Return the options that say how a file is to be read."""
    name = None if electrode is None else str(electrode.value)
    return {"electrode": name, "columns": columns, "sign": sign, "decimal": decimal}


def _inspected(
    files: Sequence[str], options: dict[str, Any]
) -> tuple[list[tuple[str, Inspection]], list[Failure]]:
    from eisfit.cli.inputs import Failure
    from eisfit.errors import ReadError
    from eisfit.io.inspect import inspect
    from eisfit.io.request import Request

    Request.of(**options)  # an option that makes no sense is said once, not for each file
    found: list[tuple[str, Inspection]] = []
    failures: list[Failure] = []
    for file in files:
        try:
            found.append((file, inspect(file, **options)))
        except ReadError as error:
            failures.append(Failure(file, str(error)))
    return found, failures


def _write(file: str, entry: Inspection, out: str | None, force: bool, number: bool) -> None:
    from eisfit.io.bundle import bundle

    path = Path(out or REPORT)
    if number:
        path = path.with_name(f"{path.stem}-{entry.sha256[:8]}{path.suffix}")
    bundle(file, path, force)
    sys.stdout.write(
        f"wrote {clean(path)}: the layout of the file, no data, no words of yours; read it, then "
        "send it\n"
    )
