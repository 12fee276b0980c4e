"""Between the units of SmartSEM's API and ours.

The API has metres. A number of ours that comes back from metres keeps 15 digits, which is what survives
the way there and back: 4510 um stay 4510 um.
"""

from __future__ import annotations

UM_PER_M = 1e6
NM_PER_M = 1e9
NA_PER_A = 1e9
PER_KILO = 1e3
UM_PER_MM = 1e3
S_PER_MS = 1e-3
NS_PER_S = 1e9
MBAR_PER_PA = 1e-2


def metres(um: float) -> float:
    return um / UM_PER_M


def um(metres: float) -> float:
    return tidy(metres * UM_PER_M)


def nm(metres: float) -> float:
    return tidy(metres * NM_PER_M)


def tidy(value: float) -> float:
    """Without the last digit, which conversions make up."""
    return float(f"{value:.15g}")
