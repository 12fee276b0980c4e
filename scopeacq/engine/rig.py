"""What every step works with: the instrument, the plan, the journal and where the run stands."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from hardware.interlocks import MillLimits
from hardware.microscope import Devices, Microscope
from models.estimate import SharpnessJudge
from scopeacq.engine.events import Publisher
from scopeacq.engine.imaging import Imager
from scopeacq.focus.autofocus import FocusMethod
from scopeacq.journal.journal import Journal
from scopeacq.journal.progress import Progress
from scopeacq.journal.records import PlaneKey, Record, RunRequest, Wish
from scopeacq.plan.instrument import mill_limits
from scopeacq.plan.runfolder import Plan
from scopeacq.storage.files import FileLayer
from scopeacq.storage.storage import ImageStore
from scopeacq.vision.quality import Standard, seen_in_focus_um


class Control:
    """What the operator asked for. Any thread may ask; the acquisition thread looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: RunRequest | None = None
        self._wishes: queue.SimpleQueue[Wish] = queue.SimpleQueue()

    def ask(self, request: RunRequest) -> None:
        """Remember the request; abort outranks all, a later request replaces an earlier one."""
        with self._lock:
            if self._pending is not RunRequest.ABORT:
                self._pending = None if request is RunRequest.RESUME else request

    def wish(self, wish: Wish) -> None:
        """Leave a wish for the steps ahead."""
        self._wishes.put(wish)

    def take_wishes(self) -> list[Wish]:
        """The wishes since the last call, in order."""
        return [self._wishes.get_nowait() for _ in range(self._wishes.qsize())]

    def clear(self) -> None:
        with self._lock:
            self._pending = None

    @property
    def pending(self) -> RunRequest | None:
        return self._pending

    @property
    def urgent(self) -> bool:
        """Whether even a mill pass under way shall end now."""
        return self._pending in (RunRequest.PAUSE_NOW, RunRequest.ABORT)


@dataclass(frozen=True)
class Rig:
    """The services of one session. Used by the acquisition thread; frozen, so nothing is swapped."""

    plan: Plan
    microscope: Microscope
    imager: Imager
    methods: Sequence[FocusMethod]
    scorer: SharpnessJudge
    journal: Journal
    store: ImageStore
    files: FileLayer
    progress: Progress
    events: Publisher
    control: Control

    @property
    def devices(self) -> Devices:
        return self.microscope.devices

    @property
    def limits(self) -> MillLimits:
        """What must hold while the ion beam is open."""
        return mill_limits(self.plan.instrument)

    def standard(self, key: PlaneKey) -> Standard:
        """What a plane is held against now, after what this run's sharp planes of its kind have scored."""
        imaging, focused = self.plan.imaging(key.section), self.progress.plane(key).focused
        sampling = imaging.pixel_size_nm, imaging.dwell_ns
        return Standard(
            self.plan.project.quality,
            seen_in_focus_um(self.progress.sharp_scores_um.get(sampling, ())),
            just_focused=focused is not None and focused.applied,
        )

    def record(self, *records: Record) -> None:
        """Commit to the journal, durably, then take into account."""
        self.journal.append(*records)
        self.progress.apply_all(records)

    def now_s(self) -> float:
        """The instrument's clock."""
        return self.devices.clock.now_s()
