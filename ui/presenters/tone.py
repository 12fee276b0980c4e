"""How serious something is: never said by colour alone, always with a word and a sign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scopeacq.engine.events import RunState


class Tone(Enum):
    """How something is meant. The theme has a colour for each; ``value`` is its name in style sheets."""

    QUIET = "quiet"
    GOOD = "good"
    ACTIVE = "active"
    CAUTION = "caution"
    ALARM = "alarm"
    UNKNOWN = "unknown"
    SIMULATION = "simulation"


class Sign(Enum):
    """The icons, drawn by :mod:`ui.icons`."""

    CHECK = "check"
    PLAY = "play"
    PAUSE = "pause"
    STOP = "stop"
    HAND = "hand"
    HOURGLASS = "hourglass"
    WARNING = "warning"
    CROSS = "cross"
    QUESTION = "question"
    INFO = "info"
    SHIELD = "shield"
    BEAM = "beam"
    FOLDER = "folder"
    PLUS = "plus"
    WAFER = "wafer"
    MOON = "moon"
    HOME = "home"
    EYE = "eye"
    SLIDERS = "sliders"
    LAYERS = "layers"
    CURVE = "curve"
    SLICES = "slices"
    TARGET = "target"
    BELL = "bell"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in one word, with its tone and sign."""

    tone: Tone
    sign: Sign
    word: str


_OF_RUN = {
    RunState.RUNNING: Badge(Tone.ACTIVE, Sign.PLAY, "Running"),
    RunState.PAUSED: Badge(Tone.QUIET, Sign.PAUSE, "Paused"),
    RunState.WAITING: Badge(Tone.CAUTION, Sign.HAND, "Waits for you"),
    RunState.SUSPENDED: Badge(Tone.CAUTION, Sign.HOURGLASS, "Suspended"),
    RunState.FAILED: Badge(Tone.ALARM, Sign.WARNING, "Failed"),
    RunState.FINISHED: Badge(Tone.GOOD, Sign.CHECK, "Finished"),
}


def badge_of(state: RunState) -> Badge:
    """How a run's state is shown, everywhere."""
    return _OF_RUN[state]
