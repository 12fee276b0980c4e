"""``python -m hardware.simulator --folder DIR``: host the twin's nature in this process."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from filelock import FileLock, Timeout
from pydantic import ValidationError

from hardware.errors import HardwareError
from hardware.simulator.client import LOCK, OCCUPIED, SETTINGS
from hardware.simulator.config import TwinSettings
from hardware.simulator.server import serve
from hardware.simulator.stack_file import BadSpecimen

PREDECESSOR_S = 10.0  # how long one that is just ending may take


def main() -> int:
    """0 when nature ended by itself, 2 when it could not start, 3 when it is running already."""
    parser = argparse.ArgumentParser(prog="hardware.simulator", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where nature keeps its state")
    folder: Path = parser.parse_args().folder
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with FileLock(folder / LOCK, timeout=PREDECESSOR_S):
            settings = TwinSettings.model_validate_json((folder / SETTINGS).read_bytes())
            serve(folder, settings, stop, settings.idle_exit_s)
    except Timeout:
        return OCCUPIED
    except (HardwareError, BadSpecimen, ValidationError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
