"""The view Live: the microscope's image, and the focus cockpit."""

from ui.live.mounting import mount_live

__all__ = ["mount_live"]
