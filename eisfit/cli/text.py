"""Text for the screen: numbers with the digits they deserve, and nothing that a terminal obeys."""

from __future__ import annotations

import math

NONE = "-"


def clean(text: object, lines: bool = False) -> str:
    """Return text in which every character that a terminal might obey is written out.

    Names of files and samples come from anywhere; an escape sequence in one must not move the
    cursor. `lines` keeps line ends.
    """
    return "".join(
        c
        if c.isprintable() or (lines and c == "\n")
        else c.encode("unicode_escape").decode("ascii")
        for c in str(text)
    )


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, never in exponents between 1e-2 and 1e6."""
    if value is None or math.isnan(value):
        return NONE
    if value == 0 or math.isinf(value):
        return f"{value:g}"
    if not 1e-2 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.{places}f}"


def with_error(value: float, error: float, digits: int = 4) -> str:
    """Return `147.2 ± 1.3`: two digits of the error, and the value to the same place."""
    if math.isnan(value) or not math.isfinite(error) or error <= 0:
        return number(value, digits)
    size = max(abs(value), error)
    power = 0 if 1e-2 <= size < 1e6 else math.floor(math.log10(size))
    value, error = value / 10.0**power, error / 10.0**power
    places = 1 - math.floor(math.log10(error))
    if places > 9:  # an error below a billionth is no error of a measurement
        return number(value * 10.0**power, 7)
    shown = f"{round(value, places):.{max(places, 0)}f} ± {round(error, places):.{max(places, 0)}f}"
    return shown if power == 0 else f"({shown})e{power}"


def interval(low: float, high: float) -> str:
    """Return `146.9 to 147.2`: two digits of the half width, and both ends to the same place."""
    if math.isnan(low) or math.isnan(high):
        return NONE
    if math.isinf(high) or high <= low:
        return f"{number(low)} to {number(high)}"
    power = 0 if 1e-2 <= high < 1e6 else math.floor(math.log10(high))
    low, high = low / 10.0**power, high / 10.0**power
    places = min(max(1 - math.floor(math.log10((high - low) / 2.0)), 0), 7)
    shown = f"{low:.{places}f} to {high:.{places}f}"
    return shown if power == 0 else f"({shown})e{power}"


_PREFIXES = (
    (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"),
    (1e-9, "n"), (1e-12, "p"),
)  # fmt: skip


def prefixed(value: float, unit: str, digits: int = 3) -> str:
    """Return `7 MHz`: a number with the prefix of its unit, without trailing zeros."""
    if not math.isfinite(value) or value == 0:
        return f"{NONE if math.isnan(value) else format(value, 'g')} {unit}"
    rounded = float(f"{value:.{digits - 1}e}")
    for scale, prefix in _PREFIXES:
        if abs(rounded) >= scale * (1 - 1e-9):
            return f"{rounded / scale:.{digits}g} {prefix}{unit}"
    return f"{rounded:.{digits}g} {unit}"


def percent(value: float, digits: int = 2) -> str:
    """Return a share as `0.25 %`, with so many significant digits."""
    return f"{number(100.0 * value, digits)} %" if math.isfinite(value) else NONE


def span(frequency_high: float, frequency_low: float) -> str:
    """Return `7 MHz to 1 Hz`."""
    return f"{prefixed(frequency_high, 'Hz')} to {prefixed(frequency_low, 'Hz')}"
