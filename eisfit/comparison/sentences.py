"""What a comparison says, in plain sentences, by kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eisfit.comparison import between, laws
from eisfit.comparison.electrolyte import NAME
from eisfit.comparison.groups import Line
from eisfit.comparison.words import condition, conditions, named, quantity
from eisfit.trends import Activation, Ratio, many_comparisons
from eisfit.trends.words import rounded

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison

SAMPLES, CHANGES, LAWS, TEMPERATURE, REFERENCE = (
    "Samples", "Changes", "Growth", "Temperature", "Reference",
)  # fmt: skip
_KNOWN = ("ok", "no interval")


def findings(comparison: Comparison) -> dict[str, tuple[str, ...]]:
    """Return the sentences under their headings; a heading without any is left out."""
    found = {
        SAMPLES: tuple(_ratios(comparison)),
        CHANGES: tuple(_changes(comparison)),
        LAWS: tuple(_growth(comparison)),
        TEMPERATURE: tuple(_temperature(comparison)),
        REFERENCE: tuple(_references(comparison)),
    }
    return {heading: sentences for heading, sentences in found.items() if sentences}


def _ratios(comparison: Comparison) -> Iterator[str]:
    """Yield the ratios at the last place along the series, for every other condition."""
    found = between.ratios(comparison)
    along = comparison.series.along
    last: dict[tuple[object, ...], tuple[str, Ratio]] = {}
    for head, ratio in found:
        if ratio.status in _KNOWN:
            kept = {k: v for k, v in head.items() if v == v and (k != along or along == "state")}
            last[(*kept.items(), ratio.first, ratio.second)] = head["role"], ratio
    yield from (ratio.sentence() for _, ratio in last.values())
    again = between.sums(comparison)
    if warning := many_comparisons([one for role, one in last.values() if role not in again]):
        yield warning


def _changes(comparison: Comparison) -> Iterator[str]:
    if comparison.series.along == "temperature_c" and laws.activations(comparison):
        return  # said better by the energies
    told = between.told(between.changes(comparison))
    yield from (change.sentence() for _, change in told if change.status == "ok")
    again = between.sums(comparison)
    if warning := many_comparisons([one for line, one in told if line.role not in again]):
        yield warning


def _growth(comparison: Comparison) -> Iterator[str]:
    """Yield what replicate cells have in common, or the single cell; all are in the table."""
    common = {between.without_cell(line): g for line, g in laws.growth_of_cells(comparison)}
    seen = set()
    for line, found in laws.growth(comparison):
        key = between.without_cell(line)
        if key not in common and found.best:
            yield found.sentence()
        elif key in common and key not in seen:
            seen.add(key)
            yield common[key].sentence()


def _temperature(comparison: Comparison) -> Iterator[str]:
    found = laws.activations(comparison)
    wholes = {line.head["sample"] for line, _ in found if line.role == NAME}
    for line, activation in found:
        # ln(sigma) gives nearly the same: it is in the table
        if activation.form == "sigma":
            continue
        if line.head["sample"] in wholes and not _is_of_electrolyte(comparison, line):
            continue
        yield _of_two(activation) if activation.status == "no interval" else activation.sentence()
    yield from _conductivities(comparison)


def _of_two(activation: Activation) -> str:
    low, high = (condition("temperature_c", t) for t in (activation.low_c, activation.high_c))
    return (
        f"{activation.quantity}: activation energy of {activation.form} "
        f"{activation.energy_ev:.2f} eV ({activation.energy_kj_mol:.0f} kJ/mol) from two "
        f"temperatures, {low} and {high}: no interval"
    )


def _is_of_electrolyte(comparison: Comparison, line: Line) -> bool:
    """Whether a line is the electrolyte's, or an arc that is: its series resistance is not."""
    analysis = comparison.analyses[line.indices[0]]
    elements = () if analysis is None else analysis.model.electrolyte
    has_tau = any(tau == tau for tau in line.column("tau_s"))
    return line.role == NAME or (has_tau and line.rows[0]["element"] in elements)


def _conductivities(comparison: Comparison) -> Iterator[str]:
    for row in laws.conductivities(comparison):
        sigma, error = row["conductivity_s_cm"], row.get("conductivity_stderr_s_cm", math.nan)
        if row["role"] != NAME or sigma != sigma:
            continue
        where = conditions({k: row[k] for k in ("cell", "time_h", "state")})
        at = condition("temperature_c", row["temperature_c"])
        value = rounded(1e3 * error, 1e3 * sigma)[0]
        yield (
            f"{named(row['sample'], where)}: ionic conductivity {value} mS/cm"
            f"{f' at {at}' if at else ''}; standard error {100 * error / sigma:.2g} %, of "
            f"{row['uncertainty'].replace('_', ' ')}{'; ' * bool(row['note'])}{row['note']}"
        )


def _references(comparison: Comparison) -> Iterator[str]:
    apart: dict[str, list[float]] = {}
    for rows in comparison.rows_by_member:
        for row in rows:
            if row["difference_percent"] == row["difference_percent"]:
                apart.setdefault(row["role"], []).append(row["difference_percent"])
    for role, differences in apart.items():
        low, high = min(differences), max(differences)
        span = f"{low:+.2g} %" if len(differences) == 1 else f"from {low:+.2g} to {high:+.2g} %"
        yield f"{quantity(role)}: {span} off the reference (n = {len(differences)})"
