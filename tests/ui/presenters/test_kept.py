"""What was read stays within its bytes, and what was looked at last stays longest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.presenters.kept import Kept


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 60))))
def test_the_budget_holds(puts: list[tuple[int, int]]) -> None:
    kept: Kept[int, int] = Kept(100)
    for key, size in puts:
        kept.put(key, size, size)
        assert key in kept
        assert kept.size_bytes <= 100
        assert kept.size_bytes == sum(kept.get(n) or 0 for n in range(21) if n in kept)


def test_what_was_looked_at_stays() -> None:
    kept: Kept[str, str] = Kept(2)
    kept.put("a", "A", 1)
    kept.put("b", "B", 1)
    assert kept.get("a") == "A"
    kept.put("c", "C", 1)
    assert ("a" in kept, "b" in kept, "c" in kept) == (True, False, True)
