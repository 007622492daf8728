"""Damage to files, from a seed, and what must hold of whatever is read after it."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import numpy as np
from samples import zipped

import eisfit.io as eio
from eisfit.errors import ReadError

LONGEST_S = 2.0  # of one core: the machine may have other work
# Bytes that mean something to one format or another.
_TOKENS = (
    b"\0", b"\n", b"\r\n", b"\t", b";", b",", b".", b"\xff" * 4, b"\x7f\xff\xff\xff", b"nan",
    b"-inf", b"1e400", b"0", b"-", b"[", b"]", b"{", b'"', b"<", b"<!DOCTYPE x>", b"&x;", b"TABLE",
    b"freq/Hz", b"\xef\xbb\xbf", b"\xff\xfe", b"1e308", b"99999999999999999999", b"#NAME?",
)  # fmt: skip


def damaged(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Return the content cut off, spliced with another, with bytes changed, gone, twice or new."""
    if content.startswith(b"PK") and random.random() < 0.7:
        return damaged_inside(content, random)
    data = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        if not data:
            break
        kind = int(random.integers(7))
        at = int(random.integers(len(data)))
        length = int(random.integers(1, 300))
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data = data[:at] + other[int(random.integers(len(other))) :]
        elif kind == 2:
            del data[at : at + length]
        elif kind == 3:
            data[at:at] = data[at : at + length]
        elif kind == 4:
            data[at:at] = _TOKENS[int(random.integers(len(_TOKENS)))]
        elif kind == 5:
            data[at : at + 4] = random.bytes(4)
        else:
            for _ in range(int(random.integers(1, 40))):
                data[int(random.integers(len(data)))] = int(random.integers(256))
    return bytes(data)


def damaged_inside(content: bytes, random: np.random.Generator) -> bytes:
    """Return an archive with one of its members damaged, and a sound checksum."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    name = list(parts)[int(random.integers(len(parts)))]
    parts[name] = damaged(bytes(parts[name]), b"<c r='A1'><v>1</v></c>", random)
    return zipped(parts)


def read_or_refuse(path: Path) -> bool:
    """Read a file; return whether it was read, and fail where neither a spectrum nor an error of
    ours came back, in time."""
    start = time.process_time()
    try:
        spectra = eio.read(path)
    except ReadError as error:
        message = str(error)
        assert path.name in message
        assert len(message) < 2000
        return False
    finally:
        assert time.process_time() - start < LONGEST_S
    assert spectra
    for spectrum in spectra:
        assert len(spectrum.frequency) == len(spectrum.impedance) > 0
        assert np.all(np.isfinite(spectrum.impedance))
        assert np.all(np.isfinite(spectrum.frequency) & (spectrum.frequency > 0))
    return True
