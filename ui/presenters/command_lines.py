"""Actions of the window as the command lines that do the same, to be pasted into a terminal or a script."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path


def command_line(command: str, run: Path) -> str:
    """``scopeacq COMMAND FOLDER``, quoted for the shell of this system."""
    words = ["scopeacq", command, str(run)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
