"""Damage every sample of the reader tests many times: nothing but our own errors may come.

Run it as `python benchmarks/fuzz_readers.py [NUMBER] [SEED]`; 20,000 files by default. What
fails is kept beside the working folder's `fuzz-failures`, to be looked at and made a test of.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "io"))

from damage import damaged, read_or_refuse
from samples import SAMPLES


def main(number: int = 20_000, seed: int = 20250515) -> int:
    warnings.simplefilter("error")
    random = np.random.default_rng(seed)
    names = list(SAMPLES)
    contents = [make() for make in SAMPLES.values()]
    read, refused, failed = Counter[str](), Counter[str](), Counter[str]()
    begin, longest, slowest = time.perf_counter(), 0.0, ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed"
        for turn in range(number):
            which = turn % len(names)
            content = damaged(contents[which], contents[int(random.integers(len(names)))], random)
            path.write_bytes(content)
            start = time.perf_counter()
            try:
                outcome = read if read_or_refuse(path) else refused
            except Exception:
                outcome = failed
                kept = Path("fuzz-failures")
                kept.mkdir(exist_ok=True)
                (kept / f"{names[which]}-{turn}").write_bytes(content)
                if failed.total() < 10:
                    traceback.print_exc()
            outcome[names[which]] += 1
            took = time.perf_counter() - start
            if took > longest:
                longest, slowest = took, names[which]
    total = time.perf_counter() - begin
    print(f"{number} files in {total:.0f} s, the slowest {longest:.3f} s ({slowest})")
    print(f"{'sample':24s} read refused failed")
    for name in names:
        print(f"{name:24s} {read[name]:4d} {refused[name]:7d} {failed[name]:6d}")
    return 1 if failed.total() else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
