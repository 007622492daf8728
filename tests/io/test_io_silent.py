"""However a table is written, it gives its own numbers, or it is refused: never others."""

import numpy as np
import pytest

import eisfit.io as eio
from eisfit.errors import ReadError

GAPS = {"point": ("", "."), "comma": ("", ","), "english": (",", "."), "german": (".", ","),
        "french": ("\u202f", ","), "swiss": ("'", "."), "spaced": (" ", ",")}  # fmt: skip


def spectrum(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    decades = random.uniform(1, 8)
    low = 10 ** random.uniform(-3, 5)
    f = np.geomspace(low * 10**decades, low, int(random.integers(4, 12 * decades + 5)))
    z = 10 ** random.uniform(-2, 5) + 0j
    for _ in range(int(random.integers(1, 4))):
        tau, r = 10 ** random.uniform(-7, 2), 10 ** random.uniform(-1, 5)
        z = z + r / (1 + (2j * np.pi * f * tau) ** random.uniform(0.6, 1))
    if random.random() < 0.5:
        z = z + 10 ** random.uniform(-1, 4) / (1j * f) ** random.uniform(0.4, 0.95)
    return f, z * (1 + 1e-4 * random.standard_normal(len(f)))


def written(x: float, form: str, thousands: str, decimal: str) -> str:
    if "e" in form:
        text = format(x, form)
    else:
        text = format(x, f",{form}") if form.endswith("f") else f"{float(format(x, form)):,}"
        text = text.removesuffix(".0")
    return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


def table(random: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray]:
    """Return a text, and frequencies and impedances as its numbers have them."""
    f, z = spectrum(random)
    thousands, decimal = GAPS[str(random.choice(list(GAPS)))]
    separators = ["\t", ";", "|", "  "] if thousands != " " else ["\t", ";", "|"]
    if "," not in (thousands, decimal):
        separators.append(",")
    separator = str(random.choice(separators))
    forms = [str(random.choice([".0f", ".1f", ".3f", ".6g", ".3g", ".5e"])) for _ in range(3)]
    polar = random.random() < 0.3
    parts = (np.abs(z), np.degrees(np.angle(z))) if polar else (z.real, -z.imag)
    names = ["f/Hz", "|Z|/Ohm", "phase/deg"] if polar else ["f/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"]
    columns = [f, *parts]
    if random.random() < 0.3:
        order = random.permutation(3)
        columns, names, forms = ([x[i] for i in order] for x in (columns, names, forms))
    kept = [[float(format(x, form)) for x in c] for c, form in zip(columns, forms, strict=True)]
    lines = [separator.join(names)]
    for row in zip(*columns, strict=True):
        cells = [written(x, form, thousands, decimal) for x, form in zip(row, forms, strict=True)]
        lines.append(separator.join(cells))
    found = dict(zip(names, map(np.array, kept), strict=True))
    f = found["f/Hz"]
    if polar:
        z = found["|Z|/Ohm"] * np.exp(1j * np.radians(found["phase/deg"]))
    else:
        z = found["Re(Z)/Ohm"] - 1j * found["-Im(Z)/Ohm"]
    return "\n".join(lines) + "\n", f, z


def outcome(path, text: str, f: np.ndarray, z: np.ndarray) -> str:
    path.write_text(text, encoding="utf-8")
    try:
        spectra = eio.read(path)
    except ReadError:
        return "refused"
    used = (f > 0) & (z != 0)
    found = {(x, y) for s in spectra for x, y in zip(s.frequency, s.impedance, strict=True)}
    expected = list(zip(f[used], z[used], strict=True))
    if len([p for s in spectra for p in s.frequency]) != len(expected):
        return "lost"
    near = all(
        any(abs(a - x) <= 1e-9 * x and abs(b - y) <= 1e-9 * abs(y) for a, b in found)
        for x, y in expected
    )
    return "read" if near else "wrong"


@pytest.mark.parametrize("seed", range(8))
def test_tables_are_read_as_written_or_refused(tmp_path, seed):
    random = np.random.default_rng([seed, 20261122])
    outcomes = []
    for _ in range(40):
        text, f, z = table(random)
        found = outcome(tmp_path / "table", text, f, z)
        assert found in ("read", "refused"), text
        outcomes.append(found)
    assert outcomes.count("read") > 30
