"""What an instrument says of itself: every device asked once, those that keep silent included."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from hardware.errors import HardwareError
from hardware.types import (
    BeamState,
    Blanker,
    DetectorState,
    GunState,
    Optics,
    Range,
    RasterState,
    StagePose,
)

if TYPE_CHECKING:  # the window shows these types before an instrument is connected
    from hardware.guard.client import GuardClient
    from hardware.interlocks import MillProof
    from hardware.microscope import Devices
    from scopeacq.plan.geometry import Point


class Author(Enum):
    """Who set something."""

    OPERATOR = "operator"
    RUN = "run"
    AUTOFOCUS = "autofocus"


class Quantity(Enum):
    """What can be set."""

    WD = "working distance"
    STIG_X = "stigmator x"
    STIG_Y = "stigmator y"
    BEAM_SHIFT = "beam shift"
    EHT = "EHT"
    VALVE = "column valve"
    DETECTOR = "detector"
    STAGE = "stage"
    GUN_HV = "gun HV"


OPTICS = (Quantity.WD, Quantity.STIG_X, Quantity.STIG_Y)


@dataclass(frozen=True, slots=True)
class Readings:
    """The answers of one round. ``None``: not asked, or not answered; then ``silent`` says why, by the
    device's name in :class:`hardware.microscope.Devices`.

    ``at_s``: when the first was asked [``time.monotonic``, s]. ``limits``: allowed values of the optics
    (``wd_um``, ``stig_x``, ``stig_y``) and of the stage's axes by their field names. ``set_by``: who set
    something last in this session.
    """

    at_s: float
    ions: Blanker | None = None
    beam: BeamState | None = None
    optics: Optics | None = None
    beam_shift_um: Point | None = None
    detector: DetectorState | None = None
    stage: StagePose | None = None
    gun: GunState | None = None
    raster: RasterState | None = None
    pressure_mbar: float | None = None
    silent: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Range] = field(default_factory=dict)
    set_by: Mapping[Quantity, Author] = field(default_factory=dict)


def proven(proof: MillProof, at_s: float) -> Readings:
    """What a proof for milling read anyway. ``at_s``: when it was asked for [``time.monotonic``, s]."""
    return Readings(
        at_s,
        beam=proof.beam,
        detector=proof.detector,
        stage=proof.pose,
        gun=proof.gun,
        raster=proof.raster,
        pressure_mbar=proof.pressure_mbar,
    )


class Reader:
    """Asks an instrument. Used by the thread that commands it, between two commands."""

    def __init__(self, devices: Devices, guard: GuardClient) -> None:
        self._guard = guard
        self._limits: dict[str, Range] = {}
        self._questions: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("column", "beam", devices.column.state),
            ("column", "optics", devices.column.optics),
            ("column", "beam_shift_um", devices.column.beam_shift_um),
            ("detector", "detector", devices.detector.state),
            ("stage", "stage", devices.stage.pose),
            ("gun", "gun", devices.gun.state),
            ("raster", "raster", devices.raster.state),
            ("chamber", "pressure_mbar", devices.chamber.pressure_mbar),
        )
        self._devices = devices

    def read(self, set_by: Mapping[Quantity, Author] | None = None) -> Readings:
        """Ask everything. A device that does not answer is a sentence, not an exception."""
        asked_s = time.monotonic()
        silent: dict[str, str] = {}
        answers: dict[str, object] = {"limits": self._allowed(silent)}
        for device, name, ask in self._questions:
            try:
                answers[name] = ask()
            except HardwareError as error:
                silent[device] = str(error)
        return Readings(asked_s, self._guard.state(), silent=silent, set_by=dict(set_by or {}), **answers)  # type: ignore[arg-type]

    def _allowed(self, silent: dict[str, str]) -> Mapping[str, Range]:
        """Limits do not change; they are asked for until they have come."""
        if not self._limits:
            try:
                self._limits = {**self._devices.column.optics_limits, **self._devices.stage.limits}
            except HardwareError as error:
                silent["limits"] = str(error)
        return self._limits
