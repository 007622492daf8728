"""Sizes to area-specific resistance and conductivity, with errors by drawing."""

import json
import pickle

import numpy as np
import pytest

import eisfit
from eisfit.errors import GeometryError, ResultError
from eisfit.geometry import Geometry
from eisfit.saved import from_json, to_json

WEIGHED = Geometry(
    area_cm2=0.785, mass_g=0.1, density_g_cm3=1.86, porosity=0.15,
    stderr={"area_cm2": 0.008, "mass_g": 0.001, "density_g_cm3": 0.02, "porosity": 0.02},
)  # fmt: skip


def test_measured_thickness():
    g = Geometry(area_cm2=0.785, thickness_cm=0.08, loading_mg_cm2=3.0)
    assert g.thickness.value == 0.08
    assert g.conductivity(89.0, 0.5).value == pytest.approx(0.08 / (89.0 * 0.785))
    assert g.area_specific(89.0).value == pytest.approx(89.0 * 0.785)
    assert g.area_over_thickness_cm == pytest.approx(0.785 / 0.08)
    assert (g.conductivity(89.0).unit, g.area_specific(1.0).unit) == ("S/cm", "ohm cm2")
    assert np.isnan(g.conductivity(89.0).stderr)
    assert np.isnan(g.conductivity(89.0).interval()[0])


def test_thickness_from_mass():
    assert WEIGHED.thickness.value == pytest.approx(0.1 / (1.86 * 0.85 * 0.785))
    assert WEIGHED.has_thickness
    assert not Geometry(area_cm2=1.0, mass_g=0.1).has_thickness


@pytest.mark.parametrize("kind", ["conductivity", "area_specific", "thickness"])
def test_errors_are_those_of_drawing(kind):
    rng = np.random.default_rng(0)
    n, small = 200_000, 0.1
    drawn = {name: getattr(WEIGHED, name) + small * error * rng.standard_normal(n)
             for name, error in WEIGHED.stderr.items()}  # fmt: skip
    ohm = 89.0 + small * 0.9 * rng.standard_normal(n)
    area = drawn["area_cm2"]
    thick = drawn["mass_g"] / (drawn["density_g_cm3"] * (1 - drawn["porosity"]) * area)
    made = {"conductivity": thick / (ohm * area), "area_specific": ohm * area, "thickness": thick}
    found = WEIGHED.thickness if kind == "thickness" else getattr(WEIGHED, kind)(89.0, 0.9)
    assert found.stderr == pytest.approx(made[kind].std() / small, rel=0.01)
    assert found.value == pytest.approx(made[kind].mean(), rel=1e-3)
    low, high = found.interval()
    assert np.log(high / low) == pytest.approx(2 * 1.959964 * found.stderr / found.value)


def test_what_the_error_holds_is_said():
    sources = WEIGHED.conductivity(89.0, 0.9).sources
    assert set(sources) == {"resistance", *WEIGHED.stderr}
    assert Geometry(area_cm2=1.0, thickness_cm=1.0).conductivity(89.0, 0.9).sources == (
        "resistance",
    )


def test_rows_of_a_manifest():
    g = Geometry.from_columns({
        "sample": "Si", "diameter_mm": "10", "diameter_mm_stderr": 0.1, "mass_mg": 100,
        "density_g_cm3": 1.86, "porosity_percent": 15, "porosity_percent_stderr": "2",
        "thickness_cm": "", "loading_mg_cm2": float("nan"),
    })  # fmt: skip
    assert g is not None
    assert g.area_cm2 == pytest.approx(np.pi / 4)
    assert g.stderr["area_cm2"] == pytest.approx(np.pi / 4 * 2 * 0.01)
    assert (g.mass_g, g.porosity, g.stderr["porosity"]) == (0.1, 0.15, 0.02)
    assert (g.thickness_cm, g.loading_mg_cm2) == (None, None)
    assert Geometry.from_columns(g.columns) == g
    assert Geometry.from_columns({"sample": "Si", "area_cm2": None}) is None
    assert Geometry.from_columns({"thickness_um": 500, "area_mm2": 78.5}) == Geometry(
        area_cm2=0.785, thickness_cm=0.05
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"area_cm2": "a lot"}, "area_cm2 is no number: 'a lot'"),
        ({"area_cm2": 1.0, "diameter_mm": 10}, "given twice"),
        ({"area_cm2": -1.0}, "must be a positive number, found -1.0"),
        ({"area_cm2": "inf"}, "must be a positive number"),
        ({"porosity": 15}, "fraction from 0 to below 1, found 15.0"),
        ({"area_cm2_stderr": 0.1}, "there is area_cm2_stderr but no area_cm2"),
        ({"area_cm2": 1.0, "area_cm2_stderr": -0.1}, "uncertainty of area_cm2"),
    ],
)
def test_slips_are_named(columns, message):
    with pytest.raises(GeometryError, match=message):
        Geometry.from_columns(columns)


def test_what_is_missing_is_named():
    with pytest.raises(GeometryError, match="give area_cm2"):
        Geometry(thickness_cm=0.1).conductivity(1.0)
    with pytest.raises(GeometryError, match="also density_g_cm3, porosity"):
        Geometry(area_cm2=1.0, mass_g=0.1).conductivity(1.0)
    with pytest.raises(GeometryError, match="must be positive"):
        Geometry(area_cm2=1.0, thickness_cm=0.1).conductivity(0.0)
    with pytest.raises(GeometryError, match="there is an uncertainty of mass_g but no mass_g"):
        Geometry(area_cm2=1.0, stderr={"mass_g": 0.1})


def test_thickness_and_mass_must_not_contradict():
    sizes = {"area_cm2": 0.785, "mass_g": 0.1, "density_g_cm3": 1.86, "porosity": 0.15}
    assert Geometry(thickness_cm=0.085, **sizes).thickness.value == 0.085
    with pytest.raises(GeometryError, match=r"0.8, but mass, density, porosity and area give 0.08"):
        Geometry(thickness_cm=0.8, **sizes)


def test_frozen_and_portable():
    assert pickle.loads(pickle.dumps(WEIGHED)) == WEIGHED
    assert hash(WEIGHED) == hash(pickle.loads(pickle.dumps(WEIGHED)))
    with pytest.raises(AttributeError):
        WEIGHED.area_cm2 = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        WEIGHED.stderr["area_cm2"] = 1.0  # type: ignore[index]


@pytest.fixture(scope="module")
def pellet() -> eisfit.FitResult:
    model = eisfit.load_model("se_blocking")
    frequency = np.geomspace(7e6, 1.0, 60)
    truth = dict(zip(
        model.names, [5.0, 60.0, 2e-9, 0.95, 200.0, 2e-8, 0.95, 1e-5, 0.9, 1e3, 1e-5, 0.9],
        strict=True,
    ))  # fmt: skip
    z = model.impedance(frequency, truth)
    return eisfit.fit(eisfit.Spectrum(frequency, z), model, start=truth)


def test_conductivities_of_a_fit_are_the_electrolytes(pellet):
    size = {"thickness_cm": 0.05, "area_cm2": 0.785}
    table = pellet.quantities([("R0", "R1", "R2"), ("R0", "R3")], **size).set_index("quantity")
    found = {name for name in table.index if str(name).startswith("sigma")}
    assert found == {"sigma_R1", "sigma_R2", "sigma of R0 + R1 + R2"}
    total = pellet.sum("R0", "R1", "R2").value
    assert table.loc["sigma of R0 + R1 + R2", "value"] == pytest.approx(0.05 / (total * 0.785))
    document = json.loads(json.dumps(to_json(pellet)))
    again = from_json(document)
    assert again.model.electrolyte == pellet.model.electrolyte
    assert set(again.quantities(**size)["quantity"]) == set(pellet.quantities(**size)["quantity"])
    del document["model"]["electrolyte"]
    assert from_json(document).model.electrolyte == ()
    document["model"]["electrolyte"] = ["R99"]
    with pytest.raises(ResultError, match="'electrolyte' must be a list of R0"):
        from_json(document)
