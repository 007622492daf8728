"""Units as text to exponents of ohm and second: `S s^alpha`, `ohm s^-0.5`, `1/s`, `F`."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NoReturn

from eisfit.errors import ElementError

# Exponents of ohm and second
_BASE = {
    "1": (0, 0), "ohm": (1, 0), "Ohm": (1, 0), "\N{GREEK CAPITAL LETTER OMEGA}": (1, 0),
    "\N{OHM SIGN}": (1, 0), "S": (-1, 0), "F": (-1, 1), "H": (1, 1), "s": (0, 1), "Hz": (0, -1),
}  # fmt: skip
_FACTOR = re.compile(
    r"(?P<sign>[*/\s]*)(?P<base>1|[^\W\d_]+)(?:(?:\^|\*\*)(?P<power>\([^()]*\)|[-+]?[\w.]+))?"
)
_POWER = re.compile(r"(?P<name>[A-Za-z]\w*)?(?P<number>[-+]?\d+(?:\.\d*)?)?")


def exponents(
    unit: str, powers: Collection[str] = ("alpha",)
) -> tuple[int, float | Literal["alpha"]]:
    """Return the exponents of ohm and of second of a unit.

    Parameters
    ----------
    unit : str
        Products of 1, ohm, S, F, H, s and Hz by a blank or `*`; `/` divides, `^` is a power.
    powers : symbols of the element's exponent parameters, which may stand in a power of s

    Raises
    ------
    ElementError
        If it cannot be read, or is no power of ohm and second that a parameter can have.
    """
    ohm = second = 0.0
    alphas = 0
    at, text = 0, unit.strip()
    if not text:
        _fail(unit, "it is empty; a number without unit has the unit 1")
    while at < len(text):
        match = _FACTOR.match(text, at)
        if match is None or match["base"] not in _BASE or match["sign"].count("/") > 1:
            _fail(unit, f"{text[at:].strip()!r} is not understood")
        turn = -1 if "/" in match["sign"] else 1
        number, alpha = _power(unit, match["power"], powers)
        per_ohm, per_second = _BASE[match["base"]]
        if alpha and per_ohm:
            _fail(unit, f"only s can have the power {match['power']}")
        ohm += turn * number * per_ohm
        second += turn * number * per_second
        alphas += turn * alpha * per_second
        at = match.end()
    if not ohm.is_integer():
        _fail(unit, f"it has ohm to the power of {ohm:g}, only whole powers can be scaled")
    if alphas == 0:
        return int(ohm), second
    if alphas != 1 or second != 0:
        _fail(unit, "beside an exponent, the power of s must be the exponent alone: S s^alpha")
    return int(ohm), "alpha"


def _power(unit: str, power: str | None, names: Collection[str]) -> tuple[float, int]:
    """Return the number and how often an exponent parameter stands in a power."""
    if power is None:
        return 1.0, 0
    match = _POWER.fullmatch(power.strip("()").replace(" ", ""))
    if match is None or not (match["name"] or match["number"]):
        _fail(unit, f"the power {power} is not understood")
    if match["name"] and match["name"] not in names:
        known = ", ".join(names) or "none here"
        _fail(unit, f"no exponent is called {match['name']} (exponents: {known})")
    return float(match["number"] or 0.0), int(bool(match["name"]))


def _fail(unit: str, why: str) -> NoReturn:
    raise ElementError(
        f"the unit {unit!r}: {why}. Units are made of 1, ohm, S, F, H, s and Hz, as in "
        "'S s^alpha', 'ohm s^-0.5' or '1/s'; give totals, not values per length"
    )
