"""The screen: plain tables and sentences on standard output, nothing of them read as markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from eisfit.cli.text import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Entry = TypeVar("Entry")

WIDE = 100
_PIPE_WIDTH = 120


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

        width = None if sys.stdout.isatty() else _PIPE_WIDTH
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
        self._print(Padding(content, (0, 0, 0, 2)))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; numbers are never broken, words are."""
        from rich.box import SIMPLE_HEAD
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        kept = [i for i, column in enumerate(columns) if self.is_wide or not column.wide]
        for i in kept:
            column = columns[i]
            table.add_column(
                Text(column.name),
                justify="right" if column.number else "left",
                no_wrap=column.number,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(Text(clean(row[i])) for i in kept))
        self._print(Padding(table, (1, 0, 0, 2)))

    def notes(self, notes: Iterable[str]) -> None:
        """Print sentences as a list."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        notes = list(notes)
        if not notes:
            return
        listed = Table.grid(padding=(0, 1, 0, 0))
        for note in notes:
            listed.add_row("-", Text(clean(note)))
        self._print(Padding(Text("Notes:", "bold"), (1, 0, 0, 2)))
        self._print(Padding(listed, (0, 0, 0, 2)))

    def plain(self, text: str) -> None:
        """Print text as it is, unbroken."""
        sys.stdout.write(f"{clean(text, lines=True)}\n")

    def _print(self, content: RenderableType) -> None:
        with self.console.capture() as caught:
            self.console.print(content)
        # rich fills lines with blanks, which would be in every pipe and paste
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in caught.get().splitlines()))


@contextmanager
def progress(entries: Sequence[Entry], what: str) -> Iterator[Iterable[Entry]]:
    """Give the entries, with a bar on standard error while they are taken; none in a pipe."""
    if not sys.stderr.isatty():
        yield entries
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        yield bar.track(entries, description=clean(what))


def complain(lines: Iterable[str]) -> None:
    """Print lines on standard error."""
    for line in lines:
        sys.stderr.write(f"{clean(line, lines=True)}\n")
