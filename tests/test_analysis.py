"""The whole chain: roles, doubts, disagreement, and what is left out."""

import pickle

import numpy as np
import pytest
from families import WIDE, arc, noisy

import eisfit
from eisfit import demo
from eisfit.circuit.models import load_model
from eisfit.roles import Process, doubts, outside, peak_roles
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS, STATUSES


def mixture(*arcs, series=100.0, seed=0, noise=0.001):
    count = len(arcs)
    model = load_model("-".join(["R0", *(f"p(R{i},CPE{i})" for i in range(1, count + 1))]))
    truth = {"R0": series}
    for i, (resistance, tau, alpha) in enumerate(arcs, 1):
        truth |= arc(i, resistance, tau, alpha)
    z = noisy(model.impedance(WIDE, truth), noise, np.random.default_rng(seed))
    return eisfit.Spectrum(WIDE, z, label="mixture", metadata={"sweep": 2})


@pytest.fixture(scope="module")
def three():
    s = mixture((5.07e4, 1.1e-5, 0.95), (1.23e4, 9e-5, 0.95), (5.55e5, 0.05, 0.92))
    return eisfit.analyze(s, "si_lpsc_mixture")


def test_tables_keep_their_contract(three):
    resistances, peaks = three.resistances(), three.peaks()
    assert tuple(resistances.columns[: len(RESISTANCE_COLUMNS)]) == RESISTANCE_COLUMNS
    assert tuple(peaks.columns[: len(PEAK_COLUMNS)]) == PEAK_COLUMNS
    assert set(resistances["status"]) | set(peaks["status"]) <= set(STATUSES)
    assert (resistances["sample"] == "mixture").all()
    assert (resistances["sweep"] == 2).all()


def test_arcs_and_peaks_of_a_mixture_get_their_roles_and_agree(three):
    table = three.resistances().set_index("role")
    for role, truth in [("grain_boundary", 5.07e4), ("interfacial", 1.23e4),
                        ("low_frequency", 5.55e5)]:  # fmt: skip
        row = table.loc[role]
        assert row["status"] == "ok"
        assert row["resistance_ohm"] == pytest.approx(truth, rel=0.03)
        assert row["stderr_ohm"] <= 0.03 * truth
    peaks = three.peaks().set_index("role")
    assert peaks.loc["grain_boundary", "tau_s"] == pytest.approx(1.1e-5, rel=0.2)
    assert peaks.loc["interfacial", "tau_s"] == pytest.approx(9e-5, rel=0.2)
    assert three.validity.valid
    assert not [note for note in three.notes if "DRT" in note]


def test_an_arc_that_is_not_there_is_not_made_up():
    a = eisfit.analyze(mixture((4938.0, 1.1e-5, 0.95), (3222.0, 9e-5, 0.95)), "si_lpsc_mixture")
    table = a.resistances().set_index("role")
    assert table["element"].tolist() == ["R0", "R1", "R2", "R3"]
    assert table.loc["low_frequency", "status"] == "not determined"
    assert np.isnan(table.loc["low_frequency", "resistance_ohm"])
    assert table.loc["grain_boundary", "resistance_ohm"] == pytest.approx(4938, rel=0.03)
    assert table.loc["interfacial", "resistance_ohm"] == pytest.approx(3222, rel=0.03)
    assert a.dropped == ("R3",)
    assert any("do not support low_frequency (R3)" in note for note in a.notes)
    assert a.full_fit.model.circuit.text == "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"


def test_an_invalid_spectrum_is_said_to_be_so_and_analysed_all_the_same():
    s = mixture((1000.0, 1e-4, 0.9))
    drift = 1.0 + 0.5 * (np.arange(len(s)) > 50) * np.linspace(0, 1, len(s))
    a = eisfit.analyze(eisfit.Spectrum(s.frequency, s.impedance * drift), "zarc1")
    assert not a.validity.valid
    assert any(note.startswith("Kramers-Kronig") for note in a.notes)


def test_auto_shows_its_evidence():
    a = eisfit.analyze(mixture((1000.0, 1e-5, 0.9), (500.0, 1e-2, 0.9)))
    assert a.model.circuit.text == "R0-p(R1,CPE1)-p(R2,CPE2)"
    assert a.evidence[0]["circuit"]
    assert "2 arcs" in a.notes[0]


def test_decades_outside_a_span():
    assert outside(1e-3, (1e-4, 1e-2)) == 0.0
    assert outside(1e-6, (1e-4, 1e-2)) == pytest.approx(2.0)
    assert outside(1.0, (1e-4, 1e-2)) == pytest.approx(2.0)


def test_capacitance_is_scaled_by_geometry_and_tau_decides():
    model = load_model("si_lpsc_mixture")
    role = model.role_of("R1")
    centre = float(np.sqrt(np.prod(role.capacitance_f_cm)))
    tau = float(np.sqrt(np.prod(role.tau_s)))

    def doubt(size, geometry):
        return doubts(Process("R1", role.name, tau / size, tau, size), role, model.roles, geometry)

    assert doubt(10 * centre, 10.0) == ""
    assert "tau decides" in doubt(1e-3, 10.0)
    slow = doubts(Process("R1", role.name, 1.0, 1e3, 10 * centre), role, model.roles, 10.0)
    assert "lies outside" in slow


def test_a_peak_takes_the_nearest_arcs_role_and_each_arc_names_one_peak():
    model = load_model("si_lpsc_mixture")
    processes = [
        Process("R1", "grain_boundary", 1.0, 1e-5, 1.0),
        Process("R2", "interfacial", 1.0, 1e-4, 1.0),
    ]
    window = (1e-8, 1.0)
    assert peak_roles([1.2e-5, 0.9e-4], processes, model, window) == {
        1: "grain_boundary", 2: "interfacial",
    }  # fmt: skip
    crowded = peak_roles([0.8e-5, 1.1e-5], processes[:1], model, window)
    assert crowded[2] == "grain_boundary"
    assert crowded.get(1) != "grain_boundary"
    # A third peak, far from every arc: by span where one role alone has it, inside the window only
    assert peak_roles([0.05], processes, model, window) == {1: "low_frequency"}
    assert peak_roles([0.05], processes, model, (1e-8, 1e-3)) == {}


def test_weights_may_come_from_the_kramers_kronig_test():
    s = mixture((1000.0, 1e-4, 0.9))
    options = {"weighting": "kramers-kronig"}
    a = eisfit.analyze(s, "zarc1", fit_options=options)
    assert a.fit.settings["weighting"] == "kramers-kronig"
    assert a.fit.values["R1"] == pytest.approx(1000.0, rel=0.02)
    assert dict(a.full_fit.values) == dict(eisfit.fit(s, "zarc1", **options).values)


def test_unlike_arcs_that_could_change_places_take_those_that_suit_their_roles():
    f = np.geomspace(7e6, 1.0, 69)
    truth = {"L0": 1e-7, "R0": 0.02, "R1": 0.01, "R2": 0.03, "CPE1_0": 0.05, "CPE1_1": 0.8,
             "CPE2_0": 1.0, "CPE2_1": 0.85, "Wo1_0": 0.05, "Wo1_1": 30.0}  # fmt: skip
    z = load_model("li_ion_liquid").impedance(f, truth)
    for seed in range(4):
        s = eisfit.Spectrum(f, noisy(z, 0.002, np.random.default_rng(seed)))
        a = eisfit.analyze(s, "li_ion_liquid", drt_options={"samples": 0})
        table = a.resistances().set_index("role")
        assert table.loc["sei", "resistance_ohm"] == pytest.approx(0.01, rel=0.1)
        assert table.loc["charge_transfer", "resistance_ohm"] == pytest.approx(0.03, rel=0.1)


def test_an_arc_far_from_its_roles_span_is_not_called_by_it(shared_data):
    (s,) = eisfit.read(shared_data / "hybrid-drt" / "PEIS_TSeq2_25C_60_C01.mpr")
    a = eisfit.analyze(s, "se_blocking")
    table = a.resistances()
    boundary = table[table["role"] == "grain_boundary"]
    assert boundary["status"].tolist() == ["not determined"]
    assert boundary["resistance_ohm"].isna().all()
    assert "R2" in set(table["role"])  # the process at 0.1 s goes by its element's name
    assert any("not called grain_boundary" in note for note in a.notes)


def test_a_list_of_spectra_is_not_a_spectrum():
    s = mixture((1000.0, 1e-4, 0.9))
    for call in (eisfit.analyze, eisfit.fit, eisfit.drt, eisfit.kramers_kronig):
        with pytest.raises(eisfit.EisfitError, match=r"spectra\[0\]"):
            call([s])
        with pytest.raises(eisfit.EisfitError, match="found str"):
            call("cell.mpr")
    assert len(eisfit.fit_many((one for one in [s, s]), "zarc1")) == 2
    assert len(eisfit.fit_many(s, "zarc1")) == 1


def test_what_the_reader_warned_of_is_said_first():
    s = mixture((1000.0, 1e-4, 0.9)).with_metadata(notes=("read", "warning: 3 rows are missing"))
    assert eisfit.analyze(s, "zarc1").notes[0] == "file: warning: 3 rows are missing"


def half_cell(f):
    model = load_model("li_in_lpsc_si")
    truth = {"L0": 5e-8, "R0": 15.0, **arc(1, 60.0, 8e-6, 0.95), **arc(2, 30.0, 1e-3, 0.95),
             "CPE3_0": 0.5, "CPE3_1": 0.6}  # fmt: skip
    z = noisy(model.impedance(f, truth), 0.001, np.random.default_rng(8))
    return eisfit.Spectrum(f, z, label="half-cell")


def test_a_sum_is_not_whole_where_the_frequencies_end_before_one_of_its_parts():
    f = np.geomspace(7e6, 1.0, 69)
    for spectrum, status in ((half_cell(f), "ok"), (half_cell(f[f > 3e4]), "outside window")):
        analysis = eisfit.analyze(spectrum, "li_in_lpsc_si")
        total = analysis.resistances().set_index("role").loc["R_ct_total"]
        assert total["status"] == status
        said = any("end before the time constants of charge_transfer" in n for n in analysis.notes)
        assert said == (status != "ok")
    assert "without charge_transfer" in total["note"]


def test_a_circuit_that_misses_the_data_is_said_to():
    spectrum = half_cell(np.geomspace(7e6, 1.0, 69))
    wrong = eisfit.analyze(spectrum, "R0-p(R1,CPE1)")
    right = eisfit.analyze(spectrum, "li_in_lpsc_si")
    assert any("misses the data" in note for note in wrong.notes)
    assert not any("misses the data" in note for note in right.notes)


def test_what_an_analysis_says_cannot_be_changed() -> None:
    found = eisfit.analyze(demo.CELLS[2].spectrum(), "li_in_lpsc_si")
    assert found.peak_roles[1] == "interfacial"
    with pytest.raises(TypeError):
        found.peak_roles[1] = "bulk"  # type: ignore[index]
    assert pickle.loads(pickle.dumps(found)).peak_roles == found.peak_roles
