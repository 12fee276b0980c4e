"""One is one, everything else is many."""

from __future__ import annotations

import pytest

from scopeacq.telling.wording import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 planes"), (1, "1 plane"), (2, "2 planes")])
def test_one_has_no_plural(number: int, text: str) -> None:
    assert counted(number, "plane") == text
