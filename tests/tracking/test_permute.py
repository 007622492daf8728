"""Equivalent arcs change names, and everything known of them goes along."""

from dataclasses import replace

import numpy as np
import pytest
from aging import MODEL, aging

from eisfit import Spectrum
from eisfit.circuit.models import load_model
from eisfit.errors import FitError
from eisfit.fitting.engine import FitOptions, fit_spectrum
from eisfit.fitting.local import fit_from
from eisfit.fitting.permute import orders, permuted


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)", 6),
        ("R0-p(R1,CPE1)-p(CPE2,R2)", 2),
        ("R0-p(R1,CPE1)-p(R2,C2)", 1),
        ("p(R1,CPE1)-R0-p(R2,C2)-p(R3,CPE3)-p(R4,C4)", 4),
        ("R0-p(R1,CPE1-p(R2,CPE2))", 1),
        ("p(R1-p(R2,CPE2)-p(R3,CPE3),CPE1)", 2),
        ("R0-p(R1-p(R2,CPE2),CPE1)-p(R3-p(CPE4,R4),CPE3)", 2),
        ("R0-R1-L0-L1", 1),
    ],
)
def test_orders_leave_the_curve_as_it_is(text, count):
    model = load_model(text)
    rng = np.random.default_rng(1)
    values = np.array([
        rng.uniform(0.6, 1.0) if slot.parameter.is_exponent else rng.lognormal(0.0, 1.0)
        for slot in model.circuit.slots
    ])  # fmt: skip
    frequency = np.logspace(3, -3, 13)
    found = orders(model)
    assert len(found) == len(set(found)) == count
    assert found[0] == tuple(range(len(model.names)))
    for order in found:
        same = model.impedance(frequency, values[list(order)])
        np.testing.assert_allclose(same, model.impedance(frequency, values), rtol=1e-12)


def test_many_arcs_have_few_orders():
    text = "R0-" + "-".join(f"p(R{i},CPE{i})" for i in range(1, 9))
    found = orders(load_model(text))
    assert len(found) == 8  # as it is, and exchanges of neighbours


def test_parts_that_are_held_stay():
    held = MODEL.names.index("CPE2_0")
    assert len(orders(MODEL, frozenset({held}))) == 2


def test_a_permuted_fit_knows_the_same_under_other_names():
    spectrum = aging(np.random.default_rng(0)).spectra[0]
    fit = fit_spectrum(spectrum, MODEL)
    for order in orders(MODEL):
        other = permuted(fit, order)
        for i, source in enumerate(order):
            new, old = MODEL.names[i], MODEL.names[source]
            assert other.values[new] == fit.values[old]
            assert other.stderr[new] == fit.stderr[old]
            assert other.status[new] == fit.status[old]
        variance = [other.stderr[name] ** 2 for name in MODEL.names]
        np.testing.assert_allclose(np.diag(other.covariance), variance, rtol=1e-9)
        assert other.sum("R1", "R2", "R3").stderr == pytest.approx(
            fit.sum("R1", "R2", "R3").stderr, rel=1e-9
        )
        assert other.chi_square == fit.chi_square
    assert permuted(fit, tuple(range(10))) is fit


def test_what_is_no_order_of_the_circuit_is_refused():
    fit = fit_spectrum(aging(np.random.default_rng(0)).spectra[0], MODEL)
    with pytest.raises(FitError, match="cannot change places"):
        permuted(fit, (1, 0, *range(2, 10)))


def test_a_local_fit_goes_to_the_place_next_to_its_start():
    series = aging(np.random.default_rng(1))
    fit = fit_spectrum(series.spectra[0], MODEL)
    near = {name: value * (1.0 if name.endswith("_1") else 1.03)
            for name, value in fit.values.items()}  # fmt: skip
    (again,) = fit_from(series.spectra[0], MODEL, FitOptions(), [near])
    assert again.chi_square == pytest.approx(fit.chi_square, rel=1e-9)
    assert again.success
    for name in MODEL.names:
        assert again.values[name] == pytest.approx(fit.values[name], rel=1e-4)


@pytest.mark.parametrize(
    "asked", [{"loss": "huber"}, {"quantity": "admittance"}, {"constraints": ("CPE1_1 = CPE2_1",)}]
)
def test_a_local_fit_with_demands_is_no_worse_than_the_search(asked):
    spectrum = aging(np.random.default_rng(1)).spectra[0]
    options = FitOptions(**asked)
    fit = fit_spectrum(spectrum, MODEL, options)
    (again,) = fit_from(spectrum, MODEL, options, [fit.values])
    assert again.chi_square == pytest.approx(fit.chi_square, rel=1e-5)


def test_a_local_fit_uses_the_unmasked_points_and_their_weights():
    spectrum = aging(np.random.default_rng(1)).spectra[0]
    spoilt = spectrum.impedance.copy()
    spoilt[10] *= 3.0
    masked = Spectrum(spectrum.frequency, spoilt).masked(spoilt != spectrum.impedance, "spoilt")
    sigma = 0.01 * spectrum.modulus
    options = FitOptions(weighting=sigma, absolute_sigma=True)
    fit = fit_spectrum(masked, MODEL, options)
    (again,) = fit_from(masked, MODEL, replace(options), [fit.values])
    assert again.chi_square == pytest.approx(fit.chi_square, rel=1e-8)
