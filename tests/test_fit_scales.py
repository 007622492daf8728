"""The sizes of branches in series: solved exactly, without another look at the curve."""

import numpy as np
import pytest
from families import WIDE, arc, noisy
from scipy.optimize import nnls

import eisfit
from eisfit.circuit.arcs import find_arcs
from eisfit.circuit.circuit import Circuit
from eisfit.fitting.curve import Curve
from eisfit.fitting.normal import gram_of
from eisfit.fitting.residual import Objective, deviations
from eisfit.fitting.scales import STRETCH, Scales
from eisfit.fitting.transform import coordinates

TEXTS = ["L0-R0-p(R1,CPE1)-p(R2-Wo1,CPE2)-CPE3", "R0-p(R1,C1)-Zarc1", "p(R1,CPE1)", "R0-G1-W1"]


def problem(text, offset):
    circuit = Circuit.from_text(text)
    coords = coordinates(circuit, find_arcs(circuit), frozenset())
    omega = 2 * np.pi * WIDE
    u = np.random.default_rng(2).uniform(-0.5, 0.5, len(circuit.slots))
    u[coords.linear] = 0.8
    curve = Curve.of(circuit, coords, omega)
    data = curve(u[None])[0]
    data = noisy(data, 0.01, np.random.default_rng(3))
    spectrum = eisfit.Spectrum(WIDE, data[0])
    sigma = deviations(spectrum, "modulus")[None]
    goal = Objective(circuit, coords, curve, data, sigma, np.full(len(u), np.nan))
    start = u + offset * np.random.default_rng(4).uniform(-1, 1, len(u))
    start[coords.linear] = np.minimum(start[coords.linear], 1.0)
    return goal, start


def normal(goal, u):
    """Return the Gram matrix (1, F + 1, F + 1) of derivatives and, last, residuals."""
    residuals, slopes = goal(u[None], np.zeros(1, dtype=int))
    rows = np.concatenate([slopes, residuals[:, None]], axis=1)
    return rows @ rows.swapaxes(1, 2)


@pytest.mark.parametrize("text", TEXTS)
def test_normal_equations_are_those_of_the_residuals(text):
    goal, u = problem(text, 0.1)
    ours = gram_of(goal)(u[None], np.zeros(1, dtype=int))
    theirs = normal(goal, u)
    assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())


def test_where_the_curve_is_not_finite_the_cost_is_infinite_and_nothing_pulls():
    goal, u = problem("R0-p(R1,CPE1)", 0.1)
    wild = u.copy()
    wild[0] = 800.0  # exp(800) ohm
    with np.errstate(over="ignore", invalid="ignore"):
        gram = gram_of(goal)(np.array([u, wild]), np.zeros(2, dtype=int))
    assert np.isfinite(gram[0]).all()
    assert gram[1, -1, -1] == np.inf
    assert (gram[1, -1, :-1] == 0).all()


@pytest.mark.parametrize("text", TEXTS)
def test_what_it_says_of_the_new_place_is_what_the_curve_says(text):
    goal, u = problem(text, 0.1)
    scales = Scales.of(goal)
    gram = normal(goal, u)
    room = (np.full((1, len(u)), -50.0), np.full((1, len(u)), 50.0))
    moved, better = scales.apply(u[None], gram, room)
    truth = normal(goal, moved[0])
    assert better[0, -1, -1] < gram[0, -1, -1]
    assert better[0, -1, -1] == pytest.approx(truth[0, -1, -1], rel=1e-8)
    assert np.allclose(better[0, :-1, :-1], truth[0, :-1, :-1], rtol=1e-8)
    assert np.allclose(better[0, -1, :-1], truth[0, -1, :-1],
                       atol=1e-8 * np.abs(gram[0, -1, :-1]).max())  # fmt: skip
    assert np.array_equal(better, better.swapaxes(1, 2))


def test_the_scales_are_those_of_non_negative_least_squares():
    goal, u = problem("R0-p(R1,CPE1)-p(R2,CPE2)", 0.15)
    scales = Scales.of(goal)
    place = u[None]
    room = (np.full((1, len(u)), -50.0), np.full((1, len(u)), 50.0))
    for _ in range(20):  # each call stretches a scale by a bounded factor
        place = scales.apply(place, normal(goal, place[0]), room)[0]
    _, slopes = goal(u[None], np.zeros(1, dtype=int))
    columns = (scales.moves @ slopes[0]).T
    weighted = np.ascontiguousarray(goal.data[0]).view(float) * goal.weight[0]
    exact, _ = nnls(columns, weighted)
    assert (exact > 0).all()
    assert np.exp((place[0] - u) @ np.linalg.pinv(scales.moves)) == pytest.approx(exact, rel=1e-6)


def test_bounds_hold_and_no_step_is_wild():
    goal, u = problem("R0-p(R1,CPE1)", 1.0)
    scales = Scales.of(goal)
    tight = (u[None] - 0.01, u[None] + 0.01)
    moved = scales.apply(u[None], normal(goal, u), tight)[0]
    assert (moved >= tight[0]).all()
    assert (moved <= tight[1]).all()
    wide = (u[None] - 50.0, u[None] + 50.0)
    moved = scales.apply(u[None], normal(goal, u), wide)[0]
    assert np.abs(moved - u).max() <= np.log(STRETCH) + 1e-12


def test_circuits_in_parallel_have_none_and_fixed_branches_keep_theirs():
    goal, _ = problem("p(R1-C1,R2-C2)", 0.1)
    assert Scales.of(goal) is None
    goal, _ = problem("R0-p(R1,CPE1)", 0.1)
    held = np.array([np.nan, 0.0, np.nan, np.nan])
    some = Objective(goal.circuit, goal.coords, goal.curve, goal.data, goal.sigma, held)
    assert Scales.of(some).moves.tolist() == [[1.0, 0.0, 0.0]]


def test_a_fit_does_not_depend_on_them():
    truth = {"R0": 20.0, **arc(1, 100, 1e-5, 0.9), **arc(2, 300, 1e-3, 0.85)}
    model = eisfit.load_model("R0-p(R1,CPE1)-p(R2,CPE2)")
    z = noisy(model.impedance(WIDE, truth), 0.003, np.random.default_rng(0))
    s = eisfit.Spectrum(WIDE, z)
    plain = eisfit.fit(s, model)
    held = eisfit.fit(s, model, fixed={name: plain.values[name] for name in ("R0", "CPE1_1")})
    assert held.chi_square == pytest.approx(plain.chi_square, rel=1e-6)
