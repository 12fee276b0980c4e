"""The wafer in the middle of the window: :class:`WaferViewport`."""

from ui.viewport.widget import WaferViewport

__all__ = ["WaferViewport"]
