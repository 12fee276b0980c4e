"""Electron microscopes of Thermo Fisher (FEI), commanded through AutoScript's client package.

AutoScript is a package in Python by the vendor, sold with a licence, which talks to a server on the
microscope's computer by a protocol that is not public. What is called here is what its documentation and
published programs call (OpenFIBSEM, pyTriBeam, SerialFIB, MAPFoSt). Lengths are in metres, angles in
radians, voltages in volts, currents in amperes, pressures in pascals.
"""

from hardware.drivers.thermo.device import DRIVER

__all__ = ["DRIVER"]
