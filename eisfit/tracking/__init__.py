"""Spectra along a track: arcs and peaks that keep their names."""

from eisfit.tracking.chain import Track, track
from eisfit.tracking.fits import TrackedFits, track_fits
from eisfit.tracking.joint import Sharing, fit_jointly, shared_names

__all__ = [
    "Sharing", "Track", "TrackedFits", "fit_jointly", "shared_names", "track", "track_fits",
]  # fmt: skip
