"""Distribution of relaxation times."""

from eisfit.relaxation.drt import drt_spectrum
from eisfit.relaxation.result import DRTResult

__all__ = ["DRTResult", "drt_spectrum"]
