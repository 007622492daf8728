"""The wheel: what is in it, and that it works where no checkout is near."""

import configparser
import json
import os
import subprocess
import sys
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# One arc of known resistances, from the closed form and not from eisfit; the card does the fit.
FIT = """
import json, sys
sys.path[:0] = sys.argv[1:]
import numpy as np
import eisfit

frequency = np.geomspace(1e6, 1.0, 61)
omega = 2 * np.pi * frequency
impedance = 10.0 + 50.0 / (1 + (1j * omega * 1e-3) ** 0.9)
noise = np.random.default_rng(1).standard_normal((2, 61))
impedance = impedance + 1e-4 * np.abs(impedance) * (noise[0] + 1j * noise[1])

spectrum = eisfit.Spectrum(frequency, impedance)
model = eisfit.load_model("zarc1")
result = eisfit.fit(spectrum, "zarc1")
simulated = model.impedance(spectrum.frequency, result.values)
print(json.dumps({
    "file": eisfit.__file__,
    "models": list(eisfit.models()),
    "resistances": result.resistances()["resistance_ohm"].tolist(),
    "misfit": float(np.max(np.abs(simulated / spectrum.impedance - 1))),
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints, run in `cwd` without any path to the checkout."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def named(content: dict[str, bytes], end: str) -> str:
    (name,) = (name for name in content if name.endswith(end))
    return content[name].decode("utf-8")


def test_wheel_holds_every_model_card(content: dict[str, bytes]) -> None:
    cards = {path.name: path.read_bytes() for path in (ROOT / "circuits").glob("*.toml")}
    inside = {
        name.rpartition("/")[2]: data
        for name, data in content.items()
        if name.startswith("eisfit/circuits/")
    }
    assert cards
    assert inside == cards


def test_wheel_holds_every_source_file_and_nothing_else(content: dict[str, bytes]) -> None:
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "eisfit").rglob("*.py")}
    inside = {name for name in content if name.endswith(".py")}
    assert inside == sources
    assert "eisfit/py.typed" in content
    assert {name.partition("/")[0].partition("-")[0] for name in content} == {
        "eisfit",
        "eisfit_toolkit",
    }


def test_wheel_holds_the_page_of_the_report(content: dict[str, bytes]) -> None:
    page = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / "eisfit" / "report" / "page").iterdir()
    }
    assert page
    assert page.items() <= content.items()


def test_wheel_says_what_it_is(content: dict[str, bytes]) -> None:
    metadata = Parser().parsestr(named(content, ".dist-info/METADATA"))
    assert metadata["Name"] == "eisfit-toolkit"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert set(metadata.get_all("Provides-Extra")) >= {"test", "dev", "notebooks", "peers"}
    assert named(content, ".dist-info/licenses/LICENSE").split()[:6] == [
        "GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,",
    ]  # fmt: skip

    entries = configparser.ConfigParser()
    entries.read_string(named(content, ".dist-info/entry_points.txt"))
    assert dict(entries["console_scripts"]) == {"eisfit": "eisfit.cli:main"}


def assert_fitted(printed: str, home: Path) -> None:
    found = json.loads(printed)
    assert Path(found["file"]).is_relative_to(home)
    assert "zarc1" in found["models"]
    assert found["misfit"] < 1e-3
    for truth in (10.0, 50.0):
        assert any(abs(r - truth) < 0.01 * truth for r in found["resistances"]), found


def test_unpacked_wheel_fits_with_its_own_model_card(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    away = tmp_path / "away"
    away.mkdir()
    assert_fitted(run(sys.executable, "-I", "-c", FIT, home, cwd=away), home)


@pytest.mark.slow
def test_wheel_works_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    """The real thing: only the wheel and what it declares, installed from the registry."""
    home = tmp_path / "clean"
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    away = tmp_path / "away"
    away.mkdir()
    python = scripts / "python"
    run(python, "-I", "-m", "pip", "install", "--no-input", wheel, cwd=away)
    assert_fitted(run(python, "-I", "-c", FIT, cwd=away), home)
    assert "zarc1" in run(scripts / "eisfit", "models", cwd=away)
