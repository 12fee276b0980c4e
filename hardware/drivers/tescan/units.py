"""Between our units and SharkSEM's, which are powers of ten apart: no digit is lost on the way."""

from __future__ import annotations

from decimal import Decimal

MM_PER_UM, NA_PER_PA, MBAR_PER_PA, KV_PER_V = -3, -3, -2, -3
"""Powers of ten."""


def exact(value: float) -> Decimal:
    """The shortest decimal that is read back as this number."""
    return Decimal(repr(float(value)))


def to_mm(um: float) -> Decimal:
    return exact(um).scaleb(MM_PER_UM)


def from_mm(mm: Decimal) -> float:
    return float(mm.scaleb(-MM_PER_UM))


def scaled(value: Decimal, power: int) -> float:
    """``value`` times ten to the ``power``."""
    return float(value.scaleb(power))
