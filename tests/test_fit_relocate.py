"""Ways out of false minima: where an arc is missing is asked of the data."""

import numpy as np
import pytest
from families import WIDE, arc, best_from_truth, make, noisy

import eisfit
from eisfit.fitting.hunt import EFFORTS
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem
from eisfit.fitting.relocate import MOST, relocations

TEXT = "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"
TRUTH = {"R0": 20.0, **arc(1, 500, 1e-6, 0.9), **arc(2, 30, 3e-4, 0.95), **arc(3, 400, 2e-2, 0.85)}


def split():
    """Return a problem, and coordinates where two arcs share a process and a weak one has none."""
    model = eisfit.load_model(TEXT)
    z = noisy(model.impedance(WIDE, TRUTH), 0.001, np.random.default_rng(1))
    problem = Problem.of([eisfit.Spectrum(WIDE, z)], model, FitOptions())
    wrong = {"R0": 20.0, **arc(1, 300, 8e-7, 0.92), **arc(2, 200, 1.5e-6, 0.88)}
    wrong |= arc(3, 420, 2e-2, 0.83)
    values = np.array([wrong[name] for name in model.names])
    return problem, problem.objective.coords.to_coordinates(values)


def test_an_arc_goes_first_to_where_one_is_missing():
    problem, u = split()
    rows = relocations(problem.objective, 0, u, (problem.lower[0], problem.upper[0]))
    assert 1 < len(rows) <= MOST
    values = problem.objective.coords.to_values(rows)
    taus = np.array([[float(one.tau_of(row)) for one in problem.model.arcs[-3:]] for row in values])
    # One of the two that shared a process is now near the weak one; the third has not moved
    assert np.abs(np.log(taus[0] / 3e-4)).min() < 1.0
    assert np.abs(np.log(taus[0] / 2e-2)).min() < 1e-9
    # Nothing else would be as good: from there the first alone leads to the minimum
    start = dict(zip(problem.model.names, values[0], strict=True))
    spectrum = eisfit.Spectrum(WIDE, problem.objective.data[0])
    led = eisfit.fit(spectrum, TEXT, start=start, effort=EFFORTS["fast"])
    assert led.values["R2"] == pytest.approx(30, rel=0.1)


def test_what_it_promises_is_what_a_linear_fit_would_give():
    problem, u = split()
    rows = relocations(problem.objective, 0, u, (problem.lower[0], problem.upper[0]))
    residuals, _ = problem.objective(np.array([u, rows[0]]), np.zeros(2, dtype=int))
    # Before anything else has followed, the right place is not yet better than the false minimum,
    # but it is much better than the same place without the arc
    gone = rows[0].copy()
    moved = int(np.flatnonzero(np.abs(rows[0] - u) > 1e-9)[0])
    gone[moved] -= 20.0
    bare, _ = problem.objective(gone[None], np.zeros(1, dtype=int))
    assert (residuals[1] ** 2).sum() < (bare[0] ** 2).sum()


def test_bounds_hold_and_what_is_fixed_stays():
    problem, u = split()
    spectrum = eisfit.Spectrum(WIDE, problem.objective.data[0])
    options = FitOptions(fixed={"R3": 420.0}, bounds={"CPE2_1": (0.5, 0.9)})
    held = Problem.of([spectrum], problem.model, options)
    low, high = held.lower[0], held.upper[0]
    free = held.objective.free
    rows = relocations(held.objective, 0, u[free], (low, high))
    assert len(rows)
    assert (rows >= low).all()
    assert (rows <= high).all()
    third = np.flatnonzero(free >= problem.model.names.index("CPE3_0"))
    assert (rows[:, third] == u[free][third]).all()  # its resistance is fixed: it cannot move


def test_where_no_arc_can_move_there_is_nothing():
    model = eisfit.load_model("R0-p(R1,CPE1)-Wo1")
    z = model.impedance(WIDE, {"R0": 1.0, **arc(1, 10, 1e-3, 0.9), "Wo1_0": 5.0, "Wo1_1": 1.0})
    problem = Problem.of([eisfit.Spectrum(WIDE, z)], model, FitOptions())
    bounds = problem.lower[0], problem.upper[0]
    assert len(relocations(problem.objective, 0, 0.5 * (bounds[0] + bounds[1]), bounds)) == 0


@pytest.mark.parametrize("seed", [770126, 770150, 740055])
def test_four_arcs_of_which_a_weak_one_was_missed(seed):
    # Two arcs shared a process, and swaps and gaps did not lead out
    case = make("four arcs", seed)
    assert eisfit.fit(case.spectrum, case.model).chi_square <= 1.001 * best_from_truth(case)


def test_a_line_and_an_arc_that_shared_a_process_in_the_wrong_parts():
    # The line's fast end is all that both places have in common: R / tau
    case = make("transmission line", 500067)
    assert eisfit.fit(case.spectrum, case.model).chi_square <= 1.001 * best_from_truth(case)


@pytest.mark.parametrize("seed", [880007, 880010, 880042])
def test_a_fast_search_takes_its_time_where_elements_are_unlike(seed):
    case = make("battery", seed)
    fast = eisfit.fit(case.spectrum, case.model, effort="fast")
    assert fast.chi_square <= 1.001 * best_from_truth(case)


def test_a_circuit_that_cannot_fit_is_not_searched_for_ever_and_is_named():
    # Two arcs for three processes: no place is as low as the data allow
    z = noisy(eisfit.load_model(TEXT).impedance(WIDE, TRUTH), 0.001, np.random.default_rng(3))
    spectrum = eisfit.Spectrum(WIDE, z)
    found = eisfit.fit(spectrum, "R0-p(R1,CPE1)-p(R2,CPE2)")
    assert found.success
    assert found.agreed >= 10
    assert found.starts < EFFORTS["thorough"].first + 5 * EFFORTS["thorough"].later
    assert any("lacks a process" in note for note in found.notes())
    assert not any("lacks a process" in note for note in eisfit.fit(spectrum, TEXT).notes())


def test_across_a_curved_valley_steps_do_not_go_to_and_fro():
    # An undamped step overshoots here by nearly twice: 200 of them did not arrive
    case = make("three arcs", 760072)
    found = eisfit.fit(case.spectrum, case.model)
    assert found.success
    assert found.chi_square <= (1 + 1e-6) * best_from_truth(case)
