"""Decimal sign and thousands marks of a file, settled by its own numbers and by nothing else.

`10,000` is ten or ten thousand. What may tell: the form of the other numbers, the order of the
frequencies, the smoothness of every column (a wrong reading jumps by 1000), modulus against real
and imaginary part, angles beyond a turn, numbers in the header. Where none does, or two
contradict, the file is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eisfit.errors import ReadError
from eisfit.spectrum import FloatArray

# A factor of 20 more in jumps along a column than under the other reading.
_ROUGHER = 3.0
_TURN_DEG = 720.0
_LONGEST = 60
_FEW = 0.02
_EXPONENT = r"(?:[eEdD][-+]?\d+)?"
# Marks between groups of three digits that are nothing else: no-break, thin and figure spaces,
# apostrophes.
_GAPS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009\u2007'\u2019](?=\d{3}(?!\d))")
_SPACES = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_WORDS = {".": "point", ",": "comma"}
# A value of the header: behind a colon, an equals sign or a tab, and no part of a date.
_VALUE = re.compile(r"[:=\t]\s*([-+]?\d+[.,]\d+)(?![\w.,:/])")


class UnsettledError(ReadError):
    """Numbers that can be read in two ways, and nothing tells which."""


class ContradictionError(ReadError):
    """Numbers that no single decimal sign and thousands mark make sense of."""


@dataclass(frozen=True)
class Marks:
    """How the numbers of a file are written.

    Parameters
    ----------
    decimal, thousands : str
        "." or ","; `thousands` is "" where there is none.
    spaced : bool
        Whether spaces or apostrophes stand between thousands.
    bare : bool
        Whether no number so far had a mark, so that the first that has one must be looked at.
    why : str
        What settled a case that could be read in two ways; "" where there was none.
    """

    decimal: str = "."
    thousands: str = ""
    spaced: bool = False
    bare: bool = False
    why: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """The form of a number."""
        return _PATTERNS[self.decimal, self.thousands]

    def describe(self) -> str:
        """Say it in words."""
        text = f"decimal {_WORDS[self.decimal]}"
        if self.thousands:
            text += f" and a {_WORDS[self.thousands]} between thousands"
        if self.spaced:
            text += " and spaces or apostrophes between thousands"
        return f"{text}, {self.why}" if self.why else text

    def converter(self) -> Callable[[str], float]:
        """Return what turns a field into a number, or raises ValueError."""
        if self.bare:
            return _bare
        if self.decimal == "." and not self.thousands:
            return float
        # What is no mark here must not be taken for a point.
        table = str.maketrans({",": ".", ".": "!"} if self.decimal == "," else {})
        if not self.thousands:
            return lambda text: float(text.translate(table))
        mark, pattern = self.thousands, self.pattern

        def convert(text: str) -> float:
            if mark in text:
                if not pattern.fullmatch(text.strip()):
                    raise ValueError(text)
                text = text.replace(mark, "")
            return float(text.translate(table))

        return convert


def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    sign = re.escape(decimal)
    whole = rf"[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+|\d+" if thousands else r"\d+"
    return re.compile(rf"[-+]?(?:(?:{whole})(?:{sign}\d*)?|{sign}\d+){_EXPONENT}")


_READINGS = (Marks("."), Marks(","), Marks(".", ","), Marks(",", "."))
_PATTERNS = {(m.decimal, m.thousands): _number(m.decimal, m.thousands) for m in _READINGS}


def without_gaps(line: str, spaces: bool) -> str:
    """Return a line without what stands between thousands, plain spaces only where asked."""
    line = _GAPS.sub("", line)
    return _SPACES.sub("", line) if spaces else line


def has_gaps(line: str, spaces: bool) -> bool:
    """Tell whether spaces or apostrophes stand between thousands."""
    return _GAPS.search(line) is not None or (spaces and _SPACES.search(line) is not None)


def settle(
    columns: Sequence[Sequence[str]],
    quantities: Sequence[str],
    source_name: str,
    *,
    others: Iterable[str] = (),
    above: Sequence[str] = (),
    decimal: str | None = None,
    spaced: bool = False,
) -> Marks:
    """Return how numbers are written.

    Parameters
    ----------
    columns : sequence of columns of text
        Numbers in the order of the rows, "" for an empty cell.
    quantities : sequence of str
        What each column is, as in `eisfit.io.columns`; "" where that is not known.
    others : iterable of str
        Fields of other columns, whatever they hold.
    above : sequence of str
        Lines above the table.
    decimal : {".", ","}, optional
        What the caller says it is.
    spaced : bool
        Whether spaces or apostrophes stood between thousands, so that nothing else does.

    Raises
    ------
    UnsettledError
        If two readings remain.
    ContradictionError
        If none fits.
    """
    marked = [text for column in columns for text in column if "." in text or "," in text]
    if not marked:
        return Marks(decimal or ".", spaced=spaced, bare=decimal is None)
    # What is no number in any way is a damaged row, and counted as one later.
    marked = [
        text
        for text in marked
        if len(text) <= _LONGEST and any(m.pattern.fullmatch(text) for m in _READINGS)
    ]
    if not marked:
        return Marks(decimal or ".", spaced=spaced)
    left = [
        marks
        for marks in _READINGS
        if not (spaced and marks.thousands)
        and (not marks.thousands or any(marks.thousands in text for text in marked))
        and all(marks.pattern.fullmatch(text) for text in marked)
    ]
    left = left or _nearly(marked)
    asked = [marks for marks in left if decimal in (None, marks.decimal)]
    if not asked:
        raise _contradiction(marked, decimal if left else None, source_name)
    if len(asked) == 1:
        why = "as asked for" if decimal and len(left) > 1 else ""
        return replace(asked[0], spaced=spaced, why=why)
    for why, evidence in (
        ("as the other columns have it", lambda m: _fits(m, others, left)),
        ("as the header has it", lambda m: _fits(m, _values(above), left)),
    ):
        fitting = [marks for marks in asked if evidence(marks)]
        if len(fitting) == 1:
            return replace(fitting[0], spaced=spaced, why=why)
    settled = _by_the_data(asked, columns, quantities, marked, source_name)
    return replace(settled, spaced=spaced)


def _nearly(marked: Sequence[str]) -> list[Marks]:
    """Return the one reading that all but a few damaged numbers fit; those rows are left out."""
    misfits = {
        marks: sum(not marks.pattern.fullmatch(text) for text in marked)
        for marks in _READINGS
        if not marks.thousands
    }
    return [marks for marks, count in misfits.items() if count <= _FEW * len(marked)]


def _bare(text: str) -> float:
    if "." in text or "," in text:
        raise ValueError(text)
    return float(text)


def _fits(marks: Marks, texts: Iterable[str], readings: Sequence[Marks]) -> bool:
    """Tell whether all numbers fit that fit any of the readings."""
    return all(
        marks.pattern.fullmatch(text)
        for text in (text.strip() for text in texts)
        if ("." in text or "," in text) and any(m.pattern.fullmatch(text) for m in readings)
    )


def _values(lines: Sequence[str]) -> list[str]:
    return [
        match[1]
        for line in lines
        if "version" not in line.lower() and len(line) < 1000
        for match in _VALUE.finditer(line)
    ]


def _by_the_data(
    readings: Sequence[Marks],
    columns: Sequence[Sequence[str]],
    quantities: Sequence[str],
    marked: Sequence[str],
    source_name: str,
) -> Marks:
    """Settle between two readings by what each makes of the columns."""
    first, second = readings[:2]
    votes: dict[Marks, str] = {}
    numbers = [[_numbers(column, marks) for column in columns] for marks in (first, second)]
    for column, one, other, quantity in zip(columns, *numbers, quantities, strict=True):
        for winner, loser, mine, its in ((first, second, one, other), (second, first, other, one)):
            if why := _speaks_for(quantity, mine, its) or _unmarked(column, loser):
                votes.setdefault(winner, why)
    agree = [_is_consistent(made, quantities) for made in numbers]
    if agree[0] != agree[1]:
        why = "which makes modulus, real and imaginary part agree"
        votes.setdefault(first if agree[0] else second, why)
    if len(votes) == 1:
        ((winner, why),) = votes.items()
        return replace(winner, why=why)
    example = next(t for t in marked if first.pattern.fullmatch(t) and _differ(t, first, second))
    meanings = " or ".join(f"{_value(example, m):.10g} (--decimal {m.decimal})" for m in readings)
    said = "its columns contradict each other on that" if votes else "nothing else in it tells"
    raise UnsettledError(
        f"{source_name} has numbers such as {example}, which can be {meanings}, and {said}: say "
        "which is the decimal sign, or write the numbers without thousands marks"
    )


def _speaks_for(quantity: str, mine: FloatArray, its: FloatArray) -> str:
    """Return why a column is better read as `mine` than as `its`, "" where it does not tell."""
    if quantity == "phase" and np.nanmax(np.abs(its)) > _TURN_DEG >= np.nanmax(np.abs(mine)):
        return "which keeps the phase within a turn"
    if quantity in ("frequency", "omega"):
        turns = _turns(its) - _turns(mine)
        if turns:
            return "which puts the frequencies in order" if turns > 0 else ""
    return "which keeps its columns smooth" if _rough(its) - _rough(mine) > _ROUGHER else ""


def _unmarked(column: Sequence[str], loser: Marks) -> str:
    """Say that a column has both 1000 without a mark and what would be 1,000 with one."""
    if not loser.thousands or not any(loser.thousands in text for text in column):
        return ""
    bare = any(re.match(r"[-+]?[1-9]\d{3,}(?!\d*e)", text) for text in column)
    return "as long numbers in the same column have no thousands mark" if bare else ""


def _is_consistent(numbers: Sequence[FloatArray], quantities: Sequence[str]) -> bool:
    found = dict(zip(quantities, numbers, strict=True))
    if not {"real", "imaginary", "modulus"} <= set(found):
        return False
    size = np.hypot(found["real"], found["imaginary"])
    return bool(np.mean(np.abs(size - found["modulus"]) < 0.02 * size) > 0.9)


def _numbers(column: Sequence[str], marks: Marks) -> FloatArray:
    return np.array([_value(text, marks) for text in column])


def _value(text: str, marks: Marks) -> float:
    plain = text.replace(marks.thousands, "") if marks.thousands else text
    try:
        return float(plain.replace(marks.decimal, ".").replace("D", "E").replace("d", "e"))
    except ValueError:
        return math.nan


def _differ(text: str, first: Marks, second: Marks) -> bool:
    return _value(text, first) != _value(text, second)


def _logarithms(numbers: FloatArray) -> FloatArray:
    used = numbers[np.isfinite(numbers) & (numbers != 0)]
    return np.log(np.abs(used))


def _turns(numbers: FloatArray) -> int:
    signs = np.sign(np.diff(_logarithms(numbers)))
    signs = signs[signs != 0]
    return int(np.count_nonzero(np.diff(signs)))


def _rough(numbers: FloatArray) -> float:
    return float(np.abs(np.diff(_logarithms(numbers))).sum())


def _contradiction(
    marked: Sequence[str], decimal: str | None, source_name: str
) -> ContradictionError:
    if decimal is not None:
        example = next(t for t in marked if not re.fullmatch(r"[-+\d]*" + re.escape(decimal), t))
        return ContradictionError(
            f"{source_name} has numbers such as {example}, which a decimal "
            f"{_WORDS[decimal]} (--decimal) does not fit: leave out the option, or give the other"
        )
    comma = next((text for text in marked if "," in text), marked[0])
    point = next((text for text in marked if "." in text and text != comma), marked[-1])
    return ContradictionError(
        f"{source_name} has numbers with a comma ({comma}) and numbers with a point ({point}), "
        "and neither can be a thousands mark: write it with one decimal sign"
    )
