"""The result of a fit: values, what is known of them, and the curve they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.circuit.arcs import Arc
from eisfit.circuit.models import Model
from eisfit.errors import FitError
from eisfit.fitting.derived import (
    Derived,
    derive,
    parameter_interval,
    quantile,
    resistance_rows,
    sum_of,
)
from eisfit.frozen import FrozenArrays, FrozenDict, readonly
from eisfit.spectrum import Spectrum
from eisfit.tables import RESISTANCE_COLUMNS, frame

if TYPE_CHECKING:
    import pandas as pd
    from lmfit.minimizer import MinimizerResult

    from eisfit.fitting.identify import Identifiability
    from eisfit.fitting.intervals import Band
    from eisfit.fitting.mcmc import Chain
    from eisfit.fitting.resample import Bootstrap

Array = NDArray[Any]


class Values(FrozenDict[str, float]):
    """Parameter names to numbers; also answers to the role symbols of a model (`R_bulk`).

    Only the parameters are listed; a symbol is looked up.
    """

    __slots__ = ("_aliases",)
    _aliases: dict[str, str]

    def __init__(self, items: Mapping[str, float], aliases: Mapping[str, str]) -> None:
        super().__init__(items)
        object.__setattr__(self, "_aliases", dict(aliases))

    def __getitem__(self, key: str) -> float:
        return super().__getitem__(self._aliases.get(key, key))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._aliases.get(str(key), key))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Values, (dict(self), dict(self._aliases)))


@dataclass(frozen=True, eq=False)
class FitResult(FrozenArrays):
    """A fitted circuit; it cannot change.

    Attributes
    ----------
    spectrum, model
        What was fitted, and by what.
    values, stderr : mapping of parameter names (and role symbols) to float
        In the units of `model.circuit.units`. A standard error is NaN where the data cannot tell,
        and 0 for a fixed parameter.
    status : mapping of parameter names to "ok", "at bound", "not determined" or "fixed"
    covariance : (P, P) array
        In the order of `names`; scaled by the reduced chi-square unless sigma was absolute.
    chi_square : float
        Sum over points of |Z_fit - Z|^2 / sigma^2.
    n_data, n_free : int
        Number of data (2 a point) and of free parameters.
    impedance : (N,) complex array, ohm
        The fitted curve at every frequency of the spectrum, masked ones too.
    residuals : (N,) complex array
        (Z_fit - Z) / sigma, real and imaginary part.
    success, message
        Whether the search converged, and what it has to say in words.
    starts, agreed : int
        How many starts were tried, and how many reached the same lowest place.
    condition : float
        Condition number of the scaled normal matrix.
    settings : mapping
        weighting, seed, engine, versions: what it takes to do this again.
    """

    spectrum: Spectrum
    model: Model
    values: Mapping[str, float]
    stderr: Mapping[str, float]
    status: Mapping[str, str]
    covariance: Array
    chi_square: float
    n_data: int
    n_free: int
    impedance: Array
    residuals: Array
    success: bool
    message: str
    starts: int = 1
    agreed: int = 1
    condition: float = float("nan")
    settings: Mapping[str, Any] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        for name in ("covariance", "impedance", "residuals"):
            object.__setattr__(self, name, readonly(getattr(self, name)))
        object.__setattr__(self, "values", Values(self.values, self.model.aliases))
        object.__setattr__(self, "stderr", Values(self.stderr, self.model.aliases))
        object.__setattr__(self, "status", FrozenDict(self.status))
        object.__setattr__(self, "settings", FrozenDict(self.settings))

    def __repr__(self) -> str:
        return (
            f"<FitResult {self.model.name!r} of {self.spectrum.label!r}: "
            f"rms {100 * self.rms:.3g} %, {'converged' if self.success else 'not converged'}>"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in the order of `covariance`."""
        return self.model.names

    @property
    def degrees_of_freedom(self) -> int:
        """Number of data less number of free parameters."""
        return self.n_data - self.n_free

    @property
    def reduced_chi_square(self) -> float:
        """Chi-square per degree of freedom."""
        return self.chi_square / max(self.degrees_of_freedom, 1)

    @property
    def rms(self) -> float:
        """Relative misfit: sqrt(mean of |Z_fit - Z|^2 / |Z|^2 / 2) over the unmasked points."""
        used = ~self.spectrum.mask
        relative = np.abs(self.impedance - self.spectrum.impedance) / self.spectrum.modulus
        return float(np.sqrt(np.mean(relative[used] ** 2) / 2.0))

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2N ln(chi^2 / 2N) + 2P, for an unknown noise level."""
        return self._log_likelihood() + 2.0 * self.n_free

    @property
    def aicc(self) -> float:
        """AIC with the correction for few data (Hurvich and Tsai, Biometrika 76 (1989) 297)."""
        room = self.n_data - self.n_free - 1
        correction = 2.0 * self.n_free * (self.n_free + 1) / room if room > 0 else np.inf
        return float(self.aic + correction)

    @property
    def bic(self) -> float:
        """Bayesian information criterion, 2N ln(chi^2 / 2N) + P ln 2N."""
        return self._log_likelihood() + self.n_free * float(np.log(self.n_data))

    @property
    def correlation(self) -> Array:
        """(P, P) correlation matrix; NaN where a parameter has no standard error."""
        error = np.sqrt(np.diag(self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.covariance / np.outer(error, error)

    @property
    def derived(self) -> Mapping[str, Derived]:
        """Sums that the model's card names, such as `R_ct_total`, with standard errors."""
        return FrozenDict(dict(derive(self)))

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """The circuit's resistances with their time constants."""
        return self.model.arcs

    def resistances(self) -> pd.DataFrame:
        """Return one row a resistance, then the sums; columns in `eisfit.tables`."""
        return frame(resistance_rows(self), RESISTANCE_COLUMNS)

    def parameters(self) -> pd.DataFrame:
        """Return one row a parameter: value, stderr, unit, status, and the 95 % interval."""
        t = quantile(self)
        intervals = {name: parameter_interval(self, name, t) for name in self.names}
        rows = [
            {
                "parameter": slot.name,
                "value": self.values[slot.name],
                "stderr": self.stderr[slot.name],
                "unit": slot.parameter.unit,
                "status": self.status[slot.name],
                "lower": intervals[slot.name][0],
                "upper": intervals[slot.name][1],
            }
            for slot in self.model.circuit.slots
        ]
        return frame(rows, ("parameter", "value", "stderr", "unit", "status", "lower", "upper"))

    def sum(self, *names: str) -> Derived:
        """Return the sum of resistances (names, elements, role symbols), with its 95 % interval.

        Raises
        ------
        ModelError
            If a name is unknown.
        FitError
            If a name is given twice or is not that of a resistance.
        """
        return sum_of(self, names)

    def quantities(
        self,
        sums: Sequence[Sequence[str]] = (),
        *,
        thickness_cm: float | None = None,
        area_cm2: float | None = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Return what follows from the parameters: tau and C of each arc, sums, conductivities.

        Parameters
        ----------
        sums : resistances to add up, each a sequence of names or role symbols
        thickness_cm, area_cm2 : of the sample; with them each resistance and sum has its
            conductivity, thickness / (R * area) in S/cm, unless the model's card has roles and
            does not list it under `electrolyte`. A spectrum in ohm cm2 needs no area.
        level : probability of the intervals

        Returns
        -------
        DataFrame
            quantity, element, role, value, stderr, lower, upper, unit, status; no error where the
            data cannot tell.

        Raises
        ------
        FitError
            If a sum or the geometry makes no sense.
        ModelError
            If a name is unknown.
        """
        from eisfit.fitting.quantities import QUANTITY_COLUMNS, geometry_of, quantity_rows

        geometry = geometry_of(self, thickness_cm, area_cm2)
        return frame(quantity_rows(self, sums, geometry, level), QUANTITY_COLUMNS)

    def band(self, frequency: ArrayLike | None = None, level: float = 0.95) -> Band:
        """Return the confidence band of the curve at the spectrum's, or other, frequencies (Hz).

        It holds the true curve at any one frequency with the probability `level`.

        Raises
        ------
        FitError, ModelError
            If the level is not between 0 and 1, or frequencies are not positive numbers.
        """
        from eisfit.fitting.intervals import band

        return band(self, frequency, level)

    def profile(
        self, names: Sequence[str] | None = None, *, level: float = 0.95, method: str = "eisfit"
    ) -> pd.DataFrame:
        """Return profile-likelihood intervals, which follow the chi-square and not its tangent.

        Parameters
        ----------
        names : parameters, role symbols, or `tau_R1` for an arc's time constant; default all free
        level : probability of the intervals
        method : "eisfit" (milliseconds) or "lmfit" (its `conf_interval`; no `tau_` names)

        Returns
        -------
        DataFrame
            parameter, value, lower, upper, unit, level, status. Status is "open below", "open
            above" or "open" where the data set no limit: the end is then 0, infinite, or an
            exponent's limit.

        Raises
        ------
        FitError
            If a name is of nothing that is free, or the method is unknown.
        ModelError
            If a name is unknown.
        """
        from eisfit.fitting.profile import PROFILE_COLUMNS, profile_rows

        if method == "eisfit":
            rows = profile_rows(self, names, level)
        elif method == "lmfit":
            from eisfit.fitting.lmfit_bridge import conf_interval_rows

            rows = conf_interval_rows(self, names, level)
        else:
            raise FitError(f"unknown method {method!r}: choose 'eisfit' or 'lmfit'")
        return frame(rows, PROFILE_COLUMNS)

    def bootstrap(self, n: int = 200, *, seed: int = 0, kind: str = "parametric") -> Bootstrap:
        """Return the fit repeated on n sets of data as they might have come out.

        Parameters
        ----------
        n : number of repeats
        seed : int
        kind : "parametric" (normal noise of the size found, around the fitted curve), "residual"
            (the fit's residuals dealt out anew) or "case" (points drawn with replacement)

        Raises
        ------
        FitError
            If the kind is unknown, n is below 20, or next to no repeat converges.
        """
        from eisfit.fitting.resample import bootstrap

        return bootstrap(self, n, seed, kind)

    def mcmc(self, steps: int = 6000, *, walkers: int | None = None, seed: int = 0) -> Chain:
        """Return draws from the posterior distribution (emcee through lmfit; extra `mcmc`).

        The result says whether the chains are long enough: `converged`, `message`. The prior is
        flat in ln R, ln tau and alpha, between the bounds of the fit.

        Raises
        ------
        EngineError
            If emcee is not installed.
        FitError
            If there are too few steps or walkers.
        """
        from eisfit.fitting.mcmc import mcmc

        return mcmc(self, steps, walkers, seed)

    def identifiability(self) -> Identifiability:
        """Return what the data determine and what they do not; `print` it.

        Condition number, parameters at bounds and not determined, ways to change parameters that
        the data hardly notice, sums and products that they know all the same, and elements that
        they do not support (told by the fit without each).
        """
        from eisfit.fitting.identify import identifiability

        return identifiability(self)

    def lmfit(self) -> MinimizerResult:
        """Return this fit as lmfit's own MinimizerResult, for `lmfit.fit_report` and the like.

        lmfit solves the problem again from our optimum with our exact Jacobian, so values, errors
        and correlations are its own. The Minimizer comes as attribute `minimizer`:
        `lmfit.conf_interval(m.minimizer, m)`. Where we give no standard error, it is NaN; a
        parameter at a bound is held there, and counts in `nvarys` as in `n_free`.
        """
        from eisfit.fitting.lmfit_bridge import to_lmfit

        return to_lmfit(self)

    def value_array(self) -> Array:
        """Return the values as a (P,) array in the order of `names`."""
        return np.array([self.values[name] for name in self.names])

    def notes(self) -> Iterator[str]:
        """Yield, in plain words, what to know before the numbers are used."""
        if not self.success:
            yield self.message
        misfit = self.settings.get("misfit")
        if misfit:
            yield (
                f"the circuit misses the data by {100 * self.rms:.2g} %, {misfit:.0f} times what a "
                "free sum of relaxations leaves: it lacks a process or is the wrong one, and its "
                "errors do not cover that; try another model, or auto"
            )
        for name in self.names:
            if self.status[name] == "at bound":
                yield f"{name} lies at a bound ({self.values[name]:.3g}); it has no standard error"
        rival = self.settings.get("rival")
        if rival:
            higher = f"{100 * rival['chi_square_excess']:.2g} % higher"
            yield (
                f"{' and '.join(rival['elements'])} may have changed places: with their time "
                f"constants exchanged chi-square is {higher}, which noise can do; "
                "a bound or a constraint such as tau1 < tau2 decides"
            )
        vague = [name for name in self.names if self.status[name] == "not determined"]
        if vague:
            yield f"the data do not determine {', '.join(vague)}"

    def _log_likelihood(self) -> float:
        return self.n_data * float(np.log(max(self.chi_square, 1e-300) / self.n_data))
