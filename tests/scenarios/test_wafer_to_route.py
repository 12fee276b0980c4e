"""From a bare wafer to a finished cycle on the twin, by commands alone."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from shapely import affinity
from shapely.geometry import Polygon, box

from hardware.simulator.scattered import scattered_wafer
from hardware.simulator.specimen import SectionSpec
from scopeacq.cli import run_command
from scopeacq.plan.new_run import write_run
from scopeacq.plan.project import ImagingSettings, OverviewSettings
from scopeacq.plan.run_templates import template_named
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.wafer import Section
from tests.scenarios.harness import Waves

SEED, SECTIONS = 2, 5
COARSE = OverviewSettings(
    columns=4, rows=4, tile_width_px=512, tile_height_px=512, pixel_size_nm=2000.0, overlap_px=32
)
SMALL = ImagingSettings(tile_width_px=512, tile_height_px=512, overlap_px=50)


@dataclass(frozen=True)
class Operator:
    """Types commands about one run, and reads what programs read."""

    run: Path
    capsys: pytest.CaptureFixture[str]

    def wafer(self, command: str, *arguments: str) -> dict[str, Any]:
        code = run_command(["wafer", command, str(self.run), *arguments, "--json"])
        said = self.capsys.readouterr()
        assert code == 0, said.err
        report: dict[str, Any] = json.loads(said.out)
        return report


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """Before a run like the template of an unprepared wafer, with few sections and coarse pictures.

    The wiring of the blanker is confirmed, which no command does.
    """
    template = template_named("wafer").write(tmp_path / "template.scopeacq")
    twin = template.instrument.driver.settings | {
        "seed": SEED,
        "specimen": {"n_sections": SECTIONS, "arrangement": "scattered"},
    }
    driver = template.instrument.driver.model_copy(update={"settings": twin})
    mill = template.instrument.mill.model_copy(update={"fails_closed_confirmed": True})
    instrument = template.instrument.model_copy(update={"driver": driver, "mill": mill})
    project = template.project.model_copy(update={"cycles": 1, "overview": COARSE, "imaging": SMALL})
    run = tmp_path / "w.scopeacq"
    write_run(run, project, template.wafer, instrument)
    return Operator(run, capsys)


def _truth() -> list[Polygon]:
    """Where the sections of the twin truly lie."""
    return [_outline(section) for section in scattered_wafer(SEED, SECTIONS, Waves()).sections]


def _outline(section: SectionSpec) -> Polygon:
    half_width_um, half_height_um = section.width_um / 2, section.height_um / 2
    upright = box(-half_width_um, -half_height_um, half_width_um, half_height_um)
    turned = affinity.rotate(upright, section.rotation_deg, origin=(0, 0))
    return affinity.translate(turned, section.x_um, section.y_um)


def _overlap(section: Section, truth: Polygon) -> float:
    """Intersection over union."""
    outline = Polygon(section.outline_um)
    return outline.intersection(truth).area / outline.union(truth).area


def test_a_bare_wafer_is_prepared_and_imaged_by_commands(operator: Operator) -> None:
    assert operator.wafer("overview")["tiles"] == COARSE.columns * COARSE.rows
    assert operator.wafer("detect")["new"] == SECTIONS
    operator.wafer("review", "--accept-above", "0.5")
    operator.wafer("landmarks", "--fiducials", "4")
    operator.wafer("grids")
    route = operator.wafer("route", "--limit-s", "3")
    plan = Plan.read(operator.run)
    assert [s.id for s in plan.wafer.sections] == route["order"]
    for truth in _truth():
        section = max(plan.wafer.sections, key=lambda s: _overlap(s, truth))
        assert _overlap(section, truth) > 0.9
        assert math.dist(section.roi_centre_um, truth.centroid.coords[0]) < 10.0

    assert run_command(["check", str(operator.run)]) == 0
    assert run_command(["run", str(operator.run)]) == 0
    operator.capsys.readouterr()
    assert run_command(["status", str(operator.run), "--json"]) == 0
    status = json.loads(operator.capsys.readouterr().out)
    assert (status["state"], status["cycles_done"]) == ("finished", 1)
    assert (status["planes"], status["planes_lost"]) == (SECTIONS, 0)
