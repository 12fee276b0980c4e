"""All that is known of an instrument that is being put together, and where its operator is with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from hardware.addresses import Address
from hardware.discovery import Found
from hardware.instruments_file import Draft, Problem
from hardware.self_test import Checked
from ui.presenters.connection_draft import NEW, Drivers


class Step(Enum):
    """In their order; ``value`` is the name of the step."""

    FIND = "Find"
    PARTS = "Parts"
    SETTINGS = "Settings"
    TEST = "Test"
    SAVE = "Save"


class Doing(Enum):
    """What is under way, on a thread of its own."""

    OPENING = "Looking where devices may be"
    SEARCHING = "Asking who is there"
    TESTING = "Trying the instrument"
    SAVING = "Writing the file"


@dataclass(frozen=True, slots=True)
class Connecting:
    """All that is known of an instrument that is being put together.

    ``file``: where it is written, and whether it ``exists``. ``chosen``: the addresses that are to be
    asked. ``problems``: of the draft, as far as it was checked. ``device``: whose settings are seen;
    ``spoilt``: something stands in its form that is no value. ``run``: the folder of the run that was
    open. ``waits_for``: which device a test connects, in a line. ``report``: of the last test. ``kept``:
    the former file, ``saved``: whether the file says the draft.
    """

    file: Path
    run: Path | None = None
    step: Step = Step.FIND
    exists: bool = False
    draft: Draft = NEW
    drivers: Drivers = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()
    chosen: frozenset[str] = frozenset()
    found: Mapping[str, Found] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    device: str = ""
    spoilt: bool = False
    waits_for: str = ""
    checked: tuple[Checked, ...] = ()
    report: Path | None = None
    kept: Path | None = None
    saved: bool = False
    doing: Doing | None = None
    ending: bool = False
    trouble: str = ""

    @property
    def right(self) -> bool:
        """Whether the draft can be connected."""
        return bool(self.draft.devices) and not self.problems and not self.spoilt
