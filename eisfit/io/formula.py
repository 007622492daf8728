"""Text that a spreadsheet would take for a formula (OWASP, CSV injection)."""

from __future__ import annotations

# The wide forms, for those that fold them
_BEGINNINGS = tuple("=+-@\t\r\n＝＋－＠")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would take text for a formula."""
    return text.lstrip(" ").startswith(_BEGINNINGS)
