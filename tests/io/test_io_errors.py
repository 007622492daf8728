"""What cannot be read says so: each case its own message, with the file's name and a way out."""

import os
import struct
import zlib

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import EisfitError, NoImpedanceError, ReadError
from eisfit.io.sniff import READERS, TEXT


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n \r\n\t", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (png(), "is a PNG picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "is a JPEG picture"),
        (b"GIF89a\1\0\1\0", "is a GIF picture"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"PK\3\4\x14\0\6\0", "spreadsheet"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"<?xml version='1.0'?><svg/>", "XML"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (bytes(range(256)) * 8, "binary file of a kind"),
        (b"freq/Hz\0Re(Z)/Ohm\0\0\0\x01", "binary file of a kind"),
        (b"hello world, this is not a table\n" * 5, "holds no table of impedance"),
        (b"1,2\n3,4\n5,6\n", "holds no table of impedance"),
        (b"1,2,3,4\n3,4,5,6\n5,6,7,8\n", "4 columns of numbers without names"),
        (
            b"alpha,beta,gamma\n1,2,3\n3,4,5\n5,6,7\n",
            "column names alpha, beta, gamma are not known",
        ),
        (b"-1,2,3\n3,4,5\n5,6,7\n", "should be the frequency"),
        (b'{"spectra": [1, 2, 3]}', "holds no table of impedance"),
        (b"f;Z';Z''\na;b;c\nd;e;f\n", "rows do not fit the 3 column names"),
    ],
)
def test_each_kind_has_its_own_message(tmp_path, content, says):
    path = tmp_path / "sample.mpr"  # the suffix promises what the content does not hold
    path.write_bytes(content)
    with pytest.raises(ReadError, match=rf"sample\.mpr.*{says}"):
        eio.read(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time/s\tEwe/V\t<I>/mA\n0\t3.5\t1\n1\t3.5\t1\n", "time/s, Ewe/V.* no frequency together"),
        ("freq/Hz;Re(Z)/Ohm\n1;2\n2;3\n", "no frequency together"),
        ("Re(Z)/Ohm;-Im(Z)/Ohm\n1;2\n2;3\n", "no frequency together"),
        ("f,Z',Z''\n", "aborted before its first point"),
        ("f,Z',Z''\n0,1,2\n0,1,2\n", r"2 row\(s\) without a positive frequency"),
        ("f,|Z|,phase\n1,0,0\n2,0,0\n", "only zeros"),
    ],
)
def test_a_sound_table_without_impedance(tmp_path, text, says):
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(NoImpedanceError, match=rf"other\.csv.*{says}"):
        eio.read(path)


def test_missing_folder_and_unreadable(tmp_path):
    with pytest.raises(ReadError, match=r"nothing\.mpr does not exist"):
        eio.read(tmp_path / "nothing.mpr")
    with pytest.raises(ReadError, match="is a folder"):
        eio.read(str(tmp_path))
    with pytest.raises(ReadError):
        eio.read("bad\0name")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ReadError, match="not a regular file"):
            eio.read(tmp_path / "pipe")


def test_one_reader_recognises_each_own_format():
    heads = (
        b"BIO-LOGIC MODULAR FILE\x1a",
        b'\xef\xbb\xbf{"format": "eisfit-spectra", "version": 1}',
        b"label,sweep,frequency_hz,real_ohm,imaginary_ohm,masked_because\n",
    )
    for head in heads:
        assert sum(reader.recognises(head) for reader in READERS) == 1
    assert not any(reader.recognises(b"EC-Lab ASCII FILE\r\n") for reader in READERS)
    assert TEXT.recognises(b"EC-Lab ASCII FILE\r\nCs/\xb5F")


def samples(tmp_path):
    from test_io_biologic import impedance, mpr
    from test_io_table import F, Z, eclab_text, table

    from eisfit.io.write import write_csv, write_json
    from eisfit.spectrum import Spectrum

    one = Spectrum(F, Z)
    return [
        mpr(tmp_path, impedance()).read_bytes(),
        eclab_text().encode("latin-1"),
        table(("f", "Z'", "Z''"), (F, Z.real, Z.imag), ";", ",").encode("utf-16"),
        table((), (F, Z.real, Z.imag), " ").encode(),
        write_csv([one, one], tmp_path / "a.csv").read_bytes(),
        write_json([one], tmp_path / "a.json").read_bytes(),
    ]


def mutated(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    data = bytearray(content)
    kind = random.integers(4)
    at = int(random.integers(len(data)))
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        return bytes(data[:at] + other[int(random.integers(len(other))) :])
    if kind == 2:
        del data[at : at + int(random.integers(1, 200))]
        return bytes(data)
    for _ in range(int(random.integers(1, 30))):
        data[int(random.integers(len(data)))] = int(random.integers(256))
    return bytes(data)


def test_damage_raises_only_our_errors_and_never_gives_a_bad_spectrum(tmp_path):
    random = np.random.default_rng(20250515)
    originals = samples(tmp_path)
    path = tmp_path / "fuzzed"
    outcomes = {"read": 0, "refused": 0}
    for _ in range(300):
        content = originals[int(random.integers(len(originals)))]
        other = originals[int(random.integers(len(originals)))]
        path.write_bytes(mutated(content, other, random))
        try:
            spectra = eio.read(path)
        except EisfitError as error:
            outcomes["refused"] += 1
            assert "fuzzed" in str(error)  # noqa: PT017
            continue
        outcomes["read"] += 1
        assert spectra
        for spectrum in spectra:
            assert np.all(np.isfinite(spectrum.impedance))
            assert np.all(spectrum.frequency > 0)
    assert min(outcomes.values()) > 30
