"""Results to files, as they come: tables and texts at once, plots when they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from eisfit.cli.drawing import Drawn, Studio
from eisfit.cli.inputs import Item
from eisfit.cli.jobs import Job
from eisfit.cli.outputs import Plan
from eisfit.export import csv_text
from eisfit.tables import frame, records

if TYPE_CHECKING:
    import pandas as pd


class Archive:
    """Writes what a job gives, where the plan has a place for it; a context."""

    def __init__(self, job: Job, plan: Plan) -> None:
        self._job = job
        self._plan = plan
        self._studio: Studio | None = None
        self._drawing: list[tuple[Path, Callable[[], Drawn]]] = []
        self._tables: dict[str, list[pd.DataFrame]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Archive:
        if self._plan.places:
            self._studio = self._open.enter_context(Studio())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._open.__exit__(kind, error, trace)

    def keep(self, number: int, item: Item, result: Any) -> None:
        """Write the result of the item of this number in the plan.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self._studio is None:
            return
        place = self._plan.places[number]
        # One result ahead, so that few plots wait in memory
        self._write_plots()
        work, of = self._job.to_draw(result)
        self._drawing.append((place, self._studio.draw(work, of, self._plan.output.suffixes)))
        for name, table in self._job.frames(result).items():
            self._plan.write(place, name, csv_text(table))
            self._tables.setdefault(name, []).append(table.assign(file=item.file))
        for name, text in self._job.contents(result).items():
            self._plan.write(place, name, text)

    def _write_plots(self) -> None:
        for place, drawn in self._drawing:
            for name, content in drawn():
                self._plan.write(place, name, content)
        self._drawing.clear()

    def _finish(self) -> None:
        self._write_plots()
        if self._plan.together is not None:
            for name, frames in self._tables.items():
                self._plan.write(self._plan.together, name, csv_text(joined(frames)))


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all tables in one, with every column that any has; `file` is the last."""
    columns = dict.fromkeys(str(c) for f in frames for c in f.columns if c != "file")
    return frame([row for f in frames for row in records(f)], (*columns, "file"))
