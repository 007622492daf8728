"""Models: a circuit, and where a card names them, the physical roles of its elements.

Cards are TOML files in `circuits/`, data only. The wheel carries them inside the package.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from eisfit.circuit.arcs import Arc, find_arcs
from eisfit.circuit.circuit import Circuit, ComplexArray, Values
from eisfit.errors import CircuitError, ModelError
from eisfit.frozen import FrozenDict

Span = tuple[float, float]

_SYMBOLS = {
    "series": "R_s",
    "bulk": "R_bulk",
    "grain_boundary": "R_gb",
    "interfacial": "R_int",
    "charge_transfer": "R_ct",
    "sei": "R_sei",
    "low_frequency": "R_lf",
    "diffusion": "R_diff",
}
_CARD_KEYS = {"name", "description", "circuit", "reference", "temperature_c", "note", "roles",
              "derived"}  # fmt: skip
_ROLE_KEYS = {"element", "tau_s", "capacitance_f_cm", "note", "symbol"}


@dataclass(frozen=True)
class Role:
    """What an element of a model stands for.

    Attributes
    ----------
    name, symbol, element : str
        `grain_boundary`, `R_gb`, `R1`.
    tau_s : (low, high) in s, or None
        Where its relaxation time may lie.
    capacitance_f_cm : (low, high), or None
        Capacitance in F that fits it, for area/thickness = 1 cm.
    note : str
    """

    name: str
    symbol: str
    element: str
    tau_s: Span | None = None
    capacitance_f_cm: Span | None = None
    note: str = ""


@dataclass(frozen=True)
class Model:
    """A circuit under a name, with the roles of its elements and sums derived from them."""

    name: str
    circuit: Circuit
    description: str = ""
    reference: str = ""
    note: str = ""
    temperature_c: float | None = None
    roles: tuple[Role, ...] = ()
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=FrozenDict)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names, in the order of the value arrays."""
        return self.circuit.names

    @cached_property
    def arcs(self) -> tuple[Arc, ...]:
        """Every resistance of the circuit, with its time constant where it has one."""
        return find_arcs(self.circuit)

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Role symbols (`R_bulk`) to parameter names (`R0`), for elements with a resistance."""
        by_label = {arc.label: self.names[arc.resistance] for arc in self.arcs}
        return FrozenDict(
            {r.symbol: by_label[r.element] for r in self.roles if r.element in by_label}
        )

    def role_of(self, label: str) -> Role | None:
        """Return the role of an element, or None."""
        return next((role for role in self.roles if role.element == label), None)

    def resolve(self, name: str) -> str:
        """Return the parameter name for a parameter name or a role's symbol.

        Raises
        ------
        ModelError
            If it is neither; the message lists what there is.
        """
        if name in self.names:
            return name
        if name in self.aliases:
            return self.aliases[name]
        known = [*self.names, *self.aliases]
        close = get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ModelError(f"no parameter is called {name!r}{hint} There are: {', '.join(known)}")

    def impedance(self, frequency: ArrayLike, values: Values) -> ComplexArray:
        """Return the impedance in ohm, (..., N), at (N,) frequencies in Hz.

        Values are a mapping of parameter names (or role symbols) to numbers or arrays (...), or an
        array (..., P) in the order of `names`.

        Raises
        ------
        ModelError
            If names or shapes do not fit the circuit.
        """
        if isinstance(values, Mapping):
            values = {self.resolve(str(name)): value for name, value in values.items()}
        return self.circuit.impedance(frequency, values)


def load_model(name: str | Model) -> Model:
    """Return a model by the name of its card, or from circuit text in either grammar.

    Raises
    ------
    ModelError
        If it is neither a known name nor looks like circuit text.
    CircuitError
        If it is circuit text that does not parse.
    """
    if isinstance(name, Model):
        return name
    if not isinstance(name, str):
        raise ModelError(f"expected a model's name or circuit text, found {type(name).__name__}")
    cards = _cards()
    if name in cards:
        return cards[name]
    try:
        return Model(name=name.strip(), circuit=Circuit.from_text(name))
    except CircuitError as error:
        close = get_close_matches(name, cards, n=1)
        if close or "_" in name:
            guess = f"; did you mean {close[0]}?" if close else ""
            raise ModelError(
                f"no model is called {name!r}{guess} Known models: {', '.join(cards)}"
            ) from None
        raise error


def models() -> dict[str, str]:
    """Return the names of all model cards, each with its one-line description."""
    return {name: model.description for name, model in _cards().items()}


@lru_cache(maxsize=1)
def _cards() -> dict[str, Model]:
    found = [card_from_text(path.read_text("utf-8"), path.name) for path in _card_files()]
    return {model.name: model for model in found}


def _card_files() -> list[Path]:
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "circuits", here.parents[2] / "circuits"):
        files = sorted(folder.glob("*.toml"))
        if files:
            return files
    raise ModelError("the model cards (circuits/*.toml) are missing: install eisfit-toolkit again")


def card_from_text(text: str, where: str = "card") -> Model:
    """Return the model of a card (TOML text); `where` names it in messages.

    Raises
    ------
    ModelError
        If the TOML, a key, a role's element, a span or a derived sum is wrong.
    """
    try:
        card = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{where}: not valid TOML: {error}") from None
    _check_keys(card, _CARD_KEYS, where)
    for key in ("name", "description", "circuit"):
        if not isinstance(card.get(key), str) or not card[key].strip():
            raise ModelError(f'{where}: needs {key} = "..."')
    try:
        circuit = Circuit.from_text(card["circuit"])
    except CircuitError as error:
        raise ModelError(f"{where}: {error}") from None
    labels = {leaf.label for leaf in circuit.elements}
    roles = tuple(
        _role(name, entry, labels, f"{where}: role {name}")
        for name, entry in card.get("roles", {}).items()
    )
    derived = {
        name: _derived(members, {role.name for role in roles}, f"{where}: derived {name}")
        for name, members in card.get("derived", {}).items()
    }
    temperature = card.get("temperature_c")
    return Model(
        name=card["name"],
        circuit=circuit,
        description=card["description"],
        reference=str(card.get("reference", "")),
        note=str(card.get("note", "")),
        temperature_c=None if temperature is None else float(temperature),
        roles=roles,
        derived=FrozenDict(derived),
    )


def _role(name: str, entry: Any, labels: set[str], where: str) -> Role:
    if not isinstance(entry, dict):
        raise ModelError(f'{where}: expected a table with at least element = "..."')
    _check_keys(entry, _ROLE_KEYS, where)
    element = entry.get("element")
    if element not in labels:
        raise ModelError(
            f"{where}: the circuit has no element {element!r}; it has {sorted(labels)}"
        )
    return Role(
        name=name,
        symbol=str(entry.get("symbol", _SYMBOLS.get(name, f"R_{name}"))),
        element=element,
        tau_s=_span(entry.get("tau_s"), f"{where}: tau_s"),
        capacitance_f_cm=_span(entry.get("capacitance_f_cm"), f"{where}: capacitance_f_cm"),
        note=str(entry.get("note", "")),
    )


def _span(entry: Any, where: str) -> Span | None:
    if entry is None:
        return None
    numbers = isinstance(entry, list) and all(isinstance(x, int | float) for x in entry)
    if not numbers or len(entry) != 2 or not 0 < entry[0] < entry[1]:
        raise ModelError(f"{where}: expected [low, high] with 0 < low < high, found {entry!r}")
    return float(entry[0]), float(entry[1])


def _derived(members: Any, roles: set[str], where: str) -> tuple[str, ...]:
    if not isinstance(members, list) or len(members) < 2:
        raise ModelError(f"{where}: expected a list of at least two roles")
    unknown = [member for member in members if member not in roles]
    if unknown:
        raise ModelError(f"{where}: no role is called {unknown}; there are {sorted(roles)}")
    return tuple(members)


def _check_keys(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ModelError(
            f"{where}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
