"""The calibration of the scan: pixel size, rotation and shape, and how they change with the lens."""

from __future__ import annotations

import numpy as np

from calibration.bench import Bench
from calibration.figures import Picture
from calibration.procedure import Cost, Need, Procedure, Result
from calibration.scan.moving import Mover, residual_arrows
from calibration.scan.result import Found, lens_plot, nothing_seen, result_of
from calibration.scan.settings import ScanCalibrationSettings
from calibration.scan.through_wd import SHARES, measure_series
from calibration.watching import RUN_UP_UM, Watch, home_of
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.plan.runfolder import Plan

SHOWN_EVERY_PX = 2
"""The picture of the place is shown as small."""
TOO_LITTLE_SEEN = (
    "The moves of the stage were not seen in the images. Choose a place with structure all over the frame, "
    "focus there, and see that pixels are no more than twice off and that the image is not mirrored "
    "against the stage."
)
LENS_UNSEEN = (
    "The place was not recognised through the working distances: choose a smaller way through them, "
    "larger pixels, or a place with more structure."
)


def cost(plan: Plan, settings: ScanCalibrationSettings) -> Cost:
    """At most; it ends earlier once it is precise."""
    frames = 1 + settings.most_moves + 2 + 1 + len(SHARES)
    stage, frame = plan.instrument.stage, settings.frame(0.0)
    way_um = 2 * settings.farthest_um + 2 * RUN_UP_UM
    move_s = 2 * stage.move_s + way_um / stage.speed_x_um_per_s + stage.settle_s
    dose = frames * frame.electron_dose_per_nm2(plan.instrument.electron.probe_current_na)
    reach_um = 0.5e-3 * settings.pixel_size_nm * settings.width_px
    said = (
        f"The stage moves up to {settings.farthest_um:.0f} um around its place. Frames reach "
        f"{reach_um:.0f} um beyond: choose a place that is not to be imaged.",
    )
    return Cost(frames * (frame.duration_s + move_s), frames, dose, said)


def measure(bench: Bench, settings: ScanCalibrationSettings) -> Result:
    """See the module. Raises ``Halted`` and whatever else the devices raise."""
    first = Watch(bench, f"{settings.scan_rot_deg[0]:g}", settings.frame(settings.scan_rot_deg[0]))
    home = home_of(bench, settings.section, first.frame)
    seen = first.reference(home).image[::SHOWN_EVERY_PX, ::SHOWN_EVERY_PX]
    place = Picture("The place that is looked at", np.asarray(seen, np.uint8))
    bench.show("place", place)
    mover = Mover(bench, settings, home)
    mover.run()
    if mover.fit is None:
        return nothing_seen(TOO_LITTLE_SEEN, place)
    arrows = residual_arrows(mover.found, mover.fit)
    series = measure_series(bench, settings, home)
    lens = series.fit()
    if lens is None:
        return nothing_seen(LENS_UNSEEN, arrows)
    bench.show("lens", lens_plot(series, lens))
    found = Found(mover.fit, lens, len(mover.moves), home)
    return result_of(found, series, bench.plan.instrument, arrows)


PROCEDURE = Procedure(
    kind=CalibrationKind.SCAN,
    title="Scan: pixel size, rotation and shear",
    about=(
        "Moves the stage by known distances and finds by how much the image moved: the stage is the ruler "
        "for size, rotation and shape of the scan, and images at several working distances tell what the "
        "lens adds. Stand in focus on a place with structure, flat at the imaging height."
    ),
    settings=ScanCalibrationSettings,
    needs=frozenset({Need.ELECTRONS, Need.STAGE}),
    cost=cost,
    measure=measure,
)
