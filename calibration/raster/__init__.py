"""How far a volt on the ion gun's plates moves the beam, from a picture of a round target."""

from calibration.raster.procedure import PROCEDURE as PROCEDURE
