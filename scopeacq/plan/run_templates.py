"""What a new run can begin with: usual plans, and the plan of a run that is there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scopeacq.plan.demo import example
from scopeacq.plan.estimate import Estimate, estimate
from scopeacq.plan.geometry import Point
from scopeacq.plan.instrument import Instrument
from scopeacq.plan.new_run import write_run
from scopeacq.plan.profiles import carried
from scopeacq.plan.project import ImagingSettings, MillingSettings, OverviewSettings, Project
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer import Fiducial, Section, Wafer

Parts = tuple[Project, Wafer, Instrument]

UNPREPARED_SECTIONS = 30

PUBLISHED_SECTIONS = 500
PUBLISHED_EDGE_UM = 250.0
PUBLISHED_PITCH_UM = 800.0
PUBLISHED_THICKNESS_NM = 500.0
"""The published plan: Schubert 2022, chapter 2."""

FIDUCIAL_RADIUS_UM = 11_400.0
FIDUCIALS_DEG = (10.0, 85.0, 150.0, 220.0, 300.0)
"""Unevenly spread, so that no rotation maps the marks on themselves."""


@dataclass(frozen=True, slots=True)
class Template:
    """A plan to begin with. ``make``: its parts for a run of some name."""

    key: str
    title: str
    description: str
    make: Callable[[str], Parts]

    def cost(self) -> Estimate:
        """What a run of it takes as it stands."""
        return estimate(*self.make(self.key))

    def write(self, root: Path) -> Plan:
        """Make a run folder of it. Raises what :func:`scopeacq.plan.new_run.write_run` raises."""
        return write_run(root, *self.make(root.stem))


def _rehearsal(name: str) -> Parts:
    project, wafer, instrument = example(name, sections=2)
    imaging = ImagingSettings(tile_width_px=1024, tile_height_px=1024, overlap_px=100)
    return project.model_copy(update={"imaging": imaging, "cycles": 2}), wafer, instrument


def _unprepared(name: str) -> Parts:
    """Nothing is known of the wafer yet: what lies on it stands in the twin's own settings alone."""
    project, _, instrument = example(name)
    twin = {
        "seed": 0,
        "specimen": {"n_sections": UNPREPARED_SECTIONS, "arrangement": "scattered"},
        "detector": {"falloff_per_mm2": 0.3},
    }
    update = {
        "cycles": 2,
        "imaging": ImagingSettings(tile_width_px=1024, tile_height_px=1024, overlap_px=100),
        "milling": MillingSettings(depth_nm=10.0, raster_vpp=7.0),
        "overview": OverviewSettings(columns=7, rows=9),
    }
    driver = instrument.driver.model_copy(update={"settings": twin})
    return (
        project.model_copy(update=update),
        Wafer(),
        instrument.model_copy(update={"driver": driver}),
    )


def _published(name: str) -> Parts:
    project, _, instrument = example(name)
    update = {
        "cycles": 25,
        "imaging": ImagingSettings(grid_rows=5, grid_columns=5, overlap_px=1250),
        "milling": MillingSettings(depth_nm=20.0, raster_vpp=20.0, rounds=5),
        "storage": Project.model_fields["storage"].default,
    }
    return project.model_copy(update=update), _published_wafer(), instrument


def _published_wafer() -> Wafer:
    """Sections in rows about the centre, to be imaged to and fro."""
    sections = tuple(_square(f"S{n:03d}", place) for n, place in enumerate(_rows(), 1))
    marks = ((FIDUCIAL_RADIUS_UM, math.radians(angle)) for angle in FIDUCIALS_DEG)
    places = ((round(r * math.cos(a)), round(r * math.sin(a))) for r, a in marks)
    return Wafer(sections, tuple(Fiducial(f"F{n}", place) for n, place in enumerate(places, 1)))


def _rows() -> list[Point]:
    reach = range(-15, 16)
    places = [(x * PUBLISHED_PITCH_UM, y * PUBLISHED_PITCH_UM) for y in reach for x in reach]
    nearest = sorted(places, key=lambda p: (math.hypot(*p), p))[:PUBLISHED_SECTIONS]

    def along_the_route(place: Point) -> Point:
        x, y = place
        return -y, x if round(y / PUBLISHED_PITCH_UM) % 2 == 0 else -x

    return sorted(nearest, key=along_the_route)


def _square(name: str, centre: Point) -> Section:
    (x, y), half = centre, PUBLISHED_EDGE_UM / 2
    outline = (x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)
    return Section(name, outline, centre, 0.0, PUBLISHED_THICKNESS_NM)


TEMPLATES = (
    Template(
        "demo",
        "Demo wafer",
        "Four sections on the physical twin, with four tiles each and five cycles: to practise everything.",
        example,
    ),
    Template(
        "rehearsal",
        "Short rehearsal",
        "Two sections on the twin, with one tile each and two cycles: to try policies and a run's course.",
        _rehearsal,
    ),
    Template(
        "wafer",
        "Unprepared wafer",
        "30 sections on the twin of which nothing is known yet: to practise overview, detection, grids "
        "and route.",
        _unprepared,
    ),
    Template(
        "published",
        "Published plan",
        "500 sections of 500 nm, 5 x 5 tiles of 6000 x 6000 pixels each (Schubert 2022): for a real wafer, "
        "once you have named your driver and drawn your sections.",
        _published,
    ),
)


def template_named(name: str) -> Template:
    """The template of this key, or of a run's folder. Raises ``SettingsError``."""
    for template in TEMPLATES:
        if template.key == name:
            return template
    if not Path(name).is_dir():
        keys = ", ".join(template.key for template in TEMPLATES)
        raise SettingsError(
            Path(name), ["this is neither a template nor a run folder"], f"Templates are: {keys}."
        )
    return copy_of(Plan.read(Path(name)))


def copy_of(plan: Plan) -> Template:
    """A template with the settings of a run that is there. What belongs to its images is not taken over."""
    title = f"Copy of {plan.project.name}"
    return Template(
        str(plan.folder.root), title, "Its settings, without its images.", partial(_again, plan)
    )


def _again(plan: Plan, name: str) -> Parts:
    storage = plan.project.storage.model_copy(update={"images": ""})
    project = plan.project.model_copy(update={"name": name, "storage": storage})
    instrument = carried(plan.instrument, plan.folder.root)
    # the twin's folder holds a wafer that was milled; a real instrument stays the same one, with its lock
    folder = "" if instrument.simulated else str(plan.instrument_folder.resolve())
    driver = instrument.driver.model_copy(update={"folder": folder})
    return project, plan.wafer, instrument.model_copy(update={"driver": driver})
