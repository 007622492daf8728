"""DRT against closed forms, other solvers and its own contract."""

import pickle

import numpy as np
import pytest
from scipy.optimize import nnls

from eisfit import Spectrum, tables
from eisfit.errors import RelaxationError, SpectrumError
from eisfit.relaxation import drt_spectrum
from eisfit.relaxation.discretization import BASES, derivative, kernel, values
from eisfit.relaxation.nnls import _descend, solve_nonnegative

FREQUENCY = np.geomspace(1e6, 1e-2, 81)
OMEGA = 2 * np.pi * FREQUENCY


def zarc(resistance, tau, alpha, omega=OMEGA):
    return resistance / (1 + (1j * omega * tau) ** alpha)


def zarc_gamma(tau, resistance, tau0, alpha):
    """Cole and Cole, J. Chem. Phys. 9 (1941) 341; Boukamp, Electrochim. Acta 154 (2015) 35."""
    u = np.log(tau / tau0)
    angle = (1 - alpha) * np.pi
    return resistance / (2 * np.pi) * np.sin(angle) / (np.cosh(alpha * u) - np.cos(angle))


def noisy(impedance, noise, seed=0):
    random = np.random.default_rng(seed)
    both = random.standard_normal((2, len(impedance)))
    return impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])


def relative_l2(result, truth):
    inside = result.in_window
    return np.linalg.norm((result.gamma - truth)[inside]) / np.linalg.norm(truth[inside])


@pytest.fixture(scope="module")
def two_arcs():
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 3e-1, 0.8) + 1j * OMEGA * 2e-7
    return Spectrum(FREQUENCY, noisy(clean, 1e-3), label="two arcs", metadata={"sweep": 3})


@pytest.fixture(scope="module")
def two_arcs_drt(two_arcs):
    return drt_spectrum(two_arcs)


@pytest.mark.parametrize("basis", BASES)
def test_kernel_is_the_integral_of_its_basis_function(basis):
    tau = np.geomspace(1e-3, 1e-1, 21)
    spacing = np.log(tau[1] / tau[0])
    omega = np.array([1.0, 100.0, 3e4])
    fine = np.linspace(-25, 25, 50001)
    shape = {
        "linear": np.clip(1 - np.abs(fine), 0, None),
        "gaussian": 0.5 ** (fine**2),
    }.get(basis)
    if shape is None:  # radial: half its height one spacing from the centre
        heights = values(21, basis)[10]
        assert heights[11] / heights[10] == pytest.approx(0.5, abs=1e-6)
        return
    direct = np.trapezoid(
        shape / (1 + 1j * omega[:, None] * tau[10] * np.exp(fine * spacing)), fine * spacing
    )
    np.testing.assert_allclose(kernel(omega, tau, basis)[:, 10], direct, rtol=1e-6)


def test_derivative_measures_the_roughness_of_a_known_curve():
    u = np.linspace(-12, 12, 1921)
    x = np.exp(-(u**2) / 2)
    rows = derivative(len(u), round(u[1] - u[0], 12), 2, "linear")
    # The integral of the squared second derivative of exp(-u^2/2) is 3 sqrt(pi) / 4.
    assert np.sum((rows @ x) ** 2) == pytest.approx(0.75 * np.sqrt(np.pi), rel=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_pivoting_agrees_with_lawson_hanson(seed):
    random = np.random.default_rng(seed)
    matrix = random.standard_normal((60, 40)) + 0.3
    target = random.standard_normal(60)
    x, free = solve_nonnegative(matrix.T @ matrix, matrix.T @ target)
    expected, _ = nnls(matrix, target)
    np.testing.assert_allclose(x, expected, atol=1e-5)
    assert (x[~free] == 0).all()


def test_singular_problem_falls_back_and_still_fits():
    matrix = np.ones((10, 4))
    x, _ = solve_nonnegative(matrix.T @ matrix, matrix.T @ np.full(10, 2.0))
    assert (x >= 0).all()
    assert x.sum() == pytest.approx(2.0)


@pytest.mark.parametrize("seed", range(5))
def test_single_steps_end_where_block_pivoting_does(seed):
    random = np.random.default_rng(seed)
    matrix = random.standard_normal((60, 40)) + 0.3
    normal, moment = matrix.T @ matrix, matrix.T @ random.standard_normal(60)
    x, free, _ = _descend(normal, moment, np.zeros(40, dtype=bool), 1e-9)
    expected, _ = solve_nonnegative(normal, moment)
    np.testing.assert_allclose(x, expected, atol=1e-5)
    slope = normal @ x - moment
    assert (slope[~free] >= -1e-9).all()
    np.testing.assert_allclose(slope[free], 0, atol=1e-8)


def test_one_zarc_has_the_gamma_of_cole_and_cole():
    clean = 20 + zarc(100, 1e-2, 0.8)
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-4)), samples=0)
    truth = zarc_gamma(result.tau, 100, 1e-2, 0.8)
    assert relative_l2(result, truth) < 0.04
    assert result.resistance_inf == pytest.approx(20, rel=0.02)
    assert result.resistance_polarization == pytest.approx(100, rel=0.01)
    assert len(result.peak_rows) == 1


def test_rc_pairs_come_back_with_resistance_and_time():
    clean = 5 + zarc(40, 1e-4, 1.0) + zarc(80, 1e-1, 1.0)
    peaks = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 5e-4)), seed=1).peaks()
    assert list(peaks["status"]) == ["ok", "ok"]
    np.testing.assert_allclose(peaks["tau_s"], [1e-4, 1e-1], rtol=0.05)
    np.testing.assert_allclose(peaks["resistance_ohm"], [40, 80], rtol=0.02)
    np.testing.assert_allclose(peaks["capacitance_f"], [1e-4 / 40, 1e-1 / 80], rtol=0.06)


def test_series_terms_and_sum_of_areas(two_arcs_drt):
    result, peaks = two_arcs_drt, two_arcs_drt.peaks()
    assert result.resistance_inf == pytest.approx(10, rel=0.05)
    assert result.inductance == pytest.approx(2e-7, rel=0.1)
    assert result.elastance == 0
    assert result.tail == ()
    assert peaks["resistance_ohm"].sum() == pytest.approx(result.resistance_polarization)
    assert peaks["fraction"].sum() == pytest.approx(1)
    assert (result.gamma >= 0).all()
    assert result.rms < 2e-3


def test_table_keeps_the_contract(two_arcs_drt):
    peaks = two_arcs_drt.peaks(roles={2: "charge_transfer"})
    assert tuple(peaks.columns[: len(tables.PEAK_COLUMNS)]) == tables.PEAK_COLUMNS
    assert list(peaks["sample"]) == ["two arcs"] * 2
    assert list(peaks["sweep"]) == [3, 3]
    assert list(peaks["peak"]) == [1, 2]
    assert list(peaks["role"]) == ["", "charge_transfer"]
    np.testing.assert_allclose(peaks["frequency_hz"], 1 / (2 * np.pi * peaks["tau_s"]))
    assert (peaks["lower_ohm"] <= peaks["resistance_ohm"]).all()
    assert (peaks["upper_ohm"] >= peaks["resistance_ohm"]).all()
    assert set(peaks["status"]) <= set(tables.STATUSES)


def test_band_holds_most_of_the_true_gamma(two_arcs_drt):
    result = two_arcs_drt
    tau = result.tau
    truth = zarc_gamma(tau, 100, 1e-4, 0.85) + zarc_gamma(tau, 60, 3e-1, 0.8)
    held = (result.lower <= truth) & (truth <= result.upper)
    assert held[result.in_window].mean() > 0.8


def test_same_seed_same_band_and_other_seed_other(two_arcs):
    first, again, other = (drt_spectrum(two_arcs, samples=20, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(first.lower, again.lower)
    np.testing.assert_array_equal(first.gamma, other.gamma)
    assert (first.lower != other.lower).any()


def test_unit_of_the_ohm_does_not_matter(two_arcs):
    scaled = Spectrum(FREQUENCY, two_arcs.impedance * 1e4)
    small, large = (drt_spectrum(s, samples=0) for s in (two_arcs, scaled))
    assert large.regularization == pytest.approx(small.regularization)
    np.testing.assert_allclose(large.gamma, 1e4 * small.gamma, atol=1e-3 * large.gamma.max())


@pytest.mark.parametrize(
    "criterion", ["evidence", "gcv", "mgcv", "rgcv", "kfold", "re-im", "lcurve"]
)
def test_every_criterion_finds_both_arcs(two_arcs, criterion):
    result = drt_spectrum(two_arcs, regularization=criterion, samples=50)
    assert result.criterion == criterion
    lambdas, scores = result.sweep.T
    assert result.regularization == lambdas[np.nanargmin(scores)]
    tau = np.array([row["tau_s"] for row in result.peak_rows if row["fraction"] > 0.2])
    assert np.abs(np.log10(tau / [1e-4, 3e-1])).max() < 0.2


def test_evidence_is_sought_as_far_as_it_takes_and_no_farther(two_arcs):
    from eisfit.relaxation import drt, select
    from eisfit.relaxation.settings import Settings

    settings = Settings.of({"method": "tikhonov"})
    used = two_arcs.used()
    solved = drt._regularised(used, used.modulus, settings)[0]
    tried = np.array([solution.lam for solution in solved.sweep.path])
    whole = tried[0] * 10.0 ** np.arange(3, -9, -0.5)
    everything = select.sweep(solved.problem, solved.penalty, "evidence", whole)
    assert len(tried) < len(whole) / 2
    assert solved.sweep.scores.min() <= everything.scores.min() + 1.0
    assert not solved.sweep.at_end


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("basis", BASES)
def test_every_order_and_basis_fits(two_arcs, order, basis):
    result = drt_spectrum(two_arcs, order=order, basis=basis, samples=0)
    assert result.rms < 2.5e-3
    assert result.resistance_polarization == pytest.approx(160, rel=0.05)


@pytest.mark.parametrize("method", ["adaptive", "tikhonov"])
@pytest.mark.parametrize("lam", [1e-14, 1e-9, 1e-3, 1e3])
def test_any_lambda_gives_a_finite_answer(two_arcs, lam, method):
    result = drt_spectrum(two_arcs, regularization=lam, method=method, samples=5)
    assert result.criterion == "given"
    assert result.regularization == lam
    assert result.sweep.shape == (0, 2)
    assert np.isfinite(result.gamma).all()
    assert np.isfinite(result.upper).all()


def test_lambda_trades_fit_for_smoothness(two_arcs):
    rough, smooth = (drt_spectrum(two_arcs, regularization=x, samples=0) for x in (1e-8, 1e1))
    assert rough.rms < smooth.rms
    assert np.abs(np.diff(rough.gamma, 2)).sum() > np.abs(np.diff(smooth.gamma, 2)).sum()


def test_masked_points_are_not_used_but_fitted(two_arcs):
    broken = two_arcs.impedance.copy()
    broken[[20, 50]] *= 5
    masked = Spectrum(FREQUENCY, broken).masked(np.isin(np.arange(81), [20, 50]), "spike")
    result = drt_spectrum(masked, samples=0)
    kept = Spectrum(np.delete(FREQUENCY, [20, 50]), np.delete(two_arcs.impedance, [20, 50]))
    np.testing.assert_array_equal(result.gamma, drt_spectrum(kept, samples=0).gamma)
    assert result.impedance.shape == (81,)
    np.testing.assert_allclose(result.impedance[[20, 50]], two_arcs.impedance[[20, 50]], rtol=0.01)
    assert np.abs(result.residuals[[20, 50]]).min() > 0.5
    assert result.rms < 2e-3


def test_residuals_are_fit_minus_data_over_modulus(two_arcs, two_arcs_drt):
    difference = two_arcs_drt.impedance - two_arcs.impedance
    np.testing.assert_allclose(two_arcs_drt.residuals, difference / np.abs(two_arcs.impedance))


@pytest.mark.parametrize("alpha", [1.0, 0.92, 0.5])
def test_a_tail_stays_out_of_the_peaks(alpha):
    arcs = 10 + zarc(100, 1e-5, 0.85) + zarc(60, 1e-3, 0.85)
    tail = 300 * (1j * OMEGA) ** -alpha
    with_tail = drt_spectrum(Spectrum(FREQUENCY, noisy(arcs + tail, 1e-3)))
    without = drt_spectrum(Spectrum(FREQUENCY, noisy(arcs, 1e-3)))
    assert without.tail == ()
    assert with_tail.tail
    assert "tail" in with_tail.messages[0]
    first, second = with_tail.peak_rows[:2]
    plain_first, plain_second = without.peak_rows[:2]
    for found, plain in ((first, plain_first), (second, plain_second)):
        assert found["resistance_ohm"] == pytest.approx(plain["resistance_ohm"], rel=0.1)
        assert abs(np.log10(found["tau_s"] / plain["tau_s"])) < 0.1
    low = with_tail.tail_impedance[-1]
    assert abs(low - tail[-1]) < 0.1 * abs(tail[-1])


def test_pure_capacitance_is_reported_as_elastance():
    arcs = 10 + zarc(100, 1e-4, 0.9)
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(arcs + 50 / (1j * OMEGA), 5e-4)))
    assert result.elastance == pytest.approx(50, rel=0.05)


def test_arc_beyond_the_window_is_marked():
    clean = 10 + zarc(50, 1e-3, 0.9) + zarc(50, 3e-8, 0.9)
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3)))
    outside = [row for row in result.peak_rows if row["status"] == "outside window"]
    assert outside
    assert outside[0]["tau_s"] < 1.6e-7
    assert any("utside" in message for message in result.messages)
    inside = [row for row in result.peak_rows if row["status"] == "ok"]
    assert inside[-1]["resistance_ohm"] == pytest.approx(50, rel=0.05)


def test_noise_alone_has_no_peaks_in_a_resistor():
    clean = np.full(81, 100 + 0j)
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3)))
    assert result.peaks().query("status == 'ok'").empty
    assert result.resistance_inf == pytest.approx(100, rel=0.01)


def test_user_weights_decide_what_is_followed(two_arcs):
    bent = two_arcs.impedance.copy()
    bent[:20] *= 1.3
    sigma = np.abs(bent) * np.where(np.arange(81) < 20, 1e3, 1.0)
    result = drt_spectrum(Spectrum(FREQUENCY, bent), weighting=sigma, samples=0)
    assert np.abs(result.residuals[25:]).max() < 0.01


def test_result_survives_pickling_and_cannot_change(two_arcs_drt):
    copy = pickle.loads(pickle.dumps(two_arcs_drt))  # our own object, not a file
    np.testing.assert_array_equal(copy.gamma, two_arcs_drt.gamma)
    assert copy.peak_rows[0]["tau_s"] == two_arcs_drt.peak_rows[0]["tau_s"]
    with pytest.raises(ValueError, match="read-only"):
        two_arcs_drt.gamma[0] = 1.0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"regularisation": 1}, "no option 'regularisation'"),
        ({"regularization": "bayes"}, "choose one of"),
        ({"regularization": 0.0}, "positive"),
        ({"regularization": True}, "positive"),
        ({"order": 3}, "order"),
        ({"basis": "spline"}, "gaussian"),
        ({"tail": "maybe"}, "tail"),
        ({"method": "hybrid"}, "adaptive"),
        ({"weighting": "proportional"}, "modulus"),
        ({"weighting": np.ones(3)}, "81 positive numbers"),
        ({"samples": -1}, "from 0 on"),
    ],
)
def test_wrong_options_are_named(two_arcs, options, text):
    with pytest.raises(RelaxationError, match=text):
        drt_spectrum(two_arcs, **options)


def test_too_few_points_and_zero_impedance_are_refused(two_arcs):
    with pytest.raises(RelaxationError, match="at least 6 unmasked points"):
        drt_spectrum(Spectrum(FREQUENCY[:5], two_arcs.impedance[:5]))
    dead = two_arcs.impedance.copy()
    dead[3] = 0
    with pytest.raises(RelaxationError, match="zero"):
        drt_spectrum(Spectrum(FREQUENCY, dead))
    with pytest.raises(SpectrumError, match="every point"):
        drt_spectrum(two_arcs.masked(np.ones(81, dtype=bool), "all"))


def test_few_points_still_work(two_arcs):
    thin = Spectrum(FREQUENCY[::8], two_arcs.impedance[::8])
    result = drt_spectrum(thin, samples=10)
    assert result.resistance_polarization == pytest.approx(160, rel=0.1)


@pytest.mark.slow
def test_intervals_hold_the_truth_over_many_noises():
    """Two arcs 3.5 decades apart: at least nine of ten 95 % intervals hold tau and R."""
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 3e-1, 0.8)
    held = []
    for seed in range(60):
        rows = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 2e-3, seed)), samples=60).peak_rows
        for tau, resistance in ((1e-4, 100), (3e-1, 60)):
            row = min(rows, key=lambda row: abs(np.log(row["tau_s"] / tau)))
            held.append(row["tau_lower_s"] <= tau <= row["tau_upper_s"])
            held.append(row["lower_ohm"] <= resistance <= row["upper_ohm"])
    assert np.mean(held) > 0.9
