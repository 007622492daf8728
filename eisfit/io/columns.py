"""What a column is, from its name: the quantity, the electrodes, the unit and the sign."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from eisfit.io.names import FREQUENCY_WORDS, POTENTIALS, QUANTITIES, folded, plain

__all__ = [
    "FREQUENCY_WORDS", "IMPEDANCE_QUANTITIES", "VITAL", "Column", "folded", "interpret",
    "is_complete",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """The meaning of a column name.

    `scale` times the number gives Hz, rad/s, ohm, degrees, s, V or degrees C, plus `offset`; it is
    negative where the name carries a minus. `unit` is "" where the name has none. `signed` says
    whether the name leaves no doubt of the sign: `Im(Z)` and `-Z''` do, while people write `Z''`
    for both.
    """

    quantity: str
    electrode: str = ""
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    signed: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Quantity and electrode, what a table's columns are told apart by."""
        return self.quantity, self.electrode


# Unit without prefix -> what it measures, and its size in ours.
_TURN = float(np.degrees(1.0))
_MEASURED_IN = {
    "frequency": {"hz": 1.0, "hertz": 1.0, "гц": 1.0, "赫兹": 1.0, "赫": 1.0, "ヘルツ": 1.0},
    "omega": dict.fromkeys(("rad/s", "rad/sec", "rads-1", "radsec-1", "рад/с", "rad/seg"), 1.0),
    "rate": dict.fromkeys(("s-1", "1/s", "sec-1", "1/sec", "с-1", "1/с"), 1.0),
    "impedance": {
        **dict.fromkeys(("ohm", "ohms", "ohmios", "ом", "欧姆", "欧", "オーム", "ohmcm2"), 1.0),
        "ohmm2": 1e4,
    },
    "potential": dict.fromkeys(("v", "volt", "volts", "в", "伏"), 1.0),
    "time": {
        **dict.fromkeys(("s", "sec", "seconds", "second", "с", "сек", "秒"), 1.0),
        "min": 60.0, "мин": 60.0, "h": 3600.0, "ч": 3600.0,
    },
    "angle": {
        **dict.fromkeys(
            ("deg", "degs", "degree", "degrees", "degre", "degres", "grad", "grados", "graus",
             "gradi", "stopnie", "град", "度"), 1.0
        ),
        **dict.fromkeys(("rad", "radian", "radians", "рад", "弧度"), _TURN),
    },
    "temperature": {"degc": 1.0, "c": 1.0, "k": 1.0},
}  # fmt: skip
_UNITS = {
    folded(unit): (measure, size)
    for measure, units in _MEASURED_IN.items()
    for unit, size in units.items()
}
_PREFIXES = {
    "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9,
    "T": 1e12, "мк": 1e-6, "м": 1e-3, "к": 1e3, "М": 1e6, "微": 1e-6, "毫": 1e-3, "千": 1e3,
    "兆": 1e6,
}  # fmt: skip
_RATES = ("frequency", "omega")
_PREFIXED = {"frequency", "impedance", "potential"}
# Millihertz or megahertz: people who write in small letters mean either.
_UNCLEAR = ("mhz",)

_MEASURES = {
    "frequency": "frequency", "omega": "omega", "real": "impedance", "imaginary": "impedance",
    "modulus": "impedance", "phase": "angle", "potential": "potential", "time": "time",
    "temperature": "temperature",
}  # fmt: skip


_PAIRS = {"": "Ewe", "we": "Ewe", "ce": "Ece", "we-ce": "Ewe-Ece"}
_PAIRED = tuple(
    (quantity, re.compile(pattern))
    for quantity, pattern in (
        ("real", r"re\(z(we-ce|we|ce|)\)"),
        ("imaginary", r"im\(z(we-ce|we|ce|)\)"),
        ("modulus", r"\|z(we-ce|we|ce|)\|"),
        ("phase", r"phase\(z(we-ce|we|ce|)\)"),
    )
)
_UNIT_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<name>.*?)\s*\[(?P<unit>[^\[\]]*)\]",
        r"(?P<name>.*?)\s*\((?P<unit>[^()]*)\)",
        r"(?P<name>[^/]*?)\s*/\s*(?P<unit>.+)",
        r"(?P<name>.*?)(?:,\s*|_|\s+in\s+|\s+)(?P<unit>[^\s_,]+)",
    )
)
_MINUS = re.compile(
    r"^(?:-\s*1?\s*\*?|(?:neg|negative|minus|moins|menos|meno|минус)(?:\b|[\s_.])|[负負])\s*",
    re.IGNORECASE,
)

_LONGEST = 200

# Without a number in each of these that it has, a row is no point.
VITAL = ("frequency", "omega", "real", "imaginary", "modulus", "phase")
# Re[Z] is no unit in brackets.
_BRACKETED = re.compile(r"^([-\s]*(?:re|im)[a-z]*)\s*\[(z[^\]]*)\]", re.IGNORECASE)
# A sign such as that of ohm, which an export could not write.
_LOST = re.compile(r"\s*[\[(/]\s*[?\ufffd]\s*[\])]?$")
IMPEDANCE_QUANTITIES = ("real", "imaginary", "modulus", "phase")


def interpret(name: str) -> Column | None:
    """Return what a column name means, or None for a name that does not matter here.

    Names are those of EC-Lab, and what a person would write: `freq/Hz`, `Frequency (kHz)`, `f`,
    `Re(Z)/Ohm`, `-Z'' [kOhm]`, `Zimag`, `|Z|`, `Phase(Z)/deg`, `real_ohm`. A unit that does not
    fit the quantity (an area, a resistivity) makes the name one that does not matter, and so does
    a length of more than 200 characters.
    """
    # Before anything is matched: some patterns take the square of the length.
    return _interpret(name) if len(name) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _interpret(name: str) -> Column | None:
    text = re.sub(r"^(?:data|column)\s*:\s*", "", _plain(name), flags=re.IGNORECASE)
    text = _BRACKETED.sub(r"\1(\2)", text)
    text = _LOST.sub("", text)
    for place in _UNIT_PLACES:
        match = place.fullmatch(text)
        unit = _unit(match["unit"]) if match else None
        if match and unit and (column := _column(match["name"], match["unit"].strip(), unit)):
            return column
    # A slash or bracket after a name we know is a unit that we do not know.
    return _column(text, "", None)


def is_complete(columns: list[Column | None]) -> bool:
    """Tell whether these columns make a spectrum: a frequency, and an impedance in two parts."""
    found = {column.quantity for column in columns if column}
    return bool(found & {"frequency", "omega"}) and (
        {"real", "imaginary"} <= found or {"modulus", "phase"} <= found
    )


def _plain(name: str) -> str:
    text = plain(name).strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"').strip()
    text = text.replace('"', "''")
    return re.sub(r"(?<=')\((?:a|b)\)$", "", text)  # ZPlot writes Z'(a) and Z''(b)


def _unit(text: str) -> tuple[str, float, float, str] | None:
    """Return what a unit measures, its scale and offset, and its plain spelling."""
    text = re.sub(r"[\s*^.]", "", text)
    for prefix, scale in (("", 1.0), *_PREFIXES.items()):
        rest = text.removeprefix(prefix).lower()
        if not text.startswith(prefix) or rest not in _UNITS or text in _UNCLEAR:
            continue
        measure, size = _UNITS[rest]
        if not prefix or measure in _PREFIXED or (rest == "s" and prefix != "K"):
            offset = -273.15 if rest == "k" and text == "K" else 0.0
            return measure, scale * size, offset, rest
    return None


def _column(name: str, unit_text: str, unit: tuple[str, float, float, str] | None) -> Column | None:
    bare = name.strip()
    if bare.startswith("(") and bare.endswith(")") and bare.count("(") == 1:
        bare = bare[1:-1]
    sign = -1.0 if _MINUS.match(bare) else 1.0
    core = re.sub(r"[\s_.:*]", "", _MINUS.sub("", bare)).lower()
    core = re.sub(r"^data(?=.)", "", core)
    for column in _meanings(core):
        measure = _MEASURES.get(column.quantity)
        signed = sign < 0 or "(" in core
        if unit is None:
            return replace(column, scale=sign, signed=signed)
        turning = unit[0] == "omega" and measure == "frequency"
        if unit[0] == measure or turning or (unit[0] == "rate" and measure in _RATES):
            quantity = "omega" if turning else column.quantity
            plain = "ohm cm2" if unit[3] in ("ohmcm2", "ohmm2") else unit_text
            return replace(
                column, quantity=quantity, scale=sign * unit[1], offset=unit[2], unit=plain,
                signed=signed,
            )  # fmt: skip
    return None


def _meanings(core: str) -> list[Column]:
    """Return the possible meanings of a bare name; where there are several, the unit decides."""
    for quantity, pattern in _PAIRED:
        if match := pattern.fullmatch(core):
            return [Column(quantity, _PAIRS[match[1]])]
    if core in POTENTIALS:
        return [Column("potential", POTENTIALS[core])]
    return [
        Column(quantity, "Ewe" if quantity in IMPEDANCE_QUANTITIES else "")
        for quantity in QUANTITIES.get(core, ())
    ]
