"""Studies whose answer is known."""

from collections.abc import Callable

import pytest
from comparison_cells import aging, pellet

from eisfit.cli import main
from eisfit.comparison import Comparison

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def aged() -> Comparison:
    """Two samples of one cell each, pristine and discharged, over five times."""
    return aging().compare("li_in_lpsc_si")


@pytest.fixture(scope="session")
def warmed() -> Comparison:
    """A pellet of 0.5 cm2 and 0.1 cm at four temperatures, 0.40 eV."""
    return pellet().compare("se_blocking")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("EISFIT_TRACEBACK", raising=False)

    def command(*arguments: object) -> tuple[int, str, str]:
        status = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return command
