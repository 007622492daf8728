"""impedance.py (M. D. Murbach et al., JOSS 5 (2020) 2349): conversion, and its fit as an engine.

Its circuit text is ours, with two differences. Its modified inductor computes (L j w)^alpha, ours
L (j w)^alpha. And it has no circuit description code (CDC): Boukamp's Q, O, T and G become CPE, Ws,
Wo and G, with their values converted. Of our elements beyond its own, We and Woe have one there.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from eisfit.circuit.circuit import Circuit, Values
from eisfit.circuit.models import Model, load_model
from eisfit.errors import EngineError, ModelError, ReadError
from eisfit.fitting.residual import deviations
from eisfit.frozen import FrozenDict
from eisfit.interop.exchange import Array, Exchanged, flags_of, row_of, square_of
from eisfit.interop.impedance_bridge import Translation
from eisfit.io.atomic import write_text_atomically
from eisfit.spectrum import Spectrum


class PeerFit(TypedDict):
    """What impedance.py found, under our parameter names; `engine` names it and its version."""

    values: dict[str, float]
    stderr: dict[str, float]
    engine: str


def to_impedance(
    model: Model | str,
    values: Values,
    covariance: ArrayLike | None = None,
    fixed: Collection[str] = (),
) -> Any:
    """Return the circuit as an `impedance.models.circuits.CustomCircuit` that holds the values.

        to_impedance(result.model, result.values, result.covariance)

    Parameters
    ----------
    model : Model, name of a card, or circuit text in either grammar
    values : mapping of parameter names (or role symbols) to numbers, or (P,) array in their order
    covariance : (P, P) array or None
        Gives its confidences, which are standard errors; without it they are NaN.
    fixed : names of parameters
        Become its constants, where each comes from fixed parameters alone.

    Returns
    -------
    CustomCircuit
        With the values as its initial guess and as its parameters, so that `predict` simulates
        them.

    Raises
    ------
    EngineError
        If impedance.py is not installed.
    ModelError, CircuitError
        If the values do not fit the circuit, impedance.py has no such element, or the text does
        not parse.
    """
    custom_circuit = _peer()
    entry = impedance_json(model, values, covariance, fixed)
    out = custom_circuit(
        circuit=entry["Circuit String"], initial_guess=entry["Initial Guess"],
        constants=entry["Constants"], name=entry["Name"],
    )  # fmt: skip
    out.parameters_ = np.array(entry["Parameters"])
    out.conf_ = np.array(entry["Confidence"])
    return out


def impedance_json(
    model: Model | str,
    values: Values,
    covariance: ArrayLike | None = None,
    fixed: Collection[str] = (),
) -> dict[str, Any]:
    """Return what impedance.py's `save` would write of the circuit; impedance.py is not needed.

    Parameters and errors as in `to_impedance`.
    """
    model = load_model(model)
    translation = Translation.of(model.circuit)
    ours, names = row_of(model, values, "impedance.py"), translation.theirs.names
    theirs = translation.to_theirs.values(ours).tolist()
    square = square_of(model, covariance)
    stderr = translation.to_theirs.stderr_from_covariance(ours, square).tolist()
    constant = translation.to_theirs.fixed(ours, flags_of(model, fixed))
    free = np.flatnonzero(~constant)
    return {
        "Name": model.name or None,
        "Circuit String": translation.theirs.text,
        "Initial Guess": [theirs[i] for i in free],
        "Constants": {names[i]: theirs[i] for i in np.flatnonzero(constant)},
        "Fit": True,
        "Parameters": [theirs[i] for i in free],
        "Confidence": [stderr[i] for i in free],
    }


def write_impedance(
    path: str | os.PathLike[str],
    model: Model | str,
    values: Values,
    covariance: ArrayLike | None = None,
    fixed: Collection[str] = (),
    force: bool = False,
) -> Path:
    """Write a file that impedance.py's `CustomCircuit().load(path)` reads, and return its path.

    Parameters and errors as in `to_impedance`, but impedance.py is not needed; an existing file is
    only replaced with `force`.

    Raises
    ------
    OutputError
        If the file exists, or cannot be written.
    """
    return write_text_atomically(
        path, json.dumps(impedance_json(model, values, covariance, fixed), indent=1), force
    )


def read_impedance(path: str | os.PathLike[str]) -> Exchanged:
    """Return the circuit that impedance.py's `save` wrote; impedance.py is not needed.

    Raises
    ------
    ReadError
        If the file cannot be read, or is no such JSON.
    CircuitError, ModelError
        As `from_impedance`.
    """
    try:
        entry = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ReadError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{path} is no JSON: {error}") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("Circuit String"), str):
        raise ReadError(f"{path} is no circuit of impedance.py: it has no 'Circuit String'")
    for key in ("Initial Guess", "Parameters", "Confidence"):
        found = entry.get(key) or []
        if not isinstance(found, list) or not all(map(_is_number, found)):
            raise ReadError(f"{path}: {key!r} must be a list of numbers")
    constants = entry.get("Constants") or {}
    if not isinstance(constants, dict) or not all(map(_is_number, constants.values())):
        raise ReadError(f"{path}: 'Constants' must be names with numbers")
    return _from_entry(entry)


def _is_number(value: Any) -> bool:
    return value is None or type(value) in (int, float)


def from_impedance(custom: Any) -> Exchanged:
    """Return the model, the values and the rest of an impedance.py circuit.

    Parameters
    ----------
    custom : any circuit of `impedance.models.circuits`
        Its fitted parameters are taken, or its initial guess where it was not fitted; constants
        are values like the others, and named as fixed.

    Raises
    ------
    CircuitError
        If the circuit has an element that we do not know (one of the user's).
    ModelError
        If it has no values, or not as many as its circuit has parameters.
    """
    fitted = custom.parameters_ is not None
    return _from_entry(
        {
            "Name": custom.name,
            "Circuit String": custom.circuit,
            "Initial Guess": custom.initial_guess,
            "Constants": custom.constants,
            "Fit": fitted,
            "Parameters": custom.parameters_,
            "Confidence": custom.conf_,
        }
    )


def _from_entry(entry: Mapping[str, Any]) -> Exchanged:
    circuit = Circuit.from_text(_joined(entry["Circuit String"]))
    constants = {_joined(str(key)): v for key, v in dict(entry.get("Constants") or {}).items()}
    fitted = bool(entry.get("Fit"))
    known = _list(entry.get("Parameters" if fitted else "Initial Guess"))
    free = [name for name in circuit.names if name not in constants]
    if len(known) != len(free):
        raise ModelError(
            f"the impedance.py circuit {circuit.text} has {len(free)} free parameters "
            f"({', '.join(free)}) and {len(known)} values: fit it, or give it an initial guess"
        )
    errors = _list(entry.get("Confidence")) if fitted else []
    if len(errors) != len(free):
        errors = [np.nan] * len(free)
    theirs = circuit.array({**constants, **dict(zip(free, known, strict=True))})
    spread = dict(zip(free, errors, strict=True))
    stderr = np.array([_number(spread.get(name, 0.0)) for name in circuit.names])
    conversion = Translation.of(circuit).to_ours
    ours = conversion.values(theirs).tolist()
    constant = conversion.fixed(theirs, np.array([n in constants for n in circuit.names]))
    return Exchanged(
        model=Model(name=str(entry.get("Name") or circuit.text), circuit=circuit),
        values=FrozenDict(dict(zip(circuit.names, ours, strict=True))),
        stderr=FrozenDict(
            dict(zip(circuit.names, conversion.stderr(theirs, stderr).tolist(), strict=True))
        ),
        fixed=frozenset(n for n, is_fixed in zip(circuit.names, constant, strict=True) if is_fixed),
    )


def _joined(name: str) -> str:
    """Return a name as we write it: R_0 and CPE_1_0 of impedance.py are R0 and CPE1_0."""
    return re.sub(r"(?<=[A-Za-z])_(?=\d)", "", name)


def _list(entry: Any) -> list[Any]:
    return [] if entry is None else list(entry)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def fit_with_impedance(
    spectrum: Spectrum,
    model: Model | str,
    start: Mapping[str, float],
    weighting: str | ArrayLike = "modulus",
    absolute_sigma: bool = False,
    max_evaluations: int = 2000,
) -> PeerFit:
    """Return what impedance.py's own fit finds, from given starting values.

    It is run as its users run it, with two things it leaves to them: bounds of each element's own
    exponent, and steps scaled to the size of each parameter.

    Parameters
    ----------
    start : mapping of all parameter names (or role symbols) to numbers
        impedance.py has no starting values of its own.
    weighting : "modulus", "proportional", "unit", or array
        As in our fit, for the unmasked points.
    absolute_sigma : bool
        The weighting is the true noise: standard errors are not scaled by the reduced chi-square.
    max_evaluations : int
        Function evaluations after which its solver gives up.

    Returns
    -------
    dict of `values` and `stderr` (each by our parameter names, in ohm, s, ...) and `engine`
        The standard error is NaN where our parameter takes two of theirs (La, and O, T, G of a
        CDC), for impedance.py gives no covariances.

    Raises
    ------
    EngineError
        If impedance.py is not installed, or its fit fails; its own message is quoted.
    ModelError, FitError
        If the start does not fit the circuit, or the weighting the spectrum.
    """
    custom_circuit = _peer()
    model = load_model(model)
    used = spectrum.used()
    sigma = deviations(used, weighting)
    translation = Translation.of(model.circuit)
    bounds = _bounds(translation.theirs)
    guess = np.clip(translation.to_theirs.values(row_of(model, start, "impedance.py")), *bounds)
    options: dict[str, Any] = {"weight_by_modulus": True}
    if not (isinstance(weighting, str) and weighting == "modulus"):
        options = {"sigma": sigma.T.reshape(-1)}
    peer = custom_circuit(circuit=translation.theirs.text, initial_guess=guess.tolist())
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            peer.fit(
                used.frequency, used.impedance, bounds=bounds, maxfev=max_evaluations,
                x_scale="jac", absolute_sigma=absolute_sigma, **options,
            )  # fmt: skip
    # It evaluates text that it builds from numbers, so it can fail in any way
    except Exception as error:
        raise EngineError(
            f"impedance.py could not fit {translation.theirs.text} to "
            f"{used.label or 'the spectrum'}: {type(error).__name__}: {error}"
        ) from error
    theirs = np.asarray(peer.parameters_, dtype=np.float64)
    stderr = translation.to_ours.stderr(theirs, np.asarray(peer.conf_, dtype=np.float64))
    names: Sequence[str] = model.names
    return PeerFit(
        values=dict(zip(names, translation.to_ours.values(theirs).tolist(), strict=True)),
        stderr=dict(zip(names, stderr.tolist(), strict=True)),
        engine=f"impedance.py {version('impedance')}",
    )


def _peer() -> Any:
    try:
        from impedance.models.circuits import CustomCircuit
    except ImportError as error:
        raise EngineError(
            f"impedance.py cannot be loaded ({error}): pip install 'eisfit-toolkit[peers]'"
        ) from error
    return CustomCircuit


def _bounds(circuit: Circuit) -> tuple[Array, Array]:
    parameters = [slot.parameter for slot in circuit.slots]
    return np.array([p.lower for p in parameters]), np.array([p.upper for p in parameters])
