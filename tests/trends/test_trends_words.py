"""Numbers in sentences hold what was found."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eisfit.trends.words import span


@pytest.mark.parametrize(
    ("numbers", "text", "interval"),
    [
        ((5.37, 3.62, 7.96), "5.4", "3.6 to 8.0"),
        ((7.3, 4.82, 11.05), "7.3", "4.8 to 11.1"),
        ((2.9, 0.771, 10.8), "2.9", "0.77 to 10.8"),
        ((3.79, 3.62, 3.961), "3.8", "3.6 to 4.0"),
        ((100.2, 99.96, 100.44), "100.2", "99.9 to 100.5"),
        ((-0.005, -0.0099, -0.0001), "-0.0050", "-0.0099 to -0.00010"),
        ((1e-9, 9e-10, 1.23e-9), "1.0e-9", "9.0e-10 to 1.3e-9"),
        ((4567.0, 4010.0, 5110.0), "4600", "4000 to 5200"),
    ],
)
def test_intervals_are_rounded_outward_in_one_style(numbers, text, interval):
    assert span(*numbers) == (text, f"95 % interval {interval}")


def test_an_end_beside_one_is_not_rounded_to_it():
    assert span(1.02, 1.0004, 1.05)[1] == "95 % interval 1.00 to 1.05"
    assert span(1.02, 1.0004, 1.05, beside=1.0)[1] == "95 % interval 1.0004 to 1.05"


sizes = st.floats(1e-9, 1e9)


@given(st.tuples(sizes, sizes, sizes), st.sampled_from([1.0, -1.0]))
def test_what_is_said_holds_what_was_found(three, sign):
    low, value, high = sorted(sign * size for size in three)
    text, interval = span(value, low, high)
    ends = re.fullmatch(r"95 % interval (\S+) to (\S+)", interval)
    assert ends is not None
    assert float(ends[1]) <= low + 1e-11 * abs(low)
    assert float(ends[2]) >= high - 1e-11 * abs(high)
    for number in (text, *ends.groups()):
        digits = number.partition("e")[0].lstrip("-0.").replace(".", "")
        assert len(digits) >= 2
    if high < 1.5 * low:
        assert float(text) == pytest.approx(value, rel=0.05)
