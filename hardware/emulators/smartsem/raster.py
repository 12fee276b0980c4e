"""Parameters of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hardware.emulators.smartsem.entry import Analogue, Digital, Entries, switch
from hardware.emulators.smartsem.scan import COMMAND, END_FRAME, Scan
from hardware.simulator.config import TwinSettings
from hardware.simulator.scan_time import frame_time_s


@dataclass
class Raster:
    """``held_elsewhere``: an external scan generator has the beam."""

    scan: Scan
    settings: TwinSettings
    signal: str
    held_elsewhere: bool = False

    def entries(self) -> Entries:
        scan, machine = self.scan, self.scan.machine
        entries: Entries = {
            "AP_MAG": Analogue(lambda: scan.magnification, self._setter("magnification"), (5.0, 2e6)),
            "AP_WIDTH": Analogue(lambda: scan.width_m),
            "AP_PIXEL_SIZE": Analogue(lambda: scan.width_m / scan.store.width_px),
            "AP_FRAME_TIME": Analogue(lambda: 1e3 * frame_time_s(scan.settings, self.settings.column)),
            "AP_SCANROTATION": Analogue(
                lambda: scan.rotation_deg, self._setter("rotation_deg"), (0.0, 360.0)
            ),
            "DP_SCAN_ROT": switch(lambda: scan.rotation_on, self._setter("rotation_on")),
            "DP_IMAGE_STORE": Digital(
                lambda: str(scan.store), self._set_store, tuple(map(str, machine.stores))
            ),
            "DP_SCANRATE": Digital(lambda: str(scan.rate)),
            "DP_NOISE_REDUCTION": Digital(lambda: scan.noise_reduction),
            "DP_FREEZE_ON": Digital(
                lambda: scan.freeze_on, self._setter("freeze_on"), (END_FRAME, "End Line", COMMAND)
            ),
            "DP_FROZEN": Digital(lambda: "Frozen" if scan.frozen() else "Live"),
            "DP_EXT_SCAN_CONTROL": switch(lambda: self.held_elsewhere),
            "DP_DETECTOR_CHANNEL": Digital(lambda: self.signal, self._set_signal, machine.detectors),
        }
        if machine.tells_dwell:
            return {**entries, "DP_DWELL_TIME": Digital(lambda: f"{machine.dwells_ns[scan.rate]:g} ns")}
        return entries

    def set_rate(self, rate: int) -> None:
        self.scan.rate = rate

    def _set_store(self, word: str) -> None:
        """Changing it lets the scan go on, as SBEMimage notes."""
        self.scan.store = next(store for store in self.scan.machine.stores if str(store) == word)
        self.scan.unfreeze()

    def _set_signal(self, word: str) -> None:
        self.signal = word

    def _setter(self, name: str) -> Any:
        return lambda value: setattr(self.scan, name, value)
