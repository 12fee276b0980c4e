"""What a GCIB-SEM is made of: one small protocol per capability.

A driver satisfies a protocol by shape. A capability that an instrument may lack is a
protocol of its own and is asked for by ``isinstance``. Every call returns when it is
done or raises a :class:`~hardware.errors.HardwareError`; moves return a :class:`Motion`.
Setters verify by reading back where the device can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from hardware.types import (
    BeamState,
    Blanker,
    CurrentReading,
    DetectorState,
    Frame,
    FrameSettings,
    GunState,
    Optics,
    Preamplifier,
    Range,
    Raster,
    RasterState,
    StagePose,
    VoltReading,
)


@runtime_checkable
class Clock(Protocol):
    """The instrument's time. Virtual on a fast twin; advanced by the acquisition thread only."""

    @property
    def pace(self) -> float:
        """Instrument seconds per real second: 1 on a microscope, ``inf`` when time is virtual."""
        ...

    def now_s(self) -> float: ...

    def sleep(self, duration_s: float) -> None: ...

    def longest_step_s(self, whole_s: float) -> float:
        """The longest sleep between two heartbeats of a wait of ``whole_s``.

        On a real clock the heartbeat interval; on a virtual clock at least
        ``whole_s / 20``, so that long waits cost few heartbeats.
        """
        ...


@runtime_checkable
class ElectronColumn(Protocol):
    """Electron source and lenses."""

    @property
    def optics_limits(self) -> Mapping[str, Range]:
        """Allowed values of ``wd_um``, ``stig_x``, ``stig_y``."""
        ...

    def optics(self) -> Optics: ...

    def set_optics(self, optics: Optics) -> None:
        """Set, wait until the lens has settled, read back."""
        ...

    def beam_shift_um(self) -> tuple[float, float]: ...

    def set_beam_shift_um(self, x_um: float, y_um: float) -> None: ...

    def state(self) -> BeamState: ...

    def blank(self) -> None: ...

    def unblank(self) -> None: ...

    def set_eht(self, on: bool) -> None: ...

    def set_valve(self, open_: bool) -> None: ...


@runtime_checkable
class Scanner(Protocol):
    """Scans one complete frame. Whoever calls has the beam unblanked for it."""

    def acquire(self, settings: FrameSettings) -> Frame: ...

    def abort(self) -> None: ...


@runtime_checkable
class FrameTimes(Protocol):
    """A scanner that knows how long a frame takes; of all others that is the sum of dwell times."""

    def frame_time_s(self, settings: FrameSettings) -> float:
        """Real time until a frame should be there [s]; the deadline of its scan follows it."""
        ...


@runtime_checkable
class Detector(Protocol):
    """The electron detector, with a high voltage that milling must not meet."""

    def state(self) -> DetectorState: ...

    def make_safe(self) -> None: ...

    def restore(self, state: DetectorState) -> None: ...


class Motion(Protocol):
    """A move under way."""

    def wait(self, timeout_s: float) -> StagePose:
        """Block until arrived; the pose read back. Raises ``Deadline``, ``Refused``, ``StageTouch``."""
        ...

    def done(self) -> bool: ...

    def cancel(self) -> None: ...


@runtime_checkable
class Stage(Protocol):
    """Five axes. Only :mod:`hardware.motion` moves it, along checked paths."""

    @property
    def limits(self) -> Mapping[str, Range]:
        """Allowed values by the field names of :class:`StagePose`."""
        ...

    def pose(self) -> StagePose: ...

    def check(self, target: StagePose) -> None:
        """Raise ``OutOfRange`` when the target is not allowed; move nothing."""
        ...

    def duration_s(self, target: StagePose) -> float:
        """How long a move from here to the target should take [s]."""
        ...

    def move(self, target: StagePose) -> Motion: ...

    def stop(self) -> None: ...


@runtime_checkable
class IonGun(Protocol):
    """The cluster source: high voltage and gas. Its blanker is a device of its own."""

    def state(self) -> GunState: ...

    def set_hv(self, on: bool) -> None:
        """Switch, and wait until it reads so. Off may be asked for while another thread waits for on."""
        ...


@runtime_checkable
class RampTime(Protocol):
    """An ion gun whose high voltage takes its time; that of all others is there at once."""

    @property
    def ramp_s(self) -> float:
        """Until it is on or off at the latest [s]; the deadline of switching it follows it."""
        ...


@runtime_checkable
class IonCurrentMeter(Protocol):
    """The gun's Faraday cup, behind its blanker: it is measured while the beam is blanked."""

    def measure(self) -> CurrentReading: ...


@runtime_checkable
class SpecimenCurrentMeter(Protocol):
    """A column whose instrument measures the current from specimen to ground; not all do.

    Whatever the meter's input is wired to is measured: the stage, or a Faraday cup.
    """

    def specimen_current_na(self) -> float:
        """The current now [nA], as the instrument reads it, sign included."""
        ...


@runtime_checkable
class IrradiationMeter(Protocol):
    """The current of an irradiation gun: a preamplifier on what it shines on, and a multimeter."""

    def configure(self, preamplifier: Preamplifier) -> Preamplifier | None:
        """Write all settings of the preamplifier; what reads back, None where it only listens.

        Raises ``OutOfRange`` for a sensitivity that it does not have.
        """
        ...

    def read(self) -> VoltReading: ...


@runtime_checkable
class KnownCurrentCheck(Protocol):
    """A current meter that can be held against a current which is known; a meter may lack it."""

    @property
    def check_s(self) -> float:
        """Until the check is done at the latest [s]; its deadline follows it."""
        ...

    def check_known_current(self, known_na: float) -> float:
        """What it reads of a calibrated source [nA], signed. Raises ``NotReached`` when it differs."""
        ...


@runtime_checkable
class IrradiationSource(Protocol):
    """An irradiation gun that a program may switch off. Only an operator switches it on."""

    def beam_on(self) -> bool: ...

    def switch_off(self) -> None: ...


@runtime_checkable
class IonBlanker(Protocol):
    """One line that opens or blanks the ion beam. Only the guard process holds one.

    The wiring fails closed: unpowered, unplugged or silent is blanked.
    """

    def open(self) -> None: ...

    def blank(self) -> None: ...

    def state(self) -> Blanker: ...


@runtime_checkable
class WaveformGenerator(Protocol):
    """Two channels that drive the ion raster."""

    def state(self) -> RasterState: ...

    def configure(self, raster: Raster) -> None:
        """Set both channels into high impedance and read back. The beam must be blanked."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@runtime_checkable
class Chamber(Protocol):
    """The vacuum chamber."""

    def pressure_mbar(self) -> float: ...


@runtime_checkable
class PlasmaCleaner(Protocol):
    """An asher for hydrocarbons; an instrument may lack it."""

    def clean(self, power_w: float, duration_s: float) -> None:
        """Clean for so long. Raises ``Refused`` where :meth:`stop` ends it before."""
        ...

    def stop(self) -> None:
        """End a cleaning under way: its plasma is off when this returns."""
        ...


@runtime_checkable
class VendorAutofocus(Protocol):
    """The vendor's own focus routine; an instrument may lack it."""

    def run_autofocus(self) -> Optics: ...
