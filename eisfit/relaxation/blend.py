"""Two curves made one: a sum of peaks, and the regularised gamma that assumes no shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation.mixture import Target
from eisfit.relaxation.moves import start
from eisfit.relaxation.peaks import Peak
from eisfit.relaxation.posterior import Posterior
from eisfit.relaxation.problem import Problem
from eisfit.relaxation.search import search
from eisfit.relaxation.solve import Regularised
from eisfit.relaxation.stability import stability

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

# Gamma is shown this many times finer than it is solved for: narrow peaks need it.
FINER = 2
# Share of the peaks where they fit as well as the regularised curve. The rest tempers shapes that
# the data cannot tell apart.
_SHARE = 0.95
# Ratio of the variances that the peaks and the regularised curve leave: from here on the peaks'
# share falls, by e where the ratio grows by an eighth. (Measured: 1.06 is the 95th percentile where
# the shapes are right, the 75th where they are not.)
_AS_GOOD = 1.0
_FALL = 6.0
# With a larger one, the peaks of the result are those of the regularised curve.
_WORST = 1.6


@dataclass(frozen=True, eq=False)
class Blend:
    """Peaks and regularised curve of one problem, and the share of the peaks.

    `lack` is the ratio of the variances that the two leave, `posterior` None where no peak was
    found.
    """

    problem: Problem
    solved: Regularised
    posterior: Posterior | None
    share: float
    lack: float

    @property
    def trusted(self) -> bool:
        """Whether the fitted peaks are those of the result."""
        return self.posterior is not None and self.lack < _WORST

    @property
    def log_tau(self) -> FloatArray:
        """(M',) ln tau of the finer grid."""
        tau = self.problem.grid.tau
        return np.linspace(np.log(tau[0]), np.log(tau[-1]), (len(tau) - 1) * FINER + 1)

    @property
    def regularised(self) -> FloatArray:
        """(M',) regularised gamma in ohm on the finer grid."""
        return self.on_finer(self.solved.solution.x)

    def on_finer(self, x: FloatArray) -> FloatArray:
        """Return (..., M') gamma on the finer grid for (..., T + M) scaled unknowns."""
        grid, problem = self.problem.grid, self.problem
        return (x * problem.unit)[..., problem.n_terms :] @ grid.between(FINER).T

    def sizes(self) -> FloatArray:
        """Return the (T,) sizes of the series terms in SI units."""
        own = self.problem.sizes(self.solved.solution.x)
        if self.posterior is None:
            return own
        peaks = self.posterior.series() * self.problem.unit[: self.problem.n_terms]
        return self.share * peaks + (1.0 - self.share) * own

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Return the (N,) impedance in ohm at `omega`."""
        own = self.problem.impedance(omega, self.solved.solution.x)
        if self.posterior is None:
            return own
        series = self.posterior.series() * self.problem.unit[: self.problem.n_terms]
        peaks = self.problem.terms.impedance(omega) @ series + self.posterior.impedance(omega)
        return self.share * peaks + (1.0 - self.share) * own

    def reason(self) -> str:
        """Return in words which share each curve has, and why."""
        if self.posterior is None:
            return "No peak was found to fit a shape to: gamma is the regularised curve."
        comparison = (
            f"a sum of {len(self.posterior.best)} peaks leaves {self.lack:.3g} times the variance "
            "that the regularised curve leaves"
        )
        if not self.trusted:
            return (
                f"Gamma is to {1 - self.share:.0%} the regularised curve, as are the peaks: "
                f"{comparison}."
            )
        return f"Gamma is to {self.share:.0%} that of fitted peaks: {comparison}."


def blend(
    problem: Problem,
    target: Target,
    solved: Regularised,
    found: list[Peak],
    modulus: FloatArray,
) -> Blend:
    """Fit peaks to the data, started from the regularised gamma's, and weigh the two curves.

    Parameters
    ----------
    problem, target : the same data, for either curve
    solved : the regularised solution
    found : the peaks of its gamma
    modulus : (M,) array, |Z| in ohm at omega = 1/tau
    """
    if not found:
        return Blend(problem, solved, None, 0.0, np.inf)
    x = solved.solution.x
    first = start(target, found, problem.gamma(x), modulus, x[: problem.n_terms])
    count = len(problem.target)
    ranked = search(target, first, solved.variance)
    posterior = Posterior.of(ranked, count, stability(target, ranked[0]))
    best = posterior.best
    if not len(best):
        return Blend(problem, solved, None, 0.0, np.inf)
    variance = best.misfit / max(count - float(best.free.sum()), 1.0)
    lack = variance / max(solved.variance, np.finfo(float).tiny)
    share = _SHARE * float(np.exp(-_FALL * max(lack - _AS_GOOD, 0.0)))
    return Blend(problem, solved, posterior, share, float(lack))
