"""The live view as shown: presets of frames, what one costs and shows, and what may be done now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, get_args

from annotated_types import Ge, Le

from hardware.types import FrameSettings, Range
from scopeacq.journal.records import Verdict
from scopeacq.plan.bounds import Pixels
from scopeacq.plan.project import Project
from scopeacq.telling.wording import sentence
from scopeacq.vision.quality import Judgement
from ui.presenters.tone import Badge, Sign, Tone

if TYPE_CHECKING:  # brings SQLite and the twin, which the window does without until a check
    from scopeacq.cockpit import Shot

MICRO = "\N{MICRO SIGN}"
PER_NM2 = "e\N{SUPERSCRIPT MINUS}/nm\N{SUPERSCRIPT TWO}"
LIVE_S = 60.0
LIVE_LIMITS_S = Range(1.0, 1800.0)
DWELL_LIMITS_NS = Range(10.0, 1e6)
PIXEL_LIMITS_NM = Range(0.5, 2000.0)
"""Of frames by hand: what no specimen or patience bears is a slip of the finger."""
LONGEST_FRAME_S = 3600.0
"""A frame can be ended at any moment; a longer one is a slip of the finger."""


MINUTES_FROM_S = 600.0


class Preset(Enum):
    """Frames that the project itself takes, to look through its eyes."""

    SEARCH = "Search"
    FOCUS = "Focus"
    TILE = "Tile"


PRESET_HINTS = {
    Preset.SEARCH: "Large pixels, little dose: to find the place. As fiducials are looked for.",
    Preset.FOCUS: "As autofocus takes its images: fast, at little dose.",
    Preset.TILE: "As tiles are imaged: what the run will keep. The largest dose.",
}


def preset_frame(project: Project, preset: Preset) -> FrameSettings:
    """The frame of a preset, by the project's settings."""
    match preset:
        case Preset.SEARCH:
            found = project.registration
            return FrameSettings(found.width_px, found.height_px, found.pixel_size_nm, found.dwell_ns)
        case Preset.FOCUS:
            return project.focus.frame(0.0)
        case Preset.TILE:
            return project.imaging.frame(0.0)


def preset_of(project: Project, settings: FrameSettings) -> Preset | None:
    """Which preset these settings are, if any."""
    return next((p for p in Preset if preset_frame(project, p) == settings), None)


def pixels_limits() -> Range:
    """What the project's settings allow along an edge of a frame."""
    field = get_args(Pixels)[1]
    bounds = {type(bound): bound for bound in field.metadata}
    return Range(float(bounds[Ge].ge), float(bounds[Le].le))


def frame_problem(settings: FrameSettings) -> str:
    """Why such a frame is not scanned by hand; empty where it is."""
    if settings.duration_s > LONGEST_FRAME_S:
        return f"It would take {settings.duration_s / 60:.0f} min: choose fewer pixels or a shorter dwell."
    return ""


def frame_text(settings: FrameSettings, probe_current_na: float) -> str:
    """What a frame covers, takes and lays down, before it is scanned."""
    sizes = (1e-3 * n * settings.pixel_size_nm for n in (settings.width_px, settings.height_px))
    field = " \N{MULTIPLICATION SIGN} ".join(f"{size:.4g}" for size in sizes)
    dose = dose_text(settings.electron_dose_per_nm2(probe_current_na))
    return f"{field} {MICRO}m,  {duration_text(settings.duration_s)},  {dose} a frame"


def duration_text(seconds: float) -> str:
    """A time of scanning: three figures of milliseconds, seconds or minutes."""
    if seconds < 1:
        return f"{1e3 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < MINUTES_FROM_S else f"{seconds / 60:.3g} min"


def dose_text(per_nm2: float) -> str:
    """An electron dose."""
    return f"{per_nm2:.3g} {PER_NM2}" if per_nm2 < 1000 else f"{per_nm2:,.0f} {PER_NM2}"


_VERDICTS = {
    Verdict.SHARP: Badge(Tone.GOOD, Sign.CHECK, "Sharp"),
    Verdict.UNSHARP: Badge(Tone.ALARM, Sign.CROSS, "Not sharp"),
    Verdict.CANNOT_TELL: Badge(Tone.CAUTION, Sign.QUESTION, "Cannot tell"),
    Verdict.BLANK: Badge(Tone.QUIET, Sign.INFO, "No texture"),
    Verdict.WAFER: Badge(Tone.CAUTION, Sign.WARNING, "Dark"),
    Verdict.FAULTY: Badge(Tone.ALARM, Sign.WARNING, "Faulty frame"),
}
_DARK_MEANS = (
    "Bare wafer looks like this, and so does a beam that does not arrive: check EHT, valve, detector."
)


def verdict_badge(verdict: Verdict) -> Badge:
    """How a verdict is shown."""
    return _VERDICTS[verdict]


@dataclass(frozen=True, slots=True)
class ShotView:
    """What is said of a frame. ``score`` is empty where there is none."""

    badge: Badge
    sentence: str
    score: str
    mean_sd: str
    dose: str
    taken: str


def shot_view(shot: Shot) -> ShotView:
    """What is said of a frame that was taken by hand."""
    judgement, settings = shot.seen.judgement, shot.seen.frame.settings
    unscored = shot.seen.unscored
    return ShotView(
        verdict_badge(judgement.verdict),
        f"No score: {sentence(unscored)}" if unscored else _sentence(judgement),
        score_text(judgement.score_um),
        f"{judgement.mean:.1f} \N{PLUS-MINUS SIGN} {judgement.sd:.1f}",
        f"{dose_text(shot.electron_dose_per_nm2)} this frame, {dose_text(shot.laid_per_nm2)} here in all",
        settings_text(settings),
    )


def settings_text(settings: FrameSettings) -> str:
    """How a frame was scanned."""
    size = f"{settings.width_px} \N{MULTIPLICATION SIGN} {settings.height_px} px"
    return f"{size}, {settings.pixel_size_nm:g} nm, {settings.dwell_ns:g} ns"


def score_text(score_um: float) -> str:
    """A score, or nothing."""
    return "" if math.isnan(score_um) else f"{score_um:.2f} {MICRO}m"


def _sentence(judgement: Judgement) -> str:
    if judgement.verdict is Verdict.WAFER:
        return f"{judgement.sentence} {_DARK_MEANS}"
    # the verdict stands above in a word of its own
    word, _, rest = judgement.sentence.partition(": ")
    told = sentence(rest) if word == verdict_badge(judgement.verdict).word else judgement.sentence
    return told.replace(" um", f" {MICRO}m")


NOBODY_HAS_IT = "Connect the instrument to see through it."
RUN_HAS_IT = "The run has the instrument: the tile that it took last is shown."


class Doing(Enum):
    """What the live view has the instrument do."""

    NOTHING = ""
    GRAB = "Scanning a frame"
    LIVE = "Scanning live"
    FOCUS = "Focusing"
    SERIES = "Imaging through focus"
    COMPARE = "Comparing estimators"
    SET = "Setting the optics"


@dataclass(frozen=True, slots=True)
class LiveView:
    """What may be done now.

    ``left_s``: how long a live scan goes on, 0 without one. ``progress`` (done, of): of what is under way,
    (0, 0) where nobody knows.
    """

    connected: bool = False
    connecting: bool = False
    run_active: bool = False
    doing: Doing = Doing.NOTHING
    left_s: float = 0.0
    progress: tuple[int, int] = (0, 0)
    may_revert: bool = False

    @property
    def may_connect(self) -> bool:
        """Whether the instrument may be taken in hand."""
        return not (self.connected or self.connecting or self.run_active)

    @property
    def may_begin(self) -> bool:
        """Whether something new may be asked for."""
        return self.connected and self.doing is Doing.NOTHING

    @property
    def live(self) -> bool:
        return self.doing is Doing.LIVE

    @property
    def words(self) -> str:
        """What goes on, to be read beside the stop button."""
        match self.doing:
            case Doing.NOTHING if self.run_active:
                return RUN_HAS_IT
            case Doing.NOTHING:
                return "" if self.connected else NOBODY_HAS_IT
            case Doing.LIVE:
                return f"Live, ends by itself in {self.left_s:.0f} s"
            case _:
                done, of = self.progress
                return f"{self.doing.value} \N{HORIZONTAL ELLIPSIS}" + (f" {done} of {of}" if of else "")
