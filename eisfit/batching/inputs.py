"""Paths, globs and manifests to files, and files to groups that are worked on together."""

from __future__ import annotations

import csv
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eisfit.errors import ReadError
from eisfit.io.paths import utf8

# A group is about one lot of spectra: a sweep of 70 points is some 4 kB of text
SWEEP_BYTES = 4096
GROUP_FILES = 64
_HEAD = 1 << 14


@dataclass(frozen=True)
class InputFile:
    """A file to work on: absolute path, size in bytes, time of its last change in ns.

    Size and time are -1 where the file cannot be looked at.
    """

    path: str
    size: int = -1
    modified: int = -1

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> InputFile:
        """Return the file as it is now."""
        whole = _whole(path)
        try:
            stat = Path(whole).stat()
        except (OSError, ValueError):
            return cls(whole)
        return cls(whole, stat.st_size, stat.st_mtime_ns)

    @property
    def key(self) -> str:
        """The path as text that UTF-8 can carry: what tables know the file by."""
        return utf8(self.path)


def find_files(given: Iterable[str | os.PathLike[str]], out: Path) -> list[InputFile]:
    """Return the files that paths, globs, folders and manifests name, each once, sorted by path.

    A folder stands for all files in it and below, hidden ones and those of `out` left out. A
    manifest is a text file that lists paths, one a line or in a CSV column `file`, relative to it.

    Raises
    ------
    ReadError
        If nothing is named, a glob or a folder holds nothing, or a single path does not exist.
    """
    own = _whole(out)
    names = dict.fromkeys(name for entry in given for name in _named(os.fspath(entry), own))
    if not names:
        raise ReadError("no file is named: give files, folders, globs or manifests")
    return sorted((InputFile.of(name) for name in names), key=lambda file: file.key)


def _named(entry: str, out: str) -> Iterator[str]:
    path = Path(entry)
    if path.is_dir():
        found = list(_below(entry, out))
        if not found:
            raise ReadError(f"{entry} is a folder without files")
    elif os.path.lexists(entry):
        listed = manifest(path)
        found = [entry] if listed is None else listed
    elif glob.has_magic(entry):
        found = [
            name
            for name in glob.glob(entry, recursive=True)  # noqa: PTH207 - Path.glob refuses "/x/*"
            if Path(name).is_file() and not _inside(name, out)
        ]
        if not found:
            raise ReadError(f"no file matches {entry}")
    else:
        raise ReadError(f"{entry} does not exist: check the name and the folder")
    yield from map(_whole, found)


def _below(folder: str, out: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        kept = [name for name in folders if not name.startswith(".")]
        folders[:] = [name for name in kept if not _inside(f"{place}{os.sep}{name}", out)]
        yield from (f"{place}{os.sep}{name}" for name in files if not name.startswith("."))


def _whole(path: str | os.PathLike[str]) -> str:
    """Return the absolute path, links in it as they are."""
    return os.path.normpath(Path(path).absolute())


def _inside(path: str, folder: str) -> bool:
    whole = _whole(path)
    return whole == folder or whole.startswith(folder + os.sep)


def manifest(path: Path) -> list[str] | None:
    """Return the paths that a file lists, or None if it is no manifest.

    It is one if its first line is a path that exists, or the header of a CSV with a column `file`.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
        first = next((line for line in _entries(head.decode("utf-8-sig").splitlines())), "")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        cells = next(csv.reader([first]), [])
        if "file" in cells:
            with path.open(encoding="utf-8-sig", newline="") as text:
                rows = csv.DictReader(text)
                return [str(path.parent / row["file"]) for row in rows if row.get("file")]
        if not first or not (path.parent / first).exists():
            return None
        with path.open(encoding="utf-8-sig") as text:
            return [str(path.parent / line) for line in _entries(text)]
    except (OSError, ValueError, csv.Error):  # a name with a zero byte, a file that went away
        return None


def _entries(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield entry


def groups(files: Sequence[InputFile], lot: int) -> Iterator[tuple[InputFile, ...]]:
    """Yield neighbours that are read and fitted together; the same files give the same groups.

    A group is about `lot` spectra. A run that goes on has the tasks that the earlier one would have
    done next, so its numbers are the same even if arithmetic hung on who is computed beside whom.
    """
    group: list[InputFile] = []
    room = lot * SWEEP_BYTES
    for file in files:
        if group and (file.size > room or len(group) == min(GROUP_FILES, lot)):
            yield tuple(group)
            group, room = [], lot * SWEEP_BYTES
        group.append(file)
        room -= max(file.size, 0)
    if group:
        yield tuple(group)
