"""The comparison of a series: one object that all tables, sentences and figures come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eisfit.analysis import Analysis
from eisfit.circuit.models import Model
from eisfit.frozen import FrozenDict
from eisfit.series import Failure, Series

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a series says.

    Attributes
    ----------
    series : Series
    model : Model or "auto"
        For members that name none of their own.
    analyses : tuple of Analysis or None
        In the order of the members; None for one that could not be analysed.
    failures : tuple of Failure
        What could not be read or analysed, and why.
    settings : mapping
        The options that differ from the defaults.
    """

    series: Series
    model: Model | str
    analyses: tuple[Analysis | None, ...]
    failures: tuple[Failure, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", FrozenDict(self.settings))

    def __repr__(self) -> str:
        done = sum(a is not None for a in self.analyses)
        return f"<Comparison of {done} spectra along {self.series.along}>"

    def resistances(self) -> pd.DataFrame:
        """Return one row a member and role; sums of roles are rows too.

        Columns `eisfit.tables.RESISTANCE_COLUMNS`, then the conditions (`cell`, `time_h`, `state`,
        `electrode_state`, `temperature_c`, `cycle`, extra ones), then `rms_percent` (misfit),
        `verdict` (Kramers-Kronig), `reference_ohm`, `difference_percent`, and `note`, `file`.
        """
        from eisfit.comparison.tables import resistances

        return resistances(self)

    def peaks(self) -> pd.DataFrame:
        """Return one row a member and peak of its DRT.

        Columns `eisfit.tables.PEAK_COLUMNS`, then the conditions as in `resistances`.
        """
        from eisfit.comparison.tables import peaks

        return peaks(self)
