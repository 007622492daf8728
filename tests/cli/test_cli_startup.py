"""The command line answers at once: what it loads, measured in modules, not in seconds."""

import json
import subprocess
import sys

import pytest

HEAVY = {"numpy", "scipy", "pandas", "matplotlib", "galvani", "yadg", "multiprocessing"}
EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main() -> None:
    "Nothing."
app(standalone_mode=False)
"""
OURS = """
from eisfit.cli import main
main({arguments!r})
"""
LIST = """
import json, sys
sys.stderr.write(json.dumps([*sys.modules]))
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", code + LIST, *arguments],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return set(json.loads(done.stderr))


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"], ["frob"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = OURS.format(arguments=arguments)
    if arguments == ["frob"]:
        code = "import sys, io; sys.stderr = io.StringIO()" + code + "sys.stderr = sys.__stderr__"
    modules = loaded(code)
    assert "eisfit.cli.app" in modules
    assert {name.partition(".")[0] for name in modules}.isdisjoint(HEAVY)
    ours = {name for name in modules if name.startswith("eisfit")}
    assert ours <= {
        "eisfit", "eisfit._version", "eisfit.cli", "eisfit.cli.app", "eisfit.cli.options",
        "eisfit.cli.groups", "eisfit.cli.text", "eisfit.errors", "eisfit.cli.commands",
        *(f"eisfit.cli.commands.{n}" for n in ("batches", "files", "series", "spectra")),
    }  # fmt: skip


def test_help_loads_hardly_more_than_an_empty_typer_program() -> None:
    empty, ours = loaded(EMPTY, "--help"), loaded(OURS.format(arguments=["--help"]))
    assert len(empty) > 100
    assert len(ours - empty) <= 0.1 * len(empty)


def test_the_parent_leaves_matplotlib_to_the_process_that_draws(tmp_path: object) -> None:
    """`eisfit fit --out` loads matplotlib once, beside the fit, where there are two cores."""
    code = f"""
import eisfit.cli.drawing as drawing
drawing._cores = lambda: 2
from eisfit.cli import main
file, out = {str(tmp_path)!r} + "/cell.json", {str(tmp_path)!r} + "/out"
values = ["R0=10", "R1=90", "CPE1_0=1e-5", "CPE1_1=0.9"]
main(["simulate", "zarc1", "--out", file, "--noise", "1e-3", "--f-max", "1e4",
      *(w for v in values for w in ("--set", v))])
if __name__ == "__main__":
    assert main(["kk", file, "--out", out]) == 0
"""
    modules = loaded(code)
    assert "matplotlib" not in modules
