"""The scan against the stage: pixel size, rotation, shape of pixels, and what the lens does to them."""

from calibration.scan.procedure import PROCEDURE as PROCEDURE
