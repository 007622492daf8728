"""The article's cells as series: mixtures over aging time, half-cells by their state.

The article draws how the resistances of the mixtures go with time (Fig. 4d: of Si+LPSC they rise,
of Si@AlCl3+LPSC they fall slightly and stay) and gives total resistances of half-cells in three
states (Fig. 5g). Times, laws and shares are ours, and are written beside the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from eisfit.demo.given import INDUCTANCE, TAU_HALF_CELL, TAU_MIXTURE, Cell, Given, arc, series, tail
from eisfit.frozen import FrozenDict

TIMES_H = (0.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0, 96.0)
STATES = ("pristine", "discharged", "charged")
_SETTLED_H = 10.0  # time constant of the slight fall of Si@AlCl3+LPSC
_BULK_OHM = 5.0  # of every half-cell of the study of states
_LABEL = "{} (synthetic)"


@dataclass(frozen=True)
class Study:
    """Spectra that are compared with each other, and the manifest that says what each is.

    Attributes
    ----------
    name : str
        Of the folder and of the manifest.
    title : str
    model : str
        The card that the demo fits.
    cells : tuple of Cell
    conditions : tuple of mappings
        Columns of the manifest, one mapping a cell, in the order of `cells`.
    assumptions : tuple of str
        What is published and what is ours, in sentences.
    """

    name: str
    title: str
    model: str
    cells: tuple[Cell, ...]
    conditions: tuple[Mapping[str, str | float], ...]
    assumptions: tuple[str, ...]

    @property
    def reference_roles(self) -> tuple[str, ...]:
        """Roles (or sums) that a resistance is published for."""
        return tuple(dict.fromkeys(role for cell in self.cells for role in cell.published))


def _rising(share: float) -> Callable[[float], float]:
    """Return R(t) / R(end): from `share` to 1 with the square root of time."""
    return lambda hours: share + (1.0 - share) * float(np.sqrt(hours / TIMES_H[-1]))


def _settling(rise: float) -> Callable[[float], float]:
    """Return R(t) / R(end): from 1 + `rise`, exponentially down to 1."""
    end = float(np.exp(-TIMES_H[-1] / _SETTLED_H))
    return lambda hours: 1.0 + rise * (float(np.exp(-hours / _SETTLED_H)) - end) / (1.0 - end)


# Sample, then of each arc: role, published ohm, tau in s, exponent, R(t) / R(end)
_MIXTURES = {
    "Si+LPSC": (
        ("grain_boundary", 5.07e4, 1.1e-5, 0.95, _rising(0.8)),
        ("interfacial", 1.23e4, 9e-5, 0.95, _rising(0.4)),
        ("low_frequency", 5.55e5, 0.05, 0.9, _rising(0.5)),
    ),
    "Si@AlCl3+LPSC": (
        ("grain_boundary", 4938.0, 1.1e-5, 0.95, _settling(0.03)),
        ("interfacial", 3222.0, 9e-5, 0.95, _settling(0.06)),
    ),
}
# Total R_ct in ohm by state
_TOTALS = {"Si": (470.0, 16.5, 443.0), "Si@AlCl3": (71.0, 18.0, 36.0)}


def _file_name(sample: str, what: str) -> str:
    return f"{sample.replace('@', '-').replace('+', '_')}_{what}_synthetic.txt"


def _mixture(sample: str, hours: float, seed: int) -> Cell:
    given: list[Given] = [series()]
    published, last = {}, hours == TIMES_H[-1]
    for number, (role, ohm, tau, alpha, law) in enumerate(_MIXTURES[sample], start=1):
        why = f"{role}: as published" if last else f"{role}: by our law, not published"
        why_tau = TAU_MIXTURE if tau < 1e-3 else "closes within the window"
        size = Given(f"R{number}", ohm * law(hours), "ohm", last, why)
        given += arc(number, size, tau, f"{why_tau}; the same at all times", alpha)
        if last:
            published[role] = ohm
    circuit = "-".join(["R0", *(f"p(R{n},CPE{n})" for n in range(1, len(_MIXTURES[sample]) + 1))])
    return Cell(
        label=_LABEL.format(f"{sample} mixture, {hours:g} h"),
        file_name=_file_name(sample, f"{hours:02.0f}h"),
        model="si_lpsc_mixture",
        circuit=circuit,
        given=tuple(given),
        published=FrozenDict(published),
        seed=seed,
    )


def _half_cell(sample: str, state: str, total: float, seed: int) -> Cell:
    rest = total - _BULK_OHM
    share = "of the published total of {:g} ohm less the bulk; the article does not divide it"
    return Cell(
        label=_LABEL.format(f"Li-In|LPSC|{sample}, {state}"),
        file_name=_file_name(sample, state),
        model="li_in_lpsc_si",
        circuit="L0-R0-p(R1,CPE1)-p(R2,CPE2)-CPE3",
        given=(
            Given("L0", 5e-8, "H", False, INDUCTANCE),
            Given("R0", _BULK_OHM, "ohm", False, "bulk; the same in all states"),
            *arc(1, Given("R1", 2.0 * rest / 3.0, "ohm", False,
                          f"interfacial: two thirds {share.format(total)}"), 8e-6, TAU_HALF_CELL),
            *arc(2, Given("R2", rest / 3.0, "ohm", False,
                          f"charge transfer: one third {share.format(total)}"), 1e-3,
                 "slower than the interface, well inside the window"),
            *tail(),
        ),
        published=FrozenDict({"R_ct_total": total}),
        seed=seed,
    )  # fmt: skip


def _aging() -> Study:
    places = [(sample, hours) for sample in _MIXTURES for hours in TIMES_H]
    return Study(
        name="aging",
        title="Powder mixtures over aging time",
        model="si_lpsc_mixture",
        cells=tuple(_mixture(*place, 100 + i) for i, place in enumerate(places)),
        conditions=tuple(
            FrozenDict({"sample": _LABEL.format(sample), "time_h": hours})
            for sample, hours in places
        ),
        assumptions=(
            "Published: the three resistances of Si+LPSC and the two of Si@AlCl3+LPSC, once, and "
            "that over time the first rise and the second fall slightly and stay (Fig. 4d).",
            f"Ours: the times, 0 to {TIMES_H[-1]:g} h, and that the published numbers are those of "
            "the last one.",
            "Ours: Si+LPSC grows with the square root of time, as a layer does that grows by "
            "diffusion through itself, from 80 % (grain boundary), 40 % (interfacial) and 50 % "
            "(low-frequency) of the last value.",
            f"Ours: Si@AlCl3+LPSC falls as exp(-t / {_SETTLED_H:g} h), from 3 % (grain boundary) "
            "and 6 % (interfacial) above the last value.",
            "Ours: time constants and exponents stay as they are: in a layer that grows, the "
            "capacitance falls as the resistance rises.",
        ),
    )


def _states() -> Study:
    places = [
        (sample, state, total)
        for sample, totals in _TOTALS.items()
        for state, total in zip(STATES, totals, strict=True)
    ]
    return Study(
        name="states",
        title="Half-cells by their state",
        model="li_in_lpsc_si",
        cells=tuple(_half_cell(*place, 200 + i) for i, place in enumerate(places)),
        conditions=tuple(
            FrozenDict({"sample": _LABEL.format(sample), "state": state})
            for sample, state, _ in places
        ),
        assumptions=(
            "Published: total R_ct of Li-In|LPSC|Si 470, 16.5 and 443 ohm and of "
            "Li-In|LPSC|Si@AlCl3 71, 18 and 36 ohm, pristine, discharged and charged (Fig. 5g). "
            "They are other cells than those of Fig. 4g,h.",
            "In these half-cells discharge puts lithium into silicon: discharged is lithiated Si, "
            "charged is delithiated Si.",
            f"Ours: {_BULK_OHM:g} ohm of bulk in each; of the rest two thirds interface and one "
            "third charge transfer.",
        ),
    )


STUDIES = (_aging(), _states())
