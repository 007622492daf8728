"""What makes results immutable: read-only arrays and a mapping that cannot change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

K = TypeVar("K")
V = TypeVar("V")


def readonly(values: ArrayLike, dtype: Any = None) -> NDArray[Any]:
    """Return a read-only copy of `values`; the caller's own array stays writable."""
    array = np.array(values, dtype=dtype, copy=True)
    array.flags.writeable = False
    return array


class FrozenArrays:
    """Keeps a dataclass's arrays read-only when it comes out of another process."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)


class FrozenDict(Mapping[K, V]):
    """A mapping that cannot change, keeps its order, and travels between processes."""

    __slots__ = ("_items",)
    _items: dict[K, V]

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        object.__setattr__(self, "_items", dict(items or {}))

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("FrozenDict cannot be changed; make a dict(...) of it first")

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self._items),))
