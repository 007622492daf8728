"""A file to read: its name, its first bytes, its checksum; the rest only when a reader asks."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eisfit.errors import ReadError

HEAD_BYTES = 1 << 18
# Longer lines are no text of a measurement, and would be held in memory whole.
_LONGEST_LINE = 1 << 22
_CHUNK = 1 << 20
_CYRILLIC = ("астот", "АСТОТ")
_COUNTRIES = tuple(
    (name, tuple(word.encode(name) for word in words))
    for name, words in (
        ("gb18030", ("频率",)), ("big5", ("頻率",)), ("shift_jis", ("周波数",)),
        ("euc_jp", ("周波数",)), ("cp1251", _CYRILLIC), ("koi8_r", _CYRILLIC),
        ("cp949", ("주파수",)), ("cp1250", ("totliwość",)), ("iso8859_2", ("totliwość",)),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A file that exists and is not empty.

    Raises
    ------
    ReadError
        From every method, if the system refuses to read.
    """

    path: Path
    head: bytes

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Source:
        """Check that there is something to read.

        Raises
        ------
        ReadError
            If the path is missing, a folder, not a regular file, empty, or not readable.
        """
        path = Path(path)
        try:
            if path.is_dir():
                raise ReadError(f"{path} is a folder: give the files in it one by one")
            if not path.exists():
                raise ReadError(f"{path} does not exist: check the name and the folder")
            if not path.is_file():
                raise ReadError(f"{path} is not a regular file: give a measurement file")
            with path.open("rb") as stream:
                head = stream.read(HEAD_BYTES)
        except (OSError, ValueError) as error:
            if isinstance(error, ReadError):
                raise
            raise ReadError(f"{path} cannot be read: {error}") from error
        if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
            raise ReadError(
                f"{path.name} is empty: export the measurement again, or copy the file anew"
            )
        return cls(path, head)

    @property
    def name(self) -> str:
        """File name without its folder."""
        return self.path.name

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the whole file, in hexadecimal."""
        digest = hashlib.sha256()
        with self.stream() as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    @cached_property
    def encoding(self) -> str:
        """Encoding of a text file, from its first bytes.

        UTF-8, UTF-16, that of a country whose word for frequency is there, or else Windows' western
        one, of which latin-1 is a part.
        """
        if self.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        # Text of a measurement is mostly ASCII, so UTF-16 shows as every second byte being zero.
        if self.head[1:400:2].count(0) > 0.9 * len(self.head[1:400:2]):
            return "utf-16-le"
        if self.head[0:400:2].count(0) > 0.9 * len(self.head[0:400:2]):
            return "utf-16-be"
        try:
            codecs.getincrementaldecoder("utf-8")().decode(self.head)
        except UnicodeDecodeError:
            return next(
                (name for name, words in _COUNTRIES if any(word in self.head for word in words)),
                "cp1252",
            )
        return "utf-8-sig"

    @property
    def head_is_all(self) -> bool:
        """Whether the first bytes are the whole file."""
        return len(self.head) < HEAD_BYTES

    def head_lines(self) -> list[str]:
        """Return the lines that the first bytes hold completely, without their ends."""
        text = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(self.encoding)(errors="replace"), translate=True
        ).decode(self.head, final=self.head_is_all)
        lines = with_plain_minus(text).split("\n")
        if not self.head_is_all or not lines[-1]:
            lines.pop()
        return lines

    def first_lines(self, characters: int) -> list[str]:
        """Return the lines up to a number of characters, without their ends."""
        found, length = [], 0
        with self.lines() as lines:
            for line in lines:
                found.append(line.rstrip("\n"))
                length += len(line)
                if length > characters:
                    break
        return found

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Give the decoded lines, each with a plain newline at its end, one at a time."""
        with (
            self.stream() as stream,
            io.TextIOWrapper(stream, self.encoding, errors="replace") as text,
        ):
            yield _limited(text, self.name)

    def read_bytes(self, limit: int | None = None) -> bytes:
        """Return the whole file.

        Raises
        ------
        ReadError
            If it is longer than `limit` bytes, or the system refuses to read.
        """
        if limit is not None and self.size > limit:
            raise ReadError(
                f"{self.name} has {self.size / 1e6:.0f} MB, and eisfit reads no more than "
                f"{limit / 1e6:.0f} MB of this format: split it, or export it as text (.csv)"
            )
        with self.stream() as stream:
            return stream.read()

    def ends_with_line_end(self) -> bool:
        """Tell whether the last byte ends a line; else a text may be cut off in its last."""
        with self.stream() as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) in (b"\n", b"\r")

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise ReadError(f"{self.path} cannot be read: {error}") from error

    @contextmanager
    def stream(self) -> Iterator[io.BufferedReader]:
        """Give the bytes of the file as a stream."""
        try:
            with self.path.open("rb") as stream:
                yield stream
        except OSError as error:
            raise ReadError(f"{self.path} cannot be read: {error}") from error


def with_plain_minus(text: str) -> str:
    """Return text with the minus of typographers, which spreadsheets write, as everybody else's."""
    return text if text.isascii() else text.replace("\u2212", "-")


def _limited(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ReadError(
                f"{name} has a line of more than {_LONGEST_LINE} characters, so it is no table of "
                "rows: export it again"
            )
        yield with_plain_minus(line)
