"""A TESCAN microscope behind its remote control SharkSEM (protocol 3.2.20), fed by the twin."""

from hardware.emulators.sharksem.port import SharkSemPort

__all__ = ["SharkSemPort"]
