"""Every command and every snippet of Python in README and documentation does what it says."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eisfit import demo

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str, str]]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [code for kind, code in FENCE.findall(text) if kind == language]


def commands(page: str) -> list[list[str]]:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("eisfit ")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo's spectra, and with files of the names that the pages use."""
    files = demo.make_files(tmp_path / "eisfit-demo" / "spectra")
    for name in ("cell.mpr", "aging.mpr"):  # the content decides, not the suffix
        (tmp_path / name).write_bytes(files[2].read_bytes())
    rows = [f"{files[i]},{sample},0" for i, sample in ((2, "Si"), (3, "Si@AlCl3"))]
    text = "\n".join(["file,sample,time_h", *rows])
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cell.mpr").write_bytes(files[2].read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_snippets_of_python(page: str, here: Path) -> None:
    code = blocks(page, "python")
    assert len(code) >= 2
    script = here / "snippets.py"
    script.write_text("\n".join(code), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=here, capture_output=True, text=True, timeout=300,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "interfacial" in done.stdout


@pytest.mark.parametrize(
    "page", ["README.md", "docs/quickstart.md", "docs/cli.md", "docs/report.md"]
)
def test_commands(page: str, here: Path, run: Run) -> None:
    found = [c for c in commands(page) if c != ["demo"]]  # which has a test of its own
    assert found
    for arguments in found:
        status, _, err = run(*arguments)
        assert (status, err) == (0, ""), arguments


def test_the_error_that_the_readme_shows(here: Path, run: Run) -> None:
    (shown,) = blocks("README.md", "text")
    status, _, err = run("fit", "cell.mpr", "-m", "R0-p(R1,CPE1")
    assert status == 2
    assert err == shown


def test_the_readme_names_what_is_written(here: Path, run: Run) -> None:
    run("fit", "cell.mpr", "-m", "zarc1", "-o", "results")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("| file | what |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([\w.]+\.(?:csv|json|png))`", table))
    assert named == {path.name for path in (here / "results").iterdir()}


def test_the_picture_is_small_and_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert "docs/images/demo.png" in links
    for link in links:
        assert (ROOT / link).exists(), link
    assert (ROOT / "docs" / "images" / "demo.png").stat().st_size < 200_000


def test_every_option_is_in_the_documentation(run: Run) -> None:
    pages = [ROOT / "docs" / name for name in ("cli.md", "batch.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    commands = set(re.findall(r"^│ (\w+) ", run("--help")[1], re.MULTILINE))
    assert {"fit", "compare", "batch", "inspect"} <= commands
    for command in commands:
        shown = run(command, "--help")[1]
        for option in set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help", "--label"}:
            assert f"`{option}" in text or f" {option} " in text, (command, option)
