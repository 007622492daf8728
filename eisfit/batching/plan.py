"""What there is to do: the files that were asked for, less what the ledger says is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eisfit.batching.inputs import InputFile, groups
from eisfit.batching.work import Limits, Task

_CHUNK = 1 << 20


@dataclass
class _Known:
    """What the ledger says of a file."""

    sha256: str
    size: int
    modified: int
    lot: int
    total: int | None = None
    done: set[int] = field(default_factory=set)
    failed: bool = False
    error: str = ""
    spectra_failed: int = 0

    @property
    def missing(self) -> list[int]:
        """Starts of the stretches that are not done; none where the file as a whole failed."""
        if self.total is None:
            return []
        return [start for start in range(0, self.total, self.lot) if start not in self.done]


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes
    ----------
    files : all files that were asked for
    stale : keys of files whose earlier results are to be taken out
    todo : by path, the starts of the stretches to do; (0,) for a whole file
    lot : spectra of a stretch
    failed : (path, reason) of files that failed earlier and are left at that
    spectra_failed : spectra of earlier runs that lack something and are left at that
    """

    files: tuple[InputFile, ...]
    stale: frozenset[str]
    todo: Mapping[str, tuple[int, ...]]
    lot: int
    failed: tuple[tuple[str, str], ...] = ()
    spectra_failed: int = 0

    @classmethod
    def of(
        cls, files: Sequence[InputFile], ledger: Iterable[Mapping[str, Any]], retry: bool, lot: int
    ) -> Plan:
        """Return the plan; a file that changed since is done again, with `retry` failed ones too.

        A file is taken as unchanged if its size and time are those of the ledger, else if its bytes
        are.
        """
        known = _known(ledger, lot)
        stale: set[str] = set()
        todo: dict[str, tuple[int, ...]] = {}
        failed: list[tuple[str, str]] = []
        spectra_failed = 0
        for file in files:
            entry = known.get(file.key)
            if entry is None:
                todo[file.path] = (0,)
            elif _changed(file, entry) or (retry and entry.failed):
                stale.add(file.key)
                todo[file.path] = (0,)
            else:
                spectra_failed += entry.spectra_failed
                if entry.failed:
                    failed.append((file.key, entry.error))
                if entry.missing:
                    todo[file.path] = tuple(entry.missing)
        return cls(tuple(files), frozenset(stale), todo, lot, tuple(failed), spectra_failed)

    @property
    def bytes(self) -> int:
        """Size of the files that are to be done, whole or in part."""
        return sum(max(file.size, 0) for file in self.files if file.path in self.todo)

    def tasks(self, recipe: str, limits: Limits | None) -> Iterator[Task]:
        """Yield the tasks; those of an interrupted run are what it would have done next."""
        for group in groups(self.files, self.lot):
            whole = tuple(f.path for f in group if self.todo.get(f.path, (1,))[0] == 0)
            if whole:
                yield Task(whole, recipe, 0, limits)
            for file in group:
                starts = self.todo.get(file.path, ())
                rest = starts[1:] if starts[:1] == (0,) else starts
                yield from (Task((file.path,), recipe, start, limits) for start in rest)


def _known(ledger: Iterable[Mapping[str, Any]], lot: int) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    for row in ledger:
        entry = known.get(row["file"])
        if entry is None:
            entry = known[row["file"]] = _Known(
                row["sha256"] or "", row["size_bytes"], row["modified_ns"], lot
            )
        if row["status"] == "failed":
            entry.failed, entry.error = True, row["error"]
        entry.spectra_failed += row["spectra_failed"] or 0
        if row["spectra"] is not None:
            entry.total = row["spectra"]
        if row["first_spectrum"] is not None:
            entry.done.add(row["first_spectrum"] - 1)
    return known


def _changed(file: InputFile, entry: _Known) -> bool:
    if (file.size, file.modified) == (entry.size, entry.modified):
        return False
    if file.size != entry.size or not entry.sha256:
        return True
    return _sha256(file.path) != entry.sha256


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()
