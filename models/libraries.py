"""Torch's library brought into the process before Python asks for it."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

LIBRARY = "libtorch.so"
"""It and all that it needs know nothing of Python."""


def map_torch() -> None:
    """Have the system load torch's library while other threads go on; takes half a second the first time.

    ``import torch`` would load these hundreds of megabytes with the interpreter held: every other
    thread stands still, up to a second on a busy machine. Where this cannot be done it still does.
    """
    torch = find_spec("torch")
    if sys.platform != "linux" or "torch" in sys.modules or torch is None or torch.origin is None:
        return
    # a library's function is called without the interpreter, while ctypes.CDLL(path) opens one with it
    open_library = ctypes.CDLL(None).dlopen
    open_library.argtypes, open_library.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    open_library(os.fsencode(Path(torch.origin).parent / "lib" / LIBRARY), os.RTLD_NOW)
