"""A fit without starting values finds what one started at the truth finds, for every element."""

import numpy as np
import pytest

import eisfit
from eisfit.circuit.elements import BY_SYMBOL

FREQUENCY = np.geomspace(1e6, 1e-2, 81)
CASES = {
    "R0-p(R1,CPE1)-Woe1": [10.0, 50.0, 1e-5, 0.9, 100.0, 5.0, 0.85],
    "R0-p(R1-Wse1,CPE1)": [10.0, 50.0, 100.0, 5.0, 0.85, 1e-5, 0.9],
    "R0-p(R1-We1,CPE1)": [10.0, 50.0, 0.02, 0.6, 1e-5, 0.9],
    "R0-p(R1,H1)": [10.0, 1000.0, 1e-6, 1e-5, 0.9, 0.7],
    "R0-La1-p(R1,CPE1)": [10.0, 1e-6, 0.9, 100.0, 1e-5, 0.9],
    "R0-Ha1": [10.0, 100.0, 1e-3, 0.8, 0.6],
    "R0-Ge1": [10.0, 100.0, 1e-2, 0.6],
    "R0-Gs1": [10.0, 50.0, 1.0, 1.5],
    "R0-T1": [10.0, 50.0, 20.0, 0.5, 0.1],
    "R0-TLMQ1": [10.0, 80.0, 1e-3, 0.9],
    "R0-Tlmbq1": [5.0, 80.0, 0.1, 0.9, 10.0, 0.8],
    "R0-Ls1": [5.0, 60.0, 100.0, 1.0, 0.9],
    "R0-Tlmns1": [5.0, 60.0, 100.0, 1.0, 0.9],
    "R0-Tlmnq1": [5.0, 60.0, 100.0, 1.0, 0.9, 30.0, 1e-3, 0.8],
    "p(R1,Ky1)": [100.0, 1e-5, 1e-4],
}
ELSEWHERE = {"R", "C", "L", "CPE", "W", "Wo", "Ws", "Zarc", "K", "G"}


def test_every_element_has_a_case_here_or_in_the_families() -> None:
    circuits = [eisfit.load_model(text).circuit for text in CASES]
    inside = {leaf.element.symbol for circuit in circuits for leaf in circuit.elements}
    assert inside | ELSEWHERE == set(BY_SYMBOL)


@pytest.mark.parametrize("text", CASES)
def test_no_starting_values(text: str) -> None:
    model, truth = eisfit.load_model(text), CASES[text]
    z = model.impedance(FREQUENCY, truth)
    rng = np.random.default_rng(11)
    noise = 2e-3 * (rng.normal(size=81) + 1j * rng.normal(size=81))
    spectrum = eisfit.Spectrum(FREQUENCY, z * (1 + noise))
    found = eisfit.fit(spectrum, model)
    started = eisfit.fit(spectrum, model, start=dict(zip(model.names, truth, strict=True)))
    assert found.success
    assert found.chi_square <= 1.001 * started.chi_square
    # and that is no worse than the truth itself
    at_truth = np.sum(np.abs(z - spectrum.impedance) ** 2 / np.abs(spectrum.impedance) ** 2)
    assert found.chi_square <= at_truth
