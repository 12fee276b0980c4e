"""Messages between a client and nature's process: a length, JSON, and the bytes of an image.

Nothing is unpickled: a frame travels as shape, sample size and raw bytes of this machine.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

import numpy as np

from hardware.types import Image

Json = dict[str, Any]

_LENGTHS = struct.Struct("<IQ")
LONGEST_HEADER = 1 << 20
LARGEST_IMAGE = 1 << 32
_SAMPLES: dict[str, type[np.uint8] | type[np.uint16]] = {"uint8": np.uint8, "uint16": np.uint16}


def send(wire: socket.socket, header: Json, image: Image | None = None) -> None:
    """Send one message. Raises ``OSError`` when the other end is gone."""
    if image is not None:
        header = {**header, "image": {"shape": list(image.shape), "sample": image.dtype.name}}
    text = json.dumps(header).encode()
    n_bytes = 0 if image is None else image.nbytes
    wire.sendall(_LENGTHS.pack(len(text), n_bytes) + text)
    if image is not None:
        wire.sendall(np.ascontiguousarray(image).data.cast("B"))


def receive(wire: socket.socket) -> tuple[Json, Image | None]:
    """Receive one message.

    Raises ``ConnectionError`` when the other end is gone, ``TimeoutError`` when it is late,
    ``ValueError`` for anything that is no message.
    """
    n_text, n_image = _LENGTHS.unpack(_exactly(wire, _LENGTHS.size))
    if n_text > LONGEST_HEADER or n_image > LARGEST_IMAGE:
        raise ValueError("this is no message of the twin")
    header = json.loads(bytes(_exactly(wire, n_text)))
    described = header.pop("image", None)
    if described is None:
        return header, None
    samples = np.frombuffer(_exactly(wire, n_image), _SAMPLES[described["sample"]])
    return header, samples.reshape(described["shape"])


def _exactly(wire: socket.socket, n_bytes: int) -> memoryview:
    # not a bytearray: filling one as large as a tile with zeros would stop all other threads meanwhile
    buffer = np.empty(n_bytes, np.uint8).data
    view = buffer
    while view:
        n_read = wire.recv_into(view)
        if n_read == 0:
            raise ConnectionError("the connection ended")
        view = view[n_read:]
    return buffer
