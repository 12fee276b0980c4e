"""A driver on the test bench: what the contract suite needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hardware.emulators.rehearsal import Rehearsal, rehearsal
from hardware.emulators.serving import Wire
from hardware.microscope import Devices
from hardware.parts import Part, Parts
from hardware.simulator.config import ColumnSettings, StageSettings, TwinSettings
from hardware.simulator.faults import Fault, FaultScript
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import SectionSpec, WaferSpecimen
from hardware.simulator.tiny import Ripples, tiny_settings
from hardware.types import Blanker, FrameSettings, StagePose

SMALL = FrameSettings(96, 64, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class Bench:
    """A freshly connected instrument, both beams blanked.

    Args:
        devices: the whole instrument; ``close`` is called at the end, and must bear a second time.
        plays: the parts that are tried; tests of others are skipped.
        ions: whether the ion beam is blanked, as seen from outside: never over the guard's line,
            which has one owner.
        wires: of the devices that are tried, to be pulled out and spoilt.
        around: the simulated microscope behind them: to be upset, overheard and looked at.
        frame: the smallest frame that the scanner takes.
        bit_depths: what its frames may have.
        low: a pose under which nothing stands; moves are tried from there, by less than a millimetre.
    """

    devices: Devices
    plays: frozenset[Part]
    ions: Callable[[], Blanker]
    wires: tuple[Wire, ...] = ()
    around: Rehearsal | None = None
    frame: FrameSettings = SMALL
    bit_depths: tuple[int, ...] = (8, 16)
    low: StagePose = StagePose(z_um=6_000.0)


def played_by(devices: Devices | Parts) -> frozenset[Part]:
    """The parts that somebody plays."""
    return frozenset(part for part in Part if getattr(devices, part.value) is not None)


def trial_settings() -> TwinSettings:
    """A quick twin whose stage and lenses take their time, which is virtual."""
    return tiny_settings().model_copy(update={"stage": StageSettings(), "column": ColumnSettings()})


def trial_nature(settings: TwinSettings | None = None, *faults: Fault) -> Nature:
    """One section on a wafer, by :func:`trial_settings` unless others are given, with these faults."""
    specimen = WaferSpecimen([SectionSpec("S001", 0.0, 0.0, 0.0)], [], Ripples(), 0)
    return Nature(settings or trial_settings(), specimen, lambda _truth: None, FaultScript(faults))


def trial_twin() -> Rehearsal:
    """What emulators are fed by, and the twin that plays the parts that are not tried."""
    return rehearsal(trial_nature())


def rehearsed(around: Rehearsal, *tried: Parts, wires: Iterable[Wire] = ()) -> Bench:
    """A bench on which the twin plays every part that ``tried`` do not."""
    plays = frozenset[Part]().union(*map(played_by, tried))
    return Bench(around.played_by(*tried), plays, around.ions, tuple(wires), around)
