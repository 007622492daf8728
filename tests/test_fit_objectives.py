"""Weightings, parts, quantities and losses against scipy, closed forms and simulation."""

import numpy as np
import pytest
from families import WIDE, arc, noisy
from scipy.integrate import quad
from scipy.optimize import least_squares

import eisfit
from eisfit.errors import FitError
from eisfit.fitting.options import EFFORTS
from eisfit.fitting.residual import sigma_from_repeats
from eisfit.fitting.robust import TUNING, rho, transformed, variance_factor

TEXT = "R0-p(R1,CPE1)-p(R2,CPE2)"
TRUTH = {"R0": 20.0, **arc(1, 100, 1e-6, 0.9), **arc(2, 300, 1e-3, 0.8)}
MODEL = eisfit.load_model(TEXT)
NAMES = MODEL.names


def simulated(seed=0, noise=0.003):
    rng = np.random.default_rng(seed)
    return eisfit.Spectrum(WIDE, noisy(MODEL.impedance(WIDE, TRUTH), noise, rng), label="two")


def with_outliers(seed, share=0.05, size=1.0, noise=0.003):
    """Return a spectrum of which 5 % of the points are off by up to their own modulus."""
    rng = np.random.default_rng(seed)
    z = noisy(MODEL.impedance(WIDE, TRUTH), noise, rng)
    hit = rng.choice(len(z), max(1, round(share * len(z))), replace=False)
    turn = np.exp(2j * np.pi * rng.random(len(hit)))
    z[hit] += size * rng.uniform(0.3, 1.0, len(hit)) * np.abs(z[hit]) * turn
    return eisfit.Spectrum(WIDE, z, label="spoiled"), hit


def scipy_fit(spectrum, rows, start, **options):
    """Return scipy's fit of rows(fit, data), in logarithms."""
    f, z = spectrum.frequency, spectrum.impedance

    def residuals(y):
        return rows(MODEL.impedance(f, np.exp(y)), z)

    y = np.log([start[name] for name in NAMES])
    return least_squares(residuals, y, xtol=1e-15, ftol=1e-15, gtol=1e-15, jac="3-point",
                         **options)  # fmt: skip


def relative(fit, data):
    d = (fit - data) / np.abs(data)
    return np.concatenate([d.real, d.imag])


def inverse(fit, data):
    return relative(1 / fit, 1 / data)


def proportional_admittance(fit, data):
    y, d = 1 / data, 1 / fit - 1 / data
    parts = np.maximum(np.abs([y.real, y.imag]), 1e-3 * np.abs(y))
    return np.concatenate([d.real / parts[0], d.imag / parts[1]])


OBJECTIVES = {
    "real": ({"part": "real"}, lambda a, b: relative(a, b)[: len(b)], 70),
    "real, unit": ({"part": "real", "weighting": "unit"}, lambda a, b: (a - b).real, 70),
    "admittance": ({"quantity": "admittance"}, inverse, 140),
    "admittance, proportional": (
        {"quantity": "admittance", "weighting": "proportional"}, proportional_admittance, 140,
    ),
    "admittance, real": (
        {"quantity": "admittance", "part": "real"}, lambda a, b: inverse(a, b)[: len(b)], 70,
    ),
    "admittance, unit": (
        {"quantity": "admittance", "weighting": "unit"},
        lambda a, b: np.concatenate([(1 / a - 1 / b).real, (1 / a - 1 / b).imag]), 140,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OBJECTIVES)
def test_parts_and_quantities_are_fitted_as_scipy_fits_them(name):
    options, rows, count = OBJECTIVES[name]
    s = simulated()
    r = eisfit.fit(s, MODEL, **options)
    theirs = scipy_fit(s, rows, TRUTH, x_scale=1.0)
    assert r.success
    assert r.chi_square == pytest.approx(2 * theirs.cost, rel=1e-6)
    assert r.n_data == count
    assert r.degrees_of_freedom == count - len(NAMES)
    assert r.value_array() == pytest.approx(np.exp(theirs.x), rel=2e-4)
    covariance = np.linalg.inv(theirs.jac.T @ theirs.jac) * 2 * theirs.cost / (count - len(NAMES))
    expected = np.sqrt(np.diag(covariance)) * np.exp(theirs.x)
    assert np.array([r.stderr[n] for n in NAMES]) == pytest.approx(expected, rel=1e-3)
    assert np.sum(np.abs(r.residuals) ** 2) == pytest.approx(r.chi_square, rel=1e-9)
    for key in ("part", "quantity", "weighting", "loss"):
        default = {"part": "complex", "quantity": "impedance", "weighting": "modulus",
                   "loss": "linear"}[key]  # fmt: skip
        assert r.settings[key] == options.get(key, default)


def test_the_imaginary_part_does_not_know_a_series_resistance():
    s = simulated()
    r = eisfit.fit(s, MODEL, part="imaginary")
    assert r.status["R0"] == "not determined"
    assert np.isnan(r.stderr["R0"])
    rows = lambda a, b: relative(a, b)[len(b) :]  # noqa: E731
    assert r.chi_square == pytest.approx(2 * scipy_fit(s, rows, TRUTH).cost, rel=1e-6)
    assert r.values["R2"] == pytest.approx(300, abs=5 * r.stderr["R2"])


# ---------------------------------------------------------------------------------- weightings


def test_repeated_sweeps_give_their_own_scatter_and_honest_errors():
    noise = 0.002 * (1 + 4 * np.linspace(0, 1, len(WIDE)))  # five times as much at low frequency
    rng = np.random.default_rng(2)
    z = MODEL.impedance(WIDE, TRUTH)
    sweeps = []
    for _ in range(12):
        scatter = noise * np.abs(z) * (rng.normal(size=70) + 1j * rng.normal(size=70))
        sweeps.append(eisfit.Spectrum(WIDE, z + scatter))
    sigma = sigma_from_repeats(sweeps)
    assert sigma.values / np.abs(z)[:, None] == pytest.approx(np.stack([noise, noise], 1), rel=0.3)
    raw = sigma_from_repeats(sweeps, smooth=False).values / np.abs(z)[:, None]
    assert np.mean(raw / noise[:, None]) == pytest.approx(1.0, abs=0.05)
    assert np.std(raw / noise[:, None]) > 1.5 * np.std(sigma.values / np.abs(z * noise)[:, None])
    r = eisfit.fit(sweeps[0], MODEL, weighting=sweeps, absolute_sigma=True)
    assert r.reduced_chi_square == pytest.approx(1.0, abs=0.3)
    assert r.settings["weighting"] == "12 repeated sweeps"
    pulls = [(r.values[n] - TRUTH[n]) / r.stderr[n] for n in NAMES]
    assert np.abs(pulls).max() < 3.5
    plain = eisfit.fit(sweeps[0], MODEL)
    assert r.stderr["R1"] < plain.stderr["R1"]


def test_kramers_kronig_residuals_weigh_by_the_noise_that_is_there():
    """Ten times the noise below 100 Hz: errors are nearer those of true sigma than by modulus."""
    z = MODEL.impedance(WIDE, TRUTH)
    noise = np.where(WIDE < 100, 0.02, 0.002)
    ratios, better = [], 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        scatter = noise * np.abs(z) * (rng.normal(size=70) + 1j * rng.normal(size=70))
        s = eisfit.Spectrum(WIDE, z + scatter)
        r = eisfit.fit(s, MODEL, weighting="kramers-kronig", absolute_sigma=True)
        best = eisfit.fit(s, MODEL, weighting=noise * np.abs(z), absolute_sigma=True)
        ratios.append(r.stderr["R1"] / best.stderr["R1"])
        better += r.stderr["R1"] < eisfit.fit(s, MODEL).stderr["R1"]
        assert r.settings["weighting"] == "kramers-kronig"
        assert 0.3 < r.reduced_chi_square < 1.8  # its test weighs all points alike
    assert 0.8 < np.mean(ratios) < 2.2
    assert better == 6
    many = eisfit.fit_many([s], MODEL, weighting="kramers-kronig", absolute_sigma=True)[0]
    assert dict(many.values) == dict(r.values)


def test_an_array_may_have_all_points_or_only_those_that_are_not_masked():
    s = simulated()
    hit = np.zeros(len(s), dtype=bool)
    hit[[3, 30]] = True
    masked = s.masked(hit, "spike")
    sigma = 0.003 * s.modulus
    whole = eisfit.fit(masked, MODEL, weighting=sigma)
    few = eisfit.fit(masked, MODEL, weighting=sigma[~hit])
    assert dict(whole.values) == dict(few.values)
    assert np.isfinite(whole.residuals).all()
    assert np.isnan(few.residuals[hit]).all()
    assert whole.n_data == few.n_data == 2 * (len(s) - 2)


@pytest.mark.parametrize("part", ["real", "imaginary"])
def test_sigma_of_each_part_serves_a_fit_of_one_part_and_stays_as_it_was(part):
    s = simulated()
    sigma = np.abs(s.impedance)[:, None] * np.linspace(0.002, 0.006, 2 * len(s)).reshape(-1, 2)
    before = sigma.copy()
    r = eisfit.fit(s, MODEL, weighting=sigma, part=part, fixed={"R0": TRUTH["R0"]})
    assert (sigma == before).all()
    column = ("real", "imaginary").index(part)
    misfit = getattr(r.impedance - s.impedance, part[:4]) / sigma[:, column]
    assert r.chi_square == pytest.approx((misfit**2).sum(), rel=1e-12)
    assert len(r.profile(["R1"])) == 1  # which asks for the same problem again
    for weighting in ("kramers-kronig", [simulated(k) for k in range(4)]):
        assert eisfit.fit(s, MODEL, weighting=weighting, part=part).n_data == len(s)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "phase"}, "unknown part 'phase': choose one of complex, real, imaginary"),
        ({"quantity": "modulus"}, "unknown quantity"),
        ({"loss": "tukey"}, "unknown loss.*soft_l1, huber, cauchy"),
        ({"loss": "huber", "loss_scale": -1.0}, "loss_scale must be a positive number"),
        ({"loss_scale": 1.0}, "loss_scale needs a loss"),
        ({"budget_s": 0}, "budget_s must be a positive number"),
        ({"budget_s": np.nan}, "budget_s must be a positive number"),
        ({"weighting": np.full(70, np.nan)}, "finite and positive"),
        ({"budget_s": True}, "budget_s must be a positive number, found True"),
        ({"effort": ["fast"]}, "unknown effort"),
        ({"weighting": np.full(70, 1j)}, "must be real"),
        ({"weighting": np.full(70, 1e-300)}, "1e-300 cannot be meant: give them in ohm"),
        ({"weighting": np.full(70, 1e300)}, r"1e\+300 cannot be meant"),
        ({"weighting": ["a"] * 70}, "array of numbers"),
        ({"weighting": [simulated()]}, "at least 2 spectra"),
        ({"weighting": [simulated(), simulated().crop(f_max=1e5)]}, "same frequencies"),
        ({"weighting": [simulated(), simulated()]}, "no scatter"),
        ({"part": "real", "fixed": {}}, "80 free|9 free|7 free"),
    ],
)
def test_what_cannot_be_weighted_is_refused(options, message):
    s = simulated()
    if "free" in message:
        s = eisfit.Spectrum(WIDE[::12], s.impedance[::12])  # 6 points: enough for the complex fit
        assert eisfit.fit(s, MODEL).n_data == 12
    with pytest.raises(FitError, match=message):
        eisfit.fit(s, MODEL, **options)


# -------------------------------------------------------------------------------------- robust


@pytest.mark.parametrize("loss", TUNING)
def test_losses_are_those_of_scipy(loss):
    """By its cost at a point: least_squares with one residual a datum and no step to take."""
    r = np.random.default_rng(0).normal(0, 3, 40)
    found = least_squares(lambda x: r + 0 * x[0], [0.0], loss=loss, f_scale=1.7, max_nfev=1)
    value, _, _ = rho(loss, (r / 1.7) ** 2)
    assert 0.5 * 1.7**2 * value.sum() == pytest.approx(found.cost)
    changed, slope = transformed(loss, np.float64(1.7), r)
    assert (changed**2).sum() == pytest.approx(2 * found.cost)
    numeric = (transformed(loss, 1.7, r + 1e-6)[0] - transformed(loss, 1.7, r - 1e-6)[0]) / 2e-6
    assert slope == pytest.approx(numeric, abs=1e-5)
    z = np.array([0.2, 0.9, 1.1, 7.0])
    for k in (0, 1):
        numeric = (rho(loss, z + 1e-6)[k] - rho(loss, z - 1e-6)[k]) / 2e-6
        assert rho(loss, z)[k + 1] == pytest.approx(numeric, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("loss", TUNING)
def test_the_scale_of_a_loss_keeps_95_percent_efficiency(loss):
    c = TUNING[loss]

    def normal(x):
        return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)

    def mean(function):
        return 2 * sum(
            quad(lambda x: function(x) * normal(x), *ends)[0] for ends in ((0, c), (c, 12))
        )

    def slope(x):
        z = np.array((x / c) ** 2)
        _, first, second = rho(loss, z)
        return first + 2 * z * second

    spread = mean(lambda x: (x * rho(loss, np.array((x / c) ** 2))[1]) ** 2)
    assert mean(slope) ** 2 / spread == pytest.approx(0.95, abs=0.001)
    draws = np.random.default_rng(0).normal(size=200_000)
    assert variance_factor(loss, c, draws, 1) == pytest.approx(1 / 0.95, rel=0.01)


@pytest.mark.parametrize("loss", TUNING)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_robust_fit_is_the_one_of_scipy(loss, seed):
    s, _ = with_outliers(seed)
    r = eisfit.fit(s, MODEL, loss=loss, loss_scale=0.005)
    theirs = scipy_fit(s, relative, dict(r.values), loss=loss, f_scale=0.005)
    assert np.log(r.value_array()) == pytest.approx(theirs.x, abs=1e-6)
    truth = scipy_fit(s, relative, TRUTH, loss=loss, f_scale=0.005)
    weighted = relative(r.impedance, s.impedance)
    own = 0.5 * 0.005**2 * rho(loss, (weighted / 0.005) ** 2)[0].sum()
    assert own <= truth.cost * (1 + 1e-9)
    assert r.chi_square == pytest.approx(np.sum(weighted**2), rel=1e-9)  # not the loss
    assert r.settings["loss"] == loss
    assert r.settings["loss_scale"] == 0.005


@pytest.mark.parametrize("loss", TUNING)
def test_outliers_do_not_move_a_robust_fit(loss):
    """5 % of the points off by 30 to 100 %: pulls are like those of clean data.

    Huber's and soft-L1's losses still feel an outlier at the end of an arc, by a bounded pull.
    """
    pulls, plain = [], []
    for seed in range(12):
        s, _ = with_outliers(100 + seed)
        r = eisfit.fit(s, MODEL, loss=loss)
        assert r.settings["loss_scale"] == pytest.approx(0.003 * TUNING[loss], rel=0.4)
        pulls.append([(r.values[n] - TRUTH[n]) / r.stderr[n] for n in NAMES])
        p = eisfit.fit(s, MODEL)
        plain.append([(p.values[n] - TRUTH[n]) / r.stderr[n] for n in NAMES])
    pulls, plain = np.array(pulls), np.array(plain)
    assert np.sqrt(np.mean(pulls**2)) < (1.2 if loss == "cauchy" else 1.6)
    assert np.mean(np.abs(pulls) < 2) >= 0.9
    assert np.sqrt(np.nanmean(plain**2)) > 4


@pytest.mark.slow
@pytest.mark.parametrize("loss", TUNING)
def test_intervals_of_robust_fits_hold_the_truth(loss):
    draws = [eisfit.fit(simulated(seed), MODEL, loss=loss) for seed in range(300)]
    for n in NAMES:
        pulls = [(r.values[n] - TRUTH[n]) / r.stderr[n] for r in draws]
        assert np.std(pulls) == pytest.approx(1.0, abs=0.13)


def test_a_robust_fit_without_noise_ends():
    s = eisfit.Spectrum(WIDE, MODEL.impedance(WIDE, TRUTH))
    r = eisfit.fit(s, MODEL, loss="cauchy")
    assert dict(r.values) == pytest.approx(TRUTH, rel=1e-5)


# -------------------------------------------------------------------------------------- budget


def test_a_fit_ends_within_its_budget_and_says_so():
    s = simulated()
    hurried = eisfit.fit(s, "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)-p(R4,CPE4)", budget_s=1e-9)
    assert not hurried.success
    assert "ended at its budget of 1e-09 s" in hurried.message
    assert hurried.starts <= EFFORTS["thorough"].first  # one round, which is finished
    assert hurried.message in list(hurried.notes())
    relaxed = eisfit.fit(s, MODEL, budget_s=30)
    assert relaxed.success
    assert relaxed.settings["budget_s"] == 30
