"""Models: a circuit, and where a card names them, the physical roles of its elements.

Cards are TOML files in `circuits/`, data only. The wheel carries them inside the package.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from eisfit.circuit.arcs import Arc, find_arcs
from eisfit.circuit.circuit import Circuit, Values
from eisfit.circuit.elements import ComplexArray
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
    "blocking_electrode": "R_block",
    "electrolyte_junction": "R_junction",
}
_CARD_KEYS = {"name", "description", "circuit", "reference", "temperature_c", "note", "roles",
              "derived", "electrolyte"}  # fmt: skip
# Meant as a model's name, not as circuit text: one word with an underscore in it
# Elements begin with a capital in either grammar, so such a word can only be meant as a name
_NAME = re.compile(r"\s*(?:[^\W_]\w*_\w*|[a-z]\w{2,})\s*")
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
    """A circuit under a name, with the roles of its elements and sums derived from them.

    `electrolyte` are the elements whose resistances together are that of the electrolyte, from one
    electrode to the other; none where the card does not say so, and then there is no conductivity.
    """

    name: str
    circuit: Circuit
    description: str = ""
    reference: str = ""
    note: str = ""
    temperature_c: float | None = None
    roles: tuple[Role, ...] = ()
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=FrozenDict)
    electrolyte: tuple[str, ...] = ()

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
        hint = f"Did you mean {close[0]}? " if close else ""
        raise ModelError(
            f"no parameter is called {_short(name)}. {hint}There are: {', '.join(known)}"
        )

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
            resolved = [self.resolve(str(name)) for name in values]
            twice = [name for name in set(resolved) if resolved.count(name) > 1]
            if twice:
                raise ModelError(
                    f"{', '.join(sorted(twice))} is given twice: by its name and by its role"
                )
            values = dict(zip(resolved, values.values(), strict=True))
        return self.circuit.impedance(frequency, values)


def load_model(name: str | Path | Model) -> Model:
    """Return a model by the name of its card, from circuit text, or from a card of your own.

    Parameters
    ----------
    name : str, Path or Model
        `li_in_lpsc_si`; `R0-p(R1,CPE1)` or `R(RQ)`; the path of a TOML file; a Model comes back
        as it is.

    Raises
    ------
    ModelError
        If it is neither a known name nor looks like circuit text, or the card is wrong.
    CircuitError
        If it is circuit text that does not parse.
    """
    if isinstance(name, Model):
        return name
    if isinstance(name, Path) or (isinstance(name, str) and name.endswith(".toml")):
        return _card_from_file(Path(name))
    if not isinstance(name, str):
        raise ModelError(f"expected a model's name or circuit text, found {type(name).__name__}")
    cards = _cards()
    if name.strip() in cards:
        return cards[name.strip()]
    try:
        return Model(name=name.strip(), circuit=Circuit.from_text(name))
    except CircuitError as error:
        close = get_close_matches(name, cards, n=1) if len(name) < 100 else []
        if not close and not _NAME.fullmatch(name[:100]):
            raise error
    guess = f"Did you mean {close[0]}? " if close else ""
    raise ModelError(f"no model is called {_short(name)}. {guess}There are: {', '.join(cards)}")


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


def _card_from_file(path: Path) -> Model:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ModelError(f"the model card {path} cannot be read: {error}") from None
    return card_from_text(text, path.name)


def card_from_text(text: str, where: str = "card") -> Model:
    """Return the model of a card (TOML text); `where` names it in messages.

    Raises
    ------
    ModelError
        If the TOML, a key, a role's element, a span or a derived sum is wrong.
    """
    try:
        card = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ModelError(f"{where}: not valid TOML: {error}") from None
    _check_keys(card, _CARD_KEYS, where)
    for key in ("name", "description", "circuit"):
        if not _text(card, key, where).strip():
            raise ModelError(f'{where}: needs {key} = "..."')
    try:
        circuit = Circuit.from_text(card["circuit"])
    except CircuitError as error:
        raise ModelError(f"{where}: {error}") from None
    labels = [leaf.label for leaf in circuit.elements]
    roles = tuple(
        _role(name, entry, labels, f"{where}: role {name}")
        for name, entry in _table(card, "roles", where).items()
    )
    model = Model(
        name=card["name"],
        circuit=circuit,
        description=card["description"],
        reference=_text(card, "reference", where),
        note=_text(card, "note", where),
        temperature_c=_temperature(card.get("temperature_c"), where),
        roles=roles,
    )
    _check_unique(model, where)
    sums = {
        name: _derived(name, members, model, f"{where}: derived {name}")
        for name, members in _table(card, "derived", where).items()
    }
    return replace(model, derived=FrozenDict(sums), electrolyte=_electrolyte(card, model, where))


def _role(name: str, entry: Any, labels: list[str], where: str) -> Role:
    if not isinstance(entry, dict):
        raise ModelError(f'{where}: expected a table with at least element = "..."')
    _check_keys(entry, _ROLE_KEYS, where)
    element = entry.get("element")
    if element not in labels:
        raise ModelError(
            f"{where}: the circuit has no element {element!r}; it has {', '.join(labels)}"
        )
    return Role(
        name=name,
        symbol=_text(entry, "symbol", where) or _SYMBOLS.get(name, f"R_{name}"),
        element=element,
        tau_s=_span(entry.get("tau_s"), f"{where}: tau_s"),
        capacitance_f_cm=_span(entry.get("capacitance_f_cm"), f"{where}: capacitance_f_cm"),
        note=_text(entry, "note", where),
    )


def _check_unique(model: Model, where: str) -> None:
    """Refuse two roles on one element, and a symbol that already means something else."""
    for kind, names in (
        ("element", [role.element for role in model.roles]),
        ("symbol", [role.symbol for role in model.roles] + list(model.names)),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ModelError(f"{where}: the {kind} {', '.join(twice)} stands for two things")


def _span(entry: Any, where: str) -> Span | None:
    if entry is None:
        return None
    numbers = isinstance(entry, list) and all(type(x) in (int, float) for x in entry)
    if not numbers or len(entry) != 2 or not 0 < entry[0] < entry[1] < float("inf"):
        raise ModelError(f"{where}: expected [low, high] with 0 < low < high, found {entry!r}")
    return float(entry[0]), float(entry[1])


def _temperature(entry: Any, where: str) -> float | None:
    if entry is None:
        return None
    if type(entry) not in (int, float) or not -273.15 <= entry < 2000:
        raise ModelError(f"{where}: temperature_c must be a number in degrees C, found {entry!r}")
    return float(entry)


def _derived(name: str, members: Any, model: Model, where: str) -> tuple[str, ...]:
    if name in model.names or name in model.aliases:
        raise ModelError(f"{where}: the name stands for a parameter already, choose another")
    if (
        not isinstance(members, list)
        or len(members) < 2
        or not all(isinstance(member, str) for member in members)
        or len(set(members)) < len(members)
    ):
        raise ModelError(f"{where}: expected a list of at least two different roles")
    symbols = {role.name: role.symbol for role in model.roles}
    for member in members:
        if member not in symbols:
            raise ModelError(f"{where}: no role is called {member}; there are {', '.join(symbols)}")
        if symbols[member] not in model.aliases:
            raise ModelError(f"{where}: {member} has no resistance to sum")
    return tuple(members)


def _electrolyte(card: Mapping[str, Any], model: Model, where: str) -> tuple[str, ...]:
    entry = card.get("electrolyte", [])
    places = {role.name: role.element for role in model.roles if role.symbol in model.aliases}
    if not isinstance(entry, list) or not all(name in places for name in entry):
        raise ModelError(
            f"{where}: electrolyte must list roles with a resistance, of "
            f"{', '.join(places) or 'which there are none'}; found {entry!r}"
        )
    return tuple(places[name] for name in entry)


def _table(card: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    entry = card.get(key, {})
    if not isinstance(entry, dict):
        raise ModelError(f"{where}: {key} must be a table, found {entry!r}")
    return entry


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    entry = table.get(key, "")
    if not isinstance(entry, str):
        raise ModelError(f"{where}: {key} must be text, found {entry!r}")
    return entry


def _check_keys(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ModelError(
            f"{where}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )


def _short(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:60] + "...")
