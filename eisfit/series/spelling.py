"""What somebody most likely meant who wrote a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_SHORT = 5  # letters up to which one slip is as much as a word bears


def likely(word: str, known: Iterable[str]) -> str:
    """Return the known word that is one slip away, two for longer words; "" if there is none.

    A slip is a letter too many, too few, another, or two that changed places (Damerau, Commun.
    ACM 7 (1964) 171). Words with other digits mean other things: `sample_2` is not `sample`.
    """
    plain = word.casefold()
    most = 1 if len(plain) <= _SHORT else 2
    digits = [c for c in plain if c.isdigit()]
    apart = {
        name: slips(plain, name.casefold())
        for name in known
        if abs(len(name) - len(plain)) <= most and [c for c in name if c.isdigit()] == digits
    }
    near = [name for name, count in apart.items() if 0 < count <= most]
    return min(near, key=lambda name: apart[name], default="")


def slips(a: str, b: str) -> int:
    """Return how many slips lie between two words, no letter being changed twice."""
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            best = min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, above = above, row
    return above[-1]
