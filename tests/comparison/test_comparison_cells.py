"""Replicate cells are put together: laws, families of comparisons, what is told."""

import numpy as np
import pytest
from comparison_cells import aging

from eisfit.comparison import Comparison


@pytest.fixture(scope="module")
def replicates() -> Comparison:
    return aging({"1": 1.0, "2": 1.1}, states=["pristine"]).compare("li_in_lpsc_si")


def test_the_law_of_replicate_cells_is_a_row_of_its_own(replicates: Comparison) -> None:
    table = replicates.growth()
    common = table[table["cell"] == "all"].set_index(["sample", "role"])
    law = common.loc[("Si", "interfacial")]
    # 20 and 22 ohm/h^0.5: Student's t with one degree of freedom is 12.7
    assert (law["law"], law["n_cells"], law["n_spectra"]) == ("parabolic", 2, 10)
    assert law["k"] == pytest.approx(21.0, rel=0.02)
    assert law["k_upper"] - law["k"] == pytest.approx(12.706 * np.sqrt(2.0) / np.sqrt(2.0), rel=0.1)
    said = [s for s in replicates.findings()["Growth"] if s.startswith("Si, interfacial")]
    assert len(said) == 1
    assert "n = 2 cells, scatter between cells" in said[0]


def test_the_headline_agrees_with_the_sentences_and_the_column(replicates: Comparison) -> None:
    table = replicates.ratios()
    last = table[(table["time_h"] == 49.0) & (table["role"] != "R_ct_total")]
    said = replicates.findings()["Samples"]
    number = len(last)
    assert number < len(table) / 5  # neither other times nor sums
    for row in last.itertuples():
        (sentence,) = [s for s in said if s.startswith(str(row.quantity) + ":")]
        lost = row.significant and not row.significant_corrected
        assert ("not significant after Holm's correction" in sentence) is bool(lost)
    headline = [s for s in said if "sums not counted" in s]
    alone, together = last["significant"].sum(), last["significant_corrected"].sum()
    expected = [f"{number} comparisons, sums not counted: {alone} significant"]
    assert [s[: len(expected[0])] for s in headline] == (expected if alone != together else [])
