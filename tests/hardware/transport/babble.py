"""A wire on which anything may come: random bytes, and answers that were damaged on their way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hardware.transport.dialogue import Dialogue, Timing

N_BABBLED = 100_000
ONCE = Timing(answer_s=1.0, retries=0, late_s=0.0)


class Babble:
    """A channel that answers whatever is sent with the next of its answers, in up to three pieces."""

    def __init__(self, answers: Iterator[bytes]) -> None:
        self._answers = answers
        self._pieces: list[bytes] = []
        self._n_sent = 0

    def connect(self) -> Babble:
        return self

    def send(self, data: bytes, timeout_s: float) -> None:
        answer = next(self._answers, b"")
        self._n_sent += 1
        cut = self._n_sent % (len(answer) + 1)
        self._pieces = [answer[cut + 1 :], answer[cut : cut + 1], answer[:cut]]

    def receive(self, timeout_s: float) -> bytes:
        while self._pieces:
            if piece := self._pieces.pop():
                return piece
        raise TimeoutError

    def drain(self, listen_s: float) -> bytes:
        return b""

    def hang_up(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        self._pieces.clear()


def babbling(answers: Iterator[bytes]) -> Dialogue:
    """A dialogue with such a device."""
    return Dialogue("babble", Babble(answers).connect, timing=ONCE)


def damaged(samples: Sequence[bytes], n: int, seed: int, ends: bytes = b"\r\n") -> Iterator[bytes]:
    """A quarter are random bytes that end as a line does, others are samples in turn, damaged."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (n, 24), np.uint8)
    lengths = rng.integers(0, 24, n)
    places = rng.integers(0, 1 << 30, (n, 3))
    changes = rng.integers(0, 4, n)
    for turn, (row, length, place, n_changes) in enumerate(
        zip(noise, lengths, places, changes, strict=True)
    ):
        if place[0] % 4 == 0:
            yield row[:length].tobytes() + ends
            continue
        sample = bytearray(samples[turn % len(samples)])
        for k in range(n_changes):
            sample[place[k] % len(sample)] = row[k]
        yield bytes(sample[place[1] % 3 :] if n_changes == 3 else sample)
