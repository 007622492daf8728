"""BioLogic .mpr files, written here module by module."""

import logging
import struct
import sys
import time

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError

F = np.geomspace(7e6, 1.0, 40)
Z = 12.5 + 100 / (1 + (2j * np.pi * F * 1e-5) ** 0.9)
NOISE = 0.001 * np.cos(np.arange(len(F))) - 0.02j
START = 45792.0 + 5 / 24  # 2025-05-15 05:00:00
# Column number, type: as galvani and yadg list them.
FREQ, RE, MINUS_IM, TIME, EWE, CYCLE = (
    (32, "f"),
    (37, "f"),
    (38, "f"),
    (4, "d"),
    (77, "f"),
    (24, "d"),
)
RE_WE_CE, MINUS_IM_WE_CE, ECE = (432, "f"), (433, "f"), (471, "f")
NEW_ECE = (215, "f")  # galvani 0.5 does not know it


def module(name: str, data: bytes, version: int, new: bool) -> bytes:
    title = name.encode().ljust(10) + name.encode().ljust(25)
    if new:
        numbers = struct.pack("<IIII", 0xFFFFFFFF, len(data), 0, 11 if "data" in name else 10)
    else:
        numbers = struct.pack("<II", len(data), version)
    return b"MODULE" + title + numbers + b"05/15/25" + data


def settings(technique: int, control: int, new: bool) -> bytes:
    data = bytearray(6747)
    data[0] = technique
    struct.pack_into("<ff", data, len(data) - 76, -2.5, 2.5)
    data[len(data) - 62] = control
    if technique == 29 and new:
        struct.pack_into("<HH", data, 0x1846, 0, peis_parameters())
    return module("VMP Set", bytes(data), 0, new)


def peis_parameters() -> int:
    """How many parameters yadg expects of PEIS; it looks for this number."""
    techniques = pytest.importorskip("yadg.extractors.eclab.techniques")
    return next(
        len(dtype)
        for dtype, versions in techniques.technique_params_dtypes[29][1]
        if "11.50" in versions
    )


def rows(columns: dict, new: bool) -> bytes:
    count = len(next(iter(columns.values()))) if columns else 0
    order = ">" if new else "<"
    head = struct.pack("<IB", count, len(columns))
    head += b"".join(struct.pack(f"{order}H", number) for number, _ in columns)
    head = head.ljust(1007 if new else 406, b"\0")
    kinds = [(str(number), f"<{kind}") for number, kind in columns]
    table = np.empty(count, dtype=kinds)
    for (number, _), values in columns.items():
        table[str(number)] = values
    return module("VMP data", head + table.tobytes(), 3, new)


def log(control: int, new: bool) -> bytes:
    data = bytearray(8103)
    struct.pack_into("<ff", data, 0x1F8, -2.5, 2.5)
    data[0x206] = control
    struct.pack_into("<d", data, 0x249, START)
    return module("VMP LOG", bytes(data), 0, new)


def impedance(repeat: int = 1) -> dict:
    columns = {
        FREQ: F, RE: Z.real, MINUS_IM: -Z.imag, TIME: 2.0 * np.arange(len(F)), EWE: 3.5 + 0 * F,
        CYCLE: 0 * F,
    }  # fmt: skip
    return {key: np.tile(values, repeat) for key, values in columns.items()}


def two_electrodes() -> dict:
    return {
        **impedance(), RE: NOISE.real, MINUS_IM: -NOISE.imag, RE_WE_CE: Z.real,
        MINUS_IM_WE_CE: -Z.imag, ECE: 0.5 + 0 * F,
    }  # fmt: skip


def mpr(tmp_path, columns, technique=29, control=0, new=False, with_log=True, tail=b"", head=b""):
    magic = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0"
    path = tmp_path / "made.dat"  # the suffix must not matter
    path.write_bytes(
        magic
        + settings(technique, control, new)
        + head
        + rows(columns, new)
        + (log(control, new) if with_log else b"")
        + tail
    )
    return path


def assert_is_z(spectrum, n=None):
    np.testing.assert_allclose(spectrum.frequency, F[:n], rtol=1e-6)
    np.testing.assert_allclose(spectrum.impedance, Z[:n], rtol=1e-6)


def note(spectrum) -> str:
    return "; ".join(spectrum.metadata["notes"])


@pytest.mark.parametrize("new", [False, True])
def test_what_a_file_says(tmp_path, new):
    (spectrum,) = eio.read(mpr(tmp_path, impedance(), new=new))
    assert_is_z(spectrum)
    expected = {
        "source": "made.dat", "format": "BioLogic .mpr", "sweep": 1, "technique": "PEIS",
        "electrode": "Ewe", "acquired": "2025-05-15T05:00:00.000", "time_s": 0.0,
        "potential_v": 3.5,
    }  # fmt: skip
    assert {key: spectrum.metadata[key] for key in expected} == expected
    assert spectrum.label == "made"
    assert "read by galvani" in note(spectrum)


@pytest.mark.parametrize("with_log", [True, False])
@pytest.mark.parametrize(("control", "electrode"), [(0, "Ewe"), (2, "Ewe-Ece")])
def test_the_electrode_follows_the_settings(tmp_path, control, electrode, with_log):
    """Where the log is missing, the settings module has the same entry."""
    path = mpr(tmp_path, two_electrodes(), control=control, with_log=with_log)
    (spectrum,) = eio.read(path)
    assert spectrum.metadata["electrode"] == electrode
    if electrode == "Ewe-Ece":
        assert_is_z(spectrum)
        assert spectrum.metadata["potential_v"] == pytest.approx(3.0)
    else:
        np.testing.assert_allclose(spectrum.impedance, NOISE, rtol=1e-6)
        assert spectrum.metadata["potential_v"] == pytest.approx(3.5)
    assert_is_z(eio.read(path, electrode="Ewe-Ece")[0])
    with pytest.raises(ReadError, match="no impedance of Ece, only of Ewe, Ewe-Ece"):
        eio.read(path, electrode="Ece")


def test_the_controlled_pair_was_not_recorded(tmp_path):
    (spectrum,) = eio.read(mpr(tmp_path, impedance(), control=2))
    assert spectrum.metadata["electrode"] == "Ewe"
    assert "controlled Ewe-Ece, of which the file holds no impedance" in note(spectrum)
    zeros = {**impedance(), RE_WE_CE: 0 * F, MINUS_IM_WE_CE: 0 * F}
    path = mpr(tmp_path, zeros, control=2)
    assert_is_z(eio.read(path)[0])
    with pytest.raises(ReadError, match="no impedance of Ewe-Ece"):
        eio.read(path, electrode="Ewe-Ece")


def test_a_column_that_galvani_refuses_goes_to_yadg(tmp_path, capsys):
    columns = {**impedance(), NEW_ECE: 0.5 + 0 * F}
    logger = logging.getLogger("yadg")
    before = (logger.handlers[:], logger.propagate, logger.level)
    (spectrum,) = eio.read(mpr(tmp_path, columns, new=True))
    assert_is_z(spectrum)
    assert "read by yadg, because galvani refused it (Column ID 215" in note(spectrum)
    assert (logger.handlers, logger.propagate, logger.level) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["b", "h", "f", "d"])
@pytest.mark.parametrize("new", [False, True])
def test_a_column_that_nobody_knows_never_stops_a_file(tmp_path, kind, new):
    """Its width follows from that of the rows, wherever it stands and whatever it holds."""
    columns = impedance()
    items = list(columns.items())
    unknown = {(251, kind): np.arange(len(F)) % 100}
    for at in (0, 3, len(items)):
        path = mpr(tmp_path, dict([*items[:at], *unknown.items(), *items[at:]]), new=new)
        (spectrum,) = eio.read(path)
        assert_is_z(spectrum)
        assert "unknown columns: 251" in note(spectrum)
    two = {**columns, (251, kind): F, (252, kind): F}
    assert_is_z(eio.read(mpr(tmp_path, two, new=new))[0])


def test_unknown_columns_of_unequal_width_are_refused(tmp_path):
    columns = {**impedance(), (251, "d"): F, (252, "h"): F * 0}
    with pytest.raises(ReadError, match=r"galvani says '.*251.*10 bytes a row.*as text \(\.mpt\)"):
        eio.read(mpr(tmp_path, columns))


def test_a_cycle_number_of_zero_throughout(tmp_path):
    spectra = eio.read(mpr(tmp_path, impedance(repeat=3)))
    assert [s.metadata["sweep"] for s in spectra] == [1, 2, 3]
    for spectrum in spectra:
        assert_is_z(spectrum)


@pytest.mark.parametrize("new", [False, True])
def test_a_loop_module_splits_what_the_frequency_would_not(tmp_path, new):
    starts = struct.pack("<III", 2, 0, 15)
    (one, two) = eio.read(
        mpr(tmp_path, impedance(), new=new, tail=module("VMP loop", starts, 0, new))
    )
    assert (len(one), len(two)) == (15, 25)


def test_direct_current_rows(tmp_path):
    columns = impedance(repeat=2)
    columns = {key: np.insert(values, len(F), [0.0, 0.0]) for key, values in columns.items()}
    spectra = eio.read(mpr(tmp_path, columns))
    assert len(spectra) == 2
    assert "2 row(s) without a positive frequency" in note(spectra[0])


@pytest.mark.parametrize(("technique", "name"), [(11, "OCV"), (6, "CV"), (200, "technique 200")])
def test_no_impedance(tmp_path, technique, name):
    path = mpr(tmp_path, {TIME: F, EWE: F}, technique=technique)
    with pytest.raises(NoImpedanceError, match=rf"made\.dat \(.*{name}\) .*time/s, <Ewe>/V"):
        eio.read(path)


def test_aborted_before_the_first_point(tmp_path):
    empty = {key: values[:0] for key, values in impedance().items()}
    with pytest.raises(NoImpedanceError, match=r"PEIS.* aborted before the first"):
        eio.read(mpr(tmp_path, empty))


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize(
    "columns", [impedance(), {**impedance(), NEW_ECE: F}], ids=["galvani", "yadg"]
)
def test_cut_off_at_every_place(tmp_path, new, columns):
    """Rows that are there come back with a warning; without one, an error says so."""
    if NEW_ECE in columns and not new:
        pytest.skip("an old file has no new column")
    path = mpr(tmp_path, columns, new=new, control=0)
    content = path.read_bytes()
    first_row = content.index(struct.pack("<f", F[0]))
    width = sum(struct.calcsize(kind) for _, kind in columns)
    last_row = first_row + width * len(F)
    for cut in (60, 100, 3000, first_row - 1100, first_row - 1, first_row + width - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ReadError, match="is cut off before its"):
            eio.read(path)
    for cut in (first_row + width, first_row + 20 * width + 7, last_row - 1):
        path.write_bytes(content[:cut])
        (spectrum,) = eio.read(path)
        n = (cut - first_row) // width
        assert_is_z(spectrum, n)
        assert f"{n} of 40 rows are there, {40 - n} are missing" in note(spectrum)
    for cut in (last_row, last_row + 30, last_row + 4000):
        path.write_bytes(content[:cut])
        (spectrum,) = eio.read(path)
        assert_is_z(spectrum)
        assert ("cut off" in note(spectrum)) == (cut != last_row)


def test_rubbish_between_modules(tmp_path):
    path = mpr(tmp_path, impedance(), head=b"rubbish")
    with pytest.raises(ReadError, match=r"made\.dat is damaged at byte 68"):
        eio.read(path)


def test_a_declared_length_beyond_the_file_costs_nothing(tmp_path):
    path = mpr(tmp_path, impedance())
    content = bytearray(path.read_bytes())
    at = content.index(b"VMP data") + 35
    content[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(content)
    with pytest.raises(ReadError, match="cut off"):
        eio.read(path)


def test_reading_text_imports_neither_galvani_nor_yadg(tmp_path):
    import subprocess

    path = tmp_path / "a.csv"
    path.write_text("f,Z',Z''\n10,1,-1\n1,2,-2\n")
    code = (
        "import sys, eisfit.io as e; e.read(sys.argv[1]);"
        "print(sorted({'galvani', 'yadg', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_two_hundred_files_a_second(tmp_path):
    path = mpr(tmp_path, impedance())
    eio.read(path)
    fastest = np.inf
    for _ in range(5):
        start = time.process_time()
        for _ in range(40):
            eio.read(path)
        fastest = min(fastest, time.process_time() - start)
    assert 40 / fastest > 200
