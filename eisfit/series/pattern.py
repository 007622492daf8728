"""File names that say what a file is: a small template of our own, no regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from eisfit.errors import SeriesError
from eisfit.series.names import Meaning, meaning

_FIELD = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,p]\d+)?", re.ASCII)
_QUANTITIES = ("time_h", "temperature_c", "cycle", "sweep", "f_min_hz", "f_max_hz")
_UNNAMED = "*"
_LONGEST = 1000


@dataclass(frozen=True)
class _Field:
    name: str
    is_number: bool

    def ends(self, text: str, begin: int) -> Iterator[int]:
        """Yield where the field may end: a number as far as it goes, a text as soon as it can."""
        if self.is_number:
            match = _NUMBER.match(text, begin)
            if match:
                yield match.end()
            return
        for end in range(begin + 1, len(text) + 1):
            if text[end - 1] == "/":
                return
            yield end


@dataclass(frozen=True)
class Pattern:
    """A template such as "{sample}_{time_h}h_{state}.mpr".

    Fields in braces are columns of a manifest; `{*}` is anything. A number is taken as long as it
    can be ("0p5" and "0,5" are 0.5), a text as short as it can be; a field stays in one folder.
    """

    text: str
    parts: tuple[str | _Field, ...]

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Return the pattern that a text describes.

        Raises
        ------
        SeriesError
            If a brace is left open, a field has no name or comes twice, or there is no field.
        """
        pieces = _FIELD.split(text)
        names = pieces[1::2]
        if any(brace in piece for piece in pieces[0::2] for brace in "{}"):
            raise SeriesError(f"pattern {text!r} has a brace without its partner")
        named = [meaning(name).name for name in names if name != _UNNAMED]
        twice = sorted({name for name in named if named.count(name) > 1})
        if not names or twice or not all(name.strip() for name in names):
            what = f"names {', '.join(twice)} twice" if twice else "needs names in its braces"
            raise SeriesError(
                f"pattern {text!r} {what}: write such as '{{sample}}_{{time_h}}h_{{state}}.mpr'"
            )
        parts: list[str | _Field] = []
        for i, piece in enumerate(pieces):
            if i % 2:
                parts.append(_Field(piece, meaning(piece).name in _QUANTITIES))
            elif piece:
                parts.append(piece.replace("\\", "/"))
        return cls(text, tuple(parts))

    def match(self, path: PurePath) -> dict[str, str] | None:
        """Return the text of each field for a path, or None where it does not fit."""
        depth = self.text.replace("\\", "/").count("/") + 1
        last = self.parts[-1]
        has_suffix = isinstance(last, str) and "." in last
        named = path if has_suffix else path.with_suffix("")
        return self._fields("/".join(named.parts[-depth:])[:_LONGEST])

    def _fields(self, text: str) -> dict[str, str] | None:
        parts = self.parts

        @cache  # each place is looked at once, so that no name can take long
        def ends(part: int, begin: int) -> tuple[int, ...] | None:
            """Return where this part and all after it end, or None if they do not fit."""
            if part == len(parts):
                return () if begin == len(text) else None
            piece = parts[part]
            if isinstance(piece, str):
                candidates = iter([begin + len(piece)] if text.startswith(piece, begin) else [])
            else:
                candidates = piece.ends(text, begin)
            for end in candidates:
                if (rest := ends(part + 1, end)) is not None:
                    return (end, *rest)
            return None

        found = ends(0, 0)
        if found is None:
            return None
        begins = (0, *found)
        return {
            piece.name: text[begins[i] : found[i]]
            for i, piece in enumerate(parts)
            if not isinstance(piece, str) and piece.name != _UNNAMED
        }


def value_of(name: str, text: str) -> tuple[Meaning, str]:
    """Return what a field means, and its text as a manifest would have it: 0p5 is 0.5."""
    what = meaning(name)
    if what.name in _QUANTITIES:
        text = text.replace("p", ".")
    return what, text
