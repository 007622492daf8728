"""impedance.py (M. D. Murbach et al., JOSS 5 (2020) 2349): conversion, and its fit as an engine.

Its circuit text is ours, with two differences. Its modified inductor computes (L j w)^alpha, ours
L (j w)^alpha. And it has no circuit description code (CDC): Boukamp's Q, O, T and G become CPE, Ws,
Wo and G, with their values converted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.circuit.circuit import Circuit, Values
from eisfit.circuit.elements import BY_SYMBOL, Element
from eisfit.circuit.models import Model, load_model
from eisfit.circuit.parser import Leaf, relabelled, to_text
from eisfit.errors import EngineError, ModelError
from eisfit.fitting.residual import deviations
from eisfit.spectrum import Spectrum

Array = NDArray[Any]
Convert = Callable[[Array], Array]


class PeerFit(TypedDict):
    """What impedance.py found, under our parameter names; `engine` names it and its version."""

    values: dict[str, float]
    stderr: dict[str, float]
    engine: str


@dataclass(frozen=True)
class _Bridge:
    """How one element reads in impedance.py; values are the element's (k,) parameters.

    `log_slopes` maps their values to d ln(ours) / d ln(theirs), (k, k), for standard errors; None
    means that the values are the same.
    """

    symbol: str
    to_theirs: Convert = np.copy
    to_ours: Convert = np.copy
    log_slopes: Convert | None = None


_DIFFUSION_SLOPES = np.array([[-1.0, 0.5], [0.0, 0.5]])  # Y0 = sqrt(tau) / Z0, B = sqrt(tau)
_GERISCHER_SLOPES = np.array([[-1.0, 0.5], [0.0, -1.0]])  # Y0 = sqrt(tau) / R, k = 1 / tau


def _diffusion(symbol: str) -> _Bridge:
    return _Bridge(
        symbol,
        lambda ours: np.array([ours[1] / ours[0], ours[1] ** 2]),
        lambda theirs: np.array([np.sqrt(theirs[1]) / theirs[0], np.sqrt(theirs[1])]),
        lambda theirs: _DIFFUSION_SLOPES,
    )


_MODIFIED_INDUCTOR = _Bridge(
    "La",
    lambda ours: np.array([ours[0] ** (1.0 / ours[1]), ours[1]]),
    lambda theirs: np.array([theirs[0] ** theirs[1], theirs[1]]),
    lambda theirs: np.array([[theirs[1], theirs[1] * np.log(theirs[0])], [0.0, 1.0]]),
)
_BOUKAMP = {
    "O": _diffusion("Ws"),
    "T": _diffusion("Wo"),
    "G": _Bridge(
        "G",
        lambda ours: np.array([1.0 / (ours[0] * np.sqrt(ours[1])), 1.0 / ours[1]]),
        lambda theirs: np.array([np.sqrt(theirs[1]) / theirs[0], 1.0 / theirs[1]]),
        lambda theirs: _GERISCHER_SLOPES,
    ),
}


def _bridge(element: Element) -> _Bridge:
    if element.symbol == "La":
        return _MODIFIED_INDUCTOR
    return _Bridge(element.symbol) if element.symbol else _BOUKAMP[element.cdc]


@dataclass(frozen=True)
class _Translation:
    """A circuit of ours beside its text in impedance.py's grammar."""

    circuit: Circuit
    theirs: Circuit
    bridges: tuple[tuple[slice, _Bridge], ...]

    @classmethod
    def of(cls, circuit: Circuit) -> _Translation:
        root = circuit.root
        if circuit.dialect == "CDC":
            root = relabelled(root, _numbered)
        text = to_text(root)
        bridges, at = [], 0
        for leaf in circuit.elements:
            stop = at + len(leaf.element.parameters)
            bridges.append((slice(at, stop), _bridge(leaf.element)))
            at = stop
        return cls(circuit, Circuit.from_tree(root, text, "impedance.py"), tuple(bridges))

    def to_theirs(self, ours: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.concatenate([bridge.to_theirs(ours[part]) for part, bridge in self.bridges])

    def to_ours(self, theirs: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.concatenate([bridge.to_ours(theirs[part]) for part, bridge in self.bridges])

    def stderr_to_ours(self, theirs: Array, stderr: Array) -> Array:
        """Return standard errors of our parameters.

        impedance.py gives no covariances, so a parameter of ours that takes two of theirs to
        compute has NaN.
        """
        out = stderr.copy()
        with np.errstate(all="ignore"):
            relative, ours = stderr / theirs, self.to_ours(theirs)
            for part, bridge in self.bridges:
                if bridge.log_slopes is not None:
                    slopes = bridge.log_slopes(theirs[part])
                    alone = np.count_nonzero(slopes, axis=1) == 1
                    carried = np.abs(slopes @ relative[part]) * ours[part]
                    out[part] = np.where(alone, carried, np.nan)
        return np.where(np.isfinite(out), out, np.nan)


def _numbered(leaf: Leaf) -> Leaf:
    symbol = _bridge(leaf.element).symbol
    number = leaf.label.removeprefix(leaf.element.cdc)
    return Leaf(f"{symbol}{number}", BY_SYMBOL[symbol])


def to_impedance(model: Model | str, values: Values) -> Any:
    """Return the circuit as an `impedance.models.circuits.CustomCircuit` that holds the values.

    Parameters
    ----------
    model : Model, name of a card, or circuit text in either grammar
    values : mapping of parameter names (or role symbols) to numbers, or (P,) array in their order

    Returns
    -------
    CustomCircuit
        With the values as its initial guess and as its parameters, so that `predict` simulates
        them; its confidences are NaN.

    Raises
    ------
    EngineError
        If impedance.py is not installed.
    ModelError, CircuitError
        If the values do not fit the circuit, or the text does not parse.
    """
    custom_circuit = _peer()
    model = load_model(model)
    translation = _Translation.of(model.circuit)
    theirs = translation.to_theirs(_row(model, values)).tolist()
    out = custom_circuit(
        circuit=translation.theirs.text, initial_guess=theirs, name=model.name or None
    )
    out.parameters_ = np.array(theirs)
    out.conf_ = np.full(len(theirs), np.nan)
    return out


def from_impedance(custom: Any) -> tuple[Model, dict[str, float]]:
    """Return the model and the values of an impedance.py circuit.

    Parameters
    ----------
    custom : any circuit of `impedance.models.circuits`
        Its fitted parameters are taken, or its initial guess where it was not fitted; constants
        are values like the others.

    Raises
    ------
    CircuitError
        If the circuit has an element that only impedance.py knows (Gs, TLMQ, or one of the
        user's).
    ModelError
        If it has no values, or not as many as its circuit has parameters.
    """
    circuit = Circuit.from_text(custom.circuit)
    constants = dict(custom.constants or {})
    known = custom.initial_guess if custom.parameters_ is None else custom.parameters_
    free = [name for name in circuit.names if name not in constants]
    if len(known) != len(free):
        raise ModelError(
            f"the impedance.py circuit {circuit.text} has {len(free)} free parameters "
            f"({', '.join(free)}) and {len(known)} values: fit it, or give it an initial guess"
        )
    theirs = {**constants, **dict(zip(free, known, strict=True))}
    ours = _Translation.of(circuit).to_ours(circuit.array(theirs))
    model = Model(name=custom.name or circuit.text, circuit=circuit)
    return model, dict(zip(circuit.names, ours.tolist(), strict=True))


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
    translation = _Translation.of(model.circuit)
    bounds = _bounds(translation.theirs)
    guess = np.clip(translation.to_theirs(_row(model, start)), *bounds)
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
    stderr = translation.stderr_to_ours(theirs, np.asarray(peer.conf_, dtype=np.float64))
    names: Sequence[str] = model.names
    return PeerFit(
        values=dict(zip(names, translation.to_ours(theirs).tolist(), strict=True)),
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


def _row(model: Model, values: Values) -> Array:
    if isinstance(values, Mapping):
        values = {model.resolve(str(name)): value for name, value in values.items()}
    row = model.circuit.array(values)
    if row.ndim != 1:
        raise ModelError(
            f"impedance.py takes one set of {len(model.names)} values, found shape {row.shape}"
        )
    return row


def _bounds(circuit: Circuit) -> tuple[Array, Array]:
    parameters = [slot.parameter for slot in circuit.slots]
    return np.array([p.lower for p in parameters]), np.array([p.upper for p in parameters])
