"""Colours of roles, marks of samples, and the key above the axes that explains them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from eisfit.plots import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

Entries = Sequence[tuple["Artist", str]]

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip
# Of Tol's muted and light schemes, for samples after those
_FURTHER = (
    *style.SPARE, "#44AA99", "#DDCC77", "#661100", "#BBBBBB", "#EE8866", "#BBCC33", "#AA4499",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":")
_OF_ROLES = {
    "bulk": "#444444", "series": "#999999", "grain_boundary": "#0072B2",
    "interfacial": "#D55E00", "sei": "#D55E00", "charge_transfer": "#009E73",
    "low_frequency": "#CC79A7", "diffusion": "#56B4E9", "junction": "#E69F00",
}  # fmt: skip
_ENTRY_PT = 22.0  # of a key: the mark and the gaps
_LETTER = 0.56  # width of a letter over its height
_ROW_PT = 1.3 * style.SMALL_PT
_OUTSIDE = "eisfit-outside"  # tells a key above the axes from one on them
_LONGEST = 34  # letters of a name in a key


def of_roles(roles: Sequence[str]) -> dict[str, str]:
    """Return a colour for each role, the same in every plot where the role is a usual one."""
    taken = {_OF_ROLES[role] for role in roles if role in _OF_ROLES}
    free = [colour for colour in (*COLOURS, *style.SPARE) if colour not in taken]
    further = [role for role in roles if role not in _OF_ROLES]
    found = {role: free[i % len(free)] for i, role in enumerate(further)}
    return {role: _OF_ROLES.get(role) or found[role] for role in roles}


def of_samples(samples: Sequence[str]) -> dict[str, str]:
    """Return a colour for each sample."""
    colours = (*COLOURS, *_FURTHER)
    return {sample: colours[i % len(colours)] for i, sample in enumerate(samples)}


def in_order(names: Iterable[Any]) -> list[str]:
    """Return each name once, as text, in the order they come."""
    return list(dict.fromkeys("" if name is None else str(name) for name in names))


def readable(role: str) -> str:
    """Return a role as people write it: `grain boundary`, `R_ct_total`."""
    return role if role.startswith("R_") else role.replace("_", " ")


def above(ax: Axes, groups: Sequence[Entries], grow: bool = False, lift_pt: float = 0.0) -> float:
    """Put the key above the axes, where it covers nothing; return how many lines it has.

    Parameters
    ----------
    groups : sequence of sequences of (artist, text)
        Each has columns of its own width; the first stands on top.
    grow : bool
        Whether the figure grows by the height of the key.
    lift_pt : float
        Height of what stands between axes and key.
    """
    from matplotlib.transforms import ScaledTranslation

    figure: Any = ax.figure
    blocks = [_Block.of(ax, group) for group in groups if group]
    lines = 0.0
    for block in reversed(blocks):
        shift = ScaledTranslation(0.0, (lift_pt + lines * _ROW_PT) / 72.0, figure.dpi_scale_trans)
        before = ax.get_legend()
        style.legend(
            ax, block.entries, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=block.columns,
            bbox_transform=ax.transAxes + shift, frameon=False, borderpad=0.1,
        )  # fmt: skip
        made = ax.get_legend()
        if made is not None:
            made.set_gid(_OUTSIDE)
        if before is not None:
            ax.add_artist(before)
        lines += block.lines
    if grow and blocks:
        figure.set_figheight(figure.get_figheight() + (lines + 0.5) * _ROW_PT / 72.0)
    return lines


def of_role(role: str, what: str) -> str:
    """Return a name of an axis with the role in it: `Interfacial resistance (kΩ)`."""
    said = readable(role)
    if role.startswith("R_"):
        return f"{said} {what.removeprefix('Resistance ')}"
    return f"{said[:1].upper()}{said[1:]} {what[:1].lower()}{what[1:]}"


class _Block(NamedTuple):
    """Entries of a key in columns of one width."""

    entries: list[tuple[Artist, str]]
    columns: int
    lines: int

    @classmethod
    def of(cls, ax: Axes, entries: Entries) -> _Block:
        named = [(artist, style.wrapped(text, _LONGEST, 2)) for artist, text in entries]
        width_pt = ax.get_window_extent().width / ax.figure.dpi * 72.0
        longest = max(len(line) for _, text in named for line in text.split("\n"))
        most = int(width_pt // (longest * _LETTER * style.SMALL_PT + _ENTRY_PT))
        rows = -(-len(named) // min(max(most, 1), len(named)))
        heights = [text.count("\n") + 1 for _, text in named]
        columns = -(-len(named) // rows)
        tallest = max(sum(heights[i : i + rows]) for i in range(0, len(named), rows))
        return cls(named, columns, tallest)


def is_above(legend: Legend) -> bool:
    """Whether a key stands above its axes."""
    return bool(legend.get_gid() == _OUTSIDE)
