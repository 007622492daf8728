"""What people and programs call a column, in the languages that laboratories write in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_LETTERS = str.maketrans(
    {
        "’": "'", "‘": "'", "′": "'", "´": "'", "`": "'", "″": "''", "“": '"', "”": '"',
        "„": '"', "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "\u03a9": "ohm",
        "\u2126": "ohm", "\u00b5": "u", "\u03bc": "u", "°": "deg", "º": "deg", "²": "2",
        "·": ".", "∙": ".", "⋅": ".", "×": "*", "ω": "omega", "\u03c6": "phi", "\u03d5": "phi",
        "\u03d1": "theta", "θ": "theta", "\u00a0": " ", "\ufeff": "", "ł": "l", "Ł": "L",
        "ø": "o", "<": "", ">": "", "{": "(", "}": ")",
    }
)  # fmt: skip
# UTF-8 that was read as a western encoding and written again.
_GARBLED = {"Î©": "ohm", "â„¦": "ohm", "Â°": "deg", "Âµ": "u", "Â²": "2"}


def plain(text: str) -> str:
    """Return text without accents, its signs and wide letters in their plain forms."""
    if text.isascii():
        return text.translate(_LETTERS)
    for wrong, right in _GARBLED.items():
        text = text.replace(wrong, right)
    # Before the rest: an acute accent alone would fall apart into a space.
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in text if not unicodedata.combining(c)).translate(_LETTERS)


def folded(text: str) -> str:
    """Return `plain` text in lower case."""
    return text.lower() if text.isascii() else plain(text).lower()


def _english(words: tuple[str, ...], *others: str) -> Iterator[str]:
    """Give what people call a part of the impedance: with, before and behind its letter."""
    patterns = (
        "{}", "{}z", "{}(z)", "z{}", "z({})", "{}part", "{}partofz", "{}partz", "z{}part",
        "{}impedance", "{}impedances", "impedance{}", "impedance({})", "{}partofimpedance",
        "{}partoftheimpedance", "{}component", "{}(impedance)", "z'{}", "z''{}", "z'({})",
        "z''({})",
    )  # fmt: skip
    for word in words:
        yield from (pattern.format(word) for pattern in patterns)
    yield from others


def _foreign(*words: str) -> Iterator[str]:
    for word in words:
        for pattern in (
            "{}", "{}z", "{}(z)", "z{}", "z({})", "{}dez", "{}diz", "{}vonz", "{}derimpedanz",
            "{}deimpedancia", "{}del'impedance", "{}delaimpedancia", "{}daimpedancia",
            "{}dell'impedenza", "{}impedancji", "{}импеданса", "阻抗{}", "{}阻抗", "阻抗的{}",
            "インピーダンス{}", "インピーダンスの{}", "{}impedanz", "z'{}", "z''{}", "z'({})",
            "z''({})",
        ):  # fmt: skip
            yield pattern.format(word)


_REAL = (
    "realteil", "partieréelle", "réel", "réelle", "partereal", "partereale", "reale",
    "częśćrzeczywista", "rzeczywista", "действительнаячасть", "вещественнаячасть",
    "реальнаячасть", "实部", "実部", "実数部", "實部", "实阻抗", "실수부",
)  # fmt: skip
_IMAGINARY = (
    "imaginärteil", "imaginaerteil", "partieimaginaire", "imaginaire", "parteimaginaria",
    "imaginaria", "parteimmaginaria", "immaginaria", "imaginária", "parteimaginária",
    "częśćurojona", "urojona", "мнимаячасть", "虚部", "虚数部", "虛部", "虚阻抗", "허수부",
)  # fmt: skip
_MODULUS = (
    "betrag", "module", "módulo", "modulo", "moduł", "модуль", "模", "模值", "模量", "絶対値",
    "绝对值", "幅值", "阻抗模", "阻抗模值", "impedanz", "impedancia", "impedância", "impedenza",
    "impedancja", "импеданс", "阻抗", "インピーダンス", "impedanzbetrag",
)  # fmt: skip
_PHASE = (
    "phasenwinkel", "winkel", "phasenverschiebung", "angledephase", "déphasage", "fase",
    "ángulodefase", "ângulodefase", "angolodifase", "sfasamento", "desfase", "faza", "kątfazowy",
    "przesunięciefazowe", "фаза", "угол", "уголфазы", "фазовыйугол", "сдвигфаз", "сдвигфазы",
    "相位", "相位角", "相角", "位相", "位相角", "位相差", "위상", "위상각",
)  # fmt: skip

_NAMES: dict[str, tuple[str, ...]] = {
    "frequency": (
        "f", "freq", "frequency", "frequencies", "freqency", "frq", "frequencyf", "frequenz",
        "frequenzf", "fréquence", "fréq", "frecuencia", "frec", "frequência", "frequenza",
        "częstotliwość", "częst", "частота", "частотаf", "\u03bd", "频率", "頻率", "周波数",
        "频率f", "测试频率", "주파수",
    ),
    "omega": (
        "omega", "w", "angularfrequency", "angularfreq", "radialfrequency", "kreisfrequenz",
        "pulsation", "pulsacja", "pulsazione", "круговаячастота", "угловаячастота",
        "циклическаячастота", "角频率", "角頻率", "角周波数", "frecuenciaangular",
        "frequênciaangular", "częstośćkołowa",
    ),
    "real": (
        *_english(
            ("re", "real"), "z'", "zs'", "zr", "zprime", "realimpedancez'", "re(z')", "realz'",
            "realpartz'", "r(z)",
        ),
        *_foreign(*_REAL),
    ),
    "imaginary": (
        *_english(
            ("im", "imag", "imaginary", "img", "imaginery"), "z''", "zs''", "zi", "zj",
            "zdoubleprime", "imaginaryimpedancez''", "im(z'')", "imagz''", "imaginarypartz''",
            "i(z)",
        ),
        *_foreign(*_IMAGINARY),
    ),
    "modulus": (
        "|z|", "z", "mod(z)", "modz", "zmod", "abs(z)", "absz", "zabs", "mag(z)", "zmag", "magz",
        "modulus", "magnitude", "impedance", "impedancemagnitude", "impedancemodulus",
        "absoluteimpedance", "modulusofz", "zmodulus", "zmagnitude", "impedance|z|",
        *_foreign(*_MODULUS), *(f"{word}|z|" for word in _MODULUS),
    ),
    "phase": (
        "phase", "phases", "phase(z)", "phasez", "phaseofz", "phaseangle", "phaseshift", "zphase",
        "zphz", "theta", "theta(z)", "thetaz", "phi", "phi(z)", "arg(z)", "argz", "angle",
        "phaseangle(z)", "phaseimpedance", "impedancephase", "phaseofimpedance", "ztheta",
        *_foreign(*_PHASE),
    ),
    "time": (
        "time", "t", "elapsedtime", "zeit", "temps", "tiempo", "tempo", "czas", "время", "时间",
        "時間",
    ),
    "temperature": (
        "temperature", "temp", "t", "temperatur", "température", "temperatura", "температура",
        "温度", "溫度",
    ),
    "cycle": (
        "cycle", "cyclenumber", "cycleno", "cycle#", "zyklus", "zyklusnummer", "ciclo", "cykl",
        "цикл", "循环", "循环号", "サイクル",
    ),
    "loop": ("loop", "loopindex", "loopnumber", "segment#"),
    "sweep": ("sweep", "sweepnumber"),
}  # fmt: skip
_POTENTIALS = {
    "Ewe": (
        "ewe", "ecell", "e", "potential", "voltage", "edc", "vdc", "dcpotential", "u", "spannung",
        "tension", "voltaje", "tensión", "tensão", "tensione", "potentiel", "potencial",
        "potenziale", "napięcie", "potencjał", "напряжение", "потенциал", "电压", "電圧", "电位",
        "電位",
    ),
    "Ece": ("ece",),
    "Ewe-Ece": ("ewe-ece",),
}  # fmt: skip

QUANTITIES: dict[str, list[str]] = {}
for _quantity, _several in _NAMES.items():
    for _name in dict.fromkeys(map(folded, _several)):
        QUANTITIES.setdefault(_name, []).append(_quantity)
POTENTIALS = {folded(name): pair for pair, several in _POTENTIALS.items() for name in several}


def _stems() -> re.Pattern[str]:
    """Return what finds every name of a frequency, to pass over most lines without splitting."""
    names = sorted({folded(n) for q in ("frequency", "omega") for n in _NAMES[q]}, key=len)
    stems: list[str] = []
    for name in names:
        letter = len(name) == 1 and name.isascii()
        part = rf"(?<![a-z]){name}(?![a-z])" if letter else re.escape(name[:4])
        if not any(re.search(stem, name) for stem in stems):
            stems.append(part)
    return re.compile("|".join(stems))


FREQUENCY_WORDS = _stems()
