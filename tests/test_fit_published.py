"""The fit against numbers that others published, and against measured spectra."""

import numpy as np
import pytest

import eisfit

SE_BLOCKING = "R0-p(R1,CPE1)-p(R2,CPE2)-CPE3-p(R3,CPE4)"


def test_solid_conductor_gives_the_published_values_errors_and_correlations(shared_data):
    # EISFitpython's own report for Example2b above 5 Hz, modulus weighting; see data/INDEX.md
    published = {
        "R1": (4.471e4, 272.3), "CPE1_0": (1.727e-10, 6.415e-12), "CPE1_1": (0.8501, 2.535e-3),
        "R2": (4.712e4, 548.5), "CPE2_0": (1.244e-8, 9.687e-10), "CPE2_1": (0.8189, 9.211e-3),
        "CPE3_0": (4.405e-7, 9.470e-9), "CPE3_1": (0.8824, 5.467e-3),
    }  # fmt: skip
    (s,) = eisfit.read(shared_data / "eisfitpython" / "Example2b.txt")
    r = eisfit.fit(s.crop(f_min=5.0), "p(R1,CPE1)-p(R2,CPE2)-CPE3")
    for name, (value, stderr) in published.items():
        assert r.values[name] == pytest.approx(value, rel=2e-4)
        assert r.stderr[name] == pytest.approx(stderr, rel=1e-3)
    assert r.chi_square == pytest.approx(4.311136e-3, rel=1e-5)
    correlation = r.correlation
    for one, other, expected in [
        ("R1", "R2", -0.801), ("CPE1_0", "CPE1_1", -0.996), ("CPE2_0", "CPE2_1", -0.984),
        ("CPE3_0", "CPE3_1", -0.960), ("R2", "CPE3_0", -0.599),
    ]:  # fmt: skip
        found = correlation[r.names.index(one), r.names.index(other)]
        assert found == pytest.approx(expected, abs=2e-3)


def test_impedance_py_documented_example(shared_data):
    (s,) = eisfit.read(shared_data / "impedance.py" / "exampleData.csv")
    below = s.impedance.imag < 0  # its documentation drops points above the real axis
    s = eisfit.Spectrum(s.frequency[below], s.impedance[below])
    fixed = {"R0": 0.02, "Wo1_1": 200.0}
    r = eisfit.fit(s, "R0-p(R1,C1)-p(R2,C2)-Wo1", fixed=fixed, weighting="unit")
    # Its R1 is the slow arc; ours come in order of tau
    for name, value, stderr in [
        ("R2", 6.79e-3, 1.08e-3), ("C2", 5.62, 1.96),
        ("R1", 3.91e-3, 1.09e-3), ("C1", 1.36, 0.26), ("Wo1_0", 5.88e-2, 1.3e-3),
    ]:  # fmt: skip
        assert r.values[name] == pytest.approx(value, rel=5e-3)
        assert r.stderr[name] == pytest.approx(stderr, rel=5e-2)


def test_dummy_cell_of_dgpost(shared_data):
    (s,) = eisfit.read(shared_data / "dgpost" / "peis_single_data.mpr")
    r = eisfit.fit(s, "R0-p(R1,C1)-p(R2,C2)", weighting="unit")
    assert r.values["R0"] == pytest.approx(482.2, abs=2 * np.hypot(3.7, r.stderr["R0"]))
    assert r.values["R1"] == pytest.approx(1013, rel=0.01)
    assert r.values["C1"] == pytest.approx(8.81e-9, rel=0.03)
    assert r.values["R2"] == pytest.approx(3560, rel=1e-3)
    assert r.values["C2"] == pytest.approx(2.307e-6, rel=1e-3)


@pytest.fixture(scope="module")
def pellet(shared_data):
    (s,) = eisfit.read(shared_data / "hybrid-drt" / "PEIS_LPSCl_IonBlocking_-25C.mpr")
    return eisfit.fit(s, "se_blocking")


def test_cold_pellet_has_its_two_arcs_and_its_honest_errors(pellet):
    tau = {a.label: float(a.tau_of(pellet.value_array())) for a in pellet.arcs if a.has_tau}
    assert 3e-8 < tau["R1"] < 7e-8
    assert 1.5e-7 < tau["R2"] < 3e-7
    assert sum(pellet.values[n] for n in ("R0", "R1", "R2")) == pytest.approx(1440, rel=0.03)
    assert pellet.rms <= 0.004
    assert pellet.success
    for name in ("R1", "R2"):
        assert 0.1 < pellet.stderr[name] / pellet.values[name] < 1.0
    table = pellet.resistances().set_index("role")
    assert set(table.loc[["bulk", "grain_boundary"], "status"]) == {"unresolved"}
    sums = table[table["element"].str.contains(r"R1 \+ R2")]
    assert len(sums) == 1
    assert sums["stderr_ohm"].iloc[0] / sums["resistance_ohm"].iloc[0] < 0.02


def test_export_of_the_same_measurement_gives_the_same_table(shared_data, pellet):
    (s,) = eisfit.read(shared_data / "hybrid-drt" / "PEIS_LPSCl_IonBlocking_-25C.txt")
    other = eisfit.fit(s, "se_blocking").resistances()
    mine = pellet.resistances()
    assert mine["role"].tolist() == other["role"].tolist()
    assert mine["status"].tolist() == other["status"].tolist()
    for column in ("resistance_ohm", "stderr_ohm", "tau_s", "capacitance_f", "alpha"):
        assert np.allclose(mine[column], other[column], rtol=1e-4, equal_nan=True)


def test_whole_cell_by_five_arcs(shared_data):
    (s,) = eisfit.read(shared_data / "hybrid-drt" / "PEIS_SSB.mpr")
    assert eisfit.fit(s, "zarc5").rms <= 0.005


def test_whole_cell_by_a_circuit_that_is_chosen(shared_data):
    (s,) = eisfit.read(shared_data / "hybrid-drt" / "PEIS_SSB.mpr")
    r = eisfit.fit(s, "auto")
    assert r.rms <= 0.005
    assert r.model.circuit.text.startswith("L0-R0-p(")
