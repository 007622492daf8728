"""What the names of columns say, and which cells hold nothing."""

import math

import pytest

from eisfit.comparison.words import condition
from eisfit.plots.sequence import name_of
from eisfit.tables import is_empty, quantity_and_unit


@pytest.mark.parametrize(
    ("column", "words", "unit"),
    [
        ("tau_s", "tau", "s"),
        ("area_specific_ohm_cm2", "area specific", "Ω cm²"),
        ("conductivity_s_cm", "conductivity", "S/cm"),
        ("bias_mv", "bias", "mV"),
        ("pressure_mpa", "pressure", "MPa"),
        ("aging_time", "aging time", ""),
        ("_s", "s", ""),
        ("", "", ""),
    ],
)
def test_quantity_and_unit(column: str, words: str, unit: str) -> None:
    assert quantity_and_unit(column) == (words, unit)


@pytest.mark.parametrize(
    ("column", "axis", "told"),
    [
        ("bias_mv", "Bias voltage (mV)", "bias 5 mV"),
        ("time_h", "Time (h)", "5 h"),
        ("soc_percent", "State of charge (%)", "SOC 5 %"),
        ("cycle", "Cycle", "cycle 5"),
        ("film_nm", "Film (nm)", "film 5 nm"),
    ],
)
def test_an_axis_and_a_sentence_name_the_same_unit(column: str, axis: str, told: str) -> None:
    assert name_of(column) == axis
    assert condition(column, 5.0) == told


def test_a_text_has_no_unit() -> None:
    assert condition("electrode_a", "Si") == "electrode a Si"


@pytest.mark.parametrize("nothing", [None, "", math.nan])
def test_a_cell_that_holds_nothing(nothing: object) -> None:
    assert is_empty(nothing)
    assert not any(map(is_empty, (0, 0.0, False, " ")))
