"""A twin with real texture whose scan and stage are off as a test says, in an operator's hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hardware.simulator.config import StageSettings
from hardware.simulator.faults import FaultScript
from hardware.simulator.nature import Nature
from hardware.types import StagePose
from scopeacq.manual import Manual
from scopeacq.plan.instrument import ScanSettings
from tests.calibration.stigmator_twin import tissue
from tests.scenarios.harness import TinyRun, tiny_twin_settings
from tests.scopeacq.manual_bench import held

NONE: Mapping[str, object] = {}
AS_TOLD = ScanSettings()


@dataclass
class GeometryTwin:
    """A run on a twin that stands in focus in the middle of its section."""

    run: TinyRun

    @classmethod
    def of(
        cls,
        folder: Path,
        column: Mapping[str, object] = NONE,
        stage: Mapping[str, object] = NONE,
        gone_by: ScanSettings = AS_TOLD,
        script: FaultScript | None = None,
        seed: int = 3,
    ) -> GeometryTwin:
        """``column``, ``stage``: settings over those of the tiny twin; ``gone_by``: of the profile."""
        run = TinyRun.make(folder, specimen=tissue(3))
        settings = tiny_twin_settings(seed)
        settings = settings.model_copy(
            update={
                "column": type(settings.column).model_validate({**settings.column.model_dump(), **column}),
                "stage": StageSettings.model_validate({**settings.stage.model_dump(), **stage}),
            }
        )
        run.nature = Nature(settings, tissue(3), run.truth.append, script)
        instrument = run.plan.instrument.model_copy(update={"scan": gone_by})
        run.plan = replace(run.plan, instrument=instrument)
        return cls(run)

    @contextmanager
    def held(self) -> Iterator[Manual]:
        """Where an operator would begin."""
        section = self.run.nature.specimen.sections[0]
        with held(self.run) as manual:
            manual.devices.stage.move(StagePose(x_um=section.x_um, y_um=section.y_um)).wait(60.0)
            manual.bring_up()
            yield manual
