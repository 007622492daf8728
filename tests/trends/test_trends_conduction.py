"""What becomes a conductivity, and what never does."""

import numpy as np
import pytest

from eisfit.circuit.models import load_model
from eisfit.geometry import Geometry
from eisfit.trends import conductivity_row

PELLET = Geometry(area_cm2=0.785, thickness_cm=0.05)


def row(element, value=89.0, stderr=0.9, status="ok"):
    return {"role": "role", "element": element, "resistance_ohm": value, "stderr_ohm": stderr,
            "status": status}  # fmt: skip


def test_conductivity_of_what_is_the_electrolytes():
    found = conductivity_row(row("R1 + R2"), PELLET, ("R1", "R2"))
    sigma = 0.05 / (89.0 * 0.785)
    assert found["conductivity_s_cm"] == pytest.approx(sigma)
    assert found["conductivity_stderr_s_cm"] == pytest.approx(0.9 / 89.0 * sigma)
    assert found["conductivity_lower_s_cm"] < sigma < found["conductivity_upper_s_cm"]
    assert found["area_specific_ohm_cm2"] == pytest.approx(89.0 * 0.785)
    assert (found["status"], found["note"], found["uncertainty"]) == ("ok", "", "resistance")
    sure = {"area_cm2": 0.01, "thickness_cm": 0.001}
    rough = Geometry(area_cm2=0.785, thickness_cm=0.05, stderr=sure)
    found = conductivity_row(row("R1"), rough, ("R1",))
    assert found["uncertainty"] == "resistance, thickness and area"
    relative = np.sqrt((0.9 / 89.0) ** 2 + (0.01 / 0.785) ** 2 + 0.02**2)
    assert found["conductivity_stderr_s_cm"] == pytest.approx(relative * sigma)


@pytest.mark.parametrize("model", ["li_in_lpsc_si", "si_lpsc_lic_ncm", "randles", "zarc2"])
def test_a_series_resistance_of_a_cell_never_becomes_one(model):
    card = load_model(model)
    for element in ("R0", "R0 + R1", "R1"):
        found = conductivity_row(row(element), PELLET, card.electrolyte)
        assert np.isnan(found["conductivity_s_cm"])
        assert "no conductivity: the model's card does not say" in found["note"]
        assert found["area_specific_ohm_cm2"] == pytest.approx(89.0 * 0.785)


@pytest.mark.parametrize("status", ["unresolved", "not determined", "at bound"])
def test_a_status_is_passed_on_and_never_becomes_a_number(status):
    found = conductivity_row(row("R1", status=status), PELLET, ("R1",))
    assert found["status"] == status
    assert all(np.isnan(v) for k, v in found.items() if k.startswith(("cond", "area")))


def test_what_is_to_know_of_a_resistance_stays_with_its_conductivity():
    told = row("R0 + R1") | {"note": "includes the series resistance"}
    assert conductivity_row(told, PELLET, ("R0", "R1"))["note"] == "includes the series resistance"
    assert conductivity_row(row("R1") | {"note": np.nan}, PELLET, ("R1",))["note"] == ""


def test_missing_sizes_are_named():
    found = conductivity_row(row("R1"), Geometry(area_cm2=0.785), ("R1",))
    assert found["area_specific_ohm_cm2"] == pytest.approx(89.0 * 0.785)
    assert np.isnan(found["conductivity_s_cm"])
    assert "give thickness_cm" in found["note"]
    found = conductivity_row(row("R1"), Geometry(loading_mg_cm2=2.0), ("R1",))
    assert found["status"] == "not determined"
    assert found["note"] == "the area is not known: give area_cm2"
    found = conductivity_row(row("R1"), None, ("R1",))
    assert (found["status"], found["note"]) == ("not determined", "no geometry is given")
