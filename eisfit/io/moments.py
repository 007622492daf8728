"""Dates and times as instruments write them, to ISO 8601, whatever the machine's language."""

from __future__ import annotations

import re
from datetime import datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,6})\d*)?\s*([ap]\.?m\.?)?"
_NUMBERS = re.compile(
    rf"(\d{{1,4}})[/.\-](\d{{1,2}})[/.\-](\d{{1,4}})[\sT]+{_CLOCK}", re.IGNORECASE
)
_WORDS = re.compile(
    rf"(?:[a-z]+,?\s+)?([a-z]{{3,9}})\.?\s+(\d{{1,2}}),?\s+(\d{{4}})[,\s]+{_CLOCK}", re.IGNORECASE
)


def iso_moment(text: str, day_first: bool = False) -> str | None:
    """Return a date and time as ISO 8601, or None if it is not one.

    Parameters
    ----------
    text : str
        `3/18/2020 16:54:44.250`, `18.03.2020 4:54:44 PM`, `July 19, 2018 9:40:30 AM`.
    day_first : bool
        Whether the day comes first where both could be; it is taken to be first in any case where
        the first number is no month.
    """
    text = text.strip()
    if match := _NUMBERS.fullmatch(text):
        first, second, third = (int(part) for part in match.groups()[:3])
        year, month, day = (first, second, third) if first > 31 else (third, first, second)
        if first <= 31 and (month > 12 or (day_first and day <= 12)):
            month, day = day, month
    elif (match := _WORDS.fullmatch(text)) and match[1][:3].lower() in _MONTHS:
        year, month, day = int(match[3]), _MONTHS.index(match[1][:3].lower()) + 1, int(match[2])
    else:
        return None
    hour, minute, second = (int(part) for part in match.groups()[3:6])
    micro = int((match[7] or "0").ljust(6, "0"))
    if half := (match[8] or "").lower():
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    try:
        year = year + 2000 if year < 100 else year
        moment = datetime(year, month, day, hour, minute, second, micro)
    except ValueError:
        return None
    return moment.isoformat(timespec="milliseconds")
