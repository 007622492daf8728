"""Draws of a fit's parameters, by bootstrap or by MCMC, and the intervals that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eisfit.errors import FitError
from eisfit.frozen import FrozenArrays, readonly
from eisfit.tables import frame

if TYPE_CHECKING:
    import pandas as pd

    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

DRAW_COLUMNS = ("quantity", "value", "median", "stderr", "lower", "upper", "unit")


@dataclass(frozen=True, eq=False)
class Draws(FrozenArrays):
    """Parameter sets that agree with the data.

    Attributes
    ----------
    fit : FitResult
    samples : (n, P)
        In the order of `fit.names`, in the units of the parameters.
    message : str
        How the draws were made, and whether there are enough of them.
    """

    fit: FitResult
    samples: Array
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", readonly(self.samples))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.fit.model.name!r}: {self.message}>"

    def frame(self) -> pd.DataFrame:
        """Return one row a draw, one column a parameter."""
        import pandas as pd

        return pd.DataFrame(self.samples, columns=list(self.fit.names))

    def quantities(self) -> dict[str, tuple[float, Array, str]]:
        """Return value at the optimum, draws (n,) and unit of parameters, tau, C and sums."""
        fit = self.fit
        best = fit.value_array()
        found = {
            name: (float(best[i]), self.samples[:, i], fit.model.circuit.units[i])
            for i, name in enumerate(fit.names)
            if fit.status[name] != "fixed"
        }
        for arc in (arc for arc in fit.arcs if arc.has_tau):
            tau, own = self.tau(arc.label), float(arc.tau_of(best))
            found[f"tau_{arc.label}"] = own, tau, "s"
            resistance = arc.resistance
            found[f"C_{arc.label}"] = own / best[resistance], tau / self.samples[:, resistance], "F"
        place = {arc.label: arc.resistance for arc in fit.arcs}
        for name, whole in fit.derived.items():
            total = self.samples[:, [place[part] for part in whole.parts]].sum(axis=1)
            found[name] = whole.value, total, whole.unit
        return found

    def tau(self, label: str) -> Array:
        """Return the draws (n,) of an arc's time constant in s.

        Raises
        ------
        FitError
            If the circuit has no such arc, or it has no time constant.
        """
        for arc in self.fit.arcs:
            if arc.label == label and arc.has_tau:
                return np.asarray(arc.tau_of(self.samples))
        raise FitError(f"{label} has no time constant in {self.fit.model.name}")

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row a quantity: value, median, stderr, and the interval of that level.

        The interval is the percentile one: it is the same whether R, ln R or 1/R is drawn.

        Raises
        ------
        FitError
            If the level is not between 0 and 1.
        """
        tails = _tails(level)
        rows = []
        for name, (value, drawn, unit) in self.quantities().items():
            lower, median, upper = _quantiles(drawn, (tails[0], 0.5, tails[1]))
            rows.append({
                "quantity": name, "value": value, "median": median,
                "stderr": float(np.std(drawn, ddof=1)), "lower": lower, "upper": upper,
                "unit": unit,
            })  # fmt: skip
        return frame(rows, DRAW_COLUMNS)

    def band(self, frequency: ArrayLike | None = None, level: float = 0.95) -> tuple[Array, Array]:
        """Return lower and upper edges (N,) of the curve, real and imaginary part each in ohm.

        Raises
        ------
        FitError, ModelError
            If the level is not between 0 and 1, or frequencies are not positive numbers.
        """
        f = self.fit.spectrum.frequency if frequency is None else np.atleast_1d(frequency)
        tails = _tails(level)
        curves = self.fit.model.impedance(f, self.samples)
        real = _quantiles(curves.real, tails)
        imaginary = _quantiles(curves.imag, tails)
        lower, upper = readonly(real + 1j * imaginary)
        return lower, upper


def _quantiles(drawn: Array, shares: tuple[float, ...]) -> Array:
    """Return quantiles of draws (n, ...) along the first axis.

    A share of k / (n + 1) lies below the k-th of n draws; numpy's usual choice is too narrow.
    """
    return np.asarray(np.quantile(drawn, shares, axis=0, method="weibull"))


def _tails(level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise FitError(f"a level must lie between 0 and 1, such as 0.95; found {level!r}")
    return 0.5 - 0.5 * level, 0.5 + 0.5 * level
