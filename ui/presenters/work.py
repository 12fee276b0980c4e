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
    """What is under way: ``share`` (0..1) is done; ``detail`` says of what ("14 of 16 tiles taken")."""

    step: K
    doing: str
    share: float = 0.0
    detail: str = ""
    elapsed_s: float = 0.0
    ending: bool = False

    @property
    def sentence(self) -> str:
        """How far it is, and how long it will take."""
        if self.ending:
            return f"{self.doing}: ending \N{HORIZONTAL ELLIPSIS}"
        parts = [f"{self.doing}: {self.detail}" if self.detail else self.doing]
        if self.share >= LEAST_SHARE:
            parts.append(f"{spoken(self.elapsed_s * (1 - self.share) / self.share)} left")
        return f"{', '.join(parts)}."
