"""A calibration that measures nothing, for the page Calibrate: it tells, shows and fails as it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from calibration.bench import Bench
from calibration.figures import Arrows, HeatMap, Picture, Plot
from calibration.procedure import Compared, Cost, Need, Procedure, Result
from scopeacq.plan.calibrations import CalibratedValue, CalibrationKind, Verdict
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import Settings
from scopeacq.telling.svg import Axes, Mark, Series


class PretendSettings(Settings):
    """What the pretended calibration is asked for."""

    places: Annotated[int, Field(ge=1, le=100)] = Field(6, description="Where the image is looked at.")
    step_um: Annotated[float, Field(gt=0, le=100)] = Field(5.0, description="From one place to the next.")


@dataclass(frozen=True)
class Seen:
    """What is measured at each place."""

    value: float


def pretended_cost(_: Plan, settings: PretendSettings) -> Cost:
    return Cost(12.0 * settings.places, settings.places, 4.5, ("Backlash is measured along both axes",))


@dataclass
class Pretended:
    """The procedure, its verdict, and what happens at each place."""

    kind: CalibrationKind = CalibrationKind.STAGE
    needs: frozenset[Need] = frozenset({Need.ELECTRONS, Need.STAGE})
    good: bool = True
    at_place: Callable[[int], None] = lambda _: None
    calls: str = ""
    measured: list[int] = field(default_factory=list)

    @property
    def procedure(self) -> Procedure[PretendSettings]:
        about = (
            "Moves the stage by known steps and sees by the image how far it truly went. The image must be "
            "in focus on tissue that shows detail everywhere."
        )
        return Procedure(
            self.kind, "Stage", about, PretendSettings, self.needs, pretended_cost, self.measure
        )

    def measure(self, bench: Bench, settings: PretendSettings) -> Result:
        seen = []
        for n in range(settings.places):
            bench.tell(n / settings.places, f"place {n + 1} of {settings.places}")
            seen.append(bench.once(f"place {n}", Seen, lambda n=n: self._take(n)).value)
            self._show(bench, seen)
        if self.calls:
            bench.call(self.calls)
        bench.tell(1.0, "fitting")
        return result_of(seen, good=self.good)

    def _take(self, n: int) -> Seen:
        self.at_place(n)
        self.measured.append(n)
        return Seen(0.1 * ((7 * n) % 5 - 2))

    def _show(self, bench: Bench, seen: list[float]) -> None:
        points = [(float(n), value) for n, value in enumerate(seen)]
        axes = Axes("place", "deviation [\N{MICRO SIGN}m]", 0.3, "tolerance")
        bench.show("deviations", Plot("Deviations so far", (Series("x", points),), axes))
        rng = np.random.default_rng(len(seen))
        bench.show("image", Picture("Newest image", rng.integers(60, 200, (48, 64)).astype(np.uint8)))


def result_of(seen: list[float], *, good: bool = True) -> Result:
    """A result with a figure of each kind."""
    rng, n = np.random.default_rng(1), max(len(seen), 4)
    at = tuple((float(x), float(y)) for x, y in rng.uniform(-8000, 8000, (n, 2)))
    by = tuple((float(x), float(y)) for x, y in rng.normal(0, 0.2, (n, 2)))
    lines = tuple(
        Series(axis, [(float(k), float(v)) for k, v in enumerate(rng.normal(0, 0.1, 20))], mark, colour)
        for axis, mark, colour in (("x", Mark.LINE, 0), ("y", Mark.DOTS, 1))
    )
    grid = np.add.outer(np.linspace(0, 1, 12), np.linspace(0, 2, 16))
    grid[0, 0] = np.nan
    mm = (-8.0, 6.0, 8.0, -6.0)
    residuals = (
        Arrows("Residuals over the wafer", "um", at, by, 4000.0, frozenset({1})),
        Plot("Repeatability", lines, Axes("move", "deviation [\N{MICRO SIGN}m]", 0.3, "tolerance")),
        HeatMap("Mill rate", grid, mm, "x [mm]", "y [mm]", "rate [\N{MICRO SIGN}m\N{SUPERSCRIPT THREE}/s]"),
        Picture("Marks", rng.integers(60, 200, (90, 120)).astype(np.uint8), ((20.0, 30.0), (90.0, 60.0))),
    )
    reasons = ("The largest residual is 0.21 um, the stated tolerance 0.5 um",)
    bad = ("Two of six places were lost, so that backlash along y is a guess",)
    value = CalibratedValue(key="stage.speed_x_um_per_s", value=1990.0 + seen[0], before=2000.0, sd=4.0)
    rows = (Compared("Speed along x", "2000 um/s", "1990 \N{PLUS-MINUS SIGN} 4 um/s", "-0.5 %"),)
    return Result((value,), Verdict(good=good, reasons=reasons if good else bad), residuals, rows)
