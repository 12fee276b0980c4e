"""How an instrument was found before a calibration changed it, until it is put back: a file beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from hardware.types import DetectorState, Optics, StagePose
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.settings import Settings, SettingsError, read_text

FORMAT = "scopeacq.as-found/1"
NAME = "as_found.json"
ADVICE = (
    "Look at the instrument, then put it back with `scopeacq calibrate restore`, or leave it as it is with "
    "`scopeacq calibrate restore --as-it-is`."
)

MAY_IRRADIATE = (
    "The irradiation beam may be on, uncounted: switch it off, then go on with that calibration."
)


class AsFound(Settings):
    """What a calibration may change, as read back before. It lies there while that is not put back.

    ``failed``: the error of a device by which the calibration ended, if any.
    """

    format: str = FORMAT
    kind: CalibrationKind
    found_at: datetime
    failed: str = ""
    wd_um: float
    stig_x: float
    stig_y: float
    beam_shift_um: tuple[float, float]
    detector_on: bool
    gain: float
    offset: float
    valve_open: bool
    eht_on: bool
    x_um: float
    y_um: float
    z_um: float
    tilt_deg: float
    rotation_deg: float

    @property
    def warning(self) -> str:
        """What may be on while nobody watches it; empty where nothing is."""
        return MAY_IRRADIATE if self.kind is CalibrationKind.IRRADIATION else ""

    @property
    def optics(self) -> Optics:
        return Optics(self.wd_um, self.stig_x, self.stig_y)

    @property
    def detector(self) -> DetectorState:
        return DetectorState(self.detector_on, self.gain, self.offset)

    @property
    def pose(self) -> StagePose:
        return StagePose(self.x_um, self.y_um, self.z_um, self.tilt_deg, self.rotation_deg)


def left_changed(instrument_folder: Path) -> AsFound | None:
    """How the instrument was before a calibration that has not put it back; None where all is in order.

    Raises ``SettingsError`` where nobody can say.
    """
    path = instrument_folder / NAME
    if not path.exists():
        return None
    try:
        found = AsFound.model_validate_json(read_text(path))
    except ValidationError as error:
        problem = "it said how the instrument was before a calibration, and is damaged"
        raise SettingsError(path, [problem], ADVICE) from error
    if found.format != FORMAT:
        raise SettingsError(path, ["another version of scopeacq wrote it"], ADVICE)
    return found
