"""What has been said in the window, so that nothing is missed overnight."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from ui.presenters.messages import Message

MOST_KEPT = 300


@dataclass(frozen=True, slots=True)
class Told:
    """A message, when it was said last, and how often in a row."""

    message: Message
    at: datetime
    times: int = 1

    @property
    def heading(self) -> str:
        often = f", {self.times} times" if self.times > 1 else ""
        return f"{self.at:%a %d %b, %H:%M:%S}{often}"


@dataclass(slots=True)
class MessageLog:
    """The messages, oldest first; the oldest go when there are too many."""

    told: deque[Told] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    unread: int = 0
    calling: bool = False
    """Whether one that is unread is that calls for somebody."""

    def take(self, message: Message, now: datetime) -> None:
        """Keep a message; the same again at once only counts."""
        if self.told and self.told[-1].message == message:
            self.told[-1] = replace(self.told[-1], at=now, times=self.told[-1].times + 1)
            return
        self.told.append(Told(message, now))
        self.unread = min(self.unread + 1, MOST_KEPT)
        self.calling |= message.calls

    def read(self) -> None:
        """The operator has seen all of them."""
        self.unread, self.calling = 0, False

    def newest_first(self) -> Iterator[Told]:
        return reversed(self.told)

    def as_text(self) -> str:
        """All of them, to be copied."""
        return "\n".join(f"{told.heading}  {told.message.text}" for told in self.told)
