"""One job on many spectra: plan, compute, write, show, and say at the end what failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.cli import DONE, NOTHING_DONE, SOME_FAILED
from eisfit.cli.inputs import Failure, Item, Selection, gather
from eisfit.cli.jobs import Job, csv_text
from eisfit.cli.outputs import Output, Plan
from eisfit.cli.screen import Screen, complain, progress
from eisfit.cli.text import span
from eisfit.errors import EisfitError, OutputError
from eisfit.saved import plain

if TYPE_CHECKING:
    import pandas as pd

FORMAT, VERSION = "eisfit-report", 1


@dataclass
class _Outcome:
    done: list[tuple[Item, Any]] = field(default_factory=list)
    tables: dict[str, list[pd.DataFrame]] = field(default_factory=dict)


def run(job: Job, selection: Selection, output: Output, as_json: bool) -> int:
    """Run a job on what is selected and return the exit status.

    Raises
    ------
    OutputError
        If files are there already or cannot be written; where they can be foreseen, before
        anything is computed.
    """
    items, failures = gather(selection)
    several = len(selection.files) > 1 or len(items) > 1
    plan = Plan.of(output, items, several, {*job.tables})
    if items:
        plots = [f"{name}.{suffix}" for name in job.plots for suffix in output.formats]
        plan.check([*job.tables, *job.texts, *plots], job.tables)
    outcome = _compute(job, items, failures, plan)
    if plan.together is not None and outcome.done:
        for name, frames in outcome.tables.items():
            plan.write(plan.together, name, csv_text(_joined(frames)))
    if as_json:
        _print_json(job, outcome, failures, plan)
    else:
        _show(job, outcome, plan)
    return report(failures, len(outcome.done))


def _compute(job: Job, items: Sequence[Item], failures: list[Failure], plan: Plan) -> _Outcome:
    outcome = _Outcome()
    with progress(items, "spectra") as entries:
        for i, item in enumerate(entries):
            try:
                result = job.compute(item.spectrum)
                frames = job.frames(result)
                if plan.places:
                    for name, frame in frames.items():
                        plan.write(plan.places[i], name, csv_text(frame))
                    for name, content in job.contents(result, plan.output.formats):
                        plan.write(plan.places[i], name, content)
            except OutputError:
                raise
            except EisfitError as error:
                failures.append(Failure(_where(item), str(error)))
                continue
            outcome.done.append((item, result))
            for name, frame in frames.items():
                outcome.tables.setdefault(name, []).append(frame.assign(file=item.file))
    return outcome


def _where(item: Item) -> str:
    return f"{item.file}, sweep {item.sweep}" if item.of_several else item.file


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    from eisfit.tables import frame

    columns = dict.fromkeys(str(c) for f in frames for c in f.columns if c != "file")
    rows = [{str(k): v for k, v in row.items()} for f in frames for row in f.to_dict("records")]
    return frame(rows, (*columns, "file"))


def _show(job: Job, outcome: _Outcome, plan: Plan) -> None:
    screen = Screen()
    for item, result in outcome.done:
        s = item.spectrum
        screen.heading(f"{item.title}: {len(s)} points, {span(s.frequency[0], s.frequency[-1])}")
        job.show(result, screen)
    if plan.written and plan.output.folder is not None:
        folders = {path.parent for path in plan.written}
        inside = "" if len(folders) == 1 else f" in {len(folders)} folders"
        screen.plain(f"Written: {len(plan.written)} files{inside} to {plan.output.folder}")
    elif outcome.done:
        screen.plain("Nothing was written: --out DIR keeps tables, plots and the fit.")


def _print_json(job: Job, outcome: _Outcome, failures: Sequence[Failure], plan: Plan) -> None:
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
        for item, result in outcome.done
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
        # Messages of the readers begin with the name of the file themselves
        known = Path(failure.file).name in failure.error
        lines.append(f"{lead}{failure.error if known else f'{failure.file}: {failure.error}'}")
    complain(lines)
    return SOME_FAILED if done else NOTHING_DONE
