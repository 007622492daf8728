"""What is said of an error, and where."""

import pytest

from eisfit.errors import located


@pytest.mark.parametrize(
    ("where", "said", "told"),
    [
        ("a/cell.mpr", "cell.mpr is empty", "a/cell.mpr is empty"),
        ("a/cell.mpr", "a/cell.mpr does not exist", "a/cell.mpr does not exist"),
        ("a\\cell.mpr", "cell.mpr, line 3: no number", "a\\cell.mpr, line 3: no number"),
        ("a/cell", "cellulose is no electrolyte", "a/cell: cellulose is no electrolyte"),
        ("study.csv, line 2", "study.csv, line 2: no", "study.csv, line 2: no"),
        ("study.csv, line 2", "cell.mpr is empty", "study.csv, line 2: cell.mpr is empty"),
        ("", "nothing", ": nothing"),
    ],
)  # fmt: skip
def test_a_place_is_told_once_and_whole(where: str, said: str, told: str) -> None:
    assert located(where, said) == told
