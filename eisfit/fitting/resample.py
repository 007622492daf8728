"""Bootstrap: the fit repeated on data as they might have come out, all in one batch.

B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, Chapman and Hall 1993, chapters 6, 9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import FitError
from eisfit.fitting.again import Again, noise_variance, resampled
from eisfit.fitting.constraints import whole
from eisfit.fitting.derived import check_noise
from eisfit.fitting.draws import Draws
from eisfit.fitting.general import GeneralObjective
from eisfit.fitting.residual import Objective
from eisfit.fitting.solve import Limits, Starts, levenberg_marquardt

if TYPE_CHECKING:
    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

KINDS = ("parametric", "residual", "case")

_CHUNK = 16  # repeats fitted together: more no longer fit a core's cache
_LIMITS = Limits(iterations=100, tolerance=1e-9)


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(Draws):
    """Fits of resampled data; see `Draws`.

    Attributes
    ----------
    kind : "parametric", "residual" or "case"
    seed : int
    failed : int
        Repeats that did not converge; they are left out.
    """

    kind: str = "parametric"
    seed: int = 0
    failed: int = 0


def bootstrap(result: FitResult, n: int, seed: int, kind: str) -> Bootstrap:
    """Return fits of resampled data, each begun at the optimum: see `FitResult.bootstrap`.

    Raises
    ------
    FitError
        If the kind is unknown, n is below 20, nothing tells the noise, or next to no repeat
        converges.
    """
    check_noise(result)
    if kind not in KINDS:
        raise FitError(f"unknown kind {kind!r} of bootstrap: choose one of {', '.join(KINDS)}")
    if whole(n, "n") < 20:
        raise FitError(f"a bootstrap of {n} repeats says nothing: take at least 20, better 200")
    again = Again.of(result)
    rng = np.random.default_rng(whole(seed, "seed"))
    values, good = [], []
    for start in range(0, n, _CHUNK):
        count = min(_CHUNK, n - start)
        found, converged = _refits(result, again, kind, rng, count)
        values.append(found)
        good.append(converged)
    kept = np.concatenate(good)
    if kept.sum() < 10:
        raise FitError(f"only {int(kept.sum())} of {n} repeats converged: the fit is not stable")
    failed = int(n - kept.sum())
    message = f"{kept.sum()} {kind} repeats" + (f", {failed} more failed" if failed else "")
    return Bootstrap(result, np.concatenate(values)[kept], message, kind, seed, failed)


def _refits(
    result: FitResult, again: Again, kind: str, rng: np.random.Generator, count: int
) -> tuple[Array, Array]:
    """Return values (count, P) of repeats, and which of them converged."""
    draw = {"parametric": _parametric, "residual": _residual, "case": _case}[kind]
    objective, lower, upper = draw(result, again, rng, count)
    starts = Starts(np.tile(again.u, (count, 1)), np.arange(count), lower, upper)
    found = levenberg_marquardt(objective, starts, _LIMITS)
    values = objective.coords.to_values(objective.full(found.u))
    good = found.converged & np.isfinite(found.cost) & np.isfinite(values).all(axis=1)
    return values, good


Drawn = tuple[Objective, Array, Array]


def _parametric(result: FitResult, again: Again, rng: np.random.Generator, count: int) -> Drawn:
    """Noise of the size that the fit found, around the fitted curve."""
    sigma = _own_sigma(again)
    noise = rng.normal(size=(count, *sigma.shape)) * sigma * np.sqrt(noise_variance(result))
    return _around(result, again, noise)


def _residual(result: FitResult, again: Again, rng: np.random.Generator, count: int) -> Drawn:
    """The fit's own residuals dealt out anew: no normal distribution is assumed.

    A residual is smaller than the noise by sqrt(1 - leverage); it is given its size back.
    """
    residuals, slopes = again.weighted()
    leverage = np.sum((again.root().T @ slopes) ** 2, axis=0)
    pairs = (residuals / np.sqrt(np.maximum(1.0 - leverage, 0.05))).reshape(-1, 2)
    pairs = pairs - pairs.mean(axis=0)
    dealt = pairs[rng.integers(len(pairs), size=(count, len(pairs)))]
    return _around(result, again, -dealt * _own_sigma(again))


def _own_sigma(again: Again) -> Array:
    """Return sigma (N, 2) in the unit of what is fitted; 0 for a part that is not."""
    objective = again.objective
    own = objective.own_sigma if isinstance(objective, GeneralObjective) else objective.sigma
    return np.where(np.isfinite(own[0]), own[0], 0.0)


def _around(result: FitResult, again: Again, noise: Array) -> Drawn:
    curve = result.impedance[~result.spectrum.mask]
    noise = noise[..., 0] + 1j * noise[..., 1]
    if again.options.quantity == "admittance":
        return resampled(result, 1.0 / (1.0 / curve + noise))
    return resampled(result, curve + noise)


def _case(result: FitResult, again: Again, rng: np.random.Generator, count: int) -> Drawn:
    """Points drawn with replacement: nothing is assumed of the noise, not even its size."""
    points = again.objective.data.shape[1]
    times = rng.multinomial(points, np.full(points, 1.0 / points), size=count)[..., None]
    data = np.repeat(again.objective.data, count, axis=0)
    objective, lower, upper = resampled(result, data)
    with np.errstate(divide="ignore"):
        root = np.sqrt(times)
        if isinstance(objective, GeneralObjective):
            own, sigma = objective.own_sigma / root, objective.sigma / root
            return replace(objective, sigma=sigma, own_sigma=own), lower, upper
        return replace(objective, sigma=objective.sigma / root), lower, upper
