"""Pictures by which things are found again: ``registration/<kind>-<id>.tif`` in the run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scopeacq.plan.marks import Fiducial
from scopeacq.plan.runfolder import RunFolder
from scopeacq.storage.files import FileLayer
from scopeacq.vision.registration import View


class Shown(Enum):
    """What a picture shows; the first part of its name."""

    FIDUCIAL = "fiducial"
    LANDMARK = "landmark"
    SECTION = "section"


@dataclass(frozen=True)
class References:
    """The pictures of one run, each placed on the wafer, so that they outlive a new mount of it."""

    folder: RunFolder
    files: FileLayer

    def path(self, shown: Shown, name: str) -> Path:
        """Where the picture lies, or would."""
        return self.folder.registration_images / f"{shown.value}-{name}.tif"

    def read(self, shown: Shown, name: str) -> View | None:
        """None where there is none. Raises ``SettingsError`` when it is damaged."""
        path = self.path(shown, name)
        return View.read(path) if path.exists() else None

    def of_fiducial(self, fiducial: Fiducial) -> View | None:
        """Its picture; None also where that shows another place, since the fiducial was moved after it.

        Raises ``SettingsError`` when it is damaged.
        """
        picture = self.read(Shown.FIDUCIAL, fiducial.id)
        return picture if picture is not None and picture.reaches(fiducial.centre_um) else None

    def keep(self, shown: Shown, name: str, view: View) -> None:
        """Durably, in place of an earlier one. Raises ``OSError``."""
        self.files.make_folder(self.folder.registration_images)
        self.files.write_durable(self.path(shown, name), view.to_tiff(), replace=True)
