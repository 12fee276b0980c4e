"""TESCAN microscopes by their remote control SharkSEM, over TCP, without a package of the vendor.

Protocol facts are from TESCAN's "SharkSEM" manual of protocol 3.2.20. Units there: mm, degrees, V,
pA, Pa, ns, percent; here those of ``hardware.types``.
"""

from hardware.drivers.tescan.connect import connect, recognise
from hardware.drivers.tescan.settings import TescanSettings
from hardware.parts import DeviceDriver, Part

__all__ = ["DRIVER", "TescanSettings"]

DRIVER = DeviceDriver(
    title="TESCAN microscope (SharkSEM)",
    plays=frozenset({Part.COLUMN, Part.SCANNER, Part.DETECTOR, Part.STAGE, Part.CHAMBER}),
    settings=TescanSettings,
    connect=connect,
    recognise=recognise,
)
