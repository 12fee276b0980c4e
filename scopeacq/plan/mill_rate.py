"""From mill charge to depth and back, through the profile's table of mill rates. Pure.

A charge q removes the depth ``rate * q / area``, with the rate in m^3/C (Schubert 2022, table 2.1) and
the area that of the scanned field across the beam, ``raster_um_per_vpp`` times Vpp in both directions.
That is the table's own convention: it was measured with this square, although on the wafer the
raster is longer by 1/sin(glancing angle) along the beam.
"""

from __future__ import annotations

import math

import numpy as np
from shapely import affinity, intersection_all
from shapely.geometry import Polygon, box

from scopeacq.plan.instrument import MillSettings
from scopeacq.plan.project import MillingSettings


def rate_m3_per_c(mill: MillSettings, irradiation_1e27_ev_per_cm3: float) -> float:
    """Mill rate per current [m^3/C], linear between the rows of the table and constant beyond."""
    rows = sorted(mill.rates, key=lambda row: row.irradiation_1e27_ev_per_cm3)
    rate = np.interp(
        irradiation_1e27_ev_per_cm3,
        [row.irradiation_1e27_ev_per_cm3 for row in rows],
        [row.rate_1e_8_m3_per_c for row in rows],
    )
    return float(rate) * 1e-8


def raster_area_um2(mill: MillSettings, raster_vpp: float) -> float:
    """The scanned field across the beam [um^2]."""
    x_um, y_um = mill.raster_um_per_vpp
    return x_um * y_um * raster_vpp**2


def footprint(mill: MillSettings, raster_vpp: float, azimuth_deg: float) -> Polygon:
    """The raster on the wafer [um], about the wafer's centre, at one azimuth (stage rotation).

    The wafer stands turned by the azimuth under a fixed beam along y, so that its footprint is
    turned backwards.
    """
    across_um, along_um = _edges_um(mill, raster_vpp)
    return _turned(across_um, along_um, azimuth_deg)


def _edges_um(mill: MillSettings, raster_vpp: float, less_um: float = 0.0) -> tuple[float, float]:
    """Edges of the raster on the wafer, across and along the beam; ``less_um``: cut off across the beam."""
    x_um, y_um = (max(edge * raster_vpp - less_um, 0.0) for edge in mill.raster_um_per_vpp)
    return x_um, y_um / math.sin(math.radians(mill.glancing_deg))


def _turned(across_um: float, along_um: float, azimuth_deg: float) -> Polygon:
    region = box(-across_um / 2, -along_um / 2, across_um / 2, along_um / 2)
    return affinity.rotate(region, -azimuth_deg, origin=(0, 0))


def evenly_milled(mill: MillSettings, milling: MillingSettings) -> Polygon:
    """Where the footprints of all azimuths meet, in um of the stage frame about its origin.

    What lies within the width of the spot from an edge is milled less and left out: there a square that
    is blurred by a Gaussian spot is at 99 % of its height.
    """
    across_um, along_um = _edges_um(mill, milling.raster_vpp, less_um=2 * mill.spot_um)
    region = intersection_all([_turned(across_um, along_um, a) for a in milling.azimuths_deg])
    return region if isinstance(region, Polygon) else Polygon()


def depth_nm(mill: MillSettings, milling: MillingSettings, charge_uc: float) -> float:
    """The depth [nm] that a charge [uC] removes inside the raster."""
    area_m2 = raster_area_um2(mill, milling.raster_vpp) * 1e-12
    rate = rate_m3_per_c(mill, milling.irradiation_1e27_ev_per_cm3)
    return rate * charge_uc * 1e-6 / area_m2 * 1e9


def charge_uc_per_azimuth(mill: MillSettings, milling: MillingSettings) -> float:
    """The charge [uC] that each azimuth gets in one cycle, given or through the mill rate."""
    if milling.charge_uc_per_azimuth is not None:
        return milling.charge_uc_per_azimuth
    assert milling.depth_nm is not None
    return milling.depth_nm / depth_nm(mill, milling, 1.0) / len(milling.azimuths_deg)
