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
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eisfit.batching.recipe import FORMAT, VERSION, Recipe, differences
from eisfit.batching.schema import DATA, LEDGER, TABLES, arrow_schema
from eisfit.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS = "settings.json"
MERGE = ".merge"
NOTE = "replaces.json"
SIZES = b"eisfit_sizes"
SMALL = 20_000  # spectra below which a part is merged into others
LARGE = 50_000  # spectra of a part after which the next is begun
MANY = 400  # small parts after which they are merged while the run goes on

Tables = Mapping[str, "pa.Table"]


class SettingsDifferError(OutputError):
    """A folder holds results of other settings; the message lists what differs."""


@dataclass(frozen=True)
class Part:
    """A part that counts: its number, its rows of the ledger, the sizes of its files."""

    number: int
    spectra: int
    sizes: Mapping[str, int]


def part_name(number: int) -> str:
    """Return the name of a part's files."""
    return f"part-{number:08d}.parquet"


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
        elif any((self.folder / table).exists() for table in TABLES) and not anew:
            raise OutputError(f"{self.folder} holds tables but no {SETTINGS}: give another --out")
        _write(path, recipe.text.encode("utf-8", "backslashreplace"))

    def _put_aside(self) -> None:
        number = 1
        while (self.folder / f"earlier-{number}" / SETTINGS).exists():
            number += 1
        aside = self.folder / f"earlier-{number}"
        aside.mkdir(exist_ok=True)
        # The settings last: killed before, the next run goes on here
        for name in (*DATA, LEDGER, SETTINGS):
            if (self.folder / name).exists() and not (aside / name).exists():
                (self.folder / name).rename(aside / name)
        _sync_folder(self.folder)

    # Parts ----------------------------------------------------------------------------------

    def recover(self) -> None:
        """Finish or forget what an earlier run was at, and take stock of the parts that count."""
        for table in TABLES:
            with _refusing(self.folder / table):
                (self.folder / table).mkdir(exist_ok=True)
        self._finish_merge()
        self._parts = {}
        for path in sorted((self.folder / LEDGER).glob("part-*.parquet")):
            part = _part(self.folder, path)
            if part is None:
                path.unlink()
            else:
                self._parts[part.number] = part
        for table in TABLES:
            for path in (self.folder / table).iterdir():
                number = _number(path)
                strange = path.suffix in (".tmp", ".parquet")
                if strange and (number is None or number not in self._parts):
                    path.unlink()
        self._next = max(self._parts, default=0) + 1

    def ledger(self) -> Iterator[dict[str, Any]]:
        """Yield the ledger's rows, what a resuming run needs of them."""
        import pyarrow.parquet as pq

        columns = ["file", "sha256", "status", "size_bytes", "modified_ns", "first_spectrum",
                   "last_spectrum", "spectra", "spectra_failed"]  # fmt: skip
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
        small = [part for part in self._parts.values() if part.spectra < SMALL]
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
                    sizes[table] = _write(path, _parquet(rows))
            for table in sizes:
                _sync_folder(folder / table)
            path = folder / LEDGER / name
            done.append(path)
            ledger = _with_sizes(tables[LEDGER], sizes)
            _write(path, _parquet(ledger))
            _sync_folder(folder / LEDGER)
        except BaseException:
            for path in reversed(done):  # the ledger's first
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        return Part(number, _count(tables), sizes)

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
            self._merge([part], lambda table: _without(table, files))

    def tidy(self) -> None:
        """Merge small parts."""
        small = [part for part in self._parts.values() if part.spectra < SMALL]
        if len(small) > 1:
            self._merge(small)

    def _merge(
        self, parts: Sequence[Part], change: Callable[[pa.Table], pa.Table] | None = None
    ) -> None:
        """Replace parts by as few as possible, table by table, so that little is in memory."""
        for group in _groups(sorted(parts, key=lambda part: part.number)):
            aside = self.folder / MERGE
            shutil.rmtree(aside, ignore_errors=True)
            number, self._next = self._next, self._next + 1
            sizes: dict[str, int] = {}
            try:
                aside.mkdir()
                for table in (*DATA, LEDGER):
                    rows = _joined(self.folder, table, group)
                    rows = change(rows) if change else rows
                    if rows.num_rows and table == LEDGER:
                        rows = _with_sizes(rows, sizes)
                    if rows.num_rows:
                        sizes[table] = _write(aside / f"{table}.parquet", _parquet(rows))
                note = {"number": number, "parts": [part.number for part in group]}
                _write(aside / NOTE, json.dumps(note).encode())
                _sync_folder(aside)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
            self._finish_merge()
            for part in group:
                del self._parts[part.number]
            path = self.folder / LEDGER / part_name(number)
            merged = _part(self.folder, path) if path.exists() else None
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
            _sync_folder(self.folder / table)
        note.unlink()
        shutil.rmtree(aside, ignore_errors=True)


def settings_text(folder: Path) -> str:
    """Return the recipe that a data set was made by, as text.

    Raises
    ------
    OutputError
        If the folder holds no data set, or its settings cannot be read.
    """
    path = folder / SETTINGS
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
        known = document["format"] == FORMAT and document["version"] == VERSION
    except FileNotFoundError:
        raise OutputError(f"{folder} holds no data set of eisfit batch: no {SETTINGS}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path} cannot be read: {error}") from error
    if not known:
        raise OutputError(f"{path} is of another version of eisfit: give another folder")
    return text


def part_files(folder: Path, table: str) -> list[str]:
    """Return the files of a table of which the ledger knows, for readers."""
    known = {path.name for path in (folder / LEDGER).glob("part-*.parquet")}
    return sorted(str(path) for path in (folder / table).glob("part-*.parquet")
                  if path.name in known)  # fmt: skip


def _part(folder: Path, path: Path) -> Part | None:
    """Return the part of a ledger's file, or None if the file or one of the others is damaged."""
    import pyarrow.parquet as pq

    number = _number(path)
    try:
        ledger = pq.read_table(path, columns=["first_spectrum", "last_spectrum"], partitioning=None)
        sizes: dict[str, int] = json.loads(pq.read_schema(path).metadata[SIZES])
        whole = all(
            (folder / table / path.name).stat().st_size == size for table, size in sizes.items()
        )
    except Exception:  # whatever a torn file does to a foreign parser
        return None
    if number is None or not whole:
        return None
    return Part(number, _count({LEDGER: ledger}), sizes)


def _number(path: Path) -> int | None:
    digits = path.name.removeprefix("part-").removesuffix(".parquet")
    return int(digits) if digits.isdigit() and path.name == part_name(int(digits)) else None


def _count(tables: Tables) -> int:
    ledger = tables[LEDGER]
    firsts, lasts = (
        ledger.column(name).to_pylist() for name in ("first_spectrum", "last_spectrum")
    )
    spectra = sum(
        last - first + 1
        for first, last in zip(firsts, lasts, strict=True)
        if first is not None and last is not None
    )
    return spectra + ledger.num_rows


def _groups(parts: Iterable[Part]) -> Iterator[list[Part]]:
    group: list[Part] = []
    for part in parts:
        group.append(part)
        if sum(member.spectra for member in group) >= LARGE:
            yield group
            group = []
    if group:
        yield group


def _joined(folder: Path, table: str, parts: Sequence[Part]) -> pa.Table:
    """Return the rows of some parts in one table, sorted."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(table)
    names = [part_name(part.number) for part in parts if table == LEDGER or table in part.sizes]
    found = [pq.read_table(folder / table / name, partitioning=None) for name in names]
    if not found:
        return schema.empty_table()
    joined = pa.concat_tables([rows.replace_schema_metadata(None) for rows in found])
    keys = [
        (key, "ascending") for key in ("file", "first_spectrum", "sweep") if key in schema.names
    ]
    # Rows of a sweep stay in their order: among equals, by where they stood
    place = pa.array(range(joined.num_rows), pa.int64())
    order = joined.append_column("_place", place).sort_by([*keys, ("_place", "ascending")])
    return order.drop_columns("_place").cast(schema)


def _without(table: pa.Table, files: Collection[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    gone = pc.is_in(table.column("file"), value_set=pa.array(sorted(files), pa.string()))
    return table.filter(pc.invert(gone))


def _with_sizes(ledger: pa.Table, sizes: Mapping[str, int]) -> pa.Table:
    return ledger.replace_schema_metadata({SIZES: json.dumps(dict(sizes)).encode()})


def _parquet(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _write(path: Path, data: bytes) -> int:
    """Write a file, whole or not at all, and synced; return its size."""
    from eisfit.io.atomic import write_bytes_atomically

    write_bytes_atomically(path, data, force=True)
    return len(data)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder outlast a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
