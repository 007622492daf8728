"""Names and conditions as sentences call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eisfit.tables import is_empty, quantity_and_unit

_PLAIN = {"time_h": "{} h", "temperature_c": "{} °C", "cycle": "cycle {}", "sweep": "sweep {}",
          "soc_percent": "SOC {} %", "cell": "cell {}"}  # fmt: skip


def condition(name: str, value: Any) -> str:
    """Return a condition in words: `10 h`, `25 °C`, `discharged`, `bias 0.1 V`; "" for none."""
    if is_empty(value):
        return ""
    text = value if isinstance(value, str) else f"{value:.6g}".replace("-", "\u2212")
    if name in ("state", "electrode_state"):
        return text
    if name in _PLAIN:
        return _PLAIN[name].format(text)
    if isinstance(value, str):
        return f"{name.replace('_', ' ')} {text}"
    words, unit = quantity_and_unit(name)
    return f"{words} {text} {unit}".rstrip()


def conditions(values: Mapping[str, Any]) -> str:
    """Return conditions in words, one after the other."""
    return ", ".join(text for name, value in values.items() if (text := condition(name, value)))


def quantity(role: str) -> str:
    """Return what a resistance is called: `interfacial resistance`, `R_ct_total`, `R1`."""
    if role.startswith("R_") or not any(c.islower() for c in role):
        return role
    return f"{role.replace('_', ' ')} resistance"


def named(*parts: str) -> str:
    """Return what is not empty, with commas between."""
    return ", ".join(part for part in parts if part)


def varying(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Return the names whose values differ between rows."""
    values = [[row.get(name) for row in rows] for name in names]
    return [
        name
        for name, found in zip(names, values, strict=True)
        if len({None if is_empty(value) else value for value in found}) > 1
    ]
