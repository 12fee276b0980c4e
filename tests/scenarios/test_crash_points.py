"""A run is cut off at every moment, by a kill or a power loss, and goes on as if nothing had been.

The fast variant cuts at the named points; `make soak` cuts after every write, sync, rename and commit.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.simulator.nature import Nature
from hardware.simulator.truth import FrameTruth, IdleExposureTruth, IncidentTruth, OpeningTruth
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.engine import engine
from scopeacq.journal.records import (
    FocusDone,
    PlaneChosen,
    RunEnd,
)
from scopeacq.plan.project import FocusSettings
from tests.scenarios import audit
from tests.scenarios.harness import AZIMUTHS_DEG, Scores, TinyRun, tiny_project, tiny_twin_settings
from tests.scenarios.moments import Cut, Film, Moment, go_on_from
from tests.scenarios.points import POINTS, Point

CYCLES, TILES = 2, 2
T = TypeVar("T", FrameTruth, OpeningTruth, IncidentTruth, IdleExposureTruth)


class Unsure:
    """An estimator that is too uncertain of a fine and a coarse pair, and finds all others in focus."""

    name = "unsure at first"

    def __init__(self) -> None:
        self._pairs = 0

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        self._pairs += 1
        spread = 0.01 if self._pairs > 2 else 100.0
        return AberrationEstimate(np.zeros(3), spread * np.eye(3))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "AWAIT_S", 0.002)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A whole run with one focus refused and one plane taken again; the ion meter is exact."""
    folder = tmp_path_factory.mktemp("film")
    focus = FocusSettings(width_px=72, height_px=72)  # told from tiles by its width
    run = TinyRun.make(folder, tiny_project(CYCLES, TILES, focus=focus))
    run.nature = exact(run)
    run.scorer, run.estimator = Scores(0.5, 3.0), Unsure()
    film = Film(run)
    assert film.take() is RunEnd.FINISHED
    return film


def exact(run: TinyRun) -> Nature:
    """The run's nature with an ion current that does not drift and a meter that does not err."""
    settings = tiny_twin_settings(0)
    gun = settings.gun.model_copy(update={"meter_noise": 0.0, "current_drift": 0.0})
    settings = settings.model_copy(update={"gun": gun})
    return Nature(settings, run.nature.specimen, run.truth.append)


def told(run: TinyRun, kind: type[T]) -> list[T]:
    return [r for r in run.truth if isinstance(r, kind)]


def troubles(run: TinyRun, ends: Sequence[RunEnd]) -> list[str]:
    """All that is not as if the run had never been cut off."""
    plan, records, openings = run.plan, run.records(), told(run, OpeningTruth)
    if RunEnd.FINISHED not in ends:
        return [f"Not finished: {ends}, {records[-1]}."]
    width_um = plan.project.imaging.tile_width_px * plan.project.imaging.pixel_size_nm * 1e-3
    milled = audit.passes(plan, records, openings)
    current_na = run.nature.settings.gun.current_na
    return [
        *audit.plane_troubles(plan, records, CYCLES),
        *audit.slice_troubles(records, openings),
        *audit.exposure_troubles(records, told(run, FrameTruth), width_um),
        *audit.mill_troubles(milled, plan.instrument.mill.raster_y_hz, current_na),
        *audit.opening_troubles(plan, records, openings),
        *(f"Damage: {incident}." for incident in told(run, IncidentTruth)),
        *(f"Electrons without a frame: {idle}." for idle in told(run, IdleExposureTruth)),
    ]


def moment_at(film: Film, point: Point, cut: Cut) -> Moment:
    """The first time that the run is at a point is cut by a kill, the last time by a power loss."""
    found = [film.after(n) for n, e in enumerate(film.events) if point.event(e)]
    return found[0 if cut is Cut.KILL else -1][-1 if point.before_next else 0]


# -- the tests ----------------------------------------------------------------------------


def test_the_uncut_run_itself_is_without_trouble(film: Film) -> None:
    assert not troubles(film.run, [RunEnd.FINISHED])
    records = film.run.records()
    assert any(isinstance(r, FocusDone) and not r.applied for r in records)
    assert any(isinstance(r, PlaneChosen) and r.take > 0 for r in records)


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_goes_on_from_every_named_point(film: Film, point: Point, cut: Cut, tmp_path: Path) -> None:
    assert not troubles(*go_on_from(film, moment_at(film, point, cut), cut, tmp_path / "again"))


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
def test_goes_on_when_the_guard_was_asked_and_had_not_opened(film: Film, cut: Cut, tmp_path: Path) -> None:
    asked = [m for m in film.moments if m.guard_asked]
    moment = asked[0 if cut is Cut.KILL else -1]
    assert not troubles(*go_on_from(film, moment, cut, tmp_path / "again"))


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
def test_no_charge_is_forgotten_that_fell_before_anybody_counted(
    film: Film, cut: Cut, tmp_path: Path
) -> None:
    openings = [m for last, m in pairwise(film.moments) if last.falling_uc == 0 < m.falling_uc]
    assert len(openings) == CYCLES * len(AZIMUTHS_DEG)
    moment = openings[0 if cut is Cut.KILL else -1]
    assert not troubles(*go_on_from(film, moment, cut, tmp_path / "again"))


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
def test_electrons_that_were_left_on_the_wafer_are_blanked_before_time_passes(
    film: Film, cut: Cut, tmp_path: Path
) -> None:
    scanning = [m for m in film.moments if not m.nature["column"]["blanked"]]
    moment = scanning[0 if cut is Cut.KILL else -1]
    assert not troubles(*go_on_from(film, moment, cut, tmp_path / "again"))


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
def test_goes_on_from_every_prefix(film: Film, cut: Cut, tmp_path: Path) -> None:
    """Right after every event and right before the next one."""
    every = chain.from_iterable((there[0], there[-1]) for there in map(film.after, range(len(film.events))))
    broken: dict[str, list[str]] = {}
    for n, moment in enumerate(every):
        folder = tmp_path / str(n)
        if found := troubles(*go_on_from(film, moment, cut, folder)):
            broken[f"after event {moment.n_events}, {film.events[moment.n_events - 1]}"] = found
        shutil.rmtree(folder)
    assert not broken
