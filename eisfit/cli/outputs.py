"""Where results are written: names that are safe, and nothing in the place of anything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eisfit.cli.groups import Output
from eisfit.cli.inputs import Item
from eisfit.errors import OutputError
from eisfit.io.paths import key, make_folder, refuse_existing, safe_name, unused


@dataclass(frozen=True)
class Plan:
    """Which file goes where.

    One spectrum of one file lies directly in the folder. Of several, each has a folder of its own
    in it, beside tables that hold the rows of all.
    """

    output: Output
    places: tuple[Path, ...] = ()
    together: Path | None = None
    written: list[Path] = field(default_factory=list)

    @classmethod
    def of(cls, output: Output, items: Sequence[Item], several: bool, tables: set[str]) -> Plan:
        """Return the plan; `tables` are names that the folders of spectra must not have."""
        top = output.folder
        if top is None:
            return cls(output)
        if not several:
            return cls(output, (top,))
        taken = {key(name) for name in tables}
        places = []
        for item in items:
            stem = safe_name(item.spectrum.label)
            name = unused(f"{stem}_sweep{item.sweep}" if item.of_several else stem, taken)
            taken.add(key(name))
            places.append(top / name)
        return cls(output, tuple(places), top)

    def check(self, names: Iterable[str], tables: Iterable[str]) -> None:
        """Refuse to begin where files exist already, unless forced.

        Raises
        ------
        OutputError
            If a file exists and is not to be replaced, or a folder's name is that of a file; the
            message lists them.
        """
        for folder in {*self.places, self.together} - {None}:
            for part in (folder, *folder.parents) if folder is not None else ():
                if part.exists() and not part.is_dir():
                    raise OutputError(f"{part} is a file, not a folder: give another --out")
        targets = [place / name for place in self.places for name in names]
        if self.together is not None:
            targets += [self.together / name for name in tables]
        refuse_existing(targets, self.output.force)

    def write(self, folder: Path, name: str, content: str | bytes) -> None:
        """Write one file, whole or not at all."""
        from eisfit.io.atomic import write_bytes_atomically

        make_folder(folder)
        data = content.encode("utf-8") if isinstance(content, str) else content
        self.written.append(write_bytes_atomically(folder / name, data, self.output.force))
