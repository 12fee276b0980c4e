"""How long the electron beam takes for a frame."""

from __future__ import annotations

from hardware.simulator.config import ColumnSettings
from hardware.types import FrameSettings


def frame_time_s(settings: FrameSettings, column: ColumnSettings) -> float:
    """Dwell times, and the flyback of every line and of the frame [s]."""
    lines_s = settings.height_px * column.line_flyback_us * 1e-6
    return settings.duration_s + lines_s + column.frame_flyback_ms * 1e-3
