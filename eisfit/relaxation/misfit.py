"""What a DRT leaves of the data beside noise, and what that does to its peaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eisfit.frozen import readonly
from eisfit.spectrum import ComplexArray, FloatArray

BoolArray = NDArray[np.bool_]

# Width in decades over which residuals are compared with their neighbours.
_SMOOTH = 0.5
# Correlation of neighbours from which residuals have a pattern. (Measured: none of 100 spectra that
# were followed reached 0.3, loops of a fiftieth of the polarisation 0.9.)
_ALIKE = 0.6
_FEWEST = 12
# A peak is doubted for what is left within a decade of it; its resistance may be wrong by several
# times that. (Measured: 1.5 to 6 times, of arcs beside inductive loops.)
_REACH = 1.0
_TIMES = 5.0
# Share of R from which on that leaves no number.
_UNDETERMINED = 0.4
# Of the modulus: less is not worth a word.
WORTH_SAYING = 0.003
# Part of the largest misfit that bounds its place.
_PLACE = 0.4
_END = 0.25


@dataclass(frozen=True, eq=False)
class Misfit:
    """Residuals that have a pattern: (N,) `size` relative to the modulus, zero where it is noise.

    `frequency` is (N,) in Hz from high to low, `impedance` (N,) that was measured, in ohm.
    """

    frequency: FloatArray
    impedance: ComplexArray
    size: FloatArray

    @classmethod
    def of(cls, frequency: FloatArray, impedance: ComplexArray, residuals: ComplexArray) -> Misfit:
        """Find it by the covariance of neighbours, which noise does not have.

        Parameters
        ----------
        frequency, impedance, residuals : (N,) arrays, Hz, ohm, relative to the modulus
            The points that count fully.
        """
        if len(frequency) < _FEWEST:
            return cls(frequency, impedance, np.zeros(len(frequency)))
        between, near = _weights(frequency.tobytes())
        alike = between @ np.real(residuals[1:] * np.conj(residuals[:-1])) / 2.0
        whole = near @ np.abs(residuals) ** 2 / 2.0
        size = np.sqrt(np.where(alike > _ALIKE * whole, alike, 0.0))
        return cls(frequency, impedance, size)

    @property
    def largest(self) -> float:
        """The largest, relative to the modulus."""
        return float(self.size.max(initial=0.0))

    def doubted(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of a peak with intervals widened by what is left near it.

        Where that is a large part of its resistance, its status is "not determined".
        """
        out = dict(row)
        away = np.log10(self.frequency * 2.0 * np.pi * row["tau_s"])
        near = self.size[np.abs(away) < _REACH] * np.abs(self.impedance[np.abs(away) < _REACH])
        by = _TIMES * float(near.max(initial=0.0))
        if by == 0.0:
            return out
        resistance = row["resistance_ohm"]
        least = 0.0 if resistance > 0.0 else -np.inf
        out["lower_ohm"] = resistance - np.hypot(resistance - row["lower_ohm"], by)
        out["lower_ohm"] = float(max(out["lower_ohm"], least))
        out["upper_ohm"] = float(resistance + np.hypot(row["upper_ohm"] - resistance, by))
        if resistance < 0.0:
            out["upper_ohm"] = min(out["upper_ohm"], 0.0)
        factor = by / abs(resistance)
        early, late = (np.log(row[key] / row["tau_s"]) for key in ("tau_lower_s", "tau_upper_s"))
        out["tau_lower_s"] = float(row["tau_s"] * np.exp(-np.hypot(early, min(factor, 3.0))))
        out["tau_upper_s"] = float(row["tau_s"] * np.exp(np.hypot(late, min(factor, 3.0))))
        if factor > _UNDETERMINED and row["status"] in ("ok", "unresolved"):
            out["status"] = "not determined"
        return out

    def sentences(self, signed: bool) -> list[str]:
        """Return where the curve does not follow the data, and what does that.

        Parameters
        ----------
        signed : whether gamma may be negative
        """
        if self.largest < WORTH_SAYING:
            return []
        off = np.flatnonzero(self.size > max(_PLACE * self.largest, WORTH_SAYING))
        said = []
        for run in np.split(off, np.flatnonzero(np.diff(off) > 1) + 1):
            said.append(self._sentence(run, signed))
        return said

    def _sentence(self, run: NDArray[np.int64], signed: bool) -> str:
        low, high = float(self.frequency[run[-1]]), float(self.frequency[run[0]])
        last = len(self.frequency) - 1
        at_low, at_high = run[-1] > (1.0 - _END) * last, run[0] < _END * last
        if at_low and at_high:
            where = "over most of the range"
        elif at_low:
            where = f"below {high:.2g} Hz"
        elif at_high:
            where = f"above {low:.2g} Hz"
        else:
            where = f"between {low:.2g} and {high:.2g} Hz"
        left = float(self.size[run].max())
        start = f"Gamma does not follow the data {where}, where it leaves up to {left:.2%} of the "
        if at_low and self._loops(run) and not signed:
            return (
                f"{start}modulus: an inductive loop, which gamma >= 0 cannot follow; use "
                "`signed=True`. (Drift looks alike: see the Kramers-Kronig test.)"
            )
        if at_high and self._rises(run):
            return (
                f"{start}modulus: the real part rises with frequency there, as of a coil or a "
                "cable, and more than an inductance in series can; leave these frequencies out, or "
                "correct the cable."
            )
        return (
            f"{start}modulus, with a pattern: data that break the Kramers-Kronig relations, or "
            "another element than relaxations and what stands in series to them."
        )

    def _loops(self, run: NDArray[np.int64]) -> bool:
        """Whether the real part falls towards low frequency, or the imaginary part is positive.

        No sum of relaxations of positive resistance does either.
        """
        least = self.size[run].max() * np.abs(self.impedance[run]).max()
        end = self.impedance[run[0] :]
        falls = float(np.maximum.accumulate(end.real)[-1] - end.real[-1]) > least
        return bool(falls or (end.imag > 0.5 * least).sum() >= 2)

    def _rises(self, run: NDArray[np.int64]) -> bool:
        """Whether the real part rises towards high frequency."""
        least = self.size[run].max() * np.abs(self.impedance[run]).min()
        end = self.impedance[: run[-1] + 1].real
        return float(end[0] - end.min()) > least


@lru_cache(maxsize=8)
def _weights(frequencies: bytes) -> tuple[FloatArray, FloatArray]:
    """Return (N, N - 1) and (N, N) weights of means over what lies between points, and over them.

    Spectra of one grid share them.
    """
    place = np.log10(np.frombuffer(frequencies))
    out = []
    for at in ((place[1:] + place[:-1]) / 2.0, place):
        near = np.exp(-0.5 * ((place[:, None] - at) / _SMOOTH) ** 2)
        out.append(readonly(near / near.sum(axis=1, keepdims=True)))
    return out[0], out[1]
