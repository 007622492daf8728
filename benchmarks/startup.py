"""How long the command line takes to answer, beside an empty typer program, from cold processes.

    python benchmarks/startup.py [FILE]

With a file, `eisfit fit FILE --out ...` is timed too. Medians of several runs, in turn, so that
other load on the machine falls on both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main() -> None:
    "Nothing."
app()
"""
RUNS = 9


def seconds(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    empty, ours = [], []
    for _ in range(RUNS):
        empty.append(seconds(sys.executable, "-c", EMPTY, "--help"))
        ours.append(seconds(sys.executable, "-m", "eisfit", "--help"))
    one, other = statistics.median(empty), statistics.median(ours)
    print(f"empty typer program --help  {one:.3f} s")
    print(f"eisfit --help               {other:.3f} s, {other / one:.2f} times")
    for file in sys.argv[1:]:
        times = []
        for _ in range(5):
            with tempfile.TemporaryDirectory() as folder:
                out = str(Path(folder) / "out")
                times.append(seconds(sys.executable, "-m", "eisfit", "fit", file, "--out", out))
        print(f"eisfit fit {file} --out DIR  {statistics.median(times):.2f} s")


if __name__ == "__main__":
    main()
