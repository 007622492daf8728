"""What all tests share."""

import os
from collections.abc import Callable
from pathlib import Path

# Before numpy: the matrices are small and the test workers many, so threads only get in the way
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import matplotlib
import pytest

matplotlib.use("Agg")
# The same examples on every run and every machine, however slow
hypothesis.settings.register_profile("eisfit", derandomize=True, deadline=None)
hypothesis.settings.load_profile("eisfit")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real measured spectra beside the checkout; tests that need it skip without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real measured spectra are not beside this checkout (../shared/data)")
    return SHARED_DATA


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line here: exit status, standard output, standard error; no traceback."""
    from eisfit.cli import main

    monkeypatch.delenv("EISFIT_TRACEBACK", raising=False)

    def command(*arguments: object) -> tuple[int, str, str]:
        status = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return command
