"""Against impedance.py itself: elements, circuits, conversions both ways, and its own fit."""

import sys

import numpy as np
import pytest

from eisfit.circuit.elements import BY_CDC, BY_SYMBOL
from eisfit.circuit.models import load_model, models
from eisfit.errors import CircuitError, EngineError, FitError, ModelError
from eisfit.interop.impedancepy import fit_with_impedance, from_impedance, to_impedance
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


@pytest.fixture(scope="module")
def peer() -> object:
    return pytest.importorskip(
        "impedance.models.circuits", reason="impedance.py is not installed (extra 'peers')"
    )


@pytest.mark.peers
@pytest.mark.usefixtures("peer")
class TestWithPeer:
    @pytest.mark.parametrize("symbol", BY_SYMBOL)
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
        back, returned = from_impedance(custom)
        np.testing.assert_allclose(back.impedance(FREQUENCY, returned), z, rtol=1e-8)
        if model.circuit.dialect == "impedance.py":
            assert back.circuit == model.circuit
            assert returned == pytest.approx(values, rel=1e-12)
        assert custom.name == model.name
        assert model.circuit.names[0].split("_")[0][1:] in str(custom)

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
        model, values = from_impedance(custom)
        assert values == {"R0": 5.0, "R1": 30.0, "CPE1_0": 2e-6, "CPE1_1": 0.9}
        with pytest.warns(UserWarning, match="initial parameters"):
            theirs = custom.predict(FREQUENCY)
        np.testing.assert_allclose(model.impedance(FREQUENCY, values), theirs, rtol=1e-10)
        randles = Randles(initial_guess=[1.0, 2.0, 3.0, 4.0, 5e-6])
        assert from_impedance(randles)[0].circuit.text == randles.circuit
        custom.parameters_ = [1.0]
        with pytest.raises(ModelError, match=r"2 free parameters \(R1, CPE1_0\) and 1 values"):
            from_impedance(custom)
        with pytest.raises(CircuitError, match="unknown element 'TLMQ'"):
            from_impedance(CustomCircuit("R0-TLMQ1", initial_guess=[1.0, 1.0, 1.0, 0.9]))

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
        same, start = from_impedance(to_impedance(model, found["values"]))
        theirs = fit_with_impedance(spectrum, same, start)
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
