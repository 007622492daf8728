"""Which reader a file needs, found from its first bytes and never from its name.

One reader is chosen and its errors are the user's errors: nothing is tried in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from eisfit.errors import ReadError
from eisfit.io import signatures

if TYPE_CHECKING:
    from typing import TypeAlias

    from eisfit.io.measurement import Measurement
    from eisfit.io.request import Request
    from eisfit.io.source import Source
    from eisfit.spectrum import Spectrum

    Parts: TypeAlias = list[Measurement] | list[Spectrum]
    Read: TypeAlias = Callable[[Source, Request], Parts]


@dataclass(frozen=True)
class Reader:
    """One file format.

    Parameters
    ----------
    name : str
        What the format is called, for messages and metadata.
    recognises : function of the first bytes of a file
        Must be true for this format and for no other in the registry but plain text.
    function : str or function
        Of (source, request) -> list of `Measurement` or of `Spectrum`; as "module:function" it is
        imported when used.
    """

    name: str
    recognises: Callable[[bytes], bool]
    function: str | Read

    def read(self, source: Source, request: Request) -> Parts:
        """Read a file of this format, part by part."""
        if callable(self.function):
            return self.function(source, request)
        module, _, function = self.function.partition(":")
        parts: Parts = getattr(import_module(module), function)(source, request)
        return parts


READERS: tuple[Reader, ...] = (
    Reader(
        "BioLogic .mpr", signatures.starts(b"BIO-LOGIC MODULAR FILE"), "eisfit.io.biologic:read_mpr"
    ),
    Reader("eisfit JSON", signatures.is_own_json, "eisfit.io.native:read_json"),
    Reader(
        "eisfit CSV",
        signatures.starts(b"label,sweep,frequency_hz,real_ohm,imaginary_ohm,masked_because"),
        "eisfit.io.native:read_csv",
    ),
    Reader("Zahner .ism", signatures.is_ism, "eisfit.io.zahner:read_ism"),
    Reader("Gamry .DTA", signatures.starts(b"EXPLAIN\n", b"EXPLAIN\r"), "eisfit.io.gamry:read_dta"),
    Reader("VersaStudio .par", signatures.is_par, "eisfit.io.versastudio:read_par"),
    Reader("Ivium .idf or .ids", signatures.is_ivium, "eisfit.io.ivium:read_ivium"),
    Reader("PalmSens .pssession", signatures.is_pssession, "eisfit.io.palmsens:read_pssession"),
    Reader("Autolab .dfr", signatures.is_dfr, "eisfit.io.autolab:read_dfr"),
    Reader(
        "spreadsheet .xlsx or .ods",
        signatures.starts(b"PK\x03\x04"),
        "eisfit.io.spreadsheet:read_archive",
    ),
    Reader("spreadsheet .fods", signatures.is_flat_ods, "eisfit.io.spreadsheet:read_flat"),
    Reader("Parquet table", signatures.is_parquet, "eisfit.io.parquet:read_parquet"),
    Reader("JSON table", signatures.is_json_table, "eisfit.io.jsontable:read_json_table"),
)
TEXT = Reader("text table", signatures.is_text, "eisfit.io.table:read_table")

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
    for reader in READERS:
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
