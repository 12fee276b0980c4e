"""``python -m hardware.emulators FOLDER``: an emulated laboratory in this process, until it is stopped.

The twin's settings are those in FOLDER, or the defaults, in real time.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from filelock import FileLock, Timeout
from pydantic import ValidationError

from hardware.emulators.host import emulate
from hardware.errors import HardwareError
from hardware.simulator.client import LOCK, OCCUPIED, SETTINGS
from hardware.simulator.config import Time, TwinSettings
from hardware.simulator.stack_file import BadSpecimen


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it was stopped, 2 when it could not start, 3 when a twin runs in the folder already."""
    parser = argparse.ArgumentParser(prog="hardware.emulators", description=__doc__)
    parser.add_argument("folder", type=Path, help="of the twin's state and instruments.toml")
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    stop = Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    try:
        with FileLock(folder / LOCK, timeout=0):
            emulate(folder, _settings(folder), stop, lambda file: print(file, flush=True))
    except Timeout:
        print(f"A twin runs in {folder} already.", file=sys.stderr)
        return OCCUPIED
    except (HardwareError, BadSpecimen, ValidationError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _settings(folder: Path) -> TwinSettings:
    file = folder / SETTINGS
    if not file.exists():
        return TwinSettings(time=Time.REAL)
    return TwinSettings.model_validate_json(file.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
