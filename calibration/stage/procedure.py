"""The calibration of the stage: backlash, repeatability after short and long moves, settling."""

from __future__ import annotations

from calibration.bench import Bench
from calibration.figures import Plot
from calibration.procedure import Cost, Need, Procedure, Result
from calibration.stage.arriving import Arrival, Arrivals
from calibration.stage.fit import backlash_um, scatter, settling
from calibration.stage.resting import WAITS_S, watch_rest
from calibration.stage.result import Found, arrivals_plot, rest_plot, result_of
from calibration.stage.settings import StageCalibrationSettings
from calibration.watching import RUN_UP_UM, home_of
from scopeacq.plan.calibrations import CalibrationKind, Verdict
from scopeacq.plan.runfolder import Plan

FEWEST_ARRIVALS = 2
"""Of each kind; fewer tell nothing of how they scatter."""
BORNE_PX = 2.0
"""Of a tile: a stage that shakes farther while tiles are scanned smears them."""
TOO_LITTLE_SEEN = (
    "The place was hardly ever recognised when the stage came back. Choose one with structure, focus there "
    "and search farther."
)


def cost(plan: Plan, settings: StageCalibrationSettings) -> Cost:
    """What all arrivals take, and how much they lay down at the place."""
    stage, current_na = plan.instrument.stage, plan.instrument.electron.probe_current_na
    arrivals, quick = 3 * settings.repeats, settings.settling_moves * len(WAITS_S)
    journeys = 2 * settings.long_repeats
    speed = min(stage.speed_x_um_per_s, stage.speed_y_um_per_s)
    moves = 3 * (arrivals + journeys) + 2 * settings.settling_moves
    ways_um = arrivals * 2 * (settings.short_move_um + RUN_UP_UM) + journeys * 2 * settings.long_move_um
    frames = 1 + arrivals + journeys + 1
    duration_s = (
        moves * (stage.move_s + stage.settle_s)
        + ways_um / speed
        + frames * settings.frame.duration_s
        + settings.settling_moves * WAITS_S[-1]
    )
    dose = frames * settings.frame.electron_dose_per_nm2(current_na)
    dose += quick * settings.quick_frame.electron_dose_per_nm2(current_na)
    said = (f"The stage travels {settings.long_move_um / 1000:g} mm away and comes back.",)
    return Cost(duration_s, frames + quick, dose, said)


def measure(bench: Bench, settings: StageCalibrationSettings) -> Result:
    """See the module. Raises ``Halted`` and whatever else the devices raise."""
    home = home_of(bench, settings.section, settings.frame)
    arrivals = Arrivals(bench, settings, home)
    arrivals.run(lambda: _show(bench, arrivals))
    series = [] if arrivals.hopeless else watch_rest(bench, settings, home)
    if min(len(places) for places in arrivals.seen.values()) < FEWEST_ARRIVALS:
        figures = (*_arrival_plots(arrivals), rest_plot(series))
        return Result((), Verdict(good=False, reasons=(TOO_LITTLE_SEEN,)), figures)
    rising = arrivals.places_um(Arrival.RISING)
    borne_nm = BORNE_PX * finest_pixel_nm(bench.plan)
    rest = settling([one.series() for one in series], settings.settled_within_nm, borne_nm)
    found = Found(
        backlash_um(rising.real, arrivals.places_um(Arrival.X_FALLING).real),
        backlash_um(rising.imag, arrivals.places_um(Arrival.Y_FALLING).imag),
        scatter(rising),
        scatter(arrivals.places_um(Arrival.FAR_X, Arrival.FAR_Y)),
        rest,
        arrivals.lost,
        arrivals.total,
        home,
    )
    return result_of(found, bench.plan.instrument, (*_arrival_plots(arrivals), rest_plot(series, rest)))


def finest_pixel_nm(plan: Plan) -> float:
    """Edge of the smallest pixels in which the plan has tiles imaged [nm]."""
    imaging = plan.project.imaging
    return min(
        (s.imaging(imaging).pixel_size_nm for s in plan.wafer.sections), default=imaging.pixel_size_nm
    )


def _show(bench: Bench, arrivals: Arrivals) -> None:
    sides, ways = _arrival_plots(arrivals)
    bench.show("sides", sides)
    bench.show("ways", ways)


def _arrival_plots(arrivals: Arrivals) -> tuple[Plot, Plot]:
    near = (Arrival.RISING, Arrival.X_FALLING, Arrival.Y_FALLING)
    far = (Arrival.RISING, Arrival.FAR_X, Arrival.FAR_Y)
    return (
        arrivals_plot(
            "Backlash: arrivals from either side", [(k.value, arrivals.places_um(k)) for k in near]
        ),
        arrivals_plot("Repeatability: from near and far", [(k.value, arrivals.places_um(k)) for k in far]),
    )


PROCEDURE = Procedure(
    kind=CalibrationKind.STAGE,
    title="Stage: backlash, repeatability, settling",
    about=(
        "Sends the stage away and back, from both sides and over centimetres, and sees in images where it "
        "arrives and when it comes to rest. Calibrate the scan before, and stand in focus on a place with "
        "structure, flat at the imaging height."
    ),
    settings=StageCalibrationSettings,
    needs=frozenset({Need.ELECTRONS, Need.STAGE}),
    cost=cost,
    measure=measure,
)
