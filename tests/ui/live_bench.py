"""The view Live on a tiny twin in this process, held by an operator's hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytestqt.qtbot import QtBot

from hardware.simulator.faults import FaultScript
from hardware.simulator.specimen import demo_wafer
from hardware.types import Optics
from models.estimate import SharpnessJudge
from scopeacq.focus.autofocus import FocusMethod
from scopeacq.focus.focus_methods import PairFocus
from scopeacq.manual import Manual
from scopeacq.plan.project import EstimatorName, FocusSettings
from scopeacq.plan.runfolder import Plan
from tests.scenarios.harness import NoAberration, Scores, TinyRun, tiny_project
from tests.scopeacq.manual_bench import held
from ui.hand.manual import ManualControl, ManualState
from ui.live.control import LiveControl
from ui.live.page import LivePage
from ui.presenters.live import Doing
from ui.presenters.messages import Message

AT_LEISURE_MS = 60_000


def tissue_run(folder: Path) -> TinyRun:
    """A twin with tissue and frames that the networks can judge."""
    return TinyRun.make(
        folder, tiny_project(focus=FocusSettings(width_px=640, height_px=640)), specimen=demo_wafer(0, 1)
    )


def quick_run(folder: Path, script: FaultScript | None = None) -> TinyRun:
    """A twin whose small frames only fakes can judge."""
    focus = FocusSettings(width_px=64, height_px=64, estimators=(EstimatorName.DEEPFOCUS,))
    return TinyRun.make(folder, tiny_project(focus=focus), script)


@dataclass
class LiveBench:
    """The page with its controls; ``scorer`` and ``methods`` replace the project's where they are given."""

    qtbot: QtBot
    run: TinyRun
    scorer: SharpnessJudge | None = None
    methods: Sequence[FocusMethod] | None = None
    told: list[Message] = field(default_factory=list)
    hands: list[Manual] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manual = ManualControl(self.run.plan, self._opened)
        self.control = LiveControl(self.manual, self.manual)
        self.page = LivePage(self.run.plan, self.control)
        self.qtbot.addWidget(self.page)
        for source in (self.manual, self.control):
            source.told.connect(self.told.append)
        self.page.show()

    @classmethod
    def with_fakes(cls, qtbot: QtBot, run: TinyRun, *methods: FocusMethod) -> LiveBench:
        """Without networks: scores of 0.5 um, and an estimator that finds every pair in focus."""
        return cls(qtbot, run, Scores(), methods or (PairFocus(NoAberration()),))

    @contextmanager
    def _opened(self, _: Plan) -> Iterator[Manual]:
        with held(self.run) as manual:
            if self.scorer is not None and self.methods is not None:
                vars(manual).update(scorer=self.scorer, methods=self.methods)
            self.hands.append(manual)
            yield manual

    def connect(self) -> None:
        self.page.action_bar.connect_button.click()
        self.qtbot.waitUntil(
            lambda: self.manual.state is ManualState.CONNECTED and self.control.view.may_begin,
            timeout=AT_LEISURE_MS,
        )

    def wait_idle(self) -> None:
        """Until nothing goes on any more."""
        self.qtbot.waitUntil(lambda: self.control.view.doing is Doing.NOTHING, timeout=AT_LEISURE_MS)

    @property
    def optics(self) -> Optics:
        """Where the lens stands in truth."""
        return self.hands[-1].devices.column.optics()

    @property
    def blanked(self) -> bool:
        return not self.run.nature.column.on_wafer

    def shift_wd(self, wd_um: float) -> None:
        """Go out of focus, as an operator's slip would."""
        done: list[object] = []
        self.manual.submit(
            lambda manual: manual.set_optics(manual.devices.column.optics().shifted(wd_um=wd_um)),
            done.append,
        )
        self.qtbot.waitUntil(lambda: bool(done), timeout=AT_LEISURE_MS)

    def close(self) -> None:
        self.control.stop()
        self.manual.close()
