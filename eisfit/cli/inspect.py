"""What files are: for the screen, as JSON, and as a report to send."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.cli.text import clean

if TYPE_CHECKING:
    from eisfit.cli.groups import Reading
    from eisfit.cli.inputs import Failure
    from eisfit.io.inspect import Inspection

REPORT = "eisfit-report.json"


def inspect_files(
    files: Sequence[str],
    reading: Reading,
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

    found, failures = _inspected(files, reading)
    if as_json:
        sys.stdout.write(json.dumps([entry.to_dict() for _, entry in found], indent=1) + "\n")
    for file, entry in found:
        if bundle:
            _write(file, entry, out, force, number=len(found) > 1)
        elif not as_json:
            sys.stdout.write(clean(entry.text(), lines=True) + "\n")
    return report(failures, len(found))


def explain(files: Sequence[str], reading: Reading) -> int:
    """Show what was taken as what in each file, and return the exit status."""
    from eisfit.cli.inputs import Failure
    from eisfit.cli.run import report

    found, failures = _inspected(files, reading)
    for entry in (entry for _, entry in found if not entry.error):
        sys.stdout.write(clean(entry.explain(), lines=True) + "\n")
    unread = [Failure(file, entry.error) for file, entry in found if entry.error]
    return report([*failures, *unread], len(found) - len(unread))


def _inspected(
    files: Sequence[str], reading: Reading
) -> tuple[list[tuple[str, Inspection]], list[Failure]]:
    from eisfit.cli.inputs import Failure
    from eisfit.errors import ReadError
    from eisfit.io.inspect import inspect
    from eisfit.io.request import Request

    Request.of(**reading.asked)  # an option that makes no sense is said once, not for each file
    found: list[tuple[str, Inspection]] = []
    failures: list[Failure] = []
    for file in files:
        try:
            found.append((file, inspect(file, **reading.asked)))
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
