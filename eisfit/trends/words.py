"""Numbers in sentences: as many digits as their interval bears."""

from __future__ import annotations

import math
from collections.abc import Sequence


def rounded(width: float, *numbers: float) -> tuple[str, ...]:
    """Return numbers rounded to what a half-width bears: its first digit, two if below 1.5."""
    if not (math.isfinite(width) and width > 0):
        return tuple(f"{number:.3g}" for number in numbers)
    exponent = math.floor(math.log10(width))
    digits = -exponent + (width / 10.0**exponent < 1.5)
    return tuple(_fixed(number, digits) for number in numbers)


def span(value: float, lower: float, upper: float, level: float = 0.95) -> tuple[str, str]:
    """Return a value and "95 % interval 3.6 to 4.0", rounded alike; infinite ends are said."""
    head = f"{100 * level:g} % interval"
    if not (math.isfinite(lower) or math.isfinite(upper)):
        return f"{value:.3g}", f"no {head}"
    ends = [abs(end - value) for end in (lower, upper) if math.isfinite(end)]
    width = (upper - lower) / 2.0 if len(ends) == 2 else max(ends)
    # An interval wider than its value would round the value away
    text, low, high = rounded(min(width, abs(value) / 2.0) or width, value, lower, upper)
    if not math.isfinite(upper):
        return text, f"{head} from {low}, open above"
    if not math.isfinite(lower):
        return text, f"{head} up to {high}, open below"
    return text, f"{head} {low} to {high}"


def probability(p: float) -> str:
    """Return "p = 0.03", or "p < 0.0001"."""
    return f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"


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
