"""Tasks and outcomes on a pipe: a line of JSON that says how many bytes follow, then these."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import IO, Any

from eisfit.batching.work import Outcome, Task


def write_ready(pipe: IO[bytes]) -> None:
    """Write that a process is ready for tasks."""
    _write_line(pipe, {"ready": True})
    pipe.flush()


def read_ready(pipe: IO[bytes]) -> None:
    """Wait until a process is ready.

    Raises
    ------
    EOFError
        If it ends before.
    """
    _read_line(pipe)


def write_task(pipe: IO[bytes], task: Task) -> None:
    """Write a task; its limits are the process's own."""
    entries = asdict(task)
    del entries["limits"]
    _write_line(pipe, entries)
    pipe.flush()


def read_task(pipe: IO[bytes]) -> Task:
    """Return the next task.

    Raises
    ------
    EOFError
        If there is none.
    """
    entries = _read_line(pipe)
    return Task(tuple(entries["files"]), entries["recipe"], entries["start"])


def write_outcome(pipe: IO[bytes], outcome: Outcome) -> None:
    """Write an outcome."""
    sizes = {name: len(data) for name, data in outcome.tables.items()}
    _write_line(pipe, {"tables": sizes, "left": outcome.left})
    for data in outcome.tables.values():
        pipe.write(data)
    pipe.flush()


def read_outcome(pipe: IO[bytes]) -> Outcome:
    """Return the next outcome.

    Raises
    ------
    EOFError
        If the pipe ends before it does.
    """
    entries = _read_line(pipe)
    tables = {name: _read(pipe, size) for name, size in entries["tables"].items()}
    return Outcome(tables, tuple((path, start) for path, start in entries["left"]))


def _write_line(pipe: IO[bytes], entries: dict[str, Any]) -> None:
    # Paths may hold bytes that are no text: as ASCII they travel all the same
    pipe.write(json.dumps(entries, ensure_ascii=True).encode("ascii") + b"\n")


def _read_line(pipe: IO[bytes]) -> dict[str, Any]:
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    entries: dict[str, Any] = json.loads(line)
    return entries


def _read(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
