"""What the tests of batches share."""

from pathlib import Path

import pytest
from batch_sets import write_files


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder of six files of two sweeps."""
    write_files(tmp_path / "in", 6)
    return tmp_path / "in"
