"""Joint fits: shared parameters, their errors, and what sharing costs."""

import numpy as np
import pytest
from aging import HOURS, MODEL, aging

from eisfit import Spectrum
from eisfit.circuit.models import load_model
from eisfit.errors import FitError
from eisfit.fitting.again import Again
from eisfit.fitting.engine import FitOptions, fit_spectra
from eisfit.tracking import fit_jointly, shared_names, track

TWO = load_model("R0-p(R1,CPE1)-p(R2,CPE2)")
GRID = np.logspace(5, 0, 26)
NOISE = (3e-3, 5e-3, 2e-3)


def truth(t: int, spread: float = 0.0) -> dict[str, float]:
    first = {"R0": 10.0, "R1": 30.0 * (1 + 0.3 * t), "CPE1_0": 1e-6, "CPE1_1": 0.9}
    second = {"R2": 50.0 * (1 + spread * t), "CPE2_0": 3e-5 * (1 + 0.1 * t), "CPE2_1": 0.85}
    return {**first, **second}


def spectra(rng: np.random.Generator, spread: float = 0.0) -> list[Spectrum]:
    found = []
    for t, noise in enumerate(NOISE):
        z = TWO.impedance(GRID, truth(t, spread))
        scatter = rng.normal(size=(2, len(z)))
        found.append(Spectrum(GRID, z + noise * np.abs(z) * (scatter[0] + 1j * scatter[1])))
    return found


def jointly(measured, share, **options):
    own = FitOptions(**options)
    fits = dict(enumerate(fit_spectra(measured, TWO, own)))
    names = shared_names(TWO, share)
    return fits, *fit_jointly(fits, names, dict.fromkeys(fits, own))


def test_values_and_errors_are_those_of_one_large_least_squares_problem():
    """Against SciPy on all residuals at once, with shared parameters as single unknowns."""
    from scipy.optimize import least_squares

    measured = spectra(np.random.default_rng(3))
    fits, joint, sharing = jointly(measured, ("R0", "CPE1_1"))
    again = [Again.of(fits[i]) for i in fits]
    noise = [np.sqrt(fits[i].reduced_chi_square) for i in fits]
    names = TWO.names
    shared = [names.index("R0"), names.index("CPE1_1")]
    own = [i for i in range(7) if i not in shared]

    def place(x, t):
        u = np.empty(7)
        u[shared], u[own] = x[:2], x[2 + 5 * t : 7 + 5 * t]
        return u

    def residuals(x):
        return np.concatenate([
            a.objective(place(x, t)[None], np.zeros(1, dtype=int))[0][0] / noise[t]
            for t, a in enumerate(again)
        ])  # fmt: skip

    start = np.concatenate([again[0].u[shared], *(a.u[own] for a in again)])
    best = least_squares(residuals, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
    total = sum(joint[t].chi_square / noise[t] ** 2 for t in joint)
    assert total == pytest.approx(2 * best.cost, rel=1e-8)
    scale = 2 * best.cost / (len(best.fun) - len(best.x))
    error = np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)) * scale)
    for t in joint:
        assert joint[t].values["R0"] == pytest.approx(np.exp(best.x[0]), rel=1e-6)
        assert joint[t].values["CPE1_1"] == pytest.approx(best.x[1], rel=1e-6)
        assert joint[t].stderr["R0"] / joint[t].values["R0"] == pytest.approx(error[0], rel=1e-3)
        assert joint[t].stderr["CPE1_1"] == pytest.approx(error[1], rel=1e-3)
        relative = joint[t].stderr["R1"] / joint[t].values["R1"]
        assert relative == pytest.approx(error[2 + 5 * t], rel=1e-3)
        assert joint[t].stderr["R0"] < fits[t].stderr["R0"]
    assert sharing.freed == 4


def test_intervals_of_shared_parameters_hold_the_truth():
    rng = np.random.default_rng(12)
    shared, own, chances = [], [], []
    for _ in range(200):
        _, joint, sharing = jointly(spectra(rng), ("R0", "R2"), effort="fast")
        t = 1.98
        shared += [abs(joint[0].values[n] - truth(0)[n]) < t * joint[0].stderr[n]
                   for n in ("R0", "R2")]  # fmt: skip
        own += [abs(joint[k].values["R1"] - truth(k)["R1"]) < t * joint[k].stderr["R1"]
                for k in joint]  # fmt: skip
        chances.append(sharing.probability)
    # 95 %, give or take 3 standard deviations of a share in 200 draws
    assert 0.90 < np.mean(shared) < 0.99
    assert 0.90 < np.mean(own) < 0.99
    # What is true is rejected as often as the level says
    assert np.mean(np.array(chances) < 0.05) < 0.10
    assert 0.35 < np.median(chances) < 0.65


def test_sharing_what_differs_is_told():
    _, joint, sharing = jointly(spectra(np.random.default_rng(1), spread=0.2), ("R2", "CPE1_1"))
    assert not sharing.accepted
    assert sharing.probability < 1e-6
    assert sharing.delta_bic > 0
    assert sharing.farthest == "R2"
    assert "speak against" in sharing.sentence()
    assert len({fit.values["R2"] for fit in joint.values()}) == 1


def test_sharing_what_is_the_same_is_told():
    fits, joint, sharing = jointly(spectra(np.random.default_rng(2)), ("alphas", "R2"))
    assert sharing.names == ("CPE1_1", "CPE2_1", "R2")
    assert sharing.accepted
    assert sharing.delta_bic < 0
    assert "nothing speaks against" in sharing.sentence()
    for t, fit in joint.items():
        assert fit.chi_square <= 1.3 * fits[t].chi_square
        assert fit.settings["shared"] == ["CPE1_1", "CPE2_1", "R2"]
        assert fit.names == fits[t].names
        assert np.isfinite(fit.band().lower).all()


@pytest.mark.parametrize("name", ["CPE1_0", "tau_R1", "tau1"])
def test_capacitance_or_time_constant_can_be_shared(name):
    measured = spectra(np.random.default_rng(4))
    _, joint, sharing = jointly(measured, (name,))
    if name == "CPE1_0":
        found = {fit.values["CPE1_0"] for fit in joint.values()}
        assert sharing.accepted
    else:
        tau = [(f.values["R1"] * f.values["CPE1_0"]) ** (1 / f.values["CPE1_1"])
               for f in joint.values()]  # fmt: skip
        found = set(np.round(np.log(tau), 9))
        assert not sharing.accepted  # R1 grows, C does not
    assert len(found) == 1


def test_known_noise_makes_it_a_chi_square_test():
    rng = np.random.default_rng(5)
    measured = spectra(rng)
    sigma = [noise * s.modulus for noise, s in zip(NOISE, measured, strict=True)]
    options = {t: FitOptions(weighting=one, absolute_sigma=True) for t, one in enumerate(sigma)}
    fits = {t: fit_spectra([s], TWO, options[t])[0] for t, s in enumerate(measured)}
    joint, sharing = fit_jointly(fits, ("R0",), options)
    rise = sum(joint[t].chi_square - fits[t].chi_square for t in fits)
    assert sharing.f_value * sharing.freed == pytest.approx(rise, rel=1e-6)
    assert 0.001 < sharing.probability < 1.0


def test_roles_name_what_is_shared():
    card = load_model("li_in_lpsc_si")
    assert shared_names(card, ("R_bulk", "interfacial", "alpha_interfacial", "alpha2")) == (
        "R_bulk", "R1", "CPE1_1", "CPE2_1"
    )  # fmt: skip
    assert shared_names(card, "R_bulk") == ("R_bulk",)


@pytest.mark.parametrize(
    ("share", "options", "words"),
    [
        (("R9",), {}, "R9"),
        (("CPE1_0", "tau_R1"), {}, "together"),
        (("R0",), {"fixed": {"R0": 10.0}}, "fixed"),
        (("R0",), {"loss": "huber"}, "least squares"),
        (("R0",), {"constraints": ("CPE1_1 = CPE2_1",)}, "least squares"),
    ],
)
def test_what_cannot_be_shared_is_refused(share, options, words):
    with pytest.raises(FitError, match=words):
        jointly(spectra(np.random.default_rng(1)), share, **options)


def test_a_track_shares_and_says_so():
    series = aging(np.random.default_rng(0))
    found = track(series.spectra[:4], HOURS[:4], MODEL, share=("series", "alphas"),
                  drt_options={"samples": 0})  # fmt: skip
    assert found.sharing is not None
    assert found.sharing.accepted
    sentence = found.sharing.sentence()
    assert sentence in found.notes
    for one in found:
        assert one is not None
        assert sentence in one.notes
        assert one.fit.values["R_s"] == found[0].fit.values["R_s"]
        assert one.fit.chi_square >= one.full_fit.chi_square * (1 - 1e-6)


def test_one_spectrum_shares_with_nobody():
    (spectrum,) = aging(np.random.default_rng(0)).spectra[:1]
    found = track([spectrum], [0.0], MODEL, share=("series",), drt_options={"samples": 0})
    assert found.sharing is None
    assert found[0] is not None
