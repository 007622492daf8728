"""One job on many spectra: plan, compute, write, show, and say at the end what failed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from eisfit.cli import DONE, NOTHING_DONE, SOME_FAILED, TRACEBACK
from eisfit.cli.archive import Archive
from eisfit.cli.groups import Output, Selection
from eisfit.cli.inputs import Failure, Item, gather
from eisfit.cli.jobs import Job
from eisfit.cli.outputs import Plan
from eisfit.cli.report import PAGE, require_folder, write_page
from eisfit.cli.screen import Screen, complain, progress
from eisfit.cli.text import span
from eisfit.errors import EisfitError, located, said_of
from eisfit.saved import plain

FORMAT, VERSION = "eisfit-report", 1


Done = list[tuple[Item, Any]]


def run(job: Job, selection: Selection, output: Output, as_json: bool, page: bool = False) -> int:
    """Run a job on what is selected and return the exit status; `page` adds the report.

    Raises
    ------
    OutputError
        If files are there already or cannot be written; where they can be foreseen, before
        anything is computed.
    """
    if page:
        require_folder(output)
    items, failures = gather(selection)
    several = len(selection.files) > 1 or len(items) > 1
    shared = [*job.tables, *([PAGE] if page else [])]
    plan = Plan.of(output, items, several, {*shared})
    if items:
        alone = [PAGE] if page and not several else []
        plan.check([*names(job, output.suffixes), *alone], shared)
    done = _compute(job, items, failures, plan)
    if page and done:
        write_page(done, plan)
    if as_json:
        show_json(job, done, failures, plan)
    else:
        show(job, done)
        if done:
            show_written(plan)
    return report(failures, len(done))


def _compute(job: Job, items: Sequence[Item], failures: list[Failure], plan: Plan) -> Done:
    done: Done = []
    with Archive(job, plan) as archive, progress(items, "spectra") as entries:
        for number, item in enumerate(entries):
            try:
                result = job.compute(item.spectrum)
            except Exception as error:
                # A fault of ours on one spectrum must not cost the results of the others
                expected = isinstance(error, EisfitError)
                if not expected and (len(items) == 1 or os.environ.get(TRACEBACK)):
                    raise
                where = f"{item.file}, sweep {item.sweep}" if item.of_several else item.file
                failures.append(Failure(where, said_of(error)))
                continue
            archive.keep(number, item, result)
            done.append((item, result))
    return done


def show(job: Job, done: Done) -> None:
    """Print results as a person reads them."""
    screen = Screen()
    for item, result in done:
        s = item.spectrum
        screen.heading(f"{item.title}: {len(s)} points, {span(s.frequency[0], s.frequency[-1])}")
        job.show(result, screen)
        screen.plain("")


def show_written(plan: Plan) -> None:
    """Print where results lie."""
    screen = Screen()
    if plan.output.folder is None:
        screen.plain("Nothing was written: --out DIR keeps all of it, with plots.")
    elif plan.written:
        folders = len({path.parent for path in plan.written})
        inside = "" if folders == 1 else f", in {folders} folders"
        screen.plain(f"Written: {len(plan.written)} files to {plan.output.folder}{inside}")


def show_json(job: Job, done: Done, failures: Sequence[Failure], plan: Plan) -> None:
    """Print results as another program reads them."""
    results = [
        {
            "file": item.file,
            "sample": item.spectrum.label,
            "sweep": item.sweep,
            "points": len(item.spectrum),
            "f_max_hz": float(item.spectrum.frequency[0]),
            "f_min_hz": float(item.spectrum.frequency[-1]),
            "sha256": item.spectrum.metadata.get("sha256", ""),
            **job.document(result),
        }
        for item, result in done
    ]
    print_json(
        {
            "format": FORMAT,
            "version": VERSION,
            "results": results,
            "failures": [{"file": f.file, "error": f.error} for f in failures],
            "written": [str(path) for path in plan.written],
        }
    )


def names(job: Job, formats: Sequence[str]) -> list[str]:
    """Return the names of all files that a job writes of one spectrum."""
    plots = [f"{name}.{suffix}" for name in job.plots for suffix in formats]
    return [*job.tables, *job.texts, *plots]


def print_json(document: Any) -> None:
    """Print a document as strict JSON on standard output, NaN as null."""
    text = json.dumps(plain(document), indent=1, allow_nan=False)
    sys.stdout.write(text + "\n")


def report(failures: Sequence[Failure], done: int) -> int:
    """Say on standard error what failed, and return the exit status."""
    if not failures:
        return DONE if done else NOTHING_DONE
    total = len(failures) + done
    lines = [] if total == 1 else [f"error: {len(failures)} of {total} failed:"]
    lead = "error: " if total == 1 else "  "
    for failure in failures:
        lines.append(f"{lead}{located(failure.file, failure.error)}")
    complain(lines)
    return SOME_FAILED if done else NOTHING_DONE
