"""The compiled inner loops do what the array operations do; skipped where numba is absent."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'fast' is not installed")

from families import FAMILIES, make
from scipy.optimize import nnls

import eisfit
from eisfit.fitting import backend, compiled
from eisfit.fitting.curve import Curve
from eisfit.fitting.descend import descend
from eisfit.fitting.engine import Problem
from eisfit.fitting.options import FitOptions
from eisfit.fitting.scales import Scales
from eisfit.fitting.search import FINE
from eisfit.fitting.solve import Limits, Starts, levenberg_marquardt
from eisfit.fitting.start import cloud, pairs, screen, small_nnls

pytestmark = pytest.mark.slow  # compiling takes longer than all the other tests of the fit

FUNCTIONS = [
    getattr(compiled, name) for name in dir(compiled)
    if not name.startswith("_") and hasattr(getattr(compiled, name), "nopython_signatures")
]  # fmt: skip


@pytest.fixture
def by_arrays(monkeypatch):
    """Run a callable with the compiled loops switched off."""

    def call(work, *arguments):
        with monkeypatch.context() as patch:
            for module in ("curve", "solve", "scales", "start", "residual", "descend", "normal"):
                patch.setattr(f"eisfit.fitting.{module}.compiled", lambda: None)
            return work(*arguments)

    return call


def prepared(family: str, seed: int):
    case = make(family, seed)
    problem = Problem.of([case.spectrum.used()], case.model, FitOptions())
    objective = problem.objective
    shapes = cloud(case.model.circuit, objective.coords, objective.curve.omega.tobytes(), 0)
    u = screen(shapes, objective.data[0], objective.sigma[0], 6)[0][:, objective.free]
    rows = np.zeros(len(u), dtype=int)
    u = np.clip(u, problem.lower, problem.upper)
    return objective, Starts(u, rows, problem.lower[rows], problem.upper[rows])


@pytest.mark.parametrize("family", FAMILIES)
def test_residuals_and_derivatives_are_the_same(family, by_arrays):
    objective, starts = prepared(family, 4)
    ours = objective(starts.u, starts.owner)
    theirs = by_arrays(objective, starts.u, starts.owner)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * np.abs(b).max())


def test_arcs_without_exponent_have_none(by_arrays):
    model = eisfit.load_model("L0-R0-p(R1,C1)-Zarc1-K1")
    coords = Problem.of([make("two arcs", 1).spectrum], model, FitOptions()).objective.coords
    curve = Curve.of(model.circuit, coords, np.geomspace(1e6, 1.0, 9))
    u = np.random.default_rng(0).uniform(-3.0, 0.9, (4, len(model.names)))
    for a, b in zip(curve(u), by_arrays(curve, u), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * np.abs(b).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_one_step_leads_to_the_same_place(family, by_arrays):
    objective, starts = prepared(family, 7)
    scales = Scales.of(objective)
    ours = descend(objective, starts, Limits(iterations=1), scales)
    theirs = by_arrays(descend, objective, starts, Limits(iterations=1), scales)
    np.testing.assert_allclose(ours.u, theirs.u, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.cost, theirs.cost, rtol=1e-6)


@pytest.mark.parametrize("family", ["three arcs", "five arcs"])
def test_the_whole_descent_is_the_one_step_by_step(family):
    objective, starts = prepared(family, 11)
    scales = Scales.of(objective)
    whole = descend(objective, starts, FINE, scales)
    stepwise = levenberg_marquardt(objective, starts, FINE, scales.apply)
    best = stepwise.cost.argmin()
    np.testing.assert_allclose(whole.cost[best], stepwise.cost[best], rtol=1e-6)
    np.testing.assert_array_equal(whole.converged, stepwise.converged)
    assert (whole.u >= starts.lower).all()
    assert (whole.u <= starts.upper).all()


def test_non_negative_least_squares_are_the_same_and_those_of_scipy(by_arrays):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(50, 5, 30)) + 0.5
    goal = rows[0].T @ np.array([1.0, 0.0, 2.0, 0.5, 0.0]) + 0.1 * rng.normal(size=30)
    one, other = pairs(5)
    gram = np.einsum("kpm,kpm->pk", rows[:, one], rows[:, other])
    right, total = (rows @ goal).T, float(goal @ goal)
    ours, cost = small_nnls(gram, right, total)
    theirs, its_cost = by_arrays(small_nnls, gram, right, total)
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(cost, its_cost, rtol=1e-7)
    exact = np.array([nnls(one.T, goal)[1] ** 2 for one in rows])
    assert (cost > exact * (1 - 1e-6)).all()
    assert np.mean(cost < exact * (1 + 1e-6)) > 0.9  # it does not let back in what it left out


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_agree(family, by_arrays):
    case = make(family, 21)
    ours = eisfit.fit(case.spectrum, case.model)
    theirs = by_arrays(eisfit.fit, case.spectrum, case.model)
    assert ours.chi_square == pytest.approx(theirs.chi_square, rel=1e-6)


def test_fits_compile_nothing_that_the_warm_up_has_not():
    backend.compiled()
    before = {f.__name__: len(f.nopython_signatures) for f in FUNCTIONS}
    assert min(before.values()) >= 1
    for family in FAMILIES:
        case = make(family, 33)
        eisfit.fit_many([case.spectrum, case.spectrum], case.model)
        eisfit.fit(case.spectrum, case.model, fixed={"R0": case.truth["R0"]})
    eisfit.fit(case.spectrum, case.model, loss="huber", constraints=["R1 < 1e9"])
    assert {f.__name__: len(f.nopython_signatures) for f in FUNCTIONS} == before
