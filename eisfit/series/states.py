"""What a cell's state means for the electrode that is studied.

Discharge is the direction in which a cell gives current by itself. In a half-cell such as
Li-In | LPSC | Si it puts lithium into silicon; in a full cell, where silicon is the negative
electrode, it takes lithium out.
"""

from __future__ import annotations

PRISTINE, DISCHARGED, CHARGED = "pristine", "discharged", "charged"
LITHIATED, DELITHIATED = "lithiated", "delithiated"
HALF, FULL = "half", "full"
CELL_TYPES = (HALF, FULL)

_SPELLINGS = {
    PRISTINE: ("pristine", "prist", "fresh", "as made", "as assembled", "uncycled"),
    DISCHARGED: ("discharged", "discharge", "dis", "dch", "dchg", "dc"),
    CHARGED: ("charged", "charge", "ch", "chg", "cha"),
    LITHIATED: ("lithiated", "lithiation", "li"),
    DELITHIATED: ("delithiated", "delithiation", "deli"),
}
_STATES = {spelling: state for state, spellings in _SPELLINGS.items() for spelling in spellings}
KNOWN_STATES = tuple(_SPELLINGS)
_ORDER = {PRISTINE: 0, DISCHARGED: 1, LITHIATED: 1, CHARGED: 2, DELITHIATED: 2}
_FIRST_IN_FULL = {CHARGED: 1, DISCHARGED: 2}

_MEANING = {
    HALF: {DISCHARGED: LITHIATED, CHARGED: DELITHIATED},
    FULL: {CHARGED: LITHIATED, DISCHARGED: DELITHIATED},
}


def state_named(text: str) -> str:
    """Return the state that a text names, in our spelling; any other text as it is."""
    plain = " ".join(text.replace("_", " ").replace("-", " ").split())
    return _STATES.get(plain.casefold(), text.strip())


def electrode_state(state: str, cell_type: str) -> str:
    """Return "lithiated", "delithiated", or "" where the state says neither.

    Parameters
    ----------
    state : str
        As `state_named` returns it.
    cell_type : "half" or "full"
        Lithium (or its alloy) against the electrode; or the electrode as the negative one.
    """
    if state in (LITHIATED, DELITHIATED):
        return state
    return _MEANING[cell_type].get(state, "")


def state_rank(state: str, cell_type: str) -> int:
    """Return the place of a state in the order in which a cell goes through them."""
    first = _FIRST_IN_FULL if cell_type == FULL else {}
    return first.get(state, _ORDER.get(state, len(_ORDER)))
