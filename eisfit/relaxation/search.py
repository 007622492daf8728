"""Which peaks, of which shapes: a search that swaps, prunes, adds and merges by evidence."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eisfit.relaxation.descent import Batch
from eisfit.relaxation.mixture import SAME, Candidate, Target
from eisfit.relaxation.moves import (
    FAMILIES,
    FURTHER,
    LN10,
    alike,
    merged,
    narrow,
    swapped,
    with_more,
    without,
)
from eisfit.relaxation.shapes import DEBYE, HAVRILIAK_NEGAMI

FloatArray = NDArray[np.float64]

# Twice the log evidence that a move must gain to be taken, and within which a candidate still has
# a share in the average.
GAIN = 0.5
# And what it must have gained for another look around.
_WORTH = 3.0
_RELEVANT = 6.0
# What a candidate may still gain by being fitted to the end.
_UNFINISHED = 5.0
_ROUNDS = 6
_STEPS = 6
# Fall of the cost in one step below which a candidate is near enough to be compared.
_ROUGHLY = 0.5
_FINELY = 0.01
_MOST_KEPT = 12
# How much longer candidates that were still falling are fitted on.
_PATIENCE = 2
_MOST_PEAKS = 12
# Of the variance that a regularised curve leaves: with more, the shapes are wrong; with much more,
# the search has lost its way.
_POOR = 1.02
_BAD = 1.1
# And so near after the last steps, the same optimum.
_EQUAL = 0.02 * LN10
_CLOSEST = 0.3 * LN10
# Shares of a candidate's distance from the best that a step must gain or promise for it to be
# fitted on: of one among many, of a first one, of one that may need time; and what a new start asks
# of these.
_SWIFT, _STEADY, _SLOW, _LENIENT = 0.25, 0.1, 0.07, 0.05
_TOO_CLOSE = 100.0
# A peak of which ln R is known better than this is not worth trying without.
_DOUBTFUL = 0.12


def search(target: Target, first: list[Candidate], variance: float) -> list[Candidate]:
    """Return the best candidate and those near it, best first.

    Each round tries every move from the best so far, all fitted at once; swaps that gain on their
    own are then tried together, as peaks a decade apart hardly feel each other.

    Parameters
    ----------
    target : what to fit
    first : candidates to begin with, as from `start`
    variance : what a curve of any shape leaves a datum; shapes further off are tried for more
    """
    hunt = _Hunt(target, variance)
    hunt.fit(first)
    most = len(hunt.best)
    hunt.suit_counts(range(most - 1, most + 1))
    hunt.go_on()
    if hunt.lack() > _BAD:
        hunt.start_again()
        hunt.suit_counts(range(_MOST_PEAKS))
        hunt.go_on()
    for _ in range(_ROUNDS):
        if not hunt.look_around():
            break
        hunt.go_on()
    return hunt.near_best()


class _Hunt:
    """What was tried, and what came of it."""

    def __init__(self, target: Target, variance: float) -> None:
        self.target, self.variance = target, variance
        self.steps, self.pace = _STEPS, 1.0
        self.tried: dict[tuple[object, ...], Candidate] = {}
        self.swapped: set[tuple[int, int, int]] = set()

    @property
    def best(self) -> Candidate:
        return min(self.tried.values(), key=lambda c: c.score)

    def lack(self) -> float:
        """Return the best candidate's variance over that of a curve of any shape."""
        best = self.best
        left = max(len(self.target.data) - float(best.free.sum()), 1.0)
        return best.misfit / left / max(self.variance, np.finfo(float).tiny)

    def start_again(self) -> None:
        """Keep the best of every number of peaks, and fit what follows with more patience."""
        self.steps, self.pace = 4 * _STEPS, _LENIENT
        self.swapped.clear()
        self.tried = {c.signature: c for c in self.by_count().values()}

    def by_count(self) -> dict[int, Candidate]:
        """Return the best candidate of every number of peaks."""
        return {len(candidate): candidate for candidate in self.ranked()}

    def unfinished(self) -> dict[int, Candidate]:
        """Return the best candidate of every number of peaks whose fit was stopped early."""
        return {len(candidate): candidate for candidate in self.ranked() if not candidate.resting}

    def settled(self, candidate: Candidate) -> bool:
        """Return whether a candidate was tried, and fitted to the end."""
        done = self.tried.get(candidate.signature)
        return done is not None and done.resting

    def ranked(self) -> list[Candidate]:
        """Return all candidates, the best last."""
        return sorted(self.tried.values(), key=lambda c: -c.score)

    def go_on(self) -> None:
        """Try moves until none gains."""
        for _ in range(_ROUNDS):
            before = self.best.score
            self.try_together(self.moves())
            if self.best.score > before - GAIN:
                break

    def fit(
        self,
        candidates: list[Candidate],
        bar: float = np.inf,
        pace: float | FloatArray = _STEADY,
    ) -> list[Candidate]:
        """Fit candidates, give up those that approach `bar` too slowly, remember and return all."""
        batch = Batch(self.target, candidates)
        batch.descend(self.steps, bar, _ROUGHLY, self.pace * pace)
        done = batch.candidates()
        for before, after in zip(candidates, done, strict=True):
            # Closer peaks are one: kept only as a place to merge from.
            judged = after if _allowed(after) else replace(after, score=after.score + _TOO_CLOSE)
            self.tried[before.signature] = judged
            self.tried.setdefault(after.signature, judged)
        return done

    def suit_counts(self, counts: range) -> None:
        """Swap the shapes of the best candidates with these numbers of peaks.

        Before its shapes are right, a sum of few peaks fits worse than one of more wrong ones.
        """
        by_count = {n: c for n, c in self.by_count().items() if n in counts}
        swaps = {count: self.swaps(best, FAMILIES) for count, best in by_count.items()}
        everything = [c for some in swaps.values() for c in some]
        done = iter(self.fit(everything) if everything else [])
        joint = [_together(by_count[n], [next(done) for _ in some]) for n, some in swaps.items()]
        new = [c for c in joint if c is not None and c.signature not in self.tried]
        if new:
            self.fit(new)

    def try_together(self, moves: list[Candidate]) -> None:
        """Fit what was not tried yet, then the swaps that gained, all at once."""
        best = self.best
        moves = [m for m in moves if m.signature not in self.tried]
        if moves:
            together = _together(best, self.fit(moves, best.cost, _SWIFT))
            if together is not None and together.signature not in self.tried:
                self.fit([together], best.cost, _SWIFT)

    def swaps(self, candidate: Candidate, families: tuple[int, ...]) -> list[Candidate]:
        """Return the candidate with one peak of another shape, for all not swapped so before.

        Which shape a peak has hardly depends on those of the others.
        """
        out = []
        for k in range(len(candidate)):
            place = round(candidate.theta[k, 1] / SAME)
            self.swapped.add((len(candidate), int(candidate.family[k]), place))
            kinds = (*families, DEBYE) if narrow(candidate, k) else families
            new = [f for f in kinds if (len(candidate), f, place) not in self.swapped]
            self.swapped.update((len(candidate), family, place) for family in new)
            out += swapped(candidate, k, new)
        return out

    def moves(self) -> list[Candidate]:
        """Return the candidates one move away from the best.

        Shapes that bend stand in for close peaks, which may be the halves of one, and for any where
        the fit is poor.
        """
        best = self.best
        bent = self.lack() > _POOR or np.isin(best.family, FURTHER).any()
        kinds = (*FAMILIES, *FURTHER) if bent else FAMILIES
        moves = self.swaps(best, kinds)
        if len(best) > 1:
            # Of terms that are nearly parallel, rounding may leave a variance below zero
            variance = np.diagonal(best.covariance)[len(best.series) :: 4]
            deviation = np.sqrt(np.maximum(variance, 0.0))
            moves += [without(best, [int(k)]) for k in np.flatnonzero(deviation > _DOUBTFUL)]
            moves += merged(best, (*FAMILIES, *FURTHER))
        if bent and len(best) > 1:
            moves += [alike(best, family) for family in FURTHER]
        return moves + with_more(self.target, best)

    def look_around(self) -> bool:
        """Fit to the end what the average should hold, and return whether any beats the best.

        Other shapes for one peak, and for all; and what was judged too soon: until all peaks that
        are skewed, or bent, are so, more peaks of other shapes fit better.
        """
        best = self.best
        poor, bent = self.lack() > _POOR, np.isin(best.family, FURTHER).any()
        counts = range(1 if poor else len(best) - 1, len(best) + 1)
        last = [c for n, c in self.by_count().items() if n in counts]
        patient = [c for n, c in self.unfinished().items() if n in counts]
        slow = (HAVRILIAK_NEGAMI, *FURTHER) if poor else (HAVRILIAK_NEGAMI,)
        uniform = [alike(c, kind) for c in last for kind in slow]
        patient += [c for c in uniform if not self.settled(c)]
        kinds = (*FAMILIES, *FURTHER) if bent else FAMILIES
        self.swapped.clear()
        around = self.swaps(best, kinds)
        if len(best) > 1:
            others = [kind for kind in kinds if kind not in slow and (best.family != kind).any()]
            around += [alike(best, kind) for kind in others]
        slowly = {c.signature: c for c in patient}
        once = {c.signature: c for c in around if not self.settled(c)} | slowly
        pace = np.array([_SLOW if key in slowly else _SWIFT for key in once])
        self.steps, steps = _PATIENCE * _STEPS, self.steps
        done = self.fit([*once.values()], best.cost, pace) if once else []
        together = _together(best, done)
        if together is not None:
            self.fit([together], best.cost, _SWIFT)
        self.steps = steps
        return self.best.score < best.score - _WORTH

    def near_best(self) -> list[Candidate]:
        """Return the best and those that evidence does not part from it, fitted to the end."""
        ranked = sorted({id(c): c for c in self.tried.values()}.values(), key=lambda c: c.score)
        limit = ranked[0].score + _RELEVANT + _UNFINISHED
        batch = Batch(self.target, [c for c in ranked if c.score < limit][:_MOST_KEPT])
        batch.descend(2 * _STEPS, tolerance=_FINELY)
        kept: list[Candidate] = []
        for candidate in sorted(batch.candidates(), key=lambda c: c.score):
            if not any(_same(candidate, other) for other in kept):
                kept.append(candidate)
        return kept


def _allowed(candidate: Candidate) -> bool:
    places = np.sort(candidate.theta[:, 1])
    return all(b - a >= _CLOSEST for a, b in pairwise(places))


def _same(a: Candidate, b: Candidate) -> bool:
    """Return whether two candidates are one optimum: the same families at the same places."""
    first, second = np.argsort(a.theta[:, 1]), np.argsort(b.theta[:, 1])
    if not np.array_equal(a.family[first], b.family[second]):
        return False
    return bool(np.allclose(a.theta[first, 1], b.theta[second, 1], atol=_EQUAL))


def _together(best: Candidate, done: list[Candidate]) -> Candidate | None:
    """Return the best candidate with every swap that gained on its own, if there are several."""
    gains: dict[int, Candidate] = {}
    for other in done:
        if len(other) != len(best):
            continue
        changed = np.flatnonzero(other.family != best.family)
        if len(changed) == 1 and other.score < best.score - 0.1:
            k = int(changed[0])
            if k not in gains or other.score < gains[k].score:
                gains[k] = other
    if len(gains) < 2:
        return None
    theta, family = best.theta.copy(), best.family.copy()
    for k, other in gains.items():
        theta[k], family[k] = other.theta[k], other.family[k]
    return Candidate(family, theta, best.series)
