"""A series through the whole chain, and what the comparison of its members says."""

from eisfit.comparison.comparison import Comparison
from eisfit.comparison.run import compare_series

__all__ = ["Comparison", "compare_series"]
