"""What a column is, from its name: the quantity, the electrodes, the unit and the sign."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np


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


_LETTERS = str.maketrans(
    {
        "’": "'", "‘": "'", "′": "'", "´": "'", "`": "'", "″": "''", "“": '"', "”": '"',
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "\u03a9": "ohm", "\u2126": "ohm",
        "\u00b5": "u", "\u03bc": "u", "°": "deg", "²": "2", "·": ".", "∙": ".", "ω": "omega",
        "\u03c6": "phi", "\u03d5": "phi", "θ": "theta", "\u00a0": " ", "\ufeff": "",
        "<": "", ">": "", "{": "(", "}": ")",
    }
)  # fmt: skip

# Unit without prefix -> what it measures, and its size in ours.
_UNITS = {
    "hz": ("frequency", 1.0), "rad/s": ("omega", 1.0), "rads-1": ("omega", 1.0),
    "ohm": ("impedance", 1.0), "ohms": ("impedance", 1.0), "v": ("potential", 1.0),
    "volt": ("potential", 1.0), "volts": ("potential", 1.0), "s": ("time", 1.0),
    "sec": ("time", 1.0), "seconds": ("time", 1.0), "min": ("time", 60.0), "h": ("time", 3600.0),
    "deg": ("angle", 1.0), "degree": ("angle", 1.0), "degrees": ("angle", 1.0),
    "rad": ("angle", float(np.degrees(1.0))), "radians": ("angle", float(np.degrees(1.0))),
    "degc": ("temperature", 1.0), "c": ("temperature", 1.0), "k": ("temperature", 1.0),
    "ohmcm2": ("impedance", 1.0), "ohmm2": ("impedance", 1e4),
}  # fmt: skip
_PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_PREFIXED = {"hz", "ohm", "ohms", "ohmcm2", "v", "s"}

_MEASURES = {
    "frequency": "frequency", "omega": "omega", "real": "impedance", "imaginary": "impedance",
    "modulus": "impedance", "phase": "angle", "potential": "potential", "time": "time",
    "temperature": "temperature",
}  # fmt: skip


def _part(words: tuple[str, ...], *others: str) -> tuple[str, ...]:
    """Return what people call a part of the impedance: with, before and behind its letter."""
    patterns = (
        "{}", "{}z", "{}(z)", "z{}", "z({})", "{}part", "{}partofz", "{}partz", "z{}part",
        "{}impedance", "{}impedances", "impedance{}", "impedance({})", "{}partofimpedance",
        "{}partoftheimpedance", "{}component", "{}(impedance)",
    )  # fmt: skip
    return (*(pattern.format(word) for word in words for pattern in patterns), *others)


_NAMES = {
    "frequency": (
        "f", "freq", "frequency", "frequencies", "frequenz", "fréquence", "frecuencia",
        "frequencia", "freqency", "frequence", "frequenza", "\u03bd", "频率",
    ),
    "omega": ("omega", "w", "angularfrequency", "angularfreq", "radialfrequency", "kreisfrequenz"),
    "real": _part(
        ("re", "real"), "z'", "zs'", "zr", "zprime", "realimpedancez'", "re(z')", "realteil",
        "z'real", "realz'", "réelle", "realpartz'",
    ),
    "imaginary": _part(
        ("im", "imag", "imaginary", "img", "imaginery"), "z''", "zs''", "zi", "zj",
        "zdoubleprime",
        "imaginaryimpedancez''", "im(z'')", "imaginärteil", "imaginaerteil", "z''imag",
        "imagz''", "imaginarypartz''",
    ),
    "modulus": (
        "|z|", "z", "mod(z)", "modz", "zmod", "abs(z)", "absz", "zabs", "mag(z)", "zmag", "magz",
        "modulus", "magnitude", "impedance", "impedancemagnitude", "impedancemodulus", "betrag",
        "absoluteimpedance", "modulusofz", "zmodulus", "zmagnitude",
    ),
    "phase": (
        "phase", "phases", "phase(z)", "phasez", "phaseofz", "phaseangle", "phaseshift", "zphase",
        "zphz", "theta", "theta(z)", "thetaz", "phi", "phi(z)", "arg(z)", "argz", "angle",
        "phasenwinkel", "phaseangle(z)", "winkel", "phasenverschiebung", "phaseimpedance",
        "impedancephase", "phaseofimpedance", "ztheta",
    ),
    "time": ("time", "t", "elapsedtime", "zeit"),
    "temperature": ("temperature", "temp", "t", "temperatur"),
    "cycle": ("cycle", "cyclenumber"),
    "loop": ("loop", "loopindex", "loopnumber", "segment#"),
    "sweep": ("sweep", "sweepnumber"),
}  # fmt: skip
_LOOKUP: dict[str, list[str]] = {}
for _quantity, _names in _NAMES.items():
    for _name in _names:
        _LOOKUP.setdefault(_name, []).append(_quantity)

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
_POTENTIALS = {
    "ewe": "Ewe", "ecell": "Ewe", "e": "Ewe", "potential": "Ewe", "voltage": "Ewe",
    "edc": "Ewe", "vdc": "Ewe", "dcpotential": "Ewe", "u": "Ewe", "spannung": "Ewe",
    "ece": "Ece", "ewe-ece": "Ewe-Ece",
}  # fmt: skip
_UNIT_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<name>.*?)\s*\[(?P<unit>[^\[\]]*)\]",
        r"(?P<name>.*?)\s*\((?P<unit>[^()]*)\)",
        r"(?P<name>[^/]*?)\s*/\s*(?P<unit>.+)",
        r"(?P<name>.*?)(?:,\s*|_|\s+in\s+|\s+)(?P<unit>[^\s_,]+)",
    )
)
_MINUS = re.compile(r"^(?:-\s*1?\s*\*?|(?:neg|negative|minus)(?:\b|[\s_.]))\s*", re.IGNORECASE)

_LONGEST = 200

# Without a number in each of these that it has, a row is no point.
VITAL = ("frequency", "omega", "real", "imaginary", "modulus", "phase")
# Re[Z] is no unit in brackets.
_BRACKETED = re.compile(r"^([-\s]*(?:re|im)[a-z]*)\s*\[(z[^\]]*)\]", re.IGNORECASE)
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
    for place in _UNIT_PLACES:
        match = place.fullmatch(text)
        if match and (unit := _unit(match["unit"])):
            return _column(match["name"], match["unit"].strip(), unit)
    # A slash or bracket after a name we know is a unit that we do not know.
    return _column(text, "", None)


def is_complete(columns: list[Column | None]) -> bool:
    """Tell whether these columns make a spectrum: a frequency, and an impedance in two parts."""
    found = {column.quantity for column in columns if column}
    return bool(found & {"frequency", "omega"}) and (
        {"real", "imaginary"} <= found or {"modulus", "phase"} <= found
    )


def _plain(name: str) -> str:
    text = name.translate(_LETTERS).strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"').strip()
    text = text.replace('"', "''")
    return re.sub(r"(?<=')\((?:a|b)\)$", "", text)  # ZPlot writes Z'(a) and Z''(b)


def _unit(text: str) -> tuple[str, float, float, str] | None:
    """Return what a unit measures, its scale and offset, and its plain spelling."""
    text = re.sub(r"[\s*^.]", "", text)
    for prefix, scale in (("", 1.0), *_PREFIXES.items()):
        rest = text.removeprefix(prefix).lower()
        if text.startswith(prefix) and rest in _UNITS and (not prefix or rest in _PREFIXED):
            measure, size = _UNITS[rest]
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
        if unit[0] == measure or (unit[0] == "omega" and measure == "frequency"):
            quantity = "omega" if unit[0] == "omega" else column.quantity
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
    if core in _POTENTIALS:
        return [Column("potential", _POTENTIALS[core])]
    return [
        Column(quantity, "Ewe" if quantity in IMPEDANCE_QUANTITIES else "")
        for quantity in _LOOKUP.get(core, ())
    ]
