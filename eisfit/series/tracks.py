"""Which members follow each other, and along what."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from eisfit.series.member import CONDITIONS, Member
from eisfit.tables import is_empty

SAME_TEMPERATURE = 2.0  # degrees C between neighbours, within which a thermostat is meant to hold
SAME_TIME = 0.005  # relative difference within which cells were measured at one time
_ALWAYS = ("sample", "cell", "model")
_Key = tuple[Hashable, ...]


def choose_along(members: Sequence[Member]) -> str:
    """Return the coordinate that a study most likely follows: the first that varies in a cell."""
    return varies(members) or "time_h"


def varies(members: Sequence[Member]) -> str:
    """Return the first coordinate that varies within a cell; "" if none does."""
    extra = [name for name in _conditions(members) if name not in CONDITIONS]
    for name in ("time_h", "cycle", "temperature_c", *extra, "state", "sweep"):
        cells: dict[tuple[str, ...], set[Hashable]] = {}
        for member, level in zip(members, _levels(members, name), strict=True):
            state = "" if name == "state" else member.state
            if level is not None:
                cells.setdefault((member.sample, member.cell, state), set()).add(level)
        if any(len(found) > 1 for found in cells.values()):
            return name
    return ""


def arranged(
    members: Sequence[Member], along: str, position: Callable[[int], float]
) -> tuple[tuple[int, ...], ...]:
    """Return the tracks of a series as indices, each in order of the position."""
    keys: list[_Key] = [tuple(getattr(m, n) for n in _ALWAYS) for m in members]
    places = [position(index) for index in range(len(members))]
    splits = [name for name in ("state", "temperature_c") if not _same_coordinate(name, along)]
    for name in splits:
        keys = _split(keys, _levels(members, name))
    for name in _conditions(members):
        if name in splits or name in ("cell", "electrode_state") or _same_coordinate(name, along):
            continue
        # A coordinate that only goes along with the first, such as the clock, parts nothing
        if _places_are_shared(keys, places):
            keys = _split(keys, _levels(members, name))
    groups: dict[_Key, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return tuple(tuple(sorted(group, key=lambda i: _order(places[i]))) for group in groups.values())


def temperature_levels(temperatures: Sequence[Any]) -> list[int | None]:
    """Return a number for each temperature, the same for those that one setting would give."""
    known = np.unique([t for t in temperatures if t == t])
    steps = [b - a > SAME_TEMPERATURE for a, b in pairwise(known)]
    levels = np.cumsum([0, *steps]).tolist()[: known.size]
    level = dict(zip(known.tolist(), levels, strict=True))
    return [level.get(t) for t in temperatures]


def time_levels(times: Sequence[float], owners: Sequence[Hashable]) -> list[int | None]:
    """Return a number for each time, the same for what different cells were measured at together.

    Two times of one owner (a cell in one state) stay two, however near they are: its spectra
    follow each other.
    """
    level: dict[int, int] = {}
    begin, count, taken = math.nan, -1, dict[Hashable, float]()
    for index in sorted((i for i, t in enumerate(times) if t == t), key=times.__getitem__):
        time, owner = times[index], owners[index]
        is_near = time - begin <= SAME_TIME * abs(time)
        if not is_near or taken.get(owner, time) != time:
            begin, count, taken = time, count + 1, {}
        taken[owner] = time
        level[index] = count
    return [level.get(index) for index in range(len(times))]


def _conditions(members: Sequence[Member]) -> list[str]:
    return list(dict.fromkeys(name for member in members for name in member.conditions()))


def _same_coordinate(name: str, along: str) -> bool:
    return name == along or {name, along} <= {"state", "electrode_state"}


def _order(place: float) -> float:
    return math.inf if math.isnan(place) else place


def _split(keys: Sequence[_Key], levels: Sequence[Hashable]) -> list[_Key]:
    return [(*key, level) for key, level in zip(keys, levels, strict=True)]


def _places_are_shared(keys: Sequence[_Key], places: Sequence[float]) -> bool:
    taken = [(key, place) for key, place in zip(keys, places, strict=True) if place == place]
    return len(set(taken)) < len(taken)


def _levels(members: Sequence[Member], name: str) -> list[Hashable]:
    """Return what each member's coordinate is, equal where it is the same; None where absent."""
    values = [member.coordinate(name) for member in members]
    if name == "temperature_c":
        return list(temperature_levels(values))
    return [None if is_empty(value) else value for value in values]
