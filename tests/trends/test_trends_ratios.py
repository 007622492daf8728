"""Ratios and changes against scipy, closed forms and simulation."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import ttest_ind, ttest_rel

from eisfit.errors import TrendError
from eisfit.trends import (
    Group,
    change,
    change_over_cells,
    corrected,
    holm,
    many_comparisons,
    ratio,
)

SI, COATED = "Si", "Si@AlCl3"


def pair(first, second, **options):
    return ratio(Group(SI, *first), Group(COATED, *second), "interfacial resistance", **options)


def test_the_sentence_of_the_paper():
    found = pair(([470.0], [9.0]), ([124.0], [2.0]))
    assert found.sentence() == (
        "interfacial resistance: 3.8 times larger in Si than in Si@AlCl3, 95 % interval 3.6 to "
        "4.0; n = 1 cell of each, fit uncertainty only"
    )
    turned = ratio(Group(COATED, [124.0], [2.0]), Group(SI, [470.0], [9.0]), found.quantity)
    assert turned.sentence() == found.sentence()
    assert turned.ratio == pytest.approx(1.0 / found.ratio)
    assert (found.larger, turned.larger) == (SI, SI)


def test_equal_within_error():
    found = pair(([100.0], [3.0]), ([102.0], [3.0]))
    assert not found.significant
    assert found.larger == ""
    assert found.sentence().startswith(
        "interfacial resistance: equal within error, ratio of Si to Si@AlCl3 0.98, 95 % interval"
    )
    assert found.p_value > 0.05


def test_single_cells_by_drawing():
    rng = np.random.default_rng(0)
    found = pair(([200.0], [6.0]), ([50.0], [1.0]))
    drawn = rng.normal(200.0, 6.0, 200_000) / rng.normal(50.0, 1.0, 200_000)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.lower == pytest.approx(low, rel=0.003)
    assert found.upper == pytest.approx(high, rel=0.003)


@pytest.mark.parametrize(
    ("first", "second"),
    [([470.0, 440.0, 510.0], [124.0, 131.0, 119.0]), ([47.0, 51.0], [39.0, 44.0, 45.0, 43.0])],
)
def test_replicates_are_welchs_test_on_logarithms(first, second):
    found = pair((first,), (second,))
    theirs = ttest_ind(np.log(first), np.log(second), equal_var=False)
    low, high = np.exp(theirs.confidence_interval(0.95))
    assert found.lower == pytest.approx(low, rel=1e-9)
    assert found.upper == pytest.approx(high, rel=1e-9)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.basis == "scatter between cells"


def test_number_of_cells_is_said():
    three = pair(([470.0, 440.0, 510.0], [5.0] * 3), ([124.0, 120.0, 131.0], [2.0] * 3))
    assert "; n = 3 cells of each, scatter between cells" in three.sentence()
    mixed = pair(([470.0, 440.0, 510.0], [5.0] * 3), ([124.0], [2.0]))
    assert (
        "n = 3 and 1 cells, scatter between cells; scatter of Si taken for both" in mixed.sentence()
    )
    assert mixed.upper / mixed.lower > three.upper / three.lower
    logs = np.log([470.0, 440.0, 510.0])
    half = 4.302653 * logs.std(ddof=1) * np.sqrt(1 / 3 + 1)
    assert mixed.upper / mixed.ratio == pytest.approx(np.exp(half), rel=1e-6)


def test_cells_that_agree_by_chance_claim_no_less_than_the_fits():
    found = pair(([100.0, 100.001], [5.0, 5.0]), ([50.0, 50.001], [2.0, 2.0]))
    alone = pair(([100.0], [5.0]), ([50.0], [2.0]))
    assert np.log(found.upper / found.lower) > np.log(alone.upper / alone.lower) / 2


@pytest.mark.parametrize(("n", "scatter"), [(1, 0.0), (3, 0.1), (4, 0.03)])
def test_intervals_hold_the_truth(n, scatter):
    rng = np.random.default_rng(n)
    held = []
    for _ in range(1500):
        groups = []
        for name, true, more in ((SI, 380.0, 1.0), (COATED, 100.0, 0.5)):
            cell = true * np.exp(more * scatter * rng.standard_normal(n))
            error = 0.02 * cell
            groups.append(Group(name, cell + error * rng.standard_normal(n), error))
        found = ratio(*groups)
        held.append(found.lower <= 3.8 <= found.upper)
    assert 0.94 <= np.mean(held) <= 0.985


@pytest.mark.parametrize("status", ["not determined", "unresolved", "at bound"])
def test_what_is_not_ok_never_becomes_a_ratio(status):
    found = ratio(Group(SI, [470.0], [9.0]), Group(COATED, [1.0], [0.1], [status]), "R_int")
    assert np.isnan(found.ratio)
    assert np.isnan(found.p_value)
    assert found.sentence() == f"R_int: no ratio of Si to Si@AlCl3, Si@AlCl3 is {status}"
    assert not found.significant
    row = found.row()
    assert row["status"] == f"Si@AlCl3 is {status}"
    two = ratio(
        Group(SI, [470.0, 460.0], [9.0, 9.0]),
        Group(COATED, [100.0, 1e5], [2.0, 2.0], ["ok", status]),
    )
    assert (two.n_first, two.n_second) == (2, 1)
    assert f"Si@AlCl3: left out 1 {status}" in two.note


def test_without_errors_there_is_a_ratio_but_no_interval():
    found = pair(([470.0],), ([124.0], [np.nan]))
    assert found.status == "no interval"
    assert found.ratio == pytest.approx(470 / 124)
    assert "3.79, no interval; n = 1 cell of each, fit uncertainty only" in found.sentence()
    outside = pair(([470.0], [9.0], ["outside window"]), ([124.0], [2.0]))
    assert outside.status == "ok"
    assert "Si: the process lies outside the measured window" in outside.sentence()


def test_slips_are_named():
    with pytest.raises(TrendError, match="must be positive"):
        pair(([-1.0], [1.0]), ([1.0], [1.0]))
    with pytest.raises(TrendError, match="give one each"):
        pair(([1.0], [1.0, 2.0]), ([1.0], [1.0]))
    with pytest.raises(TrendError, match="between 0 and 1"):
        pair(([1.0], [1.0]), ([1.0], [1.0]), level=95)


def test_change_from_first_to_last():
    found = change(
        [100.0, 150.0, 220.0, 300.0, 360.0], [1.0, 1.5, 2.0, 3.0, 3.6],
        position=[0, 10, 50, 100, 200], labels=["0 h", "10 h", "50 h", "100 h", "200 h"],
        quantity="interfacial resistance, Si",
    )  # fmt: skip
    assert found.sentence() == (
        "interfacial resistance, Si: at 200 h 3.60 times larger than at 0 h, 95 % interval 3.50 "
        "to 3.71; rises (Kendall's test, p = 0.017); n = 5 spectra of 1 cell, fit uncertainty only"
    )
    assert found.difference == pytest.approx(260.0)
    assert found.difference_stderr == pytest.approx(np.hypot(1.0, 3.6))
    assert found.upper / found.ratio == pytest.approx(np.exp(1.959964 * np.hypot(0.01, 0.01)))


@pytest.mark.parametrize("n", [5, 8])
def test_trend_test_is_exact(n):
    """Of n! orders, two are in a row: rising and falling."""
    values = np.linspace(100.0, 200.0, n)
    p = 2.0 / np.prod(np.arange(1, n + 1))
    for sign, word in ((1, "rises"), (-1, "falls")):
        found = change(values[::sign], values / 100, position=np.arange(n))
        assert (found.trend, found.trend_tau) == (word, pytest.approx(sign))
        assert found.trend_p == pytest.approx(p)


def test_no_trend_is_claimed_of_noise():
    rng = np.random.default_rng(1)
    words = [
        change(100.0 + rng.standard_normal(8), np.ones(8), position=np.arange(8)).trend
        for _ in range(400)
    ]
    assert np.mean([word != "no trend" for word in words]) < 0.07
    assert change([1.0, 2.0, 3.0, 4.0], [0.1] * 4, position=range(4)).trend == ""


def test_order_is_that_of_the_position():
    found = change([3.0, 1.0, 2.0], [0.1] * 3, position=[200, 0, 50])
    assert (found.start, found.end, found.ratio) == ("0", "200", pytest.approx(3.0))


def test_states_have_no_trend():
    found = change(
        [470.0, 16.5, 443.0], [4.7, 0.2, 4.4], labels=["pristine", "discharged", "charged"],
        quantity="total charge transfer, Si",
    )  # fmt: skip
    assert found.trend == ""
    assert found.sentence() == (
        "total charge transfer, Si: charged 1.06 times smaller than pristine, 95 % interval 1.03 "
        "to 1.10; n = 3 spectra of 1 cell, fit uncertainty only"
    )
    lost = change([470.0, 16.5], [4.7, 0.2], ["ok", "at bound"], labels=["pristine", "discharged"])
    assert np.isnan(lost.ratio)
    assert lost.sentence() == "resistance: no change told, too few points (1 at bound)"
    assert change([5.0], [0.1]).status == "too few points (1 value)"
    assert change([5.0, 10.0]).status == "no interval"
    equal = change([100.0, 101.0], [2.0, 2.0], labels=["0 h", "9 h"])
    assert "at 9 h equal within error to that at 0 h, ratio 1.01" in equal.sentence()


def test_change_over_cells_is_a_paired_t_test():
    rng = np.random.default_rng(3)
    start = 100.0 * np.exp(0.2 * rng.standard_normal(5))
    end = start * 1.5 * np.exp(0.05 * rng.standard_normal(5))
    cells = [
        change([a, b], [1.0, 1.0], labels=["0 h", "9 h"]) for a, b in zip(start, end, strict=True)
    ]
    found = change_over_cells(cells, quantity="R_int, Si")
    theirs = ttest_rel(np.log(end), np.log(start))
    low, high = np.exp(theirs.confidence_interval(0.95))
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert "5 cells, scatter between cells" in found.sentence()
    gone = change([1.0, 2.0], [0.1, 0.1], ["ok", "not determined"], labels=["0 h", "9 h"])
    assert "left out: 1 cell without a change" in change_over_cells([*cells, gone]).note
    assert change_over_cells([cells[0], gone]).ratio == cells[0].ratio
    other = change([1.0, 2.0], [0.1, 0.1], labels=["0 h", "24 h"])
    with pytest.raises(TrendError, match="same places"):
        change_over_cells([cells[0], other])
    with pytest.raises(TrendError, match="no change of any cell"):
        change_over_cells([])


def test_holm_by_hand():
    """0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1, never falling."""
    np.testing.assert_allclose(
        holm([0.04, 0.01, np.nan, 0.03, 0.02]), [0.06, 0.04, np.nan, 0.06, 0.06]
    )
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])


def test_many_comparisons_are_mentioned_and_few_are_not():
    assert many_comparisons([]) == ""
    assert many_comparisons(family(0.01, 0.02, 0.5)) == ""
    said = many_comparisons(family(0.001, 0.04, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.5, 0.2))
    assert said == (
        "10 comparisons, sums not counted: 2 significant taken alone, where chance would give 0.5; "
        "1 after Holm's correction for their number"
    )
    assert "2 significant taken alone" in many_comparisons(family(0.03, 0.04))
    assert "; none after Holm's correction" in many_comparisons(family(0.03, 0.04))


def family(*p_values, counts=None):
    """Ratios of single cells with these p-values, corrected as one family."""
    ohm = [100.0 * np.exp(-0.02 * ndtri(p / 2.0)) for p in p_values]
    found = [pair(([value], [0.012 * value]), ([100.0], [1.6])) for value in ohm]
    np.testing.assert_allclose([one.p_value for one in found], p_values, rtol=1e-2)
    return corrected(found, [True] * len(found) if counts is None else counts)


def test_a_correction_is_in_every_row_and_in_the_sentence_it_changes():
    sure, lost, equal, of_sum = family(0.001, 0.03, 0.5, 0.02, counts=[True, True, True, False])
    assert [one.comparisons for one in (sure, lost, equal, of_sum)] == [3] * 4
    holms = [3 * 0.001, 2 * 0.03, 0.5, 3 * 0.02]
    found = [one.row()["p_corrected"] for one in (sure, lost, equal, of_sum)]
    np.testing.assert_allclose(found, holms, rtol=1e-2)
    assert [one.row()["significant"] for one in (sure, lost, equal)] == [True, True, False]
    rows = [one.row()["significant_corrected"] for one in (sure, lost, equal, of_sum)]
    assert rows == [True, False, False, False]
    said = "not significant after Holm's correction for 3 comparisons"
    assert [said in one.sentence() for one in (sure, lost, equal, of_sum)] == [0, 1, 0, 1]
    alone = pair(([200.0], [3.0]), ([102.0], [3.0]))
    assert alone.significant_corrected
    steps = [change([100.0, 103.0], [1.0, 1.0], labels=["0 h", "9 h"]) for _ in range(3)]
    assert all(step.significant for step in steps)
    assert all(said in step.sentence() for step in corrected(steps, [True] * 3))


def test_a_wide_interval_is_no_equality():
    wide = pair(([100.0], [30.0]), ([102.0], [30.0]))
    assert wide.sentence().startswith("interfacial resistance: not decided, ratio of Si to")
    narrow = pair(([100.0], [13.0]), ([100.0], [13.0]))
    assert (narrow.upper, narrow.upper < 1.5) == (pytest.approx(1.434, abs=0.001), True)
    assert "equal within error" in narrow.sentence()
    later = change([100.0, 80.0], [30.0, 30.0], labels=["0 h", "9 h"])
    assert ": not decided, at 9 h 0.80 times that at 0 h, 95 % interval 0.3" in later.sentence()


def test_a_value_with_an_error_as_large_as_itself_is_not_determined():
    found = pair(([470.0], [9.0]), ([124.0], [130.0]))
    assert np.isnan(found.ratio)
    assert found.status == "Si@AlCl3 is uncertain by as much as itself"
