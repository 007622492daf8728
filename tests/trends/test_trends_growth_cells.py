"""Replicate cells of known rates: their common law, and the mean with the scatter between them."""

import numpy as np
import pytest
from scipy import stats

from eisfit.errors import TrendError
from eisfit.trends import growth_laws, growth_over_cells

TIMES = np.array([0.0, 2.0, 5.0, 10.0, 24.0, 50.0, 100.0, 200.0])
RATES = (18.0, 20.0, 23.0)


def cell(rate, seed, shape=np.sqrt, relative=0.003):
    rng = np.random.default_rng(seed)
    exact = 100.0 + rate * shape(TIMES)
    values = exact * (1.0 + relative * rng.standard_normal(len(TIMES)))
    return growth_laws(TIMES, values, relative * exact, quantity=f"R, cell {seed}")


def test_the_mean_rate_has_student_s_interval_of_the_cells():
    cells = [cell(rate, seed) for seed, rate in enumerate(RATES)]
    found = growth_over_cells(cells, quantity="R, Si")
    rates = [one["parabolic"].k.value for one in cells]
    low, high = stats.ttest_1samp(rates, 0.0).confidence_interval(0.95)
    assert (found.law, found.status, found.k.unit) == ("parabolic", "ok", "ohm/h^0.5")
    assert found.k.value == pytest.approx(np.mean(rates))
    assert (found.k.lower, found.k.upper) == (pytest.approx(low), pytest.approx(high))
    assert found.k.lower < np.mean(RATES) < found.k.upper
    row = found.row()
    assert (row["n_cells"], row["n_spectra"], row["basis"]) == (3, 24, "scatter between cells")
    assert set(row) <= set(cells[0].rows()[0])
    said = found.sentence()
    assert said.startswith("R, Si: parabolic growth, mean k = 20")
    assert said.endswith("; n = 3 cells, scatter between cells")
    assert "spectra of 1 cell, fit uncertainty" in cells[0].sentence()


def test_cells_that_agree_by_chance_claim_no_less_than_the_fits():
    found = growth_over_cells([cell(20.0, 0), cell(20.0, 0)])
    k = cell(20.0, 0)["parabolic"].k
    error = (k.upper - k.lower) / 2.0 / stats.t.ppf(0.975, 6)
    assert found.k.upper - found.k.value == pytest.approx(
        stats.t.ppf(0.975, 1) * error / np.sqrt(2.0)
    )


def test_cells_together_decide_what_one_does_not():
    def total(law):
        return sum(one[law].aicc for one in cells)

    cells = [cell(0.2, seed, relative=0.03) for seed in range(4)]
    found = growth_over_cells(cells)
    assert found.law == min((fit.law for fit in cells[0].laws), key=total)
    assert found.aicc == pytest.approx(total(found.law))
    near = {fit.law for fit in cells[0].laws if total(fit.law) - found.aicc < 2.0} - {found.law}
    assert set(found.rivals) == near
    if near:
        assert ": undecided between " in found.sentence()


def test_cells_that_differ_and_cells_without_a_law_are_said():
    short = growth_laws(TIMES[:2], [100.0, 110.0], [1.0, 1.0])
    found = growth_over_cells([cell(20.0, 0), cell(20.0, 1, np.asarray), short])
    assert "cells alone: parabolic in 1 and linear in 1" in found.note
    assert "left out: 1 cell without a law" in found.note
    assert np.isnan(growth_over_cells([cell(0.0, 0), cell(0.0, 1)]).k.value)
    with pytest.raises(TrendError, match="two cells"):
        growth_over_cells([cell(20.0, 0), short])
