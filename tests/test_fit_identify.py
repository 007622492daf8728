"""What the data determine, where it is known beforehand."""

import pickle

import numpy as np
import pytest
from families import SLOW, WIDE, arc, noisy

import eisfit
from eisfit.circuit.parser import leaves, parse, to_text
from eisfit.fitting.identify import without


def fit(text, truth, f=WIDE, noise=0.003, model=None, seed=2, **options):
    true = eisfit.load_model(text)
    z = noisy(true.impedance(f, truth), noise, np.random.default_rng(seed))
    return eisfit.fit(eisfit.Spectrum(f, z), model or text, **options)


def test_a_fit_that_is_determined_says_so():
    truth = {"R0": 20.0, **arc(1, 100, 1e-5, 0.9), **arc(2, 300, 1e-3, 0.85)}
    r = fit("R0-p(R1,CPE1)-p(R2,CPE2)", truth, SLOW, 0.005)
    report = r.identifiability()
    assert report.complete
    assert not report.unsupported
    assert "determine every parameter" in str(report)
    assert f"{r.condition:.3g}" in str(report)
    assert {one.elements for one in report.support} >= {("R0",), ("R1", "CPE1"), ("R2", "CPE2")}


def test_principal_directions_are_those_of_the_covariance():
    truth = {"R0": 20.0, "R1": 100.0, "C1": 1e-6}
    r = fit("R0-p(R1,C1)", truth)
    p = r.value_array()
    expected = np.linalg.eigvalsh(r.covariance / np.outer(p, p))[::-1]
    assert np.allclose(r.identifiability().stderr ** 2, expected, rtol=1e-6)


def test_half_a_diffusion_is_known_by_its_slope_alone():
    """Far above its corner an open Warburg is R / sqrt(tau): 1000 / sqrt(1e4) = 10."""
    r = fit("R0-Wo1", {"R0": 10.0, "Wo1_0": 1000.0, "Wo1_1": 1e4})
    report = r.identifiability()
    (slope,) = report.determined
    assert slope.text == "Wo1_0 * Wo1_1^-0.5"
    assert slope.value == pytest.approx(10.0, abs=4 * 10.0 * slope.relative)
    assert slope.relative < 0.01
    assert slope.parts == ("Wo1_0", "Wo1_1")
    (direction,) = report.directions
    assert direction.stderr > 0.1
    assert "Wo1_0 up, Wo1_1 up" in str(report)


def test_two_arcs_that_cannot_be_parted_are_known_by_their_sum():
    truth = {"R0": 10.0, **arc(1, 60.0, 1e-4, 0.8), **arc(2, 40.0, 2.5e-4, 0.8)}
    report = fit("R0-p(R1,CPE1)-p(R2,CPE2)", truth).identifiability()
    sums = {one.text: one for one in report.determined}
    assert sums["R1 + R2"].value == pytest.approx(100.0, rel=0.01)
    assert any("R1 up" in str(one) and "R2 down" in str(one) for one in report.directions)


def test_of_two_resistors_in_series_nothing_is_known_but_the_sum():
    truth = {"R0": 5.0, "R1": 20.0, "C1": 1e-5}
    report = fit("R0-p(R1,C1)", truth, model="R0-R2-p(R1,C1)").identifiability()
    (whole,) = report.determined
    assert whole.text == "R0 + R2"
    assert whole.value == pytest.approx(5.0, abs=4 * 5.0 * whole.relative)
    assert report.undetermined == ("R0", "R2")
    assert "R0 up, R2 down: not known at all" in str(report)


def test_what_is_too_much_is_named():
    truth = {"R0": 10.0, **arc(1, 100.0, 1e-4, 0.9)}
    r = fit("R0-p(R1,CPE1)", truth, noise=0.005, model="L0-R0-p(R1,CPE1)-p(R2,CPE2)", seed=1)
    report = r.identifiability()
    assert not report.complete
    unsupported = [one.elements for one in report.unsupported]
    assert ("L0",) in unsupported
    assert ("R1", "CPE1") in unsupported
    assert ("R2", "CPE2") in unsupported
    text = str(report)
    assert "L0: without it BIC falls" in text
    assert "one of (R1, CPE1) or (R2, CPE2)" in text
    for name in report.at_bound + report.undetermined:
        assert name in text
    assert set(report.at_bound) == {n for n in r.names if r.status[n] == "at bound"}


def test_a_time_constant_at_the_edge_of_the_search_is_not_called_determined():
    truth = {"R0": 10.0, **arc(1, 50.0, 2.1e-4, 0.9)}
    at_bound = 0
    for seed in range(4):
        many = "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"
        r = fit("R0-p(R1,CPE1)", truth, noise=0.002, model=many, seed=seed)
        stores = {f"CPE{i}_0" for i in (1, 2, 3) if r.status[f"CPE{i}_0"] == "at bound"}
        at_bound += len(stores)
        report = r.identifiability()
        assert stores <= set(report.at_bound)
        for one in report.determined:
            assert stores.isdisjoint(one.parts)
            assert one.relative > 1e-5  # of 2 x 70 data with 0.2 % noise
    assert at_bound


def test_the_worth_of_an_element_is_that_of_the_fit_without_it():
    truth = {"R0": 20.0, **arc(1, 100, 1e-6, 0.9), **arc(2, 300, 1e-4, 0.85)}
    r = fit("R0-p(R1,CPE1)-p(R2,CPE2)", truth)
    worth = {one.elements: one.delta_bic for one in r.identifiability().support}
    smaller = eisfit.fit(r.spectrum, "R0-p(R1,CPE1)")
    assert worth["R2", "CPE2"] == pytest.approx(smaller.bic - r.bic, rel=0.02)
    no_series = eisfit.fit(r.spectrum, "p(R1,CPE1)-p(R2,CPE2)")
    assert worth[("R0",)] == pytest.approx(no_series.bic - r.bic, rel=0.02)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("R(RQ)Q", {}),
        ("L0-R0-p(R1-Wo1,CPE1)", {"fixed": {"R0": 10.0}}),
        ("R0-p(R1-p(R2,CPE2),CPE1)", {"bounds": {"R1": (1.0, 1e4)}}),
        ("p(R1,CPE1)", {}),
        ("R0", {}),
    ],
)
def test_every_circuit_gets_a_report(text, options):
    model = eisfit.load_model(text)
    values = {}
    for slot in model.circuit.slots:
        spec = slot.parameter
        second = 0.9 if spec.second == "alpha" else float(spec.second)
        values[slot.name] = 0.9 if spec.is_exponent else 50.0**spec.ohm * 1e-4**second
    r = fit(text, values, **options)
    report = r.identifiability()
    assert "condition number" in str(report)
    assert all(np.isfinite(one.delta_bic) for one in report.support)
    other = pickle.loads(pickle.dumps(report))
    assert str(other) == str(report)
    assert not other.stderr.flags.writeable


@pytest.mark.parametrize(
    ("text", "label", "rest"),
    [
        ("R0-p(R1,CPE1)-L0", "R0", "p(R1,CPE1)-L0"),
        ("R0-p(R1,CPE1)", "R1", "R0-CPE1"),
        ("R0-p(R1-Wo1,CPE1)", "Wo1", "R0-p(R1,CPE1)"),
        ("p(R1-p(R2,CPE2),CPE1)", "R1", "p(R2,CPE2,CPE1)"),
    ],
)
def test_a_circuit_without_an_element(text, label, rest):
    root, _ = parse(text)
    (leaf,) = (leaf for leaf in leaves(root) if leaf.label == label)
    assert to_text(without(root, leaf)) == rest
    assert to_text(root) == text


def test_nothing_is_left_of_a_circuit_without_itself():
    root, _ = parse("R0")
    assert without(root, root) is None
