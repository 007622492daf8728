"""Many spectra and what each stands for: sample, cell, aging time, state, temperature, cycle."""

from eisfit.series.manifest import is_manifest, is_meant_as_manifest
from eisfit.series.member import Failure, Member
from eisfit.series.series import Series

__all__ = ["Failure", "Member", "Series", "is_manifest", "is_meant_as_manifest"]
