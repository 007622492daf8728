"""Names of files and folders that are safe to make, from any label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from eisfit.errors import OutputError

_UNSAFE = re.compile(r"[^\w.+@%=-]+")
_LONGEST = 80
_LISTED = 5
# Names that Windows keeps for devices, with any suffix
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(label: str, otherwise: str = "spectrum") -> str:
    """Return a file name made from a label that is never a path, hidden, or a device."""
    plain = unicodedata.normalize("NFC", label)
    name = _UNSAFE.sub("_", plain).strip("._ ")[:_LONGEST].rstrip("._ ")
    if not name:
        return otherwise
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def utf8(text: str) -> str:
    """Return text that UTF-8 can carry: names of files may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def unused(name: str, taken: Collection[str]) -> str:
    """Return a name, or with the first number that makes it new; `taken` holds keys of names."""
    candidate, number = name, 1
    while key(candidate) in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def key(name: str) -> str:
    """Return what two names have in common if some file system takes them for one."""
    return unicodedata.normalize("NFC", name).casefold()


def refuse_existing(paths: Iterable[Path], force: bool = False) -> None:
    """Refuse to begin where files are there already, unless forced.

    Raises
    ------
    OutputError
        The message lists the first of them.
    """
    there = [] if force else [str(path) for path in paths if path.exists()]
    if there:
        more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
        raise OutputError(
            f"{', '.join(there[:_LISTED])}{more} exist{'s' * (len(there) == 1)} already: give "
            "another name (--out), or force (--force)"
        )


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    OutputError
        If the system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot make the folder {folder}: {why}") from error
