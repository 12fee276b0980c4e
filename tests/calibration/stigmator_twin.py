"""A twin with real texture whose stigmators act as a test says, in an operator's hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hardware.simulator.nature import Nature
from hardware.simulator.specimen import WaferSpecimen, demo_wafer
from hardware.types import StagePose
from models.deepfocus import DeepFocus
from models.estimate import AberrationEstimator
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.manual import Manual
from scopeacq.plan.project import FocusSettings
from tests.scenarios.harness import TinyRun, tiny_project, tiny_twin_settings
from tests.scopeacq.manual_bench import held

SMALL = FocusSettings(width_px=512, height_px=512, dwell_ns=100.0)


@cache
def tissue(seed: int) -> WaferSpecimen:
    """A wafer with one section of procedural ultrastructure."""
    return demo_wafer(seed, 1)


@cache
def deepfocus() -> DeepFocus:
    """As shipped, loaded once."""
    return DeepFocus.load()


@dataclass
class StigmatorTwin:
    """A run on a twin, and how far from focus an operator has left it."""

    run: TinyRun
    start: tuple[float, float, float] = (6.0, 0.8, -0.6)

    @classmethod
    def of(cls, folder: Path, focus: FocusSettings = SMALL, seed: int = 3, **column: Any) -> StigmatorTwin:
        """``column``: settings of the twin's column, over those of the tiny twin."""
        specimen = tissue(seed)
        run = TinyRun.make(folder, tiny_project(focus=focus), specimen=specimen)
        settings = tiny_twin_settings(seed)
        update = {**settings.column.model_dump(), **column}
        settings = settings.model_copy(update={"column": type(settings.column).model_validate(update)})
        run.nature = Nature(settings, specimen, run.truth.append)
        return cls(run)

    @contextmanager
    def held(self, estimator: AberrationEstimator | None = None) -> Iterator[Manual]:
        """In the middle of its section, out of focus by ``start`` (um, a.u., a.u.)."""
        section = self.run.nature.specimen.sections[0]
        with held(self.run) as manual:
            vars(manual).update(methods=(PairFocus(estimator or deepfocus()),))
            manual.devices.stage.move(StagePose(x_um=section.x_um, y_um=section.y_um)).wait(60.0)
            manual.bring_up()
            column = manual.devices.column
            column.set_optics(column.optics().shifted(*self.start))
            yield manual
