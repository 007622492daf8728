"""Synthetic files for batches, data sets as something to compare, and runs to kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eisfit
from eisfit.batching.schema import DATA, LEDGER, TABLES

GRID = np.geomspace(1e5, 1.0, 26)
MODEL = "R0-p(R1,CPE1)"
ROOT = Path(__file__).resolve().parents[2]


def truth(seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    resistance, tau, alpha = 20 * (1 + rng.random()), 10 ** rng.uniform(-4, -2), 0.9
    return {
        "R0": 5 + rng.random(), "R1": resistance,
        "CPE1_0": tau**alpha / resistance, "CPE1_1": alpha,
    }  # fmt: skip


def sweep(seed: int) -> np.ndarray:
    """One arc with noise of 0.1 %."""
    rng = np.random.default_rng([seed, 1])
    z = eisfit.load_model(MODEL).impedance(GRID, truth(seed))
    noise = rng.normal(size=z.shape) + 1j * rng.normal(size=z.shape)
    return z + 1e-3 * np.abs(z) * noise


def write_file(path: Path, seeds: range) -> Path:
    lines = ["cycle number\tfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm"]
    for number, seed in enumerate(seeds, 1):
        for f, z in zip(GRID, sweep(seed), strict=True):
            lines.append(f"{number}\t{f:.8e}\t{z.real:.8e}\t{-z.imag:.8e}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_files(folder: Path, count: int, sweeps: int = 2, first: int = 0) -> list[Path]:
    return [
        write_file(folder / f"cell_{i:03d}.txt", range(i * sweeps, (i + 1) * sweeps))
        for i in range(first, first + count)
    ]


def table(out: Path, name: str) -> pa.Table:
    """A table as any reader of Parquet has it: all files of its folder."""
    files = sorted((out / name).glob("*.parquet"))
    if not files:
        return pa.table({column.name: [] for column in TABLES[name]})
    return pa.concat_tables([pq.read_table(file, partitioning=None) for file in files])


def rows(out: Path, name: str) -> list[dict]:
    """Rows in an order of their own, without what differs from run to run."""
    volatile = {column.name for column in TABLES[name] if column.volatile}
    found = [
        {key: value for key, value in row.items() if key not in volatile}
        for row in table(out, name).to_pylist()
    ]
    keys = ("file", "first_spectrum", "sweep", "element", "parameter", "peak")
    return sorted(found, key=lambda row: [str(row.get(key)) for key in keys])


def assert_same(out: Path, expected: Path) -> None:
    """Both data sets hold the same rows, numbers to 1e-9 relative."""
    for name in (LEDGER, *DATA):
        ours, theirs = rows(out, name), rows(expected, name)
        assert len(ours) == len(theirs), name
        for a, b in zip(ours, theirs, strict=True):
            assert a.keys() == b.keys()
            for key, value in a.items():
                if isinstance(value, float) and isinstance(b[key], float):
                    assert value == pytest.approx(b[key], rel=1e-9, abs=0.0), (name, key, a["file"])
                else:
                    assert value == b[key], (name, key, a["file"])


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", **extra}


# Small groups and quick commits, so that a short run has many moments to be killed at
BRISK = """
import sys
from eisfit.batching import inputs, run
inputs.GROUP_FILES = 1
run.FLUSH_S = 0.05
from eisfit.cli import main
sys.exit(main(["batch", *sys.argv[1:]]))
"""


def brisk(*arguments: object, path: Path | None = None) -> subprocess.Popen:
    """`eisfit batch` that commits every few spectra; `path` is one more to find modules in."""
    known = environment()
    if path is not None:
        known["PYTHONPATH"] = os.pathsep.join([str(path), known["PYTHONPATH"]])
    return subprocess.Popen(
        [sys.executable, "-c", BRISK, *map(str, arguments)], env=known,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err
