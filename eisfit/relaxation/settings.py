"""What a DRT can be asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from eisfit.errors import RelaxationError
from eisfit.relaxation.discretization import BASES
from eisfit.relaxation.select import CRITERIA

METHODS = ("auto", "blend", "adaptive", "tikhonov")
WEIGHTINGS = ("modulus", "unit")
PARTS = ("both", "real", "imaginary")

# Grids that are still grids, and that fit a computer's memory.
_PER_DECADE, _EXTENSION, _SHAPE = (1.0, 200.0), (0.01, 5.0), (1e-2, 1e2)


@dataclass(frozen=True, eq=False)
class Settings:
    """Options of `drt_spectrum`, with their defaults.

    Parameters
    ----------
    regularization : "auto", the name of a criterion, or a positive float
        "auto" is "evidence". Further criteria: "gcv", "mgcv" (modified), "rgcv" (robust), "kfold",
        "re-im" (real-imaginary cross-validation), "lcurve". A number is lambda itself, as
        `eisfit.relaxation.solve` defines it.
    order : 0, 1 or 2
        Derivative of gamma whose square is the penalty.
    basis : str
        Discretisation of gamma: "linear" (piecewise), "gaussian", "matern0", "matern2",
        "matern4", "matern6", "inverse quadratic", "inverse quadric" or "cauchy" (whose skirts are
        broader than those of most processes).
    fwhm_coefficient : float
        Spacing of the grid over the full width at half maximum of a radial basis function; the
        default of pyDRTtools, 0.5.
    shape_factor : float, optional
        The factor of ln tau in a radial basis function, in place of the coefficient.
    inductance : bool
        Whether an inductance stands in series.
    signed : bool
        Whether gamma may be negative, as an inductive loop at low frequency wants it. Solved by
        "adaptive" or "tikhonov"; negative peaks have a negative resistance.
    tail : "auto", True, "cpe" or False
        Whether a blocking or diffusion tail, a sum of (j omega)^-alpha with alpha from 0.5 to 1,
        stands in series. "auto": where -Im Z still rises at the lowest frequencies. "cpe": a single
        term, whose alpha between 0.3 and 1 is chosen by evidence.
    method : "auto", "blend", "adaptive" or "tikhonov"
        "auto" is "blend", and "adaptive" where lambda or a criterion is given. "blend" fits a sum
        of peaks, started from "adaptive", and leaves the regularised solution a share, the larger
        the worse the peaks fit. "tikhonov" is the plain penalty of the literature, equally strong
        at every tau. "adaptive" starts from a penalty relative to the local modulus and weakens it
        twice where the solution bends, so that sharp and flat parts, and small arcs beside large
        ones, are both smooth as the data want them.
    part : "both", "real" or "imaginary"
        Of the impedance to fit. One part alone is solved by "adaptive" or "tikhonov"; what it
        cannot know (the real part no inductance, the imaginary part no series resistance) is 0.
    weighting : "modulus", "unit", or (N,) array
        What the errors of the used points are proportional to; an array is in ohm.
    robust : bool
        Whether points far off a first solution count less, and noise that is uneven beside the
        weighting is estimated; where neither is so, nothing changes.
    samples : int
        Resamples for bands and for the peaks' probabilities; 0 for none (bands and intervals are
        then NaN).
    seed : int
        Of the resamples.
    per_decade : float, optional
        Points of the time grid a decade; 8 for "blend", which shows gamma twice as fine, 12
        otherwise.
    extension : float
        Decades by which the time grid passes the window of the measurement at either end.

    Raises
    ------
    RelaxationError
        If an option is unknown or out of range; the message says which and what is possible.
    """

    regularization: str | float = "auto"
    order: int = 2
    basis: str = "gaussian"
    fwhm_coefficient: float = 0.5
    shape_factor: float | None = None
    signed: bool = False
    inductance: bool = True
    tail: bool | Literal["auto", "cpe"] = "auto"
    method: str = "auto"
    part: str = "both"
    weighting: str | ArrayLike = "modulus"
    robust: bool = True
    samples: int = 100
    seed: int = 0
    per_decade: float | None = None
    extension: float = 1.0

    def __post_init__(self) -> None:
        _choice("order", self.order, (0, 1, 2))
        _choice("basis", self.basis, BASES)
        _choice("tail", self.tail, ("auto", "cpe", True, False))
        _choice("signed", self.signed, (True, False))
        _choice("method", self.method, METHODS)
        _choice("part", self.part, PARTS)
        _choice("robust", self.robust, (True, False))
        if self.part != "both" and self.method == "blend":
            raise RelaxationError("the method 'blend' needs both parts: choose 'adaptive'")
        if self.signed and self.method == "blend":
            raise RelaxationError("the method 'blend' knows no negative peaks: choose 'adaptive'")
        if isinstance(self.weighting, str):
            _choice("weighting", self.weighting, WEIGHTINGS)
        if isinstance(self.regularization, str):
            _choice("regularization", self.regularization, ("auto", *CRITERIA))
        else:
            _positive("regularization", self.regularization)
        if self.per_decade is not None:
            _between("per_decade", self.per_decade, *_PER_DECADE)
        _between("extension", self.extension, *_EXTENSION)
        _between("fwhm_coefficient", self.fwhm_coefficient, *_SHAPE)
        if self.shape_factor is not None:
            _between("shape_factor", self.shape_factor, *_SHAPE)
        _count("samples", self.samples)
        _count("seed", self.seed)

    @classmethod
    def of(cls, options: dict[str, Any]) -> Settings:
        """Return settings from keyword arguments, refusing unknown ones by name."""
        known = [f.name for f in fields(cls)]
        for name in options:
            if name not in known:
                raise RelaxationError(f"a DRT has no option {name!r}; it has: {', '.join(known)}")
        return cls(**options)

    @property
    def chosen_method(self) -> str:
        """The method, with "auto" decided."""
        if self.method != "auto":
            return self.method
        whole = self.regularization == "auto" and self.part == "both" and not self.signed
        return "blend" if whole else "adaptive"

    @property
    def density(self) -> float:
        """Points of the time grid a decade."""
        return self.per_decade or (8.0 if self.chosen_method == "blend" else 12.0)

    @property
    def criterion(self) -> str:
        """Name of the criterion that chooses lambda, "given" where lambda is a number."""
        if not isinstance(self.regularization, str):
            return "given"
        return "evidence" if self.regularization == "auto" else self.regularization


def _choice(name: str, value: object, possible: tuple[object, ...]) -> None:
    if value not in possible:
        listed = ", ".join(repr(p) for p in possible)
        raise RelaxationError(f"{name} cannot be {value!r}: choose one of {listed}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _positive(name: str, value: float) -> None:
    if not (_is_number(value) and np.isfinite(value) and value > 0):
        raise RelaxationError(f"{name} must be a positive number, found {value!r}")


def _between(name: str, value: float, low: float, high: float) -> None:
    _positive(name, value)
    if not low <= value <= high:
        raise RelaxationError(f"{name} must lie between {low:g} and {high:g}, found {value!r}")


def _count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise RelaxationError(f"{name} must be a whole number from 0 on, found {value!r}")
