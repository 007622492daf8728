"""How far a batch is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """How far a batch is; counts are of this run unless they say `earlier`.

    Attributes
    ----------
    files, files_done, files_failed, files_earlier : int
        How many there are in all; done now, failed ones among them; done by earlier runs.
    spectra, spectra_failed : int
        Done now, and how many of them lack something that was asked for.
    bytes, bytes_done : int
        Of the files that this run has to do.
    seconds : float
        Since the work began.
    files_failed_earlier, spectra_failed_earlier : int
        Among what earlier runs did, and this one leaves as it is.
    """

    files: int
    files_earlier: int
    bytes: int
    files_done: int = 0
    files_failed: int = 0
    spectra: int = 0
    spectra_failed: int = 0
    bytes_done: int = 0
    seconds: float = 0.0
    files_failed_earlier: int = 0
    spectra_failed_earlier: int = 0

    @property
    def rate(self) -> float:
        """Spectra a second."""
        return self.spectra / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining_s(self) -> float:
        """Seconds still to go, by the share of bytes that is done; infinite at the beginning."""
        if not self.bytes_done:
            return float("inf") if self.bytes else 0.0
        return self.seconds * (self.bytes - self.bytes_done) / self.bytes_done


@dataclass(frozen=True)
class BatchResult:
    """How a batch ended.

    Attributes
    ----------
    folder : Path
        The data set.
    progress : Progress
    stopped : bool
        Whether it was asked to stop before its end; the same call goes on where it was.
    failures : tuple of (file, reason)
        The first hundred files that failed, in earlier runs and then in this one; the ledger has
        all.
    notes : tuple of str
    """

    folder: Path
    progress: Progress
    stopped: bool = False
    failures: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        p = self.progress
        return (
            f"<BatchResult {str(self.folder)!r}: {p.spectra} spectra of {p.files_done} files in "
            f"{p.seconds:.1f} s, {p.files_failed} files failed, {p.files_earlier} done earlier, "
            f"{p.files_failed_earlier} of them failed"
            f"{', stopped' if self.stopped else ''}>"
        )
