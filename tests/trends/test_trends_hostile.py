"""Whatever numbers come in: a result or an error of our own, never a warning or a traceback."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eisfit.errors import TrendError
from eisfit.tables import STATUSES
from eisfit.trends import (
    Group,
    arrhenius,
    change,
    corrected,
    growth_laws,
    many_comparisons,
    ratio,
)

sizes = st.one_of(st.floats(1e-12, 1e15), st.just(math.nan), st.sampled_from([1.0, 100.0]))
errors = st.one_of(st.floats(0.0, 1e15), st.just(math.nan), st.sampled_from([0.0, 1e-9, 1.0]))
states = st.sampled_from(["ok", "ok", "ok", *STATUSES])


@st.composite
def rows(draw, place):
    n = draw(st.integers(0, 9))
    columns = [draw(st.lists(of, min_size=n, max_size=n)) for of in (place, sizes, errors, states)]
    columns[2] = columns[2] if draw(st.booleans()) else None
    return columns


@settings(max_examples=60)
@given(rows(st.one_of(st.floats(0.0, 1e6), st.sampled_from([0.0, 1.0, 24.0, 1e-9]))))
def test_growth(given_rows):
    found = growth_laws(*given_rows)
    assert found.sentence()
    assert found.rows()
    if found.best:
        weights = [fit.weight for fit in found.laws]
        assert sum(weights) == pytest.approx(1.0)
        fit = found[found.best]
        assert fit.r0.lower <= fit.r0.value <= fit.r0.upper
    assert pickle.loads(pickle.dumps(found)).rows()[0]["law"] == found.rows()[0]["law"]


@settings(max_examples=150)
@given(rows(st.floats(-200.0, 1500.0)), st.sampled_from(["resistance", "conductivity", "tau"]))
def test_activation(given_rows, kind):
    found = arrhenius(*given_rows, kind=kind)
    assert found.sentence()
    assert found.row()["form"] == ("tau" if kind == "tau" else "sigma T")
    if math.isfinite(found.lower_ev):
        assert found.lower_ev <= found.energy_ev <= found.upper_ev


@settings(max_examples=150)
@given(rows(st.floats(-1e6, 1e6)), st.booleans())
def test_change(given_rows, ordered):
    place, values, stderr, status = given_rows
    found = change(values, stderr, status, position=place if ordered else None)
    assert found.sentence()
    if math.isfinite(found.lower):
        assert found.lower <= found.ratio <= found.upper
    assert isinstance(many_comparisons(corrected([found] * 9, [True] * 9)), str)


@settings(max_examples=150)
@given(rows(st.none()), rows(st.none()))
def test_ratio(one, two):
    first, second = (
        Group(name, values, stderr or (), status)
        for name, (_, values, stderr, status) in (("a", one), ("b", two))
    )
    found = ratio(first, second)
    assert found.sentence()
    assert found.row()["sentence"] == found.sentence()
    if math.isfinite(found.lower):
        assert found.lower <= found.ratio <= found.upper
        turned = ratio(second, first)
        assert turned.ratio == pytest.approx(1.0 / found.ratio, rel=1e-6)
        assert turned.significant == found.significant


def test_nothing_that_was_given_is_changed():
    time, values, stderr = np.arange(6.0), np.arange(6.0) + 5.0, np.ones(6)
    kept = [a.copy() for a in (time, values, stderr)]
    for array in (time, values, stderr):
        array.flags.writeable = False
    growth_laws(time, values, stderr)
    arrhenius(time, values, stderr)
    change(values, stderr, position=time)
    for array, before in zip((time, values, stderr), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_text_in_place_of_numbers():
    for broken in ([["a"]], ["a", "b"], [None, object()]):
        with pytest.raises(TrendError):
            change(broken)
