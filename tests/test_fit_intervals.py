"""Intervals, bands, profiles, bootstrap and MCMC against scipy, closed forms and known truth."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from families import SLOW, WIDE, arc, make, noisy
from scipy.optimize import least_squares
from scipy.stats import norm, t

import eisfit
from eisfit.errors import EisfitError, FitError, ModelError
from eisfit.fitting.derived import quantile

TWO = "R0-p(R1,CPE1)-p(R2,CPE2)"
TRUTH = {"R0": 20.0, **arc(1, 100, 1e-5, 0.9), **arc(2, 300, 1e-3, 0.85)}


def simulated(seed, noise=0.01, text=TWO, truth=TRUTH, f=SLOW):
    model = eisfit.load_model(text)
    z = noisy(model.impedance(f, truth), noise, np.random.default_rng([11, seed]))
    return eisfit.Spectrum(f, z, label="simulated"), model


@pytest.fixture(scope="module")
def fit():
    return eisfit.fit(*simulated(1))


@pytest.fixture(scope="module")
def vague():
    """A fit with an arc and an inductance too many."""
    truth = {"R0": 10.0, **arc(1, 100.0, 1e-4, 0.9)}
    spectrum, _ = simulated(1, 0.005, "R0-p(R1,CPE1)", truth, WIDE)
    return eisfit.fit(spectrum, "L0-R0-p(R1,CPE1)-p(R2,CPE2)")


def test_quantile_is_students_unless_the_noise_is_known(fit):
    assert quantile(fit) == pytest.approx(t.ppf(0.975, 2 * len(SLOW) - 7))
    assert quantile(fit, 0.68) == pytest.approx(t.ppf(0.84, 2 * len(SLOW) - 7))
    z = fit.spectrum.impedance
    known = eisfit.fit(fit.spectrum, fit.model, weighting=0.01 * np.abs(z), absolute_sigma=True)
    assert quantile(known) == pytest.approx(norm.ppf(0.975))
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(FitError, match="between 0 and 1"):
            quantile(fit, level)


def test_every_parameter_has_its_interval(fit):
    table = fit.parameters().set_index("parameter")
    width = quantile(fit) * fit.stderr["R1"]
    assert table.loc["R1", "upper"] / fit.values["R1"] == pytest.approx(
        np.exp(width / fit.values["R1"])
    )
    alpha = fit.values["CPE1_1"]
    assert table.loc["CPE1_1", "lower"] == pytest.approx(
        alpha - quantile(fit) * fit.stderr["CPE1_1"]
    )
    assert (table["lower"] < table["value"]).all()
    assert (table["upper"] > table["value"]).all()


def test_an_exponents_interval_ends_at_its_limit():
    truth = TRUTH | arc(2, 300, 1e-3, 0.999)
    r = eisfit.fit(*simulated(2, 0.02, truth=truth))
    table = r.parameters().set_index("parameter")
    if r.status["CPE2_1"] == "ok":
        assert table.loc["CPE2_1", "upper"] == 1.0
    assert r.profile(["CPE2_1"]).loc[0, "upper"] == 1.0


def test_sums_carry_their_covariance(fit):
    i, j = (fit.names.index(name) for name in ("R0", "R1"))
    whole = fit.sum("R0", "R1")
    c = fit.covariance
    assert whole.value == fit.values["R0"] + fit.values["R1"]
    assert whole.stderr == pytest.approx(np.sqrt(c[i, i] + c[j, j] + 2 * c[i, j]))
    assert whole.lower < whole.value < whole.upper
    for names in ((), ("R0", "R0"), ("R0", "CPE1_0")):
        with pytest.raises(FitError, match="different resistances"):
            fit.sum(*names)
    with pytest.raises(ModelError, match="R9"):
        fit.sum("R9")


def test_a_sum_takes_elements_as_tables_name_them():
    model = eisfit.load_model("R0-p(R1-Wo1,C1)")
    f = np.geomspace(1e5, 1e-2, 60)
    truth = [5.0, 20.0, 40.0, 3.0, 1e-5]
    z = model.impedance(f, truth)
    noise = 1e-3 * np.random.default_rng(2).normal(size=(2, 60))
    found = eisfit.fit(eisfit.Spectrum(f, z * (1 + noise[0] + 1j * noise[1])), model)
    labels = list(found.resistances().element)
    assert labels == ["R0", "R1", "Wo1"]
    whole = found.sum(*labels)
    assert whole == found.sum("R0", "R1", "Wo1_0")
    assert whole.lower < 65.0 < whole.upper


@pytest.mark.parametrize("level", [95, 0, "0.95", None, np.nan, 0.5j])
def test_levels_are_probabilities(fit, level):
    with pytest.raises(FitError, match="between 0 and 1"):
        fit.band(level=level)


def test_quantities_agree_with_drawing_from_the_covariance(fit):
    rng = np.random.default_rng(0)
    small = 1e-3  # so that every quantity is linear in the draws
    drawn = rng.multivariate_normal(fit.value_array(), small**2 * fit.covariance, 20_000)
    table = fit.quantities([("R0", "R1", "R2")]).set_index("quantity")
    for a in fit.arcs[1:]:
        tau = a.tau_of(drawn)
        size = tau / drawn[:, a.resistance]
        assert table.loc[f"tau_{a.label}", "stderr"] == pytest.approx(tau.std() / small, rel=0.03)
        assert table.loc[f"C_{a.label}", "stderr"] == pytest.approx(size.std() / small, rel=0.03)
        assert table.loc[f"tau_{a.label}", "unit"] == "s"
    total = drawn[:, [0, 1, 4]].sum(axis=1)
    assert table.loc["R0 + R1 + R2", "stderr"] == pytest.approx(total.std() / small, rel=0.03)


def test_conductivity_needs_the_geometry_and_is_what_it_is(fit):
    table = fit.quantities([("R0", "R1")], thickness_cm=0.1, area_cm2=0.785).set_index("quantity")
    row = table.loc["sigma_R2"]
    assert row["value"] == pytest.approx(0.1 / (fit.values["R2"] * 0.785))
    assert row["stderr"] / row["value"] == pytest.approx(fit.stderr["R2"] / fit.values["R2"])
    assert row["unit"] == "S/cm"
    whole = fit.sum("R0", "R1")
    assert table.loc["sigma of R0 + R1", "value"] == pytest.approx(0.1 / (whole.value * 0.785))
    specific = eisfit.fit(fit.spectrum.scaled_by_area(0.785), fit.model)
    again = specific.quantities(thickness_cm=0.1).set_index("quantity")
    assert again.loc["sigma_R2", "value"] == pytest.approx(row["value"], rel=1e-5)
    assert not fit.quantities()["quantity"].str.startswith("sigma").any()
    for geometry in ({"thickness_cm": 0.1}, {"thickness_cm": -1.0, "area_cm2": 1.0}):
        with pytest.raises(FitError, match="positive number"):
            fit.quantities(**geometry)
    with pytest.raises(FitError, match="scaled by its area"):
        specific.quantities(thickness_cm=0.1, area_cm2=0.785)


def test_what_is_not_known_has_no_interval(vague):
    unknown = [n for n in vague.names if vague.status[n] in ("at bound", "not determined")]
    table = vague.parameters().set_index("parameter")
    assert unknown
    assert table.loc[unknown, ["stderr", "lower", "upper"]].isna().all(axis=None)


def test_band_of_one_resistance_is_the_textbook_one():
    rng = np.random.default_rng(4)
    f = np.geomspace(1e3, 1.0, 50)
    z = 100.0 * (1 + 0.01 * (rng.normal(size=50) + 1j * rng.normal(size=50)))
    r = eisfit.fit(eisfit.Spectrum(f, z), "R0", weighting="unit")
    spread = np.concatenate([z.real - z.real.mean(), z.imag])
    variance = spread @ spread / 99 / 50  # one parameter, a hundred data, fifty that it is in
    band = r.band()
    assert np.allclose(band.stderr.real, np.sqrt(variance), rtol=1e-6)
    assert np.allclose(band.stderr.imag, 0.0, atol=1e-12)
    assert np.allclose(band.upper.real - z.real.mean(), t.ppf(0.975, 99) * np.sqrt(variance))


def test_band_is_the_covariance_carried_by_numerical_derivatives(fit):
    f = np.array([3e6, 1e3, 20.0, 1e-3])  # also beyond the data
    p = fit.value_array()
    steps = 1e-6 * np.diag(p)
    slopes = np.array(
        [(fit.model.impedance(f, p + h) - fit.model.impedance(f, p - h)) / 2 / h.sum()
         for h in steps]
    )  # fmt: skip
    band = fit.band(f)
    for part in ("real", "imag"):
        one = getattr(slopes, part)
        expected = np.sqrt(np.einsum("pn,pq,qn->n", one, fit.covariance, one))
        assert np.allclose(getattr(band.stderr, part), expected, rtol=1e-4)
    assert np.allclose(band.impedance, fit.model.impedance(f, p))
    assert list(fit.band().frame()["frequency_hz"]) == list(fit.spectrum.frequency)


def test_band_is_narrow_where_the_parameters_are_vague(vague):
    band = vague.band()
    assert np.isfinite(band.stderr).all()
    assert (np.abs(band.stderr) < 0.01 * np.abs(band.impedance)).all()
    other = pickle.loads(pickle.dumps(band))
    assert (other.covariance == band.covariance).all()
    for one in (band, other):
        with pytest.raises(ValueError, match="read-only"):
            one.covariance[0] = 0.0


def lowest_with(r, index, value, log_tau=False):
    """Return the lowest chi-square with one parameter (or an arc's tau) held, by scipy."""
    s, p = r.spectrum, r.value_array()
    exponent = np.array([slot.parameter.is_exponent for slot in r.model.circuit.slots])
    a = next((a for a in r.arcs if a.store == index), None)

    def residuals(x):
        q = np.insert(x, index, 0.0)
        full = np.where(exponent, q, np.exp(q))
        full[index] = value ** full[a.alpha] / full[a.resistance] if log_tau else value
        d = (r.model.impedance(s.frequency, full) - s.impedance) / np.abs(s.impedance)
        return np.concatenate([d.real, d.imag])

    x = np.delete(np.where(exponent, p, np.log(p)), index)
    return 2.0 * least_squares(residuals, x, xtol=1e-14, ftol=1e-14, gtol=1e-14).cost


@pytest.mark.parametrize("name", ["R0", "R1", "CPE1_0", "CPE2_1", "tau_R2"])
def test_profile_ends_where_chi_square_has_risen_enough(fit, name):
    row = fit.profile([name]).loc[0]
    rise = quantile(fit) ** 2 * fit.reduced_chi_square
    is_tau = name.startswith("tau")
    index = fit.arcs[2].store if is_tau else fit.names.index(name)
    for end in (row["lower"], row["upper"]):
        lowest = lowest_with(fit, index, end, is_tau)
        assert lowest - fit.chi_square == pytest.approx(rise, rel=2e-3)
    assert row["lower"] < row["value"] < row["upper"]
    assert row["status"] == "ok"


def test_profile_of_all_comes_in_the_order_of_the_names_and_can_be_asked_by_role():
    s, _ = simulated(3)
    r = eisfit.fit(s, "zarc2")
    assert r.profile()["parameter"].tolist() == list(r.names)
    by_role = r.profile("R_arc1")
    assert by_role.loc[0, "parameter"] == "R1"
    wide = r.profile(["R1"], level=0.99).loc[0]
    assert wide["lower"] < by_role.loc[0, "lower"]
    for names, error in ((["R9"], ModelError), (["tau_R9"], ModelError)):
        with pytest.raises(error, match="R9"):
            r.profile(names)
    with pytest.raises(FitError, match="unknown method"):
        r.profile(method="guess")
    fixed = eisfit.fit(s, "zarc2", fixed={"R0": 20.0})
    assert "R0" not in fixed.profile()["parameter"].tolist()
    with pytest.raises(FitError, match="R0 is fixed"):
        fixed.profile(["R0"])


def test_profile_says_where_the_data_set_no_limit(vague):
    row = vague.profile(["L0"]).loc[0]
    assert row["lower"] == 0.0
    assert row["status"] == "open below"
    assert 0 < row["upper"] < 1e-7  # 0.5 % of 10 ohm at 7 MHz: 1 nH


def test_profile_ends_at_a_users_bound_and_does_not_call_it_open(fit):
    low = fit.values["R1"] - 0.5 * fit.stderr["R1"]
    r = eisfit.fit(fit.spectrum, fit.model, bounds={"R1": (low, 1e3)})
    row = r.profile(["R1"]).loc[0]
    assert row["lower"] == pytest.approx(low, rel=1e-9)
    assert row["status"] == "ok"


def test_profile_agrees_with_lmfits(fit):
    ours, theirs = fit.profile(), fit.profile(method="lmfit")
    assert ours["parameter"].tolist() == theirs["parameter"].tolist()
    for end in ("lower", "upper"):
        assert np.allclose(ours[end], theirs[end], rtol=1e-4)


@pytest.mark.parametrize("kind", ["parametric", "residual", "case"])
def test_bootstrap_scatters_as_the_standard_errors_say(fit, kind):
    b = fit.bootstrap(400, seed=1, kind=kind)
    spread = b.samples.std(axis=0, ddof=1)
    error = np.array([fit.stderr[n] for n in fit.names])
    # Few points tell of R0 and of alpha: drawing those points again is a rough guide
    assert np.allclose(spread, error, rtol=0.45 if kind == "case" else 0.15)
    assert np.allclose(b.samples.mean(axis=0), fit.value_array(), atol=0.4 * error.max(), rtol=0.05)
    assert b.failed == 0
    again = fit.bootstrap(400, seed=1, kind=kind)
    assert (again.samples == b.samples).all()
    assert not (fit.bootstrap(400, seed=2, kind=kind).samples == b.samples).all()


def test_bootstrap_sees_noise_that_is_not_normal():
    """Residuals dealt out anew keep their heavy tails; the parametric kind knows of none."""
    model = eisfit.load_model(TWO)
    rng = np.random.default_rng(9)
    z = model.impedance(SLOW, TRUTH)
    heavy = rng.standard_t(2.5, (2, len(z)))
    s = eisfit.Spectrum(SLOW, z * (1 + 0.004 * (heavy[0] + 1j * heavy[1])))
    r = eisfit.fit(s, model)
    from eisfit.fitting.again import Again
    from eisfit.fitting.resample import _parametric, _residual

    def kurtosis(draw):
        data = draw(r, Again.of(r), np.random.default_rng(0), 200)[0].data
        x = ((data - r.impedance) / np.abs(s.impedance)).real.ravel()
        return np.mean((x - x.mean()) ** 4) / np.var(x) ** 2

    assert kurtosis(_parametric) == pytest.approx(3.0, abs=0.2)
    assert kurtosis(_residual) > 4.0


def test_draws_know_tau_sums_and_the_curve(fit):
    b = fit.bootstrap(300, seed=3)
    table = b.intervals().set_index("quantity")
    assert {"R1", "CPE1_1", "tau_R1", "C_R2"} <= set(table.index)
    wald = fit.quantities().set_index("quantity")
    for name in ("tau_R1", "C_R1", "tau_R2", "C_R2"):
        assert table.loc[name, "stderr"] == pytest.approx(wald.loc[name, "stderr"], rel=0.2)
        assert table.loc[name, "lower"] < table.loc[name, "value"] < table.loc[name, "upper"]
    lower, upper = b.band()
    width = (upper - lower).real / (2 * fit.band().t * fit.band().stderr.real)
    assert np.median(width) == pytest.approx(1.0, abs=0.15)
    assert list(b.frame().columns) == list(fit.names)
    other = pickle.loads(pickle.dumps(b))
    assert not other.samples.flags.writeable
    assert (other.samples == b.samples).all()
    assert "300 parametric repeats" in repr(b)
    with pytest.raises(FitError, match="R0 has no time constant"):
        b.tau("R0")


@pytest.mark.parametrize(
    ("options", "message"), [({"n": 5}, "at least 20"), ({"kind": "wild"}, "unknown kind")]
)
def test_bootstrap_refuses_what_makes_no_sense(fit, options, message):
    with pytest.raises(FitError, match=message):
        fit.bootstrap(**options)


def test_a_loaded_result_and_a_users_sigma_serve_as_well(tmp_path):
    from eisfit.saved import load_result, save_result

    s, model = simulated(6)
    sigma = 0.01 * np.abs(s.impedance) * np.linspace(0.5, 2.0, len(s))
    r = eisfit.fit(s, model, weighting=sigma, absolute_sigma=True)
    loaded = load_result(save_result(r, tmp_path / "fit.json"))
    assert loaded.profile().equals(r.profile())
    assert np.allclose(loaded.band().stderr, r.band().stderr, rtol=1e-9)
    assert np.allclose(loaded.bootstrap(50).samples, r.bootstrap(50).samples, rtol=1e-9)
    row = r.profile(["R1"]).loc[0]
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.96 * r.stderr["R1"], rel=0.02)


def test_mcmc_of_one_resistance_is_students_t():
    pytest.importorskip("emcee")
    rng = np.random.default_rng(4)
    z = 100.0 * (1 + 0.05 * (rng.normal(size=6) + 1j * rng.normal(size=6)))
    r = eisfit.fit(eisfit.Spectrum(np.geomspace(1e3, 1.0, 6), z), "R0", weighting="unit")
    chain = r.mcmc(3000, seed=1)
    assert chain.converged, chain.message
    low, high = chain.intervals().loc[0, ["lower", "upper"]]
    expected = r.values["R0"] + t.ppf([0.025, 0.975], 11) * r.stderr["R0"]
    assert np.allclose([low, high], expected, atol=0.15 * r.stderr["R0"])


def test_mcmc_says_when_it_is_too_short_and_is_repeatable(fit, capsys):
    pytest.importorskip("emcee")
    chain = fit.mcmc(200, seed=1)
    assert not chain.converged
    assert "not converged" in chain.message
    assert "take steps=" in chain.message
    assert capsys.readouterr().out == ""
    assert (fit.mcmc(200, seed=1).samples == chain.samples).all()
    assert not chain.samples.flags.writeable
    other = pickle.loads(pickle.dumps(chain))
    assert not other.autocorrelation.flags.writeable
    for arguments, message in (
        ({"steps": 10}, "at least 100"), ({"walkers": 7}, "even number"),
    ):  # fmt: skip
        with pytest.raises(FitError, match=message):
            fit.mcmc(**{"steps": 200, **arguments})


def test_mcmc_without_emcee_says_what_to_install(fit, monkeypatch):
    monkeypatch.setattr("eisfit.fitting.mcmc.find_spec", lambda name: None)
    with pytest.raises(EisfitError, match="pip install"):
        fit.mcmc(200)


@pytest.mark.slow
def test_mcmc_agrees_with_the_profile(fit):
    pytest.importorskip("emcee")
    chain = fit.mcmc(seed=1)
    assert chain.converged, chain.message
    assert 0.2 < chain.acceptance < 0.7
    sampled = chain.intervals().set_index("quantity")
    profile = fit.profile().set_index("parameter")
    for name in fit.names:
        for end in ("lower", "upper"):
            assert abs(sampled.loc[name, end] - profile.loc[name, end]) < 0.25 * fit.stderr[name]


@pytest.mark.slow
def test_profile_bootstrap_and_band_hold_the_truth_95_times_in_100():
    draws = 400
    f = np.array([1e6, 3e4, 1e3, 100.0, 1.0])
    model = eisfit.load_model(TWO)
    true_curve = model.impedance(f, TRUTH)
    held: dict[str, list[bool]] = {}
    for seed in range(draws):
        s, model = simulated(1000 + seed)
        r = eisfit.fit(s, model)
        truth = TRUTH | {"tau_R1": 1e-5, "tau_R2": 1e-3, "C_R1": 1e-7, "C_R2": 1e-3 / 300}
        tables = {
            "profile": r.profile([*r.names, "tau_R1", "tau_R2"]).set_index("parameter"),
            "bootstrap": r.bootstrap(200, seed=seed).intervals().set_index("quantity"),
            "Wald": r.quantities().set_index("quantity"),
        }
        for kind, table in tables.items():
            for name in table.index.intersection(list(truth)):
                hit = table.loc[name, "lower"] <= truth[name] <= table.loc[name, "upper"]
                held.setdefault(f"{kind} {name}", []).append(bool(hit))
        band = r.band(f)
        for k, one in enumerate(f):
            for part in ("real", "imag"):
                low, high = (getattr(edge, part)[k] for edge in (band.lower, band.upper))
                inside = low <= getattr(true_curve, part)[k] <= high
                held.setdefault(f"band {one:g} Hz {part}", []).append(bool(inside))
    assert len(held) == 9 + 11 + 4 + 10
    for name, hits in held.items():
        # Three standard deviations of a share of 0.95 in 400 draws are 3.3 %
        assert np.mean(hits) == pytest.approx(0.95, abs=0.033), name


def test_statistics_of_every_family_can_be_asked_for():
    for family in ("blocking pellet", "battery", "ladder", "Gerischer"):
        case = make(family, 3)
        r = eisfit.fit(case.spectrum, case.model)
        assert np.isfinite(r.band().stderr).all()
        profile = r.profile()
        assert (profile["lower"] <= profile["value"] * (1 + 1e-9)).all()
        assert (profile["upper"] >= profile["value"] * (1 - 1e-9)).all()
        assert len(r.bootstrap(20).samples) >= 10


def test_the_page_on_statistics_runs(tmp_path):
    page = Path(__file__).parents[1] / "docs" / "statistics.md"
    code = re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    script = tmp_path / "page.py"
    script.write_text("\n".join(code), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(page.parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "determine every parameter" in done.stdout


def test_as_many_parameters_as_data_leave_nothing_to_tell_the_noise_from():
    model = eisfit.load_model("R0-p(R1,CPE1)")
    f = np.array([1e3, 50.0])
    z = model.impedance(f, {"R0": 10.0, **arc(1, 50.0, 1e-3, 0.9)})
    r = eisfit.fit(eisfit.Spectrum(f, z), model)
    assert r.values["R1"] == pytest.approx(50.0)
    assert set(r.status.values()) == {"not determined"}
    assert np.isnan(list(r.stderr.values())).all()
    assert r.parameters()[["lower", "upper"]].isna().all(axis=None)
    assert np.isnan(r.band().lower).all()
    for ask in (r.profile, r.bootstrap):
        with pytest.raises(FitError, match="nothing tells the noise: give your own sigma"):
            ask()
    known = eisfit.fit(r.spectrum, model, weighting=0.01 * np.abs(z), absolute_sigma=True)
    assert set(known.status.values()) == {"ok"}
    held = eisfit.fit(r.spectrum, model, fixed={"CPE1_1": 0.9})
    assert held.stderr["CPE1_1"] == 0.0
    assert held.degrees_of_freedom == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.bootstrap("a"), "n must be a whole number"),
        (lambda r: r.bootstrap(20, seed=-1), "seed must be a whole number of at least 0, found -1"),
        (lambda r: r.mcmc(150.5), "steps must be a whole number"),
        (lambda r: r.mcmc(150, walkers="x"), "walkers must be a whole number"),
        (lambda r: r.mcmc(150, seed=1.5), "seed must be a whole number"),
    ],
)
def test_numbers_of_draws_are_whole(ask, message):
    f = np.geomspace(1e5, 1.0, 20)
    model = eisfit.load_model("R0-p(R1,C1)")
    z = model.impedance(f, {"R0": 10.0, "R1": 50.0, "C1": 1e-6})
    noise = 0.003 * np.random.default_rng(0).normal(size=20)
    with pytest.raises(FitError, match=message):
        ask(eisfit.fit(eisfit.Spectrum(f, z * (1 + noise)), model))
