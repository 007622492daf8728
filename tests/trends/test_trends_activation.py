"""Activation energies against numpy, published resistances and closed forms."""

import csv

import numpy as np
import pytest
from scipy.constants import Avogadro, Boltzmann, elementary_charge
from scipy.stats import linregress
from scipy.stats import t as student_t

from eisfit.errors import TrendError
from eisfit.trends import arrhenius
from eisfit.trends.activation import KJ_MOL_PER_EV

K_EV = Boltzmann / elementary_charge
# Re(Z) of a Li6PS5Cl pellet between steel where -Im(Z) has its minimum: hybrid-drt, 50 MPa
PELLET = ([25.0, 5.0, -25.0], [89.0, 238.0, 1440.0])
WARM = np.array([-20.0, 0.0, 20.0, 40.0, 60.0])


def resistance(celsius, energy=0.38, prefactor=2e4, power=1):
    """Return R with T^power / R = prefactor exp(-E / kT)."""
    kelvin = np.asarray(celsius) + 273.15
    return kelvin**power / (prefactor * np.exp(-energy / (K_EV * kelvin)))


@pytest.mark.parametrize(("form", "power"), [("sigma T", 1), ("sigma", 0)])
def test_energy_and_prefactor_of_exact_data(form, power):
    values = resistance(WARM, power=power)
    found = arrhenius(WARM, values, 0.01 * values, form=form)
    assert found.energy_ev == pytest.approx(0.38, rel=1e-7)
    assert found.prefactor == pytest.approx(2e4, rel=1e-6)
    assert found.prefactor_unit == {"sigma T": "K/ohm", "sigma": "1/ohm"}[form]
    assert f"activation energy of {form} " in found.sentence()
    assert found.row()["form"] == form
    assert found.scatter_percent == 0.0
    np.testing.assert_allclose(found.predict(WARM), values, rtol=1e-9)
    sigma = arrhenius(WARM, 0.1 / values, kind="conductivity", form=form)
    assert sigma.energy_ev == pytest.approx(0.38, rel=1e-7)
    assert sigma.prefactor_unit == {"sigma T": "S K/cm", "sigma": "S/cm"}[form]
    np.testing.assert_allclose(sigma.predict(WARM), 0.1 / values, rtol=1e-9)


def test_the_form_without_t_gives_about_kt_less():
    values = resistance(WARM)
    with_t, without = (arrhenius(WARM, values, form=form) for form in ("sigma T", "sigma"))
    middle = K_EV * (WARM.mean() + 273.15)
    assert with_t.energy_ev - without.energy_ev == pytest.approx(middle, rel=0.05)


def test_tau_falls_with_temperature():
    tau = 1e-13 * np.exp(0.4 / (K_EV * (WARM + 273.15)))
    found = arrhenius(WARM, tau, 0.02 * tau, kind="tau", quantity="interfacial tau")
    assert (found.form, found.prefactor_unit) == ("tau", "s")
    assert found.energy_ev == pytest.approx(0.4, rel=1e-7)
    assert found.prefactor == pytest.approx(1e-13, rel=1e-5)
    np.testing.assert_allclose(found.predict(WARM), tau, rtol=1e-9)
    assert found.sentence().startswith("interfacial tau: activation energy of tau 0.4")


def test_pellet_of_argyrodite():
    found = arrhenius(*PELLET, quantity="electrolyte")
    assert found.energy_ev == pytest.approx(0.38, abs=0.005)
    assert 0.36 < found.lower_ev < found.upper_ev < 0.40
    kelvin = np.array(PELLET[0]) + 273.15
    line = linregress(1.0 / kelvin, np.log(kelvin / np.array(PELLET[1])))
    assert found.energy_ev == pytest.approx(-line.slope * K_EV, rel=1e-6)
    half = student_t.ppf(0.975, 1) * line.stderr * K_EV
    assert found.upper_ev - found.energy_ev == pytest.approx(half, rel=1e-6)
    row = found.row()
    assert row["energy_kj_mol"] == pytest.approx(found.energy_ev * 96.485, rel=1e-4)
    assert row["lower_kj_mol"] == pytest.approx(found.lower_ev * 96.485, rel=1e-4)
    assert "n = 3 temperatures, -25 to 25 °C" in found.sentence()


def test_electronvolt_per_particle_is_so_many_kj_per_mol():
    assert pytest.approx(elementary_charge * Avogadro / 1e3, rel=1e-9) == KJ_MOL_PER_EV


def cells(shared_data):
    """Return temperature (°C), resistance (ohm) and conductivity (S/cm) of MADAP's four cells."""
    csv.field_size_limit(10**8)
    found: dict[str, list[list[float]]] = {}
    path = shared_data / "madap" / "Dataframe_STRUCTURED_all508.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream, delimiter=";")
        next(rows)
        for row in rows:
            found.setdefault(row[1], []).append([float(cell) for cell in row[2:5]])
    return {name: np.array(rows).T for name, rows in found.items()}


def test_four_liquid_electrolytes(shared_data):
    """No energies are published with them: a straight line by scipy stands in."""
    measured = cells(shared_data)
    assert len(measured) == 4
    for celsius, ohm, sigma in measured.values():
        kelvin = celsius + 273.15
        for form, y in (("sigma", np.log(sigma)), ("sigma T", np.log(sigma * kelvin))):
            line = linregress(1.0 / kelvin, y)
            found = arrhenius(celsius, sigma, kind="conductivity", form=form)
            assert found.energy_ev == pytest.approx(-line.slope * K_EV, rel=1e-6)
            half = student_t.ppf(0.975, len(y) - 2) * line.stderr * K_EV
            assert found.upper_ev - found.energy_ev == pytest.approx(half, rel=1e-5)
            assert np.log(found.prefactor) == pytest.approx(line.intercept, rel=1e-5)
            by_ohm = arrhenius(celsius, ohm, form=form)
            assert by_ohm.energy_ev == pytest.approx(found.energy_ev, rel=0.01)
            assert 0.05 < found.energy_ev < 0.4
            # Liquid electrolytes follow Vogel, Fulcher and Tammann: one energy is too few
            assert found.status == "curved"


def test_two_temperatures_give_no_interval():
    found = arrhenius([25.0, 5.0], [89.0, 238.0], [1.0, 2.0])
    assert found.status == "no interval"
    assert found.energy_ev == pytest.approx(0.376, abs=0.001)
    assert np.isnan(found.lower_ev)
    assert np.isnan(found.prefactor_upper)
    assert "no 95 % interval" in found.sentence()
    again = arrhenius([25.0, 25.0, 25.0], [89.0, 90.0, 91.0])
    assert again.status == "too few points"
    assert "n = 3 spectra" in again.sentence()
    twice = arrhenius([25.0, 25.0, -25.0], [89.0, 90.0, 1440.0])
    assert "n = 3 spectra at 2 temperatures, -25 to 25" in twice.sentence()
    assert (twice.row()["n_spectra"], twice.row()["n_temperatures"]) == (3, 2)
    assert "not determined" in again.sentence()


@pytest.mark.parametrize("extra", [0.0, 0.05])
def test_intervals_hold_the_truth(extra):
    rng = np.random.default_rng(4)
    true = resistance(WARM)
    held = []
    for _ in range(300):
        errors = true * rng.uniform(0.005, 0.02, len(true))
        values = true * np.exp(np.hypot(errors / true, extra) * rng.standard_normal(len(true)))
        found = arrhenius(WARM, values, errors)
        held.append(found.lower_ev <= 0.38 <= found.upper_ev)
    assert 0.93 <= np.mean(held) <= (1.0 if extra == 0 else 0.98)


def test_curvature_is_told_from_scatter():
    rng = np.random.default_rng(5)
    bent = 10.0 * np.exp(0.05 / (K_EV * (WARM + 273.15 - 150.0)))
    found = arrhenius(WARM, bent, 0.01 * bent)
    assert found.status == "curved"
    assert "one energy does not describe it" in found.note
    true = resistance(WARM)
    curved = [
        arrhenius(WARM, true * (1 + 0.02 * rng.standard_normal(5)), 0.02 * true).status == "curved"
        for _ in range(200)
    ]
    assert np.mean(curved) < 0.08
    assert np.isnan(arrhenius(*PELLET).curvature_p)


def test_what_is_not_ok_is_left_out():
    values = resistance(WARM)
    values[2] = 1e9
    found = arrhenius(WARM, values, 0.01 * values, ["ok", "ok", "at bound", "ok", "outside window"])
    assert found.n == 4
    assert found.energy_ev == pytest.approx(0.38, rel=1e-6)
    assert "left out: 1 at bound" in found.sentence()
    assert "1 point belongs to a process outside the measured window" in found.note


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "tau"}, "no form 'tau' of 'resistance'"),
        ({"kind": "voltage"}, "no form"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"temperature_c": [25.0, -300.0, 0.0]}, "above -273.15"),
        ({"temperature_c": [25.0, np.nan, 0.0]}, "above -273.15"),
        ({"value": [1.0, 0.0, 2.0]}, "must be positive"),
        ({"value": [1.0, 2.0]}, "give one each"),
    ],
)
def test_slips_are_named(options, message):
    given = {"temperature_c": PELLET[0], "value": PELLET[1], **options}
    with pytest.raises(TrendError, match=message):
        arrhenius(**given)
