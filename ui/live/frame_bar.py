"""Which frame is taken: the project's own, or any size, pixel size and dwell time."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton

from hardware.types import FrameSettings
from scopeacq.plan.runfolder import Plan
from ui import theme
from ui.parts.label import label
from ui.parts.quantity import QuantityField
from ui.presenters.live import (
    DWELL_LIMITS_NS,
    PIXEL_LIMITS_NM,
    PRESET_HINTS,
    Preset,
    frame_problem,
    frame_text,
    pixels_limits,
    preset_frame,
    preset_of,
)

FIELD_PX = 96


class FrameBar(QFrame):
    """``changed`` (FrameSettings or None): another frame is wanted; None while a value is wrong."""

    changed = pyqtSignal(object)

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        theme.set_role(self, "bar")
        self._plan = plan
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self.presets = {preset: self._preset_button(preset) for preset in Preset}
        self.width_px, self.height_px = (QuantityField("", pixels_limits(), 0) for _ in range(2))
        self.pixel_nm = QuantityField("nm", PIXEL_LIMITS_NM)
        self.dwell_ns = QuantityField("ns", DWELL_LIMITS_NS)
        for field, tip in (
            (self.width_px, "Columns of the frame [px]"),
            (self.height_px, "Rows of the frame [px]"),
            (self.pixel_nm, "Edge of a pixel on the specimen: dose goes with its inverse square"),
            (self.dwell_ns, "Time on each pixel: noise falls and dose rises with it"),
        ):
            field.setToolTip(tip)
            field.setMinimumWidth(FIELD_PX)
            field.setMaximumWidth(FIELD_PX + theme.Space.XL)
            field.textChanged.connect(lambda _: self._refresh())
        self._lay_out()
        self.use(Preset.FOCUS)

    def take_plan(self, plan: Plan) -> None:
        """Go on with the plan as it was saved: a preset follows it, other frames stay as typed."""
        settings = self.settings
        chosen = preset_of(self._plan.project, settings) if settings is not None else None
        self._plan = plan
        if chosen is not None:
            self.use(chosen)
        else:
            self._refresh()

    @property
    def settings(self) -> FrameSettings | None:
        """The frame that is wanted; None while a value is wrong."""
        typed = self._typed
        return None if typed is None or frame_problem(typed) else typed

    @property
    def _typed(self) -> FrameSettings | None:
        """What stands in the fields: a preset where it is one."""
        width, height = self.width_px.value, self.height_px.value
        pixel_nm, dwell_ns = self.pixel_nm.value, self.dwell_ns.value
        if width is None or height is None or pixel_nm is None or dwell_ns is None:
            return None
        bits = self._plan.project.imaging.bit_depth
        typed = FrameSettings(round(width), round(height), pixel_nm, dwell_ns, 0.0, bits)
        named = next(
            (p for p in Preset if self._looks_like(preset_frame(self._plan.project, p), typed)), None
        )
        return typed if named is None else preset_frame(self._plan.project, named)

    def use(self, preset: Preset) -> None:
        """Take frames as the project does."""
        frame = preset_frame(self._plan.project, preset)
        for field, value in (
            (self.width_px, frame.width_px),
            (self.height_px, frame.height_px),
            (self.pixel_nm, frame.pixel_size_nm),
            (self.dwell_ns, frame.dwell_ns),
        ):
            field.show_value(value)
        self._refresh()

    def _looks_like(self, one: FrameSettings, other: FrameSettings) -> bool:
        names = ("width_px", "height_px", "pixel_size_nm", "dwell_ns")
        return all(getattr(one, name) == getattr(other, name) for name in names)

    def _refresh(self) -> None:
        settings, project = self.settings, self._plan.project
        chosen = preset_of(project, settings) if settings is not None else None
        for preset, each in self.presets.items():
            each.setChecked(preset is chosen)
        self.changed.emit(settings)

    @property
    def cost(self) -> str:
        """What each frame covers, takes and lays down, or what is wrong with it."""
        typed = self._typed
        if typed is None:
            fields = (self.width_px, self.height_px, self.pixel_nm, self.dwell_ns)
            return next((field.problem for field in fields if field.problem), "")
        current_na = self._plan.instrument.electron.probe_current_na
        return frame_problem(typed) or frame_text(typed, current_na)

    def _preset_button(self, preset: Preset) -> QToolButton:
        made = QToolButton()
        made.setText(preset.value)
        made.setCheckable(True)
        made.setToolTip(PRESET_HINTS[preset])
        theme.set_role(made, "quiet")
        made.clicked.connect(lambda: self.use(preset))
        self._group.addButton(made)
        return made

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.Space.S, theme.Space.XS, theme.Space.M, theme.Space.XS)
        row.setSpacing(theme.Space.XS)
        for preset in self.presets.values():
            row.addWidget(preset)
        row.addSpacing(theme.Space.M)
        row.addWidget(self.width_px)
        row.addWidget(label("\N{MULTIPLICATION SIGN}", "muted", wrap=False))
        row.addWidget(self.height_px)
        row.addWidget(label("px", "muted", wrap=False))
        row.addSpacing(theme.Space.S)
        row.addWidget(self.pixel_nm)
        row.addWidget(self.dwell_ns)
        row.addStretch(1)
