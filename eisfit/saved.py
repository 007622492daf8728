"""Fit results as JSON: written whole, checked word by word when they come back."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model, Role
from eisfit.errors import CircuitError, ModelError, OutputError, ResultError, SpectrumError
from eisfit.fitting.result import FitResult
from eisfit.frozen import FrozenDict
from eisfit.io.atomic import write_text_atomically
from eisfit.io.paths import utf8
from eisfit.spectrum import Spectrum

FORMAT = "eisfit-fit"
VERSION = 1
STATES = ("ok", "at bound", "not determined", "fixed", "tied")

# JSON has no word for these; NaN, the absence of a number, is null
_INFINITE = {"Infinity": math.inf, "-Infinity": -math.inf}

_Number = (int, float, str, type(None))


def save_result(fit: FitResult, path: str | os.PathLike[str], force: bool = False) -> Path:
    """Write a fit result as JSON that `load_result` gives back.

    Raises
    ------
    OutputError
        If the file exists and `force` is false, it cannot be written, or the metadata hold
        something that JSON cannot.
    """
    return write_text_atomically(path, saved_text(fit), force)


def saved_text(fit: FitResult) -> str:
    """Return what `save_result` writes."""
    return json.dumps(to_json(fit), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load_result(path: str | os.PathLike[str]) -> FitResult:
    """Return a saved fit result; tables and plots of it are those of the first day.

    Raises
    ------
    ResultError
        If the file cannot be read, is no JSON or no saved fit; the message says what is wrong.
    """
    name = Path(path).name
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read as a saved fit: {error}") from error
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{name} is cut off or damaged, no JSON: {error}") from error
    try:
        return from_json(document)
    except ResultError as error:
        raise ResultError(f"{name}: {error}") from error


def to_json(fit: FitResult) -> dict[str, Any]:
    """Return a fit result as plain lists, dicts, texts and numbers; NaN is None.

    Raises
    ------
    OutputError
        If metadata or settings hold something that JSON cannot.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "spectrum": _spectrum_to_json(fit.spectrum),
        "model": model_to_json(fit.model),
        "parameters": [
            {
                "name": slot.name,
                "value": plain(fit.values[slot.name]),
                "stderr": plain(fit.stderr[slot.name]),
                "unit": slot.parameter.unit,
                "status": fit.status[slot.name],
            }
            for slot in fit.model.circuit.slots
        ],
        "covariance": plain(fit.covariance),
        "chi_square": plain(fit.chi_square),
        "n_data": int(fit.n_data),
        "n_free": int(fit.n_free),
        "fit_real_ohm": plain(fit.impedance.real),
        "fit_imaginary_ohm": plain(fit.impedance.imag),
        "residual_real": plain(fit.residuals.real),
        "residual_imaginary": plain(fit.residuals.imag),
        "success": bool(fit.success),
        "message": plain(fit.message),
        "starts": int(fit.starts),
        "agreed": int(fit.agreed),
        "condition": plain(fit.condition),
        "settings": plain(fit.settings, "settings"),
    }


def from_json(document: Any) -> FitResult:
    """Return the fit result of `to_json`'s document.

    Raises
    ------
    ResultError
        If the document is of another kind or version, lacks something, or contradicts itself.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ResultError(f'no saved fit: it must begin with "format": "{FORMAT}"')
    if document.get("version") != VERSION:
        raise ResultError(
            f"the saved fit has version {document.get('version')!r}, this eisfit reads version "
            f"{VERSION}: update eisfit, or fit again"
        )
    top = _Part(document, "the saved fit")
    model = _model(top.part("model"))
    spectrum = _spectrum(top.part("spectrum"))
    parameters = [_Part(entry, f"parameter {i}") for i, entry in enumerate(top.list("parameters"))]
    names = tuple(part.text("name") for part in parameters)
    if names != model.names:
        raise ResultError(
            f"the circuit {model.circuit.text} has the parameters {', '.join(model.names)}, the "
            f"saved fit has {', '.join(names) or 'none'}"
        )
    count, points = len(names), len(spectrum)
    return FitResult(
        spectrum=spectrum,
        model=model,
        values={part.text("name"): part.finite("value") for part in parameters},
        stderr={part.text("name"): part.number("stderr") for part in parameters},
        status={part.text("name"): part.choice("status", STATES) for part in parameters},
        covariance=top.array("covariance", (count, count)),
        chi_square=top.finite("chi_square"),
        n_data=top.count("n_data"),
        n_free=top.count("n_free"),
        impedance=top.complex("fit_real_ohm", "fit_imaginary_ohm", points),
        residuals=top.complex("residual_real", "residual_imaginary", points),
        success=top.flag("success"),
        message=top.text("message"),
        starts=top.count("starts"),
        agreed=top.count("agreed"),
        condition=top.number("condition"),
        settings=top.mapping("settings"),
    )


class _Part:
    """A JSON object whose entries are checked when they are asked for."""

    def __init__(self, entries: Any, where: str) -> None:
        if not isinstance(entries, dict):
            raise ResultError(f"{where} must be an object {{...}}, found {_short(entries)}")
        self.entries: dict[str, Any] = entries
        self.where = where

    def get(self, key: str, kinds: type | tuple[type, ...], kind: str) -> Any:
        """Return an entry of one of some types; bool is no number."""
        if key not in self.entries:
            raise ResultError(f"{self.where} lacks {key!r}")
        value = self.entries[key]
        stray_bool = isinstance(value, bool) and kinds is not bool
        if stray_bool or not isinstance(value, kinds):
            raise self.wrong(key, kind)
        return value

    def wrong(self, key: str, expected: str) -> ResultError:
        return ResultError(
            f"{self.where}: {key!r} must be {expected}, found {_short(self.entries[key])}"
        )

    def text(self, key: str) -> str:
        return str(self.get(key, str, "text"))

    def flag(self, key: str) -> bool:
        return bool(self.get(key, bool, "true or false"))

    def list(self, key: str) -> list[Any]:
        return list(self.get(key, list, "a list"))

    def mapping(self, key: str) -> dict[str, Any]:
        return dict(self.get(key, dict, "an object {...}"))

    def part(self, key: str) -> _Part:
        return _Part(self.mapping(key), key)

    def count(self, key: str) -> int:
        value = self.get(key, int, "a whole number")
        if not 0 <= value < 2**53:
            raise self.wrong(key, "a whole number, not negative")
        return int(value)

    def number(self, key: str) -> float:
        try:
            return _number(self.get(key, _Number, "a number or null"))
        except (ValueError, OverflowError):
            raise self.wrong(key, "a number or null") from None

    def finite(self, key: str) -> float:
        if not math.isfinite(self.number(key)):
            raise self.wrong(key, "a finite number")
        return self.number(key)

    def choice(self, key: str, possible: Sequence[str]) -> str:
        if self.text(key) not in possible:
            raise self.wrong(key, f"one of {', '.join(possible)}")
        return self.text(key)

    def array(self, key: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        expected = f"{' x '.join(map(str, shape))} numbers"
        try:
            array = np.array(_numbers(self.list(key)), dtype=np.float64)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise self.wrong(key, expected) from None
        if array.shape != shape:
            raise ResultError(
                f"{self.where}: {key!r} must be {expected}, found the shape {array.shape}"
            )
        return array

    def complex(self, real: str, imaginary: str, count: int) -> NDArray[np.complex128]:
        joined = np.empty(count, dtype=np.complex128)
        joined.real = self.array(real, (count,))
        joined.imag = self.array(imaginary, (count,))
        return joined


def _spectrum_to_json(spectrum: Spectrum) -> dict[str, Any]:
    return {
        "label": plain(spectrum.label),
        "metadata": plain(spectrum.metadata, "metadata"),
        "frequency_hz": spectrum.frequency.tolist(),
        "real_ohm": spectrum.impedance.real.tolist(),
        "imaginary_ohm": spectrum.impedance.imag.tolist(),
        "reasons": plain(spectrum.reasons),
    }


def _spectrum(part: _Part) -> Spectrum:
    count = len(part.list("frequency_hz"))
    reasons = part.list("reasons")
    if not all(isinstance(reason, str) for reason in reasons) or len(reasons) != count:
        raise part.wrong("reasons", f"{count} texts")
    try:
        return Spectrum(
            part.array("frequency_hz", (count,)),
            part.complex("real_ohm", "imaginary_ohm", count),
            label=part.text("label"),
            metadata={key: _tupled(value) for key, value in part.mapping("metadata").items()},
            reasons=reasons,
        )
    except SpectrumError as error:
        raise ResultError(f"spectrum: {error}") from error


def model_to_json(model: Model) -> dict[str, Any]:
    """Return all of a model's card, so that a result outlives changes of the card."""
    return {
        "name": plain(model.name),
        "circuit": plain(model.circuit.text),
        "description": model.description,
        "reference": model.reference,
        "note": model.note,
        "temperature_c": model.temperature_c,
        "roles": [plain(asdict(role)) for role in model.roles],
        "derived": {name: list(members) for name, members in model.derived.items()},
        "electrolyte": list(model.electrolyte),
    }


def _model(part: _Part) -> Model:
    try:
        circuit = Circuit.from_text(part.text("circuit"))
    except (CircuitError, ModelError) as error:
        raise ResultError(f"model: {error}") from error
    entries = [_Part(entry, "a role of the model") for entry in part.list("roles")]
    roles = tuple(_role(entry, circuit) for entry in entries)
    temperature = part.number("temperature_c")
    model = Model(
        name=part.text("name"),
        circuit=circuit,
        description=part.text("description"),
        reference=part.text("reference"),
        note=part.text("note"),
        temperature_c=None if math.isnan(temperature) else temperature,
        roles=roles,
    )
    with_resistance = {role.name for role in roles if role.symbol in model.aliases}
    derived: dict[str, tuple[str, ...]] = {}
    for name, members in part.mapping("derived").items():
        if not isinstance(members, list) or not all(
            isinstance(member, str) and member in with_resistance for member in members
        ):
            raise ResultError(
                f"model: the sum {_short(name)} must list roles with a resistance, of "
                f"{', '.join(sorted(with_resistance)) or 'which there are none'}"
            )
        derived[name] = tuple(members)
    places = [role.element for role in roles]
    own = part.list("electrolyte") if "electrolyte" in part.entries else []  # earlier files: none
    if not all(element in places for element in own):
        raise part.wrong("electrolyte", f"a list of {', '.join(places)}")
    return replace(model, derived=FrozenDict(derived), electrolyte=tuple(own))


def _role(part: _Part, circuit: Circuit) -> Role:
    labels = [leaf.label for leaf in circuit.elements]
    if part.text("element") not in labels:
        raise part.wrong("element", f"an element of the circuit ({', '.join(labels)})")
    return Role(
        name=part.text("name"),
        symbol=part.text("symbol"),
        element=part.text("element"),
        tau_s=_span(part, "tau_s"),
        capacitance_f_cm=_span(part, "capacitance_f_cm"),
        note=part.text("note"),
    )


def _span(part: _Part, key: str) -> tuple[float, float] | None:
    if part.get(key, (list, type(None)), "[low, high] or null") is None:
        return None
    low, high = part.array(key, (2,)).tolist()
    return low, high


def plain(value: Any, where: str = "the result") -> Any:
    """Return a value as JSON knows it, all the way down; NaN as None.

    Raises
    ------
    OutputError
        If something in it is no number, text, list or mapping.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(entry, where) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry, where) for entry in value]
    raise OutputError(
        f"{where} hold {_short(value)}, which JSON cannot: use text, numbers, lists and mappings"
    )


def _number(value: Any) -> float:
    """Return a number of `plain` as it was."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        if value not in _INFINITE:
            raise ValueError(value)
        return _INFINITE[value]
    if isinstance(value, bool):
        raise ValueError(value)
    return float(value)


def _numbers(value: Any) -> Any:
    return [_numbers(entry) for entry in value] if isinstance(value, list) else _number(value)


def _tupled(value: Any) -> Any:
    return tuple(_tupled(entry) for entry in value) if isinstance(value, list) else value


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
