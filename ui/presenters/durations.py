"""Times in the words of people."""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
LONGEST_S = 100 * 365 * DAY_S


def spoken(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``4 d 6 h``: two figures say enough."""
    if seconds > LONGEST_S:
        return "more than a century"
    if seconds < MINUTE_S:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / MINUTE_S)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / HOUR_S), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def clock_time(now: datetime, seconds: float) -> str:
    """When so many seconds from ``now`` will be over: ``14:05``, ``Mon 14:05``, ``12 Mar``."""
    if seconds > LONGEST_S:
        return "not in this century"
    then = now + timedelta(seconds=seconds)
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if seconds < 6 * DAY_S else f"{then.day} {then:%b %Y}"
