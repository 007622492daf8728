"""Studies whose answer is known."""

import pytest
from comparison_cells import aging, pellet

from eisfit.comparison import Comparison


@pytest.fixture(scope="session")
def aged() -> Comparison:
    """Two samples of one cell each, pristine and discharged, over five times."""
    return aging().compare("li_in_lpsc_si")


@pytest.fixture(scope="session")
def warmed() -> Comparison:
    """A pellet of 0.5 cm2 and 0.1 cm at four temperatures, 0.40 eV."""
    return pellet().compare("se_blocking")
