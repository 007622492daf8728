"""BioLogic .mpr of every layout that galvani or yadg know, and the columns that BT-Lab records."""

import struct

import numpy as np
import pytest
from test_io_biologic import F, Z, log, module, note, settings

import eisfit.io as eio
from eisfit.errors import NoImpedanceError, ReadError

# Layout -> version and header of the data module, numbers of the columns, bytes before the rows.
LAYOUTS = {
    "one byte a column": (0, False, "u1", 100),
    "version 2": (2, False, "<u2", 405),
    "version 3": (3, False, "<u2", 406),
    "EC-Lab 11.50 and later": (0, True, ">u2", 1007),
}
FLAGS = (1, 2, 3, 21, 31, 65)
SWEEPS = 3


def cycling() -> dict[str, np.ndarray]:
    """What BT-Lab records of a battery: cycling at 0 Hz, a sweep, and again."""
    rest = 5
    zeros = np.zeros(rest)
    f = np.tile(np.r_[zeros, F], SWEEPS)
    z = np.concatenate([np.r_[zeros, Z * (1 + n)] for n in range(SWEEPS)])
    time = np.arange(len(f)) * 2.5
    return {"f": f, "modulus": np.abs(z), "phase": np.degrees(np.angle(z)), "time": time}


def bt_lab(layout: str, more: dict | None = None) -> dict:
    """Columns as BT-Lab exports list them: modulus and phase, no real and imaginary part."""
    high = 256 if LAYOUTS[layout][2] != "u1" else 0
    rows = cycling()
    n = len(rows["f"])
    columns = {
        (131, "<u2"): np.ones(n), (39, "<u2"): np.full(n, 10), (4, "<f8"): rows["time"],
        (5, "<f4"): np.full(n, 3.3), (6, "<f4"): np.full(n, 3.4), (8, "<f4"): np.zeros(n),
        (7, "<f8"): np.zeros(n), (13, "<f8"): np.zeros(n), (74, "<f8"): np.ones(n),
        (32, "<f4"): rows["f"], (36, "<f4"): rows["modulus"], (35, "<f4"): rows["phase"],
        (211 + high, "<f8"): np.zeros(n), (212 + high, "<u4"): np.arange(n) // 20,
        (206 + high, "<f4"): np.full(n, 24.5), (213 + high, "<u4"): np.zeros(n),
    }  # fmt: skip
    return {**columns, **(more or {})}


def content(layout: str, columns: dict, technique: int = 0x7F, flags=FLAGS) -> bytes:
    version, new, numbers, before = LAYOUTS[layout]
    count = len(next(iter(columns.values()))) if columns else 0
    ids = [*flags, *(number for number, _ in columns)]
    table = np.zeros(count, [("flags", "u1"), *((str(n), kind) for n, kind in columns)])
    for (number, _), values in columns.items():
        table[str(number)] = values
    head = struct.pack("<IB", count, len(ids)) + np.array(ids).astype(numbers).tobytes()
    data = module("VMP data", head.ljust(before, b"\0") + table.tobytes(), version, new)
    magic = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0"
    return magic + settings(technique, 0, new) + data + log(0, new)


def read(tmp_path, data: bytes):
    path = tmp_path / "battery.mpr"
    path.write_bytes(data)
    return eio.read(path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bt_lab_columns(tmp_path, layout):
    spectra = read(tmp_path, content(layout, bt_lab(layout)))
    assert len(spectra) == SWEEPS
    for number, spectrum in enumerate(spectra):
        np.testing.assert_allclose(spectrum.frequency, F, rtol=1e-6)
        np.testing.assert_allclose(spectrum.impedance, Z * (1 + number), rtol=1e-5)
        assert spectrum.metadata["technique"] == "MB"
        assert spectrum.metadata["temperature_c"] == pytest.approx(24.5)
        assert spectrum.metadata["potential_v"] == pytest.approx(3.4)
        assert spectrum.metadata["time_s"] == pytest.approx(2.5 * (5 + number * (5 + len(F))))
    assert "15 row(s) without a positive frequency" in note(spectra[0])
    assert "computed from modulus and phase" in note(spectra[0])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("wide", ["<f8", "<f4", "<u2", "u1"])
def test_bt_lab_with_a_column_that_nobody_knows(tmp_path, layout, wide):
    n = len(cycling()["f"])
    high = 256 if LAYOUTS[layout][2] != "u1" else 0
    more = {(110 + high, "<f8"): np.ones(n), (254, wide): np.arange(n) % 200}
    spectra = read(tmp_path, content(layout, bt_lab(layout, more)))
    np.testing.assert_allclose(spectra[-1].impedance, Z * SWEEPS, rtol=1e-5)
    assert "unknown columns: 254" in note(spectra[0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_both_electrodes(tmp_path, layout):
    """Zwe-ce has numbers above 255, of which the oldest layout keeps the lower byte."""
    high = 256 if LAYOUTS[layout][2] != "u1" else 0
    columns = {
        (4, "<f8"): 1.0 * np.arange(len(F)), (32, "<f4"): F, (37, "<f4"): 2 * Z.real,
        (38, "<f4"): -2 * Z.imag, (176 + high, "<f4"): Z.real, (177 + high, "<f4"): -Z.imag,
        (215 + high, "<f4"): 0 * F, (77, "<f4"): 3 + 0 * F,
    }  # fmt: skip
    data = content(layout, columns, technique=29)
    path = tmp_path / "cell.mpr"
    path.write_bytes(data)
    np.testing.assert_allclose(eio.read(path)[0].impedance, 2 * Z, rtol=1e-6)
    (both,) = eio.read(path, electrode="Ewe-Ece")
    np.testing.assert_allclose(both.impedance, Z, rtol=1e-6)
    assert both.metadata["potential_v"] == pytest.approx(3.0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_aborted_empty_and_cut_off(tmp_path, layout):
    columns = bt_lab(layout)
    empty = {key: values[:0] for key, values in columns.items()}
    with pytest.raises(NoImpedanceError, match="aborted before the first"):
        read(tmp_path, content(layout, empty))
    resting = {key: values[:5] for key, values in columns.items()}
    with pytest.raises(NoImpedanceError, match="hold only zeros"):
        read(tmp_path, content(layout, resting))
    data = content(layout, columns)
    end = data.index(b"MODULEVMP LOG")
    width = 1 + sum(np.dtype(kind).itemsize for _, kind in columns)
    spectra = read(tmp_path, data[: end - width - 3])
    assert sum(map(len, spectra)) == SWEEPS * len(F) - 2
    assert "rows are there, 2 are missing" in note(spectra[0])
    for cut in (52, 53, 60, 200, data.index(b"VMP data") + 20):
        with pytest.raises(ReadError, match="is cut off before its data"):
            read(tmp_path, data[:cut])
