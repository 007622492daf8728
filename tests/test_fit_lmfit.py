"""To lmfit and back, against lmfit's own fits, other people's numbers, and its own checks."""

import numpy as np
import pytest
from families import FAMILIES, SLOW, WIDE, arc, make, noisy

import eisfit
from eisfit.errors import FitError, ModelError
from eisfit.fitting.lmfit_bridge import from_lmfit, is_parameters

lmfit = pytest.importorskip("lmfit")


def agree(m, r):
    """Say that lmfit found nothing else than we did."""
    assert m.chisqr == pytest.approx(r.chi_square, rel=1e-9)
    assert m.redchi == pytest.approx(r.reduced_chi_square, rel=1e-9)
    assert (m.nvarys, m.ndata, m.nfree) == (r.n_free, r.n_data, r.degrees_of_freedom)
    assert m.aic == pytest.approx(r.aic, abs=1e-6)
    assert m.bic == pytest.approx(r.bic, abs=1e-6)
    place = {name: i for i, name in enumerate(r.names)}
    for name in r.names:
        own = m.params[name]
        if r.status[name] == "fixed":
            assert not own.vary
            assert own.value == pytest.approx(r.values[name], rel=1e-12)
            continue
        assert own.vary
        if not np.isfinite(r.stderr[name]):
            assert np.isnan(own.stderr)
            continue
        assert own.value == pytest.approx(r.values[name], abs=1e-3 * r.stderr[name])
        assert own.stderr == pytest.approx(r.stderr[name], rel=1e-3)
        for other, correlation in own.correl.items():
            expected = r.correlation[place[name], place[other]]
            assert correlation == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [0, 2])
def test_lmfit_agrees_with_us_on_every_family(family, seed):
    case = make(family, seed)
    r = eisfit.fit(case.spectrum, case.model)
    m = r.lmfit()
    assert isinstance(m, lmfit.minimizer.MinimizerResult)
    assert m.success
    agree(m, r)
    report = lmfit.fit_report(m)
    for name in r.names:
        assert f"{name}:" in report


@pytest.mark.parametrize(
    "text", ["L0-R0-p(R1-Wo1,CPE1)", "R0-p(R1-p(R2,CPE2),CPE1)-G1-Zarc1", "R(Q[RO])", "R0-K1"]
)
def test_lmfit_takes_every_kind_of_circuit(text):
    model = eisfit.load_model(text)
    rng = np.random.default_rng(1)
    values = {}
    for slot in model.circuit.slots:
        spec = slot.parameter
        decades = 0.9 if spec.is_exponent else 10.0 ** rng.uniform(-0.5, 0.5)
        unit = 100.0**spec.ohm * (1e-3 ** (0.9 if spec.second == "alpha" else float(spec.second)))
        values[slot.name] = decades if spec.is_exponent else decades * unit
    further = {"L0": 1e-5, "Wo1_1": 1.0}  # where the others do not hide them
    values |= {name: further[name] for name in further if name in values}
    f = np.geomspace(1e5, 0.1, 60)
    z = noisy(model.impedance(f, values), 0.002, rng)
    r = eisfit.fit(eisfit.Spectrum(f, z), model)
    agree(r.lmfit(), r)


def test_our_jacobian_gives_what_lmfit_finds_with_its_own_differences():
    """A fit by lmfit alone: its own start, residual function and numerical derivatives."""
    truth = {"R0": 20.0, **arc(1, 100, 1e-5, 0.9), **arc(2, 300, 1e-3, 0.85)}
    w = 2j * np.pi * SLOW

    def curve(p):
        return p["R0"] + sum(
            p[f"R{i}"] / (1 + p[f"R{i}"] * p[f"CPE{i}_0"] * w ** p[f"CPE{i}_1"]) for i in (1, 2)
        )

    z = noisy(curve(truth), 0.01, np.random.default_rng(3))
    params = lmfit.Parameters()
    for name, value in truth.items():
        params.add(name, value=1.03 * value if name[-2:] != "_1" else value)
    # One function per scale: lmfit's forward differences need parameters of order one
    scaled = lmfit.Parameters()
    for name in params:
        scaled.add(name, value=params[name].value / truth[name])

    def residuals(p):
        d = (curve({n: p[n].value * truth[n] for n in truth}) - z) / np.abs(z)
        return np.concatenate([d.real, d.imag])

    theirs = lmfit.minimize(residuals, scaled, ftol=1e-14, xtol=1e-14)
    r = eisfit.fit(eisfit.Spectrum(SLOW, z), "R0-p(R1,CPE1)-p(R2,CPE2)")
    ours = r.lmfit()
    assert ours.chisqr == pytest.approx(theirs.chisqr, rel=1e-7)
    assert ours.bic == pytest.approx(theirs.bic, abs=1e-5)
    for name, own in ours.params.items():
        other = theirs.params[name]
        assert own.value == pytest.approx(other.value * truth[name], rel=1e-4)
        assert own.stderr == pytest.approx(other.stderr * truth[name], rel=1e-2)
        for third, correlation in own.correl.items():
            assert correlation == pytest.approx(other.correl[third], abs=1e-2)


def test_published_errors_and_correlations_come_out_of_lmfit_too(shared_data):
    # EISFitpython's own report for Example2b above 5 Hz, see test_fit_published.py
    (s,) = eisfit.read(shared_data / "eisfitpython" / "Example2b.txt")
    r = eisfit.fit(s.crop(f_min=5.0), "p(R1,CPE1)-p(R2,CPE2)-CPE3")
    m = r.lmfit()
    agree(m, r)
    for name, value, stderr in [
        ("R1", 4.471e4, 272.3), ("CPE1_0", 1.727e-10, 6.415e-12), ("CPE2_1", 0.8189, 9.211e-3),
    ]:  # fmt: skip
        assert m.params[name].value == pytest.approx(value, rel=2e-4)
        assert m.params[name].stderr == pytest.approx(stderr, rel=1e-3)
    assert m.params["R1"].correl["R2"] == pytest.approx(-0.801, abs=2e-3)


def test_fixed_bounded_and_absolute():
    case = make("three arcs", 1)
    s, truth = case.spectrum, case.truth
    held = eisfit.fit(s, case.model, fixed={"R0": truth["R0"], "CPE1_1": truth["CPE1_1"]})
    agree(held.lmfit(), held)
    bounded = eisfit.fit(s, case.model, bounds={"R1": (1.0, 0.9 * truth["R1"])})
    assert "at bound" in bounded.status.values()
    agree(bounded.lmfit(), bounded)
    sigma = case.noise * np.abs(s.impedance)
    absolute = eisfit.fit(s, case.model, weighting=sigma, absolute_sigma=True)
    m = absolute.lmfit()
    agree(m, absolute)
    assert not m.minimizer.scale_covar
    ours, theirs = absolute.profile(["R1"]), absolute.profile(["R1"], method="lmfit")
    assert ours.loc[0, "upper"] == pytest.approx(theirs.loc[0, "upper"], rel=1e-4)


def test_conf_interval_from_our_minimizer_is_our_profile():
    case = make("Gerischer", 2)
    r = eisfit.fit(case.spectrum, case.model)
    m = r.lmfit()
    found = lmfit.conf_interval(m.minimizer, m, p_names=["R1", "G1_1"], sigmas=[0.95])
    ours = r.profile(["R1", "G1_1"]).set_index("parameter")
    for name, ends in found.items():
        assert ends[0][1] == pytest.approx(ours.loc[name, "lower"], rel=1e-4)
        assert ends[-1][1] == pytest.approx(ours.loc[name, "upper"], rel=1e-4)


def test_conf_interval_beside_a_parameter_at_its_bound():
    truth = {"R0": 10.0, "R1": 100.0, "CPE1_0": 1e-6, "CPE1_1": 1.0}
    model = eisfit.load_model("R0-p(R1,CPE1)")
    for seed in range(20):
        z = noisy(model.impedance(WIDE, truth), 0.005, np.random.default_rng(seed))
        r = eisfit.fit(eisfit.Spectrum(WIDE, z), model)
        if r.status["CPE1_1"] == "at bound":
            break
    agree(r.lmfit(), r)
    theirs = r.profile(["R1", "CPE1_1"], method="lmfit").set_index("parameter")
    ours = r.profile(["R1", "CPE1_1"]).set_index("parameter")
    assert ours.loc["CPE1_1", "upper"] == 1.0
    assert theirs.loc["CPE1_1", "lower"] == pytest.approx(ours.loc["CPE1_1", "lower"], rel=1e-3)
    assert theirs.loc["R1", "lower"] == pytest.approx(ours.loc["R1", "lower"], rel=1e-3)


def parameters():
    params = lmfit.Parameters()
    params.add("R0", value=20.0, vary=False)
    params.add("R1", value=90.0, min=1.0)
    params.add("CPE1_0", value=1e-6)
    params.add("CPE1_1", value=0.9, min=0.5, max=1.0)
    return params


def test_parameters_become_start_fixed_and_bounds():
    found = from_lmfit(parameters(), eisfit.load_model("R0-p(R1,CPE1)"))
    assert found["fixed"] == {"R0": 20.0}
    assert found["start"] == {"R1": 90.0, "CPE1_0": 1e-6, "CPE1_1": 0.9}
    assert found["bounds"]["CPE1_1"] == (0.5, 1.0)
    assert found["bounds"]["R1"][0] == 1.0
    assert "CPE1_0" not in found["bounds"]
    assert is_parameters(parameters())
    assert not is_parameters({"R0": 1.0})


def test_parameters_serve_as_values_and_a_start_beyond_a_bound_is_taken_as_lmfit_takes_it():
    model = eisfit.load_model("R0-p(R1,CPE1)")
    given = parameters()
    plain = {name: entry.value for name, entry in given.items()}
    assert (model.impedance(WIDE, given) == model.impedance(WIDE, plain)).all()
    given["CPE1_1"].max = 0.8  # the value 0.9 is above it now
    assert from_lmfit(given, model)["start"]["CPE1_1"] == 0.8


def test_a_fit_with_the_options_of_parameters_obeys_them():
    truth = {"R0": 21.0, **arc(1, 100.0, 1e-4, 0.9)}
    model = eisfit.load_model("R0-p(R1,CPE1)")
    z = noisy(model.impedance(WIDE, truth), 0.005, np.random.default_rng(0))
    r = eisfit.fit(eisfit.Spectrum(WIDE, z), model, **from_lmfit(parameters(), model))
    assert r.values["R0"] == 20.0
    assert r.status["R0"] == "fixed"
    assert r.values["R1"] == pytest.approx(100.0, rel=0.05)
    back = from_lmfit(r.lmfit().params, model)
    again = eisfit.fit(r.spectrum, model, **back)
    assert again.chi_square == pytest.approx(r.chi_square, rel=1e-6)


def test_parameters_with_expressions_or_impossible_numbers_are_refused_by_name():
    params = parameters()
    params.add("R2", expr="2*R1")
    with pytest.raises(FitError, match=r"R2 has the expression '2\*R1'"):
        from_lmfit(params)
    for name, options, message in [
        ("R3", {"value": -1.0}, "R3 must be a positive number"),
        ("R3", {"value": 0.0, "vary": False}, "R3 must be a positive number"),
        ("R3", {"value": -2.0, "max": -1.0}, "R3 may be at most -1"),
    ]:
        params = parameters()
        params.add(name, **options)
        with pytest.raises(FitError, match=message):
            from_lmfit(params)
    with pytest.raises(ModelError, match="R1"):
        from_lmfit(parameters(), eisfit.load_model("R0"))
    with pytest.raises(FitError, match=r"expected lmfit\.Parameters"):
        from_lmfit({"R0": 1.0})


def test_parameters_without_a_value_give_no_start():
    params = parameters()
    params["CPE1_0"].value = -np.inf
    assert from_lmfit(params)["start"] == {}


SAME = "R0-p(R1,CPE1)-p(R2,CPE2)"


@pytest.fixture(scope="module")
def spectrum():
    truth = {"R0": 20.0, **arc(1, 100, 1e-5, 0.88), **arc(2, 200, 1e-3, 0.88)}
    z = eisfit.load_model(SAME).impedance(SLOW, truth)
    return eisfit.Spectrum(SLOW, noisy(z, 0.01, np.random.default_rng(8)))


@pytest.mark.parametrize(
    "options",
    [
        {"constraints": ["CPE2_1 = CPE1_1"]},
        {"constraints": ["R2 = 2*R1", "CPE2_1 = CPE1_1"]},
        {"part": "imaginary", "fixed": {"R0": 20.0}},
        {"quantity": "admittance"},
        {"fixed": {"tau_R1": 1e-5}},
    ],
    ids=str,
)
def test_all_statistics_follow_ties_parts_and_admittance(spectrum, options):
    r = eisfit.fit(spectrum, SAME, **options)
    m = r.lmfit()
    assert m.chisqr == pytest.approx(r.chi_square, rel=1e-6)
    assert (m.nvarys, m.ndata) == (r.n_free, r.n_data)
    for name, own in m.params.items():
        assert own.value == pytest.approx(r.values[name], rel=1e-3)
        if own.vary and np.isfinite(r.stderr[name]):
            assert own.stderr == pytest.approx(r.stderr[name], rel=5e-3)
    profile = r.profile().set_index("parameter")
    assert list(profile.index) == [n for n in r.names if r.status[n] not in ("fixed", "tied")]
    spread = r.bootstrap(200, seed=1).samples.std(axis=0)
    for i, name in enumerate(r.names):
        if r.status[name] == "fixed":
            assert spread[i] <= 1e-9 * r.values[name]
        elif np.isfinite(r.stderr[name]):
            assert spread[i] == pytest.approx(r.stderr[name], rel=0.25)
        if name in profile.index:
            width = (profile.loc[name, "upper"] - profile.loc[name, "lower"]) / 2
            assert width == pytest.approx(1.97 * r.stderr[name], rel=0.1)
    p, c = r.value_array(), r.covariance
    slopes = r.model.circuit.jacobian(SLOW, p)
    expected = np.einsum("np,pq,nq->n", slopes.real, c, slopes.real)
    assert np.allclose(r.band().covariance[:, 0, 0], expected, rtol=1e-4)
    assert str(r.identifiability())


def test_an_inequality_that_binds(spectrum):
    r = eisfit.fit(spectrum, SAME, constraints=["R2 < 1.9*R1", "tau1 < tau2"])
    assert r.values["R2"] == pytest.approx(1.9 * r.values["R1"], rel=1e-6)
    p, c = r.value_array(), r.covariance
    slopes = r.model.circuit.jacobian(SLOW, p)
    expected = np.einsum("np,pq,nq->n", slopes.imag, c, slopes.imag)
    assert np.allclose(r.band().covariance[:, 1, 1], expected, rtol=1e-4)
    m = r.lmfit()
    assert m.chisqr == pytest.approx(r.chi_square, rel=1e-4)
    assert m.nvarys == r.n_free
    assert (r.bootstrap(50).samples @ _margin(r.names) <= 1e-3).all()


def _margin(names):
    return np.array([{"R1": -1.9, "R2": 1.0}.get(name, 0.0) for name in names])


def test_a_robust_loss_is_no_likelihood(spectrum):
    hit = spectrum.impedance.copy()
    hit[10] *= 1.5
    r = eisfit.fit(eisfit.Spectrum(SLOW, hit), SAME, loss="soft_l1")
    for ask in (r.profile, r.mcmc, r.lmfit):
        with pytest.raises(FitError, match="loss='soft_l1'"):
            ask()
    p, c = r.value_array(), r.covariance
    slopes = r.model.circuit.jacobian(SLOW, p)
    expected = np.einsum("np,pq,nq->n", slopes.real, c, slopes.real)
    assert np.allclose(r.band().covariance[:, 0, 0], expected, rtol=1e-3)
    spread = r.bootstrap(200, seed=1).samples.std(axis=0)
    assert spread[1] == pytest.approx(r.stderr["R1"], rel=0.25)


def test_params_are_accepted_by_fit(spectrum):
    params = lmfit.Parameters()
    for name, value in {"R0": 20.0, **arc(1, 90, 1e-5, 0.9), **arc(2, 210, 1e-3, 0.9)}.items():
        params.add(name, value=value, vary=name != "R0", min=0.0)
    r = eisfit.fit(spectrum, SAME, params=params)
    assert r.status["R0"] == "fixed"
    assert r.values["R0"] == 20.0
    params.add("R3", expr="R1 + R2")
    with pytest.raises(FitError, match="R3 has the expression"):
        eisfit.fit(spectrum, SAME, params=params)
