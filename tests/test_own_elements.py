"""Elements of the user's own: the decorator, its derivatives, its refusals, and fits with them."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import eisfit
from eisfit.circuit.circuit import Circuit
from eisfit.circuit.elements import BY_SYMBOL, ELEMENTS, Parameter
from eisfit.circuit.elements.units import exponents
from eisfit.errors import CircuitError, ElementError, FitError

FREQUENCY = np.geomspace(1e6, 1e-1, 60)
OMEGA = 2 * np.pi * FREQUENCY
ARC = [("R", "ohm"), ("tau", "s"), ("alpha", "1", (0, 1))]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = dict(BY_SYMBOL)
    yield
    BY_SYMBOL.clear()
    BY_SYMBOL.update(before)


def arc(omega, R, tau, alpha):  # type: ignore[no-untyped-def]
    return R / (1 + (1j * omega * tau) ** alpha)


def draws(parameters: tuple[Parameter, ...], count: int) -> np.ndarray:
    rng = np.random.default_rng(len(parameters))
    columns = [
        rng.uniform(0.3, 1.0, count) if p.is_exponent else 10 ** rng.uniform(-3, 3, count)
        for p in parameters
    ]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("ours", ELEMENTS, ids=lambda e: e.symbol or f"CDC-{e.cdc}")
def test_numerical_derivatives_are_the_analytic_ones(ours) -> None:  # type: ignore[no-untyped-def]
    """Each element's impedance, registered anew without its derivatives."""

    def same(omega, *parameters):  # type: ignore[no-untyped-def]
        values = np.concatenate(np.broadcast_arrays(*map(np.atleast_1d, parameters)), axis=-1)
        return ours.evaluate(omega, values)[0]

    listed = [(p.symbol, p.unit, (p.lower, p.upper)) for p in ours.parameters]
    eisfit.element("Copy", listed)(same)
    copy = BY_SYMBOL["Copy"]
    assert copy.resistance == ours.resistance or copy.resistance is None
    for mine, original in zip(copy.parameters, ours.parameters, strict=True):
        assert (mine.ohm, mine.second) == (original.ohm, original.second)
        assert mine.is_exponent == original.is_exponent
    values = draws(ours.parameters, 24)
    values[:4, [p.is_exponent for p in ours.parameters]] = 1.0  # at a bound
    z, slopes = copy.evaluate(OMEGA, values.reshape(4, 6, -1))
    expected, exact = ours.evaluate(OMEGA, values)
    np.testing.assert_array_equal(z.reshape(expected.shape), expected)
    # per unit of ln p, relative to the impedance: what a fit sees
    size = values[..., None] / np.abs(expected)[:, None]
    np.testing.assert_allclose(slopes.reshape(exact.shape) * size, exact * size, rtol=0, atol=2e-9)


def test_a_fit_without_starting_values_and_without_warnings() -> None:
    assert eisfit.element("Mine", ARC)(arc) is arc
    model = eisfit.load_model("R0-Mine1-p(R1,CPE1)")
    truth = dict(zip(model.names, [10.0, 100.0, 1e-3, 0.8, 50.0, 1e-6, 0.9], strict=True))
    rng = np.random.default_rng(1)
    noise = 1e-3 * (rng.normal(size=60) + 1j * rng.normal(size=60))
    spectrum = eisfit.Spectrum(FREQUENCY, model.impedance(FREQUENCY, truth) * (1 + noise))
    with np.errstate(all="raise"):
        own = eisfit.fit(spectrum, model)
    built_in = eisfit.fit(spectrum, "R0-Zarc1-p(R1,CPE1)")
    assert own.chi_square == pytest.approx(built_in.chi_square, rel=1e-6)
    rows = own.resistances().set_index("element")
    assert np.isfinite(
        rows.loc["Mine1", ["tau_s", "capacitance_f", "stderr_ohm"]].astype(float)
    ).all()


def test_a_pore_with_its_own_derivatives() -> None:
    calls = []

    def diffusion(omega, r, tau):  # type: ignore[no-untyped-def]
        x = np.sqrt(1j * omega * tau)
        return r * np.tanh(x) / x

    def by_parameters(omega, r, tau):  # type: ignore[no-untyped-def]
        calls.append(1)
        x = np.sqrt(1j * omega * tau)
        by_x = (1 - np.tanh(x) ** 2) / x - np.tanh(x) / x**2
        return np.tanh(x) / x, r * by_x * x / (2 * tau)

    eisfit.element("Dw", [("r", "ohm"), ("tau", "s")], derivative=by_parameters)(diffusion)
    _, slopes = BY_SYMBOL["Dw"].evaluate(OMEGA, np.array([3.0, 0.1]))
    assert calls
    exact = BY_SYMBOL["Ws"].evaluate(OMEGA, np.array([3.0, 0.1]))[1]
    np.testing.assert_allclose(slopes, exact, rtol=1e-8)
    with pytest.raises(ElementError, match="the derivative by r is not that of its function"):
        eisfit.element(
            "Dx", [("r", "ohm"), ("tau", "s")],
            derivative=lambda omega, r, tau: by_parameters(omega, 2 * r, tau)[::-1],
        )(diffusion)  # fmt: skip
    with pytest.raises(ElementError, match="expected 2 derivatives, found 1"):
        eisfit.element(
            "Dx", [("r", "ohm"), ("tau", "s")], derivative=lambda omega, r, tau: [omega]
        )(diffusion)


def test_a_function_for_numbers_only_is_called_row_by_row() -> None:
    def branching(omega, R, tau):  # type: ignore[no-untyped-def]
        if tau <= 0:
            raise ValueError("no")
        return [R / (1 + 1j * w * tau) for w in omega]

    eisfit.element("Nb", [("R", "ohm"), ("tau", "s")])(branching)
    values = draws(BY_SYMBOL["Nb"].parameters, 6).reshape(2, 3, 2)
    z, slopes = BY_SYMBOL["Nb"].evaluate(OMEGA, values)
    expected, exact = BY_SYMBOL["K"].evaluate(OMEGA, values)
    np.testing.assert_allclose(z, expected, rtol=1e-13)
    size = values[..., None] / np.abs(expected)[..., None, :]
    np.testing.assert_allclose(slopes * size, exact * size, rtol=0, atol=1e-10)


def test_a_function_without_frequency_and_zero_values() -> None:
    eisfit.element("Rx", [("R", "ohm")])(lambda omega, R: R)
    z, slopes = BY_SYMBOL["Rx"].evaluate(OMEGA, np.array([[0.0], [5.0]]))
    np.testing.assert_array_equal(z, [[0.0] * 60, [5.0] * 60])
    np.testing.assert_allclose(slopes, np.ones((2, 1, 60)), rtol=1e-10)


def test_derivatives_do_not_leave_the_bounds() -> None:
    def narrow(omega, R, x):  # type: ignore[no-untyped-def]
        return R * np.sqrt(x - 2) * np.sqrt(3 - x) + 0j * omega

    eisfit.element("Nx", [("R", "ohm"), ("x", "1", (2, 3))])(narrow)
    for x in (2.01, 2.5, 2.99):
        _, slopes = BY_SYMBOL["Nx"].evaluate(OMEGA, np.array([2.0, x]))
        exact = 2 * (5 - 2 * x) / (2 * np.sqrt((x - 2) * (3 - x)))
        np.testing.assert_allclose(slopes[1], exact, rtol=2e-3, atol=1e-9)
    assert np.isfinite(BY_SYMBOL["Nx"].evaluate(OMEGA, np.array([2.0, 3.0]))[1]).all()


def test_bounds_of_an_element_hold_whatever_the_user_bounds() -> None:
    eisfit.element("Bd", [("R", "ohm", (10, 20))])(lambda omega, R: R + 0j * omega)
    model = eisfit.load_model("Bd1-p(R1,C1)")
    z = model.impedance(FREQUENCY, {"Bd1": 15.0, "R1": 30.0, "C1": 1e-5})
    s = eisfit.Spectrum(FREQUENCY, z * (1 + 1e-3 * np.random.default_rng(0).normal(size=60)))
    assert eisfit.fit(s, model, bounds={"Bd1": (12, 30)}).values["Bd1"] == pytest.approx(
        15, rel=0.01
    )
    for options in (
        {"bounds": {"Bd1": (25, 30)}},
        {"fixed": {"Bd1": 25}},
        {"constraints": "Bd1 = 25"},
    ):
        with pytest.raises(FitError, match=r"Bd1.* must lie between 10 and 20"):
            eisfit.fit(s, model, **options)
    tied = eisfit.fit(s, model, constraints="Bd1 = R1")  # 30 ohm in R1 would be 30 in Bd1
    assert tied.values["R1"] == tied.values["Bd1"] <= 20.0 * (1 + 1e-9)
    assert tied.lmfit().params["R1"].value == pytest.approx(tied.values["R1"])


REFUSED = [
    ("R", ARC, arc, "the symbol R is taken by the resistor"),
    ("p", ARC, arc, "no symbol"),
    ("X1", ARC, arc, "letters only"),
    ("X-y", ARC, arc, "letters only"),
    ("", ARC, arc, "letters only"),
    ("X", [], arc, "at least one parameter"),
    ("X", [("R", "ohm"), ("R", "s")], arc, "each its own symbol"),
    ("X", [("R",)], arc, r"must be \(symbol, unit\)"),
    ("X", ["R"], arc, r"must be \(symbol, unit\)"),
    ("X", [("R", 1)], arc, "expected two texts"),
    ("X", [("2R", "ohm")], arc, "expected two texts"),
    ("X", [("R", "volt")], arc, "the unit 'volt': 'volt' is not understood"),
    ("X", [("R", "ohm/cm")], arc, "totals, not values per length"),
    ("X", [("R", "ohm", (1, 0))], arc, "0 <= lower < upper"),
    ("X", [("R", "ohm", (-1, 1))], arc, "0 <= lower < upper"),
    ("X", [("R", "ohm", 5)], arc, r"the bounds as \(lower, upper\)"),
    ("X", [("R", "ohm")], arc, "cannot be called with omega and 1 parameters"),
    ("X", [("R", "ohm")], lambda omega, R: np.ones(7), r"shape \(9,\), found shape \(7,\)"),
    ("X", [("R", "ohm")], lambda omega, R: "text", "cannot be called|complex numbers"),
    ("X", [("R", "ohm")], lambda omega, R: R / (omega * 0), "not finite at R = "),
    ("X", [("R", "ohm")], lambda omega, R: np.nan * omega, "not finite"),
    ("X", [("R", "ohm")], lambda omega, R: 1 / [], "cannot be called"),
]


@pytest.mark.parametrize(("symbol", "parameters", "function", "message"), REFUSED)
def test_what_is_refused(symbol, parameters, function, message) -> None:  # type: ignore[no-untyped-def]
    before = dict(BY_SYMBOL)
    with pytest.raises(ElementError, match=message):
        eisfit.element(symbol, parameters)(function)
    assert before == BY_SYMBOL


def test_the_resistance_must_be_one() -> None:
    with pytest.raises(ElementError, match="'tau' is no parameter in ohm"):
        eisfit.element("X", ARC, resistance="tau")
    two = [("A", "ohm"), ("B", "ohm")]
    eisfit.element("Xa", two)(lambda omega, A, B: A + B)
    eisfit.element("Xb", two, resistance="B")(lambda omega, A, B: A + B)
    assert BY_SYMBOL["Xa"].resistance is None
    assert BY_SYMBOL["Xb"].resistance == 1


def test_a_second_definition_is_refused_unless_it_is_the_same_function() -> None:
    eisfit.element("Mine", ARC)(arc)
    before = Circuit.from_text("R0-Mine1")
    eisfit.element("Mine", ARC[:2])(_again())
    after = Circuit.from_text("R0-Mine1")
    assert before.names != after.names
    assert before != after
    with pytest.raises(
        ElementError, match=r"the symbol Mine is taken by the Mine \(user-defined\)"
    ):
        eisfit.element("Mine", ARC)(lambda omega, R, tau, alpha: R)


def _again():  # type: ignore[no-untyped-def]
    def again(omega, R, tau):  # type: ignore[no-untyped-def]
        return R / (1 + 1j * omega * tau)

    again.__qualname__ = arc.__qualname__  # the cell of a notebook run again
    return again


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("1", (0, 0)), ("ohm", (1, 0)), ("Ω", (1, 0)), ("S", (-1, 0)), ("F", (-1, 1)),
        ("H", (1, 1)), ("Hz", (0, -1)), ("1/s", (0, -1)), ("s^-1", (0, -1)), ("s^0.5", (0, 0.5)),
        ("ohm s^-0.5", (1, -0.5)), ("ohm/s^0.5", (1, -0.5)), ("ohm * s", (1, 1)),
        ("S s^alpha", (-1, "alpha")), ("ohm^-1 s^alpha", (-1, "alpha")),
        ("F s^(alpha-1)", (-1, "alpha")), ("H s^(alpha-1)", (1, "alpha")), ("s^n", (0, "alpha")),
        ("ohm^2/ohm", (1, 0)), ("S**-1", (1, 0)),
    ],
)  # fmt: skip
def test_units(unit: str, expected: tuple[int, float | str]) -> None:
    assert exponents(unit, ["alpha", "n"]) == expected


@pytest.mark.parametrize("ours", ELEMENTS, ids=lambda e: e.symbol or f"CDC-{e.cdc}")
def test_units_of_our_own_elements(ours) -> None:  # type: ignore[no-untyped-def]
    for p in ours.parameters:
        assert exponents(p.unit) == (p.ohm, p.second)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("", "it is empty"), ("V", "'V' is not understood"), ("ohm//s", "not understood"),
        ("ohm^0.5", "only whole powers"), ("s^beta", "no exponent is called beta"),
        ("S^alpha", "only s can have the power"), ("s^-alpha", "not understood"),
        ("S s^alpha s", "the exponent alone"), ("1/s^alpha", "the exponent alone"),
        ("s^(1", "not understood"), ("ohm$", "not understood"), ("s^()", "not understood"),
    ],
)  # fmt: skip
def test_units_that_cannot_be(unit: str, message: str) -> None:
    with pytest.raises(ElementError, match=message.replace("(", r"\(")):
        exponents(unit)


def test_unknown_elements_in_text_mention_the_decorator() -> None:
    with pytest.raises(CircuitError, match=r"eisfit\.element"):
        Circuit.from_text("R0-Mine1")


MODULE = """
import numpy as np
import eisfit

@eisfit.element("Modular", [("R", "ohm"), ("tau", "s")])
def modular(omega, R, tau):
    return R / (1 + 1j * omega * tau)
"""


def evaluated(circuit: Circuit) -> np.ndarray:
    return circuit.impedance([1.0, 10.0], [1.0, 2.0, 3.0])


def test_it_travels_to_a_process_that_never_saw_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_elements_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import my_elements_module  # noqa: F401

    circuit = Circuit.from_text("R0-Modular1")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(evaluated, circuit).result(timeout=120)
    np.testing.assert_array_equal(found, evaluated(circuit))
    monkeypatch.delitem(sys.modules, "my_elements_module")


def test_a_process_that_cannot_import_it_says_so(tmp_path: Path) -> None:
    eisfit.element("Mine", ARC)(arc)
    data = tmp_path / "data"
    element, circuit = BY_SYMBOL["Mine"], Circuit.from_text("R0-Mine1")
    assert pickle.loads(pickle.dumps(element)) is element
    assert pickle.loads(pickle.dumps(circuit)) == circuit
    elsewhere = circuit.__reduce__()[1][1]
    assert elsewhere == (arc.__module__,)
    data.write_bytes(pickle.dumps(element).replace(b"test_own_elements", b"absent_own_module"))
    code = f"import pickle; pickle.loads(open({str(data)!r}, 'rb').read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ElementError: the module" in done.stderr
    assert "absent_own_module" in done.stderr
