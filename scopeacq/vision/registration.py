"""Finding the wafer and its sections again: where images say that things lie, in the wafer frame.

Nothing here moves or scans. The engine hands over views (an image and where it believes the image
lies) and gets displacements: a thing believed at ``p`` lies at ``p + (dx, dy)``.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tifffile
from pydantic import Field

from hardware.types import Frame, Image
from scopeacq.plan.geometry import Affine, Point, Rigid, pixel_to_wafer, rotation
from scopeacq.plan.project import RegistrationSettings
from scopeacq.plan.settings import Settings, SettingsError, validate
from scopeacq.plan.wafer import Fiducial
from scopeacq.vision.alignment import Band, align

FINE_NM = 45.0
"""Finer detail is shot noise, or lost to a few um of defocus."""
COARSE_NM = 400.0
"""Coarser detail is shading and charging."""

RENEWED_RESIDUAL = 0.5
"""Share of the residual allowed, up to which a fit renews its reference images."""
RENEWED_CORRELATION = 0.1
"""Share of the way from the correlation allowed up to 1, from which a reference image is renewed."""


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
        to_wafer = pixel_to_wafer(frame.settings, frame.stage, wafer_to_stage, beam_shift_um, frame.shape)
        return cls(frame.image, to_wafer)

    @property
    def pixel_size_nm(self) -> float:
        return 1e3 * math.sqrt(abs(float(np.linalg.det(self.to_wafer[:, :2]))))

    def moved(self, by: Rigid) -> View:
        """The same image, believed elsewhere: ``by`` is applied in the wafer frame."""
        turned = rotation(by.rotation_deg) @ self.to_wafer
        return View(self.image, turned + np.array([[0.0, 0.0, by.x_um], [0.0, 0.0, by.y_um]]))

    def reaches(self, wafer_um: Point) -> bool:
        """Whether another view as large as this one, around a point, would show some of the same."""
        edges = np.array(self.image.shape[::-1])
        px = (np.linalg.inv(_square(self.to_wafer)) @ (*wafer_um, 1.0))[:2]
        return bool((np.abs(px - (edges - 1) / 2) < edges).all())

    def to_tiff(self) -> bytes:
        """The view as a TIFF file, for ``FileLayer.write_durable``."""
        file = io.BytesIO()
        where = json.dumps({"to_wafer": self.to_wafer.tolist()})
        tifffile.imwrite(file, self.image, photometric="minisblack", description=where, metadata=None)
        return file.getvalue()

    @classmethod
    def read(cls, path: Path) -> View:
        """Read what :meth:`to_tiff` wrote. Raises ``SettingsError`` when it is missing or damaged."""
        try:
            with tifffile.TiffFile(path) as file:
                image = file.asarray()
                where = json.loads(file.pages.first.description)
        except (OSError, ValueError, IndexError, tifffile.TiffFileError) as error:
            raise SettingsError(
                path, [f"is no readable reference image ({error})"], "Restore it from a copy."
            ) from None
        if image.ndim != 2 or image.dtype not in (np.uint8, np.uint16):
            raise SettingsError(
                path, ["the file is no grey image of 8 or 16 bit"], "Restore it from a copy."
            )
        return cls(image, np.array(validate(path, _Where, where).to_wafer))


class _Where(Settings):
    to_wafer: Annotated[tuple[tuple[float, float, float], ...], Field(min_length=2, max_length=2)]


@dataclass(frozen=True, slots=True)
class Displacement:
    """How far a thing lies from where it is believed: wafer frame, rotation counter-clockwise."""

    dx_um: float
    dy_um: float
    rotation_deg: float
    correlation: float

    @property
    def distance_um(self) -> float:
        return math.hypot(self.dx_um, self.dy_um)


def displacement(view: View, reference: View, at_um: Point, settings: RegistrationSettings) -> Displacement:
    """Displacement of what ``reference`` shows around the wafer point ``at_um``, as ``view`` sees it.

    Raises ``RegistrationRefused`` when the correlation is below ``settings.min_correlation`` or the
    shift is beyond ``settings.max_shift_um``.
    """
    pixel_nm = view.pixel_size_nm
    if not math.isclose(pixel_nm, reference.pixel_size_nm, rel_tol=1e-3):
        raise RegistrationRefused(
            f"The reference image has pixels of {reference.pixel_size_nm:.1f} nm and the new one of "
            f"{pixel_nm:.1f} nm; set the pixel size of registration back or take new references."
        )
    there = _square(reference.to_wafer)
    here = np.linalg.inv(_square(view.to_wafer))
    expected = (here @ there)[:2, 2]
    band = Band(FINE_NM / pixel_nm, COARSE_NM / pixel_nm)
    found = align(
        view.image,
        reference.image,
        band,
        (float(expected[0]), float(expected[1])),
        1e3 * settings.max_shift_um / pixel_nm,
    )
    moved = _square(view.to_wafer) @ _square(found.matrix) @ np.linalg.inv(there)
    dx, dy = moved[:2, :2] @ at_um + moved[:2, 2] - at_um
    turned = math.degrees(math.atan2(moved[1, 0] - moved[0, 1], moved[0, 0] + moved[1, 1]))
    return _accepted(Displacement(float(dx), float(dy), turned, found.correlation), settings)


def _accepted(found: Displacement, settings: RegistrationSettings) -> Displacement:
    if found.correlation < settings.min_correlation:
        raise RegistrationRefused(
            f"The correlation with the reference image is {found.correlation:.2f}, below "
            f"{settings.min_correlation:g}; look whether the stage stands right and the image is sharp."
        )
    if found.distance_um > settings.max_shift_um:
        raise RegistrationRefused(
            f"The image lies {found.distance_um:.1f} um from where it should, beyond "
            f"{settings.max_shift_um:g} um; look whether the wafer has slipped on its holder."
        )
    return found


def _square(affine: Affine) -> Affine:
    return np.vstack([affine, (0.0, 0.0, 1.0)])


@dataclass(frozen=True, slots=True)
class WaferFit:
    """Where the wafer lies. ``residual_um``: the largest among the fiducials used.

    ``correlations``: of each fiducial used with its reference image.
    """

    wafer_to_stage: Rigid
    residual_um: float
    used: tuple[str, ...]
    correlations: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fiducial and where in the stage frame it was seen [um]."""

    fiducial: Fiducial
    stage_um: Point
    correlation: float = 1.0


def register_wafer(
    fiducials: Sequence[Fiducial],
    believed: Rigid,
    references: Mapping[str, View],
    look: Callable[[Fiducial, Rigid], View],
    settings: RegistrationSettings,
) -> WaferFit:
    """Look at each fiducial and fit where the wafer lies.

    ``look(fiducial, wafer_to_stage)`` goes to ``wafer_to_stage.apply(fiducial.centre_um)``, scans and
    returns the view under that transform; what earlier fiducials showed is already in it, and near ones
    come first, since a wrong rotation counts by the distance. A fiducial that is not found is left out;
    one alone gives the shift and keeps the rotation. Raises ``RegistrationRefused``.
    """
    if not fiducials:
        raise RegistrationRefused("The wafer has no fiducials; mark at least two on it.")
    seen: list[Sighting] = []
    missed: list[str] = []
    first = fiducials[0].centre_um
    for fiducial in sorted(fiducials, key=lambda f: math.dist(f.centre_um, first)):
        view = look(fiducial, believed)
        try:
            found = displacement(view, references[fiducial.id], fiducial.centre_um, settings)
        except RegistrationRefused as refusal:
            missed.append(f"{fiducial.id}: {refusal}")
            continue
        x, y = fiducial.centre_um
        where_um = believed.apply((x + found.dx_um, y + found.dy_um))
        seen.append(Sighting(fiducial, where_um, found.correlation))
        believed = _transform(seen, believed.rotation_deg)
    if len(seen) < min(len(fiducials), 2):
        raise RegistrationRefused(f"Too few fiducials were found again. {' '.join(missed)}")
    return fit_wafer(seen, believed.rotation_deg, settings.max_residual_um)


def fit_wafer(seen: Sequence[Sighting], rotation_deg: float, max_residual_um: float) -> WaferFit:
    """Rigid transform through sightings; of three or more, one outlier may be left out.

    A single sighting gives the shift, with ``rotation_deg``. Raises ``RegistrationRefused``.
    """
    whole = _fit(seen, rotation_deg)
    if whole.residual_um <= max_residual_um:
        return whole
    without_one = [_fit([s for s in seen if s is not left], rotation_deg) for left in seen if len(seen) > 2]
    best = min(without_one, key=lambda fit: fit.residual_um, default=whole)
    if best.residual_um <= max_residual_um:
        return best
    raise RegistrationRefused(
        f"The fiducials do not fit a shift and a rotation of the wafer: the residual is "
        f"{whole.residual_um:.1f} um, beyond {max_residual_um:g} um; look at their images."
    )


def _fit(seen: Sequence[Sighting], rotation_deg: float) -> WaferFit:
    transform = _transform(seen, rotation_deg)
    residual = max(math.dist(transform.apply(s.fiducial.centre_um), s.stage_um) for s in seen)
    return WaferFit(
        transform, residual, tuple(s.fiducial.id for s in seen), tuple(s.correlation for s in seen)
    )


def _transform(seen: Sequence[Sighting], rotation_deg: float) -> Rigid:
    if len(seen) > 1:
        wafer, stage = (
            np.array(p) for p in zip(*((s.fiducial.centre_um, s.stage_um) for s in seen), strict=True)
        )
        return Rigid.fit(wafer, stage)[0]
    (only,) = seen
    x, y = Rigid(0.0, 0.0, rotation_deg).apply(only.fiducial.centre_um)
    return Rigid(only.stage_um[0] - x, only.stage_um[1] - y, rotation_deg)


def renewed(fit: WaferFit, on_stage: Mapping[str, View], settings: RegistrationSettings) -> dict[str, View]:
    """New reference images of the fiducials that were found with certainty: a mill wears them away.

    ``on_stage``: the views of the fit, placed in the *stage* frame instead of the wafer's. Each image
    is believed where the fit of all fiducials puts it, not where it was found itself: what the stage
    missed at one of them has no part in the fit, and so does not add up from one cycle to the next.
    """
    if fit.residual_um > RENEWED_RESIDUAL * settings.max_residual_um:
        return {}
    least = settings.min_correlation + RENEWED_CORRELATION * (1.0 - settings.min_correlation)
    certain = (name for name, c in zip(fit.used, fit.correlations, strict=True) if c >= least)
    return {name: on_stage[name].moved(fit.wafer_to_stage.inverse()) for name in certain}
