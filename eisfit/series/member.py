"""One spectrum and its place in a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eisfit.errors import SeriesError
from eisfit.frozen import FrozenDict
from eisfit.series.states import CELL_TYPES, HALF, electrode_state, state_named
from eisfit.spectrum import Spectrum, one_spectrum
from eisfit.tables import PEAK_COLUMNS, RESISTANCE_COLUMNS

if TYPE_CHECKING:
    from eisfit.geometry import Geometry

NAN = float("nan")
CONDITIONS = ("cell", "time_h", "state", "electrode_state", "temperature_c", "cycle")
NUMBERS = ("time_h", "temperature_c", "cycle")
_TAKEN = {
    *CONDITIONS, *RESISTANCE_COLUMNS, *PEAK_COLUMNS, "note", "file", "rms_percent", "verdict",
    "reference_ohm", "difference_percent",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Member:
    """A spectrum, and under which conditions it was measured.

    Attributes
    ----------
    spectrum : Spectrum
    sample : str
        The material: "Si", "Si@AlCl3". Cells of one sample are compared as replicates.
    cell : str
        Which cell of that sample; "" where there is one.
    time_h : float
        Aging time in hours; NaN where it does not apply, as for all numbers here.
    state : str
        "pristine", "discharged", "charged", "lithiated", "delithiated", or any other text; common
        spellings are brought into these.
    temperature_c, cycle : float
    geometry : Geometry, optional
    extra : mapping of column to number or text
        Any other condition: `soc_percent`, `bias_v`.
    reference : mapping of role to ohm
        Values from elsewhere, published or of the instrument's maker, to stand beside ours.
    model : str
        A model for this spectrum alone; "" for that of the comparison.
    cell_type : "half" or "full"
        What charge and discharge mean for the electrode; see `eisfit.series.states`.
    file : str
        Where the spectrum came from, as the user wrote it.

    Raises
    ------
    SeriesError
        If the sample has no name, a number is none, or the type of cell is unknown.
    """

    spectrum: Spectrum
    sample: str
    cell: str = ""
    time_h: float = NAN
    state: str = ""
    temperature_c: float = NAN
    cycle: float = NAN
    geometry: Geometry | None = None
    extra: Mapping[str, float | str] = field(default_factory=dict)
    reference: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    cell_type: str = HALF
    file: str = ""

    def __post_init__(self) -> None:
        one_spectrum(self.spectrum)
        if not self.sample.strip():
            raise SeriesError("a member of a series needs the name of its sample")
        if self.cell_type not in CELL_TYPES:
            raise SeriesError(
                f"unknown type of cell {self.cell_type!r}: choose one of {', '.join(CELL_TYPES)}"
            )
        for name in NUMBERS:
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        object.__setattr__(self, "state", state_named(self.state))
        object.__setattr__(self, "extra", FrozenDict(self.extra))
        object.__setattr__(self, "reference", FrozenDict(self.reference))

    @property
    def electrode_state(self) -> str:
        """What the state means for the electrode: "lithiated", "delithiated", or ""."""
        return electrode_state(self.state, self.cell_type)

    @property
    def sweep(self) -> int:
        """Number of the sweep in its file, from 1."""
        return self.spectrum.sweep

    def conditions(self) -> dict[str, Any]:
        """Return the columns that say what was measured; `CONDITIONS`, then the extra ones.

        An extra one whose name a table has already is called `given_...`.
        """
        first = {name: getattr(self, name) for name in CONDITIONS}
        extra = {f"given_{k}" if k in _TAKEN else k: v for k, v in self.extra.items()}
        return first | extra

    def coordinate(self, name: str) -> Any:
        """Return a condition by its column; NaN where this member lacks it."""
        if name == "sweep":
            return float(self.sweep)
        return self.conditions().get(name, NAN)

    def title(self) -> str:
        """Return sample, cell and conditions in a few words."""
        parts = [self.sample]
        parts += [f"cell {self.cell}"] if self.cell else []
        parts += [f"{self.time_h:g} h"] if self.time_h == self.time_h else []
        parts += [self.state] if self.state else []
        parts += [f"{self.temperature_c:g} °C"] if self.temperature_c == self.temperature_c else []
        parts += [f"cycle {self.cycle:g}"] if self.cycle == self.cycle else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Failure:
    """What could not be taken into a series, or not be analysed, and why."""

    where: str
    error: str


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise SeriesError(f"{name} of a member must be a number, found {value!r}") from None
