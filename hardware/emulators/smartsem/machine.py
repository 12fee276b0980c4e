"""What differs from one SmartSEM to the next."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.simulator.config import Time, TwinSettings

UM_PER_MM = 1e3
ANSWER_S, COMPUTING_S = 5.0, 18.0
"""Where time is virtual, the question whether a frame has ended waits until it is computed."""

LENS_TIME_CONSTANTS = 6.0
"""After so many a lens counts as settled."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store resolution."""

    width_px: int
    height_px: int

    def __str__(self) -> str:
        return f"{self.width_px} * {self.height_px}"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the service engineer set up.

    Args:
        stores: in the order of SmartSEM's list.
        dwells_ns: of scan rates 0, 1, 2 and so on.
        bits: of the TIFF files.
        zero_um: where SmartSEM's stage axes have their 0, in the twin's coordinates (x, y).
        tells_dwell: whether this version knows ``DP_DWELL_TIME``.
        um_per_percent: of beam shift, in x and y.
    """

    stores: tuple[Store, ...] = (Store(1024, 768), Store(512, 384), Store(2048, 1536))
    dwells_ns: tuple[float, ...] = tuple(50.0 * 2**rate for rate in range(9))
    bits: int = 8
    detectors: tuple[str, ...] = ("InLens", "SE2")
    zero_um: tuple[float, float] = (0.0, 0.0)
    tells_dwell: bool = True
    um_per_percent: tuple[float, float] = (0.5, 0.5)


MERLIN = Machine()


def table_of(machine: Machine, twin: TwinSettings, address: str) -> dict[str, object]:
    """What a laboratory would write into ``instruments.toml`` for this machine at ``host:port``."""
    x_um, y_um = machine.zero_um
    speeds, (by_x, by_y) = twin.stage.speeds, machine.um_per_percent
    virtual = twin.time is Time.VIRTUAL
    return {
        "program_id": "hardware.emulators.smartsem:connect",
        "address": address,
        "answer_s": COMPUTING_S if virtual else ANSWER_S,
        "bit_depth": machine.bits,
        "image_stores": [str(store) for store in machine.stores],
        "dwell_times_ns": list(machine.dwells_ns),
        "scan_settling_s": 0.0,
        "lens_settling_s": LENS_TIME_CONSTANTS * twin.column.lens_settling_s,
        "meter_settling_s": 0.0,
        "beam_shift_x_um": 100.0 * by_x,
        "beam_shift_y_um": 100.0 * by_y,
        "detector": machine.detectors[0],
        "stage_frame": {"x_zero_mm": -x_um / UM_PER_MM, "y_zero_mm": -y_um / UM_PER_MM},
        "stage_speeds": speeds.model_dump(),
        "stage_settling_s": twin.stage.settling_s,
    }
