"""The main job with every device behind a wire: decided and imaged as on the twin itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum

import pytest

from hardware.instruments_file import FILE_NAME, read
from hardware.parts import Part
from hardware.simulator.truth import IncidentTruth
from scopeacq.journal.records import (
    MillHeartbeat,
    PlaneChosen,
    PlaneDurable,
    PlaneJudged,
    Record,
    RunEnd,
)
from scopeacq.plan.project import CleaningSettings, Project
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.wired import in_process, on_the_wire, wired_run

BY_THE_POOL = (PlaneDurable, PlaneJudged, PlaneChosen)
"""What becomes of planes while the next ones are scanned: in an order that threads decide."""

OWN = ("opening", "pid", "host")
"""What names this process, or this opening."""

GAUGE_DIGITS = 5e-4
"""A digital gauge has four digits, which no decision lies between."""

ROUNDING = 1e-9


def the_job() -> Project:
    """Two cycles of two tiles on two sections, cleaned in between."""
    cleaning = CleaningSettings(every_cycles=1, duration_s=120.0)
    return tiny_project(cycles=2, tiles=2, cleaning=cleaning)


@dataclass(frozen=True)
class Told:
    """What a journal tells: decisions in order, and what became of each plane."""

    decisions: list[object]
    planes: dict[str, list[object]]


def told(records: Iterable[Record]) -> Told:
    """Timestamps and names of processes aside."""
    kept = [record for record in records if not isinstance(record, MillHeartbeat)]
    planes: dict[str, list[object]] = {}
    for record in kept:
        if isinstance(record, BY_THE_POOL):
            planes.setdefault(f"{record.key} take {record.take}", []).append(plain(record))
    return Told([plain(record) for record in kept if not isinstance(record, BY_THE_POOL)], planes)


def plain(value: object) -> object:
    """A record as nested values, without what is a time or a name of its own."""
    match value:
        case Enum():
            return value.name
        case tuple():
            return [plain(one) for one in value]
        case float():
            return pytest.approx(value, rel=ROUNDING, abs=ROUNDING)
    if not is_dataclass(value):
        return value
    named = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in OWN}
    kept = {name: plain(one) for name, one in named.items() if not name.endswith("at_s")}
    if "pressure_mbar" in kept:
        kept["pressure_mbar"] = pytest.approx(named["pressure_mbar"], rel=GAUGE_DIGITS)
    return {"record": type(value).__name__, **kept}


@pytest.fixture(scope="module")
def directly(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    run = wired_run(tmp_path_factory.mktemp("directly"), the_job(), n_sections=2)
    with in_process(run) as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    return run


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    run = wired_run(tmp_path_factory.mktemp("wired"), the_job(), n_sections=2)
    with on_the_wire(run) as laboratory, laboratory.session() as opened:
        assert opened.engine.run() is RunEnd.FINISHED
    return run


def test_every_part_has_a_wire_of_its_own(wired: TinyRun) -> None:
    assembly = read(wired.plan.instrument_folder / FILE_NAME)
    simulated = {part for part in Part if (one := assembly.player(part)) and one.driver_name == "twin"}
    assert simulated == {Part.CLOCK, Part.IRRADIATION_SOURCE}


def test_the_same_is_decided_in_the_same_order(directly: TinyRun, wired: TinyRun) -> None:
    expected, got = told(directly.records()).decisions, told(wired.records()).decisions
    assert len(got) > 60
    assert got == expected


def test_the_same_pixels_are_on_disk(directly: TinyRun, wired: TinyRun) -> None:
    expected, got = told(directly.records()).planes, told(wired.records()).planes
    assert len(got) == 2 * 2 * 2
    assert got == expected, "checksums, sizes, scores and choices of all planes"


def test_nature_knows_of_no_damage(wired: TinyRun) -> None:
    assert [truth for truth in wired.truth if isinstance(truth, IncidentTruth)] == []
