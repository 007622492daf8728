"""pyimpspec (V. Yrjänä, JOSS 7 (2022) 4808): circuits to and from its description code (CDC).

Its code looks like Boukamp's, which we read by ourselves, but differs: brackets never switch
between parallel and series, elements have more than one letter, values stand in braces, and W, Wo,
Ws and G have other parameters. So it is read here, and only here. pyimpspec itself is only needed
where one of its objects is returned.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from eisfit.circuit.circuit import Circuit, Values
from eisfit.circuit.models import Model, load_model
from eisfit.circuit.parser import to_text
from eisfit.errors import EngineError, ModelError
from eisfit.frozen import FrozenDict
from eisfit.interop.exchange import Array, Conversion, Exchanged, flags_of, row_of
from eisfit.interop.pyimpspec_elements import PEERS, Export, export_of
from eisfit.interop.pyimpspec_text import Entry, element_text, read_cdc, write_cdc

_LABEL = re.compile(r"[A-Za-z][^{}]*", re.ASCII)


def from_cdc(text: str) -> Exchanged:
    """Return the circuit of a text such as `R{R=100/0/inf:bulk}([R{R=5}W{Y=0.1}]Q)`.

    What the text leaves out has pyimpspec's defaults. A W, Wo, Ws, G or Ga whose n is the constant
    1/2 becomes ours without an exponent; otherwise We, Woe, Wse or Ge.

    Raises
    ------
    CircuitError
        If the text does not parse, or a general transmission line Tlm holds circuits that make none
        of our pores; a caret marks where.
    ModelError
        If a value is beyond what our elements allow: not positive, or an n above 1/2 of a Wo or Ws.
    """
    root, entries = read_cdc(text)
    return _exchanged(Circuit.from_tree(root, to_text(root), "impedance.py"), entries, None)


def from_pyimpspec(source: Any) -> Exchanged:
    """Return the circuit of a `pyimpspec.Circuit`, or of a `pyimpspec.FitResult` with its errors.

    The standard errors are pyimpspec's own (NaN where ours takes several of its parameters).

    Raises
    ------
    ModelError
        If it is neither, or a value is beyond what our elements allow.
    CircuitError
        If it holds a general transmission line (Tlm) that is none of our pores.
    """
    circuit = getattr(source, "circuit", source)
    if not hasattr(circuit, "serialize"):
        raise ModelError(
            f"expected a Circuit or a FitResult of pyimpspec, found {type(source).__name__}; "
            "a text is read by from_cdc"
        )
    root, entries = read_cdc(circuit.serialize(decimals=17))
    stderr = _peer_errors(circuit, source.parameters) if circuit is not source else None
    return _exchanged(Circuit.from_tree(root, to_text(root), "impedance.py"), entries, stderr)


def to_cdc(
    model: Model | str,
    values: Values,
    fixed: Collection[str] = (),
    bounds: Mapping[str, tuple[float, float]] | None = None,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Return a circuit and its values as text that pyimpspec reads; pyimpspec is not needed.

        to_cdc(result.model, result.values)

    Parameters
    ----------
    model : Model, name of a card, or circuit text in either grammar
    values : mapping of parameter names (or role symbols) to numbers, or (P,) array in their order
    fixed : names of parameters
        Become constants, where each comes from fixed parameters alone.
    bounds : mapping of names to (lower, upper)
        Kept where a parameter there comes from one of ours alone.
    labels : mapping of our elements (`R1`) to names there
        Without it an element is called by its role, where the model has one.

    Raises
    ------
    ModelError, CircuitError
        If values or names do not fit the circuit, pyimpspec has no such element, or the text does
        not parse.
    """
    model = load_model(model)
    circuit, given = model.circuit, row_of(model, values, "pyimpspec")
    exports = [_export(leaf.element, leaf.label) for leaf in circuit.elements]
    flags = flags_of(model, fixed)
    limits = np.full((len(given), 2), np.nan)
    for name, ends in (bounds or {}).items():
        limits[model.names.index(model.resolve(name))] = ends
    names = {role.element: role.name for role in model.roles} if labels is None else labels
    texts, at = {}, 0
    for leaf, export in zip(circuit.elements, exports, strict=True):
        part = slice(at, at + len(leaf.element.parameters))
        at = part.stop
        conversion = Conversion(((part.stop - part.start, export.to_theirs),))
        label = names.get(leaf.label, "")
        if label and not _LABEL.fullmatch(label):
            raise ModelError(f"{label!r} is no label in pyimpspec: letters first, no braces")
        theirs = conversion.values(given[part])
        span = conversion.bounds(given[part], limits[part], flags[part])
        constants = conversion.fixed(given[part], flags[part]).tolist()
        texts[leaf.label] = element_text(
            PEERS[export.symbol], theirs.tolist(), span, constants, label
        )
    return write_cdc(circuit.root, texts)


def to_pyimpspec(
    model: Model | str,
    values: Values,
    fixed: Collection[str] = (),
    bounds: Mapping[str, tuple[float, float]] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Any:
    """Return the circuit as a `pyimpspec.Circuit`; parameters and errors as in `to_cdc`.

    Raises
    ------
    EngineError
        If pyimpspec is not installed.
    """
    try:
        from pyimpspec import parse_cdc
    except ImportError as error:
        raise EngineError(
            f"pyimpspec cannot be loaded ({error}): pip install 'eisfit-toolkit[peers]'"
        ) from error
    return parse_cdc(to_cdc(model, values, fixed, bounds, labels))


def _export(element: Any, label: str) -> Export:
    export = export_of(element)
    if export is None:
        raise ModelError(f"{label}: pyimpspec has no element for the {element.name}")
    return export


def _exchanged(circuit: Circuit, entries: list[Entry], errors: Array | None) -> Exchanged:
    values, stderr, fixed, limits = [], [], [], []
    at = 0
    for entry in entries:
        convert = entry.peer.plain_to_ours if entry.is_plain else entry.peer.to_ours
        size, reported = len(entry.values), entry.reported
        conversion = Conversion(((size, convert),))
        ours = conversion.values(entry.values)
        values.append(ours)
        fixed.append(conversion.fixed(entry.values, entry.fixed))
        limits.append(conversion.bounds(entry.values, entry.bounds, entry.fixed))
        given = np.full(size, np.nan)
        if errors is not None and reported == size:
            given = errors[at : at + size]
        known = np.where(entry.fixed, 0.0, given)
        stderr.append(conversion.stderr(entry.values, known))
        at += reported
    row = np.concatenate(values)
    bounds = {}
    for slot, value, ends in zip(circuit.slots, row, np.concatenate(limits), strict=True):
        spec = slot.parameter
        if not (np.isfinite(value) and spec.lower <= value <= spec.upper):
            raise ModelError(
                f"{slot.name} ({spec.symbol} of {slot.label}) would be {value:.6g}, outside of "
                f"{spec.lower:g} to {spec.upper:g}: eisfit has no such element"
            )
        if not np.isnan(ends).any():
            bounds[slot.name] = (max(ends[0], spec.lower), min(ends[1], spec.upper))
    names, free = circuit.names, ~np.concatenate(fixed)
    error = np.where(free, np.concatenate(stderr), 0.0 if errors is not None else np.nan)
    return Exchanged(
        model=Model(name=circuit.text, circuit=circuit),
        values=FrozenDict(dict(zip(names, row.tolist(), strict=True))),
        stderr=FrozenDict(dict(zip(names, error.tolist(), strict=True))),
        fixed=frozenset(name for name, is_free in zip(names, free, strict=True) if not is_free),
        bounds=FrozenDict(bounds),
        labels=FrozenDict({entry.label: entry.name for entry in entries if entry.name}),
    )


def _peer_errors(circuit: Any, parameters: Mapping[str, Mapping[str, Any]]) -> Array:
    """Return the standard errors of all parameters there, in the order of the text."""
    identifiers = circuit.generate_element_identifiers(running=False)
    found: list[float] = []
    for element in circuit.get_elements(recursive=True):
        fitted = parameters.get(circuit.get_element_name(element, identifiers), {})
        found += [
            float(fitted[symbol].stderr) if symbol in fitted else np.nan
            for symbol in element.get_values()
        ]
    return np.array(found)
