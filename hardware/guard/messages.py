"""What the program and the guard say to each other: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum

from hardware.types import Blanker


class Why(Enum):
    """What ended an opening."""

    NEVER_OPENED = "the ion beam has not been open"
    ASKED = "the program asked for it"
    DEADLINE = "the deadline has passed"
    HEARTBEAT_MISSED = "a heartbeat was missed"
    READ_BACK_DIFFERS = "the line read back otherwise than commanded"
    DID_NOT_OPEN = "the line did not open"
    PIPE_ENDED = "the program's end of the pipe was closed"
    TERMINATED = "the guard was told to end"
    UNREADABLE = "the program sent something unreadable"


@dataclass(frozen=True, slots=True)
class Start:
    """The first line to a guard process.

    ``target`` is ``module:function`` that connects the line with ``settings``; ``limits`` and
    ``timing`` are JSON texts.
    """

    target: str
    settings: dict[str, object]
    limits: str
    timing: str
    log_path: str


class Ask(Enum):
    """What the program wants of the guard."""

    OPEN = "open"
    HEARTBEAT = "heartbeat"
    CLOSE = "close"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Request:
    """``proof`` is a :class:`~hardware.interlocks.MillProof` as JSON. Times are in seconds."""

    ask: Ask
    proof: str = ""
    pass_id: str = ""
    deadline_s: float = 0.0
    instrument_s: float | None = None


class Answer(Enum):
    """What the guard answers; READY and FAILED once, when it has started."""

    READY = "ready"
    FAILED = "failed"
    OPENED = "opened"
    REFUSED = "refused"
    ALIVE = "alive"
    NOT_OPEN = "not open"
    CLOSED = "closed"
    UNCONFIRMED = "unconfirmed"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and what it carries. ``at_s`` is the wall clock, filled in when it is sent."""

    answer: Answer
    pass_id: str = ""
    why: Why = Why.NEVER_OPENED
    reasons: tuple[str, ...] = ()
    open_s: float = 0.0
    blanker: Blanker = Blanker.UNKNOWN
    at_s: float = 0.0


def encode(message: Start | Request | Reply) -> str:
    """One line of JSON, without its end."""
    return json.dumps(asdict(message), default=lambda enum: enum.value)


def decode_start(text: str) -> Start:
    """Raises ``ValueError`` or ``TypeError`` when ``text`` starts no guard."""
    return Start(**json.loads(text))


def decode_request(text: str) -> Request:
    """Raises ``ValueError`` when ``text`` is no request."""
    try:
        given = json.loads(text)
        instrument_s = given["instrument_s"]
        return Request(
            Ask(given["ask"]),
            str(given["proof"]),
            str(given["pass_id"]),
            float(given["deadline_s"]),
            None if instrument_s is None else float(instrument_s),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no request: {text[:80]!r}") from error


def decode_reply(text: str) -> Reply:
    """Raises ``ValueError`` when ``text`` is no reply."""
    try:
        given = json.loads(text)
        return Reply(
            Answer(given["answer"]),
            str(given["pass_id"]),
            Why(given["why"]),
            tuple(str(reason) for reason in given["reasons"]),
            float(given["open_s"]),
            Blanker(given["blanker"]),
            float(given["at_s"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no reply: {text[:80]!r}") from error
