"""The scan unit: one scan at a time, beside the control connections, which stay free meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from hardware.errors import HardwareError
from hardware.simulator.link import Link
from hardware.types import FrameSettings, Image

LONGEST_FRAME_S = 3_600.0
OLD_SCAN_ENDS_S = 30.0


@dataclass(frozen=True, slots=True)
class Scan:
    """What ``ScScanXY`` asks for. Without a channel it goes on until it is stopped, and gives no image."""

    frame: int
    settings: FrameSettings
    channel: int | None


class ScanUnit:
    """Scans by the twin. ``send`` gets number of the frame, channel and image.

    ``automatic``: whether the beam is blanked while nothing scans, and only then.
    """

    def __init__(self, link: Link, send: Callable[[int, int, Image], None]) -> None:
        self._link, self._send = link, send
        self.automatic: Callable[[], bool] = lambda: False
        self._lock = threading.Lock()
        self._now: Scan | None = None
        self._exposing = False
        self._thread: threading.Thread | None = None
        self._sent: dict[int, int] = {}

    @property
    def active(self) -> bool:
        return self._now is not None

    def start(self, scan: Scan) -> bool:
        """Whether it was started: not while another one is under way."""
        with self._lock:
            if self._now is not None:
                return False
            self._now = scan
        if scan.channel is not None:
            run = (scan, self._thread)
            self._thread = threading.Thread(target=self._run, args=run, name="scan", daemon=True)
            self._thread.start()
        return True

    def stop(self) -> None:
        """End the scan that is under way, if any; what it has is thrown away."""
        with self._lock:
            self._now = None
        if self._exposing:
            self._link.call("scanner.abort")

    def _run(self, scan: Scan, before: threading.Thread | None) -> None:
        """After the twin has ended what was stopped ``before``, which takes a large frame a while."""
        assert scan.channel is not None
        if before is not None:
            before.join(OLD_SCAN_ENDS_S)
        try:
            with self._beam(), self._exposure():
                reply = self._link.call("scanner.acquire", asdict(scan.settings), LONGEST_FRAME_S)
            if self._now is scan and reply.image is not None:
                # what the twin hands out again was sent before, as that frame
                frame = self._sent.setdefault(int(reply.values["number"]), scan.frame)
                self._send(frame, scan.channel, reply.image)
        except HardwareError:
            return  # it ends without an image, and nobody is told why
        finally:
            with self._lock:
                if self._now is scan:
                    self._now = None

    @contextmanager
    def _exposure(self) -> Iterator[None]:
        self._exposing = True
        try:
            yield
        finally:
            self._exposing = False

    @contextmanager
    def _beam(self) -> Iterator[None]:
        if not self.automatic():
            yield
            return
        self._link.call("column.blank", {"on": False})
        try:
            yield
        finally:
            self._link.call("column.blank", {"on": True})
