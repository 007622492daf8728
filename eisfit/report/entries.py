"""The spectra of a report, whatever it was asked for: each with its name and its conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eisfit.errors import OutputError
from eisfit.frozen import FrozenDict

if TYPE_CHECKING:
    from eisfit.analysis import Analysis


@dataclass(frozen=True)
class Entry:
    """One analysed spectrum.

    Attributes
    ----------
    name : str
        As lists and plots call it; no two are alike.
    sample : str
    analysis : Analysis
    conditions : mapping of a column's name to its value
        What tells it from others of its sample: `time_h`, `state`, `sweep` ...
    """

    name: str
    sample: str
    analysis: Analysis
    conditions: Mapping[str, float | str] = field(default_factory=FrozenDict)


def entries_of(analyses: Sequence[Analysis]) -> tuple[Entry, ...]:
    """Return the entries of spectra that belong to no series.

    Raises
    ------
    OutputError
        If there is none.
    """
    if not analyses:
        raise OutputError("nothing to report: give at least one analysed spectrum")
    labels = [one.spectrum.label or "spectrum" for one in analyses]
    counts = Counter(labels)
    named = [
        f"{label}, sweep {one.spectrum.metadata['sweep']}"
        if counts[label] > 1 and "sweep" in one.spectrum.metadata
        else label
        for label, one in zip(labels, analyses, strict=True)
    ]
    return tuple(
        Entry(name, label, one)
        for name, label, one in zip(distinct(named), labels, analyses, strict=True)
    )


def distinct(names: Sequence[str]) -> list[str]:
    """Return the names, each that was there before with a number behind it."""
    taken: set[str] = set()
    found = []
    for name in names:
        number, new = 1, name
        while new in taken:
            number += 1
            new = f"{name} ({number})"
        taken.add(new)
        found.append(new)
    return found
