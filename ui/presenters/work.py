"""Long work as it is shown: what is under way, how far it is, and how long it still takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from ui.presenters.durations import spoken

LEAST_SHARE = 0.02
"""Before so much is done nobody can say how long the rest takes."""

K = TypeVar("K", bound=Enum)
"""What work is done for."""


@dataclass(frozen=True, slots=True)
class Work(Generic[K]):
    """What is under way: ``share`` (0..1) is done; ``detail`` says of what ("14 of 16 tiles taken").

    ``elapsed_s`` is the time since ``from_share`` was done: what was there at once tells no pace.
    """

    step: K
    doing: str
    share: float = 0.0
    detail: str = ""
    elapsed_s: float = 0.0
    from_share: float = 0.0
    ending: bool = False

    @property
    def sentence(self) -> str:
        """How far it is, and how long it will take."""
        if self.ending:
            return f"{self.doing}: ending \N{HORIZONTAL ELLIPSIS}"
        parts = [f"{self.doing}: {self.detail}" if self.detail else self.doing]
        if self.left_s is not None:
            parts.append(f"{spoken(self.left_s)} left")
        return f"{', '.join(parts)}."

    @property
    def left_s(self) -> float | None:
        """How long the rest takes at the pace so far; None where that is not known yet."""
        done = self.share - self.from_share
        return self.elapsed_s * (1 - self.share) / done if done >= LEAST_SHARE else None
