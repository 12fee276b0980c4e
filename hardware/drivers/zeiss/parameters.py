"""What SmartSEM calls its parameters, states and commands.

As in tag 34118 of the TIFF files that it writes ("AP_WD", "WD = 7.7 mm"), and in programs that use its
Remote API (SBEMimage, WaferMapper). In the API lengths are metres, angles degrees, voltages volts,
currents amperes, times milliseconds; stigmators, beam shift, brightness and contrast are per cent.
"""

from __future__ import annotations

from enum import StrEnum


class Analogue(StrEnum):
    """Parameters that are numbers."""

    WD = "AP_WD"
    STIG_X = "AP_STIG_X"
    STIG_Y = "AP_STIG_Y"
    BEAM_SHIFT_X = "AP_BEAMSHIFT_X"
    BEAM_SHIFT_Y = "AP_BEAMSHIFT_Y"
    MAGNIFICATION = "AP_MAG"
    PIXEL_SIZE = "AP_PIXEL_SIZE"
    FIELD_WIDTH = "AP_WIDTH"
    SCAN_ROTATION = "AP_SCANROTATION"
    FRAME_TIME = "AP_FRAME_TIME"
    EHT_TARGET = "AP_MANUALKV"
    EHT_ACTUAL = "AP_ACTUALKV"
    PROBE_CURRENT = "AP_IPROBE"
    SPECIMEN_CURRENT = "AP_SCM"
    BRIGHTNESS = "AP_BRIGHTNESS"
    CONTRAST = "AP_CONTRAST"
    COLLECTOR_BIAS = "AP_COLLECTOR_BIAS"
    CHAMBER_PRESSURE = "AP_CHAMBER_PRESSURE"
    SYSTEM_VACUUM = "AP_SYSTEM_VAC"
    STAGE_X = "AP_STAGE_GOTO_X"
    STAGE_Y = "AP_STAGE_GOTO_Y"
    STAGE_Z = "AP_STAGE_GOTO_Z"
    STAGE_TILT = "AP_STAGE_GOTO_T"
    STAGE_ROTATION = "AP_STAGE_GOTO_R"


class State(StrEnum):
    """Parameters that are one of several words."""

    BEAM = "DP_RUNUPSTATE"
    VACUUM_READY = "DP_EHT_VAC_READY"
    COLUMN_VALVE = "DP_COLUMN_CHAMBER_VALVE"
    BLANKING = "DP_BEAM_BLANKING"
    BLANKED = "DP_BEAM_BLANKED"
    FREEZE_ON = "DP_FREEZE_ON"
    FROZEN = "DP_FROZEN"
    SCAN_RATE = "DP_SCANRATE"
    DWELL_TIME = "DP_DWELL_TIME"
    IMAGE_STORE = "DP_IMAGE_STORE"
    NOISE_REDUCTION = "DP_NOISE_REDUCTION"
    EXTERNAL_SCAN = "DP_EXT_SCAN_CONTROL"
    SCAN_ROTATION = "DP_SCAN_ROT"
    DETECTOR = "DP_DETECTOR_CHANNEL"
    SCINTILLATOR = "DP_SCINT"
    CURRENT_MONITOR = "DP_SCM"
    STAGE = "DP_STAGE_IS"
    STAGE_INITIALISED = "DP_STAGE_INIT"
    TOUCH = "DP_STAGE_TOUCH"


class Command(StrEnum):
    """What is executed. A scan rate has its number behind ``SCAN_RATE``."""

    EHT_ON = "CMD_BEAM_ON"
    EHT_OFF = "CMD_EHT_OFF"
    FREEZE = "CMD_FREEZE_ALL"
    UNFREEZE = "CMD_UNFREEZE_ALL"
    WHOLE_FIELD = "CMD_MODE_NORMAL"
    PIXEL_AVERAGE = "CMD_PIXNR"
    SCAN_RATE = "CMD_SCANRATE"
    STAGE_ABORT = "CMD_STAGE_ABORT"


BEAM_ON = "Beam On"
OPEN_CLOSED = OPEN, CLOSED = "Open", "Closed"
LIVE_FROZEN = "Live", "Frozen"
END_OF_FRAME, END_OF_FRAME_WORD = 0, "End Frame"
AT_ONCE = 2
"""When to freeze; SBEMimage sets it by these numbers."""

PIXEL_AVERAGE = "Pixel Avg."
BUSY_IDLE = "Busy", "Idle"

YES = frozenset({"on", "yes", "true", "1"})
NO = frozenset({"off", "no", "false", "0"})
"""Of a switch, lower case; the same one says "On" in one version and "Yes" in another."""
