"""Circuits against impedances worked out by hand, and Jacobians against differences."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from eisfit.circuit.circuit import Circuit
from eisfit.errors import ModelError

FREQUENCY = np.geomspace(7e6, 1e-2, 19)
JW = 2j * np.pi * FREQUENCY


def cpe(q: float, alpha: float) -> np.ndarray:
    return 1 / (q * JW**alpha)


def par(*parts: np.ndarray | float) -> np.ndarray:
    return np.asarray(1 / sum(1 / np.asarray(part) for part in parts))


def warburg_open(z0: float, tau: float) -> np.ndarray:
    x = np.sqrt(JW * tau)
    return z0 / (x * np.tanh(x))


HAND: list[tuple[str, list[float], Callable[[list[float]], np.ndarray]]] = [
    (
        "R0-p(R1,CPE1)-CPE2",
        [12.0, 150.0, 2e-7, 0.9, 3e-4, 0.6],
        lambda v: v[0] + par(v[1], cpe(v[2], v[3])) + cpe(v[4], v[5]),
    ),
    (
        "L0-R0-p(R1-Wo1,CPE1)",
        [1e-7, 3.0, 40.0, 25.0, 8.0, 1e-5, 0.85],
        lambda v: v[0] * JW + v[1] + par(v[2] + warburg_open(v[3], v[4]), cpe(v[5], v[6])),
    ),
    (
        "p(R1,C1-p(R2,C2-p(R3,L3)))",
        [100.0, 1e-6, 30.0, 1e-4, 7.0, 1e-3],
        lambda v: par(v[0], 1 / (JW * v[1]) + par(v[2], 1 / (JW * v[3]) + par(v[4], JW * v[5]))),
    ),
    (
        "R(Q[RW])",
        [5.0, 1e-5, 0.9, 60.0, 12.0],
        lambda v: v[0] + par(cpe(v[1], v[2]), v[3] + v[4] * (1 - 1j) / np.sqrt(JW.imag)),
    ),
    (
        "R(C(R(RC)))(RQ)",
        [1.0, 1e-7, 20.0, 300.0, 1e-4, 50.0, 1e-6, 0.8],
        lambda v: (
            v[0]
            + par(1 / (JW * v[1]), v[2] + par(v[3], 1 / (JW * v[4])))
            + par(v[5], cpe(v[6], v[7]))
        ),
    ),
    ("p(R0,C0,L0)", [8.0, 1e-5, 1e-4], lambda v: par(v[0], 1 / (JW * v[1]), JW * v[2])),
]
hand = pytest.mark.parametrize(("text", "values", "formula"), HAND, ids=[case[0] for case in HAND])


@hand
def test_impedance_by_hand(
    text: str, values: list[float], formula: Callable[[list[float]], np.ndarray]
) -> None:
    circuit = Circuit.from_text(text)
    np.testing.assert_allclose(circuit.impedance(FREQUENCY, values), formula(values), rtol=1e-12)
    named = dict(zip(circuit.names, values, strict=True))
    np.testing.assert_allclose(circuit.impedance(FREQUENCY, named), formula(values), rtol=1e-12)


@hand
def test_jacobian_against_differences_by_hand(
    text: str, values: list[float], formula: Callable[[list[float]], np.ndarray]
) -> None:
    jacobian = Circuit.from_text(text).jacobian(FREQUENCY, values)
    assert jacobian.shape == (len(FREQUENCY), len(values))
    size = np.abs(formula(values))
    for i, p in enumerate(values):
        differences = []
        for h in (1e-3 * p, 5e-4 * p):
            up, down = list(values), list(values)
            up[i], down[i] = p + h, p - h
            differences.append((formula(up) - formula(down)) / (2 * h))
        expected = (4 * differences[1] - differences[0]) / 3
        np.testing.assert_allclose(
            p * jacobian[:, i] / size, p * expected / size, rtol=1e-8, atol=1e-11
        )


def test_both_grammars_mean_the_same() -> None:
    pairs = [
        ("R(RQ)Q", "R0-p(R1,CPE1)-CPE2"),
        ("LR(C[RW])", "L0-R0-p(C1,R1-W1)"),
        ("R(C(R(RQ)))", "R0-p(C1,R1-p(R2,CPE1))"),
        ("[R[RC]]L", "R0-R1-C1-L1"),
    ]
    rng = np.random.default_rng(1)
    for cdc, numbered in pairs:
        a, b = Circuit.from_text(cdc), Circuit.from_text(numbered)
        assert [slot.parameter for slot in a.slots] == [slot.parameter for slot in b.slots]
        values = rng.uniform(0.3, 0.9, size=(4, len(a.slots)))
        np.testing.assert_array_equal(
            a.impedance(FREQUENCY, values), b.impedance(FREQUENCY, values)
        )


def test_same_letters_differ_by_dialect() -> None:
    """T and G are one thing to Boukamp and another to impedance.py, and so are their numbers."""
    porous, bounded = Circuit.from_text("T1"), Circuit.from_text("T")
    assert len(porous.names) == 4
    assert bounded.names == ("T1_0", "T1_1")
    gerischer, boukamp = Circuit.from_text("G1"), Circuit.from_text("G")
    np.testing.assert_allclose(
        gerischer.impedance(FREQUENCY, [5.0, 0.1]), 5.0 / np.sqrt(1 + 0.1 * JW), rtol=1e-12
    )
    np.testing.assert_allclose(
        boukamp.impedance(FREQUENCY, [5.0, 0.1]), 1 / (5.0 * np.sqrt(0.1 + JW)), rtol=1e-12
    )


def test_batches_over_leading_dimensions() -> None:
    circuit = Circuit.from_text("R0-p(R1,CPE1)-p(R2-Wo1,CPE2)")
    omega = 2 * np.pi * FREQUENCY
    values = np.random.default_rng(2).uniform(0.2, 0.9, size=(2, 3, len(circuit.names)))
    z, slopes = circuit.evaluate(omega, values)
    assert z.shape == (2, 3, len(omega))
    assert slopes.shape == (2, 3, len(circuit.names), len(omega))
    for i, j in np.ndindex(2, 3):
        one, slope = circuit.evaluate(omega, values[i, j])
        np.testing.assert_allclose(z[i, j], one, rtol=1e-13)
        np.testing.assert_allclose(slopes[i, j], slope, rtol=1e-13)
    named = {name: values[..., k] for k, name in enumerate(circuit.names)}
    np.testing.assert_array_equal(circuit.impedance(FREQUENCY, named), z)
    mixed = {"R0": np.array([1.0, 2.0]), **dict.fromkeys(circuit.names[1:], 0.5)}
    assert circuit.impedance(FREQUENCY, mixed).shape == (2, len(omega))


def test_a_vanishing_branch_shorts_its_group() -> None:
    circuit = Circuit.from_text("R0-p(R1,C1)")
    z = circuit.impedance(FREQUENCY, [3.0, 0.0, 1e-6])
    np.testing.assert_allclose(z, np.full(len(FREQUENCY), 3.0 + 0j), rtol=1e-12)


def test_deep_nesting_evaluates() -> None:
    """A ladder of 3000 cells of 1 ohm each, at a frequency where its capacitors do not count."""
    depth = 3000
    circuit = Circuit.from_text("R(C(" * depth + "R" + "))" * depth)
    assert len(circuit.names) == 2 * depth + 1
    values = [1.0 if slot.label[0] == "R" else 1e-15 for slot in circuit.slots]
    z = circuit.impedance([1e-3], values)
    np.testing.assert_allclose(z, depth + 1.0, rtol=1e-9)
    assert pickle.loads(pickle.dumps(circuit)) == circuit
    assert "root" not in repr(circuit)


@pytest.mark.parametrize("text", ["R0-p(R1,CPE1)", "R(RQ)OTG", "T1-G1"])
def test_circuits_travel_between_processes(text: str) -> None:
    circuit = Circuit.from_text(text)
    copy = pickle.loads(pickle.dumps(circuit))
    assert copy == circuit
    assert copy.root == circuit.root
    assert copy.names == circuit.names
    assert hash(copy) == hash(circuit)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"R0": 1.0, "R1": 2.0}, "no value for C1; the circuit's parameters are R0, R1, C1"),
        ({"R0": 1.0, "R1": 2.0, "C1": 1.0, "X": 1.0}, "no parameter is called X"),
        ({"R0": 1.0, "R1": "two", "C1": 1.0}, "R1 must be numbers"),
        ({"R0": [1.0, 2.0], "R1": [1.0, 2.0, 3.0], "C1": 1.0}, "do not broadcast"),
        ([1.0, 2.0], r"expected 3 values in the order R0, R1, C1, found an array of shape \(2,\)"),
        (1.0, r"found an array of shape \(\)"),
    ],
)
def test_values_that_do_not_fit(values: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Circuit.from_text("R0-p(R1,C1)").impedance(FREQUENCY, values)


@pytest.mark.parametrize(
    ("frequency", "message"),
    [
        ([1.0, 0.0], "finite and positive"),
        ([1.0, np.nan], "finite and positive"),
        ([[1.0], [2.0]], r"found shape \(2, 1\)"),
        (["fast"], "frequencies must be numbers"),
    ],
)
def test_frequencies_that_make_no_sense(frequency: list[object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Circuit.from_text("R0").impedance(frequency, [1.0])


def test_units_and_names_in_order() -> None:
    circuit = Circuit.from_text("L0-R0-p(R1,CPE1)-Wo1")
    assert circuit.names == ("L0", "R0", "R1", "CPE1_0", "CPE1_1", "Wo1_0", "Wo1_1")
    assert circuit.units == ("H", "ohm", "ohm", "S s^alpha", "1", "ohm", "s")
    assert [leaf.label for leaf in circuit.elements] == ["L0", "R0", "R1", "CPE1", "Wo1"]
