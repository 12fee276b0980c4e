"""A store of what was read, bounded by bytes: what was not looked at for longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Keeps values of which each says how big it is; the newest one always stays."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0

    def put(self, key: K, value: V, size_bytes: int) -> None:
        self.drop(key)
        self._values[key] = value, size_bytes
        self._bytes += size_bytes
        while self._bytes > self._budget_bytes and len(self._values) > 1:
            _, (_, gone) = self._values.popitem(last=False)
            self._bytes -= gone

    def get(self, key: K) -> V | None:
        """The value, which counts as looked at now."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def drop(self, key: K) -> None:
        """Forget one; one that is not there is no error."""
        if key in self._values:
            self._bytes -= self._values.pop(key)[1]

    def clear(self) -> None:
        self._values.clear()
        self._bytes = 0

    def __contains__(self, key: K) -> bool:
        return key in self._values

    @property
    def size_bytes(self) -> int:
        return self._bytes
