"""A ground truth as a data set: images, a table of their aberrations, and a page about both."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple

from calibration.ground_truth.acquisition import Acquisition, GroundTruth
from calibration.ground_truth.microscope import Microscope, Reading
from models.training.acquired import COLUMNS, TABLE, Row

README = "README.md"

PAGE = """\
# Ground truth of focus: {name}

{pairs} pairs of images with known aberrations, at {places} places of a wafer.
{spared} places were spared, since no focus was found there.

## How it was made

At each place focus was searched by the sharpness of single images. Then the optics were set off it,
evenly drawn up to {settings.reach_wd_um:g} um of working distance and {settings.reach_astig_um:g} um of
astigmatism along both stigmators, and two images were taken at the working distance plus and minus
{focus.perturbation_um:g} um. What each search was off by was fitted from all pairs of its place, and is
taken out of the aberrations in the table.

## Conditions

| | |
|---|---|
| landing energy | {electron.eht_kv:g} kV |
| probe current | {electron.probe_current_na:g} nA |
| working distance | {wd_um:.0f} um |
| half angle of the beam, as the pairs have it | {angle_mrad:.2f} mrad |
| stigmator x, as the pairs have it | {frame.um_per_unit:.3f} um per unit |
| its axes | at {frame.rotation_deg:.1f} degrees |
| stigmator y over x; skew | {frame.y_ratio:.3f}; {frame.skew_deg:.1f} degrees |
| scan rotation | {settings.scan_rot_deg:g} degrees |
| pixels | {focus.pixel_size_nm:g} nm, {dwells} ns, {focus.width_px} x {focus.height_px} |

## Files

`pair-<place>-<number>.tif`: two pages, the image at the larger working distance first, as they came from
the scanner less what only one of them shows. `pairs.csv`: a row for each pair.

| column | |
|---|---|
| `wd_um`, `stig_x`, `stig_y` | optics less those of the searched focus, as they were set |
| `defocus_um`, `astig_x_um`, `astig_y_um` | the true aberration in the image frame (x right, y down) |
| `convergence_mrad` | half angle of the beam |
| `dose_per_nm2` | electrons of one image |

To train a network on them: a file of settings with `acquired = "FOLDER"`, and
`scopeacq train deepfocus --config FILE`.
"""


def write_dataset(acquisition: Acquisition, truth: GroundTruth, microscope: Microscope) -> tuple[str, ...]:
    """Write table and page beside the images; returns the names of both. Raises ``OSError``."""
    measurements = acquisition.bench.measurements
    rows = [_row(acquisition, microscope, reading) for reading in microscope.readings]
    page = readme(acquisition, truth, microscope, len(rows))
    for name, text in ((TABLE, table(rows)), (README, page)):
        measurements.files.write_durable(measurements.folder / name, text.encode(), replace=True)
    return TABLE, README


def table(rows: list[Row]) -> str:
    """The rows as text, with a line of the columns' names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue()


def _row(acquisition: Acquisition, microscope: Microscope, reading: Reading) -> Row:
    condition = acquisition.condition(reading.taken)
    wd_um, stig_x, stig_y = reading.offset.tolist()
    z_um, x_um, y_um = microscope.aberration_um(reading.taken.place, reading.offset).tolist()
    return Row(
        f"{reading.taken.image}.tif",
        reading.taken.place,
        condition.pixel_size_nm,
        condition.perturbation_um,
        microscope.angle.mrad,
        condition.dose_per_nm2,
        wd_um,
        stig_x,
        stig_y,
        z_um,
        x_um,
        y_um,
    )


def readme(acquisition: Acquisition, truth: GroundTruth, microscope: Microscope, pairs: int) -> str:
    """The page of a data set, in Markdown."""
    plan = acquisition.bench.plan
    return PAGE.format(
        name=plan.instrument.name,
        electron=plan.instrument.electron,
        focus=plan.project.focus,
        settings=acquisition.settings,
        dwells=" or ".join(f"{dwell:g}" for dwell in acquisition.settings.dwell_ns),
        frame=microscope.frame.frame,
        angle_mrad=microscope.angle.mrad,
        wd_um=truth.places[0].focus.wd_um,
        places=len(truth.places),
        spared=len(truth.spared),
        pairs=pairs,
    )
