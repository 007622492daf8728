"""Moves from one sum of peaks to the next: other shapes, fewer, merged and further peaks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.relaxation import responses, shapes
from eisfit.relaxation.descent import linearised
from eisfit.relaxation.mixture import Candidate, Target
from eisfit.relaxation.peaks import Peak

FloatArray = NDArray[np.float64]
LN10 = np.log(10.0)

FAMILIES = (shapes.ZARC, shapes.HAVRILIAK_NEGAMI, shapes.LOGNORMAL)
# Bent to whatever the others cannot follow.
FURTHER = (shapes.GENERAL, shapes.SPLIT, shapes.FROEHLICH, shapes.STUDENT)
# Of these the moments of a curve give all parameters.
_BENT = (shapes.HAVRILIAK_NEGAMI, *FURTHER)
# Area over the modulus, and valleys over the top, of a peak beyond doubt.
_LARGE = 0.1
_DEEP = 0.15
_NEIGHBOURS = 1.1 * LN10
# Least fall of the weighted sum of squares, in variances, for which a place is tried.
_WORTH = 7.0
_MOST_ADDED = 2
# Start of ln(b / (1 - b)) of a peak that may be skewed, b = 0.92, and the root of the ratio of its
# variance over ln tau plus pi^2 / 3 to the ZARC's.
_SKEW = 1.5
_SKEWED_VARIANCE = 1.084
_AROUND = np.linspace(-9.0, 9.0, 121)
# Half width of an even spread over its standard deviation, as a logarithm.
_EVEN = 0.5 * np.log(3.0)
# From this p of a ZARC on, and up to this p of a lognormal, a peak may be that of an RC.
_NEARLY_IDEAL, _NARROW = 2.5, -1.0


def start(
    target: Target, found: list[Peak], gamma: FloatArray, modulus: FloatArray, sizes: FloatArray
) -> list[Candidate]:
    """Return candidates from the peaks of a regularised gamma: those beyond doubt, more, all.

    A regularised gamma has ripples, and a search that begins with them seldom loses them.

    Parameters
    ----------
    target : what to fit
    found : K peaks of `gamma`
    gamma, modulus : (M,) arrays, ohm, on the problem's grid
    sizes : (T,) scaled sizes of the series terms
    """
    grid = target.problem.grid
    steps = np.array([p.position for p in found])
    places = np.log(grid.tau[0]) + grid.spacing * steps
    areas = np.array([max(float(p.area(gamma, grid.spacing)), 1e-12) for p in found])
    tops = np.array([gamma[p.start : p.stop].max() for p in found])
    width = np.clip(areas / (tops * np.sqrt(2.0 * np.pi)), 0.2, 1.5)
    share = areas / modulus[np.round(steps).astype(int)]
    walls = [max(gamma[p.start] * (p.start > 0), gamma[min(p.stop, len(gamma) - 1)]) for p in found]
    certain = (share > _LARGE) & (np.array(walls) < _DEEP * tops)
    rank = np.lexsort((-share, ~certain))
    first = []
    for count in range(max(int(certain.sum()), 1), len(found) + 1):
        part = rank[:count]
        for family in (shapes.ZARC, shapes.LOGNORMAL):
            theta = _shaped(family, np.log(areas[part]), places[part], width[part])
            first.append(Candidate(np.full(count, family), theta, sizes))
    return first


def _shaped(family: int, log_r: FloatArray, place: FloatArray, width: FloatArray) -> FloatArray:
    """Return parameters of peaks with about this maximum, area, and width of a Gaussian."""
    theta = np.zeros((len(log_r), 4))
    theta[:, 0], theta[:, 1] = log_r, place
    if family == shapes.DEBYE:
        return theta
    if family >= shapes.LOGNORMAL:
        theta[:, 2] = np.log(width)
        if family == shapes.SPLIT:
            theta[:, 3] = theta[:, 2]
        if family == shapes.GENERAL:
            theta[:, 2:] += [0.35, 0.7]
        if family == shapes.FROEHLICH:
            theta[:, 2] += _EVEN
        return theta
    # A ZARC's height over area is cot(pi (1 - a) / 2) / (2 pi).
    a = 1.0 - 2.0 / np.pi * np.arctan(width / np.sqrt(2.0 * np.pi))
    theta[:, 2] = np.log(a / (1.0 - a))
    if family == shapes.HAVRILIAK_NEGAMI:
        theta[:, 3] = 1.6
        theta[:, 1] -= 0.1
        theta[:, 2] += 0.2
    return theta


def swapped(candidate: Candidate, index: int, families: Iterable[int]) -> list[Candidate]:
    """Return the candidate with another shape for one peak, of the same place, area and width."""
    old, row = int(candidate.family[index]), candidate.theta[index]
    families = list(families)
    u, curve = row[1] + _AROUND, None
    found = []
    for family in families:
        theta, kinds = candidate.theta.copy(), candidate.family.copy()
        kinds[index] = family
        if old != family and max(old, family) < shapes.LOGNORMAL:
            theta[index, 1:] = _skewed(row) if family == shapes.HAVRILIAK_NEGAMI else _even(row)
        elif old != family:
            if curve is None:
                curve = np.exp(row[0]) * _outline(old, float(row[2]), float(row[3]))
            theta[index] = _like(family, u, curve)
            theta[index, 0] = row[0]
        found.append(Candidate(kinds, theta, candidate.series))
    return found


@lru_cache(maxsize=256)
def _outline(family: int, p: float, q: float) -> FloatArray:
    """Return gamma of a peak of 1 ohm all around its place; moves look at the same peaks often."""
    theta = np.array([[0.0, 0.0, p, q]])
    return readonly(shapes.gamma(np.array([family]), theta, _AROUND)[0])


def _skewed(zarc: FloatArray) -> FloatArray:
    """Return ln tau, p and q of a slightly skewed peak with the ZARC's mean and variance."""
    a = 1.0 / (1.0 + np.exp(-zarc[2]))
    a = min(a * _SKEWED_VARIANCE, 0.98)
    return np.array([zarc[1], np.log(a / (1.0 - a)), _SKEW])


def _even(skewed: FloatArray) -> FloatArray:
    """Return ln tau, p and q of the ZARC that a skewed peak would be without its skew."""
    a = 1.0 / (1.0 + np.exp(-skewed[2]))
    b = 1.0 / (1.0 + np.exp(-skewed[3]))
    a *= np.sqrt(b)
    return np.array([skewed[1], np.log(a / (1.0 - a)), 0.0])


def _like(family: int, u: FloatArray, curve: FloatArray) -> FloatArray:
    """Return (4,) parameters of a peak like the curve over the even grid `u`: by height or moments.

    The half second moments of a split bell about its maximum are the squares of its widths.
    """
    area = curve.sum()
    top = u[int(curve.argmax())]
    log_r = np.log([area * (u[1] - u[0])])
    if family not in _BENT:
        width = area * (u[1] - u[0]) / (curve.max() * np.sqrt(2.0 * np.pi))
        return _shaped(family, log_r, np.array([top]), np.array([_moderate(width)]))[0]
    if family == shapes.STUDENT:
        width = area * (u[1] - u[0]) / (curve.max() * np.sqrt(2.0 * np.pi)) * 0.9
        return np.array([log_r[0], top, np.log(_moderate(width)), 1.2])
    middle = float(curve @ u) / area
    deviation = float(np.sqrt(curve @ (u - middle) ** 2 / area))
    if family == shapes.HAVRILIAK_NEGAMI:
        third = float(curve @ (u - middle) ** 3 / area)
        return np.array([log_r[0], middle, *_exponents(deviation**2, third)])
    if family == shapes.SPLIT:
        sides = [
            np.sqrt(curve[s] @ (u[s] - top) ** 2 / curve[s].sum()) for s in (u <= top, u >= top)
        ]
        left, right = (float(np.log(_moderate(side))) for side in sides)
        return np.array([log_r[0], top, left, right])
    deviation = float(np.log(_moderate(deviation)))
    if family == shapes.FROEHLICH:
        return np.array([log_r[0], middle, deviation + _EVEN, 0.0])
    return np.array([log_r[0], middle, deviation + 0.5, 1.4])


def _moderate(width: float) -> float:
    """Return a width with which a fit may begin."""
    return min(max(float(width), 0.16), 2.0)


def _exponents(variance: float, third: float) -> tuple[float, float]:
    """Return p and q of the Havriliak-Negami peak with these central moments over ln tau.

    Its cumulants, from the Mellin transform: variance (psi'(1) + psi'(b)) / a^2 - pi^2 / 3, third
    (psi''(b) - psi''(1)) / a^3, psi being the digamma function. Towards long tau none is skewed.
    """
    q, skew, spread = _skews()
    sought = -third / (variance + np.pi**2 / 3.0) ** 1.5
    at = min(max(float(np.interp(sought, skew, q)), 0.0), _SKEW)
    a = np.sqrt(np.interp(-at, -q, spread) / (variance + np.pi**2 / 3.0))
    a = min(max(float(a), 0.3), 0.98)
    return float(np.log(a / (1.0 - a))), at


@lru_cache(maxsize=1)
def _skews() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return q, descending, and -third a^3 over spread^1.5 and spread = psi'(1) + psi'(b) there."""
    from scipy.special import polygamma

    q = np.linspace(5.0, -2.0, 71)
    b = 1.0 / (1.0 + np.exp(-q))
    spread = polygamma(1, 1.0) + polygamma(1, b)
    return (
        readonly(q),
        readonly((polygamma(2, 1.0) - polygamma(2, b)) / spread**1.5),
        readonly(spread),
    )


def narrow(candidate: Candidate, index: int) -> bool:
    """Return whether a peak may be that of an RC, all of gamma at one tau."""
    p = candidate.theta[index, 2]
    if candidate.family[index] == shapes.ZARC:
        return bool(p > _NEARLY_IDEAL)
    return bool(candidate.family[index] == shapes.LOGNORMAL and p < _NARROW)


def alike(candidate: Candidate, family: int) -> Candidate:
    """Return the candidate with this shape for every peak."""
    for k in np.flatnonzero(candidate.family != family):
        (candidate,) = swapped(candidate, int(k), (family,))
    return candidate


def without(candidate: Candidate, gone: list[int]) -> Candidate:
    """Return the candidate less some of its peaks."""
    keep = ~np.isin(np.arange(len(candidate)), gone)
    return Candidate(candidate.family[keep], candidate.theta[keep], candidate.series)


def merged(candidate: Candidate, families: tuple[int, ...]) -> list[Candidate]:
    """Return candidates in which two or three neighbours by tau are one.

    The skirts of a ZARC taken for a lognormal look like a small peak on either side: the one peak
    has the place and width of the largest, and the area of all. Halves of a plateau or of a skewed
    peak: it has the mean place and the width of all.
    """
    order = np.argsort(candidate.theta[:, 1])
    close = np.diff(candidate.theta[order, 1]) < _NEIGHBOURS
    found = []
    for size in (2, 3):
        for first in range(len(order) - size + 1):
            if not close[first : first + size - 1].all():
                continue
            run = order[first : first + size]
            log_areas = candidate.theta[run, 0]
            largest = int(run[log_areas.argmax()])
            gone = [int(k) for k in run if k != largest]
            u = candidate.theta[largest, 1] + _AROUND
            curve = shapes.gamma(candidate.family[run], candidate.theta[run], u).sum(axis=0)
            for family, one in zip(families, swapped(candidate, largest, families), strict=True):
                if family in _BENT:
                    one.theta[largest] = _like(family, u, curve)
                one.theta[largest, 0] = np.logaddexp.reduce(log_areas)
                found.append(without(one, gone))
    return found


def with_more(target: Target, candidate: Candidate) -> list[Candidate]:
    """Return candidates with a further peak where the residual asks most for one."""
    jacobian, residual = linearised(target, candidate)
    jacobian = jacobian[np.abs(jacobian).max(axis=1) > 0]
    q, _ = np.linalg.qr(jacobian.T)
    theta, columns = _trials(target.log_omega.tobytes(), target.bounds)
    theta, columns = theta.copy(), columns * target.inverse
    length = np.sqrt((columns**2).sum(axis=1))
    columns = columns - (columns @ q) @ q.T
    left = np.sqrt((columns**2).sum(axis=1)) + 1e-12 * length
    score = np.where(left > 1e-4 * length, columns @ residual / left, 0.0)
    variance = candidate.misfit / (len(target.data) - len(jacobian))
    worth = np.where(score > 0, score**2 / variance, 0.0)
    inner = (worth[1:-1] >= worth[:-2]) & (worth[1:-1] > worth[2:]) & (worth[1:-1] > _WORTH)
    tops = np.flatnonzero(inner) + 1
    tops = tops[np.argsort(-worth[tops])][:_MOST_ADDED]
    theta[:, 0] = np.log(np.maximum(score / left, 1e-12))
    return [
        Candidate(
            np.append(candidate.family, shapes.LOGNORMAL),
            np.vstack([candidate.theta, theta[i]]),
            candidate.series,
        )
        for i in tops
    ]


@lru_cache(maxsize=32)
def _trials(log_omega: bytes, bounds: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return parameters of narrow peaks all along ln tau, and their (P, 2N) responses."""
    places = np.arange(*bounds, 0.3)
    theta = _shaped(shapes.LOGNORMAL, np.zeros(len(places)), places, np.full(len(places), 0.35))
    family = np.full(len(places), shapes.LOGNORMAL)
    response = responses.evaluate(family, theta, np.frombuffer(log_omega))[:, 0]
    both = np.concatenate([response.real, response.imag], axis=1)
    return readonly(theta), readonly(both)
