"""The peak model behind the default DRT: shapes, search, posterior, shares."""

import numpy as np
import pytest

from eisfit import Spectrum
from eisfit.errors import RelaxationError
from eisfit.relaxation import drt_spectrum, responses, shapes
from eisfit.relaxation.posterior import binned
from eisfit.relaxation.shapes import places

FREQUENCY = np.geomspace(1e6, 1e-2, 81)
S = 2j * np.pi * FREQUENCY
FAMILIES = range(len(shapes.NAMES))


def zarc(resistance, tau, alpha, skew=1.0):
    return resistance / (1 + (S * tau) ** alpha) ** skew


def bell(resistance, tau, width):
    u = np.linspace(-8, 8, 801) * width
    mass = np.exp(-0.5 * (u / width) ** 2)
    return (resistance * mass / mass.sum() / (1 + S[:, None] * tau * np.exp(u))).sum(axis=1)


def noisy(impedance, noise, seed=0):
    both = np.random.default_rng([11, seed]).standard_normal((2, len(impedance)))
    return impedance + np.abs(impedance) * noise * (both[0] + 1j * both[1])


def parameters(family):
    random = np.random.default_rng(family)
    theta = shapes.PRIOR_MEAN[family] + 0.2 * random.standard_normal(4)
    theta[:2] = 1.0, 0.3
    return np.array([family]), theta[None]


def test_an_even_spread_has_froehlichs_impedance():
    """By quadrature over the plateau alone, ends included."""
    kind, theta = np.array([shapes.FROEHLICH]), np.array([[np.log(5.0), 0.4, np.log(1.3), 0.0]])
    log_omega = np.linspace(-8, 8, 40)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    u = 0.4 + 1.3 * nodes
    gamma = shapes.gamma(kind, theta, u)[0]
    np.testing.assert_allclose(gamma, 5.0 / 2.6)
    assert not shapes.gamma(kind, theta, np.array([0.4 - 1.31, 0.4 + 1.31])).any()
    direct = (1.3 * weights * gamma / (1 + 1j * np.exp(log_omega)[:, None] * np.exp(u))).sum(axis=1)
    np.testing.assert_allclose(responses.evaluate(kind, theta, log_omega)[0, 0], direct, rtol=1e-9)


def test_mean_of_a_skewed_peak_is_where_its_parameter_says():
    kind, theta = parameters(shapes.HAVRILIAK_NEGAMI)
    u = np.linspace(-200, 200, 200001)
    gamma = shapes.gamma(kind, theta, u)[0]
    assert np.trapezoid(gamma * u, u) / np.trapezoid(gamma, u) == pytest.approx(0.3, abs=1e-3)


def test_a_debye_peak_is_that_of_an_rc_shown_a_tenth_of_a_decade_wide():
    kind, theta = np.array([shapes.DEBYE]), np.array([[np.log(5.0), 0.4, 0.0, 0.0]])
    log_omega = np.linspace(-8, 8, 40)
    z = responses.evaluate(kind, theta, log_omega)[0, 0]
    np.testing.assert_allclose(z, 5.0 / (1 + 1j * np.exp(log_omega + 0.4)), rtol=1e-12)
    u = np.linspace(-1, 2, 3001)
    gamma = shapes.gamma(kind, theta, u)[0]
    assert np.trapezoid(gamma, u) == pytest.approx(5.0, rel=1e-6)
    assert np.ptp(u[gamma > gamma.max() / 2]) == pytest.approx(0.1 * np.log(10.0), rel=0.03)


@pytest.mark.parametrize(
    "family", [f for f in FAMILIES if f not in (shapes.FROEHLICH, shapes.DEBYE)]
)
def test_impedance_is_the_integral_of_gamma(family):
    kind, theta = parameters(family)
    log_omega = np.linspace(-8, 8, 40)
    u = np.linspace(-60, 60, 60001)
    gamma = shapes.gamma(kind, theta, u)[0]
    assert np.trapezoid(gamma, u) == pytest.approx(np.e, rel=1e-5)
    direct = np.trapezoid(gamma / (1 + 1j * np.exp(log_omega)[:, None] * np.exp(u)), u)
    z = responses.evaluate(kind, theta, log_omega)[0, 0]
    np.testing.assert_allclose(z, direct, atol=3e-5 * np.abs(direct).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_derivatives_agree_with_differences(family):
    kind, theta = parameters(family)
    log_omega = np.linspace(-8, 8, 40)
    exact = responses.evaluate(kind, theta, log_omega)[0]
    for j in np.flatnonzero(shapes.HAS[family]):
        step = np.zeros(4)
        step[j] = 1e-5
        up, down = (responses.evaluate(kind, theta + x, log_omega)[0, 0] for x in (step, -step))
        np.testing.assert_allclose((up - down) / 2e-5, exact[j], atol=2e-5 * np.abs(exact[0]).max())


@pytest.mark.parametrize("family", shapes.TURNING)
def test_a_step_of_q_leaves_the_width(family):
    kind, old = parameters(family)
    new = old.copy()
    new[0, 3] += 0.3
    new[0, 2] += shapes.bend(family, old, new)[0]
    u = old[0, 1] + np.linspace(-40, 40, 80001)
    before, after = (shapes.gamma(kind, theta, u)[0] for theta in (old, new))
    if family == shapes.HAVRILIAK_NEGAMI:
        a, b = 1 / (1 + np.exp(-np.array([old[0, 2:], new[0, 2:]]).T))
        kept = a * np.sqrt(b)
    elif family == shapes.GENERAL:
        kept = np.array([curve @ (u - old[0, 1]) ** 2 / curve.sum() for curve in (before, after)])
    else:
        kept = np.array([before.max(), after.max()])
    assert kept[1] == pytest.approx(kept[0], rel=1e-6)
    small = old.copy()
    small[0, 3] += 1e-6
    slope = shapes.bend(family, old, small)[0] / 1e-6
    assert shapes.turn(family, old)[0] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != shapes.FROEHLICH])
def test_place_is_where_gamma_is_largest(family):
    kind, theta = parameters(family)
    u = np.linspace(-3, 4, 70001)
    top = u[shapes.gamma(kind, theta, u)[0].argmax()]
    assert places(kind, theta)[0] == pytest.approx(top, abs=2e-4)


def test_a_peak_narrower_than_the_grid_keeps_its_area():
    kind, theta = np.array([shapes.ZARC]), np.array([[np.log(7.0), 0.03, 5.5, 0.0]])
    u = np.arange(-20, 20, 0.1)
    assert binned(kind, theta, u).sum() * 0.1 == pytest.approx(7.0, rel=1e-3)


def test_gamma_blends_the_two_curves_and_says_why():
    clean = 10 + zarc(100, 1e-4, 0.9) + zarc(60, 0.3, 0.85, 0.7)
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3)))
    assert result.method == "blend"
    assert 0.7 < result.share < 1
    mixed = result.share * result.parametric + (1 - result.share) * result.regularised
    np.testing.assert_allclose(result.gamma, mixed)
    assert "fitted peaks" in result.reason
    step = np.log(result.tau[1] / result.tau[0])
    assert result.gamma.sum() * step == pytest.approx(result.resistance_polarization, rel=0.02)
    total = sum(row["resistance_ohm"] for row in result.peak_rows)
    assert total == pytest.approx(result.resistance_polarization)
    plain = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3)), method="tikhonov", samples=0)
    assert plain.share == 0
    np.testing.assert_array_equal(plain.regularised, plain.gamma)
    assert np.isnan(plain.parametric).all()


def test_skewed_peak_is_one_peak_at_the_maximum_of_its_gamma():
    clean = 10 + zarc(100, 1e-3, 0.9, 0.6)
    row, *more = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3))).peak_rows
    assert not more
    angle = np.pi * 0.9 / 1.6
    top = 1e-3 * (np.sin(angle) / np.sin(np.pi * 0.9 - angle)) ** (-1 / 0.9)
    assert row["tau_s"] == pytest.approx(top, rel=0.05)
    assert row["resistance_ohm"] == pytest.approx(100, rel=0.01)
    assert row["family"] == "havriliak-negami"


def test_shape_that_is_no_family_is_one_peak():
    """A plateau over one and a half decades."""
    u = np.linspace(-1.7, 1.7, 401)
    z = 10 + (100 / 401 / (1 + S[:, None] * 1e-2 * np.exp(u))).sum(axis=1)
    rows = drt_spectrum(Spectrum(FREQUENCY, noisy(z, 5e-4))).peak_rows
    large = [row for row in rows if row["fraction"] > 0.05]
    assert len(large) == 1
    assert large[0]["resistance_ohm"] == pytest.approx(100, rel=0.02)


def test_share_falls_where_the_peaks_do_not_fit(monkeypatch):
    """A search that may not leave its first candidates fits two unlike peaks badly."""
    from eisfit.relaxation import search

    clean = 10 + zarc(100, 1e-4, 0.75, 0.6) + bell(100, 0.1, 0.9)
    spectrum = Spectrum(FREQUENCY, noisy(clean, 3e-4))
    free = drt_spectrum(spectrum, samples=0)
    monkeypatch.setattr(search._Hunt, "suit_counts", lambda self, counts: None)
    monkeypatch.setattr(search._Hunt, "try_together", lambda self, moves: None)
    monkeypatch.setattr(search._Hunt, "look_around", lambda self: None)
    bound = drt_spectrum(spectrum, samples=0)
    assert bound.share < 0.5 < free.share
    assert "times the variance" in bound.reason


@pytest.mark.parametrize("half", [0.9, 1.5])
def test_an_even_spread_of_relaxation_times_is_seen_as_one(half):
    u = np.linspace(-half, half, 2001)
    z = 10 + 50 / (1 + (S * 1e-5) ** 0.9) + (100 / (1 + S[:, None] * 1e-2 * np.exp(u))).mean(axis=1)
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(z, 5e-4)))
    row = max(result.peak_rows, key=lambda row: row["resistance_ohm"])
    assert len(result.peak_rows) == 2
    assert row["family"] == "froehlich"
    assert row["resistance_ohm"] == pytest.approx(100, rel=0.01)
    assert row["width_decades"] == pytest.approx(2 * half / np.log(10), rel=0.05)
    inside = result.in_window
    truth = np.where(np.abs(np.log(result.tau / 1e-2)) < half, 50 / half, 0.0)
    near = inside & (np.abs(np.log(result.tau / 1e-2)) < 3)
    error = np.linalg.norm((result.gamma - truth)[near]) / np.linalg.norm(truth[near])
    assert error < 0.25
    assert np.isfinite(result.upper).all()


def test_inductive_loop_on_request():
    """R = -4 ohm at 30 s: gamma goes negative there and nowhere else of note."""
    clean = 5 + zarc(20, 1e-3, 0.85) + zarc(10, 0.3, 0.9) - zarc(4, 8.0, 1.0)
    spectrum = Spectrum(FREQUENCY, noisy(clean, 1e-3))
    bound = drt_spectrum(spectrum)
    result = drt_spectrum(spectrum, signed=True)
    assert bound.rms > 5e-3
    assert result.rms < 1.5e-3
    assert result.method == "adaptive"
    loop = min(result.peak_rows, key=lambda row: row["resistance_ohm"])
    assert loop["resistance_ohm"] == pytest.approx(-4, rel=0.3)
    assert abs(np.log10(loop["tau_s"] / 8.0)) < 0.15
    assert loop["lower_ohm"] < loop["resistance_ohm"] < loop["upper_ohm"] < 0
    arcs = result.peaks().query("resistance_ohm > 2")
    np.testing.assert_allclose(arcs["resistance_ohm"], [20, 10], rtol=0.1)
    assert result.resistance_inf + result.resistance_polarization == pytest.approx(31, rel=0.01)
    for criterion in ("gcv", "kfold", "re-im"):
        again = drt_spectrum(spectrum, signed=True, regularization=criterion, samples=0)
        assert again.rms < 1.5e-3
    with pytest.raises(RelaxationError, match="negative"):
        drt_spectrum(spectrum, signed=True, method="blend")


@pytest.mark.parametrize("alpha", [0.5, 0.83])
def test_a_tail_of_one_term_has_its_own_exponent(alpha):
    clean = 10 + zarc(100, 1e-5, 0.85) + 300 * S**-alpha
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3)), tail="cpe")
    ((size, exponent),) = result.tail
    assert exponent == pytest.approx(alpha, abs=0.005)
    assert size == pytest.approx(300, rel=0.01)
    # An exponent that is off by 0.001 leaves a rest of the tail, beyond the window.
    inside = [row for row in result.peak_rows if row["status"] != "outside window"]
    (row,) = (row for row in inside if row["fraction"] > 0.01)
    assert row["resistance_ohm"] == pytest.approx(100, rel=0.02)


def test_shape_of_a_radial_basis_by_coefficient_or_factor():
    """The factor times ln tau, halved where the full width is spacing over coefficient."""
    from eisfit.relaxation.discretization import coefficient_of, values

    tau = np.geomspace(1e-6, 1e2, 97)
    spacing = np.log(tau[1] / tau[0])
    coefficient = coefficient_of(5.0, spacing, "gaussian")
    row = values(97, "gaussian", coefficient)[48]
    shape = np.exp(-((5.0 * np.log(tau / tau[48])) ** 2))
    np.testing.assert_allclose(row / row[48], shape, atol=1e-12)
    wide = values(97, "matern2", 0.25)[48]
    assert wide[50] / wide[48] == pytest.approx(0.5, abs=1e-6)
    clean = 10 + zarc(100, 1e-4, 0.85)
    spectrum = Spectrum(FREQUENCY, noisy(clean, 1e-3))
    for options in ({"fwhm_coefficient": 0.25}, {"shape_factor": 6.0, "basis": "matern4"}):
        result = drt_spectrum(spectrum, samples=0, method="tikhonov", **options)
        assert result.resistance_polarization == pytest.approx(100, rel=0.02)
    with pytest.raises(RelaxationError, match="no shape"):
        drt_spectrum(spectrum, basis="linear", shape_factor=5.0)


def test_noise_that_rises_to_an_end_is_no_outlier():
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 0.3, 0.8)
    level = 3e-4 * np.exp(2.0 * np.clip(np.log10(FREQUENCY / 1e4), 0, None))
    both = np.random.default_rng(2).standard_normal((2, 81))
    z = clean + np.abs(clean) * level * (both[0] + 1j * both[1])
    messages = drt_spectrum(Spectrum(FREQUENCY, z)).messages
    assert any("uneven" in message for message in messages)
    assert not any("outliers" in message for message in messages)


def test_outliers_count_for_less_and_are_named():
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 0.3, 0.8)
    z = noisy(clean, 1e-3)
    z[[20, 45, 60]] *= [1.1, 0.9, 1.2]
    spectrum = Spectrum(FREQUENCY, z)
    robust, plain = (drt_spectrum(spectrum, robust=x) for x in (True, False))
    for row, tau, resistance in zip(robust.peak_rows, (1e-4, 0.3), (100, 60), strict=True):
        assert row["tau_s"] == pytest.approx(tau, rel=0.03)
        assert row["resistance_ohm"] == pytest.approx(resistance, rel=0.01)
    assert any("counted for less" in message for message in robust.messages)
    assert not any("counted for less" in message for message in plain.messages)


@pytest.mark.parametrize("seed", range(3, 9))
def test_noise_that_is_not_proportional_to_the_modulus(seed):
    """Half an ohm everywhere is 25 % of the modulus at one end and 0.05 % at the other."""
    clean = 2 + zarc(400, 1e-4, 0.85) + zarc(600, 0.3, 0.8)
    both = np.random.default_rng(seed).standard_normal((2, 81))
    result = drt_spectrum(Spectrum(FREQUENCY, clean + 0.5 * (both[0] + 1j * both[1])))
    rows = result.peaks().query("status == 'ok' and fraction > 0.05")
    np.testing.assert_allclose(rows["tau_s"], [1e-4, 0.3], rtol=0.01)
    np.testing.assert_allclose(rows["resistance_ohm"], [400, 600], rtol=0.005)
    assert any("uneven" in message for message in result.messages)


def test_half_the_points_missing():
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 0.3, 0.8)
    keep = np.random.default_rng(1).choice(81, 40, replace=False)
    rows = drt_spectrum(Spectrum(FREQUENCY[keep], noisy(clean, 1e-3)[keep])).peak_rows
    np.testing.assert_allclose([row["tau_s"] for row in rows], [1e-4, 0.3], rtol=0.03)
    np.testing.assert_allclose([row["resistance_ohm"] for row in rows], [100, 60], rtol=0.01)


@pytest.mark.parametrize("part", ["real", "imaginary"])
def test_one_part_alone_finds_both_arcs(part):
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 0.3, 0.8) + 3e-7 * S
    result = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3)), part=part)
    assert result.method == "adaptive"
    rows = [row for row in result.peak_rows if row["fraction"] > 0.1]
    np.testing.assert_allclose([row["resistance_ohm"] for row in rows], [100, 60], rtol=0.05)
    assert result.resistance_inf == pytest.approx(10, rel=0.02)
    assert result.inductance == pytest.approx(3e-7, rel=0.02)
    assert np.abs(result.residuals).max() < 0.01


def test_one_part_has_neither_blend_nor_cross_validation_of_parts():
    spectrum = Spectrum(FREQUENCY, noisy(10 + zarc(100, 1e-4, 0.85), 1e-3))
    with pytest.raises(RelaxationError, match="both parts"):
        drt_spectrum(spectrum, part="real", method="blend")
    with pytest.raises(RelaxationError, match="both parts"):
        drt_spectrum(spectrum, part="real", regularization="re-im")


FAR_APART = {
    "two ZARCs": (10 + zarc(100, 1e-4, 0.85) + zarc(60, 0.3, 0.8), ((1e-4, 100), (0.3, 60)), 2e-3),
    "two lognormals": (
        10 + bell(60, 1e-3, 0.6) + bell(60, 5e-2, 0.4),
        ((1e-3, 60), (5e-2, 60)),
        5e-4,
    ),
    "ZARC, lognormal, RC": (
        5 + zarc(30, 1e-5, 0.9) + bell(80, 1e-2, 0.5) + zarc(40, 1.0, 1.0),
        ((1e-5, 30), (1e-2, 80), (1.0, 40)),
        2e-3,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAR_APART)
def test_intervals_hold_the_truth_as_often_as_they_say(name):
    """95 % intervals of R and tau over 330 noise draws each.

    Two standard errors of the count are allowed below 92 and above 98 %: 1,000 draws over twenty
    spectra are in benchmarks/results/drt_coverage.csv.
    """
    impedance, truth, noise = FAR_APART[name]
    held = []
    for seed in range(330):
        spectrum = Spectrum(FREQUENCY, noisy(impedance, noise, seed))
        rows = drt_spectrum(spectrum, samples=0).peak_rows
        for tau, resistance in truth:
            row = min(rows, key=lambda row: abs(np.log(row["tau_s"] / tau)))
            held.append(
                (
                    row["lower_ohm"] <= resistance <= row["upper_ohm"],
                    row["tau_lower_s"] <= tau <= row["tau_upper_s"],
                )
            )
    coverage = np.mean(held, axis=0)
    error = np.sqrt(0.95 * 0.05 / len(held))
    assert (coverage > 0.92 - 2 * error).all()
    assert (coverage < 0.98 + 2 * error).all()


def test_a_peak_that_few_points_make_is_less_probable():
    """A ripple of three points beside two arcs, against an arc of the same height."""
    clean = 10 + zarc(100, 1e-4, 0.85) + zarc(60, 0.3, 0.8)
    sure = drt_spectrum(Spectrum(FREQUENCY, noisy(clean, 1e-3))).peaks()
    assert (sure["probability"] == 1).all()
    z = noisy(clean, 1e-3)
    z[37:41] += 0.4 - 0.8j * np.array([0.5, 1.0, 1.0, 0.5])
    rippled = drt_spectrum(Spectrum(FREQUENCY, z), robust=False).peaks()
    for tau in (1e-4, 0.3):
        near = rippled.iloc[np.abs(np.log(rippled["tau_s"] / tau)).argmin()]
        assert near["probability"] > 0.9
    false = rippled[
        (np.abs(np.log10(rippled["tau_s"] / 1e-4)) > 0.3)
        & (np.abs(np.log10(rippled["tau_s"] / 0.3)) > 0.3)
    ]
    assert (false["probability"] < 0.9).all()


def test_many_candidates_of_like_evidence_can_be_drawn_from():
    from dataclasses import replace

    from eisfit.relaxation.mixture import Candidate
    from eisfit.relaxation.posterior import Posterior

    kind, theta = parameters(shapes.ZARC)
    known = {"hessian": np.eye(5) * 1e4, "free": np.ones(5, dtype=bool)}
    one = Candidate(kind, theta, np.ones(1), 0.0, 0.0, 1.0, **known)
    posterior = Posterior.of([replace(one, score=0.01 * i) for i in range(12)], 160, np.ones(1))
    u = np.linspace(-5, 5, 101)
    drawn = posterior.draws(u, 50, np.random.default_rng(0))
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn.mean(axis=0), posterior.gamma(u), rtol=0.05)
