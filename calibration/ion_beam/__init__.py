"""Where the ion beam meets the wafer, under which angle, how wide it is and how far its raster reaches."""

from calibration.ion_beam.procedure import PROCEDURE as PROCEDURE
