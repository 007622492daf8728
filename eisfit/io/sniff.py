"""Which reader a file needs, found from its first bytes and never from its name.

One reader is chosen and its errors are the user's errors: nothing is tried in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eisfit.errors import ReadError
from eisfit.io.registry import READERS, TEXT, Reader, added_readers

if TYPE_CHECKING:
    from eisfit.io.source import Source

# Files that people give by mistake, or that need another program first.
_NOT_IMPEDANCE: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a bitmap picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"RIFF", "a WebP picture or a media file"),
    (b"%PDF", "a PDF document"),
    (b"<svg", "an SVG picture"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.xls, .doc)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "a rich-text document"),
)


def choose(source: Source) -> Reader:
    """Return the one reader for a file.

    Raises
    ------
    ReadError
        If the file is of a kind that holds no impedance we can read; the message says which.
    """
    for reader in (*added_readers(), *READERS):
        if reader.recognises(source.head):
            return reader
    start = source.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    is_text = TEXT.recognises(source.head)
    for magic, kind in _NOT_IMPEDANCE:
        if start.startswith(magic) and not (is_text and magic == b"BM"):
            raise ReadError(
                f"{source.name} is {kind}, not a file of impedance that eisfit reads: give the "
                "instrument's own file, or export the numbers as text (.mpt, .txt, .csv)"
            )
    if is_text:
        return TEXT
    raise ReadError(
        f"{source.name} is a binary file of a kind that eisfit does not know, or damaged: export "
        "the measurement as text (.mpt, .txt, .csv), or copy the file anew"
    )
