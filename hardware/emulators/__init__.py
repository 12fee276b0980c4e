"""Counterparts of real devices: they speak a device's protocol on a real wire and are fed by the twin.

An emulator turns the bytes of its protocol into commands to the twin's firmware
(:class:`hardware.simulator.link.Link`) and knows nothing of the driver.
"""
