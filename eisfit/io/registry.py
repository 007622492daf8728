"""The readers: our own, and those that a laboratory adds as an entry point `eisfit.readers`.

What a reader of a laboratory needs is here: `Reader`, `Request`, `Source`, `measured_table`. A
complete example is in `docs/readers.md`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from eisfit.errors import EisfitError, ReadError
from eisfit.io import signatures
from eisfit.io.measurement import measured_table
from eisfit.io.request import Request
from eisfit.io.source import Source

if TYPE_CHECKING:
    from typing import TypeAlias

    from eisfit.io.measurement import Measurement
    from eisfit.spectrum import Spectrum

    Parts: TypeAlias = list[Measurement] | list[Spectrum]
    Read: TypeAlias = Callable[[Source, Request], Parts]

__all__ = ["READERS", "TEXT", "Reader", "Request", "Source", "added_readers", "measured_table"]

GROUP = "eisfit.readers"


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


@lru_cache(maxsize=1)
def added_readers() -> tuple[Reader, ...]:
    """Return the readers that installed packages add, by name; they go before our own.

    One that cannot be loaded is left out with a warning: it must not keep other files from opening.
    """
    from importlib.metadata import entry_points

    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            reader = point.load()
            if not isinstance(reader, Reader):
                raise TypeError(f"{point.value} is no eisfit.io.registry.Reader")
        except Exception as error:  # foreign code
            warnings.warn(
                f"the reader {point.name!r} ({point.value}) cannot be loaded and is not used: "
                f"{type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
            continue
        found.append(_Added(reader.name, reader.recognises, reader.function))
    return tuple(found)


class _Added(Reader):
    """A reader of somebody else: whatever goes wrong in it is said under its name."""

    def read(self, source: Source, request: Request) -> Parts:
        """Read a file of this format.

        Raises
        ------
        ReadError
            If the reader fails.
        """
        try:
            return super().read(source, request)
        except EisfitError:
            raise
        except Exception as error:
            raise ReadError(
                f"{source.name} is recognised by the added reader {self.name!r}, which failed: "
                f"{type(error).__name__}: {error}"
            ) from error
