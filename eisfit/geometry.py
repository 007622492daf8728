"""Sizes of a sample: from resistance to area-specific resistance and conductivity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eisfit.constants import NORMAL_95
from eisfit.errors import GeometryError
from eisfit.frozen import FrozenDict

SIZES = ("area_cm2", "thickness_cm", "mass_g", "density_g_cm3", "porosity", "loading_mg_cm2")
CONTRADICT = 0.25  # relative difference of two thicknesses beyond which one of them is a slip

# Columns of a manifest: the size that each stands for, and the factor to its unit;
# diameters, with the factor to cm, stand for an area
COLUMNS: Mapping[str, tuple[str, float]] = {
    **{name: (name, 1.0) for name in SIZES},
    "area_mm2": ("area_cm2", 0.01),
    "thickness_mm": ("thickness_cm", 0.1),
    "thickness_um": ("thickness_cm", 1e-4),
    "mass_mg": ("mass_g", 1e-3),
    "porosity_percent": ("porosity", 0.01),
}
DIAMETERS: Mapping[str, float] = {"diameter_cm": 1.0, "diameter_mm": 0.1}


@dataclass(frozen=True)
class Quantity:
    """A number with unit and standard error.

    Attributes
    ----------
    value, stderr : float
        The error is NaN where nothing is known of the resistance's.
    unit : str
    sources : tuple of str
        What the error holds: "resistance", names of sizes. A size that is missing here counted as
        exact.
    """

    value: float
    stderr: float
    unit: str
    sources: tuple[str, ...] = ()

    def interval(self, quantile: float = NORMAL_95) -> tuple[float, float]:
        """Return the interval on the logarithm, by default of 95 %: never below zero."""
        if not (math.isfinite(self.stderr) and self.value > 0):
            return math.nan, math.nan
        factor = math.exp(min(quantile * self.stderr / self.value, 50.0))
        return self.value / factor, self.value * factor


@dataclass(frozen=True)
class Geometry:
    """Area, and thickness or what it follows from; every size may have a standard uncertainty.

    Attributes
    ----------
    area_cm2 : float, optional
    thickness_cm : float, optional
        Measured; where it is not, mass / (density (1 - porosity) area) stands for it.
    mass_g, density_g_cm3 : float, optional
        Of the pellet, and of the dense material.
    porosity : float, optional
        Fraction of voids, from 0 (dense) to below 1.
    loading_mg_cm2 : float, optional
        Active material of the electrode for each cm2; carried along, not used.
    stderr : mapping of the names above to their standard uncertainties
    """

    area_cm2: float | None = None
    thickness_cm: float | None = None
    mass_g: float | None = None
    density_g_cm3: float | None = None
    porosity: float | None = None
    loading_mg_cm2: float | None = None
    stderr: Mapping[str, float] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        for name in SIZES:
            _check_size(name, getattr(self, name))
        for name, error in self.stderr.items():
            if name not in SIZES or getattr(self, name) is None:
                raise GeometryError(f"there is an uncertainty of {name} but no {name}")
            if not (_is_number(error) and error >= 0):
                raise GeometryError(f"the uncertainty of {name} must be a number, found {error!r}")
        object.__setattr__(self, "stderr", FrozenDict(self.stderr))
        if self.thickness_cm is not None and self._missing_for_thickness() == []:
            self._check_agreement()

    def __hash__(self) -> int:
        return hash((*(getattr(self, name) for name in SIZES), *sorted(self.stderr.items())))

    @classmethod
    def from_columns(cls, row: Mapping[str, Any]) -> Geometry | None:
        """Return the geometry that a row of a manifest gives, or None where it gives none.

        Columns are the attributes' names, and `area_mm2`, `diameter_mm`, `diameter_cm`,
        `thickness_mm`, `thickness_um`, `mass_mg`, `porosity_percent`; with `_stderr` behind any of
        them its standard uncertainty. Empty cells and NaN count as not given.

        Raises
        ------
        GeometryError
            If a cell is no number, a size is given twice, or as the class.
        """
        sizes: dict[str, float] = {}
        errors: dict[str, float] = {}
        for column in (*COLUMNS, *DIAMETERS):
            value = _cell(row, column)
            error = _cell(row, f"{column}_stderr")
            if value is None:
                if error is not None:
                    raise GeometryError(f"there is {column}_stderr but no {column}")
                continue
            name, value, error = _converted(column, value, error)
            if name in sizes:
                raise GeometryError(f"{name} is given twice, the second time as {column}")
            sizes[name] = value
            if error is not None:
                errors[name] = error
        return cls(**sizes, stderr=errors) if sizes else None

    @property
    def columns(self) -> dict[str, float]:
        """The sizes that are given, by name: for tables and saved results."""
        given = {name: getattr(self, name) for name in SIZES if getattr(self, name) is not None}
        return given | {f"{name}_stderr": error for name, error in self.stderr.items()}

    @property
    def area(self) -> Quantity:
        """Area in cm2.

        Raises
        ------
        GeometryError
            If it is not given.
        """
        if self.area_cm2 is None:
            raise GeometryError("the area is not known: give area_cm2")
        return self._product({"area_cm2": 1}, "cm2")

    @property
    def thickness(self) -> Quantity:
        """Thickness in cm, as measured or from the mass.

        Raises
        ------
        GeometryError
            If neither is given; the message names what is missing.
        """
        return self._product(self._thickness_powers(), "cm")

    @property
    def has_thickness(self) -> bool:
        """Whether a thickness is given or follows from the mass."""
        return self.thickness_cm is not None or not self._missing_for_thickness()

    @property
    def area_over_thickness_cm(self) -> float:
        """Area / thickness in cm, which scales capacitances (`eisfit.analyze` asks for it)."""
        return self.area.value / self.thickness.value

    def area_specific(self, resistance: float, stderr: float = math.nan) -> Quantity:
        """Return resistance times area in ohm cm2, its error from both.

        Raises
        ------
        GeometryError
            If there is no area, or the resistance is not positive.
        """
        _ = self.area
        return self._product({"area_cm2": 1}, "ohm cm2", resistance, stderr)

    def conductivity(self, resistance: float, stderr: float = math.nan) -> Quantity:
        """Return thickness / (resistance area) in S/cm, its error from all three.

        From the mass it is mass / (density (1 - porosity) area^2 resistance): the area counts
        twice. Whether the resistance is the electrolyte's is for the caller to know; see
        `eisfit.trends.conductivity_row`.

        Raises
        ------
        GeometryError
            If a size is missing, or the resistance is not positive.
        """
        _ = self.area
        powers = self._thickness_powers()
        powers["area_cm2"] = powers.get("area_cm2", 0) - 1
        return self._product(powers, "S/cm", resistance, stderr, power=-1)

    def _thickness_powers(self) -> dict[str, int]:
        """Return the sizes that make the thickness, each with its power; porosity as 1 - p."""
        if self.thickness_cm is not None:
            return {"thickness_cm": 1}
        missing = self._missing_for_thickness()
        if missing:
            raise GeometryError(
                "the thickness is not known: give thickness_cm, or for mass / (density "
                f"(1 - porosity) area) also {', '.join(missing)} (porosity 0 if dense)"
            )
        return {"mass_g": 1, "density_g_cm3": -1, "porosity": -1, "area_cm2": -1}

    def _missing_for_thickness(self) -> list[str]:
        needed = ("mass_g", "density_g_cm3", "porosity", "area_cm2")
        return [name for name in needed if getattr(self, name) is None]

    def _check_agreement(self) -> None:
        solid = 1.0 - float(self.porosity or 0.0)
        weighed = float(self.mass_g or 0.0) / (
            float(self.density_g_cm3 or 1.0) * solid * float(self.area_cm2 or 1.0)
        )
        measured = float(self.thickness_cm or 0.0)
        if abs(math.log(weighed / measured)) > CONTRADICT:
            raise GeometryError(
                f"thickness_cm is {measured:g}, but mass, density, porosity and area give "
                f"{weighed:.3g} cm: correct one of them or leave it out"
            )

    def _product(
        self,
        powers: Mapping[str, int],
        unit: str,
        resistance: float | None = None,
        stderr: float = 0.0,
        power: int = 1,
    ) -> Quantity:
        """Return the product of sizes and a resistance to their powers, with the error."""
        value, relative, sources = 1.0, [], []
        if resistance is not None:
            if not (math.isfinite(resistance) and resistance > 0):
                raise GeometryError(f"a resistance must be positive, found {resistance!r}")
            value = float(resistance) ** power
            relative.append(stderr / resistance)
            sources.append("resistance")
        for name, exponent in powers.items():
            size = getattr(self, name)
            # Voids: the factor is 1 - porosity, with the same absolute error
            factor = 1.0 - size if name == "porosity" else size
            value *= factor**exponent
            if self.stderr.get(name, 0.0) > 0 and exponent:
                relative.append(exponent * self.stderr[name] / factor)
                sources.append(name)
        return Quantity(value, value * math.hypot(*relative), unit, tuple(sources))


def _converted(column: str, value: float, error: float | None) -> tuple[str, float, float | None]:
    if column in DIAMETERS:
        d = value * DIAMETERS[column]
        slope = 0.5 * math.pi * d * DIAMETERS[column]
        return "area_cm2", 0.25 * math.pi * d * d, None if error is None else slope * error
    name, factor = COLUMNS[column]
    return name, value * factor, None if error is None else error * factor


def _cell(row: Mapping[str, Any], column: str) -> float | None:
    cell = row.get(column)
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        number = float(cell)
    except (TypeError, ValueError):
        raise GeometryError(f"{column} is no number: {str(cell)[:40]!r}") from None
    return None if math.isnan(number) else number


def _check_size(name: str, size: float | None) -> None:
    if size is None:
        return
    if name == "porosity":
        if not (_is_number(size) and 0 <= size < 1):
            raise GeometryError(f"porosity is a fraction from 0 to below 1, found {size!r}")
    elif not (_is_number(size) and size > 0):
        raise GeometryError(f"{name} must be a positive number, found {size!r}")


def _is_number(size: object) -> bool:
    return isinstance(size, int | float) and not isinstance(size, bool) and math.isfinite(size)
