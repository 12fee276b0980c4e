"""How long the window takes: from the start of the process until it is seen, and until its wafer is there.

``python -m benchmarks.window_start [--count 5]``. Promised are 2.5 s until it is seen.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROMISED_S = 2.5
PROGRAM = """
import sys
from PyQt5.QtCore import QEvent, QObject, QTimer
import ui.app
from scopeacq.cli import run_command

class Watch(QObject):
    def eventFilter(self, window, event):
        if event.type() == QEvent.Paint and not self.seen:
            self.seen = True
            print("seen", flush=True)
        return False

make, watch = ui.app.make_window, None
def made(opening):
    global watch
    window, watch = make(opening), Watch()
    watch.seen = False
    window.installEventFilter(watch)
    window.opened.connect(lambda _: (print("ready", flush=True), QTimer.singleShot(0, window.close)))
    return window

ui.app.make_window = made
sys.exit(run_command(["gui", "--simulate"]))
"""


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5)
    count = parser.parse_args().count
    seen_s, ready_s = zip(*(start() for _ in range(count)), strict=True)
    for what, times_s in (("seen", seen_s), ("wafer there", ready_s)):
        print(f"{what}: median {statistics.median(times_s):.2f} s, longest {max(times_s):.2f} s of {count}")
    print("kept" if max(seen_s) < PROMISED_S else "NOT KEPT", f"(promised: seen within {PROMISED_S} s)")


def start() -> tuple[float, float]:
    """Seconds until a window was painted, and until a simulated run is open in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
        own = {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": folder, "PYTHONPATH": path}
        environment = {**os.environ, **own}
        command = [sys.executable, "-c", PROGRAM]
        began_s = time.perf_counter()
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        ) as window:
            assert window.stdout is not None
            after_s = {line.strip(): time.perf_counter() - began_s for line in window.stdout}
        assert window.returncode == 0, f"the window ended with {window.returncode}"
    return after_s["seen"], after_s["ready"]


if __name__ == "__main__":
    main()
