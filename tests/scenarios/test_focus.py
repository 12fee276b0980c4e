"""Focus in whole runs: where there is nothing to see, and far from where it was."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.simulator.truth import FrameTruth
from models.estimate import AberrationEstimate, PairCondition
from scopeacq.journal.records import (
    DoseBooked,
    FocusDone,
    FocusEnd,
    Incident,
    PlaneChosen,
    Policy,
    Purpose,
    Record,
    RunEnd,
    SurfaceFitted,
)
from scopeacq.plan.project import FocusPolicy, FocusSettings, ImagingSettings, PolicySettings
from tests.scenarios.harness import TinyRun, tiny_project
from tests.scenarios.test_policies import of_kind, run_once


class Resin:
    """Tissue in focus for so many pairs, then nothing but resin."""

    name = "resin"

    def __init__(self, tissue_pairs: int) -> None:
        self.left = tissue_pairs

    def estimate(
        self, plus: NDArray[np.generic], minus: NDArray[np.generic], condition: PairCondition
    ) -> AberrationEstimate:
        self.left -= 1
        found = np.zeros(3) if self.left >= 0 else np.full(3, 9.0)
        return AberrationEstimate(found, 0.01 * np.eye(3), structured=self.left >= 0)


def test_a_tile_without_structure_trusts_the_focus_surface(tmp_path: Path) -> None:
    focus = FocusSettings(width_px=64, height_px=64, policy=FocusPolicy.FIRST_OF_SECTION)
    run = TinyRun.make(tmp_path, tiny_project(cycles=1, focus=focus), n_sections=6)
    run.estimator = Resin(4)
    assert run_once(run) is RunEnd.FINISHED
    assert len(of_kind(run, SurfaceFitted)) == 1
    on_tiles = of_kind(run, FocusDone)[4:]
    assert [d.end for d in on_tiles] == [FocusEnd.NO_STRUCTURE] * 2
    assert all("no structure" in d.reason and "trusts the focus surface" in d.reason for d in on_tiles)
    assert all(d.before == d.after for d in on_tiles)
    assert of_kind(run, Incident) == []
    assert len(of_kind(run, PlaneChosen)) == 6


def test_without_a_surface_the_policy_decides(tmp_path: Path) -> None:
    policies = PolicySettings(focus_refused=Policy.GO_ON)
    run = TinyRun.make(tmp_path, tiny_project(cycles=1, policies=policies))
    run.estimator = Resin(0)
    assert run_once(run) is RunEnd.FINISHED
    (incident,) = of_kind(run, Incident)
    assert "no structure" in incident.text
    (done,) = of_kind(run, FocusDone)
    assert "surface" not in done.reason and not done.applied


def test_fields_that_are_looked_at_lie_in_the_tile_and_are_booked_before(tmp_path: Path) -> None:
    project = tiny_project(
        cycles=1,
        focus=FocusSettings(width_px=64, height_px=64),
        imaging=ImagingSettings(tile_width_px=320, tile_height_px=320, dwell_ns=50.0, overlap_px=8),
        policies=PolicySettings(focus_refused=Policy.GO_ON),
    )
    run = TinyRun.make(tmp_path, project)
    run.estimator = Resin(0)
    frames_at_booking: list[int] = []

    def note(records: tuple[Record, ...]) -> None:
        if any(isinstance(r, DoseBooked) and r.purpose is Purpose.FOCUS for r in records):
            frames_at_booking.append(sum(isinstance(t, FrameTruth) for t in run.truth))

    run.on_commit = note
    assert run_once(run) is RunEnd.FINISHED
    booked = [d for d in of_kind(run, DoseBooked) if d.purpose is Purpose.FOCUS]
    assert len(booked) == len(frames_at_booking) == 5
    frames = [t for t in run.truth if isinstance(t, FrameTruth)]
    for before, book in zip(frames_at_booking, booked, strict=True):
        pairs = frames[before : before + 4]
        for frame in pairs:
            assert math.dist((frame.x_um, frame.y_um), (book.x_um, book.y_um)) < 1.0
        assert sum(frame.dose_per_nm2 for frame in pairs) < book.electron_dose_per_nm2
    (section,) = run.plan.wafer.sections
    reach_um = {round(math.dist((b.x_um, b.y_um), section.roi_centre_um), 2) for b in booked}
    assert sorted(reach_um) == pytest.approx([0.0, math.hypot(1.28, 1.28)], abs=0.01)
