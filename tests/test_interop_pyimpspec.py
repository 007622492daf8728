"""pyimpspec's description code: its grammar by itself, its elements and fits against pyimpspec."""

import sys
import warnings
from typing import Any

import numpy as np
import pytest

from eisfit.circuit.elements import ELEMENTS, Element
from eisfit.circuit.models import load_model, models
from eisfit.errors import CircuitError, EngineError, ModelError
from eisfit.interop.pyimpspec import from_cdc, from_pyimpspec, to_cdc, to_pyimpspec
from eisfit.interop.pyimpspec_elements import PEERS, PeerElement, export_of

FREQUENCY = np.geomspace(1e6, 1e-2, 41)
WRITTEN = [element for element in ELEMENTS if export_of(element)]


# Every pore that a Tlm can be: rails, walls and ends, a second end beside it, other lengths
TLM = [
    "Tlm",
    "R{R=7}[Tlm{X_1=[R{R=4}],Zeta=[C{C=1e-2}],L=2.5}]",
    "[Tlm{X_1=short,X_2=[R{R=4}],Z_B=short,L=0.5}]",
    "[Tlm{X_1=[R{R=4}],Z_B=[Q{Y=0.02,n=0.7}],L=0.5}]",
    "[Tlm{X_1=[R{R=4}],Z_A=[Q{Y=0.02,n=0.7}],L=0.5}]",
    "[Tlm{X_1=[R{R=4}],Z_B=[C{C=0.02}],Zeta=[Q{Y=0.01,n=0.85}],L=3}]",
    "[Tlm{Zeta=(R{R=30}Q{Y=0.01,n=0.85}),L=3}]",
    "[Tlm{Z_B=short,Zeta=(Q{Y=0.01,n=0.85}R{R=30}),L=3}]",
    "[Tlm{Z_A=short,Zeta=(C{C=0.01}R{R=30}),L=3}]",
    "[Tlm{Z_B=(R{R=9}Q{Y=1e-4,n=0.9}),Zeta=(R{R=30}Q{Y=0.01,n=0.85}),L=3}]",
    "R{R=2}[Tlm{Z_A=[R{R=3}(C{C=1e-5}R{R=8})],Z_B=short,Zeta=(R{R=30}C{C=0.01}),L=3}]C{C=0.1}",
    "[Tlm{Z_A=[C{C=1e-5}],Z_B=[Q{Y=0.02,n=0.7}]}]",
    "R{R=2}([Tlm{X_1=[R{R=4}],X_2=[R{R=11}],Zeta=(R{R=30}C{C=0.01}),L=1.7}]C{C=1e-6})",
]


def drawn(model_text: str, seed: int = 0) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return {
        slot.name: float(
            rng.uniform(0.4, 0.95) if slot.parameter.is_exponent else 10 ** rng.uniform(-1.5, 1.5)
        )
        for slot in load_model(model_text).circuit.slots
    }


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ("R", "R1"),
        ("R(RC)", "R1-p(R2,C1)"),
        ("[R(RQ)W]", "R1-p(R2,CPE1)-W1"),
        ("R(C[RWo])", "R1-p(C1,R2-Wo1)"),
        # Brackets never switch: Boukamp would read R and C in series here
        ("(C(RL))", "p(C1,R1,L1)"),
        ("([RL][RC])[L]", "p(R1-L1,R2-C1)-L2"),
        (" !V=1! R ( R{R = 5} Q ) ", "R1-p(R2,CPE1)"),
        ("W{n=0.5}W{n=0.4F}W", "We1-We2-W1"),
        ("TlmnoTlmboTlmbsLs", "Ls1-TLMQ1-Wse1-Ls2"),
        ("R Tlm", "R1-TLMQ1"),
        ("RTlm{Z_A=[R(RC)],Z_B=zero,Zeta=(QR)}Tlm", "R1-p(R2-p(R3,C1),Tlmns1)-TLMQ1"),
        ("(CTlm{X_2=[R],Zeta=(RC),L=2f:pore})", "p(C1,R1-T1)"),
    ],
)
def test_circuits_read(text: str, numbered: str) -> None:
    assert from_cdc(text).model.circuit.text == numbered


def test_values_bounds_constants_and_labels() -> None:
    found = from_cdc(
        "R{R=100/50%/inf:bulk}(R{R=2e2F:a {b} c}Q{Y=1.5E-6//2e-6,n=0.9/0.5/0.95})C{:x}"
    )
    assert found.values == {"R1": 100.0, "R2": 200.0, "CPE1_0": 1.5e-6, "CPE1_1": 0.9, "C1": 1e-6}
    assert found.fixed == {"R2"}
    assert found.labels == {"R1": "bulk", "R2": "a {b} c", "C1": "x"}
    assert found.bounds == {"R1": (50.0, np.inf), "CPE1_0": (1e-24, 2e-6), "CPE1_1": (0.5, 0.95)}
    assert all(np.isnan(error) for error in found.stderr.values())


def test_values_are_converted() -> None:
    omega = 2 * np.pi * FREQUENCY
    found = from_cdc("W{Y=0.25}G{Y=2,k=4}Ws{Y=2,B=8}Wo{Y=2,B=8,n=0.3}")
    sigma, r, tau, z0, time, r_e, tau_e, alpha = found.values.values()
    assert sigma == pytest.approx(4 / np.sqrt(2))
    assert (r, tau) == pytest.approx((0.25, 0.25))
    assert (z0, time) == pytest.approx((2.0, 8.0))
    assert (r_e, tau_e, alpha) == pytest.approx((4**0.3, 8.0, 0.6))
    x = (8j * omega) ** 0.3
    theirs = (
        1 / (0.25 * np.sqrt(1j * omega))
        + 1 / (2 * np.sqrt(4 + 1j * omega))
        + np.tanh(np.sqrt(8j * omega)) / np.sqrt(2j * omega)
        + 1 / np.tanh(x) / (2j * omega) ** 0.3
    )
    np.testing.assert_allclose(found.model.impedance(FREQUENCY, found.values), theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "the circuit has no element", 1),
        ("R(R)", "too few elements", 2),
        ("R[]", "too few elements", 2),
        ("R(RC", "never closed", 2),
        ("R(RC]", r"'\]' closes no bracket: expected '\)' first", 5),
        ("RC)", "nothing is open here", 3),
        ("RX", "unknown element 'X' of pyimpspec", 2),
        ("R1", "unknown element 'R1'", 1),
        ("RTlm{Zeta=W}", "Zeta is another circuit, the end open; there are Zeta=Q", 2),
        ("Tlm{Zeta=(RQ),Z_B=R}", r"Zeta is \(RQ\), the end a resistor", 1),
        ("Tlm{X_2=R}", r"Zeta must be \(RC\) and both ends open", 1),
        ("Tlm{X_1=short}", "X_1 and X_2 must be one resistor and one short", 1),
        ("Tlm{X_1=open}", "X_1 and X_2 must be one resistor and one short", 1),
        ("Tlm{X_1=C}", "X_1 and X_2 must be one resistor and one short", 1),
        ("Tlm{Z_A=short,Z_B=short}", "Z_A must not be a short", 1),
        ("Tlm{Zeta=open}", "Zeta is open", 1),
        ("Tlm{Zeta=[Tlm]}", "a Tlm within a Tlm", 11),
        ("Tlm{Zeta=Q,Zeta=C}", r"no \(further\) Zeta; it has X_1", 12),
        ("Tlm{Zeta=}", "expected a circuit, open or short", 10),
        ("Tlm{Zeta=openly}", "unknown element 'openly'", 10),
        ("Tlm{Zeta=(RQ}", "expected an element or a bracket", 13),
        ("Tlm{Zeta=(RQ", "never closed", 10),
        ("Tlm{L=0}", "L = 0 is not within 1e-24", 7),
        ("!V=2!R", "version 2", 4),
        ("R{Q=1}", r"R has no \(further\) Q; it has R", 3),
        ("R{R=1,R=2}", r"no \(further\) R", 7),
        ("R{R=x}", "expected a number", 5),
        ("R{R=1/x}", "expected a number or inf", 7),
        ("R{R=1", "expected '}'", 6),
        ("R{R 1}", "expected '='", 5),
        ("R{R=1/2/3}", "R = 1 is not within 2 and 3", 5),
        ("Q{n=0.7//90%}", "n = 0.7 is not within 0 and 0.63", 5),
        ("R-C", "expected an element or a bracket", 2),
    ],
)
def test_errors_point_at_the_character(text: str, message: str, column: int) -> None:
    with pytest.raises(CircuitError, match=message) as caught:
        from_cdc(text)
    lines = str(caught.value).splitlines()
    assert f"(column {column})" in lines[0]
    assert lines[2].index("^") == column + 1


def test_what_our_elements_do_not_allow() -> None:
    with pytest.raises(ModelError, match=r"Woe1_2 \(alpha of Woe1\) would be 1.2"):
        from_cdc("Wo{n=0.6}")
    with pytest.raises(ModelError, match="R of K1"):
        from_cdc("K{R=-5}")
    for text in ("T1", "R0-T1"):
        with pytest.raises(ModelError, match="T1: pyimpspec has no element for the macro"):
            to_cdc(text, drawn(text))
    with pytest.raises(ModelError, match="no label"):
        to_cdc("R1", [1.0], labels={"R1": "5"})
    with pytest.raises(ModelError, match="a text is read by from_cdc"):
        from_pyimpspec("RC")
    with pytest.raises(CircuitError, match="at most"):
        from_cdc("R" * 60_000)


def test_deep_nesting() -> None:
    depth = 3000
    found = from_cdc("(R[" * depth + "RC" + "])" * depth)
    assert len(found.model.names) == depth + 2
    again = from_cdc(to_cdc("R1-" + "p(R2,C1)", [1.0, 2.0, 3.0]))
    assert again.model.circuit.text == "R1-p(R2,C1)"


@pytest.mark.parametrize("text", [*models(), "R0-p(R1,C1-p(R2,C2-p(R3,L3)))", "R(RQ)OTG"])
def test_circuits_return(text: str) -> None:
    model, values = load_model(text), drawn(text)
    first = model.names[0]
    code = to_cdc(model, values, fixed=[first], bounds={first: (1e-9, 1e9)})
    back = from_cdc(code)
    np.testing.assert_allclose(
        back.model.impedance(FREQUENCY, back.values),
        model.impedance(FREQUENCY, values), rtol=1e-11,
    )  # fmt: skip
    assert back.fixed == {back.model.names[0]}
    assert back.bounds == {back.model.names[0]: (1e-9, 1e9)}
    assert set(back.labels.values()) == {role.name for role in model.roles}


@pytest.mark.parametrize("element", WRITTEN, ids=lambda e: e.symbol or f"CDC-{e.cdc}")
def test_elements_return(element: Element) -> None:
    text = f"{element.symbol}1" if element.symbol else element.cdc
    for seed in range(5):
        values = drawn(text, seed)
        back = from_cdc(to_cdc(text, values))
        np.testing.assert_allclose(
            back.model.impedance(FREQUENCY, back.values),
            load_model(text).impedance(FREQUENCY, values), rtol=1e-10,
        )  # fmt: skip


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyimpspec", None)
    with pytest.raises(EngineError, match=r"pip install 'eisfit-toolkit\[peers\]'"):
        to_pyimpspec("R0", {"R0": 1.0})


@pytest.fixture(scope="module")
def peer() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pyimpspec", reason="pyimpspec is not installed (extra 'peers')")


def theirs(circuit: Any) -> np.ndarray:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.asarray(circuit.get_impedances(FREQUENCY))


@pytest.mark.peers
class TestWithPeer:
    def test_all_of_its_elements_are_known(self, peer: Any) -> None:
        assert set(peer.get_elements(private=True)) == {"Tlm", *PEERS}

    @pytest.mark.filterwarnings("ignore:overflow encountered in (cosh|sinh)")
    @pytest.mark.parametrize("text", TLM)
    def test_general_lines_agree(self, peer: Any, text: str) -> None:
        """Its own eight formulas, evaluated by itself."""
        circuit = peer.parse_cdc(text)
        # Of two rails it takes the hyperbolic sine, which overflows above
        f = FREQUENCY[FREQUENCY < 1e4] if "X_2=[R{R=11" in text else FREQUENCY
        expected = circuit.get_impedances(f)
        for found in (from_cdc(text), from_pyimpspec(circuit)):
            z = found.model.impedance(f, found.values)
            np.testing.assert_allclose(z, expected, rtol=1e-9)
            if "T1" not in found.model.circuit.text:
                again = to_pyimpspec(found.model, found.values, found.fixed)
                np.testing.assert_allclose(again.get_impedances(f), z, rtol=1e-12)

    @pytest.mark.filterwarnings("ignore")
    def test_a_fit_of_a_general_line_keeps_the_errors_of_the_others(self, peer: Any) -> None:
        circuit = peer.parse_cdc("R{R=10}[Tlm{X_1=[R{R=80f}],Zeta=[Q{Y=1e-3f,n=0.9f}]}]C{C=0.1}")
        z = theirs(circuit) * (1 + 1e-3 * np.random.default_rng(0).normal(size=41))
        fit = peer.fit_circuit(
            circuit, peer.DataSet(FREQUENCY, z), method="least_squares", weight="modulus",
            num_procs=1,
        )  # fmt: skip
        found = from_pyimpspec(fit)
        assert found.model.circuit.text == "R1-TLMQ1-C1"
        assert found.fixed == {"TLMQ1_0", "TLMQ1_1", "TLMQ1_2"}
        for ours, their, symbol in (("R1", "R_1", "R"), ("C1", "C_1", "C")):
            expected = fit.parameters[their][symbol]
            assert found.values[ours] == pytest.approx(expected.value)
            assert found.stderr[ours] == pytest.approx(expected.stderr)
            assert expected.stderr > 0

    @pytest.mark.parametrize("known", PEERS.values(), ids=PEERS)
    def test_defaults_are_its_own(self, peer: Any, known: PeerElement) -> None:
        their = peer.get_elements(private=True)[known.symbol]
        assert [p.symbol for p in known.parameters] == list(their.get_default_values())
        for p in known.parameters:
            assert p.default == their.get_default_value(p.symbol)
            assert p.lower == their.get_default_lower_limit(p.symbol)
            assert p.upper == their.get_default_upper_limit(p.symbol)
            assert p.fixed == their.is_fixed_by_default(p.symbol)

    @pytest.mark.parametrize("known", PEERS.values(), ids=PEERS)
    def test_elements_agree(self, peer: Any, known: PeerElement) -> None:
        """Random values of theirs, converted; and ours converted back."""
        rng = np.random.default_rng(len(known.symbol))
        highest = 0.5 if known.symbol in ("Wo", "Ws") else 0.95
        for constants in (True, False) * 10:
            values = {
                p.symbol: p.default if constants and p.fixed
                else float(rng.uniform(0.3, highest) if p.upper == 1.0
                           else 10 ** rng.uniform(-1.5, 1.5))
                for p in known.parameters
            }  # fmt: skip
            element = peer.get_elements(private=True)[known.symbol](**values)
            element.set_fixed(**{p.symbol: p.fixed and constants for p in known.parameters})
            circuit = peer.Circuit(peer.Series([element]))
            found = from_pyimpspec(circuit)
            z = found.model.impedance(FREQUENCY, found.values)
            np.testing.assert_allclose(z, theirs(circuit), rtol=1e-12)
            again = to_pyimpspec(found.model, found.values, found.fixed)
            np.testing.assert_allclose(theirs(again), z, rtol=1e-12)

    @pytest.mark.parametrize(
        "text", [*models(), "R0-p(R1,C1-p(R2,C2-p(R3,L3)))", "R(RQ)OTG", "Gs1-p(Tlmnq1,La1)"]
    )
    def test_circuits_agree(self, peer: Any, text: str) -> None:
        model, values = load_model(text), drawn(text, 3)
        circuit = to_pyimpspec(model, values)
        np.testing.assert_allclose(theirs(circuit), model.impedance(FREQUENCY, values), rtol=1e-12)

    @pytest.mark.parametrize(
        "text",
        ["(C(RL))", "R{R=2e2F:a {b} c}([R{R=5/1/inf}W{Y=0.1}]Q{n=0.7//110%})", "[R[R(RC)]]"],
    )
    def test_texts_mean_the_same(self, peer: Any, text: str) -> None:
        circuit = peer.parse_cdc(text)
        found = from_cdc(text)
        np.testing.assert_allclose(
            found.model.impedance(FREQUENCY, found.values), theirs(circuit), rtol=1e-12
        )
        written = from_pyimpspec(circuit)
        assert written.values == found.values
        assert written.bounds == found.bounds
        assert written.fixed == found.fixed
        assert written.labels == found.labels

    def test_extreme_values_survive(self, peer: Any) -> None:
        """Beyond its default bounds: the text carries wider ones."""
        circuit = to_pyimpspec("R0-C1-L1", {"R0": 1e9, "C1": 1e-26, "L1": 1e5})
        found = [value for e in circuit.get_elements() for value in e.get_values().values()]
        assert found == [1e9, 1e-26, 1e5]

    @pytest.mark.filterwarnings("ignore")
    def test_a_fit_comes_back_with_its_errors(self, peer: Any) -> None:
        model = load_model("R0-p(R1,CPE1)-W1")
        truth = dict(zip(model.names, [10.0, 50.0, 1e-6, 0.9, 20.0], strict=True))
        rng = np.random.default_rng(4)
        z = model.impedance(FREQUENCY, truth)
        z = z * (1 + 1e-3 * (rng.normal(size=41) + 1j * rng.normal(size=41)))
        data = peer.DataSet(FREQUENCY, z)
        fit = peer.fit_circuit(
            to_pyimpspec(model, truth), data, method="least_squares", weight="modulus", num_procs=1
        )
        found = from_pyimpspec(fit)
        assert found.model.circuit.text == "R1-p(R2,CPE1)-W1"
        assert list(found.values.values()) == pytest.approx(list(truth.values()), rel=0.02)
        errors = {
            (element, name): parameter
            for element, part in fit.parameters.items() for name, parameter in part.items()
        }  # fmt: skip
        y = errors["W_1", "Y"] if ("W_1", "Y") in errors else errors["W", "Y"]
        # sigma = 1 / (Y sqrt 2): the relative error is the same
        assert found.stderr["W1"] / found.values["W1"] == pytest.approx(y.stderr / y.value)
        assert 0 < found.stderr["R2"] < 0.02 * 50
