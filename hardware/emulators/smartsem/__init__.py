"""A Zeiss SEM under SmartSEM as its Remote API shows it, fed by the twin.

Names, units, words and codes as programs that use the API have them (SBEMimage, WaferMapper,
SerialFIB's SEM_API), and as tag 34118 of SmartSEM's own files does. Lengths are metres.
"""

from hardware.emulators.smartsem.machine import MERLIN, Machine, Store, table_of
from hardware.emulators.smartsem.remote import RemoteSmartSem, connect
from hardware.emulators.smartsem.server import ComError, SmartSem

__all__ = ["MERLIN", "ComError", "Machine", "RemoteSmartSem", "SmartSem", "Store", "connect", "table_of"]
