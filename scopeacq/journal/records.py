"""The journal's vocabulary: what happened, one frozen dataclass per kind of event.

What to do next is computed from these alone, so each says everything that the future
needs and nothing that can be derived. The journal stores a record by its class name;
:data:`RECORDS` is the complete list. Times are the instrument's clock (``_at_s``); the
journal adds the wall clock to each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hardware.types import FrameSettings, Optics, StagePose


class RunRequest(Enum):
    """What an operator asks of a running engine."""

    PAUSE_NOW = "pause now"
    PAUSE_AFTER_TILE = "pause after tile"
    PAUSE_AFTER_SECTION = "pause after section"
    PAUSE_AFTER_SLICE = "pause after slice"
    STOP = "stop"
    ABORT = "abort"
    RESUME = "resume"


class WishKind(Enum):
    """What an operator may change of the steps ahead, for one section or one tile in one cycle."""

    FOCUS_NEXT = "focus again, next"
    LEAVE_OUT = "leave out of this cycle"
    TAKE_IN = "image after all"
    PAUSE_BEFORE = "pause before it"
    GO_ON = "do not pause before it"
    RETAKE = "take a tile again"


class ErrorKind(Enum):
    """Kinds of trouble for which an operator chooses a policy before the night."""

    FOCUS_REFUSED = "focus refused"
    BAD_FRAME = "bad frame"
    STAGE = "stage"
    REGISTRATION = "registration"
    INTERLOCK = "interlock"
    CONNECTION = "connection"
    DISK = "disk"
    ION_BEAM = "ion beam"
    INTERNAL = "internal"


class Policy(Enum):
    """What the engine does about an error by itself."""

    RETRY = "retry"
    REQUEUE_TILE = "requeue tile"
    SKIP_SECTION = "skip section"
    GO_ON = "go on"
    PAUSE = "pause"
    PARK_AND_ALERT = "park and alert"


class RunEnd(Enum):
    """Why a process stopped working on a run."""

    FINISHED = "finished"
    WAITING = "waiting"
    PAUSED = "paused"
    STOPPED = "stopped"
    ABORTED = "aborted"
    FAILED = "failed"


class WaitReason(Enum):
    """Why the engine waits for something that goes away by itself or by an operator."""

    MILL_GATE = "mill gate"
    INTERLOCK = "interlock"
    DISK = "disk"
    OPERATOR = "operator"


class Purpose(Enum):
    """What electrons are laid down for, besides the planes themselves."""

    FOCUS = "focus"
    FIDUCIAL = "fiducial"
    SECTION = "section"
    REFERENCE = "reference frame"
    DARK_PLANE = "second look at a dark plane"
    MANUAL = "manual"


class FocusStage(Enum):
    """How a pair of images was taken."""

    FINE = "fine"
    COARSE = "coarse"


class FocusEnd(Enum):
    """What a focus correction came to."""

    IN_FOCUS = "in focus"
    NO_STRUCTURE = "no structure"
    BAD_IMAGES = "images cannot be judged"
    UNCERTAIN = "too uncertain"
    BEYOND_LIMITS = "beyond limits"
    NO_CONVERGENCE = "no convergence"
    WORSE = "less sharp than before"
    WRONG_STIGMATOR_FRAME = "wrong stigmator frame"
    NOT_FOUND = "no focus found"
    INSTRUMENT_FAILED = "the instrument failed"


class FocusTrait(Enum):
    """What the drift sentinel watches of an estimator's corrections; larger is worse."""

    PAIRS = "pairs of images"
    CONTRADICTION = "contradiction between pairs"
    GAIN = "share by which changes are misjudged"
    SPREAD = "stated uncertainty"
    SIZE = "size of corrections"
    REFUSED = "share refused"


class Verdict(Enum):
    """What quality control says of a plane."""

    SHARP = "sharp"
    UNSHARP = "not sharp"
    CANNOT_TELL = "cannot tell whether sharp"
    BLANK = "no texture"
    WAFER = "wafer shows"
    FAULTY = "faulty frame"


@dataclass(frozen=True, slots=True, order=True)
class PlaneKey:
    """One tile of one slice."""

    cycle: int
    section: str
    tile: int


# -- the run ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunOpened:
    """A process began (or went on) with the run."""

    software: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class RunClosed:
    """A process ended in order. Without it the process was killed."""

    end: RunEnd
    reason: str


@dataclass(frozen=True, slots=True)
class Requested:
    """An operator's request reached the engine."""

    request: RunRequest


@dataclass(frozen=True, slots=True)
class Wish:
    """An operator's wish for the steps ahead was granted. A pause that was made ends with ``GO_ON``.

    ``tile``: of the section, where the wish is for one tile alone (``RETAKE``).
    """

    kind: WishKind
    cycle: int
    section: str
    tile: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The engine waits; ``reason_text`` is the sentence an operator reads."""

    reason: WaitReason
    reason_text: str


@dataclass(frozen=True, slots=True)
class WaitOver:
    """The reason to wait is gone."""

    reason: WaitReason


@dataclass(frozen=True, slots=True)
class Incident:
    """Something went wrong, and what was decided without an operator."""

    kind: ErrorKind
    device: str
    text: str
    advice: str
    step: str
    decision: Policy
    plane: PlaneKey | None = None


# -- finding the wafer -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImagingRecovered:
    """Column, detector and pressure are restored and read back; a reference frame was taken."""

    cycle: int
    pressure_mbar: float
    reference_mean: float
    at_s: float


@dataclass(frozen=True, slots=True)
class WaferMounted:
    """How the wafer is mounted now, by its landmarks: where it was found before no longer counts.

    ``stage = R(rotation) @ wafer + (x, y)``. Before the first one, the frames of wafer and stage are one.
    """

    x_um: float
    y_um: float
    rotation_deg: float
    landmarks: int


@dataclass(frozen=True, slots=True)
class WaferRegistered:
    """Where the wafer lies in the stage frame: ``stage = R(rotation) @ wafer + (x, y)``."""

    cycle: int
    x_um: float
    y_um: float
    rotation_deg: float
    residual_um: float
    fiducials: int
    electron_dose_per_nm2: float


@dataclass(frozen=True, slots=True)
class SurfaceFitted:
    """The focus plane of this cycle: ``wd = wd0 + slope_x * x + slope_y * y`` in the wafer frame."""

    cycle: int
    wd0_um: float
    slope_x: float
    slope_y: float
    residual_um: float
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SurfaceRefused:
    """No plane of focus can be trusted in this cycle: every tile is corrected."""

    cycle: int
    reason: str


@dataclass(frozen=True, slots=True)
class SectionRegistered:
    """Correction of a section's place against its last slice, in the wafer frame."""

    cycle: int
    section: str
    dx_um: float
    dy_um: float
    rotation_deg: float
    correlation: float
    electron_dose_per_nm2: float


@dataclass(frozen=True, slots=True)
class TileRegistered:
    """Where a tile lies off its place, seen in its focus images against its last slice, at no dose.

    In the wafer frame, on top of the section's correction. ``refused``: why nothing was found.
    """

    key: PlaneKey
    dx_um: float
    dy_um: float
    correlation: float
    refused: str


@dataclass(frozen=True, slots=True)
class DoseBooked:
    """Electrons are about to be laid down at a place of the wafer: their dose, as an upper bound.

    What was really laid down stands in the record that follows, if one does.
    """

    purpose: Purpose
    x_um: float
    y_um: float
    electron_dose_per_nm2: float


# -- focus and planes ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FocusIteration:
    """One pair of images and what was made of it. Corrections in optics units (um, a.u.).

    ``field``: where in the tile, 0 is its middle. ``patches``: how many of the image's patches carry
    the answer. Older journals lack what has a default.
    """

    estimator: str
    optics: Optics
    correction_wd_um: float
    correction_stig_x: float
    correction_stig_y: float
    sd_wd_um: float
    sd_stig_x: float
    sd_stig_y: float
    stage: FocusStage = FocusStage.FINE
    field: int = 0
    patches: float = 0.0
    scanned_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FocusDone:
    """A focus step: its trace, whether its result was applied and, if not, why.

    ``wd_drift_um``: how much farther off the in-focus working distance was in the last pair than in
    the one before, 0 for a single pair: drift of the instrument and error of the estimates.
    """

    key: PlaneKey
    applied: bool
    reason: str
    before: Optics
    after: Optics
    iterations: tuple[FocusIteration, ...]
    electron_dose_per_nm2: float
    images_path: str
    at_s: float
    end: FocusEnd | None = None
    wd_drift_um: float = 0.0


@dataclass(frozen=True, slots=True)
class FocusTried:
    """A correction by hand at a place of the wafer; its dose was booked frame by frame.

    See :class:`FocusDone`.
    """

    x_um: float
    y_um: float
    applied: bool
    reason: str
    before: Optics
    after: Optics
    iterations: tuple[FocusIteration, ...]
    electron_dose_per_nm2: float
    at_s: float
    end: FocusEnd


Correction = FocusDone | FocusTried
"""What is known of a correction, by a run or by hand."""


@dataclass(frozen=True, slots=True)
class FocusReadBy:
    """What focus is read by from here on; how it was read before is no measure of it any more.

    ``calibrated``: which calibrations its answers rest on, as texts that differ when those do.
    """

    estimator: str
    calibrated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FocusDrifted:
    """An estimator does not what it used to do on this instrument; told once until it does again.

    ``usual`` and ``now``: means of the trait, geometric where it is a size, at the same places before and
    since that cycle and section, in so many ``corrections``. Contradictions count stated uncertainties,
    uncertainties are um, sizes depths of focus.
    """

    estimator: str
    trait: FocusTrait
    usual: float
    now: float
    since_cycle: int
    since_section: str
    corrections: int


@dataclass(frozen=True, slots=True)
class PlaneExposing:
    """A plane is about to be scanned: its electron dose is booked before, as an upper bound."""

    key: PlaneKey
    take: int
    settings: FrameSettings
    electron_dose_per_nm2: float


@dataclass(frozen=True, slots=True)
class PlaneExposed:
    """A plane was scanned.

    ``to_wafer`` maps pixels (col, row) to wafer um, row-major 2 x 3: as the tissue lay in the first cycle,
    what was seen to lie off since is taken out.
    """

    key: PlaneKey
    take: int
    optics: Optics
    stage: StagePose
    to_wafer: tuple[float, ...]
    scanned_at_s: float


@dataclass(frozen=True, slots=True)
class PlaneDurable:
    """Level 0 of a plane is on disk: file and folder synced, size and checksum known."""

    key: PlaneKey
    take: int
    path: str
    size_bytes: int
    checksum: str


@dataclass(frozen=True, slots=True)
class PlaneJudged:
    """What quality control found. ``score_um`` is the blur in um of equivalent defocus."""

    key: PlaneKey
    take: int
    verdict: Verdict
    score_um: float
    mean: float
    sd: float
    dark_fraction: float


@dataclass(frozen=True, slots=True)
class PlaneChosen:
    """This take counts as the plane."""

    key: PlaneKey
    take: int


@dataclass(frozen=True, slots=True)
class PlaneLost:
    """A plane that was durable is gone or differs from its checksum: it is taken again."""

    key: PlaneKey
    take: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlaneWaived:
    """A plane that is missing or not sharp was accepted by the operator's policy."""

    key: PlaneKey
    reason: str


# -- milling ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class MillKey:
    """One azimuth of one round of one cycle."""

    cycle: int
    round: int
    azimuth: int


@dataclass(frozen=True, slots=True)
class MillPlan:
    """How a cycle is milled: rounds of all azimuths, so that an interruption leaves no one-sided cut.

    ``nm_per_uc``: depth inside the raster per charge, by the mill rate of then.
    """

    azimuths_deg: tuple[float, ...]
    rounds: int
    charge_uc_per_azimuth: float
    raster_vpp: float
    nm_per_uc: float

    def passes(self, cycle: int) -> Iterator[tuple[MillKey, float]]:
        """Every pass of the cycle, in order, with its charge [uC]."""
        for round_ in range(self.rounds):
            for azimuth in range(len(self.azimuths_deg)):
                yield MillKey(cycle, round_, azimuth), self.charge_uc_per_azimuth / self.rounds


@dataclass(frozen=True, slots=True)
class GatePassed:
    """Every plane of the slice is durable and judged; a copy of the journal lies beside it.

    ``mill`` holds to the end of the cycle, whatever is changed in the project meanwhile.
    """

    cycle: int
    planes: int
    waived: int
    mill: MillPlan


@dataclass(frozen=True, slots=True)
class MillBegin:
    """The ion beam is about to open for one opening of a pass.

    ``heartbeat_s`` is the longest time between two heartbeats, by the instrument's clock,
    which runs ``pace`` times as fast as real time (``inf`` when it is virtual).
    """

    key: MillKey
    opening: str
    requested_uc: float
    remaining_uc: float
    current_na: float
    heartbeat_s: float
    pace: float
    at_s: float


@dataclass(frozen=True, slots=True)
class MillHeartbeat:
    """The ion beam is open; so much was delivered in this opening up to now."""

    opening: str
    delivered_uc: float


@dataclass(frozen=True, slots=True)
class MillEnd:
    """The guard has blanked. ``delivered_uc`` includes ``uncertain_uc``: too little can be repaired."""

    key: MillKey
    opening: str
    delivered_uc: float
    uncertain_uc: float
    reason: str


@dataclass(frozen=True, slots=True)
class MillDone:
    """A pass has its charge (within what is uncertain)."""

    key: MillKey
    requested_uc: float
    delivered_uc: float
    uncertain_uc: float


@dataclass(frozen=True, slots=True, order=True)
class BurnKey:
    """One mark that a calibration burns. ``sitting``: the calibration's folder, as seen from the run's."""

    sitting: str
    mark: int


@dataclass(frozen=True, slots=True)
class BurnBegin:
    """The ion beam is about to open for a mark on bare wafer, outside of any cycle. See :class:`MillBegin`.

    ``stage``: where it stands beside the gun. ``reach_um``: corners of what the ions may meet on the wafer,
    x and y in turn. ``area_um2``: what the raster scans across the beam.
    """

    key: BurnKey
    opening: str
    requested_uc: float
    remaining_uc: float
    current_na: float
    heartbeat_s: float
    pace: float
    at_s: float
    stage: StagePose
    reach_um: tuple[float, ...]
    area_um2: float


@dataclass(frozen=True, slots=True)
class BurnEnd:
    """The guard has blanked after a burn. See :class:`MillEnd`."""

    key: BurnKey
    opening: str
    delivered_uc: float
    uncertain_uc: float
    reason: str


IonsBegin = MillBegin | BurnBegin
"""The ion beam is about to open, for a cycle or a calibration. Heartbeats of both are alike."""

IonsEnd = MillEnd | BurnEnd


@dataclass(frozen=True, slots=True)
class CleaningBegin:
    """The plasma cleaner is about to run. ``gun_hv_on``: the ion gun's high voltage, taken off for it."""

    cycle: int
    gun_hv_on: bool


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The plasma cleaner ran."""

    cycle: int


@dataclass(frozen=True, slots=True)
class CycleDone:
    """All azimuths of the cycle are milled; the next cycle begins."""

    cycle: int


@dataclass(frozen=True, slots=True)
class SectionDropped:
    """The wafer shows through: the section needs no more cycles. ``evidence``: one sentence each."""

    cycle: int
    section: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropRefused:
    """A section looks milled through, but the evidence does not suffice in this cycle."""

    cycle: int
    section: str
    reason: str


@dataclass(frozen=True, slots=True)
class SectionSkipped:
    """The section takes no further part in this cycle, by policy; the gate still asks for it."""

    cycle: int
    section: str
    reason: str


Record = (
    RunOpened
    | RunClosed
    | Requested
    | Wish
    | Waiting
    | WaitOver
    | Incident
    | ImagingRecovered
    | WaferMounted
    | WaferRegistered
    | SurfaceFitted
    | SurfaceRefused
    | SectionRegistered
    | DoseBooked
    | TileRegistered
    | FocusDone
    | FocusTried
    | FocusReadBy
    | FocusDrifted
    | PlaneExposing
    | PlaneExposed
    | PlaneDurable
    | PlaneJudged
    | PlaneChosen
    | PlaneLost
    | PlaneWaived
    | GatePassed
    | MillBegin
    | MillHeartbeat
    | MillEnd
    | MillDone
    | BurnBegin
    | BurnEnd
    | CleaningBegin
    | Cleaned
    | CycleDone
    | SectionDropped
    | DropRefused
    | SectionSkipped
)

RECORDS: dict[str, type[Record]] = {kind.__name__: kind for kind in Record.__args__}
