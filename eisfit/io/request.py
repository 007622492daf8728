"""What the caller settles where a file leaves a choice: electrode, column names, sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eisfit.errors import ReadError
from eisfit.frozen import FrozenDict

ELECTRODES = ("Ewe", "Ece", "Ewe-Ece")
_SIGNS = {"+": 1, "im": 1, "+im": 1, "-": -1, "-im": -1}
_DECIMALS = {".": ".", "point": ".", ",": ",", "comma": ","}
_SKIPPED = ("", "-", "_")
_DASHES = str.maketrans(dict.fromkeys("\u2212\u2013\u2014\u2010\u2011", "-"))


def pair_of(text: str) -> str | None:
    """Return the electrode, or pair, that a text names however it is spelt; None for another."""
    bare = "".join(text.translate(_DASHES).lower().split())
    return next((name for name in ELECTRODES if name.lower() == bare), None)


@dataclass(frozen=True)
class Request:
    """How a file is to be read, beyond what it says itself.

    Parameters
    ----------
    electrode : {"Ewe", "Ece", "Ewe-Ece"}, optional
        Which electrode, or pair, the impedance is to be of.
    order : tuple of str
        Names to read the columns by, in their order, "" for one to leave out; empty to keep those
        of the file.
    renamed : mapping of str
        The file's name of a column -> the name to read it by.
    sign : {1, -1}, optional
        1 where the column of the imaginary part (or of the phase) holds it as it is, -1 where it
        holds its negative.
    decimal : {".", ","}, optional
        The decimal sign of the numbers.
    """

    electrode: str | None = None
    order: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=FrozenDict)
    sign: int | None = None
    decimal: str | None = None

    @classmethod
    def of(
        cls,
        electrode: str | None = None,
        columns: str | Sequence[str] | Mapping[str, str] | None = None,
        sign: str | None = None,
        decimal: str | None = None,
    ) -> Request:
        """Check what a caller gave; see `eisfit.io.read` for what each may be.

        Raises
        ------
        ReadError
            If an electrode, a sign or a decimal sign is not known, or columns are given in another
            form.
        """
        if electrode is not None:
            electrode = pair_of(electrode) or electrode
        if electrode is not None and electrode not in ELECTRODES:
            raise ReadError(
                f"unknown electrode {electrode!r}: choose one of {', '.join(ELECTRODES)}, or none "
                "to follow the settings of the technique"
            )
        if sign is not None and sign.strip().lower() not in _SIGNS:
            raise ReadError(
                f"unknown sign {sign!r}: choose '+' where the column holds Im(Z), '-' where it "
                "holds -Im(Z)"
            )
        if decimal is not None and decimal.strip().lower() not in _DECIMALS:
            raise ReadError(
                f"unknown decimal sign {decimal!r}: choose '.' or ',', whichever stands before the "
                "decimals of the numbers"
            )
        order, renamed = _columns(columns)
        return cls(
            electrode,
            order,
            FrozenDict(renamed),
            None if sign is None else _SIGNS[sign.strip().lower()],
            None if decimal is None else _DECIMALS[decimal.strip().lower()],
        )

    def names(self, found: Sequence[str], source_name: str) -> list[str]:
        """Return the names to read columns by, for the names that a file has.

        Raises
        ------
        ReadError
            If more names are given than there are columns, or a column to rename is not there.
        """
        if self.order:
            if len(self.order) > len(found):
                raise ReadError(
                    f"{source_name} has {len(found)} columns, {len(self.order)} names were given "
                    "for them (--columns): give one name a column, '-' for one to leave out"
                )
            given = ["" if name in _SKIPPED else name for name in self.order]
            return given + [""] * (len(found) - len(given))
        found = [_plain(name) for name in found]
        missing = [name for name in self.renamed if name not in found]
        if missing:
            raise ReadError(
                f"{source_name} has no column {missing[0]!r} to rename (--columns); its columns "
                f"are {', '.join(name or '(no name)' for name in found)[:200]}"
            )
        return [self.renamed.get(name, name) for name in found]


def _plain(name: str) -> str:
    return name.replace("\u2212", "-")


def _columns(
    columns: str | Sequence[str] | Mapping[str, str] | None,
) -> tuple[tuple[str, ...], dict[str, str]]:
    if columns is None:
        return (), {}
    if isinstance(columns, Mapping):
        return (), {_plain(str(name)): str(meaning) for name, meaning in columns.items()}
    parts = [part.strip() for part in columns.split(",")] if isinstance(columns, str) else columns
    pairs = [str(part).partition("=") for part in parts]
    if all(equals for _, equals, _ in pairs) and pairs:
        return (), {_plain(name.strip()): meaning.strip() for name, _, meaning in pairs}
    if not any(part.strip() for part in parts):
        raise ReadError(
            "no column names were given (--columns): give one name a column, such as "
            "'freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm', or pairs such as 'Zr=Re(Z)/kOhm'"
        )
    return tuple(str(part).strip() for part in parts), {}
