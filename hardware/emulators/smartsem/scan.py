"""The scan of an emulated SmartSEM: live, frozen, or freezing at the end of a frame."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field

from hardware.emulators.smartsem.machine import Machine, Store
from hardware.errors import ConnectionLost, HardwareError, Refused
from hardware.simulator.link import Link
from hardware.types import FrameSettings, Image

FIELD_M = 0.1142784
"""How wide the picture is at magnification 1 [m]: that of a Merlin."""

COMPUTING_S = 60.0
END_FRAME, COMMAND = "End Frame", "Command"


@dataclass
class Scan:
    """``waits``: time passes only for whoever waits, so a question whether a frame ended waits for it."""

    link: Link
    machine: Machine
    waits: bool
    store: Store
    rate: int = 0
    magnification: float = 1_000.0
    rotation_deg: float = 0.0
    rotation_on: bool = False
    freeze_on: str = END_FRAME
    noise_reduction: str = "Pixel Avg."
    picture: Image | None = None
    _frozen: bool = True
    _frame: threading.Thread | None = None
    _lost: ConnectionLost | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def width_m(self) -> float:
        return FIELD_M / self.magnification

    @property
    def settings(self) -> FrameSettings:
        """What the twin scans; the size of pixels without the last digits, which divisions make up."""
        return FrameSettings(
            self.store.width_px,
            self.store.height_px,
            float(f"{1e9 * self.width_m / self.store.width_px:.14g}"),
            self.machine.dwells_ns[self.rate],
            self.rotation_deg if self.rotation_on else 0.0,
            self.machine.bits,
        )

    def said(self) -> dict[str, str]:
        """What the header of a picture says of its scan."""
        scanned = self.settings
        return {
            "AP_IMAGE_PIXEL_SIZE": f"Image Pixel Size = {scanned.pixel_size_nm:.2f} nm",
            "AP_SCANROTATION": f"Scan Rotation = {scanned.scan_rot_deg:5.1f} \N{DEGREE SIGN}",
            "DP_IMAGE_STORE": f"Store resolution = {self.store}",
            "DP_DWELL_TIME": f"Dwell Time = {scanned.dwell_ns:g} ns",
        }

    def frozen(self) -> bool:
        """Raises ``ConnectionLost``, once, when the scanner was gone during the frame."""
        if self.waits:
            self._join()
        lost, self._lost = self._lost, None
        if lost is not None:
            self._frozen = True
            raise lost
        return self._frozen

    def unfreeze(self) -> None:
        """Scan on. Nobody looks at a live picture here, so none is made."""
        with self._lock:
            self._frozen, self._lost = False, None

    def freeze(self) -> None:
        """At the end of a frame that begins now, or at once."""
        if self.freeze_on == COMMAND:
            if self._frame is not None and self._frame.is_alive():
                self.link.call("scanner.abort")
            self._join()
            self._frozen = True
            return
        with self._lock:
            if self._frozen or (self._frame is not None and self._frame.is_alive()):
                return
            self._frame = threading.Thread(target=self._scan, name="emulated scan", daemon=True)
            self._frame.start()

    def _scan(self) -> None:
        settings = self.settings
        try:
            deadline_s = COMPUTING_S + 2 * settings.duration_s
            reply = self.link.call("scanner.acquire", asdict(settings), deadline_s)
        except Refused:  # aborted: what was scanned so far stays on the screen
            self._frozen = True
        except ConnectionLost as error:
            self._lost = error
        except HardwareError:
            return  # it hangs, and looks alive
        else:
            self.picture, self._frozen = reply.image, True

    def _join(self) -> None:
        if (frame := self._frame) is not None:
            frame.join()
