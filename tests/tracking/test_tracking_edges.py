"""Tracks that are not as they should be: failures, one or two spectra, masks, grids, roles."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from aging import FREQUENCY, HOURS, MODEL, aging, simulate

from eisfit import Spectrum
from eisfit.analysis import analyze
from eisfit.circuit.models import Model, Role, load_model
from eisfit.errors import FitError, ModelError
from eisfit.fitting.engine import fit_spectrum
from eisfit.tracking import track, track_fits
from eisfit.tracking.viterbi import distances

QUICK = {"drt_options": {"samples": 0}}


@pytest.fixture(scope="module")
def series():
    return aging(np.random.default_rng(0))


def hopeless(spectrum: Spectrum) -> Spectrum:
    return spectrum.masked(np.arange(len(spectrum)) > 3, "nothing left")


def test_a_spectrum_that_fails_leaves_the_others_alone(series):
    spectra = list(series.spectra)
    spectra[3] = hopeless(spectra[3])
    found = track(spectra, HOURS, MODEL, **QUICK)
    assert [one is None for one in found] == [t == 3 for t in range(8)]
    assert [bool(reason) for reason in found.failures] == [t == 3 for t in range(8)]
    assert "free parameters" in found.failures[3]
    fits = [None if one is None else one.fit for one in found]
    assert series.right(fits).sum() == 7


def test_all_spectra_may_fail(series):
    found = track([hopeless(s) for s in series.spectra[:2]], [0, 1], MODEL, **QUICK)
    assert list(found) == [None, None]
    assert all(found.failures)


def test_a_spectrum_without_any_point_fails_with_kramers_kronig_weights_too(series):
    gone = series.spectra[1].masked(np.ones(len(FREQUENCY), dtype=bool), "all")
    found = track([series.spectra[0], gone], [0, 1], MODEL, **QUICK,
                  fit_options={"weighting": "kramers-kronig"})  # fmt: skip
    assert found[0] is not None
    assert found[0].fit.settings["weighting"] == "kramers-kronig"
    assert found[1] is None
    assert found.failures[1]


def test_one_spectrum_is_analysed_as_alone(series):
    (one,) = track(series.spectra[:1], [np.nan], MODEL, **QUICK)
    alone = analyze(series.spectra[0], MODEL, **QUICK)
    assert one is not None
    assert one.fit.chi_square == pytest.approx(alone.fit.chi_square, rel=1e-9)
    assert dict(one.fit.values) == pytest.approx(dict(alone.fit.values), rel=1e-6)
    assert one.drt.regularization == alone.drt.regularization
    assert one.peak_roles == alone.peak_roles


def test_no_spectrum_is_an_empty_track():
    found = track([], [], MODEL)
    assert len(found) == 0
    assert found.failures == ()


def test_two_spectra_keep_their_names(series):
    tracked = track_fits(series.spectra[6:], HOURS[6:], MODEL)
    first, second = tracked.fits[0], tracked.fits[1]
    for k in (1, 2, 3):
        change = series.resistance[7] / series.resistance[6]
        own = second.values[f"R{k}"] / first.values[f"R{k}"]
        assert np.abs(np.log(own / change)).min() < 0.1


@pytest.mark.parametrize("position", [np.zeros(8), np.full(8, np.nan), [0, 0, 0, 1, 1, 2, 2, 9]])
def test_positions_may_be_equal_or_unknown(series, position):
    tracked = track_fits(series.spectra, position, MODEL)
    assert series.right([tracked.fits[t] for t in range(8)]).all()


def test_distances_are_in_units_of_their_median():
    np.testing.assert_allclose(distances([0, 1, 3, 5]), [0.5, 1, 1])
    np.testing.assert_allclose(distances([0, np.nan, 3, 4, 4, 5, 1000]), [1, 1, 1, 0.25, 1, 4])
    np.testing.assert_allclose(distances([5, 5, 5]), [1, 1])
    assert distances([np.nan, 1.0]).tolist() == [1.0]
    assert len(distances([1.0])) == 0


def test_grids_and_masks_may_differ(series):
    spectra = []
    for t, one in enumerate(series.spectra):
        keep = slice(t % 3, None, 1 if t % 2 else 2)
        part = Spectrum(one.frequency[keep], one.impedance[keep], label=one.label)
        spectra.append(part.masked(np.arange(len(part)) % 11 == t, "a loose contact"))
    tracked = track_fits(spectra, HOURS, MODEL)
    assert series.right([tracked.fits[t] for t in range(8)]).all()
    for t, one in enumerate(spectra):
        alone = fit_spectrum(one, MODEL)
        assert tracked.fits[t].chi_square <= alone.chi_square * (1 + 1e-6)


def test_an_arc_that_most_spectra_support_is_kept_in_all():
    """Three spectra of eight are so noisy that they would do with fewer arcs."""
    rng = np.random.default_rng(3)
    resistance = np.full((8, 3), [100.0, 8.0, 60.0])
    tau = np.full((8, 3), [1e-5, 1e-4, 1e-1])
    alpha = np.full((8, 3), 0.9)
    clean = simulate(rng, resistance, tau, alpha, noise=5e-4).spectra
    poor = simulate(rng, resistance, tau, alpha, noise=3e-2).spectra
    spectra = [poor[t] if t in (1, 4, 6) else clean[t] for t in range(8)]
    found = track(spectra, HOURS, MODEL, **QUICK)
    assert any(analyze(spectra[t], MODEL, **QUICK).dropped for t in (1, 4, 6))
    for one in found:
        assert one is not None
        assert one.dropped == ()
        assert any("all are fitted with as many" in note for note in one.notes)


def test_an_arc_that_few_spectra_support_stays_where_it_is_seen():
    """An arc grows out of the noise in the last two of eight spectra."""
    rng = np.random.default_rng(4)
    resistance = np.full((8, 3), [100.0, 1e-3, 60.0])
    resistance[6:, 1] = 40.0
    tau = np.full((8, 3), [1e-5, 1e-3, 1e-1])
    series = simulate(rng, resistance, tau, np.full((8, 3), 0.9), noise=2e-3)
    found = track(series.spectra, HOURS, MODEL, **QUICK)
    sizes = [len(one.dropped) for one in found if one]
    assert sizes == [1] * 6 + [0] * 2
    for t, one in enumerate(found):
        assert one is not None
        alone = analyze(series.spectra[t], MODEL, **QUICK)
        assert one.fit.chi_square <= alone.fit.chi_square * (1 + 1e-6)
    # The two arcs that are always there have one name each
    fits = [one.fit for one in found if one]
    taus = [
        {arc.label: float(arc.tau_of(fit.value_array())) for arc in fit.arcs if arc.has_tau}
        for fit in fits
    ]
    slow = [label for label in taus[-1] if taus[-1][label] > 0.03]
    fast = [label for label in taus[-1] if taus[-1][label] < 1e-4]
    for known in taus:
        assert known[slow[0]] == pytest.approx(0.1, rel=0.2)
        assert known[fast[0]] == pytest.approx(1e-5, rel=0.2)


def card(low: float, high: float) -> Model:
    """Return zarc3 whose second arc has a role that spans some time constants."""
    roles = tuple(
        replace(role, name="interfacial", symbol="R_int", tau_s=(low, high))
        if role.element == "R2" else Role(role.name, role.symbol, role.element)
        for role in MODEL.roles
    )  # fmt: skip
    return replace(MODEL, name="card", roles=roles, derived={})


def test_a_role_is_kept_through_a_spectrum_outside_of_its_span():
    rng = np.random.default_rng(5)
    tau = np.full((8, 3), [1e-7, 1e-4, 1.0])
    tau[:, 1] = np.geomspace(1e-5, 2e-3, 8)
    resistance = np.full((8, 3), 50.0)
    series = simulate(rng, resistance, tau, np.full((8, 3), 0.95), noise=1e-3)
    found = track(series.spectra, HOURS, card(6e-6, 1.5e-4), **QUICK)
    last = found[7]
    assert last is not None
    assert "interfacial" not in analyze(series.spectra[7], card(6e-6, 1.5e-4), **QUICK).peak_roles
    for one in found:
        assert one is not None
        table = one.resistances().set_index("role")
        assert table.loc["interfacial", "resistance_ohm"] == pytest.approx(50.0, rel=0.1)
        assert "interfacial" in one.peak_roles.values()
    assert any("by its continuity along the track" in note for note in last.notes)
    alone = analyze(series.spectra[7], card(6e-6, 1.5e-4), **QUICK).resistances().set_index("role")
    assert alone.loc["interfacial", "status"] == "not determined"


def test_a_role_that_most_spectra_contradict_is_given_to_none():
    rng = np.random.default_rng(5)
    tau = np.full((8, 3), [1e-7, 1e-3, 1.0])
    tau[0, 1] = 5e-5
    series = simulate(rng, np.full((8, 3), 50.0), tau, np.full((8, 3), 0.95), noise=1e-3)
    found = track(series.spectra, HOURS, card(1e-5, 6e-5), **QUICK)
    for one in found:
        assert one is not None
        assert one.names["R2"] == "R2"
        table = one.resistances().set_index("role")
        assert table.loc["R2", "resistance_ohm"] == pytest.approx(50.0, rel=0.1)
        assert table.loc["interfacial", "status"] == "not determined"
        assert "interfacial" not in one.peak_roles.values()
    assert any("R2 is not called interfacial" in note for note in found.notes)


def test_auto_takes_one_circuit_for_all():
    rng = np.random.default_rng(6)
    resistance = np.full((4, 3), [50.0, 20.0, 60.0])
    resistance[:2, 1] = 1e-3  # two arcs at first, three later
    tau = np.full((4, 3), [1e-5, 1e-3, 1e-1])
    series = simulate(rng, resistance, tau, np.full((4, 3), 0.9), noise=1e-3)
    found = track(series.spectra, HOURS[:4], "auto", **QUICK)
    circuits = {one.fit.model.circuit.text for one in found if one}
    assert circuits == {"R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"}
    assert "no spectrum of the track rejects; 2 of 4 choose it alone" in found.notes[0]


def test_it_travels_between_processes(series):
    found = track(series.spectra[:2], [0, 1], MODEL, **QUICK)
    again = pickle.loads(pickle.dumps(found))
    assert again.notes == found.notes
    assert again[1].peak_roles == found[1].peak_roles


def test_wrong_questions_are_refused(series):
    with pytest.raises(FitError, match="8 positions"):
        track(series.spectra, [0, 1], MODEL)
    with pytest.raises(ModelError):
        track(series.spectra, HOURS, "no_such_model")
    with pytest.raises(FitError, match="unknown option"):
        track(series.spectra, HOURS, MODEL, fit_options={"speed": 3})


def test_options_that_name_parameters_hold_along_the_track(series):
    found = track(series.spectra[:3], HOURS[:3], load_model("zarc3"), **QUICK,
                  fit_options={"fixed": {"R0": 10.0}})  # fmt: skip
    for one in found:
        assert one is not None
        assert one.fit.values["R0"] == 10.0
        assert one.fit.status["R0"] == "fixed"
