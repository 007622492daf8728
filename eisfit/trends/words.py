"""Numbers in sentences: as many digits as their interval bears."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal


def rounded(width: float, *numbers: float) -> tuple[str, ...]:
    """Return numbers rounded to what a half-width bears: its first digit, two if below 1.5."""
    if not (math.isfinite(width) and width > 0):
        return tuple(f"{number:.3g}" for number in numbers)
    return tuple(_fixed(number, _place(width)) for number in numbers)


def span(
    value: float, lower: float, upper: float, level: float = 0.95, beside: float | None = None
) -> tuple[str, str]:
    """Return a value and "95 % interval 3.6 to 4.0"; infinite ends are said.

    All have two significant digits at least. Ends are rounded outward, for what is said must hold
    all that was found; one that does not reach `beside` is not rounded to it.
    """
    head = f"{100 * level:g} % interval"
    ends = [end for end in (lower, upper) if math.isfinite(end)]
    if not ends:
        return f"{value:.3g}", f"no {head}"
    half = (upper - lower) / 2.0 if len(ends) == 2 else abs(ends[0] - value)
    # An interval wider than its value would round the value away
    digits = _digits(value, _place(min(half, abs(value) / 2.0) or half))
    plain = _are_plain([value, *ends])
    text = _shown(_exact(value, digits, ROUND_HALF_EVEN), plain, digits)
    low, high = (
        _end(end, digits, rounding, plain, beside) if math.isfinite(end) else ""
        for end, rounding in ((lower, ROUND_FLOOR), (upper, ROUND_CEILING))
    )
    if not high:
        return text, f"{head} from {low}, open above"
    if not low:
        return text, f"{head} up to {high}, open below"
    return text, f"{head} {low} to {high}"


def probability(p: float) -> str:
    """Return "p = 0.03", or "p < 0.0001"."""
    return f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"


def counted(number: int, thing: str) -> str:
    """Return "1 cell", "2 cells", "2 spectra"."""
    if number == 1:
        return f"1 {thing}"
    return f"{number} {'spectra' if thing == 'spectrum' else thing + 's'}"


def listed(names: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _fixed(number: float, digits: int) -> str:
    if not math.isfinite(number):
        return f"{number:g}"
    size = abs(number)
    if size and not 1e-3 <= size < 1e6:
        first = math.floor(math.log10(size))
        return f"{number:.{min(max(first + digits, 0), 15)}e}"
    return f"{round(number, digits) + 0.0:.{max(digits, 0)}f}"


def _place(width: float) -> int:
    """Return the decimal that a half-width bears."""
    if not width > 0:
        return 0
    exponent = math.floor(math.log10(width))
    return -exponent + (width / 10.0**exponent < 1.5)


def _digits(number: float, least: int) -> int:
    """Return how many decimals show two significant digits, `least` at least, 15 in all at most."""
    if number == 0:
        return least
    first = math.floor(math.log10(abs(number)))
    return min(max(least, 1 - first), 14 - first)


def _are_plain(numbers: Sequence[float]) -> bool:
    """Whether numbers that stand together read well without exponents: one style for all."""
    sizes = [abs(number) for number in numbers if number]
    return not sizes or (1e-3 <= max(sizes) < 1e6 and min(sizes) >= 1e-4 * max(sizes))


def _exact(number: float, digits: int, rounding: str) -> Decimal:
    # Beyond 12 digits a float holds rounding errors, which would move an end
    return Decimal(f"{number + 0.0:.12g}").quantize(Decimal(1).scaleb(-digits), rounding)


def _end(number: float, digits: int, rounding: str, plain: bool, beside: float | None) -> str:
    digits = _digits(number, digits)
    found = _exact(number, digits, rounding)
    while beside is not None and number != beside and found == Decimal(beside) and digits < 12:
        digits += 1
        found = _exact(number, digits, rounding)
    return _shown(found, plain, digits)


def _shown(number: Decimal, plain: bool, digits: int) -> str:
    if plain or not number:
        return f"{number:.{max(digits, 0)}f}" if plain else "0"
    return f"{number:.{min(max(number.adjusted() + digits, 1), 14)}e}".replace("e+", "e")
