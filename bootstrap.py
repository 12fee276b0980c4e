"""Set scopeacq up beside this file and run its demo, its window or its tests, or nothing more.

    python3 bootstrap.py demo [arguments of scopeacq demo]
    python3 bootstrap.py gui [arguments of scopeacq gui]
    python3 bootstrap.py test [arguments of pytest]
    python3 bootstrap.py setup

Standard library only. Everything goes into ``.venv`` beside this file; a second call finds it there
and starts at once. System packages that are missing are named, and installed by apt-get when this
runs as root.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "scopeacq-installed.json"
OLDEST = (3, 11)

NEEDS = {
    "setup": {"core", "dev"},
    "demo": {"core"},
    "gui": {"core", "window"},
    "test": {"core", "dev"},
}
COMMANDS = {
    "setup": ["-c", ""],
    "demo": ["-m", "scopeacq", "demo"],
    "gui": ["-m", "scopeacq", "gui"],
    "test": ["-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-m", "not soak"],
}
SIZES = (
    "Downloading the Python packages: about 0.4 GB with the CPU build of torch; about 3 GB where pip's "
    "index offers only the CUDA build for Linux. They take 2 to 8 GB in .venv."
)

# what the binary packages link to and a bare Debian or Ubuntu may lack
_X11 = (
    "libdbus-1-3 libx11-xcb1 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 "
    "libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0"
)
LIBRARIES = {
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libXext.so.6": "libxext6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libX11-xcb": _X11,
    "libxcb-": _X11,
    "libxkbcommon": _X11,
    "no Xvfb": "xvfb",
}
# Qt loads the way to a screen when the first window opens: without this probe, too late for a sentence
_QT = (
    "import ctypes, sys, PyQt5.QtWidgets; from PyQt5.QtCore import QLibraryInfo as q; "
    "sys.platform == 'linux' and ctypes.CDLL(q.location(q.PluginsPath) + '/platforms/libq{}.so')"
)
PROBES = {
    "core": "import cv2, numpy, scipy, shapely, sqlite3, ssl, torch",
    "dev": _QT.format("offscreen"),
    "window": _QT.format("xcb"),
    "screen": "import shutil, sys; "
    "sys.platform != 'linux' or shutil.which('Xvfb') or sys.exit('no Xvfb'); " + _QT.format("xcb"),
}


def main(arguments: list[str]) -> int:
    """Set up, then run; the exit code is that of what was run."""
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    name, rest = arguments[0], arguments[1:]
    if sys.version_info < OLDEST:
        return _with_newer_python(arguments)
    try:
        set_up(name)
    except SetupFailed as failure:
        print(f"bootstrap: {failure}", file=sys.stderr)
        return 5
    except subprocess.CalledProcessError as failure:
        print(f"bootstrap: {' '.join(map(str, failure.cmd))} failed; see above.", file=sys.stderr)
        return 5
    return _run([str(PYTHON), *COMMANDS[name], *rest])


class SetupFailed(Exception):
    """The environment cannot be made. One sentence: what, and what to do."""


def set_up(name: str) -> None:
    """Make ``.venv`` and install into it what ``name`` needs, unless it is there already."""
    fingerprint = {
        "pyproject": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        "python": sys.version,
        "folder": str(ROOT),
    }
    installed = _read_stamp()
    met: set[str] = set(installed.pop("met", []))
    if not _works():
        make_venv()
    elif installed == fingerprint and NEEDS[name] <= met:
        return
    print(SIZES, flush=True)
    extras = "[dev]" if "dev" in NEEDS[name] else ""
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    subprocess.run([*pip, "--quiet", "--editable", f"{ROOT}{extras}"], check=True)
    for need in sorted(NEEDS[name]):
        install_missing_libraries(PROBES[need])
    if "dev" in NEEDS[name]:
        install_virtual_screen()
    met = NEEDS[name] | (met if installed == fingerprint else set())
    STAMP.write_text(json.dumps({**fingerprint, "met": sorted(met)}))


def make_venv() -> None:
    """Make the environment anew; what an interrupted attempt left is removed."""
    if not _has_ensurepip():
        install_system_packages([f"python3.{sys.version_info.minor}-venv"])
    print(f"Making {VENV}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def install_missing_libraries(probe: str) -> None:
    """Try the binary packages; install what the system lacks for them."""
    for _ in LIBRARIES:
        tried = subprocess.run([str(PYTHON), "-c", probe], check=False, capture_output=True, text=True)
        if tried.returncode == 0:
            return
        packages = sorted(
            {p for lib, names in LIBRARIES.items() if lib in tried.stderr for p in names.split()}
        )
        if not packages:
            raise SetupFailed(f"a package cannot be imported: {tried.stderr.strip().splitlines()[-1]}.")
        install_system_packages(packages)


def install_virtual_screen() -> None:
    """An X server without a screen, for the test of a real window, which is skipped without."""
    try:
        install_missing_libraries(PROBES["screen"])
    except (SetupFailed, subprocess.CalledProcessError) as failure:
        print(f"bootstrap: no test opens a real window here: {failure}", flush=True)


def install_system_packages(packages: list[str]) -> None:
    """Install by apt-get as root; otherwise say what is missing."""
    wanted = " ".join(packages)
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupFailed(f"the system lacks {wanted}: install it, then call this again.")
    print(f"Installing {wanted}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    subprocess.run(["apt-get", "install", "-y", "-qq", *packages], check=True, env=environment)


def _has_ensurepip() -> bool:
    tried = subprocess.run(
        [sys.executable, "-c", "import ensurepip, venv"], check=False, capture_output=True
    )
    return tried.returncode == 0


def _works() -> bool:
    if not PYTHON.exists():
        return False
    tried = subprocess.run([str(PYTHON), "-m", "pip", "--version"], check=False, capture_output=True)
    return tried.returncode == 0


def _read_stamp() -> dict[str, Any]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _with_newer_python(arguments: list[str]) -> int:
    for minor in range(OLDEST[1] + 3, OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            return _run([newer, str(ROOT / "bootstrap.py"), *arguments])
    wanted = ".".join(map(str, OLDEST))
    print(
        f"bootstrap: Python {wanted} or newer is needed, this is {sys.version.split()[0]}.", file=sys.stderr
    )
    return 5


def _run(command: list[str]) -> int:
    """Become ``command``, so that Ctrl-C and kills reach it; on Windows, run it."""
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
