"""A data set in a folder: parts of Parquet tables that count as soon as the ledger names them.

A part is one file a table, all of one number. The tables' files are written and synced first, the
ledger's last: a part without it does not exist, and is cleared away by the next run. The ledger's
file knows the sizes of the others, so one that was cut off is seen, and its part done again.

Small parts are merged into large ones. The merged files are written aside, then a note says which
parts they replace, then they are moved: killed at any point, the next run finishes or forgets it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.batching.parts import (
    SETTINGS,
    Part,
    Tables,
    groups_of,
    joined,
    number_of,
    parquet,
    part_name,
    part_of,
    refusing,
    settings_text,
    sync_folder,
    weight_of,
    with_sizes,
    without,
    write,
)
from eisfit.batching.recipe import Recipe, differences
from eisfit.batching.schema import DATA, LEDGER, TABLES
from eisfit.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa

MERGE = ".merge"
NOTE = "replaces.json"
SMALL = 20_000  # weight below which a part is merged into others
MANY = 400  # small parts after which they are merged while the run goes on


class SettingsDifferError(OutputError):
    """A folder holds results of other settings; the message lists what differs."""


class Store:
    """The data set of a folder, for one writer.

    Parameters
    ----------
    folder : its lock must be held
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: dict[int, Part] = {}
        self._next = 1

    # Settings -------------------------------------------------------------------------------

    def settle(self, recipe: Recipe, anew: bool) -> None:
        """Hold the folder to a recipe; earlier results of another are refused or put aside.

        Raises
        ------
        SettingsDifferError
            If the folder holds results of other settings and `anew` is false.
        OutputError
            If the folder's settings cannot be read or written.
        """
        path = self.folder / SETTINGS
        if path.exists():
            earlier = settings_text(self.folder)
            differing = list(differences(earlier, recipe.text))
            if not differing:
                return
            if not anew:
                raise SettingsDifferError(
                    f"{self.folder} holds results of other settings: {'; '.join(differing)}. Give "
                    "another --out, or --anew, which puts the earlier results aside"
                )
            self._put_aside()
        elif any((self.folder / table).exists() for table in TABLES):
            if not anew:
                raise OutputError(
                    f"{self.folder} holds tables of unknown settings, no {SETTINGS}: give another "
                    "--out, or --anew, which puts them aside"
                )
            self._put_aside()
        write(path, recipe.text.encode("utf-8", "backslashreplace"))

    def _put_aside(self) -> None:
        # The settings go last: killed before, the next run moves the rest to the same place
        names = [name for name in (*DATA, LEDGER, SETTINGS) if (self.folder / name).exists()]
        number = 1
        while any((self.folder / f"earlier-{number}" / name).exists() for name in names):
            number += 1
        aside = self.folder / f"earlier-{number}"
        with refusing(aside):
            aside.mkdir(exist_ok=True)
            for name in names:
                (self.folder / name).rename(aside / name)
        sync_folder(self.folder)

    # Parts ----------------------------------------------------------------------------------

    def recover(self) -> None:
        """Finish or forget what an earlier run was at, and take stock of the parts that count."""
        for table in TABLES:
            with refusing(self.folder / table):
                (self.folder / table).mkdir(exist_ok=True)
        self._finish_merge()
        self._parts = {}
        for path in sorted((self.folder / LEDGER).glob("part-*.parquet")):
            part = part_of(self.folder, path)
            if part is None:
                path.unlink()
            else:
                self._parts[part.number] = part
        for table in TABLES:
            for path in (self.folder / table).iterdir():
                number = number_of(path)
                torn = path.name.startswith(".eisfit-") and path.suffix == ".tmp"
                if torn or (number is not None and number not in self._parts):
                    path.unlink()
        self._next = max(self._parts, default=0) + 1

    def ledger(self) -> Iterator[dict[str, Any]]:
        """Yield the ledger's rows, what a resuming run needs of them."""
        import pyarrow.parquet as pq

        columns = ["file", "sha256", "status", "error", "size_bytes", "modified_ns",
                   "first_spectrum", "last_spectrum", "spectra", "spectra_failed"]  # fmt: skip
        for number in sorted(self._parts):
            path = self.folder / LEDGER / part_name(number)
            for row in pq.read_table(path, columns=columns, partitioning=None).to_pylist():
                yield {**row, "part": number}

    def commit(self, tables: Tables) -> None:
        """Add rows as a part; when this returns they are on the disk.

        Raises
        ------
        OutputError
            If the disk is full or refuses; nothing of the part counts then.
        """
        new = self._written(self.folder, tables)
        self._parts[new.number] = new
        small = [part for part in self._parts.values() if part.weight < SMALL]
        if len(small) >= MANY:
            with contextlib.suppress(OutputError):  # they are safe as they are
                self._merge(small)

    def _written(self, folder: Path, tables: Tables) -> Part:
        number, self._next = self._next, self._next + 1
        name = part_name(number)
        sizes: dict[str, int] = {}
        done: list[Path] = []
        try:
            for table in DATA:
                rows = tables.get(table)
                if rows is not None and rows.num_rows:
                    path = folder / table / name
                    done.append(path)
                    sizes[table] = write(path, parquet(rows))
            for table in sizes:
                sync_folder(folder / table)
            path = folder / LEDGER / name
            done.append(path)
            ledger = with_sizes(tables[LEDGER], sizes)
            write(path, parquet(ledger))
            sync_folder(folder / LEDGER)
        except BaseException:
            for path in reversed(done):  # the ledger's first
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        return Part(number, weight_of(tables[LEDGER]), sizes)

    # Merging --------------------------------------------------------------------------------

    def drop(self, files: Collection[str]) -> None:
        """Take the rows of some files out of the parts that hold them."""
        if not files:
            return
        import pyarrow.parquet as pq

        touched = []
        for part in self._parts.values():
            path = self.folder / LEDGER / part_name(part.number)
            held = pq.read_table(path, columns=["file"], partitioning=None).column("file")
            if not set(held.to_pylist()).isdisjoint(files):
                touched.append(part)
        for part in touched:
            self._merge([part], lambda table: without(table, files))

    def tidy(self) -> None:
        """Merge small parts."""
        small = [part for part in self._parts.values() if part.weight < SMALL]
        if len(small) > 1:
            self._merge(small)

    def _merge(
        self, parts: Sequence[Part], change: Callable[[pa.Table], pa.Table] | None = None
    ) -> None:
        """Replace parts by as few as possible, table by table, so that little is in memory."""
        for group in groups_of(sorted(parts, key=lambda part: part.number)):
            aside = self.folder / MERGE
            shutil.rmtree(aside, ignore_errors=True)
            number, self._next = self._next, self._next + 1
            sizes: dict[str, int] = {}
            try:
                aside.mkdir()
                for table in (*DATA, LEDGER):
                    rows = joined(self.folder, table, group)
                    rows = change(rows) if change else rows
                    if rows.num_rows and table == LEDGER:
                        rows = with_sizes(rows, sizes)
                    if rows.num_rows:
                        sizes[table] = write(aside / f"{table}.parquet", parquet(rows))
                note = {"number": number, "parts": [part.number for part in group]}
                write(aside / NOTE, json.dumps(note).encode())
                sync_folder(aside)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
            self._finish_merge()
            for part in group:
                del self._parts[part.number]
            path = self.folder / LEDGER / part_name(number)
            merged = part_of(self.folder, path) if path.exists() else None
            if merged is not None:
                self._parts[number] = merged

    def _finish_merge(self) -> None:
        aside = self.folder / MERGE
        note = aside / NOTE
        if not note.exists():
            shutil.rmtree(aside, ignore_errors=True)
            return
        plan = json.loads(note.read_bytes())
        # The ledger's first on the way out and last on the way in, as everywhere
        for table in (LEDGER, *DATA):
            for number in plan["parts"]:
                (self.folder / table / part_name(number)).unlink(missing_ok=True)
        for table in (*DATA, LEDGER):
            merged = aside / f"{table}.parquet"
            if merged.exists():
                merged.rename(self.folder / table / part_name(plan["number"]))
            sync_folder(self.folder / table)
        note.unlink()
        shutil.rmtree(aside, ignore_errors=True)
