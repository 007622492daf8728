"""One run at a time in a folder: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from types import TracebackType
from typing import IO

from eisfit.errors import OutputError

NAME = "lock"


class Lock:
    """A held lock on a folder; a context.

    Raises
    ------
    OutputError
        If another process, here or on another machine, holds it.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        try:
            self._stream: IO[str] = path.open("a+")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        if not _taken(self._stream):
            self._stream.seek(0)
            holder = self._stream.read(200).strip() or "unknown"
            self._stream.close()
            raise OutputError(
                f"another run writes into {folder} ({holder}): wait for it, or give another folder"
            )
        with contextlib.suppress(OSError):  # on a full disk the name may be missing
            self._stream.truncate(0)
            self._stream.write(f"process {os.getpid()} on {platform.node()}\n")
            self._stream.flush()

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the lock back; the file stays, for a removed one could be locked twice."""
        self._stream.close()


def _taken(stream: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _taken_on_windows(stream)
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_on_windows(stream: IO[str]) -> bool:
    import msvcrt

    stream.seek(1 << 20)  # beyond what others may want to read
    try:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True
