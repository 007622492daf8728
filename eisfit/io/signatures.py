"""By what first bytes each format is known; nothing here reads further."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

_BOM = b"\xef\xbb\xbf"


def starts(*magic: bytes) -> Callable[[bytes], bool]:
    """Return a function that tells whether the first bytes begin with one of these."""

    def recognises(head: bytes) -> bool:
        return head.removeprefix(_BOM).startswith(magic)

    return recognises


def is_text(head: bytes) -> bool:
    """Tell whether this is text of any encoding: no control characters, or UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    sample = head[:4096]
    for first in (0, 1):  # UTF-16 without a byte order mark
        zeros = sample[first::2]
        if zeros and zeros.count(0) > 0.9 * len(zeros) and 0 not in sample[1 - first :: 2]:
            return True
    return not any(byte < 32 and byte not in b"\t\n\v\f\r\x1a\x1b" for byte in sample)


def is_own_json(head: bytes) -> bool:
    """Tell whether this is what `eisfit.io.write` wrote as JSON."""
    start = head.removeprefix(_BOM).lstrip()
    return start.startswith(b"{") and b'"eisfit-spectra"' in start[:200]


def is_pssession(head: bytes) -> bool:
    """Tell whether this is a PalmSens .pssession, in UTF-16 or UTF-8."""
    start = head[:2000].replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(_BOM)
    return start.lstrip().startswith(b"{") and b'"PalmSens.' in start[:400]


def is_json_table(head: bytes) -> bool:
    """Tell whether this can be a table as JSON."""
    start = head.removeprefix(_BOM).lstrip()
    begins = start.startswith(b"{") or re.match(rb"\[\s*[{\[]", start) is not None
    return begins and is_text(head) and not (is_own_json(head) or is_pssession(head))


def is_ism(head: bytes) -> bool:
    """Tell whether this is a Zahner .ism: a version below zero, a count, a frequency."""
    if len(head) < 20 or head[:5] != b"\0\0\xff\xff\xff":
        return False
    (first,) = struct.unpack_from(">d", head, 12)
    return 1e-9 < first < 1e12


def is_par(head: bytes) -> bool:
    """Tell whether this is a VersaStudio .par."""
    start = head.removeprefix(_BOM).lstrip()
    return start.startswith(b"<Application>") and b"VersaStudio" in start[:2000]


def is_ivium(head: bytes) -> bool:
    """Tell whether this is an Ivium .idf or .ids: text settings after a binary mark."""
    return b"\0" in head[:64] and b"\nMethod=" in head and b"\nTechnique=" in head


def is_dfr(head: bytes) -> bool:
    """Tell whether this is an Autolab .dfr: a version, then a count."""
    return re.match(rb"VERSION\s?\d+(?:\.\d+)?\s*\r?\n\s*\d+\s*\r?\n", head) is not None


def is_flat_ods(head: bytes) -> bool:
    """Tell whether this is a flat OpenDocument spreadsheet."""
    start = head.removeprefix(_BOM).lstrip()
    return start.startswith(b"<?xml") and b"office:document" in head[:4096]


def is_parquet(head: bytes) -> bool:
    """Tell whether this is a Parquet table."""
    return head.startswith(b"PAR1")
