"""Saved fits: what is written comes back, and a damaged file says what is wrong with it."""

import copy
import json
import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eisfit
from eisfit.errors import OutputError, ResultError
from eisfit.saved import from_json, load_result, save_result, to_json


def spectrum(**metadata: object) -> eisfit.Spectrum:
    """Two arcs and a CPE, from the closed form, with 0.1 % noise."""
    f = np.geomspace(1e6, 1.0, 61)
    s = 2j * np.pi * f
    z = 12.0 + 147.0 / (1 + (s * 1e-5) ** 0.92) + 27.0 / (1 + (s * 2e-3) ** 0.95)
    z = z + 1.0 / (5e-3 * s**0.6)
    noise = np.random.default_rng(5).standard_normal((2, len(f)))
    z = z + 1e-3 * np.abs(z) * (noise[0] + 1j * noise[1])
    made = eisfit.Spectrum(f, z, label="Ω cell [bold]1[/bold]", metadata=metadata)
    return made.masked(lambda f, z: f > 9e5, "cable")


@pytest.fixture(scope="module")
def fit() -> eisfit.FitResult:
    return eisfit.fit(
        spectrum(sweep=3, source="a.mpr", notes=("one", "two"), time_s=np.float64(2.5)),
        "li_in_lpsc_si",
    )


@pytest.fixture(scope="module")
def document(fit: eisfit.FitResult) -> dict:
    return json.loads(json.dumps(to_json(fit), allow_nan=False))


def assert_equal(one: eisfit.FitResult, other: eisfit.FitResult) -> None:
    for name in ("covariance", "impedance", "residuals"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in (
        "chi_square", "n_data", "n_free", "success", "message", "starts", "agreed", "condition",
        "rms", "aic", "bic", "model",
    ):  # fmt: skip
        assert getattr(one, name) == getattr(other, name), name
    for name in ("values", "stderr", "status"):
        mine, theirs = dict(getattr(one, name)), dict(getattr(other, name))
        assert repr(mine) == repr(theirs)
    pd.testing.assert_frame_equal(one.resistances(), other.resistances())
    pd.testing.assert_frame_equal(one.parameters(), other.parameters())
    np.testing.assert_array_equal(one.spectrum.frequency, other.spectrum.frequency)
    np.testing.assert_array_equal(one.spectrum.impedance, other.spectrum.impedance)
    assert one.spectrum.reasons == other.spectrum.reasons
    assert one.spectrum.label == other.spectrum.label
    assert dict(one.spectrum.metadata) == dict(other.spectrum.metadata)


def test_round_trip_keeps_every_number_and_the_card(fit: eisfit.FitResult, tmp_path: Path) -> None:
    path = save_result(fit, tmp_path / "fit.json")
    back = eisfit.load(path)
    assert_equal(fit, back)
    assert back.values["R_int"] == fit.values["R1"]
    assert back.derived["R_ct_total"] == fit.derived["R_ct_total"]
    assert back.model.roles == fit.model.roles
    assert back.spectrum.metadata["notes"] == ("one", "two")
    assert back.settings["weighting"] == "modulus"
    assert_equal(pickle.loads(pickle.dumps(back)), fit)


@pytest.mark.parametrize("model", ["R0-p(R1,CPE1)-p(R2,CPE2)-CPE3", "R(RQ)(RQ)Q", "randles"])
def test_round_trip_of_circuits_without_a_card_and_of_poor_fits(model: str, tmp_path: Path) -> None:
    fit = eisfit.fit(spectrum(), model)
    assert_equal(fit, eisfit.load(save_result(fit, tmp_path / "fit.json")))


def test_the_file_is_strict_json(fit: eisfit.FitResult, tmp_path: Path) -> None:
    from dataclasses import replace

    odd = replace(
        fit,
        condition=math.inf,
        covariance=np.full_like(fit.covariance, np.nan),
        stderr=dict.fromkeys(fit.names, math.nan),
    )
    path = save_result(odd, tmp_path / "fit.json")
    text = path.read_text(encoding="utf-8")

    def refuse(word: str) -> float:
        raise AssertionError(word)

    json.loads(text, parse_constant=refuse)
    assert_equal(odd, load_result(path))


def test_the_model_is_the_file_s_not_the_installed_card_s(document: dict) -> None:
    changed = copy.deepcopy(document)
    changed["model"]["roles"][1]["symbol"] = "R_layer"
    changed["model"]["name"] = "a card that is not installed"
    back = from_json(changed)
    assert back.model.name == "a card that is not installed"
    assert back.values["R_layer"] == back.values["R1"]


def test_no_overwriting_without_force(fit: eisfit.FitResult, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        save_result(fit, path)
    assert path.read_text() == "mine"
    assert_equal(fit, load_result(save_result(fit, path, force=True)))


def test_metadata_that_json_cannot_carry_are_refused_before_writing(tmp_path: Path) -> None:
    fit = eisfit.fit(spectrum(thing=object()), "R0-p(R1,CPE1)")
    with pytest.raises(OutputError, match="metadata hold <object"):
        save_result(fit, tmp_path / "fit.json")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_written_readably(tmp_path: Path) -> None:
    fit = eisfit.fit(spectrum(source="cell\udcff.mpr"), "R0-p(R1,CPE1)")
    back = load_result(save_result(fit, tmp_path / "fit.json"))
    assert back.spectrum.metadata["source"] == "cell\\udcff.mpr"


def at(*keys: object):
    """Return a change that sets the last but one key's entry to the last; ... deletes it."""

    def change(document: dict) -> None:
        *way, key, value = keys
        for step in way:
            document = document[step]
        if value is ...:
            del document[key]
        else:
            document[key] = value

    return change


DAMAGED = [
    (at("format", "eisfit-spectra"), "no saved fit"),
    (at("version", 2), "version 2"),
    (at("version", ...), "version None"),
    (at("model", ...), "lacks 'model'"),
    (at("model", "zarc1"), "'model' must be an object"),
    (at("model", "circuit", "R0-p(R1,"), "model: "),
    (at("model", "circuit", "R0-p(R1,CPE1)"), "must be an element of the circuit"),
    (at("model", "circuit", "L0-R0-p(R1,CPE1)-p(R2,CPE2)-CPE3-C9"), "has the parameters L0, R0"),
    (at("model", "circuit", "__import__('os')"), "model: "),
    (at("model", "roles", 0, "element", "R7"), "'element' must be an element of the circuit"),
    (at("model", "roles", 1, "tau_s", [1, 2, 3]), "'tau_s' must be 2 numbers"),
    (at("model", "roles", 1, "R1"), "a role of the model must be an object"),
    (at("model", "derived", "R_ct_total", ["bulk", "nowhere"]), "must list roles"),
    (at("spectrum", "frequency_hz", 0, "7e6"), "'frequency_hz' must be 61 numbers"),
    (at("spectrum", "frequency_hz", 0, -1.0), "finite and positive"),
    (at("spectrum", "real_ohm", 3, None), "impedance must be finite"),
    (at("spectrum", "imaginary_ohm", [1.0]), "'imaginary_ohm' must be 61 numbers"),
    (at("spectrum", "reasons", [""]), "'reasons' must be 61 texts"),
    (at("parameters", 0, "status", "fine"), "must be one of ok"),
    (at("parameters", 0, "value", True), "'value' must be a number"),
    (at("parameters", 0, "value", None), "'value' must be a finite number"),
    (at("parameters", 0, "value", "12"), "'value' must be a number"),
    (at("parameters", 0, "name", "R9"), "has the parameters"),
    (at("parameters", []), "has none"),
    (at("covariance", [[1.0]]), "'covariance' must be 10 x 10 numbers, found the shape"),
    (at("covariance", 0, [1.0]), "'covariance' must be 10 x 10 numbers"),
    (at("chi_square", 10**400), "'chi_square' must be a number"),
    (at("n_free", 2.5), "'n_free' must be a whole number"),
    (at("n_data", -1), "'n_data' must be a whole number, not negative"),
    (at("success", "yes"), "'success' must be true or false"),
    (at("settings", []), "'settings' must be an object"),
    (at("fit_real_ohm", 5, "wide"), "'fit_real_ohm' must be 61 numbers"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGED, ids=[text for _, text in DAMAGED])
def test_damage_is_named(change, message: str, document: dict, tmp_path: Path) -> None:
    damaged = copy.deepcopy(document)
    change(damaged)
    path = tmp_path / "old.json"
    path.write_text(json.dumps(damaged), encoding="utf-8")
    with pytest.raises(ResultError) as caught:
        load_result(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("old.json: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cut off or damaged"),
        (b'{"format": "eisfit-fit", "versi', "cut off or damaged"),
        (b'{"format": "eisfit-fit", "version": NaN}', "NaN is no JSON"),
        (b"[" * 100_000, "cut off or damaged"),
        (b"[1, 2]", "no saved fit"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"freq/Hz,Re(Z)/Ohm\n1,2\n", "cut off or damaged"),
    ],
)
def test_other_files_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    path.write_bytes(content)
    with pytest.raises(ResultError, match=message):
        load_result(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ResultError, match="cannot be read"):
            load_result(path)
