"""Finding the wafer and its sections again: where images say that things lie, in the wafer frame.

Nothing here moves or scans. The engine hands over views (an image and where it believes the image
lies) and gets corrections: a thing believed at ``p`` lies at ``p + (dx, dy)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware.types import Frame, Image
from scopeacq.geometry import Affine, Point, Rigid
from scopeacq.project import RegistrationSettings
from scopeacq.wafer import Fiducial


class RegistrationRefused(Exception):
    """Something was not found again with certainty; the message is one sentence for the operator."""


@dataclass(frozen=True)
class View:
    """An image (2-D, uint8 or uint16) and where it is believed to lie.

    ``to_wafer``: from pixels (col, row) to wafer um, shape (2, 3).
    """

    image: Image
    to_wafer: Affine

    @classmethod
    def of(cls, frame: Frame, wafer_to_stage: Rigid, beam_shift_um: Point = (0.0, 0.0)) -> View:
        """The view of a frame taken at stage rotation 0."""
        raise NotImplementedError

    def to_tiff(self) -> bytes:
        """The view as a TIFF file, for ``FileLayer.write_durable``."""
        raise NotImplementedError

    @classmethod
    def read(cls, path: Path) -> View:
        """Read what :meth:`to_tiff` wrote. Raises ``SettingsError``-like sentence when it is damaged."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Displacement:
    """How far a thing lies from where it is believed: wafer frame, rotation counter-clockwise."""

    dx_um: float
    dy_um: float
    rotation_deg: float
    correlation: float


def displacement(
    view: View, reference: View, at_um: Point, settings: RegistrationSettings
) -> Displacement:
    """Displacement of what ``reference`` shows around the wafer point ``at_um``, as ``view`` sees it.

    Raises ``RegistrationRefused`` when the correlation is below ``settings.min_correlation`` or the
    shift is beyond ``settings.max_shift_um``.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class WaferFit:
    """Where the wafer lies. ``residual_um``: the largest among the fiducials used."""

    wafer_to_stage: Rigid
    residual_um: float
    used: tuple[str, ...]


def register_wafer(
    fiducials: Sequence[Fiducial],
    believed: Rigid,
    references: Mapping[str, View],
    look: Callable[[Fiducial, Rigid], View],
    settings: RegistrationSettings,
) -> WaferFit:
    """Look at each fiducial and fit where the wafer lies.

    ``look(fiducial, wafer_to_stage)`` goes to ``wafer_to_stage.apply(fiducial.centre_um)``, scans and
    returns the view under that transform; what earlier fiducials showed is already in it. With three or
    more, one outlier may be dropped. Raises ``RegistrationRefused``.
    """
    raise NotImplementedError
