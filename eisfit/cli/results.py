"""`eisfit results`: what a batch found, by SQL, as CSV, or in a few lines."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Any

from eisfit.cli import DONE
from eisfit.cli.screen import Column, Screen
from eisfit.cli.text import NONE, clean, number
from eisfit.errors import located

FOLDER = "csv"
SHOWN = 50  # rows of an answer on a terminal
_FAILED = 10


def results(
    folder: str,
    sql: str | None,
    as_csv: bool,
    as_json: bool,
    out: str | None,
    force: bool,
    failed: bool = False,
) -> int:
    """Show what is asked for and return the exit status.

    Raises
    ------
    OutputError, ResultError, EngineError
        If the folder holds no data set, a query fails, duckdb is missing, or a file is there.
    """
    place = Path(folder)
    if failed:
        _failures(place, as_json)
    elif sql is not None:
        _answer(place, sql, as_csv, as_json)
    elif as_csv:
        from eisfit.batching.query import write_tables

        for path in write_tables(place, Path(out) if out else place / FOLDER, force):
            sys.stdout.write(f"{clean(path)}\n")
    else:
        _overview(place, as_json)
    return DONE


def _answer(folder: Path, sql: str, as_csv: bool, as_json: bool) -> None:
    from eisfit.batching.query import query, write_csv

    answer = query(folder, sql)
    if as_csv:
        write_csv(chain([answer.columns], answer.rows), sys.stdout)
    elif as_json:
        from eisfit.cli.run import print_json

        print_json([dict(zip(answer.columns, map(_json, row), strict=True)) for row in answer.rows])
    else:
        rows = answer.rows[:SHOWN]
        columns = [
            Column(name, number=all(isinstance(row[i], int | float | None) for row in rows))
            for i, name in enumerate(answer.columns)
        ]
        Screen().table(columns, [[_shown(value) for value in row] for row in rows])
        if len(answer.rows) > SHOWN:
            Screen().plain(f"\n{len(answer.rows) - SHOWN:,} more rows: --csv or --json gives all")


def _json(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | list | None) else str(value)


def _shown(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, float):
        return number(value, 5)
    return str(value)


def _failures(folder: Path, as_json: bool) -> None:
    """List every file that failed, with the reason."""
    from eisfit.batching.query import counts, failures

    _, listed = failures(folder, counts(folder)["files"])
    if as_json:
        from eisfit.cli.run import print_json

        print_json([{"file": file, "error": error} for file, error in listed])
        return
    for file, error in listed:
        sys.stdout.write(f"{clean(located(file, error))}\n")
    if not listed:
        sys.stdout.write("no file failed\n")


def _overview(folder: Path, as_json: bool) -> None:
    from eisfit.batching.query import counts, failures
    from eisfit.batching.schema import TABLES

    rows = counts(folder)
    failed, listed = failures(folder, _FAILED)
    if as_json:
        from eisfit.cli.run import print_json

        print_json({"folder": str(folder), "rows": rows, "files_failed": failed})
        return
    screen = Screen()
    columns = (Column("table"), Column("rows", number=True), Column("columns", wide=True))
    screen.table(
        columns,
        [(t, f"{n:,}", ", ".join(c.name for c in TABLES[t])) for t, n in rows.items()],
    )
    if failed:
        screen.plain("")
        screen.line("Failed", f"{failed:,} file{'s' * (failed > 1)}")
        screen.notes([located(file, error) for file, error in listed])
        if failed > _FAILED:
            screen.plain(f"and {failed - _FAILED:,} more: --failures lists all")
    screen.plain("\n--query SQL asks them, --csv writes them for a spreadsheet.")
