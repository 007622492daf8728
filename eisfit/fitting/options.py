"""How to fit: what a user may ask for, each option checked by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eisfit.circuit.models import Model, load_model
from eisfit.errors import FitError
from eisfit.fitting.constraints import whole
from eisfit.fitting.hunt import EFFORTS, Effort
from eisfit.fitting.residual import PARTS, QUANTITIES, Sigma, sigma_from_repeats
from eisfit.fitting.robust import LOSSES
from eisfit.spectrum import Spectrum

SIZES = 1e-60, 1e60  # of standard deviations: squares, and those of residuals, stay numbers


@dataclass(frozen=True)
class FitOptions:
    """How to fit.

    Attributes
    ----------
    weighting : "modulus", "proportional", "unit", "kramers-kronig", array, spectra, or Sigma
        sigma = |Z|; |Re Z| and |Im Z|; 1 ohm; the size of what breaks the Kramers-Kronig relations
        nearby (`eisfit.fit` computes it); standard deviations, (N,) or (N, 2), for the unmasked
        points or for all; or repeated spectra, whose scatter is sigma. In ohm or, with
        quantity="admittance", in siemens.
    absolute_sigma : bool
        The array given is the true noise: the covariance is not scaled by the reduced chi-square.
    part : "complex", "real" or "imaginary"
        Which data are fitted; their number follows.
    quantity : "impedance" or "admittance"
        Of which the residuals are the difference.
    loss : "linear", "soft_l1", "huber" or "cauchy"
        "linear" is least squares; the others let outliers count for little.
    loss_scale : float, optional
        The weighted residual from which one counts as an outlier; else from the data (MAD).
    start, fixed : mapping of names to values
        A first guess, tried besides the engine's own starts (parameters left out are taken from
        those); values to hold. Names are parameters, role symbols, or tau_R1.
    bounds : mapping of names to (low, high)
    constraints : sequence of str, or one str
        "R2 = 2*R1", "CPE2_1 = CPE1_1", "tau1 < tau2": see `eisfit.fitting.expression`.
    seed : int
        Of the random shapes; the same seed gives the same result.
    effort : "thorough", "fast" or Effort
        How many starts; "fast" is for batches.
    budget_s : float
        Seconds for a spectrum, after which the search sends out no more starts; the result says
        so. Each start has a budget of iterations besides.
    """

    weighting: str | ArrayLike | Sigma = "modulus"
    absolute_sigma: bool = False
    part: str = "complex"
    quantity: str = "impedance"
    loss: str = "linear"
    loss_scale: float | None = None
    start: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    constraints: Sequence[str] = ()
    seed: int = 0
    effort: str | Effort = "thorough"
    budget_s: float = 60.0

    def __post_init__(self) -> None:
        for name, choices in (("part", PARTS), ("quantity", QUANTITIES), ("loss", LOSSES)):
            value = getattr(self, name)
            if not (isinstance(value, str) and value in choices):
                raise FitError(f"unknown {name} {value!r}: choose one of {', '.join(choices)}")
        for name in ("start", "fixed", "bounds"):
            if not isinstance(getattr(self, name), Mapping):
                raise FitError(f"{name} must be a mapping of names, found {getattr(self, name)!r}")
        named = isinstance(self.effort, str) and self.effort in EFFORTS
        if not (named or isinstance(self.effort, Effort)):
            raise FitError(f"unknown effort {self.effort!r}: choose one of {', '.join(EFFORTS)}")
        whole(self.seed, "seed")
        if not isinstance(self.absolute_sigma, (bool, np.bool_)):
            raise FitError(f"absolute_sigma must be True or False, found {self.absolute_sigma!r}")
        _check_positive("budget_s", self.budget_s)
        if self.loss_scale is not None:
            _check_positive("loss_scale", self.loss_scale)
            if self.loss == "linear":
                raise FitError("loss_scale needs a loss: 'soft_l1', 'huber' or 'cauchy'")
        lines = (self.constraints,) if isinstance(self.constraints, str) else self.constraints
        try:
            object.__setattr__(self, "constraints", tuple(lines))
        except TypeError:
            raise FitError(
                f"constraints must be a list of texts such as 'R2 = 2*R1', found {lines!r}"
            ) from None
        weighting: Any = self.weighting
        if _are_spectra(weighting):
            object.__setattr__(self, "weighting", sigma_from_repeats(weighting, self.quantity))
        elif not isinstance(weighting, str):
            _check_sizes(weighting)

    @property
    def search(self) -> Effort:
        """The effort in numbers, within the budget."""
        effort = self.effort if isinstance(self.effort, Effort) else EFFORTS[self.effort]
        return replace(effort, budget_s=self.budget_s)

    @property
    def is_plain(self) -> bool:
        """Whether any least-squares engine could do this."""
        plain = (self.part, self.quantity, self.loss) == ("complex", "impedance", "linear")
        return plain and not self.constraints

    @property
    def names_parameters(self) -> bool:
        """Whether an option speaks of single parameters, so that the circuit must stay as it is."""
        return bool(self.start or self.fixed or self.bounds or self.constraints)


def _check_positive(name: str, value: Any) -> None:
    real = isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, complex))
    if not (real and value > 0):
        raise FitError(f"{name} must be a positive number, found {value!r}")


def _check_sizes(weighting: Any) -> None:
    """Refuse standard deviations that no arithmetic could square; shapes are checked later."""
    sigma = np.asarray(weighting)
    if np.iscomplexobj(sigma):
        raise FitError(
            "standard deviations must be real: for those of real and imaginary part give (N, 2)"
        )
    if sigma.dtype.kind in "fiu" and sigma.size:
        known = sigma[np.isfinite(sigma) & (sigma > 0)]
        far = known[(known < SIZES[0]) | (known > SIZES[1])]
        if len(far):
            raise FitError(
                f"a standard deviation of {far[0]:.3g} cannot be meant: give them in ohm "
                "(siemens for an admittance)"
            )


def _are_spectra(weighting: Any) -> bool:
    return isinstance(weighting, (list, tuple)) and any(isinstance(w, Spectrum) for w in weighting)


def options_from(options: Mapping[str, Any], model: str | Model | None = None) -> FitOptions:
    """Return options from keyword arguments; `params` or `start` may be an `lmfit.Parameters`.

    A model lets names be checked against it.

    Raises
    ------
    FitError
        If a name is unknown (the message lists those there are), or a choice is.
    """
    known = list(FitOptions.__dataclass_fields__)
    unknown = [name for name in options if name not in (*known, "params")]
    if unknown:
        raise FitError(f"unknown option {', '.join(unknown)}; there are {', '.join(known)}, params")
    given = dict(options)
    if type(given.get("start")).__name__ == "Parameters":  # without loading lmfit
        given.setdefault("params", given.pop("start"))
    params = given.pop("params", None)
    chosen = FitOptions(**given)
    return chosen if params is None else _with_params(chosen, params, model)


def _with_params(options: FitOptions, params: Any, model: str | Model | None) -> FitOptions:
    """Return options with the start, fixed values and bounds of an `lmfit.Parameters` besides."""
    from eisfit.fitting.lmfit_bridge import from_lmfit

    theirs: dict[str, Any] = from_lmfit(
        params, None if model in (None, "auto") else load_model(model)
    )
    twice = [name for name in ("start", "fixed", "bounds") if getattr(options, name)]
    if twice:
        raise FitError(f"params gives {', '.join(twice)} already: leave out one of the two")
    return replace(options, **theirs)
