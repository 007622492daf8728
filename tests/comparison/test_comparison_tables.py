"""What a comparison says, against what the cells were made of."""

import math
import pickle

import numpy as np
import pytest
from comparison_cells import TIMES, aging, half_cell, interfacial_ohm, pellet_ohm
from scipy import stats

import eisfit
from eisfit.comparison import Comparison
from eisfit.errors import ModelError, SeriesError
from eisfit.series import Series
from eisfit.spectrum import Spectrum
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS
from eisfit.trends import holm

CONDITIONS = ["cell", "time_h", "state", "electrode_state", "temperature_c", "cycle"]
JUDGED = ["rms_percent", "verdict", "reference_ohm", "difference_percent"]


def test_resistances_have_the_columns_promised_and_the_truth_in_them(aged: Comparison) -> None:
    table = aged.resistances()
    assert list(table.columns[: len(RESISTANCE_COLUMNS)]) == list(RESISTANCE_COLUMNS)
    behind = list(table.columns[len(RESISTANCE_COLUMNS) :])
    assert behind[:10] == [*CONDITIONS, *JUDGED]
    assert behind[-2:] == ["note", "file"]
    assert set(table["sample"]) == {"Si", "Si@AlCl3"}  # not the label of the spectrum
    assert set(table["electrode_state"]) == {"", "lithiated"}
    found = table[table["role"] == "interfacial"]
    truth = [interfacial_ohm(r.sample, r.state, r.time_h) for r in found.itertuples()]
    np.testing.assert_allclose(found["resistance_ohm"], truth, rtol=0.02)
    assert (table["verdict"] == "valid").all()
    assert table["rms_percent"].between(0.05, 0.2).all()


def test_peaks_have_the_columns_promised(aged: Comparison) -> None:
    table = aged.peaks()
    columns = list(table.columns)
    assert columns[: len(PEAK_COLUMNS)] == list(PEAK_COLUMNS)
    assert columns[len(PEAK_COLUMNS) :][:6] == CONDITIONS
    named = table[table["role"] == "interfacial"]
    assert len(named) == len(aged.series)
    assert named["tau_s"].between(0.5e-5, 2e-5).all()


def test_ratios_hold_the_truth_and_say_what_they_are_worth(aged: Comparison) -> None:
    table = aged.ratios()
    found = table[table["role"] == "interfacial"]
    assert len(found) == 2 * len(TIMES)
    hits = 0
    for row in found.itertuples():
        truth = interfacial_ohm("Si", row.state, row.time_h) / interfacial_ohm(
            "Si@AlCl3", row.state, row.time_h
        )
        assert row.ratio == pytest.approx(truth, rel=0.02)
        hits += row.lower <= truth <= row.upper
    assert hits >= 8  # of ten intervals of 95 %
    assert set(table["basis"]) == {"fit uncertainty only"}
    (said,) = [
        s for s in aged.sentences() if s.startswith("interfacial resistance, 49 h, pristine")
    ]
    assert "4.7" in said
    assert "times larger in Si than in Si@AlCl3" in said
    assert said.endswith("n = 1 cell of each, fit uncertainty only")


def test_replicate_cells_give_the_scatter_between_them() -> None:
    series = Series.from_spectra(
        [half_cell(ohm, 60.0, seed) for seed, ohm in enumerate((40.0, 44.0, 46.0, 20.0, 21.0))],
        sample=["Si", "Si", "Si", "C", "C"], cell=["1", "2", "3", "1", "2"],
    )  # fmt: skip
    found = series.compare("li_in_lpsc_si")
    table = found.ratios().set_index("role")
    row = table.loc["interfacial"]
    # Bulk, interfacial, charge transfer: a family of three; their sum is no fourth
    p = table.loc[["bulk", "interfacial", "charge_transfer"], "p_value"].to_numpy()
    np.testing.assert_allclose(
        table.loc[["bulk", "interfacial", "charge_transfer"], "p_corrected"], holm(p)
    )
    whole = table.loc["R_ct_total"]
    assert whole["p_corrected"] == pytest.approx(min(3.0 * whole["p_value"], 1.0))
    assert (row["n_first"], row["n_second"], row["basis"]) == (3, 2, "scatter between cells")
    # Welch's interval of the logarithms, by scipy
    ohm = found.resistances().query("role == 'interfacial'")
    logs = [np.log(ohm[ohm["sample"] == s]["resistance_ohm"]) for s in ("Si", "C")]
    ends = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose([row["lower"], row["upper"]], np.exp([ends.low, ends.high]), 1e-3)
    assert not any("n = 1" in hint for hint in found.hints())


def test_changes_and_growth_find_what_the_cells_do(aged: Comparison) -> None:
    changes = aged.changes().set_index(["sample", "state", "role"])
    row = changes.loc[("Si", "pristine", "interfacial")]
    assert (row["start"], row["end"]) == ("0 h", "49 h")
    assert row["ratio"] == pytest.approx(8.0, rel=0.02)
    assert bool(row["significant"])
    assert not bool(changes.loc[("Si", "pristine", "bulk")]["significant"])
    growth = aged.growth()
    best = growth[growth["best"].eq(True)].set_index(["sample", "state", "role"])
    for sample, rate in (("Si", 20.0), ("Si@AlCl3", 2.0)):
        law = best.loc[(sample, "pristine", "interfacial")]
        assert law["law"] == "parabolic"
        assert law["k"] == pytest.approx(rate, rel=0.05)
        assert law["k_unit"] == "ohm/h^0.5"


def test_changes_of_replicate_cells_are_put_together() -> None:
    series = aging({"1": 1.0, "2": 1.1}, states=["pristine"], times=[0.0, 49.0])
    found = series.compare("li_in_lpsc_si").changes()
    common = found[found["cell"] == "all"]
    assert len(common) == len(found) / 3
    row = common.set_index(["sample", "state", "role"]).loc[("Si", "pristine", "interfacial")]
    assert row["ratio"] == pytest.approx(8.0, rel=0.02)
    assert "cell" not in str(row["quantity"])


def test_the_electrolyte_s_conductivity_and_its_energy(warmed: Comparison) -> None:
    table = warmed.resistances()
    whole = table[table["role"] == "R_electrolyte"]
    truth = np.array([pellet_ohm(t) for t in whole["temperature_c"]])
    np.testing.assert_allclose(whole["resistance_ohm"], truth, rtol=0.01)
    sigma = warmed.conductivity().query("role == 'R_electrolyte'")["conductivity_s_cm"]
    np.testing.assert_allclose(sigma, 0.1 / (0.5 * truth), rtol=0.01)
    energies = warmed.arrhenius().query("role == 'R_electrolyte'").set_index("form")
    assert energies.loc["sigma T", "energy_ev"] == pytest.approx(0.40, abs=0.005)
    # d ln T / d(1/kT) = -kT: at the middle of the series 0.021 eV
    assert energies.loc["sigma", "energy_ev"] == pytest.approx(0.40 - 0.0209, abs=0.005)
    assert energies.loc["sigma T", "prefactor_unit"] == "S K/cm"
    assert any("activation energy of sigma T 0.40" in s for s in warmed.sentences())


def test_a_series_resistance_never_becomes_a_conductivity(warmed: Comparison) -> None:
    table = warmed.conductivity()
    assert table.query("role == 'series'")["conductivity_s_cm"].isna().all()
    assert table.query("role == 'blocking_electrode'")["conductivity_s_cm"].isna().all()


def test_cells_without_an_electrolyte_of_their_own_have_none(aged: Comparison) -> None:
    assert "R_electrolyte" not in set(aged.resistances()["role"])
    assert aged.conductivity().empty
    assert aged.arrhenius().empty


def test_references_stand_beside() -> None:
    series = Series.from_spectra(
        [half_cell(40.0, 60.0, 0)], sample="Si", reference_interfacial_ohm=50.0,
        reference_R_CT_TOTAL_ohm=110.0,
    )  # fmt: skip
    found = series.compare("li_in_lpsc_si")
    table = found.resistances().set_index("role")
    assert table.loc["interfacial", "difference_percent"] == pytest.approx(-20.0, abs=0.5)
    assert table.loc["R_ct_total", "reference_ohm"] == 110.0
    assert math.isnan(table.loc["bulk", "reference_ohm"])
    assert any("off the reference (n = 1)" in s for s in found.sentences())


def test_a_member_that_cannot_be_analysed_costs_only_itself() -> None:
    short = Spectrum([1e3, 1e2, 1e1], [10 - 1j, 20 - 5j, 30 - 1j])
    series = Series.from_spectra([half_cell(40.0, 60.0, 0), short], sample="Si", time_h=[0.0, 1.0])
    found = series.compare("li_in_lpsc_si")
    assert [a is None for a in found.analyses] == [False, True]
    (failure,) = found.failures
    assert failure.where == "Si, 1 h"
    assert failure.error
    assert set(found.resistances()["time_h"]) == {0.0}
    with pytest.raises(SeriesError, match="no member could be analysed"):
        Series.from_spectra([short]).compare("li_in_lpsc_si")


def test_a_member_may_have_a_model_of_its_own() -> None:
    series = Series.from_spectra(
        [half_cell(40.0, 60.0, 0), half_cell(40.0, 60.0, 1)],
        sample=["a", "b"], model=["", "R0-p(R1,CPE1)-p(R2,CPE2)-CPE3"],
    )  # fmt: skip
    found = eisfit.compare(series, "li_in_lpsc_si")
    assert [a.model.name for a in found.analyses if a] == [
        "li_in_lpsc_si", "R0-p(R1,CPE1)-p(R2,CPE2)-CPE3",
    ]  # fmt: skip


def test_a_wrong_model_of_one_row_costs_only_that_row() -> None:
    series = Series.from_spectra(
        [half_cell(40.0, 60.0, 0), half_cell(40.0, 60.0, 1)],
        sample=["a", "b"], model=["", "no_such_model"],
    )  # fmt: skip
    found = series.compare("li_in_lpsc_si")
    assert [f.where for f in found.failures] == ["b"]
    assert "no_such_model" in found.failures[0].error


@pytest.mark.parametrize(
    ("model", "options", "error"),
    [("nonsense_model", {}, ModelError), ("zarc1", {"weights": "unit"}, SeriesError)],
)
def test_wrong_use_is_refused(model: str, options: dict[str, str], error: type) -> None:
    with pytest.raises(error):
        Series.from_spectra([half_cell(40.0, 60.0, 0)]).compare(model, **options)


def test_executors_give_the_same() -> None:
    from concurrent.futures import ThreadPoolExecutor

    series = aging(states=["pristine"], times=[0.0, 49.0])
    by_track: list[float] = []
    with ThreadPoolExecutor(2) as pool:
        again = series.compare("li_in_lpsc_si", executor=pool, progress=by_track.append)
    by_member: list[float] = []
    alone = series.compare("li_in_lpsc_si", progress=by_member.append)
    assert again.resistances().equals(alone.resistances())
    assert sum(by_track) == sum(by_member) == len(series)
    # Within a track, too: a bar of one track would not move before its end
    assert len(by_member) > len(by_track)
    assert max(by_member) <= len(series) / 2


def test_a_comparison_travels_and_says_how_it_was_made(aged: Comparison) -> None:
    again = pickle.loads(pickle.dumps(aged))
    assert again.resistances().equals(aged.resistances())
    provenance = aged.provenance()
    assert list(provenance["sha256"])[:2] == [f"{0:064d}", f"{1:064d}"]
    methods = aged.methods()
    for word in ("li_in_lpsc_si", "followed along aging time", "single cells", "Akaike", "seed"):
        assert word in methods
    assert methods.count("derivative of order") == 1
    hints = aged.hints()
    assert len(hints) == len(set(hints))
    assert sum("Li-In" in hint for hint in hints) == 1
    assert sum("--short FILE --open FILE" in hint for hint in hints) == 1
    assert sum("discharged as lithiated" in hint for hint in hints) == 1


def test_no_number_is_picked_from_two_spectra_of_one_place() -> None:
    """Two cells without their names: at 0 h of Si nobody can say which is the one."""
    spectra = [half_cell(ohm, 60.0, seed) for seed, ohm in enumerate((20, 30, 90, 20, 40, 45))]
    series = Series.from_spectra(
        spectra, sample=["Si"] * 3 + ["B"] * 3, time_h=[0.0, 0.0, 9.0, 0.0, 9.0, 9.0]
    )
    found = series.compare("li_in_lpsc_si")
    assert sum("2 spectra of one cell at the same time_h" in note for note in found.notes) == 2
    ratios = found.ratios()
    assert set(ratios["time_h"]) == {0.0, 9.0}
    assert ratios["ratio"].isna().all()
    assert all("give cell_id if they are replicates" in status for status in ratios["status"])
    changes = found.changes()
    assert changes["ratio"].isna().all()
    assert "2 spectra of one cell at 0 h" in changes[changes["sample"] == "Si"]["status"].iloc[0]
    assert "2 spectra of one cell at 9 h" in changes[changes["sample"] == "B"]["status"].iloc[0]
    assert not any("times larger" in sentence for sentence in found.sentences())


def test_sentences_do_not_depend_on_the_order_of_rows() -> None:
    spectra = [half_cell(ohm, 60.0, seed) for seed, ohm in enumerate((90, 20, 40, 20))]
    series = Series.from_spectra(spectra, sample=["Si", "Si", "B", "B"], time_h=[9.0, 0.0] * 2)
    said = series.compare("li_in_lpsc_si").findings()["Samples"]
    assert [s for s in said if ", 9 h: " in s]
    assert not [s for s in said if ", 0 h: " in s]


def test_an_error_of_ours_in_one_track_costs_that_track_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from eisfit.comparison import run

    follow = run.track

    def faulty(spectra: list[Spectrum], *arguments: object, **options: object) -> object:
        if spectra[0].label == "B":
            raise KeyError("arc")
        return follow(spectra, *arguments, **options)

    monkeypatch.setattr(run, "track", faulty)
    spectra = [half_cell(ohm, 60.0, seed) for seed, ohm in enumerate((20, 40))]
    series = Series.from_spectra(spectra, sample=["Si", "B"], time_h=0.0, file=["si", "b"])
    found = series.compare("li_in_lpsc_si")
    assert [a is None for a in found.analyses] == [False, True]
    (failure,) = found.failures
    assert failure.where == "b"
    assert "failed where it should not: KeyError: 'arc'" in failure.error


def test_two_temperatures_give_an_energy_without_an_interval(warmed: Comparison) -> None:
    members = warmed.series.members[2:]
    series = Series(members, along="temperature_c")
    two = Comparison(series, warmed.model, warmed.analyses[2:])
    (said,) = [s for s in two.sentences() if "R_electrolyte: activation energy of sigma T" in s]
    assert said.endswith("from two temperatures, \u221225 °C and \u221215 °C: no interval")
    assert "0.40 eV" in said


def test_hints_leave_out_what_does_not_apply(warmed: Comparison) -> None:
    hints = warmed.hints()
    assert not any("Li-In" in hint for hint in hints)
    f = np.geomspace(1e7, 0.01, 20)
    wires = Spectrum(f, np.full(20, 1e-3 + 0j), "short")
    series = warmed.series.corrected(short=wires)
    again = Comparison(series, warmed.model, tuple(
        None if a is None else _with_spectrum(a, m.spectrum)
        for a, m in zip(warmed.analyses, series.members, strict=True)
    ))  # fmt: skip
    assert not any("--short" in hint for hint in again.hints())
    assert "corrected for by blanks (short short)" in again.methods()


def _with_spectrum(analysis: eisfit.Analysis, spectrum: Spectrum) -> eisfit.Analysis:
    from dataclasses import replace

    return replace(analysis, spectrum=spectrum)
