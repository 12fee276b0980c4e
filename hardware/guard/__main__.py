"""``python -m hardware.guard``: started by :class:`~hardware.guard.client.GuardClient` only.

The first line on standard input is a :class:`~hardware.guard.messages.Start`; requests and
answers follow on standard input and output.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from hardware.errors import HardwareError
from hardware.guard.core import GuardTiming
from hardware.guard.log import OpeningLog
from hardware.guard.messages import Answer, Reply, Start, decode_start, encode
from hardware.guard.process import serve
from hardware.guard.wire import Wire
from hardware.interlocks import MillLimits, from_json
from hardware.protocols import IonBlanker


def main() -> int:
    """0 when the line read back as blanked at the end, 1 otherwise."""
    wire = Wire(os.dup(0), os.dup(1))
    os.dup2(2, 1)  # whatever a driver prints must not look like an answer
    told_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: told_to_end.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C means the program, which then closes
    try:
        start = decode_start(wire.receive(10.0) or "")
        timing = from_json(GuardTiming, start.timing)
        limits = from_json(MillLimits, start.limits)
        log = OpeningLog(Path(start.log_path))
        line = _connected(start)
    except Exception as error:  # whatever it is, the program must hear of it
        wire.send(encode(Reply(Answer.FAILED, reasons=(_told(error),))))
        return 1
    blanked = serve(wire, line, limits, log, timing, told_to_end.is_set, _watchdog(timing.watchdog_s))
    return 0 if blanked else 1


def _told(error: Exception) -> str:
    return error.what if isinstance(error, HardwareError) else repr(error)


def _connected(start: Start) -> IonBlanker:
    module, _, function = start.target.partition(":")
    line = getattr(import_module(module), function)(start.settings)
    if not isinstance(line, IonBlanker):
        raise TypeError(f"{start.target} gave {line!r}, which is no ion blanker")
    return line


def _watchdog(seconds: float) -> Callable[[], None]:
    """To be called again within ``seconds``, or the system ends the process.

    A guard that hangs in a driver cannot blank; one that dies lets go of the fail-closed wiring.
    """
    if not hasattr(signal, "setitimer"):  # Windows: the driver's own time-outs have to do
        return lambda: None

    def still_running() -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    return still_running


if __name__ == "__main__":
    sys.exit(main())
