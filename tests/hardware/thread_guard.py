"""A guard on a thread instead of in a process: quick, and its line can be looked into."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hardware.errors import BlankerUnknown
from hardware.guard.client import GuardClient
from hardware.guard.core import GuardTiming
from hardware.guard.log import OpeningLog
from hardware.guard.messages import Answer, decode_reply
from hardware.guard.process import serve
from hardware.guard.wire import Wire
from hardware.interlocks import MillLimits
from hardware.protocols import IonBlanker

DEFAULT_LIMITS = MillLimits()


@contextmanager
def thread_guard(
    line: IonBlanker,
    log_path: Path,
    limits: MillLimits = DEFAULT_LIMITS,
    timing: GuardTiming = GuardTiming(),
) -> Iterator[GuardClient]:
    """A client whose guard serves ``line`` in this process, with the same loop."""
    (to_guard, from_client), (to_client, from_guard) = os.pipe(), os.pipe()
    log = OpeningLog(log_path)
    arguments = (Wire(to_guard, from_guard), line, limits, log, timing)
    thread = threading.Thread(target=serve, args=arguments, daemon=True)
    thread.start()
    wire = Wire(to_client, from_client)
    ready = decode_reply(wire.receive(timing.start_s) or "")
    assert ready.answer is Answer.READY
    client = GuardClient(wire, None, timing)
    try:
        yield client
    finally:
        with suppress(BlankerUnknown):  # a test with a broken line says itself what it expects
            client.stop()
        thread.join(timing.give_up_s + 2.0)
        log.close()
