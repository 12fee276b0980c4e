"""A stand-in for AutoScript: its client package as objects, its server fed by the twin.

The wire between AutoScript's client and server is not public, so what stands in begins at the client's
objects, as a COM server's emulator does: the same attributes by the same paths, the same structures and
errors. Behind the server is a link to the twin, in this process or by TCP.
"""

from hardware.emulators.autoscript.package import installed
from hardware.emulators.autoscript.server import AutoScriptServer

__all__ = ["AutoScriptServer", "installed"]
