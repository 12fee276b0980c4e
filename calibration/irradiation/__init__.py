"""How much energy the irradiation gun has left in the sections: watched reading by reading, to a target.

The current of the gun is read behind a preamplifier once per second, less what reads with the beam off,
and integrated (Schubert 2022, eq. 2.1). Every reading is durable before the next one is taken, so that
after a pause or a crash the same irradiation goes on. Whoever stops watching switches the beam off, if a
program can; the beam is never switched on from here.
"""

from calibration.irradiation.procedure import PROCEDURE

__all__ = ["PROCEDURE"]
