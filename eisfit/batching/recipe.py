"""What is done with every spectrum of a batch: one frozen recipe, as JSON on disk and on the way.

Everything that can change a number of the results is in it, so two runs with equal recipes may
share a data set and others may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

from eisfit._version import __version__
from eisfit.circuit.circuit import Circuit
from eisfit.circuit.models import Model, Role, load_model
from eisfit.errors import EngineError, FitError
from eisfit.frozen import FrozenDict
from eisfit.spectrum import check_window

FORMAT, VERSION = "eisfit-batch", 1
AUTO = "auto"
DRT_METHODS = ("adaptive", "tikhonov", "blend")
_ROLES = "roles of the model"
# Half of what `eisfit.drt` takes: twice as fast, and no less true by `benchmarks/drt.py`
_PER_DECADE = {"adaptive": 6.0}
WEIGHTINGS = ("modulus", "proportional", "unit")


@dataclass(frozen=True)
class Recipe:
    """What is done with every spectrum.

    Parameters
    ----------
    model : str or Model
        A model, its name, circuit text, or "auto", which chooses a circuit for each spectrum.
    kk, drt : bool
        Whether the Kramers-Kronig test is made, and the distribution of relaxation times.
    drt_method : "adaptive", "tikhonov" or "blend"
        "blend", the default of `eisfit.drt`, finds more truly, and takes some five times as long.
    drt_samples : int
        Resamples for the peaks' intervals and probabilities; 0 for none.
    weighting : "modulus", "proportional" or "unit"
        Of the circuit fit.
    effort : "thorough" or "fast"
        Of the circuit fit.
    seed : int
    electrode, columns, sign, decimal
        How files are read, as in `eisfit.read`; columns as text.
    f_min, f_max : float, optional
        Hz; what is below and above is left out.

    Raises
    ------
    ModelError, CircuitError, FitError, RelaxationError, ReadError, SpectrumError
        If something is unknown or impossible; before any file is opened.
    """

    model: str | Model = AUTO
    kk: bool = False
    drt: bool = False
    drt_method: str = DRT_METHODS[0]
    drt_samples: int = 0
    weighting: str = "modulus"
    effort: str = "thorough"
    seed: int = 0
    electrode: str | None = None
    columns: str | None = None
    sign: str | None = None
    decimal: str | None = None
    f_min: float | None = None
    f_max: float | None = None

    def __post_init__(self) -> None:
        from eisfit.fitting.options import FitOptions
        from eisfit.io.request import Request
        from eisfit.relaxation.settings import Settings

        if self.model != AUTO:
            object.__setattr__(self, "model", load_model(self.model))
        if self.weighting not in WEIGHTINGS:
            raise FitError(
                f"unknown weighting {self.weighting!r}: choose one of {', '.join(WEIGHTINGS)}"
            )
        FitOptions(**self.fit_options)
        Settings.of(self.drt_options)
        Request.of(**self.read_options)
        check_window(self.f_min, self.f_max)

    @property
    def fit_options(self) -> dict[str, Any]:
        """Options of the circuit fit, as `FitOptions` takes them."""
        return {"weighting": self.weighting, "effort": self.effort, "seed": self.seed}

    @property
    def drt_options(self) -> dict[str, Any]:
        """Options of the DRT, as `drt_spectrum` takes them."""
        return {
            "method": self.drt_method,
            "samples": self.drt_samples,
            "seed": self.seed,
            "per_decade": _PER_DECADE.get(self.drt_method),
        }

    @property
    def read_options(self) -> dict[str, Any]:
        """Options of the readers."""
        return {name: getattr(self, name) for name in ("electrode", "columns", "sign", "decimal")}

    @property
    def lot(self) -> int:
        """How many spectra are computed, and written, together: a second or two of work."""
        return 4 if self.model == AUTO else 64

    @property
    def modules(self) -> tuple[str, ...]:
        """Where the elements of the model are defined that are the user's own."""
        if isinstance(self.model, str):
            return ()
        return tuple(sorted({leaf.element.module for leaf in self.model.circuit.elements} - {""}))

    @cached_property
    def text(self) -> str:
        """The recipe as JSON; equal recipes have equal texts."""
        entries = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if isinstance(self.model, Model):
            entries["model"] = {**_card(self.model), "modules": list(self.modules)}
        document = {"format": FORMAT, "version": VERSION, "eisfit": __version__, **entries}
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)

    @property
    def fingerprint(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


@lru_cache(maxsize=8)
def recipe_of(text: str) -> Recipe:
    """Return the recipe of a text that another process wrote.

    Raises
    ------
    EngineError
        If that process runs another version of eisfit.
    """
    entries = json.loads(text)
    if entries["eisfit"] != __version__:
        raise EngineError(
            f"a worker has eisfit {__version__}, the run {entries['eisfit']}: install the same one"
        )
    for key in ("format", "version", "eisfit"):
        del entries[key]
    if entries["model"] != AUTO:
        entries["model"] = _model(entries["model"])
    return Recipe(**entries)


def differences(earlier: str, now: str) -> Iterator[str]:
    """Yield what differs between two recipes, as `name: earlier, now`."""
    before, after = _flat(json.loads(earlier)), _flat(json.loads(now))
    if before["model"] != after["model"]:
        after[_ROLES] = before.get(_ROLES)  # that goes without saying
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield f"{key}: {_said(before.get(key))} then, {_said(after.get(key))} now"


def _card(model: Model) -> dict[str, Any]:
    """Return all of a model that its results depend on."""
    return {
        "name": model.name,
        "circuit": model.circuit.text,
        "temperature_c": model.temperature_c,
        "roles": [asdict(role) for role in model.roles],
        "derived": {name: list(members) for name, members in model.derived.items()},
    }


def _model(card: Mapping[str, Any]) -> Model:
    from eisfit.circuit.elements.spec import load_definitions

    load_definitions(tuple(card["modules"]))
    return Model(
        name=card["name"],
        circuit=Circuit.from_text(card["circuit"]),
        temperature_c=card["temperature_c"],
        roles=tuple(Role(**{**role, **_spans(role)}) for role in card["roles"]),
        derived=FrozenDict({name: tuple(members) for name, members in card["derived"].items()}),
    )


def _spans(role: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if role[key] is None else tuple(role[key])
        for key in ("tau_s", "capacitance_f_cm")
    }


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    flat = dict(document)
    card = flat.pop("model")
    if isinstance(card, dict):
        flat |= {"model": card["name"], "circuit": card["circuit"], _ROLES: card["roles"]}
    else:
        flat["model"] = card
    return flat


def _said(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
