"""Bayesian sampling of a fit's parameters: emcee, driven through lmfit.

Sampled are the fit's own coordinates (ln R, ln tau, alpha), with a prior that is flat in them
between the bounds: no scale of a resistance or of a time is preferred. An unknown noise level is
integrated out analytically, after Jeffreys' prior, which gives chi-square to the power -n/2
(A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.2); sigma given as absolute gives
exp(-chi-square / 2).
D. Foreman-Mackey, D. W. Hogg, D. Lang, J. Goodman, PASP 125 (2013) 306.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eisfit.errors import EngineError, FitError
from eisfit.fitting.again import Again, least_squares_only, noise_variance
from eisfit.fitting.constraints import whole
from eisfit.fitting.derived import check_noise
from eisfit.fitting.draws import Draws
from eisfit.frozen import readonly

if TYPE_CHECKING:
    from lmfit import Parameters

    from eisfit.fitting.result import FitResult

Array = NDArray[Any]

ENOUGH = 50  # autocorrelation times that a chain must last (emcee's own advice)


@dataclass(frozen=True, eq=False, repr=False)
class Chain(Draws):
    """Draws from the posterior distribution; see `Draws`.

    Attributes
    ----------
    converged : bool
        The chains lasted 50 autocorrelation times, and neither froze nor drifted freely.
    autocorrelation : (F,) steps
        Integrated autocorrelation time of each free coordinate.
    acceptance : float
        Mean share of accepted steps.
    steps, walkers, burn, thin, seed : int
        As run; `burn` and `thin` follow from the autocorrelation time.
    """

    converged: bool = False
    autocorrelation: Array = field(default_factory=lambda: readonly([]))
    acceptance: float = float("nan")
    steps: int = 0
    walkers: int = 0
    burn: int = 0
    thin: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "autocorrelation", readonly(self.autocorrelation))


@dataclass(frozen=True, eq=False)
class _Posterior:
    """ln of the posterior density over batches of free coordinates; also emcee's pool.

    emcee hands all walkers of a step to its pool's `map`, so a pool that evaluates them as one
    batch spares a thousand small calls.
    """

    again: Again
    best: float
    n_data: int
    absolute: bool

    def __call__(self, u: Array) -> Array:
        inside = ((u >= self.again.lower) & (u <= self.again.upper)).all(axis=1)
        out = np.full(len(u), -np.inf)
        if inside.any():
            owner = np.zeros(int(inside.sum()), dtype=int)
            residuals, _ = self.again.objective(u[inside], owner)
            cost = np.sum(residuals**2, axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                rise = cost - self.best if self.absolute else self.n_data * np.log(cost / self.best)
            out[inside] = np.where(np.isfinite(rise), -0.5 * rise, -np.inf)
        return out

    def map(self, _function: Callable[..., float], places: Iterable[Array]) -> list[float]:
        return [float(x) for x in self(np.array(list(places)))]

    def residuals(self, params: Parameters) -> Array:
        u = np.array([params[name].value for name in params])
        return np.asarray(self.again.objective(u[None], np.zeros(1, dtype=int))[0][0])


def mcmc(result: FitResult, steps: int, walkers: int | None, seed: int) -> Chain:
    """Return draws from the posterior: see `FitResult.mcmc`.

    Raises
    ------
    EngineError
        If emcee is not installed.
    FitError
        If there are too few steps or walkers, the loss is robust, or nothing tells the noise.
    """
    least_squares_only(result, "MCMC", "take bootstrap()")
    check_noise(result)
    again = Again.of(result)
    size = len(again.u)
    count = max(32, 4 * size) if walkers is None else whole(walkers, "walkers")
    if count < 2 * size or count % 2:
        raise FitError(f"{size} parameters need an even number of at least {2 * size} walkers")
    if whole(steps, "steps") < 100:
        raise FitError(f"{steps} steps say nothing: take at least 100, better thousands")
    whole(seed, "seed")
    if find_spec("emcee") is None:
        raise EngineError("MCMC needs emcee: pip install 'eisfit-toolkit[mcmc]'")
    posterior = _Posterior(
        again, max(again.cost(), 1e-300), result.n_data, bool(result.settings.get("absolute_sigma"))
    )
    sampler = _sample(posterior, _begin(again, result, count, seed), steps, seed)
    return _chain(result, again, sampler, (steps, count, seed))


def _sample(posterior: _Posterior, begin: Array, steps: int, seed: int) -> Any:
    """Run emcee through lmfit; return the sampler."""
    from lmfit import Minimizer, Parameters

    again = posterior.again
    params = Parameters()
    for i, value in enumerate(again.u):
        low, high = float(again.lower[i]), float(again.upper[i])
        params.add(f"u{i}", value=float(value), min=low, max=high)
    minimizer = Minimizer(posterior.residuals, params)
    with contextlib.redirect_stdout(io.StringIO()):  # lmfit prints when a chain is short
        minimizer.emcee(
            steps=steps, nwalkers=len(begin), pos=begin, workers=posterior,
            seed=seed, progress=False,
        )  # fmt: skip
    return minimizer.sampler


def _begin(again: Again, result: FitResult, count: int, seed: int) -> Array:
    """Return places (count, F) spread like the posterior of the linear model, inside the box."""
    rng = np.random.default_rng(seed)
    spread = np.sqrt(noise_variance(result)) * again.root()
    u = again.u + rng.normal(size=(count, spread.shape[1])) @ spread.T
    width = again.upper - again.lower
    outside = np.flatnonzero(~spread.any(axis=1))
    inward = np.where(again.upper - again.u < again.u - again.lower, -1.0, 1.0)
    away = 0.01 * width * rng.exponential(size=u.shape) * inward
    u[:, outside] = (again.u + away)[:, outside]
    # What the data hardly determine would begin beyond the bounds
    strayed = (u <= again.lower) | (u >= again.upper)
    return np.where(strayed, again.lower + width * rng.uniform(0.01, 0.99, u.shape), u)


def _chain(result: FitResult, again: Again, sampler: Any, run: tuple[int, int, int]) -> Chain:
    steps, walkers, seed = run
    time = np.asarray(sampler.get_autocorr_time(tol=0, quiet=True), dtype=np.float64)
    longest = float(np.max(time)) if np.isfinite(time).all() else float("inf")
    burn = int(min(3 * longest, steps // 2))
    thin = int(max(1, min(longest / 2, (steps - burn) // 10)))
    u = sampler.get_chain(discard=burn, thin=thin, flat=True)
    acceptance = float(np.mean(sampler.acceptance_fraction))
    lasted = (steps - burn) / longest
    converged = lasted >= ENOUGH and 0.1 < acceptance < 0.9
    return Chain(
        fit=result,
        samples=again.objective.coords.to_values(again.objective.full(u)),
        message=_message(converged, lasted, longest, acceptance, burn),
        converged=converged,
        autocorrelation=time,
        acceptance=acceptance,
        steps=steps,
        walkers=walkers,
        burn=burn,
        thin=thin,
        seed=seed,
    )


def _message(converged: bool, lasted: float, longest: float, share: float, burn: int) -> str:
    told = (
        f"{lasted:.0f} autocorrelation times after {burn} steps of burn-in, {100 * share:.0f} % of "
        "steps accepted"
    )
    if converged:
        return f"converged: {told}"
    if np.isfinite(longest):
        # A short chain underestimates its autocorrelation time, so ask for more than it says
        needed = int(np.ceil(1.2 * (ENOUGH + 3) * longest / 1000) * 1000)
        return f"not converged: {told}; take steps={needed} or more"
    return f"not converged: {told}; the walkers do not move"
