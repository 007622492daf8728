"""The Arrhenius plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eisfit.constants import BOLTZMANN_EV_K, NORMAL_95, ZERO_C
from eisfit.plots import keys, style
from eisfit.spectrum import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_SIZE_PT = 4.0
_UPPER_PT = 27.0  # of the axis above with its labels
_FORMS = ("sigma T", "sigma")
_NAMES = {
    ("conductivity", "sigma T"): "σT (S K cm⁻¹)", ("conductivity", "sigma"): "σ (S cm⁻¹)",
    ("resistance", "sigma T"): "T/R (K Ω⁻¹)", ("resistance", "sigma"): "1/R (Ω⁻¹)",
}  # fmt: skip


class _Point(NamedTuple):
    """One value at one temperature, and its relative standard error."""

    sample: str
    role: str
    kelvin: float
    value: float
    error: float
    sure: bool


def arrhenius(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    roles: Sequence[str] | None = None,
    form: str = "sigma T",
    energies: pd.DataFrame | None = None,
    columns: int = 1,
) -> Axes:
    """Draw resistances or conductivities over 1000/T, on a logarithmic axis.

    Parameters
    ----------
    table : DataFrame
        Columns sample, role, temperature_c, status and `conductivity_s_cm` (as
        `Comparison.conductivity()` returns it), or `resistance_ohm` and `stderr_ohm`.
    ax : matplotlib Axes, optional
        Where to draw, on fresh axes; without it a figure of its own is made.
    roles : sequence of str, optional
        Which to draw; without it all that have a number at two temperatures.
    form : "sigma T" or "sigma"
        What is drawn: sigma T (of a resistance T/R), or sigma (1/R). Said on the axis.
    energies : DataFrame, optional
        Activation energies, as `Comparison.arrhenius()` returns them: their lines are drawn, and
        the key has the energies with their intervals.
    columns : 1 or 2
        Of a paper, the width of a figure of its own.

    Returns
    -------
    The axes; degrees Celsius stand above. A point whose status is not `ok` is open.

    Raises
    ------
    ValueError
        If a column is missing, the form is unknown, or no role has two temperatures.
    """
    if form not in _FORMS:
        raise ValueError(f"unknown form {form!r}: choose one of {', '.join(_FORMS)}")
    kind = "conductivity" if "conductivity_s_cm" in table else "resistance"
    points = _points(table, kind, form)
    drawn = _roles(points, roles)
    points = [point for point in points if point.role in drawn]
    own = ax is None
    if ax is None:
        ax = style.own_axes(2.7, columns)
    samples = keys.in_order(point.sample for point in points)
    palette = keys.of_roles(drawn)
    ax.set_yscale("log")
    key: list[Any] = []
    for number, sample in enumerate(samples):
        for role in drawn:
            chosen = [p for p in points if (p.sample, p.role) == (sample, role)]
            if not chosen:
                continue
            colour = keys.of_samples(samples)[sample] if len(drawn) == 1 else palette[role]
            said = _line(ax, chosen, energies, form, kind, colour)
            mark = _draw(ax, chosen, keys.MARKERS[number % len(keys.MARKERS)], colour)
            names = [sample] if len(samples) > 1 or len(drawn) == 1 else []
            names += [keys.readable(role)] if len(drawn) > 1 else []
            key.append((mark, ", ".join([*names, *([said] if said else [])])))
    _label(ax, _NAMES[kind, form])
    keys.above(ax, [key], own, _UPPER_PT)
    return ax


def _points(table: pd.DataFrame, kind: str, form: str) -> list[_Point]:
    wanted = "conductivity_s_cm" if kind == "conductivity" else "resistance_ohm"
    missing = [c for c in ("sample", "role", "temperature_c", wanted) if c not in table]
    if missing:
        raise ValueError(f"the table has no column {', '.join(missing)}")
    errors = "conductivity_stderr_s_cm" if kind == "conductivity" else "stderr_ohm"
    found = []
    for row in table.to_dict("records"):
        kelvin, number = float(row["temperature_c"]) + ZERO_C, float(row[wanted])
        if not (np.isfinite(kelvin) and kelvin > 0.0 and np.isfinite(number) and number > 0.0):
            continue
        value = (number if kind == "conductivity" else 1.0 / number) * (
            kelvin if form == "sigma T" else 1.0
        )
        error = float(row.get(errors, float("nan"))) / number
        sure = row.get("status", "ok") == "ok"
        found.append(_Point(str(row["sample"]), str(row["role"]), kelvin, value, error, sure))
    return found


def _roles(points: Sequence[_Point], asked: Sequence[str] | None) -> list[str]:
    there = keys.in_order(point.role for point in points)
    unknown = [role for role in asked or () if role not in there]
    if unknown:
        raise ValueError(f"no role {', '.join(unknown)} in the table; there are {', '.join(there)}")
    wanted = [
        role
        for role in (there if asked is None else asked)
        if asked is not None or len({p.kelvin for p in points if p.role == role}) > 1
    ]
    if not wanted:
        raise ValueError("an Arrhenius plot needs a resistance at two temperatures")
    return list(wanted)


def _draw(ax: Axes, points: Sequence[_Point], marker: str, colour: str) -> Any:
    x = np.array([1000.0 / p.kelvin for p in points])
    y, error = np.array([p.value for p in points]), np.array([p.error for p in points])
    reach = np.array([y * -np.expm1(-NORMAL_95 * error), y * np.expm1(NORMAL_95 * error)])
    ax.errorbar(x, y, reach, fmt="none", ecolor=colour, elinewidth=0.9, capsize=2.0)
    sure = np.array([p.sure for p in points])
    for which, face in ((sure, colour), (~sure, "white")):
        if which.any():
            ax.plot(x[which], y[which], marker, ms=_SIZE_PT, mec=colour, mfc=face, mew=0.8)
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, marker=marker, ms=_SIZE_PT, lw=0.9)


def _line(
    ax: Axes,
    points: Sequence[_Point],
    energies: pd.DataFrame | None,
    form: str,
    kind: str,
    colour: str,
) -> str:
    """Draw the fitted law; return its energy in words, "" where there is none."""
    row = _energy(points[0], energies, form)
    if row is None:
        return ""
    kelvin = np.array([p.kelvin for p in points])
    at = np.linspace(kelvin.min(), kelvin.max(), 100)
    values: FloatArray = row["prefactor"] * np.exp(-row["energy_ev"] / (BOLTZMANN_EV_K * at))
    same_kind = ("S" in str(row["prefactor_unit"])) == (kind == "conductivity")
    if same_kind:
        ax.plot(1000.0 / at, values, "-", color=colour, lw=0.9, zorder=1.9)
    half = (row["upper_ev"] - row["lower_ev"]) / 2.0
    return _said(float(row["energy_ev"]), float(half))


def _energy(point: _Point, energies: pd.DataFrame | None, form: str) -> Any:
    if energies is None or len(energies) == 0:
        return None
    for row in energies.to_dict("records"):
        same = (row["sample"], row["role"], row["form"]) == (point.sample, point.role, form)
        if same and np.isfinite(row["energy_ev"]):
            return row
    return None


def _said(energy: float, half: float) -> str:
    """Return an energy with the half width of its interval, to the digits that it bears."""
    if not np.isfinite(half) or half <= 0.0:
        return f"{energy:.2f} eV"
    digits = max(int(np.ceil(-np.log10(half))) + (half * 10 ** np.ceil(-np.log10(half)) < 3.0), 0)
    return f"{energy:.{digits}f} ± {half:.{digits}f} eV"


def _label(ax: Axes, name: str) -> None:
    style.dress(ax)
    ax.set_xlabel("1000/T (K⁻¹)", fontsize=style.TEXT_PT)
    ax.set_ylabel(name, fontsize=style.TEXT_PT)
    low, high = ax.get_ylim()
    if high / low < 3.0:
        middle = np.sqrt(low * high)
        ax.set_ylim(middle / np.sqrt(3.0), middle * np.sqrt(3.0))
    style.log_ticks(ax.yaxis)
    right, left = (1000.0 / x - ZERO_C for x in ax.get_xlim())
    upper = ax.secondary_xaxis("top", functions=(_celsius, _inverse))
    upper.set_xlabel("Temperature (°C)", fontsize=style.TEXT_PT)
    upper.set_xticks(_round_steps(left, right))
    upper.tick_params(which="both", labelsize=style.SMALL_PT, direction="in")


def _celsius(inverse: Any) -> Any:
    with np.errstate(divide="ignore"):
        return 1000.0 / np.asarray(inverse, dtype=float) - ZERO_C


def _inverse(celsius: Any) -> Any:
    with np.errstate(divide="ignore"):
        return 1000.0 / (np.asarray(celsius, dtype=float) + ZERO_C)


def _round_steps(low: float, high: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(t) for t in ticks if low <= t <= high]
