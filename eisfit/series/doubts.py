"""What looks like a slip in the conditions of a series: said, never repaired."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from eisfit.series.member import Member
from eisfit.series.spelling import likely
from eisfit.series.states import KNOWN_STATES
from eisfit.series.tracks import SAME_TIME
from eisfit.tables import is_empty

if TYPE_CHECKING:
    from eisfit.series.series import Series

_KELVIN = (233.0, 373.0)  # -40 to 100 degrees C, where cells work, if a number was meant as kelvin
_NEAR_TIME = 0.1
_NAMED = 4


def doubts(series: Series) -> list[str]:
    """Return what somebody who knows the cells should look at, each in a sentence."""
    checks: tuple[Callable[[Sequence[Member]], Iterator[str]], ...] = (
        _states, _samples, _temperatures, _times, _near_times,
    )  # fmt: skip
    return [*repeats(series), *(said for check in checks for said in check(series.members))]


def repeats(series: Series) -> Iterator[str]:
    """Yield where several spectra of one cell share a place, so that none is the one to take."""
    for track in series.tracks():
        for same in shared_places(series, track):
            members = [series.members[i] for i in same]
            yield (
                f"{len(same)} spectra of one cell at the same {series.along} "
                f"({members[0].title()}): {_files(members)}; no ratio and no change is taken from "
                "either: give cell_id if they are replicate cells, or what tells them apart"
            )


def shared_places(series: Series, track: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the members of a track that share a place with others, group by group."""
    places: dict[Hashable, list[int]] = {}
    for index in track:
        places.setdefault(place_of(series, index), []).append(index)
    return [tuple(same) for same in places.values() if len(same) > 1]


def place_of(series: Series, index: int) -> Hashable:
    """Return a member's place as what compares equal where it is the same; None where unknown."""
    value = series.members[index].coordinate(series.along)
    return None if is_empty(value) else value


def _states(members: Sequence[Member]) -> Iterator[str]:
    for state in dict.fromkeys(m.state for m in members):
        meant = likely(state, KNOWN_STATES) if state and state not in KNOWN_STATES else ""
        if meant:
            files = _files([m for m in members if m.state == state])
            yield f"state {state!r} is a state of its own ({files}): did you mean {meant!r}?"


def _samples(members: Sequence[Member]) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    for sample in dict.fromkeys(m.sample for m in members):
        alike.setdefault("".join(sample.casefold().split()), []).append(sample)
    for names in alike.values():
        if len(names) > 1:
            told = " and ".join(map(repr, names))
            yield f"samples {told} differ by case or blanks only: are they one?"


def _temperatures(members: Sequence[Member]) -> Iterator[str]:
    low, high = _KELVIN
    found = [m for m in members if low <= m.temperature_c <= high]
    if found:
        values = _numbers(m.temperature_c for m in found)
        yield (
            f"temperature of {values} °C ({_files(found)}): was kelvin meant? Then the column is "
            "temperature_k"
        )


def _times(members: Sequence[Member]) -> Iterator[str]:
    found = [m for m in members if m.time_h < 0]
    if found:
        yield f"negative time of {_numbers(m.time_h for m in found)} h ({_files(found)})"


def _near_times(members: Sequence[Member]) -> Iterator[str]:
    """Yield times of different cells that were hardly meant to differ, but are not joined."""
    known = np.unique([m.time_h for m in members if m.time_h > 0]).tolist()
    cells = {t: {(m.sample, m.cell) for m in members if m.time_h == t} for t in known}
    near = [
        (a, b)
        for a, b in pairwise(known)
        if SAME_TIME * b < b - a <= _NEAR_TIME * b and not cells[a] & cells[b]
    ]
    if near:
        told = ", ".join(f"{a:g} and {b:g} h" for a, b in near[:_NAMED])
        more = f" and {len(near) - _NAMED} more" if len(near) > _NAMED else ""
        yield (
            f"times of different cells that are near but not the same ({told}{more}) are not "
            "compared: give one nominal time if one was meant"
        )


def _files(members: Sequence[Member]) -> str:
    names = list(dict.fromkeys(m.file or m.title() for m in members))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _numbers(values: Iterator[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(set(values))).replace("-", "\u2212")
