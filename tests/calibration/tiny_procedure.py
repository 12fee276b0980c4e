"""A calibration that takes three images elsewhere, with everything set otherwise than it was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from calibration.bench import Bench
from calibration.figures import Plot
from calibration.procedure import Compared, Cost, Need, Procedure, Result
from hardware.types import DetectorState
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Verdict
from scopeacq.plan.profiles import conditions_of
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings
from scopeacq.telling.svg import Axes, Series
from tests.scopeacq.manual_bench import FRAME

KEY = "electron.probe_floor_nm"


class TinySettings(Settings):
    """What the tiny calibration asks for."""

    steps: Annotated[int, Field(ge=1, le=10, description="Images.")] = 3
    step_um: Annotated[float, Field(gt=0)] = 40.0


@dataclass(frozen=True)
class Seen:
    """One image. ``luck`` was drawn by chance."""

    mean: float
    luck: float


def measure(bench: Bench, settings: TinySettings) -> Result:
    seen = []
    for step in range(settings.steps):
        bench.tell(step / settings.steps, f"Image {step + 1}")
        luck = float(bench.rng.random())
        seen.append(bench.once(f"image {step}", Seen, lambda s=step, x=luck: _take(bench, s, settings, x)))  # type: ignore[misc]
        bench.show("means", figure(seen))
    value = CalibratedValue(key=KEY, value=1.0 + sum(s.luck for s in seen))
    return Result(
        values=(value,),
        verdict=Verdict(good=True, reasons=("All images are there.",)),
        residuals=(figure(seen),),
        comparison=(Compared("Probe", "4.5 nm", f"{value.value:.2f} nm", "other"),),
        conditions=conditions_of(bench.plan.instrument),
    )


def figure(seen: list[Seen]) -> Plot:
    points = [(float(n), s.mean) for n, s in enumerate(seen)]
    return Plot("Means", (Series("mean", points),), Axes("image", "mean"))


def _take(bench: Bench, step: int, settings: TinySettings, luck: float) -> Seen:
    manual = bench.manual
    manual.go(manual.way_to(300.0 + step * settings.step_um, -200.0))
    manual.set_optics(replace(manual.devices.column.optics(), stig_x=0.1 * step + 0.3))
    manual.set_beam_shift(1.0, 2.0)
    manual.set_detector(DetectorState(hv_on=True, gain=0.9, offset=0.1))
    return Seen(float(manual.grab(FRAME).image.mean()), luck)


def cost(plan: Plan, settings: TinySettings) -> Cost:
    return Cost(duration_s=10.0 * settings.steps, frames=settings.steps, electron_dose_per_nm2=20.0)


PROCEDURE = Procedure(
    kind=CalibrationKind.SCAN,
    title="Tiny calibration",
    about="Takes images. Nothing must be ready.",
    settings=TinySettings,
    needs=frozenset({Need.ELECTRONS, Need.STAGE}),
    cost=cost,
    measure=measure,
)
