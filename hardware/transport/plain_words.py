"""What the libraries of wires raise, as something an operator can read."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

GONE = "its cable or its power is off"
NOBODY = "nobody answers at this address"
NO_PORT = "there is no such port"
NOT_ALLOWED = "this user may not open the port"
TAKEN = "another program has it"

_BY_NUMBER = {
    errno.ENOENT: NO_PORT,
    errno.ENODEV: NO_PORT,
    errno.ENXIO: NO_PORT,
    errno.ENOTTY: "this is no port",
    errno.EACCES: NOT_ALLOWED,
    errno.EPERM: NOT_ALLOWED,
    errno.EBUSY: TAKEN,
    errno.EAGAIN: TAKEN,
    errno.ECONNREFUSED: NOBODY,
    errno.EHOSTUNREACH: NOBODY,
    errno.ETIMEDOUT: NOBODY,
    errno.ENETUNREACH: "the network is down",
    errno.EIO: GONE,
    errno.EBADF: GONE,
    errno.EPIPE: GONE,
    errno.ECONNRESET: GONE,
    errno.ECONNABORTED: GONE,
}

_BY_TEXT = (
    # pyserial on Windows gives the error of the system as text, where "denied" means taken
    (r"PermissionError|Access is denied|RSRC_BUSY|RSRC_LOCKED", TAKEN),
    (r"FileNotFoundError|INTF_NUM_NCONFIG", NO_PORT),
    (r"RSRC_NFOUND|could not connect|error_timeout", NOBODY),
    (r"CONN_LOST|VI_ERROR_IO|returned no data|hung up|is not open", GONE),
    (r"INV_RSRC_NAME|Parsing error", "this is no VISA address"),
    (r"PyUSB|libusb|No backend", "USB needs a VISA library: install one, or the package pyusb"),
    (r"gpib", "GPIB needs the VISA library of its adapter"),
    (
        r"Name or service not known|nodename|getaddrinfo|No address associated",
        "there is no computer of this name",
    ),
)
_NUMBER = re.compile(r"(?:Errno |Error\(|port: \()(\d+)")
_CODES = re.compile(r"\[Errno -?\d+\]\s*|\(-?\d+\)|VI_ERROR_\w+\s*:?|\s*:?\s*'[^']*'")


def in_plain_words(error: BaseException) -> str:
    """A clause without numbers, codes and the names of classes."""
    text = " ".join(str(error).split())
    for pattern, words in _BY_TEXT:
        if re.search(pattern, text):
            return words
    found = _NUMBER.search(text)
    number = getattr(error, "errno", None) or (int(found[1]) if found else None)
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    return _CODES.sub("", text).strip(" .:") or "the system does not say why"


@contextmanager
def told_plainly() -> Iterator[None]:
    """Whatever is raised inside becomes an ``OSError`` in plain words; a ``TimeoutError`` stays one."""
    try:
        yield
    except TimeoutError:
        raise
    except Exception as error:  # termios.error, ctypes' errors, bare exceptions: libraries differ
        raise OSError(in_plain_words(error)) from error


def readable(data: bytes | bytearray, most: int = 40) -> str:
    """Bytes as text between quotes; what does not print as its number."""
    shown = data[:most].decode("latin-1").encode("unicode_escape").decode("ascii")
    return f'"{shown}"' + (f" and {len(data) - most} bytes more" if len(data) > most else "")
