"""The electrolyte's resistance, with cable and contacts or without: what is known is said."""

import numpy as np
import pytest
from comparison_cells import noisy, zarc

from eisfit.geometry import Geometry
from eisfit.series import Series

CABLE = 10.0
TEMPERATURES = (-45.0, -40.0, -35.0, -30.0)
GEOMETRY = Geometry(area_cm2=0.5, thickness_cm=0.1)


def electrolyte_ohm(celsius: float) -> float:
    return float(300.0 * np.exp(0.38 / 8.617333e-5 * (1 / (celsius + 273.15) - 1 / 243.15)))


def pellet_with_cable(tau_bulk: float) -> Series:
    f = np.geomspace(7e6, 0.1, 79)
    spectra = []
    for seed, celsius in enumerate(TEMPERATURES):
        ohm = electrolyte_ohm(celsius)
        tau = tau_bulk * ohm / 300.0
        arcs = zarc(f, 0.4 * ohm, tau, 0.98) + zarc(f, 0.6 * ohm, 40.0 * tau, 0.95)
        tail = 1.0 / (2e-6 * (2j * np.pi * f) ** 0.9)
        spectra.append(noisy(f, CABLE + arcs + tail, seed, "pellet"))
    return Series.from_spectra(
        spectra, sample="LPSC", temperature_c=list(TEMPERATURES), geometry=GEOMETRY
    )


@pytest.mark.parametrize(("tau_bulk", "apart"), [(9e-8, True), (2e-9, False)])
def test_cable_and_contacts_are_the_electrolyte_s_only_where_that_is_said(
    tau_bulk: float, apart: bool
) -> None:
    found = pellet_with_cable(tau_bulk).compare("se_blocking")
    whole = found.resistances().query("role == 'R_electrolyte'")
    truth = np.array([electrolyte_ohm(t) for t in whole["temperature_c"]])
    known = truth if apart else truth + CABLE
    np.testing.assert_allclose(whole["resistance_ohm"], known, rtol=0.004)
    assert (np.abs(whole["resistance_ohm"] - known) < 4.0 * whole["stderr_ohm"]).all()
    sigma = found.conductivity().query("role == 'R_electrolyte'")
    np.testing.assert_allclose(sigma["conductivity_s_cm"], 0.1 / (0.5 * known), rtol=0.004)
    said = [s for s in found.sentences() if "ionic conductivity" in s or "R_electrolyte: act" in s]
    assert len(said) == len(TEMPERATURES) + 1
    for text in (*whole["note"], *sigma["note"], *said):
        assert ("includes the series resistance (cable, contacts)" in text) is not apart
    assert ("R0" in whole["element"].iloc[0]) is not apart
