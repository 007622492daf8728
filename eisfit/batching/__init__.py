"""Many spectra on any executor, and many files into one data set that survives whatever happens."""

from eisfit.batching.mapping import map_chunks, map_each

__all__ = ["map_chunks", "map_each"]
