"""What a plan costs, as figures that explain themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scopeacq.plan.appraisal import Appraisal
from scopeacq.plan.estimate import Pace
from scopeacq.plan.project import ImagingSettings
from scopeacq.telling.wording import counted
from ui.presenters.durations import clock_time, spoken
from ui.presenters.quantities import shown, unit_shown
from ui.presenters.tone import Tone

GB = 1e9
PACE = Pace()
FINISHED = "Finished"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name, and where it comes from."""

    label: str
    value: str
    why: str
    tone: Tone = Tone.QUIET


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a cycle's time; ``part`` is 0 to 1."""

    name: str
    part: float
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class CostView:
    """The estimates of a plan."""

    total: Figure
    finish: Figure
    shares: tuple[Share, ...]
    figures: tuple[Figure, ...]

    @property
    def sentence(self) -> str:
        """What stands under the total."""
        if self.total.value == FINISHED:
            return f"{self.total.label}."
        return f"{self.total.label}. {self.finish.label} {self.finish.value} if started now."

    @property
    def text(self) -> str:
        """All of it, to be copied."""
        figures = (self.total, self.finish, *self.figures)
        return "\n".join(f"{f.label}: {f.value}" for f in figures)


def cost_view(appraisal: Appraisal, now: datetime) -> CostView:
    """The figures of a plan, for a run that is started now."""
    return CostView(
        _total(appraisal),
        _finish(appraisal, now),
        _shares(appraisal),
        (
            _planes(appraisal),
            _dose(appraisal),
            _dose_most(appraisal),
            _depth(appraisal),
            _charge(appraisal),
            _bytes(appraisal),
        ),
    )


def three(value: float) -> str:
    """Three figures say enough."""
    return shown(float(f"{value:.3g}"))


def grouped(number: int) -> str:
    """A whole number in groups of thousands, parted by thin spaces."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def bytes_shown(count: float) -> str:
    """``1.2 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{three(count)} {unit}"
        count /= 1000
    return f"{three(count)} TB"


def _total(a: Appraisal) -> Figure:
    left = _cycles_left(a)
    if not left:
        return Figure("All cycles are done", FINISHED, "Raise the number of cycles to go on.")
    done = f", {a.cycles_done} of them done" if a.cycles_done else ""
    return Figure(
        "Time left" if a.cycles_done else "Time in all",
        spoken(a.cost.cycle_s * left),
        f"{counted(a.cost.cycles, 'cycle')}{done}, of {spoken(a.cost.cycle_s)} each. Retakes, waits and "
        "pauses come on top.",
    )


def _finish(a: Appraisal, now: datetime) -> Figure:
    left_s = a.cost.cycle_s * _cycles_left(a)
    return Figure(
        "Finished",
        clock_time(now, left_s),
        f"If the run is started now, {now:%H:%M}, and never pauses: now plus the time "
        f"{'left' if a.cycles_done else 'in all'}.",
    )


def _cycles_left(a: Appraisal) -> int:
    return max(a.cost.cycles - a.cycles_done, 0)


def _shares(a: Appraisal) -> tuple[Share, ...]:
    cost, project, instrument = a.cost, a.plan.project, a.plan.instrument
    m = project.milling
    parts = (
        (
            "Imaging",
            cost.imaging_s,
            f"{counted(cost.planes_per_cycle, 'tile')} {_scans(a.plan.kinds_of_tiles)}, and "
            f"{PACE.tile_s:g} s each to move and settle.",
        ),
        (
            "Focus",
            cost.focus_s,
            f"Corrections {project.focus.policy.value}: usually two pairs of images each, at "
            f"{project.focus.dwell_ns:g} ns.",
        ),
        (
            "Finding",
            cost.registration_s,
            f"Low-dose images of {counted(len(a.plan.wafer.fiducials), 'fiducial')} and "
            f"{counted(cost.sections, 'section')}, and {PACE.registration_s:g} s each to look and compare.",
        ),
        (
            "Travel",
            cost.travel_s,
            "Of the stage from section to section, in the order of the wafer.",
        ),
        (
            "Milling",
            cost.milling_s,
            f"{len(m.azimuths_deg)} azimuths x {three(cost.charge_uc_per_azimuth)} µC at "
            f"{instrument.mill.ion_current_na:g} nA, in {counted(m.rounds, 'round')}, and "
            f"{PACE.mill_pass_s:g} s for the way to each pass.",
        ),
        (
            "Recovery",
            cost.recovery_s,
            f"{PACE.recovery_s:g} s to pump and to restore the electron beam, and "
            f"{project.recovery.charge_decay_s:g} s for charges to decay.",
        ),
    )
    whole_s = cost.cycle_s or 1.0
    return tuple(Share(name, s / whole_s, spoken(s) if s else "none", why) for name, s, why in parts)


def _scans(kinds: Sequence[ImagingSettings]) -> str:
    """How tiles are scanned."""
    if len(kinds) > 1:
        return f"with {len(kinds)} different settings"
    return f"of {kinds[0].tile_width_px} x {kinds[0].tile_height_px} pixels at {kinds[0].dwell_ns:g} ns"


def _planes(a: Appraisal) -> Figure:
    cost = a.cost
    return Figure(
        "Tiles",
        f"{grouped(cost.planes_per_cycle)} per cycle, {grouped(cost.planes)} in all",
        f"The tiles of {counted(cost.sections, 'section')} that are not left out, in each of "
        f"{counted(cost.cycles, 'cycle')}.",
    )


def _dose(a: Appraisal) -> Figure:
    current_na = a.plan.instrument.electron.probe_current_na
    i = max(a.plan.kinds_of_tiles, key=lambda kind: kind.frame(0.0).electron_dose_per_nm2(current_na))
    return Figure(
        "Electron dose",
        f"{three(a.cost.imaging_dose_per_nm2)} e⁻/nm² per tile",
        f"{current_na:g} nA x {i.dwell_ns:g} ns on each pixel of {i.pixel_size_nm:g} nm.",
    )


def _dose_most(a: Appraisal) -> Figure:
    project = a.plan.project
    return Figure(
        "At most on one spot",
        f"{three(a.cost.dose_most_per_nm2)} e⁻/nm² per cycle",
        f"If one place got all that is allowed: {counted(project.imaging.retakes, 'retake')}, up to "
        f"{counted(project.focus.max_iterations, 'focus iteration')} before each take, and the low-dose "
        "image of its section.",
    )


def _depth(a: Appraisal) -> Figure:
    cost, sections = a.cost, a.plan.wafer.sections
    thinnest = min(sections, key=lambda s: s.thickness_nm, default=None)
    compared = (
        f" The thinnest section, {thinnest.id}, is {three(thinnest.thickness_nm)} nm thick."
        if thinnest is not None
        else ""
    )
    return Figure(
        "Milled",
        f"{three(cost.depth_nm)} nm per cycle, {three(cost.milled_nm)} nm in all",
        f"From the mill rate at {a.plan.project.milling.irradiation_1e27_ev_per_cm3:g} "
        f"{unit_shown('10^27 eV/cm^3')}.{compared}",
        Tone.CAUTION if a.mills_through else Tone.QUIET,
    )


def _charge(a: Appraisal) -> Figure:
    return Figure(
        "Ion charge",
        f"{three(a.cost.charge_uc_per_azimuth)} µC per azimuth",
        "As the plan says, or what it takes for the depth at the measured mill rate; a pass takes "
        f"{spoken(a.cost.pass_s)}.",
    )


def _bytes(a: Appraisal) -> Figure:
    left = a.cost.slice_bytes * _cycles_left(a)
    reserve = a.plan.project.storage.reserve_gb * GB
    why = (
        f"{bytes_shown(a.cost.slice_bytes)} per cycle: all tiles with their pyramids, not compressed, each "
        "taken once."
    )
    if a.free_bytes is None:
        return Figure(
            "Disk", f"{bytes_shown(left)} to come", f"{why} Nobody can say how much room there is."
        )
    room = max(a.free_bytes - reserve, 0.0)
    return Figure(
        "Disk",
        f"{bytes_shown(left)} of {bytes_shown(room)} free",
        f"{why} The room is that of {a.plan.folder.images(a.plan.project).parent} less the reserve.",
        Tone.CAUTION if left > room else Tone.QUIET,
    )
