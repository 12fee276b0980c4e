"""What SmartSEM's Remote API answers with instead of 0, as programs that use it have the codes."""

from __future__ import annotations

REMOTE = {
    1019: "the API is not initialised",
    2027: "remoting is not configured",
    2028: "remoting did not connect to the server",
    2029: "remoting could not start",
    2030: "the server does not run",
    2031: "no user is logged in",
}
"""An object that answers so has lost its SmartSEM."""

REFUSALS = {
    1000: "there is no such parameter",
    1001: "the value cannot be got",
    1002: "the state cannot be got",
    1003: "it is neither a value nor a state",
    1004: "there is no such parameter",
    1005: "the state cannot be set",
    1006: "the value cannot be set",
    1007: "the value is too low",
    1008: "the value is too high",
    1009: "the value has the wrong type",
    1010: "it is neither a value nor a state",
    1011: "there is no such command",
    1012: "the command failed",
    1015: "the command is not implemented",
    1016: "the image cannot be grabbed",
    1017: "the stage's position cannot be got",
    1018: "the stage does not move",
    1022: "the limits cannot be got",
    1025: "the licence of the API is missing",
    1026: "this is not implemented",
    1032: "this is disabled at present",
}


def code_of(answer: object) -> int | None:
    """The code of an answer, which stands alone or before values; ``None`` where there is none."""
    code = answer[0] if isinstance(answer, tuple) and answer else answer
    return code if isinstance(code, int) and not isinstance(code, bool) else None
