"""Where results are written: names that are safe, and nothing in the place of anything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from eisfit.cli.inputs import Item, key, unused
from eisfit.errors import OutputError
from eisfit.io.paths import make_folder, safe_name

_LISTED = 5


@dataclass(frozen=True)
class Output:
    """What the user asked for."""

    folder: Path | None = None
    formats: tuple[str, ...] = ("png",)
    force: bool = False

    @classmethod
    def of(cls, folder: str | None, formats: Sequence[Enum] | None, force: bool) -> Output:
        """Return the output that the options describe."""
        chosen = tuple(dict.fromkeys(str(f.value) for f in formats or ())) or ("png",)
        return cls(None if folder is None else Path(folder), chosen, force)


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
        if self.output.force:
            return
        targets = [place / name for place in self.places for name in names]
        if self.together is not None:
            targets += [self.together / name for name in tables]
        there = [str(target) for target in targets if target.exists()]
        if there:
            more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
            raise OutputError(
                f"{', '.join(there[:_LISTED])}{more} exist already: give another --out, or --force "
                "to replace them"
            )

    def write(self, folder: Path, name: str, content: str | bytes) -> None:
        """Write one file, whole or not at all."""
        from eisfit.io.atomic import write_bytes_atomically

        make_folder(folder)
        data = content.encode("utf-8") if isinstance(content, str) else content
        self.written.append(write_bytes_atomically(folder / name, data, self.output.force))
