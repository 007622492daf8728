"""Spectra along a track: arcs and peaks that keep their names."""

from eisfit.tracking.chain import Track, track
from eisfit.tracking.fits import TrackedFits, track_fits

__all__ = ["Track", "TrackedFits", "track", "track_fits"]
