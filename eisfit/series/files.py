"""Files whose names say what they are, and the clock where nothing else does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from os import PathLike
from pathlib import Path

from eisfit.errors import EisfitError, SeriesError
from eisfit.series.member import Failure, Member
from eisfit.series.pattern import Pattern, value_of
from eisfit.series.repeats import without_repeats
from eisfit.series.rows import Reader, Row


def read_files(
    paths: Sequence[str | PathLike[str]], pattern: str
) -> tuple[list[Member], list[Failure], list[str]]:
    """Return the members that files and their names make, what failed, and notes.

    Raises
    ------
    SeriesError
        If the pattern is none.
    """
    template = Pattern.of(pattern)
    reader = Reader()
    members: list[Member] = []
    failures: list[Failure] = []
    for path in map(Path, paths):
        try:
            members += reader.members(_row(template, path), path, str(path))
        except EisfitError as error:
            failures.append(Failure(str(path), str(error)))
    members, repeated = without_repeats(members)
    return members, failures, repeated


def _row(template: Pattern, path: Path) -> Row:
    found = template.match(path)
    if found is None:
        raise SeriesError(
            f"{path.name} does not fit the pattern {template.text!r}: rename it, or write a "
            "manifest that says what it is"
        )
    cells = [
        (what, name, text) for name, raw in found.items() for what, text in [value_of(name, raw)]
    ]
    return Row.of(path.name, cells)


def with_clock_times(members: Sequence[Member]) -> tuple[list[Member], list[str]]:
    """Return members with the times of their instrument's clock, where none has any.

    Hours since the first spectrum of the same sample and cell; only where all of these have one.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for i, member in enumerate(members):
        groups.setdefault((member.sample, member.cell), []).append(i)
    timed = list(members)
    for group in groups.values():
        moments = [_moment(members[i]) for i in group]
        known = [m for m in moments if m is not None]
        if len(known) < 2 or len(known) < len(group):
            continue
        for i, moment in zip(group, known, strict=True):
            timed[i] = replace(members[i], time_h=(moment - min(known)) / 3600.0)
    changed = any(a is not b for a, b in zip(members, timed, strict=True))
    note = "times are from the instruments' clocks, from the first spectrum of each cell"
    return timed, [note] if changed else []


def _moment(member: Member) -> float | None:
    """Return when a spectrum was begun, in seconds of some clock."""
    metadata = member.spectrum.metadata
    try:
        begun = datetime.fromisoformat(str(metadata["acquired"]))
    except (KeyError, ValueError):
        return None
    since = float(metadata.get("time_s", 0.0))
    if math.isnan(since):
        return None
    return (begun - datetime(2000, 1, 1, tzinfo=begun.tzinfo)).total_seconds() + since
