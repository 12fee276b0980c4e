"""How evenly the ion beam mills the wafer, and what the azimuths make of it: from the slices of a run.

The raster is stronger on one side along the beam; ions from all sides even that out. How fast sections of
one irradiation were milled shows both, wherever they lie.
"""

from calibration.evenness.procedure import PROCEDURE

__all__ = ["PROCEDURE"]
