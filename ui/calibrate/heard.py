"""What a calibration tells, on its thread: for the window, which sees the instrument meanwhile, too."""

from __future__ import annotations

import time
from dataclasses import dataclass

from calibration.figures import Figure
from hardware.types import Blanker
from scopeacq.engine.looks import EVERY_S, SHARE
from scopeacq.manual import Manual
from ui.hand.works import Teller
from ui.presenters.messages import Message
from ui.presenters.tone import Tone


@dataclass
class Heard:
    """An audience of the core's, on the instrument's thread.

    It shows figures by their keys, ``Readings`` between measurements, and messages that call somebody.
    """

    tell: Teller
    manual: Manual | None = None
    _due_s: float = 0.0

    def told(self, share: float, saying: str) -> None:
        """Raises ``Halted`` where the operator wants an end."""
        self.tell(share, saying)
        self._look()

    def shown(self, key: str, figure: Figure) -> None:
        self.tell.show((key, figure))

    def called(self, what: str) -> None:
        self.tell.show(Message(Tone.CAUTION, what, urgent=True))

    def _look(self) -> None:
        """Read everything, if that is due; not while ions fly: nothing may come before their heartbeat."""
        began_s = time.monotonic()
        if self.manual is None or began_s < self._due_s or self.manual.ions() is not Blanker.BLANKED:
            return
        self.tell.show(self.manual.read())
        self._due_s = began_s + max(EVERY_S, (time.monotonic() - began_s) / SHARE)
