"""A bounded sample of a series of any length, spread evenly over it."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Thinned(Generic[T]):
    """Keeps every n-th of what it is given; n doubles whenever ``capacity`` is reached."""

    def __init__(self, capacity: int) -> None:
        if capacity < 2:
            raise ValueError("a sample needs room for two")
        self._capacity = capacity
        self._stride = 1
        self._seen = 0
        self._kept: list[T] = []

    def add(self, item: T) -> None:
        if self._seen % self._stride == 0:
            if len(self._kept) == self._capacity:
                self._kept = self._kept[::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                self._kept.append(item)
        self._seen += 1

    @property
    def items(self) -> list[T]:
        return list(self._kept)

    @property
    def seen(self) -> int:
        return self._seen


def evenly(items: list[T], most: int) -> list[T]:
    """At most ``most`` of ``items``, first and last among them."""
    if len(items) <= most:
        return items
    return [items[round(n * (len(items) - 1) / (most - 1))] for n in range(most)]
