"""Frames of a Zeiss SEM: set up, scanned afresh to the end of the frame, frozen, and grabbed."""

from __future__ import annotations

import threading
from pathlib import Path

from hardware.drivers.zeiss.api import LOOK, Sem
from hardware.drivers.zeiss.column import ZeissColumn
from hardware.drivers.zeiss.framing import Framing
from hardware.drivers.zeiss.freezing import freeze_at_once, is_live
from hardware.drivers.zeiss.grabbing import Grabber
from hardware.drivers.zeiss.parameters import END_OF_FRAME, END_OF_FRAME_WORD, Analogue, Command, State
from hardware.drivers.zeiss.settings import ZeissSettings
from hardware.drivers.zeiss.stage import ZeissStage
from hardware.drivers.zeiss.units import S_PER_MS
from hardware.errors import BadFrame, Deadline, HardwareError, Refused
from hardware.protocols import Clock
from hardware.types import Frame, FrameSettings

PATIENCE = 2.0
GRACE_S = 5.0
"""A frame may take so many times as long as SmartSEM says, and so much more."""

FROZEN_POLL_S = 0.02
"""A frame that should be there is looked for so often: every wait is beam time."""

WHOLE = 0.999
"""A frame that is frozen earlier than after this share of its dwell times is not whole."""


class ZeissScanner:
    """``urgent`` ends a scan past what ``sem`` is doing; ``column`` and ``stage`` say how it was taken."""

    def __init__(
        self,
        sem: Sem,
        urgent: Sem,
        clock: Clock,
        settings: ZeissSettings,
        column: ZeissColumn,
        stage: ZeissStage,
        folder: Path,
    ) -> None:
        self._sem, self._urgent, self._clock = sem, urgent, clock
        self._column, self._stage = column, stage
        self._framing = Framing(sem, clock, settings)
        self._grab_s = settings.grab_s
        self._grabber = Grabber(sem, settings.grab_folder or folder, settings.grab_s)
        self._aborted = threading.Event()

    def frame_time_s(self, settings: FrameSettings) -> float:
        """Until a frame should be there, with the file that SmartSEM writes of it."""
        return settings.duration_s + self._grab_s

    def acquire(self, settings: FrameSettings) -> Frame:
        """Whatever happens, no scan is left running."""
        store, rate = self._framing.chosen(settings)
        self._aborted.clear()
        try:
            scanned = self._framing.apply(settings, store, rate)
            optics, pose = self._column.optics(), self._stage.pose()
            scanned_at_s = self._scan(settings)
            image = self._grabber.grab(settings)
        except BaseException as error:
            self._halt(error)
            raise
        return Frame(image, scanned, optics, pose, scanned_at_s)

    def abort(self) -> None:
        """Freeze at once; the frame that is being scanned is refused."""
        self._aborted.set()
        self._freeze()

    def _scan(self, settings: FrameSettings) -> float:
        """Scan one frame from its first line to its last; when it began (instrument's clock)."""
        self._sem.choose_index(State.FREEZE_ON, END_OF_FRAME, END_OF_FRAME_WORD)
        begun_s = self._clock.now_s()
        self._sem.execute(Command.UNFREEZE)
        if not is_live(self._sem):
            self._refuse_if_aborted()
            raise BadFrame(self._sem.device, "the scan does not start", LOOK)
        self._sem.execute(Command.FREEZE)
        frame_s = self._sem.number(Analogue.FRAME_TIME) * S_PER_MS
        self._await_frozen(begun_s, frame_s)
        taken_s = self._clock.now_s() - begun_s
        if taken_s < WHOLE * settings.duration_s:
            what = f"the frame was frozen after {taken_s:.3g} s of {settings.duration_s:.3g} s"
            raise BadFrame(self._sem.device, what, "Scan it again.")
        return begun_s

    def _await_frozen(self, begun_s: float, frame_s: float) -> None:
        end_s = begun_s + PATIENCE * frame_s + GRACE_S
        while is_live(self._sem):
            self._refuse_if_aborted()
            now_s = self._clock.now_s()
            if now_s >= end_s:
                what = f"the frame is not frozen after {now_s - begun_s:.3g} s"
                raise Deadline(self._sem.device, what, "Scan it again.")
            step_s = min(begun_s + frame_s - now_s, self._clock.longest_step_s(frame_s))
            self._clock.sleep(max(step_s, FROZEN_POLL_S))
        self._refuse_if_aborted()

    def _refuse_if_aborted(self) -> None:
        if self._aborted.is_set():
            raise Refused(self._sem.device, "the scan was aborted", "Scan the frame again.")

    def _halt(self, error: BaseException) -> None:
        try:
            self._freeze()
        except HardwareError as trouble:
            error.add_note(f"The scan could not be ended either: {trouble}")

    def _freeze(self) -> None:
        self._urgent.wake()
        freeze_at_once(self._urgent, self._clock)
