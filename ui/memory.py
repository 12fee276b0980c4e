"""What the window remembers between starts, in a file that may be damaged without harm."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scopeacq.plan.settings import Settings, SettingsError, read_toml
from scopeacq.plan.templates import to_toml
from scopeacq.storage.files import DiskFiles
from ui.presenters.messages import Message
from ui.presenters.tone import Tone
from ui.theme import Mode

FORMAT = "scopeacq-window/1"
MOST_RECENT = 12

Blob = Annotated[str, Field(max_length=1_000_000, pattern=r"^[A-Za-z0-9+/=]*$")]
"""Base64 of what Qt saved."""


class Memory(Settings):
    """What is remembered. Everything has a default."""

    format: str = FORMAT
    mode: Mode = Mode.DARK
    sound: bool = Field(True, description="Whether the window sounds when it calls for somebody.")
    geometry: Blob = Field("", description="Place and size of the window.")
    docks: Blob = Field("", description="Where the panels are.")
    without: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="The panels that each view does without."
    )
    recent: Annotated[tuple[str, ...], Field(max_length=100)] = Field(
        (), description="Run folders, the newest first."
    )

    def with_recent(self, root: Path) -> Memory:
        """The same with a run folder in front."""
        path = str(root.absolute())
        others = [other for other in self.recent if other != path]
        return self.model_copy(update={"recent": (path, *others)[:MOST_RECENT]})

    def without_recent(self, root: Path) -> Memory:
        """The same without a run folder."""
        kept = tuple(other for other in self.recent if other != str(root))
        return self.model_copy(update={"recent": kept})


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """The file. Neither reading nor writing raises: what went wrong comes as a message."""

    path: Path

    def read(self) -> tuple[Memory, Message | None]:
        """What is remembered; the defaults and a message where the file is damaged, which is kept aside."""
        if not self.path.exists():
            return Memory(), None
        try:
            return read_toml(self.path, Memory, FORMAT), None
        except SettingsError as error:
            return Memory(), self._put_aside(error)

    def write(self, memory: Memory) -> Message | None:
        """Keep ``memory`` durably."""
        text = to_toml(memory, "What the window remembers. Without this file it begins with its defaults.")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            DiskFiles().write_durable(self.path, text.encode(), replace=True)
        except OSError as error:
            return Message(
                Tone.CAUTION,
                f"The window's layout could not be kept in {self.path} ({error.strerror or error}).",
                "Runs are not affected; the next start begins with an older layout.",
                "Check the disk and the folder's permissions.",
            )
        return None

    def _put_aside(self, error: SettingsError) -> Message:
        aside = self.path.with_name(f"{self.path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.toml")
        try:
            self.path.replace(aside)
            kept = f"The damaged file is kept as {aside}."
        except OSError:
            kept = f"The damaged file stays where it is, {self.path}, and is replaced at the end."
        return Message(
            Tone.CAUTION,
            "The window's settings cannot be read, so it starts with its defaults.",
            f"Layout, colours and the list of recent runs are forgotten; runs are not affected. {kept}",
            f"What is wrong with it: {'; '.join(error.problems[:3])}.",
        )
