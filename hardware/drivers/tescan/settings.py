"""What the table of a TESCAN microscope may hold in the file of an instrument."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

from hardware.parts import DeviceSettings

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Sense(Enum):
    """Whether the microscope counts an axis or an angle as ``hardware.types`` does."""

    SAME = "same"
    OPPOSITE = "opposite"

    @property
    def sign(self) -> int:
        return 1 if self is Sense.SAME else -1


class BeamBlanker(Enum):
    """Which blanker the column has; each has its own modes (manual, ``ScGetBlanker``)."""

    ELECTROSTATIC = "electrostatic"
    MAGNETIC = "magnetic"

    @property
    def index(self) -> int:
        return 0 if self is BeamBlanker.ELECTROSTATIC else 1

    @property
    def blanked_mode(self) -> int:
        """1: always blanked. 2: blanked while nothing scans, the most that the magnetic one can do."""
        return 1 if self is BeamBlanker.ELECTROSTATIC else 2


class ColumnSettings(DeviceSettings):
    """Lenses and deflectors."""

    wd_limits_um: tuple[Positive, Positive] = Field(
        (1_000.0, 50_000.0),
        title="Working distances",
        description="Lowest and highest that may be set; SharkSEM does not tell its own limits.",
    )
    stigmator: str = Field(
        "Stigmator",
        title="Stigmator",
        description="Name of the stigmators among the centerings of the microscope, or a part of it.",
    )
    stig_limits: tuple[float, float] = Field(
        (-100.0, 100.0),
        title="Stigmators",
        description="Lowest and highest value, in the microscope's unit.",
    )
    beam_shift_limit_um: Positive = Field(
        50.0, title="Beam shift", description="Largest shift of the image on each axis."
    )
    beam_shift_x: Sense = Field(
        Sense.SAME,
        title="Beam shift in x",
        description="Same: a positive one shows what lies to the right.",
    )
    beam_shift_y: Sense = Field(
        Sense.SAME, title="Beam shift in y", description="Same: a positive one shows what lies farther up."
    )
    settling_s: NotNegative = Field(
        0.12,
        title="Settling of the lenses",
        description="Wait after the microscope calls its optics stable.",
    )
    blanker: BeamBlanker = Field(
        BeamBlanker.ELECTROSTATIC, title="Beam blanker", description="Which kind the column has."
    )
    unblanking_s: NotNegative = Field(
        0.0,
        title="Unblanking",
        description="Until the beam stands after it was unblanked; about 1 with the magnetic blanker.",
    )


class ScanSettings(DeviceSettings):
    """Scanner and detector."""

    detector: str = Field(
        "In-Beam SE", title="Detector", description="Its name in the microscope's list, or a part of it."
    )
    channel: Annotated[int, Field(ge=0, le=15)] = Field(
        0, title="Video channel", description="The channel that the detector is put on."
    )
    rotation: Sense = Field(
        Sense.SAME,
        title="Scan rotation",
        description="Same: a positive one turns the scan counter-clockwise on the specimen.",
    )
    patience_s: Positive = Field(
        15.0,
        title="Patience with a frame",
        description="What a frame may take beyond twice its dwell times.",
    )


class StageSettings(DeviceSettings):
    """How the microscope counts its axes, and how fast they go.

    ``z_um = z_origin_um + Z`` with Z as the microscope has it, or minus Z where it counts down from
    the pole piece.
    """

    x: Sense = Field(
        Sense.SAME, title="x", description="Same: at a larger x the image shows what lies right."
    )
    y: Sense = Field(Sense.SAME, title="y", description="Same: at a larger y the image shows what lies up.")
    z: Sense = Field(
        Sense.OPPOSITE, title="z", description="Same: a larger Z lifts the stage towards the pole piece."
    )
    z_origin_um: float = Field(
        30_000.0, title="Origin of z", description="Our z where the microscope's Z is 0."
    )
    rotation: Sense = Field(Sense.SAME, title="Rotation", description="Same: counter-clockwise from above.")
    tilt: Sense = Field(Sense.SAME, title="Tilt", description="Same: a positive one turns towards the gun.")
    xy_um_per_s: Positive = Field(
        2_000.0, title="Speed of x and y", description="As its own software shows it."
    )
    z_um_per_s: Positive = Field(1_000.0, title="Speed of z", description="As its own software shows it.")
    rotation_deg_per_s: Positive = Field(
        12.0, title="Speed of rotation", description="As its own software shows it."
    )
    tilt_deg_per_s: Positive = Field(
        3.0, title="Speed of tilt", description="As its own software shows it."
    )
    settling_s: NotNegative = Field(
        0.2, title="Settling of the stage", description="What a move takes beside its travel."
    )


class TescanSettings(DeviceSettings):
    """A TESCAN microscope whose remote control (SharkSEM) is switched on."""

    host: str = Field(
        "127.0.0.1", title="Computer", description="Name or address of the microscope's computer."
    )
    port: Annotated[int, Field(ge=1, le=65_534)] = Field(
        8300, title="Port", description="SharkSEM's port for control; images come through the next one."
    )
    answer_s: Positive = Field(2.0, le=6.0, title="Answers", description="How long an answer may take.")
    column: ColumnSettings = Field(
        ColumnSettings(), title="Column", description="Lenses, deflectors and blanker."
    )
    scan: ScanSettings = Field(ScanSettings(), title="Scan", description="Scanner and detector.")
    stage: StageSettings = Field(
        StageSettings(), title="Stage", description="How it counts its axes, and how fast they go."
    )
