"""A measurement that is named twice is one measurement."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from eisfit.series.member import Member
from eisfit.tables import is_empty


def without_repeats(members: Sequence[Member]) -> tuple[list[Member], list[str]]:
    """Return the members without those that are there already, and notes.

    The same is what has the same content (SHA-256 of the file) and sweep, in the same window and by
    the same model. Under other conditions it stays, and a note says so: one of them is wrong.
    """
    kept: list[Member] = []
    first: dict[Hashable, Member] = {}
    left_out: dict[str, int] = {}
    notes: list[str] = []
    for member in members:
        key = _content(member)
        before = member if key is None else first.setdefault(key, member)
        if before is member:
            kept.append(member)
        elif _place(before) == _place(member):
            left_out[member.file] = left_out.get(member.file, 0) + 1
        else:
            kept.append(member)
            notes.append(
                f"{before.file} and {member.file} are the same measurement, but stand for "
                f"{before.title()} and for {member.title()}: which is it?"
            )
    notes += [
        f"{file} is named again with the same conditions ({count} spectra): left out"
        if count > 1
        else f"{file} is the same measurement as one before it, under the same conditions: left out"
        for file, count in left_out.items()
    ]
    return kept, notes


def _content(member: Member) -> Hashable:
    spectrum = member.spectrum
    content = spectrum.metadata.get("sha256")
    if not content:
        return None
    window = float(spectrum.frequency[0]), float(spectrum.frequency[-1]), len(spectrum)
    electrode = str(spectrum.metadata.get("electrode", ""))
    return str(content), member.sweep, electrode, window, member.model


def _place(member: Member) -> Hashable:
    shown = {"sample": member.sample, **member.conditions()}
    return tuple((name, value) for name, value in shown.items() if not is_empty(value))
