"""The panels of a run, wired to its acquisition and mounted into a workspace."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5.QtCore import Qt

from scopeacq.engine.events import (
    AbortAnswered,
    FocusDriftNoticed,
    IncidentHappened,
    RunState,
    StateChanged,
    WishAnswered,
)
from scopeacq.journal.records import Policy
from scopeacq.plan.calibrations import CalibrationKind
from scopeacq.telling.meaning import meaning_of
from scopeacq.telling.wording import sentence
from ui.messages.banner import Banner
from ui.panels.log_panel import LogPanel
from ui.panels.preflight_panel import PreflightPanel
from ui.panels.run_panel import RunPanel
from ui.panels.timeline_panel import TimelinePanel
from ui.parts.copying import offer_command
from ui.presenters.command_lines import command_line
from ui.presenters.messages import Message, Offer
from ui.presenters.notices import Notice
from ui.presenters.tone import Tone
from ui.run.acquisition import Acquisition
from ui.run.services import SERVICES, Services
from ui.workspace import Workspace

BELOW = ("log", "timeline")
"""The panels below the view: what happened and what happens next. Views that need the height do without."""

RECALIBRATE = Offer("Recalibrate", CalibrationKind.DEEPFOCUS)

_PAUSES = frozenset({Policy.PAUSE, Policy.PARK_AND_ALERT})


@dataclass(frozen=True)
class RunPanels:
    """The widgets; ``made_for`` wires them."""

    run: RunPanel
    preflight: PreflightPanel
    timeline: TimelinePanel
    log: LogPanel

    @classmethod
    def made_for(cls, acquisition: Acquisition) -> RunPanels:
        """Panels that show an acquisition and hand it what their operator wants."""
        panels = cls(RunPanel(), PreflightPanel(), TimelinePanel(), LogPanel(acquisition.log))
        acquisition.viewed.connect(panels.run.show_view)
        acquisition.listed.connect(panels.preflight.show_list)
        acquisition.viewed.connect(lambda _: panels.preflight.show_running(acquisition.active))
        acquisition.ahead.connect(panels.timeline.show_entries)
        acquisition.logged.connect(panels.log.refresh)
        panels.run.start_asked.connect(acquisition.start)
        panels.run.requested.connect(acquisition.request)
        panels.timeline.wished.connect(acquisition.wish)
        panels.preflight.confirmed.connect(acquisition.confirm)
        panels.preflight.check_asked.connect(acquisition.check)
        return panels


def mount_run(workspace: Workspace, banner: Banner, services: Services = SERVICES) -> Acquisition:
    """Give a workspace its run: pre-flight and run at the right, timeline and log below.

    Open it once everything else is there. Whoever closes the workspace asks the acquisition first.
    """
    acquisition = Acquisition(services.conductor, services.checker, workspace)
    panels = RunPanels.made_for(acquisition)
    below = Qt.DockWidgetArea.BottomDockWidgetArea
    workspace.mount_panel("run", "Run", panels.run)
    workspace.mount_panel("preflight", "Pre-flight", panels.preflight)
    workspace.mount_panel("log", "Events", panels.log, below)
    workspace.mount_panel("timeline", "What happens next", panels.timeline, below)
    for button, command in ((panels.run.buttons.start, "run"), (panels.preflight.again, "check")):
        offer_command(button, command_line(command, workspace.plan.folder.root))
    acquisition.noticed.connect(lambda notice: _tell(banner, notice))
    panels.log.place_wanted.connect(workspace.place_wanted)
    workspace.plan_changed.connect(acquisition.take_plan)
    return acquisition


def _tell(banner: Banner, notice: Notice) -> None:
    """What an operator must not overlook goes into the banner, never into a dialog."""
    message = message_of(notice)
    if message is not None:
        banner.say(message)


def message_of(notice: Notice) -> Message | None:
    """The message of what ended the run or lets it wait, or of a beam in an unknown state."""
    match notice:
        case IncidentHappened(incident) if incident.decision in _PAUSES:
            meaning = meaning_of(incident)
            return Message(Tone.ALARM, f"{meaning.what} {meaning.decided}", meaning.means, meaning.advice)
        case FocusDriftNoticed(text=text, advice=advice, recalibrate=recalibrate):
            return Message(Tone.CAUTION, text, advice=advice, offer=RECALIBRATE if recalibrate else None)
        case AbortAnswered(text=text) if notice.unknown:
            return Message(Tone.ALARM, text, "Nobody can say whether the ion beam is blanked.")
        case WishAnswered(_, why_not) if why_not:
            return Message(Tone.CAUTION, f"What happens next stays as it is. {why_not}")
        case StateChanged(RunState.WAITING, reason):
            return Message(Tone.CAUTION, f"The run waits for you. {sentence(reason)}", urgent=True)
        case _:
            return None
