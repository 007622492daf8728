"""Ties and inequalities against hand-made reparametrisations, lmfit, and plain arithmetic."""

import contextlib
import json
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from families import WIDE, arc, make, noisy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

import eisfit
from eisfit.errors import FitError, ModelError
from eisfit.fitting.expression import MAX_LENGTH, Dual, evaluate, parse, solved
from eisfit.fitting.options import FitOptions
from eisfit.fitting.problem import Problem

THREE = "R0-p(R1,CPE1)-p(R2,CPE2)-p(R3,CPE3)"


def three_arcs(noise=0.002, seed=5, last=0.8):
    truth = {
        "R0": 20.0,
        **arc(1, 100, 1e-6, 0.9),
        **arc(2, 300, 1e-4, 0.9),
        **arc(3, 80, 1e-2, last),
    }
    model = eisfit.load_model(THREE)
    z = noisy(model.impedance(WIDE, truth), noise, np.random.default_rng(seed))
    return eisfit.Spectrum(WIDE, z, label="three"), model, truth


# ------------------------------------------------------------------------------ the expressions

EXPRESSIONS = [
    ("a + b*c", lambda a, b, c: a + b * c),
    ("-a**2/b - -c", lambda a, b, c: -(a**2) / b + c),
    ("a**-b**c", lambda a, b, c: a ** (-(b**c))),
    ("a**b**c", lambda a, b, c: a ** (b**c)),
    ("a - b - c", lambda a, b, c: a - b - c),
    ("a / b / c", lambda a, b, c: a / b / c),
    ("2*(a - b)*(b + 3.5e-1*c)", lambda a, b, c: 2 * (a - b) * (b + 0.35 * c)),
    ("sqrt(a*b) + exp(-c) - log(a/b)", lambda a, b, c: np.sqrt(a * b) + np.exp(-c) - np.log(a / b)),
    ("(a*b)**(1/c)", lambda a, b, c: (a * b) ** (1 / c)),
    (" ( ( a ) ) ", lambda a, b, c: a),
    ("a*-b", lambda a, b, c: a * -b),
    ("2**a - .5", lambda a, b, c: 2**a - 0.5),
]


def dual_of(program, point):
    values = dict(zip("abc", point.T, strict=True))
    slopes = dict(zip("abc", np.eye(3), strict=True))
    ones = np.ones((len(point), 1))
    return evaluate(program, lambda name: Dual(values[name], ones * slopes[name]))


@pytest.mark.parametrize(("text", "function"), EXPRESSIONS)
def test_values_and_gradients_are_those_of_plain_arithmetic(text, function):
    program = parse(f"{text} = 1")[0].left
    point = np.random.default_rng(1).uniform(0.3, 2.0, (5, 3))
    dual = dual_of(program, point)
    assert np.allclose(dual.value, function(*point.T), rtol=1e-13)
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        numeric = (function(*(point + step).T) - function(*(point - step).T)) / 2e-6
        slope = np.broadcast_to(dual.gradient, (5, 3))[:, i]
        assert np.allclose(slope, numeric, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "left",
    ["a + b", "b - a", "a - b", "a*b", "a/b", "b/a", "a**b", "b**a", "-a", "sqrt(a)", "exp(a)/c",
     "2*(log(a) + b)", "(3*a + b)**2 - c"],
)  # fmt: skip
def test_an_equation_is_solved_for_a_name(left):
    point = np.random.default_rng(2).uniform(0.5, 2.0, (4, 3))
    relation = parse(f"{left} = 1")[0]
    target = dual_of(relation.left, point).value
    program = solved(relation.left, parse("c = 0")[0].left if "c" not in left else
                     relation.right, "a")  # fmt: skip
    assert program is not None
    # Put the left side's own value in the place of the right side: what comes out must be a
    for k in range(len(point)):
        right = parse(f"0 + {float(target[k])!r} = 0")[0].left
        program = solved(relation.left, right, "a")
        assert dual_of(program, point[k : k + 1]).value == pytest.approx(point[k, 0], rel=1e-10)


def test_a_name_that_occurs_twice_is_not_solved_for():
    relation = parse("a*a + b = 1")[0]
    assert solved(relation.left, relation.right, "a") is None
    assert solved(*(parse("a = a*b")[0].left, parse("a*b = 1")[0].left), "a") is None


def test_comparisons_are_chained_and_turned():
    first, second = parse("a < b <= c")
    assert (first.left[0].name, first.right[0].name) == ("a", "b")
    assert (second.left[0].name, second.right[0].name) == ("b", "c")
    (turned,) = parse("a >= b")
    assert (turned.left[0].name, turned.kind, turned.right[0].name) == ("b", "<", "a")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("R2 = 2*", 8, "expected a number"),
        ("R2 = 2 R1", 8, "expected an operator"),
        ("R2 = 2R1", 7, "expected an operator"),
        ("R2 = (R1", 6, "never closed"),
        ("R2 = R1)", 8, "never opened"),
        ("R2 = R1^2", 8, r"write \*\* for a power"),
        ("R2", 3, "needs = or <"),
        ("= R1", 1, "expected a number"),
        ("R2 = sqrt R1", 11, "expected"),
        ("R2 = 1e999", 6, "too large"),
        ("R2 = R1 if R3", 9, "expected an operator"),
        ("R2 = __import__('os')", 16, "expected an operator"),
        ("R2 = R1.__class__", 8, "no meaning"),
        ("R2 = R1[0]", 8, "no meaning"),
        ("R2 = f(R1)", 7, "expected an operator"),
        ("R2 = \u03c41", 6, "no meaning"),
        ("R2 = " + "(" * 60 + "R1" + ")" * 60, 56, "nested"),
    ],
)
def test_what_does_not_parse_is_shown_with_a_caret(text, column, message):
    with pytest.raises(FitError, match=message) as caught:
        parse(text)
    lines = str(caught.value).splitlines()
    assert f"(column {column})" in lines[0]
    pointed = lines[1][lines[2].index("^") :][:1]
    assert pointed == text[column - 1 : column].encode("ascii", "replace").decode()


@pytest.mark.parametrize(
    "text",
    ["-" * 999 + "1", "R1 = " + "+".join(["R2"] * 300), "R1 = " + "**".join(["2"] * 300),
     "R1" + "<R1" * 300, "(" * 1000, "=" * 1000, "R1 = " + "sqrt" * 200, "1" * MAX_LENGTH * 100,
     "\0", "", "   ", "R1 = 2;R2 = 3", "R1 := 3", "\n" * 900],
)  # fmt: skip
def test_hostile_text_ends_at_once_in_a_fit_error_or_a_program(text):
    try:
        relations = parse(text)
    except FitError:
        return
    ones = np.ones(2)
    for relation in relations:
        evaluate(relation.right, lambda name: Dual(ones, np.zeros((2, 1))))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="R12ab+-*/()=<>.eE sqrtlogexp^,[]'\"\\_", max_size=40))
def test_no_text_raises_anything_but_a_fit_error(text):
    with contextlib.suppress(FitError):
        parse(text)


# ------------------------------------------------------------------- derivatives of the objective


@pytest.mark.parametrize(
    ("text", "constraints"),
    [
        (THREE, ["R2 = 3*R1", "CPE2_1 = CPE1_1", "tau1 < tau2"]),
        (THREE, ["tau2 = 50*tau1**1.1", "R1 + R3 = 200", "R2 > R1 - 3"]),
        (THREE, ["CPE2_0 = CPE1_0/2", "R3 = sqrt(R1*R2)", "tau_R3 < 1e3*tau_R2"]),
        (THREE, ["R2 = CPE1_0*1e5", "CPE1_1 = 0.5 + CPE3_1/3", "tau3 > tau2*exp(1)"]),
        ("R0-p(R1-p(R2,CPE2),CPE1)", ["CPE2_1 = CPE1_1", "tau1 = tau2/7"]),
        ("L0-R0-p(R1,CPE1)-p(R2-Wo1,CPE2)", ["Wo1_0 = 2*R1", "tau_Wo1 = tau1*1e3", "R1 < R2"]),
        ("R0-p(R1,C1)-G1-Zarc1", ["C1 = tau_Zarc1/R0", "G1_0 = R1", "tau1 < tau_G1"]),
    ],
)
@pytest.mark.parametrize("options", [{}, {"quantity": "admittance"}, {"part": "imaginary"}])
def test_derivatives_follow_ties_and_inequalities(text, constraints, options):
    model = eisfit.load_model(text)
    spectrum = eisfit.Spectrum(np.geomspace(1e5, 1, 9), np.full(9, 40 - 20j))
    problem = Problem.of([spectrum], model, FitOptions(constraints=constraints, **options))
    objective = problem.objective
    rng = np.random.default_rng(3)
    middle = 0.5 * (problem.lower + problem.upper)
    u = middle + rng.uniform(-0.15, 0.15, (4, middle.shape[1]))
    owner = np.zeros(4, dtype=int)
    _, slopes = objective(u, owner)
    ties = [parse(one)[0] for one in constraints if "=" in one]
    assert u.shape[1] == len(model.names) - len(ties)
    for i in range(u.shape[1]):
        step = 1e-6 * np.eye(u.shape[1])[i]
        numeric = (objective(u + step, owner)[0] - objective(u - step, owner)[0]) / 2e-6
        assert np.allclose(slopes[:, i], numeric, rtol=2e-5, atol=1e-7 * np.abs(slopes).max())
        values = objective.coords.to_values(objective.full(u[:1] + step))
        values = (values - objective.coords.to_values(objective.full(u[:1] - step))) / 2e-6
        tangent = objective.tangent(u[0])[:, i]
        assert np.allclose(tangent, values[0], rtol=1e-6, atol=1e-9 * np.abs(values).max())


# ------------------------------------------------------------------------------------------ fits


def by_hand(spectrum, model, to_values, x):
    """Return chi-square, values and standard errors of scipy's fit in x, free of our machinery."""
    z, f = spectrum.impedance, spectrum.frequency

    def residuals(y):
        difference = (model.impedance(f, to_values(np.exp(y))) - z) / np.abs(z)
        return np.concatenate([difference.real, difference.imag])

    found = least_squares(residuals, np.log(x), xtol=1e-15, ftol=1e-15, gtol=1e-15, jac="3-point")
    covariance = np.linalg.inv(found.jac.T @ found.jac) * 2 * found.cost / (2 * len(z) - len(x))
    steps = 1e-6 * np.eye(len(x))
    tangent = np.stack(
        [(to_values(np.exp(found.x + h)) - to_values(np.exp(found.x - h))) / 2e-6 for h in steps],
        axis=1,
    )
    stderr = np.sqrt(np.diag(tangent @ covariance @ tangent.T))
    return 2 * found.cost, to_values(np.exp(found.x)), stderr


TIES = {
    "ratio of resistances": (
        ["R2 = 3*R1"],
        lambda p: np.delete(p, 4),
        lambda x: np.insert(x, 4, 3 * x[1]),
        ["R2"],
    ),
    "one exponent for two": (
        ["CPE2_1 = CPE1_1"],
        lambda p: np.delete(p, 6),
        lambda x: np.insert(x, 6, x[3]),
        ["CPE2_1"],
    ),
    "ratio of times": (
        ["tau2 = 100*tau1"],
        lambda p: np.delete(p, 5),
        lambda x: np.insert(x, 5, (100 * (x[1] * x[2]) ** (1 / x[3])) ** x[5] / x[4]),
        ["CPE2_0"],
    ),
    "two at once, one by a sum": (
        ["R1 + R2 = 400", "CPE2_1 = CPE1_1"],
        lambda p: np.delete(p, [1, 6]),
        lambda x: np.insert(np.insert(x, 1, 400 - x[3]), 6, x[2]),
        ["R1", "CPE2_1"],
    ),
}


@pytest.mark.parametrize("name", TIES)
def test_a_tied_fit_is_the_reparametrised_one(name):
    constraints, reduce, expand, tied = TIES[name]
    s, model, truth = three_arcs()
    r = eisfit.fit(s, model, constraints=constraints)
    x = reduce(np.array([truth[n] for n in model.names]))
    chi_square, values, stderr = by_hand(s, model, expand, x)
    assert r.success
    assert r.chi_square == pytest.approx(chi_square, rel=1e-7)
    assert r.n_free == len(x)
    assert r.value_array() == pytest.approx(values, rel=1e-4)
    assert np.array([r.stderr[n] for n in r.names]) == pytest.approx(stderr, rel=2e-3)
    assert all(r.status[n] == ("tied" if n in tied else "ok") for n in r.names)
    assert r.settings["constraints"] == constraints


def test_ties_hold_to_the_last_digit():
    s, model, _ = three_arcs()
    r = eisfit.fit(s, model, constraints=["R2 = 3*R1", "CPE2_1 = CPE1_1"])
    assert r.values["R2"] == pytest.approx(3 * r.values["R1"], rel=1e-14)
    assert r.values["CPE2_1"] == r.values["CPE1_1"]
    assert r.stderr["R2"] == pytest.approx(3 * r.stderr["R1"], rel=1e-9)
    assert r.correlation[1, 4] == pytest.approx(1.0)


def test_a_tied_fit_agrees_with_lmfit():
    lmfit = pytest.importorskip("lmfit")
    s, model, truth = three_arcs()
    r = eisfit.fit(s, model, constraints=["R2 = 3*R1", "CPE2_1 = CPE1_1"])
    params = lmfit.Parameters()
    for n in model.names:
        params.add(n, value=truth[n])
    params["R2"].expr = "3*R1"
    params["CPE2_1"].expr = "CPE1_1"

    def residuals(p):
        d = (model.impedance(s.frequency, p.valuesdict()) - s.impedance) / np.abs(s.impedance)
        return np.concatenate([d.real, d.imag])

    theirs = lmfit.minimize(residuals, params, xtol=1e-14, ftol=1e-14)
    assert r.chi_square == pytest.approx(theirs.chisqr, rel=1e-6)
    assert r.degrees_of_freedom == theirs.nfree
    for n in model.names:
        assert r.values[n] == pytest.approx(theirs.params[n].value, rel=1e-3)
        assert r.stderr[n] == pytest.approx(theirs.params[n].stderr, rel=2e-2)


ORDER = "tau1 < tau2 < tau3"


def test_an_inequality_that_binds_is_the_equation_and_one_that_does_not_is_nothing():
    s, model, _ = three_arcs()
    free = eisfit.fit(s, model)
    idle = eisfit.fit(s, model, constraints=[ORDER, "R2 < 5*R1"])
    assert idle.chi_square == pytest.approx(free.chi_square, rel=1e-8)
    assert dict(idle.values) == pytest.approx(dict(free.values), rel=1e-4)
    assert idle.n_free == free.n_free
    assert idle.settings["binding"] == []
    bound = eisfit.fit(s, model, constraints=[ORDER, "R2 < 2.9*R1"])
    equal = eisfit.fit(s, model, constraints=[ORDER, "R2 = 2.9*R1"])
    assert bound.settings["binding"] == ["R2 < 2.9*R1"]
    assert bound.values["R2"] == pytest.approx(2.9 * bound.values["R1"], rel=1e-10)
    assert bound.chi_square == pytest.approx(equal.chi_square, rel=1e-9)
    assert bound.degrees_of_freedom == equal.degrees_of_freedom == free.degrees_of_freedom + 1
    assert np.allclose(bound.covariance, equal.covariance, rtol=1e-4)
    assert bound.status["R2"] == "at bound"
    assert np.isnan(bound.stderr["R2"])
    assert bound.stderr["R1"] == pytest.approx(equal.stderr["R1"], rel=1e-4)
    assert bound.chi_square > 1.5 * free.chi_square


def test_an_order_of_times_decides_which_arc_is_which():
    s, model, truth = three_arcs()
    turned = eisfit.fit(s, model, constraints=["tau1 > tau2 > tau3"])
    assert turned.values["R1"] == pytest.approx(truth["R3"], rel=0.03)
    assert turned.values["R3"] == pytest.approx(truth["R1"], rel=0.03)
    assert turned.chi_square == pytest.approx(eisfit.fit(s, model).chi_square, rel=1e-8)
    larger = eisfit.fit(s, model, constraints=["R1 > R2", "R2 > R3"])
    assert [larger.values[n] for n in ("R1", "R2", "R3")] == pytest.approx([300, 100, 80], rel=0.05)


def test_two_orders_of_times_that_bind_together():
    """An arc forced below and above the same time: compared with scipy's SLSQP from the optimum."""
    from scipy.optimize import minimize

    s, model, truth = three_arcs()
    text = ["tau1 < 3e-7", ORDER, "tau3 < 20*tau2"]
    r = eisfit.fit(s, model, constraints=text)
    tau = [a.tau_of(r.value_array()) for a in r.arcs[1:]]
    assert tau[0] <= 3e-7 * (1 + 1e-9)
    assert tau[2] <= 20 * tau[1] * (1 + 1e-9)
    z, f = s.impedance, s.frequency

    def cost(x):
        p = np.where(exponent, x, np.exp(x))
        return 1e3 * np.sum(np.abs((model.impedance(f, p) - z) / z) ** 2)

    exponent = np.array([slot.parameter.is_exponent for slot in model.circuit.slots])
    ln_tau = [lambda x, i=i: (x[i] + x[i + 1]) / x[i + 2] for i in (1, 4, 7)]
    rules = [
        {"type": "ineq", "fun": lambda x: np.log(3e-7) - ln_tau[0](x)},
        {"type": "ineq", "fun": lambda x: ln_tau[1](x) - ln_tau[0](x)},
        {"type": "ineq", "fun": lambda x: ln_tau[2](x) - ln_tau[1](x)},
        {"type": "ineq", "fun": lambda x: np.log(20) + ln_tau[1](x) - ln_tau[2](x)},
    ]
    limits = [(0.2, 1.0) if e else (None, None) for e in exponent]
    lowest = np.inf
    for start in (r.values, truth):
        p = np.array([start[n] for n in model.names])
        found = minimize(cost, np.where(exponent, p, np.log(p)), method="SLSQP", bounds=limits,
                         constraints=rules, options={"maxiter": 500, "ftol": 1e-12})  # fmt: skip
        holds = min(rule["fun"](found.x) for rule in rules) > -1e-6
        lowest = min(lowest, found.fun / 1e3 if holds else np.inf)
    assert r.chi_square <= lowest * (1 + 1e-4)


def test_times_are_fixed_bounded_and_started_like_parameters():
    s, model, _ = three_arcs()
    asked = {"fixed": {"tau1": 1.05e-6}, "bounds": {"tau_R2": (1.2e-4, 1e-3)}}
    r = eisfit.fit(s, model, constraints="tau2 < tau3", **asked)
    tau = [a.tau_of(r.value_array()) for a in r.arcs[1:]]
    assert tau[0] == pytest.approx(1.05e-6, rel=1e-12)
    assert tau[1] == pytest.approx(1.2e-4, rel=1e-9)
    assert (r.status["CPE1_0"], r.status["CPE2_0"]) == ("tied", "at bound")
    assert r.n_free == 9
    text = ["tau2 < tau3", "tau1 = 1.05e-6", "tau2 > 1.2e-4", "tau2 < 1e-3"]
    same = eisfit.fit(s, model, constraints=text)
    assert dict(same.values) == pytest.approx(dict(r.values), rel=1e-6)
    kept = eisfit.fit(s, model, constraints="R1 = 100")
    assert kept.values["R1"] == 100.0
    assert kept.status["R1"] == "fixed"
    one = eisfit.fit(s, model, start={"tau1": 1e-6, "R2": 300.0})
    assert one.chi_square == pytest.approx(eisfit.fit(s, model).chi_square, rel=1e-8)
    assert one.settings["start"] == {"tau1": 1e-6, "R2": 300.0}


def test_a_start_of_a_few_parameters_is_used():
    """Where one start is all there is, the arc that was started at its place is found."""
    s, model, truth = three_arcs()
    effort = eisfit.fitting.search.Effort(first=0, rounds=1)
    started = {n: truth[n] for n in model.names if n != "R0"}
    r = eisfit.fit(s, model, start=started, effort=effort)
    assert r.starts == 4
    assert r.chi_square == pytest.approx(eisfit.fit(s, model).chi_square, rel=1e-6)


def test_roles_and_times_of_roles_can_be_tied():
    s, _, _ = three_arcs()
    r = eisfit.fit(s, "zarc3", constraints=["R_arc2 = 3*R_arc1", "tau_arc1 < tau_arc2"])
    assert r.values["R2"] == pytest.approx(3 * r.values["R1"])
    assert r.status["R2"] == "tied"


def test_a_difference_stays_positive_and_an_exponent_below_one():
    s, model, _ = three_arcs()
    r = eisfit.fit(s, model, constraints=[ORDER, "R3 = R1 - 99.9"])
    assert r.values["R3"] == pytest.approx(r.values["R1"] - 99.9, rel=1e-6)
    assert r.values["R3"] > 0
    steep = eisfit.fit(s, model, constraints=[ORDER, "CPE1_1 = 1.3*CPE3_1"])
    assert steep.values["CPE1_1"] <= 1.0 + 1e-9
    assert steep.values["CPE1_1"] == pytest.approx(1.3 * steep.values["CPE3_1"], rel=1e-9)


def test_many_spectra_and_other_processes_keep_constraints():
    cases = [make("two arcs", seed) for seed in range(40, 43)]
    spectra, model = [case.spectrum for case in cases], cases[0].model
    asked = {"constraints": ["CPE2_1 = CPE1_1", "R2 < 2*R1"], "loss": "huber"}
    alone = [eisfit.fit(one, model, **asked) for one in spectra]
    together = eisfit.fit_many(spectra, model, **asked)
    with ProcessPoolExecutor(2) as pool:
        away = eisfit.fit_many(spectra, model, executor=pool, **asked)
    for one, two, three in zip(alone, together, away, strict=True):
        assert two.chi_square == pytest.approx(one.chi_square, rel=1e-6)
        assert dict(two.values) == pytest.approx(dict(one.values), rel=1e-4)
        assert dict(three.values) == pytest.approx(dict(two.values), rel=1e-9)
        assert two.settings["binding"] == one.settings["binding"]


def test_a_constrained_fit_is_saved_and_loaded(tmp_path):
    from eisfit.saved import save_result

    s, model, _ = three_arcs()
    r = eisfit.fit(s, model, constraints=["R2 = 3*R1", "tau1 < tau2"])
    loaded = eisfit.load(save_result(r, tmp_path / "fit.json"))
    assert dict(loaded.values) == dict(r.values)
    assert loaded.status["R2"] == "tied"
    assert loaded.settings["constraints"] == r.settings["constraints"]
    assert json.dumps(dict(r.settings))


def test_constraints_among_many_arcs_take_neither_time_nor_memory():
    s, _, _ = three_arcs()
    many = "-".join(["R0", *(f"p(R{i},CPE{i})" for i in range(1, 11))])
    effort = eisfit.fitting.search.Effort(first=2, later=2, rounds=1)
    r = eisfit.fit(s, many, constraints=["R2 < R1", "CPE3_1 = CPE1_1"], effort=effort)
    assert r.values["R2"] <= r.values["R1"] * (1 + 1e-9)
    assert r.values["CPE3_1"] == r.values["CPE1_1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constraints": ["R2 = 2*R7"]}, r"called 'R7'.*tau_R1.*column 8"),
        ({"constraints": ["tau0 < tau1"]}, "called 'tau0'.*Did you mean"),
        ({"constraints": ["R2 = 2*R1", "R1 = R2/3"]}, "circle|none of"),
        ({"constraints": ["R1 = R2", "R2 = R3", "R3 = R1"]}, "circle"),
        ({"constraints": ["R2 = R2"]}, "none of R2"),
        ({"constraints": ["R2 = 2*R1"], "fixed": {"R2": 5.0}}, "R2 is fixed"),
        ({"constraints": ["R2 = 5"], "fixed": {"R2": 5.0}}, "R2 is fixed"),
        ({"constraints": ["R2 = 0 - 5"]}, "R2 must be positive, found -5"),
        ({"constraints": ["CPE1_1 = 1.2"]}, "CPE1_1 must lie between 0 and 1"),
        (
            {"constraints": ["R1 < 5", "R1 > 10"]},
            "left for R1, which would lie above 10 and below 5",
        ),
        ({"constraints": ["R1 < -5"]}, "no value is left for R1"),
        ({"constraints": ["R1 > 2*R2", "R2 > 2*R1"]}, "no values were found for which"),
        ({"constraints": ["R1 = R2 - 1e9"]}, "no values were found for which R1 > 0"),
        ({"constraints": ["1 < 2"]}, "names no parameter"),
        ({"constraints": ["1 = 2"]}, "names no parameter"),
        ({"constraints": 7}, "list of texts"),
        ({"constraints": [7]}, "a constraint is text"),
        ({"fixed": {"CPE1_1": 1.5}}, "CPE1_1 must lie between 0 and 1"),
        ({"fixed": {"R1": 5.0}, "bounds": {"R1": (10, 20)}}, "R1 is fixed at 5"),
        ({"bounds": {"CPE1_1": (1.2, 1.4)}}, "no value is left for CPE1_1"),
        ({"bounds": {"R1": (np.nan, 1.0)}}, "bounds of R1"),
        ({"start": {"R1": np.nan}}, "R1 must be a positive number"),
        ({"start": {"R1": 5.0}, "bounds": {"R1": (10, 20)}}, "start of R1: 5 lies outside"),
        ({"start": [1.0]}, "start must be a mapping"),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(options, message):
    s, model, _ = three_arcs()
    with pytest.raises(FitError, match=f"(?s){message}"):
        eisfit.fit(s, model, **options)


def test_names_that_are_none_and_models_that_are_not_known_are_refused():
    s, model, _ = three_arcs()
    with pytest.raises(ModelError, match="R17"):
        eisfit.fit(s, model, bounds={"R17": (1, 2)})
    with pytest.raises(FitError, match="'auto' takes no"):
        eisfit.fit(s, constraints=["R1 = R2"])
    with pytest.raises(eisfit.EisfitError, match="takes no constraints"):
        eisfit.fit(s, model, engine="impedance", constraints=["R1 = R2"])
    with pytest.raises(FitError, match="nothing to fit"):
        eisfit.fit(s, "R0-p(R1,C1)", constraints=["R0 = R1", "R1 = 5", "C1 = 1e-6"])


def test_lmfit_parameters_are_taken_for_start_bounds_and_fixed():
    lmfit = pytest.importorskip("lmfit")
    s, model, truth = three_arcs()
    params = lmfit.Parameters()
    for n in model.names:
        params.add(n, value=truth[n], min=0)
    params["R0"].vary = False
    for n in ("R1", "R2", "R3"):
        params[n].set(value=90.0, max=250.0)
    for options in ({"params": params}, {"start": params}):
        r = eisfit.fit(s, model, **options)
        assert r.values["R0"] == truth["R0"]
        assert r.status["R0"] == "fixed"
        assert max(r.values[n] for n in ("R1", "R2", "R3")) == pytest.approx(250.0)
    with pytest.raises(FitError, match="leave out one"):
        eisfit.fit(s, model, params=params, fixed={"R0": 20.0})
    params["R3"].expr = "2*R1"
    with pytest.raises(FitError, match="R3"):
        eisfit.fit(s, model, params=params)
