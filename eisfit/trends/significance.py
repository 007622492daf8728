"""When a ratio, of samples or of times, differs from one beyond its error."""

from __future__ import annotations


class Significance:
    """What follows from the interval of a ratio and its p-value after correction.

    For dataclasses with the fields `lower`, `upper`, `p_corrected` and `level`.
    """

    lower: float
    upper: float
    p_corrected: float
    level: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 1."""
        return bool(self.lower > 1.0 or self.upper < 1.0)

    @property
    def significant_corrected(self) -> bool:
        """Whether it also does after the correction for many comparisons."""
        return self.significant and not self.p_corrected >= 1.0 - self.level
