"""A relay module with a host watchdog of its own: the ion beam's blanker.

``line`` is what the guard process imports, so nothing but a name is imported here.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    if name == "DRIVER":
        from hardware.drivers.dcon_relay.device import DRIVER

        return DRIVER
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
