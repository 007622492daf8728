"""Against impedance.py itself: elements, circuits, conversions both ways, and its own fit."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from eisfit.circuit.elements import BY_CDC, BY_SYMBOL
from eisfit.circuit.models import load_model, models
from eisfit.errors import (
    CircuitError,
    EngineError,
    FitError,
    ModelError,
    OutputError,
    ReadError,
)
from eisfit.interop.impedance_bridge import KNOWN
from eisfit.interop.impedancepy import (
    fit_with_impedance,
    from_impedance,
    impedance_json,
    read_impedance,
    to_impedance,
    write_impedance,
)
from eisfit.spectrum import Spectrum

FREQUENCY = np.geomspace(1e6, 1e-2, 41)


def values_for(text: str, seed: int = 0) -> dict[str, float]:
    model = load_model(text)
    rng = np.random.default_rng(seed)
    return {
        slot.name: float(
            rng.uniform(0.4, 0.95) if slot.parameter.is_exponent else 10 ** rng.uniform(-3, 2)
        )
        for slot in model.circuit.slots
    }


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "impedance.models.circuits", None)
    with pytest.raises(EngineError, match=r"pip install 'eisfit-toolkit\[peers\]'"):
        to_impedance("R0", {"R0": 1.0})


CARD = "R0-p(R1,CPE1)-La1"
VALUES = {"R0": 5.0, "R1": 30.0, "CPE1_0": 2e-6, "CPE1_1": 0.9, "La1_0": 1e-6, "La1_1": 0.8}


def test_file_returns_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "impedance", None)
    path = write_impedance(tmp_path / "c.json", CARD, VALUES, fixed=["R0", "CPE1_1"])
    back = read_impedance(path)
    assert back.model.circuit.text == CARD
    assert back.values == pytest.approx(VALUES, rel=1e-12)
    assert back.fixed == {"R0", "CPE1_1"}
    assert all(np.isnan(back.stderr[name]) for name in VALUES if name not in back.fixed)
    with pytest.raises(OutputError, match="exists"):
        write_impedance(path, CARD, VALUES)
    assert write_impedance(path, CARD, VALUES, force=True) == path


def test_standard_errors_go_through_the_conversion() -> None:
    """La there is L^(1/alpha): first-order propagation by hand, with the correlation."""
    covariance = np.zeros((6, 6))
    covariance[0, 0] = 0.25
    covariance[4:, 4:] = [[4e-14, 1e-9], [1e-9, 1e-4]]
    entry = impedance_json(CARD, VALUES, covariance)
    inductance, alpha = VALUES["La1_0"], VALUES["La1_1"]
    theirs = inductance ** (1 / alpha)
    slope = np.array([theirs / (alpha * inductance), -theirs * np.log(inductance) / alpha**2])
    expected = np.sqrt(slope @ covariance[4:, 4:] @ slope)
    assert entry["Confidence"] == pytest.approx([0.5, 0, 0, 0, expected, 0.01], rel=1e-6)
    with pytest.raises(ModelError, match=r"covariance of shape \(6, 6\)"):
        impedance_json(CARD, VALUES, np.eye(3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is no JSON"),
        ("[1, 2]", "no 'Circuit String'"),
        ('{"Name": null}', "no 'Circuit String'"),
        ('{"Circuit String": "R0", "Fit": true, "Parameters": 5}', "'Parameters' must be a list"),
        ('{"Circuit String": "R0", "Initial Guess": ["x"]}', "'Initial Guess' must be a list"),
        ('{"Circuit String": "R0", "Constants": {"R0": "x"}}', "'Constants' must be names"),
    ],
)
def test_files_that_are_no_circuit(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(content)
    with pytest.raises(ReadError, match=message):
        read_impedance(path)
    with pytest.raises(ReadError, match="cannot read"):
        read_impedance(tmp_path / "absent.json")


@pytest.mark.parametrize("symbol", sorted(set(BY_SYMBOL) - KNOWN - {"We", "Woe"}))
def test_elements_that_impedance_py_lacks(symbol: str) -> None:
    with pytest.raises(ModelError, match=f"no element for {symbol}, the"):
        impedance_json(f"R0-{symbol}1", values_for(f"R0-{symbol}1"))


@pytest.fixture(scope="module")
def peer() -> object:
    return pytest.importorskip(
        "impedance.models.circuits", reason="impedance.py is not installed (extra 'peers')"
    )


@pytest.mark.peers
@pytest.mark.usefixtures("peer")
class TestWithPeer:
    def test_known_elements_are_all_of_its_elements(self) -> None:
        from impedance.models.circuits.elements import circuit_elements

        # It evaluates circuits with this very mapping, which leaves Python's builtins in it
        assert set(circuit_elements) - {"s", "p", "__builtins__"} == KNOWN

    @pytest.mark.parametrize("symbol", sorted(KNOWN))
    def test_elements_agree(self, symbol: str) -> None:
        """Each element by its own function there; La computes (L j w)^alpha there."""
        from impedance.models.circuits.elements import circuit_elements

        element = BY_SYMBOL[symbol]
        rng = np.random.default_rng(len(symbol))
        for _ in range(20):
            values = [
                float(rng.uniform(0.3, 1.0) if p.is_exponent else 10 ** rng.uniform(-3, 2))
                for p in element.parameters
            ]
            theirs = list(values)
            if symbol == "La":
                theirs[0] = values[0] ** (1 / values[1])
            z, _ = element.evaluate(2 * np.pi * FREQUENCY, np.array(values))
            # Its T takes sinh(b') for 1e10 once b' passes 100: B / (b' sinh b') <= 1e-12 B
            slack = 1e-12 * values[1] if symbol == "T" else 0.0
            np.testing.assert_allclose(
                z, circuit_elements[symbol](theirs, FREQUENCY.tolist()), rtol=1e-8, atol=slack
            )

    @pytest.mark.parametrize(
        "text",
        [
            *models(),
            "R0",
            "p(R0,C0)",
            "R0-p(R1,C1-p(R2,C2-p(R3,L3)))",
            "p(p(R1,C1)-R2,p(R3,C3)-R4)-La1",
            "T1-G1-K1-Zarc1-Wo1-Ws1-W1",
            "TLMQ1-Gs1",
            "R12-p(CPE10,Wo3-R2)",
            "R(RQ)Q",
            "LR(C[RW])(Q(RO))TG",
            *BY_CDC,
        ],
    )
    def test_circuits_agree_and_return(self, text: str) -> None:
        model, values = load_model(text), values_for(text)
        custom = to_impedance(text, values)
        z = model.impedance(FREQUENCY, values)
        np.testing.assert_allclose(custom.predict(FREQUENCY), z, rtol=1e-8)
        back = from_impedance(custom)
        np.testing.assert_allclose(back.model.impedance(FREQUENCY, back.values), z, rtol=1e-8)
        if model.circuit.dialect == "impedance.py":
            assert back.model.circuit == model.circuit
            assert back.values == pytest.approx(values, rel=1e-12)
        assert custom.name == model.name
        assert model.circuit.names[0].split("_")[0][1:] in str(custom)

    @pytest.mark.parametrize("text", ["R0-p(We1,CPE1)", "R0-We1", "R0-Woe1"])
    def test_elements_under_another_name_there(self, text: str) -> None:
        model, values = load_model(text), values_for(text)
        custom = to_impedance(text, values)
        z = model.impedance(FREQUENCY, values)
        np.testing.assert_allclose(custom.predict(FREQUENCY), z, rtol=1e-8)

    # Its load() leaves the file open
    @pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_its_own_file_is_read_and_ours_by_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from impedance.models.circuits import CustomCircuit

        text = "R0-p(R1,CPE1)-Wo1"
        model, values = load_model(text), values_for(text)
        spectrum = noisy(model.impedance(np.geomspace(1e6, 1e-2, 90), values), 90, 1e-2)
        start = [v for name, v in values.items() if name != "R0"]
        custom = CustomCircuit(
            text, initial_guess=start, constants={"R0": values["R0"]}, name="mine"
        )
        custom.fit(spectrum.frequency, spectrum.impedance, weight_by_modulus=True)
        custom.save(str(tmp_path / "theirs.json"))
        back = read_impedance(tmp_path / "theirs.json")
        assert back.model.name == "mine"
        assert back.fixed == {"R0"}
        free = [name for name in model.names if name != "R0"]
        assert [back.values[name] for name in free] == custom.parameters_.tolist()
        assert [back.stderr[name] for name in free] == pytest.approx(custom.conf_, rel=1e-12)
        assert back.stderr["R0"] == 0

        covariance = np.diag(np.square([back.stderr[name] for name in model.names]))
        path = write_impedance(
            tmp_path / "ours.json", back.model, back.values, covariance, back.fixed
        )
        loaded = CustomCircuit()
        loaded.load(str(path))
        capsys.readouterr()  # it prints the circuit
        assert loaded.circuit == custom.circuit
        np.testing.assert_array_equal(loaded.parameters_, custom.parameters_)
        np.testing.assert_allclose(loaded.conf_, custom.conf_, rtol=1e-12)
        assert loaded.constants == custom.constants
        np.testing.assert_allclose(loaded.predict(FREQUENCY), custom.predict(FREQUENCY), rtol=1e-14)
        assert set(json.loads(path.read_text())) == set(
            json.loads((tmp_path / "theirs.json").read_text())
        )

    def test_modified_inductor_is_converted(self) -> None:
        custom = to_impedance("La1", {"La1_0": 1e-4, "La1_1": 0.8})
        assert custom.parameters_[0] == pytest.approx(1e-5)  # 1e-4 ** (1 / 0.8)
        omega = 2 * np.pi * FREQUENCY
        np.testing.assert_allclose(
            custom.predict(FREQUENCY), 1e-4 * (1j * omega) ** 0.8, rtol=1e-12
        )

    def test_boukamp_values_are_converted(self) -> None:
        custom = to_impedance("OTG", [2.0, 3.0, 4.0, 5.0, 6.0, 0.25])
        assert custom.circuit == "Ws1-Wo1-G1"
        # Z0 = B / Y0, tau = B^2; R = 1 / (Y0 sqrt k), tau = 1 / k
        np.testing.assert_allclose(custom.parameters_, [1.5, 9.0, 1.25, 25.0, 1 / 3, 4.0])

    def test_from_a_circuit_made_there(self) -> None:
        from impedance.models.circuits import CustomCircuit, Randles

        custom = CustomCircuit(
            "R0-p(R1,CPE1)", initial_guess=[30.0, 2e-6], constants={"R0": 5.0, "CPE1_1": 0.9}
        )
        found = from_impedance(custom)
        model, values = found.model, found.values
        assert found.fixed == {"R0", "CPE1_1"}
        assert values == {"R0": 5.0, "R1": 30.0, "CPE1_0": 2e-6, "CPE1_1": 0.9}
        with pytest.warns(UserWarning, match="initial parameters"):
            theirs = custom.predict(FREQUENCY)
        np.testing.assert_allclose(model.impedance(FREQUENCY, values), theirs, rtol=1e-10)
        assert (
            from_impedance(
                CustomCircuit(
                    "R_0-p(R_1,CPE_1)",
                    initial_guess=[30.0, 2e-6],
                    constants={"R_0": 5.0, "CPE_1_1": 0.9},
                )
            ).values
            == values
        )
        randles = Randles(initial_guess=[1.0, 2.0, 3.0, 4.0, 5e-6])
        assert from_impedance(randles).model.circuit.text == randles.circuit
        custom.parameters_ = [1.0]
        with pytest.raises(ModelError, match=r"2 free parameters \(R1, CPE1_0\) and 1 values"):
            from_impedance(custom)
        own = CustomCircuit()
        own.circuit, own.initial_guess = "R0-Mine1", [1.0, 1.0]
        with pytest.raises(CircuitError, match="unknown element 'Mine'"):
            from_impedance(own)

    def test_values_that_do_not_fit(self) -> None:
        with pytest.raises(ModelError, match="no value for C1"):
            to_impedance("R0-C1", {"R0": 1.0})
        with pytest.raises(ModelError, match="one set of 2 values"):
            to_impedance("R0-C1", np.ones((3, 2)))
        assert (
            to_impedance("randles", {**values_for("R0-p(W1,CPE1)"), "R_ct": 7.0}).parameters_[1]
            == 7
        )

    def test_fit_finds_the_truth_with_its_own_errors(self) -> None:
        """Scatter of 300 points with 0.5 % noise: values within 4 standard errors of the truth."""
        model = load_model("R0-p(R1,CPE1)-p(R2,CPE2)")
        truth = dict(zip(model.names, [10.0, 50.0, 1e-6, 0.9, 200.0, 1e-4, 0.8], strict=True))
        spectrum = noisy(model.impedance(np.geomspace(1e6, 0.1, 300), truth), 300, 0.1)
        start = {
            name: value * (0.95 if name.endswith("_1") else 1.6) for name, value in truth.items()
        }
        found = fit_with_impedance(spectrum, model, start)
        for name, value in truth.items():
            assert 0 < found["stderr"][name] < 0.02 * value
            assert abs(found["values"][name] - value) < 4 * found["stderr"][name]
        assert found["engine"].startswith("impedance.py 1.")

    def test_fit_standard_error_is_that_of_a_straight_line(self) -> None:
        """R0-L0 is linear, so modulus-weighted least squares has a closed form."""
        truth = {"R0": 5.0, "L0": 1e-6}
        spectrum = noisy(load_model("R0-L0").impedance(np.geomspace(1e6, 1e4, 60), truth), 60, 1e4)
        found = fit_with_impedance(spectrum, "R0-L0", {"R0": 1.0, "L0": 1e-7})
        size, z = spectrum.modulus, spectrum.impedance
        zeros = np.zeros(len(z))
        matrix = np.stack(
            [np.r_[1 / size, zeros], np.r_[zeros, spectrum.omega / size]], axis=1
        )  # fmt: skip
        target = np.r_[z.real / size, z.imag / size]
        values, cost, *_ = np.linalg.lstsq(matrix, target)
        stderr = np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)) * cost[0] / (len(target) - 2))
        assert list(found["values"].values()) == pytest.approx(values, rel=1e-6)
        assert list(found["stderr"].values()) == pytest.approx(stderr, rel=1e-4)
        known = fit_with_impedance(
            spectrum, "R0-L0", found["values"], 0.005 * size, absolute_sigma=True
        )
        exact = 0.005 * np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix)))
        assert list(known["stderr"].values()) == pytest.approx(exact, rel=1e-4)

    def test_fit_of_a_description_code_comes_back_under_its_names(self) -> None:
        model = load_model("R(RQ)G")
        truth = dict(zip(model.names, [10.0, 50.0, 1e-6, 0.9, 0.02, 0.5], strict=True))
        spectrum = noisy(model.impedance(np.geomspace(1e6, 1e-2, 120), truth), 120, 1e-2)
        found = fit_with_impedance(spectrum, model, {k: 0.9 * v for k, v in truth.items()})
        assert found["values"] == pytest.approx(truth, rel=0.05)
        errors = found["stderr"]
        same = from_impedance(to_impedance(model, found["values"]))
        theirs = fit_with_impedance(spectrum, same.model, same.values)
        # k = 1 / tau takes one parameter of theirs, Y0 = sqrt(tau) / R takes two
        tau, error = theirs["values"]["G1_1"], theirs["stderr"]["G1_1"]
        assert 0 < errors["G1_1"] == pytest.approx(error / tau**2, rel=1e-3)
        assert np.isnan(errors["G1_0"])
        assert all(errors[name] > 0 for name in ("R1", "R2", "Q1_0", "Q1_1"))

    def test_masked_points_and_weighting(self) -> None:
        model = load_model("R0-p(R1,C1)")
        truth = {"R0": 10.0, "R1": 50.0, "C1": 1e-6}
        frequency = np.geomspace(1e6, 10, 40)
        z = model.impedance(frequency, truth)
        z[7] *= 3
        bad = Spectrum(frequency, z)
        wrong = fit_with_impedance(bad, model, truth)["values"]
        assert wrong["R1"] != pytest.approx(50.0, rel=1e-3)
        masked = bad.masked(np.arange(40) == 7, "spike")
        sigma = np.full(39, 0.5)
        for weighting in ("modulus", "unit", "proportional", sigma):
            found = fit_with_impedance(masked, model, truth, weighting)
            assert found["values"] == pytest.approx(truth, rel=1e-5)
        with pytest.raises(FitError, match="unknown weighting"):
            fit_with_impedance(bad, model, truth, "modulos")

    def test_failure_quotes_the_peer(self) -> None:
        spectrum = Spectrum(FREQUENCY, np.full(41, 1.0 + 0j), label="flat")
        with pytest.raises(EngineError, match=r"could not fit R0-p\(R1,CPE1\) to flat: .*Error"):
            fit_with_impedance(
                spectrum, "R0-p(R1,CPE1)", values_for("R0-p(R1,CPE1)"), max_evaluations=1
            )


def noisy(z: np.ndarray, count: int, lowest: float) -> Spectrum:
    rng = np.random.default_rng(3)
    noise = 0.005 * np.abs(z) * (rng.normal(size=count) + 1j * rng.normal(size=count))
    return Spectrum(np.geomspace(1e6, lowest, count), z + noise)
