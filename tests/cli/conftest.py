"""What the tests of the command line share."""

from pathlib import Path

import pytest
from cli_arc import write


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw here, where matplotlib is loaded already; one test below draws in a second process."""
    monkeypatch.setattr("eisfit.cli.drawing._cores", lambda: 1)
    monkeypatch.delenv("EISFIT_TRACEBACK", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    return write(tmp_path / "cell.csv")
