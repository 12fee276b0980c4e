"""Pieces of images on the data connection, from a server that sends whatever a test wants."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import pytest

from hardware.drivers.tescan.images import Expected, ImageLink
from hardware.drivers.tescan.message import HEADER, Block
from hardware.emulators.sharksem.wire import before_pixels
from hardware.errors import BadFrame, ConnectionLost, Deadline, Garbled, Refused
from hardware.transport.wire_log import NoLog
from hardware.types import Image

FRAME = Expected(frame=7, channel=0, bits=8, n_px=12)
PIXELS = bytes(range(12))


def piece(first: int, data: bytes, frame: int = 7, bits: int = 8, channel: int = 0) -> bytes:
    return before_pixels(frame, channel, first, bits, len(data)) + data + bytes(-len(data) % 4)


def other_message(name: bytes, body: bytes) -> bytes:
    return HEADER.pack(name, len(body), 0, 0, 0) + body


@pytest.fixture
def sender() -> Iterator[Callable[[bytes], ImageLink]]:
    """Opens a link to a server that sends these bytes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def sending(data: bytes) -> ImageLink:
            link = ImageLink("SEM", "127.0.0.1", listener.getsockname()[1], NoLog())
            link.open(lambda _port: None)
            connected, _ = listener.accept()
            with connected:
                connected.sendall(data)  # so little that nobody needs to read it meanwhile
            return link

        yield sending


def zeros(bits: int) -> Image:
    return np.zeros((3, 4), np.uint8) if bits == 8 else np.zeros((3, 4), np.uint16)


def received(link: ImageLink, expected: Expected = FRAME) -> Image:
    image = zeros(expected.bits)
    link.receive(image, expected, lambda _silent_s: None)
    assert link.is_open
    link.close()
    return image


def test_pieces_come_in_order_again_and_among_others(sender: Callable[[bytes], ImageLink]) -> None:
    sent = (
        other_message(b"CameraData", bytes(70_000))
        + other_message(b"ScData", bytes(8))
        + piece(0, bytes(12), frame=6)
        + piece(0, bytes(12), channel=1)
        + piece(0, PIXELS[:7])
        + piece(4, PIXELS[4:9])
        + piece(9, PIXELS[9:])
    )
    assert received(sender(sent)).tobytes() == PIXELS


def test_sixteen_bits_come_low_byte_first(sender: Callable[[bytes], ImageLink]) -> None:
    values = np.arange(12, dtype="<u2") * 1_000
    wide = Expected(frame=7, channel=0, bits=16, n_px=12)
    sent = piece(0, values[:5].tobytes(), bits=16) + piece(5, values[5:].tobytes(), bits=16)
    assert np.array_equal(received(sender(sent), wide).reshape(-1), values)


@pytest.mark.parametrize(
    ("sent", "kind", "said"),
    [
        (piece(0, PIXELS[:4]) + piece(5, PIXELS[5:]), BadFrame, "missing after 4 of 12"),
        (piece(0, PIXELS + b"more"), BadFrame, "more than the 12 pixels"),
        (piece(0, PIXELS, bits=16), BadFrame, "16 bits, not 8"),
        (piece(0, PIXELS[:4]), ConnectionLost, "images is gone"),
        (b"nonsense" * 8, Garbled, "no message"),
        (other_message(b"ScData", bytes(12) + b"\x08\0\0\0\xff\0\0\0"), Garbled, "longer"),
    ],
)
def test_what_is_no_frame_is_an_error_and_ends_the_connection(
    sender: Callable[[bytes], ImageLink], sent: bytes, kind: type[Exception], said: str
) -> None:
    link = sender(sent)
    with pytest.raises(kind, match=said):
        received(link)
    assert not link.is_open


def test_whoever_watches_ends_the_waiting(sender: Callable[[bytes], ImageLink]) -> None:
    def watch(_silent_s: float) -> None:
        raise Refused("SEM", "the scan was aborted", "Scan again.")

    link, image = sender(piece(0, PIXELS[:4])), np.zeros((3, 4), np.uint8)
    with pytest.raises(Refused):
        link.receive(image, FRAME, watch)
    assert not link.is_open


def test_a_piece_that_comes_byte_by_byte_is_watched() -> None:
    """It never falls silent, and would be waited for as long as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = ImageLink("SEM", "127.0.0.1", listener.getsockname()[1], NoLog())
        link.open(lambda _port: None)
        connected, _ = listener.accept()

        def trickle() -> None:
            sent = piece(0, PIXELS)
            with connected, suppress(OSError):  # who has seen enough hangs up
                connected.sendall(sent[: -len(PIXELS)])
                for byte in sent[-len(PIXELS) :]:
                    connected.sendall(bytes([byte]))
                    time.sleep(0.02)

        def watch(_silent_s: float) -> None:
            if time.monotonic() > began_s + 0.1:
                raise Deadline("SEM", "the frame did not come in time", "Scan again.")

        sending, began_s = threading.Thread(target=trickle), time.monotonic()
        sending.start()
        with pytest.raises(Deadline):
            link.receive(zeros(8), FRAME, watch)
        sending.join()


def test_a_link_that_is_closed_is_lost() -> None:
    link = ImageLink("SEM", "127.0.0.1", 1, NoLog())
    with pytest.raises(ConnectionLost):
        link.receive(np.zeros((3, 4), np.uint8), FRAME, lambda _silent_s: None)
    with pytest.raises(ConnectionLost, match="port for images"):
        link.open(lambda _port: None)


def test_fitting_pieces_are_told_from_others() -> None:
    assert FRAME.has(Block(7, 0, 0, 8, 1)) and not FRAME.has(Block(7, 1, 0, 8, 1))
    assert FRAME.misfit(Block(7, 0, 3, 8, 9), 3) is None
    assert FRAME.misfit(Block(7, 0, 0, 8, 3), 3) is None
    assert FRAME.misfit(Block(7, 0, 4, 8, 1), 3) and FRAME.misfit(Block(7, 0, 3, 8, 10), 3)
