"""Files appear whole or not at all, and never in the place of others unless asked."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from eisfit.errors import OutputError


def write_text_atomically(path: str | os.PathLike[str], text: str, force: bool = False) -> Path:
    """Write text as UTF-8, its line ends as they are; otherwise like `write_bytes_atomically`."""
    return write_bytes_atomically(path, text.encode("utf-8"), force)


def write_bytes_atomically(path: str | os.PathLike[str], data: bytes, force: bool = False) -> Path:
    """Write a file so that a reader sees either all of it or nothing, and return its path.

    Parameters
    ----------
    path : path
        Where to write; its folder must exist.
    data : bytes
        The whole content.
    force : bool
        Replace a file of this name; without it an existing file is an error and stays as it is.

    Raises
    ------
    OutputError
        If the file exists and `force` is false, or the system refuses to write.
    """
    with atomically(path, force) as stream:
        stream.write(data)
    return Path(path)


@contextmanager
def atomically(path: str | os.PathLike[str], force: bool = False) -> Iterator[IO[bytes]]:
    """Give a stream whose content becomes a file when all of it is written; nothing before.

    Raises
    ------
    OutputError
        As `write_bytes_atomically`.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target} is a folder: give the name of a file to write")
    if not force and target.exists():
        raise _exists(target)
    # In the same folder, because a rename is atomic only within one file system.
    temporary = target.parent / f".eisfit-{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _move(temporary, target, force)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"cannot write {target}: {error.strerror or error}; check that its folder exists, "
            "has room and may be written to"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _move(temporary: Path, target: Path, force: bool) -> None:
    if force:
        temporary.replace(target)
        return
    try:
        # Unlike a rename, a link fails where another process made the file in the meantime.
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # a file system without hard links
        if target.exists():
            raise _exists(target) from None
        temporary.replace(target)


def _exists(target: Path) -> OutputError:
    return OutputError(f"{target} exists already: give another name, or force (--force)")
