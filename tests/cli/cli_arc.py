"""One arc of known numbers, from the closed form, as the file that a user brings."""

import json
from pathlib import Path
from typing import Any

import numpy as np

R0, R1, TAU, ALPHA = 12.0, 88.0, 2e-4, 0.93


def impedance(f: np.ndarray, scale: float = 1.0) -> np.ndarray:
    return scale * (R0 + R1 / (1.0 + (2j * np.pi * f * TAU) ** ALPHA))


def write(path: Path, scales: tuple[float, ...] = (1.0,), seed: int = 1) -> Path:
    """Write one arc of known numbers as a table, one sweep a scale, noise 0.1 %."""
    rng = np.random.default_rng(seed)
    f = np.geomspace(1e5, 1.0, 41)
    lines = ["cycle number,freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm"]
    for cycle, scale in enumerate(scales, start=1):
        z = impedance(f, scale)
        z = z + 1e-3 * np.abs(z) * (rng.standard_normal(41) + 1j * rng.standard_normal(41))
        lines += [
            f"{cycle},{a!r},{b.real!r},{-b.imag!r}"
            for a, b in zip(f.tolist(), z.tolist(), strict=True)
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def files_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def strict(text: str) -> Any:
    """Return JSON, refusing NaN and Infinity."""

    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)
