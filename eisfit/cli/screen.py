"""The screen: plain tables and sentences on standard output, nothing of them read as markup."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from eisfit.cli.text import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Entry = TypeVar("Entry")

WIDE = 100
_PIPE_WIDTH = 120
_INDENT = 2
_GAP = 2  # between columns
_LONGEST_WORD = 20  # that is not broken
# For terminals that have no lines to draw with
_ASCII = str.maketrans({"─": "-", "│": "|", "±": "+/-", **dict.fromkeys("┬┴├┤┌┐└┘┼", "+")})


@dataclass(frozen=True)
class Column:
    """A column of a table; a `wide` one is left out where the screen has no room."""

    name: str
    number: bool = False
    wide: bool = False


class Screen:
    """Standard output as a person reads it."""

    def __init__(self) -> None:
        from rich.console import Console

        width = None if sys.stdout.isatty() else _width_behind_pipe()
        self.console: Console = Console(width=width, highlight=False, markup=False, emoji=False)

    @property
    def is_wide(self) -> bool:
        """Whether wide tables fit."""
        return self.console.width >= WIDE

    def heading(self, text: str) -> None:
        """Print the title of what follows."""
        from rich.text import Text

        self._print(Text(clean(text), "bold"))

    def line(self, name: str, text: str) -> None:
        """Print a named sentence; its further lines are indented."""
        from rich.padding import Padding
        from rich.text import Text

        content = Text(f"{name}: ", "bold").append(clean(text), "not bold")
        self._print(Padding(content, (0, 0, 0, _INDENT)))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; numbers are never broken, words are."""
        from rich.box import SIMPLE_HEAD
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        kept = [i for i, column in enumerate(columns) if self.is_wide or not column.wide]
        cells = [[columns[i].name, *(clean(row[i]) for row in rows)] for i in kept]
        room = self.console.width - _INDENT - _GAP * (len(kept) - 1)
        for i, width in zip(kept, _widths(cells, [columns[i] for i in kept], room), strict=True):
            column = columns[i]
            justify: Literal["right", "left"] = "right" if column.number else "left"
            name = Text(clean(column.name))
            table.add_column(name, justify=justify, width=width, overflow="fold")
        for row in rows:
            table.add_row(*(Text(clean(row[i])) for i in kept))
        self._print(Padding(table, (1, 0, 0, _INDENT)))

    def notes(self, notes: Iterable[str], title: str = "Notes") -> None:
        """Print sentences as a list under a title."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        notes = list(notes)
        if not notes:
            return
        listed = Table.grid(padding=(0, 1, 0, 0))
        listed.add_column()
        listed.add_column(overflow="fold")  # else a path longer than the line would lose its end
        for note in notes:
            listed.add_row("-", Text(clean(note)))
        self._print(Padding(Text(f"{title}:", "bold"), (1, 0, 0, _INDENT)))
        self._print(Padding(listed, (0, 0, 0, _INDENT)))

    def plain(self, text: str) -> None:
        """Print text as it is, unbroken."""
        _emit(f"{clean(text, lines=True)}\n")

    def _print(self, content: RenderableType) -> None:
        with self.console.capture() as caught:
            self.console.print(content)
        # rich fills lines with blanks, which would be in every pipe and paste
        _emit("".join(f"{line.rstrip()}\n" for line in caught.get().splitlines()))


def _emit(text: str) -> None:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = text.translate(_ASCII)
    sys.stdout.write(text)


def _width_behind_pipe() -> int:
    """Return the width of the terminal that a pipe most likely ends at."""
    if os.environ.get("COLUMNS", "").isdigit():
        return max(int(os.environ["COLUMNS"]), _LONGEST_WORD)
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _PIPE_WIDTH
    except (OSError, ValueError):
        return _PIPE_WIDTH


def _widths(cells: Sequence[Sequence[str]], columns: Sequence[Column], room: int) -> list[int]:
    """Return column widths that fit the room: texts give way, first between words, then in them."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, texts)) for texts in cells]
    words = [max(map(cell_len, " ".join(texts).split()), default=1) for texts in cells]
    # A number is never broken, its name is between words
    numbers = [
        max(map(cell_len, (*texts[1:], *texts[0].split())), default=1) if column.number else 0
        for texts, column in zip(cells, columns, strict=True)
    ]
    for least in ([min(word, _LONGEST_WORD) for word in words], [5] * len(columns)):
        floors = [
            max(number, 0 if column.number else min(width, floor))
            for width, column, floor, number in zip(widths, columns, least, numbers, strict=True)
        ]
        while sum(widths) > room and widths != floors:
            spare = [width - floor for width, floor in zip(widths, floors, strict=True)]
            widths[spare.index(max(spare))] -= 1
    return widths


@contextmanager
def advancing(steps: float, what: str) -> Iterator[Callable[[float], None]]:
    """Give a function that is told of steps done, with a bar on standard error on a terminal."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(clean(what), total=steps)
        yield lambda count: bar.advance(task, count)


@contextmanager
def progress(entries: Sequence[Entry], what: str) -> Iterator[Iterable[Entry]]:
    """Give the entries, with a bar while they are taken; of one entry none, for it cannot move."""
    if len(entries) < 2:
        yield entries
        return
    with advancing(len(entries), what) as advance:
        yield _counted(entries, advance)


def _counted(entries: Iterable[Entry], advance: Callable[[float], None]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        advance(1)


def complain(lines: Iterable[str]) -> None:
    """Print lines on standard error."""
    for line in lines:
        sys.stderr.write(f"{clean(line, lines=True)}\n")
