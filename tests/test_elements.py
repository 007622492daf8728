"""Every element of the registry against formulas written anew from the literature, one scalar each.

The formulas below share nothing with the package: plain `cmath`, other forms where there are any
(a parallel connection for an arc, cosh and sinh for a diffusion).
"""

import cmath
import math
import pickle
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from eisfit.circuit.elements import BY_CDC, BY_SYMBOL, ELEMENTS, Element, Parameter
from eisfit.circuit.parser import parse

Scalar = Callable[..., complex]


def parallel(*parts: complex) -> complex:
    return 1 / sum(1 / z for z in parts)


def constant_phase(w: float, q: float, alpha: float) -> complex:
    # Brug 1984: a phase that does not depend on frequency
    return cmath.rect(w**-alpha / q, -alpha * math.pi / 2)


def open_diffusion(w: float, z0: float, tau: float) -> complex:
    x = cmath.rect(math.sqrt(w * tau), math.pi / 4)
    if x.real > 300:
        return z0 / x
    return z0 * cmath.cosh(x) / (x * cmath.sinh(x))


def short_diffusion(w: float, z0: float, tau: float) -> complex:
    x = cmath.rect(math.sqrt(w * tau), math.pi / 4)
    return z0 * cmath.tanh(x) / x


def porous_electrode(w: float, big_a: float, big_b: float, a: float, b: float) -> complex:
    beta = cmath.sqrt(complex(a, w * b))
    if beta.real > 300:
        return big_a / beta
    return (big_a * cmath.cosh(beta) + big_b) / (beta * cmath.sinh(beta))


def line(w: float, r: float, wall: complex, end: complex | None) -> complex:
    """A line of resistance r whose wall admits `wall` in all, closed by `end` (None: open).

    By the wave that runs to the end and back, as for any line: its own resistance r/x, and what
    the end reflects of it.
    """
    x = cmath.sqrt(r * wall)
    if abs(x) < 0.1:
        return short_line(r, wall, end)
    own = r / x
    reflected = 1.0 if end is None else (end - own) / (end + own)
    wave = reflected * cmath.exp(-2 * x) if x.real < 300 else 0.0
    return own * (1 + wave) / (1 - wave)


def short_line(r: float, wall: complex, end: complex | None) -> complex:
    """The same line for |r wall| < 0.01, by the series of x coth(x) in x^2 = r wall."""
    s = r * wall
    c = sum(Fraction(4) ** n * bernoulli(2 * n) / math.factorial(2 * n) * s**n for n in range(9))
    if end is None:
        return r * c / s
    return r * (r + end * c) / (r * c + end * s)


def bernoulli(n: int) -> Fraction:
    numbers: list[Fraction] = []
    for m in range(n + 1):
        earlier = sum((math.comb(m + 1, k) * numbers[k] for k in range(m)), Fraction(0))
        numbers.append((int(m == 0) - earlier) / (m + 1))
    return numbers[n]


def reacting(w: float, r_ct: float, tau: float, alpha: float) -> complex:
    return 1 / r_ct + 1 / constant_phase(w, tau**alpha / r_ct, alpha)


def end_of_pore(w: float, r_b: float, tau: float, beta: float) -> complex:
    return parallel(r_b, constant_phase(w, tau**beta / r_b, beta))


REFERENCE: dict[tuple[str, str], Scalar] = {
    ("R", "R"): lambda w, r: complex(r),
    ("C", "C"): lambda w, c: -1j / (w * c),
    ("L", "L"): lambda w, inductance: complex(0, w * inductance),
    ("CPE", "Q"): constant_phase,
    ("W", "W"): lambda w, sigma: cmath.rect(sigma * math.sqrt(2 / w), -math.pi / 4),
    ("Wo", ""): open_diffusion,
    ("Ws", ""): short_diffusion,
    ("Zarc", ""): lambda w, r, tau, alpha: parallel(r, constant_phase(w, tau**alpha / r, alpha)),
    ("G", ""): lambda w, r, tau: r / cmath.sqrt(1 + 1j * w * tau),
    ("La", ""): lambda w, inductance, alpha: 1 / constant_phase(w, inductance, alpha),
    ("K", ""): lambda w, r, tau: parallel(r, -1j * r / (w * tau)),
    ("T", ""): porous_electrode,
    ("We", ""): constant_phase,
    ("Woe", ""): lambda w, r, tau, a: line(w, r, 1 / constant_phase(w, tau**a / r, a), None),
    ("Wse", ""): lambda w, r, tau, a: line(w, r, 1 / constant_phase(w, tau**a / r, a), 0),
    ("Ky", ""): lambda w, c, tau: tau / c - 1j / (w * c),
    ("Ha", ""): lambda w, r, tau, a, b: (
        r / cmath.exp(b * cmath.log(1 + cmath.rect((w * tau) ** a, a * math.pi / 2)))
    ),
    ("H", ""): lambda w, c, tau, a, b: (
        (1 + cmath.rect((w * tau) ** a, a * math.pi / 2)) ** b * -1j / (w * c)
    ),
    ("Ge", ""): lambda w, r, tau, a: cmath.rect(
        r * math.hypot(1, w * tau) ** -a, -a * math.atan(w * tau)
    ),
    # A line of resistance r phi and a wall of r/phi beside a capacitor, tau = R C
    ("Gs", ""): lambda w, r, tau, phi: line(w, r * phi, reacting(w, r / phi, tau, 1.0), None),
    ("TLMQ", ""): lambda w, r, q, a: line(w, r, 1 / constant_phase(w, q, a), None),
    ("Tlmbq", ""): lambda w, r, tau, a, tau_b, b: line(
        w, r, 1 / constant_phase(w, tau**a / r, a), constant_phase(w, tau_b**b / r, b)
    ),
    ("Ls", ""): lambda w, r, r_ct, tau, a: line(w, r, reacting(w, r_ct, tau, a), None),
    ("Tlmns", ""): lambda w, r, r_ct, tau, a: line(w, r, reacting(w, r_ct, tau, a), 0),
    ("Tlmnq", ""): lambda w, r, r_ct, tau, a, r_b, tau_b, b: line(
        w, r, reacting(w, r_ct, tau, a), end_of_pore(w, r_b, tau_b, b)
    ),
    # Boukamp 1986: Y = Y0 sqrt(jw) coth(B sqrt(jw)) for O, tanh for T
    ("", "O"): lambda w, y0, b: short_diffusion(w, b / y0, b * b),
    ("", "T"): lambda w, y0, b: open_diffusion(w, b / y0, b * b),
    ("", "G"): lambda w, y0, k: 1 / (y0 * cmath.sqrt(k + 1j * w)),
}
FREQUENCIES = np.geomspace(1e-4, 1e7, 23)


def key(element: Element) -> tuple[str, str]:
    return element.symbol, element.cdc


def title(element: Element) -> str:
    return element.symbol or f"CDC-{element.cdc}"


every_element = pytest.mark.parametrize("element", ELEMENTS, ids=title)


def draws(element: Element, count: int, decades: float) -> np.ndarray:
    """(count, k) values; log-uniform over +- decades, exponents over most of their range."""
    rng = np.random.default_rng(sum(map(ord, element.name)))
    columns = [
        rng.uniform(0.05, 1.0, count)
        if p.is_exponent
        else 10 ** rng.uniform(-decades, decades, count)
        for p in element.parameters
    ]
    return np.stack(columns, axis=-1)


def reference(element: Element, omega: np.ndarray, values: np.ndarray) -> np.ndarray:
    formula = REFERENCE[key(element)]
    return np.array([[formula(w, *map(float, row)) for w in omega] for row in values])


def test_every_reference_belongs_to_an_element() -> None:
    assert set(REFERENCE) == {key(element) for element in ELEMENTS}


@every_element
@pytest.mark.parametrize("decades", [1.0, 4.0, 7.0])
def test_impedance_agrees_with_the_literature(element: Element, decades: float) -> None:
    omega, values = 2 * np.pi * FREQUENCIES, draws(element, 40, decades)
    z, _ = element.evaluate(omega, values)
    np.testing.assert_allclose(z, reference(element, omega, values), rtol=1e-11, atol=0)


def richardson(f: Callable[[float], np.ndarray], x: float) -> np.ndarray:
    """Derivative of f at x by central differences, two steps of extrapolation; error of h^6."""
    steps = [x * 8e-3 / 2**i for i in range(3)]
    d = [(f(x + h) - f(x - h)) / (2 * h) for h in steps]
    d = [(4 * b - a) / 3 for a, b in pairwise(d)]
    return (16 * d[1] - d[0]) / 15


@every_element
@pytest.mark.parametrize("decades", [1.0, 5.0])
def test_derivatives_agree_with_differences_of_the_literature(
    element: Element, decades: float
) -> None:
    omega, values = 2 * np.pi * FREQUENCIES, draws(element, 12, decades)
    _, slopes = element.evaluate(omega, values)
    for row, slope in zip(values, slopes, strict=True):
        size = np.abs(reference(element, omega, row[None])[0])
        for i, p in enumerate(row):

            def along(x: float, i: int = i, row: np.ndarray = row) -> np.ndarray:
                return reference(element, omega, np.array([[*row[:i], x, *row[i + 1 :]]]))[0]

            expected = richardson(along, float(p))
            # per unit of ln p, relative to the impedance: what a fit sees
            np.testing.assert_allclose(
                p * slope[i] / size, p * expected / size, rtol=2e-8, atol=1e-10,
                err_msg=f"{element.parameters[i].symbol} at {row}",
            )  # fmt: skip


def tanh_over_x_slope(x: complex) -> complex:
    """d/dx tanh(x)/x by its Taylor series, coefficients from exact Bernoulli numbers."""
    bernoulli = [Fraction(1)]
    for m in range(1, 41):
        bernoulli.append(
            -sum((math.comb(m + 1, k) * bernoulli[k] for k in range(m)), Fraction(0)) / (m + 1)
        )
    total = 0j
    for n in range(2, 21):
        power = Fraction(4) ** n
        c = power * (power - 1) * bernoulli[2 * n] / math.factorial(2 * n)
        total += float(c * (2 * n - 2)) * x ** (2 * n - 3)
    return total


@pytest.mark.parametrize("size", [1e-8, 1e-4, 5e-3, 0.0299, 0.0301, 0.1, 0.4])
def test_short_diffusion_keeps_its_derivative_where_it_nearly_vanishes(size: float) -> None:
    omega, tau = np.array([1.0]), size**2
    _, slopes = BY_SYMBOL["Ws"].evaluate(omega, np.array([1.0, tau]))
    x = cmath.rect(size, math.pi / 4)
    expected = tanh_over_x_slope(x) * x / (2 * tau)
    np.testing.assert_allclose(slopes[1, 0], expected, rtol=1e-11)


@every_element
def test_far_out_values_stay_finite(element: Element) -> None:
    omega = np.array([1e-6, 1.0, 1e9])
    corners = np.array(
        [[1.0 if p.is_exponent else 10.0**e for p in element.parameters] for e in (-15, 0, 15)]
    )
    z, slopes = element.evaluate(omega, corners)
    assert np.isfinite(z).all()
    assert np.isfinite(slopes).all()


@every_element
def test_impedance_scales_as_the_units_say(element: Element) -> None:
    omega, values = 2 * np.pi * FREQUENCIES, draws(element, 20, 3.0)
    z, _ = element.evaluate(omega, values)
    alpha = {p.symbol: values[:, i] for i, p in enumerate(element.parameters)}.get("alpha")
    larger, slower = values.copy(), values.copy()
    for i, p in enumerate(element.parameters):
        larger[:, i] *= 7.0**p.ohm
        slower[:, i] *= 3.0 ** (alpha if p.second == "alpha" else p.second)
    np.testing.assert_allclose(element.evaluate(omega, larger)[0], 7.0 * z, rtol=1e-11)
    np.testing.assert_allclose(element.evaluate(omega / 3.0, slower)[0], z, rtol=1e-11)


UNIT_FACTORS = {
    "ohm": (1, "0"), "S": (-1, "0"), "F": (-1, "1"), "H": (1, "1"), "s": (0, "1"), "1": (0, "0"),
    "1/s": (0, "-1"), "s^0.5": (0, "0.5"), "s^-0.5": (0, "-0.5"), "s^alpha": (0, "alpha"),
    "s^(alpha-1)": (0, "alpha-1"),
}  # fmt: skip


def exponents(unit: str) -> tuple[int, float | str]:
    factors = [UNIT_FACTORS[word] for word in unit.split()]
    powers = [power for _, power in factors]
    numbers = sum(float(p) for p in powers if not p.startswith("alpha"))
    numbers += sum(float(p.removeprefix("alpha") or 0) for p in powers if p.startswith("alpha"))
    with_alpha = any(p.startswith("alpha") for p in powers)
    assert not with_alpha or numbers == 0
    return sum(ohm for ohm, _ in factors), "alpha" if with_alpha else numbers


@every_element
def test_unit_text_means_the_exponents(element: Element) -> None:
    for p in element.parameters:
        assert exponents(p.unit) == (p.ohm, p.second)


@every_element
def test_batches_equal_single_evaluations(element: Element) -> None:
    omega, k = 2 * np.pi * FREQUENCIES, len(element.parameters)
    values = draws(element, 6, 2.0).reshape(2, 3, k)
    z, slopes = element.evaluate(omega, values)
    assert z.shape == (2, 3, len(omega))
    assert slopes.shape == (2, 3, k, len(omega))
    assert z.dtype == slopes.dtype == np.complex128
    for i, j in np.ndindex(2, 3):
        one, slope = element.evaluate(omega, values[i, j])
        np.testing.assert_allclose(z[i, j], one, rtol=1e-13)
        np.testing.assert_allclose(slopes[i, j], slope, rtol=1e-13)


@every_element
def test_values_are_left_alone(element: Element) -> None:
    omega, values = 2 * np.pi * FREQUENCIES, draws(element, 3, 2.0)
    before = omega.copy(), values.copy()
    omega.flags.writeable = values.flags.writeable = False
    element.evaluate(omega, values)
    np.testing.assert_array_equal(omega, before[0])
    np.testing.assert_array_equal(values, before[1])


@every_element
def test_no_element_gives_energy(element: Element) -> None:
    values = draws(element, 50, 5.0)
    if element.symbol == "T":
        # A and B come from two resistivities: A (r1 + r2) = r1^2 + r2^2 >= 2 r1 r2 = B (r1 + r2)
        values[:, :2] = np.sort(values[:, :2])[:, ::-1]
    z, _ = element.evaluate(2 * np.pi * FREQUENCIES, values)
    assert (z.real >= -1e-12 * np.abs(z)).all()


@every_element
def test_bounds_are_sensible(element: Element) -> None:
    symbols = [p.symbol for p in element.parameters]
    assert len(set(symbols)) == len(symbols)
    for p in element.parameters:
        assert 0 <= p.lower <= p.typical[0] < p.typical[1] <= p.upper
        assert p.is_exponent == (p.symbol in ("alpha", "beta"))
        assert (p.upper == 1.0) == p.is_exponent
    if element.resistance is not None:
        assert element.parameters[element.resistance].unit == "ohm"


@every_element
def test_texts_are_filled_in_and_letters_unique(element: Element) -> None:
    assert element.name
    assert element.formula
    assert element.source
    assert element.symbol or element.cdc
    assert len(element.cdc) <= 1
    assert [e.symbol for e in ELEMENTS if e.symbol].count(element.symbol) <= 1
    assert [e.cdc for e in ELEMENTS if e.cdc].count(element.cdc) <= 1


@every_element
def test_elements_travel_between_processes_as_themselves(element: Element) -> None:
    assert pickle.loads(pickle.dumps(element)) is element


def test_every_letter_of_both_grammars_parses() -> None:
    for symbol, element in BY_SYMBOL.items():
        leaf, dialect = parse(f"{symbol}7")
        assert (leaf.label, leaf.element, dialect) == (f"{symbol}7", element, "impedance.py")
    for letter, element in BY_CDC.items():
        leaf, dialect = parse(letter)
        assert (leaf.label, leaf.element, dialect) == (f"{letter}1", element, "CDC")
    assert set(BY_SYMBOL) >= {
        "R", "C", "L", "CPE", "W", "Wo", "Ws", "Zarc", "G", "Gs", "La", "K", "T", "TLMQ",
        "H", "Ha", "Ls", "Tlmbq", "Tlmns", "Tlmnq", "We", "Woe", "Wse", "Ge", "Ky",
    }  # fmt: skip
    assert set(BY_CDC) == set("RCLQWOTG")


def test_parameter_names_follow_impedance_py() -> None:
    assert BY_SYMBOL["R"].parameter_names("R1") == ("R1",)
    assert BY_SYMBOL["CPE"].parameter_names("CPE1") == ("CPE1_0", "CPE1_1")
    assert BY_SYMBOL["T"].parameter_names("T2") == ("T2_0", "T2_1", "T2_2", "T2_3")


def test_known_special_cases() -> None:
    omega = 2 * np.pi * FREQUENCIES

    def z(symbol: str, *values: float) -> np.ndarray:
        return BY_SYMBOL[symbol].evaluate(omega, np.array(values))[0]

    np.testing.assert_allclose(z("CPE", 2e-6, 1.0), z("C", 2e-6), rtol=1e-12)
    np.testing.assert_allclose(z("La", 2e-6, 1.0), z("L", 2e-6), rtol=1e-12)
    np.testing.assert_allclose(z("Zarc", 5.0, 1e-3, 1.0), z("K", 5.0, 1e-3), rtol=1e-12)
    # Diffusion that never feels the far end is semi-infinite: sigma = Z0 / sqrt(2 tau)
    np.testing.assert_allclose(z("Wo", 1e4, 1e10), z("W", 1e4 / np.sqrt(2e10)), rtol=1e-12)
    # A porous electrode without reaction (a = 0) and without B is an open diffusion
    np.testing.assert_allclose(z("T", 3.0, 1e-300, 0.0, 0.2), z("Wo", 3.0, 0.2), rtol=1e-12)


def test_parameter_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Parameter("R", "ohm").lower = 1.0


@every_element
def test_the_table_of_elements_in_the_documentation(element: Element) -> None:
    page = (Path(__file__).parents[1] / "docs" / "circuits.md").read_text("utf-8")
    parameters = "; ".join(f"{p.symbol} ({p.unit})" for p in element.parameters)
    rows = [line for line in page.splitlines() if f"| {element.name} |" in line]
    assert len(rows) == 1
    assert f"| `{element.formula}` | {parameters} | {element.source} |" in rows[0]
    letters = [part.strip(" `") for part in rows[0].split("|")[1:3]]
    assert letters == [element.symbol, element.cdc]
