"""Names of files and folders that are safe to make, from any label."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from eisfit.errors import OutputError

_UNSAFE = re.compile(r"[^\w.+@%=-]+")
_LONGEST = 80
# Names that Windows keeps for devices, with any suffix
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(label: str, otherwise: str = "spectrum") -> str:
    """Return a file name made from a label that is never a path, hidden, or a device."""
    plain = unicodedata.normalize("NFC", label)
    name = _UNSAFE.sub("_", plain).strip("._ ")[:_LONGEST].rstrip("._ ")
    if not name:
        return otherwise
    return f"_{name}" if _DEVICES.fullmatch(name) else name


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
