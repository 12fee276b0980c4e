"""How well the ion beam's calibrations find the truth of random guns: burn marks, pictures of a target.

    python -m benchmarks.calibration_ions [--twins N] [--seed S]

Prints a line for each quantity: median and worst deviation from the truth, and the worst in units of the
standard deviation that was stated.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from calibration.ion_beam.procedure import measure
from calibration.raster.ellipse_fit import fit_ellipse
from hardware.simulator.config import GunSettings
from hardware.simulator.target_picture import target_picture
from tests.calibration.burn_twin import agreed_to, burn_run, burning

TRIPS: dict[str, Any] = {
    "trip_error_xy_um": 6.0,
    "trip_error_z_um": 5.0,
    "trip_error_tilt_deg": 0.02,
    "trip_error_rotation_deg": 0.05,
}
"""What the stage of the twin is off after a trip, by default."""
DIAMETER_UM = 3000.0
SHAPE = (480, 512)
Deviations = dict[str, list[tuple[float, float]]]
"""By quantity: deviations from the truth, as they are and in standard deviations that were stated."""


def random_gun(rng: np.random.Generator) -> GunSettings:
    """A gun within what a profile may be off."""
    return GunSettings(
        elevation_deg=rng.uniform(-0.8, 0.8),
        aim_x_um=rng.uniform(-250, 250),
        aim_z_um=5000.0 + rng.uniform(-120, 120),
        um_per_vpp=rng.uniform(1000, 1250),
        um_per_vpp_y=rng.uniform(1000, 1250),
        spot_um=rng.uniform(120, 260),
        map_pitch_um=25.0,
        meter_s=0.0,
    )


def truths(gun: GunSettings) -> dict[str, float]:
    """What the profile's values should be."""
    along = np.cos(np.radians(gun.elevation_deg)) / np.sin(np.radians(30.0))
    return {
        "mill.x_um": -gun.aim_x_um,
        "mill.y_um": -(gun.aim_z_um - 5000.0) * float(along),
        "mill.gun_elevation_deg": gun.elevation_deg,
        "mill.spot_um": gun.spot_um,
        "mill.raster_um_per_volt": gun.um_per_vpp,
        "mill.raster_y_um_per_volt": gun.um_per_vpp_y or gun.um_per_vpp,
    }


def burn(gun: GunSettings, seed: int, found: Deviations) -> bool:
    """Calibrate one twin; whether its verdict is good."""
    with tempfile.TemporaryDirectory() as folder:
        run = burn_run(Path(folder), gun, seed=seed, **TRIPS)
        with burning(run) as (_, bench):
            result = measure(bench, agreed_to())
    wanted = truths(gun)
    for value in result.values:
        assert isinstance(value.value, float) and value.sd
        off = value.value - wanted[value.key]
        found[value.key].append((off, off / value.sd))
    if not result.verdict.good:
        print(f"twin {seed}: {' '.join(result.verdict.reasons)}")
    return result.verdict.good


def look(gun: GunSettings, rng: np.random.Generator, found: Deviations) -> None:
    """Find the scales by a picture of a target."""
    vpp = rng.uniform(4.5, 7.0), rng.uniform(4.5, 7.0)
    picture = target_picture(gun, vpp, DIAMETER_UM, (rng.uniform(-300, 300), 100.0), SHAPE, 60.0, rng)
    ellipse = fit_ellipse(picture)
    for axis, (key, true) in enumerate(zip("xy", (gun.um_per_vpp, gun.um_per_vpp_y), strict=True)):
        assert true is not None
        half, sd = ellipse.half_axes[axis], ellipse.half_axes_sd[axis]
        scale = DIAMETER_UM / (2 * half / SHAPE[1 - axis] * vpp[axis])
        found[f"target {key} [%]"].append((100 * (scale / true - 1), (scale / true - 1) / (sd / half)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--twins", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found: Deviations = defaultdict(list)
    good = 0
    for number in range(asked.twins):
        rng = np.random.default_rng([asked.seed, number])
        gun = random_gun(rng)
        good += burn(gun, number, found)
        look(gun, rng, found)
    print(f"{good} of {asked.twins} burns were good")
    for key, deviations in found.items():
        off, in_sd = np.abs(np.array(deviations)).T
        print(f"{key}: median {np.median(off):.3g}, worst {off.max():.3g}, worst in sd {in_sd.max():.1f}")


if __name__ == "__main__":
    main()
