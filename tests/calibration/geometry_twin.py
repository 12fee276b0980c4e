"""A twin whose scan and stage are off as a test says, over a texture that is quick to scan."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from hardware.simulator.config import StageSettings
from hardware.simulator.faults import FaultScript
from hardware.simulator.fields import Floats, PeriodicTable, gaussian_fields
from hardware.simulator.nature import Nature
from hardware.simulator.specimen import WaferSpecimen, demo_wafer
from hardware.simulator.truth import FrameTruth
from hardware.types import StagePose
from scopeacq.manual import Manual
from scopeacq.plan.profiles import with_values
from tests.calibration.benches import Listener
from tests.scenarios.harness import TinyRun, tiny_twin_settings
from tests.scopeacq.manual_bench import held

AS_IT_IS: Mapping[str, object] = {}


class Speckle:
    """A random field that repeats after some 100 um, about as fine as tissue; ``contrast`` 0 is none."""

    PITCH_UM = 0.1
    WAVELENGTH_PX = 6.0

    def __init__(self, contrast: float = 1.0) -> None:
        fields = gaussian_fields(np.random.default_rng(5), 1024, self.WAVELENGTH_PX, 0.5)
        self._table = PeriodicTable(contrast * fields[..., 0], self.PITCH_UM, 17.0)

    def sample(self, x_um: ArrayLike, y_um: ArrayLike, z_um: ArrayLike) -> Floats:
        """See :class:`hardware.simulator.texture.Texture`; alike at every depth."""
        return self._table.sample(np.array(x_um, np.float32), np.array(y_um, np.float32))


@cache
def speckled(contrast: float = 1.0) -> WaferSpecimen:
    """A wafer with one section."""
    return demo_wafer(3, 1, Speckle(contrast))


@dataclass
class GeometryTwin:
    """A run on a twin that stands in focus in the middle of its section."""

    run: TinyRun

    @classmethod
    def of(
        cls,
        folder: Path,
        column: Mapping[str, object] = AS_IT_IS,
        stage: Mapping[str, object] = AS_IT_IS,
        specimen: WaferSpecimen | None = None,
        script: FaultScript | None = None,
        seed: int = 3,
    ) -> GeometryTwin:
        """``column``, ``stage``: settings over those of the tiny twin."""
        specimen = specimen or speckled()
        run = TinyRun.make(folder, specimen=specimen)
        settings = tiny_twin_settings(seed)
        settings = settings.model_copy(
            update={
                "column": type(settings.column).model_validate({**settings.column.model_dump(), **column}),
                "stage": StageSettings.model_validate({**settings.stage.model_dump(), **stage}),
            }
        )
        run.nature = Nature(settings, specimen, run.truth.append, script)
        return cls(run)

    def go_by(self, values: Mapping[str, float]) -> None:
        """Take values by their keys into the profile, as accepting a calibration does."""
        plan = self.run.plan
        self.run.plan = replace(plan, instrument=with_values(plan.instrument, values))

    @contextmanager
    def held(self) -> Iterator[Manual]:
        """Where an operator would begin."""
        section = self.run.nature.specimen.sections[0]
        with held(self.run) as manual:
            manual.devices.stage.move(StagePose(x_um=section.x_um, y_um=section.y_um)).wait(60.0)
            manual.bring_up()
            yield manual


def frames(twin: GeometryTwin) -> int:
    return sum(isinstance(record, FrameTruth) for record in twin.run.truth)


class StopsAfter(Listener):
    """An operator who pauses after so many frames."""

    def __init__(self, manual: Manual, steps: int) -> None:
        super().__init__()
        self.halted, self.steps = threading.Event(), steps
        manual.begin(self.halted)

    def told(self, share: float, saying: str) -> None:
        super().told(share, saying)
        if len(self.said) >= self.steps:
            self.halted.set()
