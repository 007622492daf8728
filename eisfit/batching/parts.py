"""The files of a data set: parts of tables, written whole, and what is known of each."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eisfit.batching.recipe import FORMAT, VERSION
from eisfit.batching.schema import LEDGER, arrow_schema
from eisfit.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS = "settings.json"
SIZES = b"eisfit_sizes"
LARGE = 50_000  # weight of a part after which the next is begun

Tables = Mapping[str, "pa.Table"]


@dataclass(frozen=True)
class Part:
    """A part that counts: its number, how large it is, the sizes of its files in bytes."""

    number: int
    weight: int
    sizes: Mapping[str, int]


def part_name(number: int) -> str:
    """Return the name of a part's files."""
    return f"part-{number:08d}.parquet"


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


def part_of(folder: Path, path: Path) -> Part | None:
    """Return the part of a ledger's file, or None if the file or one of the others is damaged.

    Raises
    ------
    OutputError
        If the system refuses to read: what cannot be read now need not be damaged.
    """
    import pyarrow.parquet as pq

    number = number_of(path)
    try:
        ledger = pq.read_table(path, columns=["first_spectrum", "last_spectrum"], partitioning=None)
        sizes: dict[str, int] = json.loads(pq.read_schema(path).metadata[SIZES])
        whole = all(
            (folder / table / path.name).stat().st_size == size for table, size in sizes.items()
        )
    except OSError as error:
        # The parser's own complaints of torn files come as OSError as well, but without a number
        if error.errno not in (None, errno.ENOENT):
            raise OutputError(f"cannot read {path}: {error.strerror}") from error
        return None
    except Exception:  # whatever a torn file does to a foreign parser
        return None
    if number is None or not whole:
        return None
    return Part(number, weight_of(ledger), sizes)


def number_of(path: Path) -> int | None:
    """Return the number of the part that a file is of, or None if it is no part's."""
    digits = path.name.removeprefix("part-").removesuffix(".parquet")
    return int(digits) if digits.isdigit() and path.name == part_name(int(digits)) else None


def weight_of(ledger: pa.Table) -> int:
    """Return how large a part is, by its ledger: spectra, and files, which take room as well."""
    firsts = ledger.column("first_spectrum").to_pylist()
    lasts = ledger.column("last_spectrum").to_pylist()
    ends = zip(firsts, lasts, strict=True)
    return ledger.num_rows + sum(1 + last - first for first, last in ends if last is not None)


def groups_of(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield the parts in groups that are large enough to be one part each."""
    group: list[Part] = []
    for part in parts:
        group.append(part)
        if sum(member.weight for member in group) >= LARGE:
            yield group
            group = []
    if group:
        yield group


def joined(folder: Path, table: str, parts: Sequence[Part]) -> pa.Table:
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


def without(table: pa.Table, files: Collection[str]) -> pa.Table:
    """Return a table less the rows of some files."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gone = pc.is_in(table.column("file"), value_set=pa.array(sorted(files), pa.string()))
    return table.filter(pc.invert(gone))


def with_sizes(ledger: pa.Table, sizes: Mapping[str, int]) -> pa.Table:
    """Return the ledger of a part with the sizes of its other files in the metadata."""
    return ledger.replace_schema_metadata({SIZES: json.dumps(dict(sizes)).encode()})


def parquet(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def write(path: Path, data: bytes) -> int:
    """Write a file, whole or not at all, and synced; return its size."""
    from eisfit.io.atomic import write_bytes_atomically

    write_bytes_atomically(path, data, force=True)
    return len(data)


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what the system refuses into an OutputError that names the path."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make renames in a folder outlast a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
