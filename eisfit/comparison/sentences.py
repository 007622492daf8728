"""What a comparison says, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eisfit.comparison import between, laws
from eisfit.comparison.words import quantity
from eisfit.trends import many_comparisons

if TYPE_CHECKING:
    from eisfit.comparison.comparison import Comparison

_NOTHING = ("too few points",)


def sentences(comparison: Comparison) -> Iterator[str]:
    """Yield ratios of samples, changes along tracks, laws, energies, and the references."""
    yield from _ratios(comparison)
    changes = between.changes(comparison)
    for _, change in changes:
        if change.status in ("ok", "no interval"):
            yield change.sentence()
    if warning := many_comparisons([change.p_value for _, change in changes]):
        yield f"changes: {warning}"
    for _, growth in laws.growth(comparison):
        if growth.status not in _NOTHING:
            yield growth.sentence()
    for _, activation in laws.activations(comparison):
        yield activation.sentence()
    yield from _references(comparison)


def _ratios(comparison: Comparison) -> Iterator[str]:
    """Yield the ratios at the last place along the series, for every other condition."""
    found = between.ratios(comparison)
    along = comparison.series.along
    last: dict[tuple[object, ...], str] = {}
    for head, ratio in found:
        if ratio.status not in ("ok", "no interval"):
            continue
        others = tuple(v for k, v in head.items() if k != along and v == v and along != "state")
        key = (*others, ratio.first, ratio.second) if along != "state" else tuple(head.values())
        last[key] = ratio.sentence()
    yield from last.values()
    if warning := many_comparisons([ratio.p_value for _, ratio in found]):
        yield f"ratios: {warning}"


def _references(comparison: Comparison) -> Iterator[str]:
    apart: dict[str, list[float]] = {}
    for rows in comparison.rows_by_member:
        for row in rows:
            if row["difference_percent"] == row["difference_percent"]:
                apart.setdefault(row["role"], []).append(row["difference_percent"])
    for role, differences in apart.items():
        span = f"{min(differences):+.2g} to {max(differences):+.2g} %"
        one = f"{differences[0]:+.2g} %"
        yield (
            f"{quantity(role)} against the reference: {one if len(differences) == 1 else span} "
            f"(n = {len(differences)})"
        )
