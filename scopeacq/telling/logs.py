"""The text logs of a run: ``logs/run.log`` says each step, ``logs/incidents.log`` what went wrong.

For reading; the journal is the truth. They are written by a thread of their own, so that a
slow or full disk holds up nobody.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

MAX_BYTES = 10 * 2**20
KEPT = 20

OURS = "scopeacq", "calibration", "hardware"
"""Packages of which each step is written down; of all others, as a driver from elsewhere, warnings."""


class _RunFile(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (a name of logging's)
        """A line that finds no room is given up: the engine itself waits for room on the disk."""


class _Listener(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


@contextmanager
def text_logs(folder: Path) -> Iterator[None]:
    """Inside, what the program logs goes into the files of ``folder``, which exists."""
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    entrance = QueueHandler(lines)
    files = [_file(folder / "run.log", logging.INFO), _file(folder / "incidents.log", logging.WARNING)]
    listener = QueueListener(lines, *files, respect_handler_level=True)
    listener.start()
    try:
        with ExitStack() as stack:
            for name in OURS:
                stack.enter_context(_telling(logging.getLogger(name)))
            stack.enter_context(_heard_by(entrance, logging.getLogger()))
            yield
    finally:
        listener.stop()
        for file in files:
            file.close()


@contextmanager
def overheard(logger: logging.Logger, tell: Callable[[str], None]) -> Iterator[None]:
    """Inside, what ``logger`` says is told too, on the thread that says it."""
    with _telling(logger), _heard_by(_Listener(tell), logger):
        yield


@contextmanager
def _heard_by(handler: logging.Handler, logger: logging.Logger) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def _telling(logger: logging.Logger) -> Iterator[None]:
    """Each step, not warnings alone."""
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)


def _file(path: Path, level: int) -> logging.Handler:
    handler = _RunFile(path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=True)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler
