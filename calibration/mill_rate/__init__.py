"""How fast sections of one irradiation are milled: from the slices of a run that went through them.

A section of known thickness is gone when the wafer shows. What charge that took gives the mill rate per
current, by the convention of :mod:`scopeacq.plan.mill_rate` (Schubert 2022, table 2.1).
"""

from calibration.mill_rate.procedure import PROCEDURE

__all__ = ["PROCEDURE"]
