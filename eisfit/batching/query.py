"""What a data set says: its tables for readers, SQL over them, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from eisfit.batching.parts import part_files, settings_text
from eisfit.batching.schema import TABLES, arrow_schema
from eisfit.errors import EngineError, OutputError, ResultError
from eisfit.export import defused
from eisfit.io.atomic import atomically
from eisfit.io.paths import make_folder, refuse_existing

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_ROWS = 10_000


@dataclass(frozen=True)
class Answer:
    """What a query gave: names of columns, and rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def dataset(folder: Path, table: str) -> ds.Dataset:
    """Return a table of a data set; without rows where nothing of it was asked for.

    Raises
    ------
    OutputError
        If the folder holds no data set.
    ResultError
        If there is no such table.
    """
    import pyarrow.dataset as ds

    if table not in TABLES:
        raise ResultError(f"no table is called {table!r}: there are {', '.join(TABLES)}")
    settings_text(folder)
    files, schema = part_files(folder, table), arrow_schema(table)
    if files:
        return ds.dataset(files, schema=schema, format="parquet")
    return ds.InMemoryDataset(schema.empty_table())


def query(folder: Path, sql: str) -> Answer:
    """Return the answer to SQL of DuckDB; the tables are `eisfit.batching.schema.TABLES`.

    It runs in memory: it reads nothing but the tables, and writes nothing.

    Raises
    ------
    EngineError
        If duckdb is not installed.
    ResultError
        If the query fails, with what DuckDB says of it.
    OutputError
        If the folder holds no data set.
    """
    try:
        import duckdb
    except ImportError as error:
        raise EngineError("--query needs duckdb: pip install 'eisfit-toolkit[query]'") from error
    with duckdb.connect(":memory:") as connection:
        for table in TABLES:
            with _reading(folder):
                connection.register(table, dataset(folder, table))
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            found = connection.execute(sql)
            if found.description is None:
                raise ResultError("the query gives no rows: write a SELECT")
            names = tuple(str(column[0]) for column in found.description)
            return Answer(names, found.fetchall())
        except duckdb.Error as error:
            raise ResultError(f"DuckDB: {error}") from error


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Say what it means if a file goes away while it is read."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise ResultError(
            f"{folder} cannot be read ({' '.join(str(error).split())[:120]}): if a run is at work "
            "there it may have merged its files just now; ask again"
        ) from error


def counts(folder: Path) -> dict[str, int]:
    """Return the number of rows of each table."""
    with _reading(folder):
        return {table: dataset(folder, table).count_rows() for table in TABLES}


def failures(folder: Path, most: int) -> tuple[int, list[tuple[str, str]]]:
    """Return how many files failed, and the first of them with their reasons."""
    import pyarrow.compute as pc

    failed = pc.field("status") == "failed"
    with _reading(folder):
        ledger = dataset(folder, "files")
        rows = ledger.head(most, columns=["file", "error"], filter=failed).to_pylist()
        return ledger.count_rows(filter=failed), [(row["file"], row["error"]) for row in rows]


def table_rows(folder: Path, table: str) -> Iterator[Sequence[Any]]:
    """Yield the names of a table's columns, then its rows, however long it is."""
    with _reading(folder):
        source = dataset(folder, table)
        yield tuple(source.schema.names)
        for batch in source.to_batches(batch_size=_ROWS):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def write_csv(rows: Iterable[Sequence[Any]], stream: IO[str]) -> None:
    """Write rows as CSV, every digit of a number; text that begins like a formula gets a quote."""
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])


def write_tables(folder: Path, out: Path, force: bool) -> list[Path]:
    """Write every table that has rows as a CSV file, and return the files.

    Raises
    ------
    OutputError
        If a file is there already and `force` is false, or the system refuses to write.
    """
    targets = {t: out / f"{t}.csv" for t, count in counts(folder).items() if count}
    refuse_existing(targets.values(), force)
    make_folder(out)
    for table, path in targets.items():
        with atomically(path, force) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            write_csv(table_rows(folder, table), text)
            text.detach()
    return list(targets.values())


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return defused(value)
