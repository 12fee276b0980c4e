"""Parameters of column, detector and vacuum."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from hardware.emulators.smartsem.entry import Analogue, Digital, Entries, switch, tidy
from hardware.emulators.smartsem.machine import Machine
from hardware.simulator.config import TwinSettings
from hardware.simulator.link import Link
from hardware.types import Optics

PERCENT = (0.0, 100.0)
EVEN_PERCENT = 50.0
"""Contrast at which the twin's gain is 1, and brightness at which its offset is 0."""


@dataclass
class Electrons:
    """What the twin has no words for is kept here."""

    link: Link
    settings: TwinSettings
    machine: Machine
    monitor_on: bool = False
    bias_v: float = 300.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def entries(self) -> Entries:
        return {**self._lenses(), **self._beam(), **self._detector(), **self._vacuum()}

    def set_eht(self, on: bool) -> None:
        self.link.call("column.eht", {"on": on})

    def _lenses(self) -> Entries:
        column = self.settings.column
        low_um, high_um = column.wd_limits_um
        by_x, by_y = self.machine.um_per_percent
        most_um = column.beam_shift_limit_um
        return {
            "AP_WD": Analogue(
                lambda: self._optics().wd_um / 1e6,
                lambda wd_m: self._set_optics(wd_um=tidy(wd_m * 1e6)),
                (low_um / 1e6, high_um / 1e6),
            ),
            "AP_STIG_X": Analogue(
                lambda: self._optics().stig_x, lambda x: self._set_optics(stig_x=x), column.stig_limits
            ),
            "AP_STIG_Y": Analogue(
                lambda: self._optics().stig_y, lambda y: self._set_optics(stig_y=y), column.stig_limits
            ),
            "AP_BEAMSHIFT_X": Analogue(
                lambda: self._shift_um()[0] / by_x,
                lambda percent: self._set_shift(0, tidy(percent * by_x)),
                (-most_um / abs(by_x), most_um / abs(by_x)),
            ),
            "AP_BEAMSHIFT_Y": Analogue(
                lambda: self._shift_um()[1] / by_y,
                lambda percent: self._set_shift(1, tidy(percent * by_y)),
                (-most_um / abs(by_y), most_um / abs(by_y)),
            ),
        }

    def _beam(self) -> Entries:
        column = self.settings.column
        return {
            "AP_MANUALKV": Analogue(lambda: column.eht_kv * 1e3),
            "AP_ACTUALKV": Analogue(
                lambda: self._state()["eht_kv"] * 1e3 if self._state()["eht_on"] else 0.0
            ),
            "AP_IPROBE": Analogue(lambda: self._state()["probe_current_na"] / 1e9),
            "AP_SCM": Analogue(self._specimen_current_a),
            "DP_SCM": switch(lambda: self.monitor_on, self._set_monitor),
            "DP_RUNUPSTATE": Digital(lambda: "Beam On" if self._state()["eht_on"] else "EHT Off"),
            "DP_BEAM_BLANKING": switch(
                lambda: self._state()["blanked"],
                lambda on: self.link.call("column.blank", {"on": on}),
            ),
            "DP_BEAM_BLANKED": Digital(lambda: "Yes" if self._state()["blanked"] else "No"),
            "DP_COLUMN_CHAMBER_VALVE": Digital(
                lambda: "Open" if self._state()["valve_open"] else "Closed",
                lambda word: self.link.call("column.valve", {"open": word == "Open"}),
                ("Closed", "Open"),
            ),
        }

    def _detector(self) -> Entries:
        def put(**values: object) -> None:
            self.link.call("detector.set", values)

        def read(name: str) -> Any:
            return self.link.call("detector.read").values[name]

        even = EVEN_PERCENT
        return {
            "DP_SCINT": switch(lambda: read("hv_on"), lambda on: put(hv_on=on)),
            "AP_CONTRAST": Analogue(
                lambda: even * read("gain"), lambda percent: put(gain=percent / even), PERCENT
            ),
            "AP_BRIGHTNESS": Analogue(
                lambda: even + read("offset"), lambda percent: put(offset=percent - even), PERCENT
            ),
            "AP_COLLECTOR_BIAS": Analogue(lambda: self.bias_v, self._set_bias, (-250.0, 400.0)),
        }

    def _vacuum(self) -> Entries:
        def mbar() -> float:
            return float(self.link.call("chamber.read").values["pressure_mbar"])

        return {
            "AP_CHAMBER_PRESSURE": Analogue(lambda: mbar() * 100),
            "AP_SYSTEM_VAC": Analogue(mbar),
            "DP_EHT_VAC_READY": Digital(
                lambda: "Yes" if mbar() <= self.settings.chamber.trip_mbar else "No"
            ),
        }

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.link.call("column.read").values["state"]
        return state

    def _optics(self) -> Optics:
        return Optics(**self.link.call("column.read").values["optics"])

    def _set_optics(self, **values: float) -> None:
        with self._lock:
            self.link.call("column.optics", {**asdict(self._optics()), **values})

    def _shift_um(self) -> list[float]:
        return list(self.link.call("column.read").values["shift_um"])

    def _set_shift(self, axis: int, um: float) -> None:
        with self._lock:
            shift_um = self._shift_um()
            shift_um[axis] = um
            self.link.call("column.shift", {"x_um": shift_um[0], "y_um": shift_um[1]})

    def _specimen_current_a(self) -> float:
        if not self.monitor_on:
            return 0.0
        return float(self.link.call("column.specimen_current").values["current_na"]) / 1e9

    def _set_monitor(self, on: bool) -> None:
        self.monitor_on = on

    def _set_bias(self, volts: float) -> None:
        self.bias_v = volts
