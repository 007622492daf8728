"""How fast files are read: .mpr a second on one core, text rows a second, memory of a long text.

Run it as `python benchmarks/readers.py [FOLDER]`: the .mpr files of a folder, or else samples that
are written here. Targets: 200 .mpr a second where galvani reads them, 100,000 rows a second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "io"))

from samples import F, Z, mpr, text_table

import eisfit.io as eio
from eisfit.errors import EisfitError


def mpr_a_second(paths: list[Path]) -> None:
    by_galvani, by_yadg = [], []
    for path in paths:
        try:
            notes = " ".join(eio.read(path)[0].metadata["notes"])
        except EisfitError:
            continue
        (by_galvani if "read by galvani" in notes else by_yadg).append(path)
    for name, group in (("galvani", by_galvani), ("yadg", by_yadg)):
        if not group:
            continue
        repeats = max(1, 300 // len(group))
        start = time.process_time()
        for _ in range(repeats):
            for path in group:
                eio.read(path)
        took = (time.process_time() - start) / (repeats * len(group))
        print(f"{len(group)} .mpr read by {name}: {1 / took:.0f} files a second")


def rows_a_second(folder: Path, rows: int = 300_000) -> None:
    block = text_table((), (F, Z.real, -Z.imag, F)).encode()
    path = folder / "long.txt"
    with path.open("wb") as stream:
        stream.write(b"freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\n")
        for _ in range(rows // len(F)):
            stream.write(block)
    start = time.process_time()
    points = sum(map(len, eio.read(path)))
    took = time.process_time() - start
    print(f"text of {path.stat().st_size / 1e6:.0f} MB: {points / took:.0f} rows a second")


def memory(folder: Path, megabytes: int) -> None:
    block = text_table((), (F, Z.real, -Z.imag)).encode()
    path = folder / "huge.txt"
    with path.open("wb") as stream:
        stream.write(b"freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\n")
        for _ in range(megabytes * 1_000_000 // len(block)):
            stream.write(block)
    code = f"""
        import eisfit.io as eio
        print(sum(map(len, eio.read({str(path)!r}))))
        status = open("/proc/self/status").read()
        print(status.split("VmHWM:")[1].split()[0])
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    start = time.perf_counter()
    points, peak = map(int, subprocess.check_output(command).split())
    took = time.perf_counter() - start
    numbers = points * 3 * 8 / 1e6
    print(
        f"text of {megabytes} MB: {points} points in {took:.1f} s, peak {peak / 1e3:.0f} MB, "
        f"{peak / 1e3 / numbers:.1f} times its numbers ({numbers:.0f} MB)"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = sorted(Path(sys.argv[1]).rglob("*.mpr")) if len(sys.argv) > 1 else []
        if not paths:
            paths = [folder / f"{i}.mpr" for i in range(20)]
            for path in paths:
                path.write_bytes(mpr())
        mpr_a_second(paths)
        rows_a_second(folder)
        if sys.platform == "linux":
            memory(folder, int(os.environ.get("MEGABYTES", "100")))


if __name__ == "__main__":
    main()
