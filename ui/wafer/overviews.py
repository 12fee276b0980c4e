"""The pictures under the map of a run: read, added, placed by hand and removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QFileDialog, QWidget

from scopeacq.plan.overviews import (
    READABLE,
    Added,
    Overview,
    add_overview,
    read_overviews,
    remove_overview,
    write_placement,
)
from scopeacq.plan.runfolder import Plan
from scopeacq.plan.settings import SettingsError
from scopeacq.plan.wafer_checks import WAFER_RADIUS_UM
from scopeacq.storage.files import DiskFiles
from scopeacq.telling.explain import Explained
from ui.messages.banner import Banner
from ui.presenters.messages import Message, problem
from ui.presenters.overviews import Placing, Underlay
from ui.presenters.tone import Tone
from ui.tasks import Tasks
from ui.viewport.placing import Grip, PlacingHand
from ui.viewport.widget import WaferViewport

SCALE_IT = "Scale it by a corner, or pin two landmarks far apart."

ChoosePicture = Callable[[QWidget], "Path | None"]


def choose_picture(parent: QWidget) -> Path | None:
    """Ask for a picture; only while nothing runs."""
    kinds = f"Pictures ({' '.join(READABLE)})"
    chosen, _ = QFileDialog.getOpenFileName(parent, "Add an overview picture", "", kinds)
    return Path(chosen) if chosen else None


class Overviews(QObject):
    """Keeps viewport and files in step. Pictures are added and placed only while the plan may be edited.

    ``forget`` is called with the path of a picture that is about to be removed.
    ``changed`` (Underlay): there are other pictures now, or they lie elsewhere.
    """

    changed = pyqtSignal(object)

    def __init__(
        self,
        viewport: WaferViewport,
        plan: Plan,
        tasks: Tasks,
        banner: Banner,
        forget: Callable[[Path], None],
        choose: ChoosePicture = choose_picture,
    ) -> None:
        super().__init__(viewport)
        self._viewport, self._plan, self._tasks, self._banner = viewport, plan, tasks, banner
        self._forget, self._choose = forget, choose
        self._underlay = Underlay()
        self._before: Overview | None = None
        self._over = self._may_edit = False
        self._connect()
        self._tasks.run(partial(read_overviews, plan.folder.overviews), self._begin, self._failed)

    def stop(self) -> None:
        """The viewport goes; what is still being read is for nobody."""
        self._over = True

    # -- what there is --------------------------------------------------------------------

    @property
    def underlay(self) -> Underlay:
        """All pictures, and how they are shown."""
        return self._underlay

    def take(self, overview: Overview) -> None:
        """Show a picture that was made for the run, in place of an earlier one of its name."""
        self._forget(overview.path)
        others = tuple(o for o in self._underlay.overviews if o.path != overview.path)
        self._show(replace(self._underlay, overviews=(*others, overview), visible=True))
        self._viewport.overview_button.show_action.setChecked(True)

    def add(self) -> None:
        """Ask for a picture and put it under the map."""
        self._add()

    def _begin(self, read: tuple[tuple[Overview, ...], tuple[SettingsError, ...]]) -> None:
        if self._over:
            return
        overviews, refused = read
        for error in refused:
            self._banner.say(Message(Tone.CAUTION, "An overview picture is not shown.", str(error)))
        self._show(replace(self._underlay, overviews=overviews))

    def _show(self, underlay: Underlay) -> None:
        self._underlay = underlay
        self._viewport.show_underlay(underlay)
        self._list()
        self.changed.emit(underlay)

    def _list(self) -> None:
        self._may_edit = self._viewport.editor is not None
        self._viewport.overview_button.show_underlay(
            self._underlay, may_edit=self._may_edit and self._viewport.canvas.placing is None
        )

    def _shown_anew(self) -> None:
        """A run that begins ends the placing."""
        may_edit = self._viewport.editor is not None
        if may_edit == self._may_edit:
            return
        self._give_up()
        self._list()

    # -- added and removed ----------------------------------------------------------------

    def _add(self) -> None:
        source = self._choose(self._viewport)
        if source is None:
            return
        self._banner.say(Message(Tone.QUIET, f"{source.name} is being copied into the run."))
        work = partial(add_overview, source, self._plan.folder.overviews, 2 * WAFER_RADIUS_UM, DiskFiles())
        self._tasks.run(work, self._added, self._failed)

    def _added(self, added: Added) -> None:
        if self._over:
            return
        overview = added.overview
        if not added.scale_known:
            what = f"{overview.name} does not say how large its pixels are."
            self._banner.say(Message(Tone.CAUTION, what, "It is drawn as wide as the wafer.", SCALE_IT))
        self._show(replace(self._underlay, overviews=(*self._underlay.overviews, overview), visible=True))
        self._viewport.overview_button.show_action.setChecked(True)
        self._place(overview)

    def _remove(self, overview: Overview) -> None:
        self._forget(overview.path)
        left = tuple(o for o in self._underlay.overviews if o.path != overview.path)
        self._show(replace(self._underlay, overviews=left))
        said = f"{overview.name} was taken out of the run."
        source = "The picture that it was made from stays where it is."
        self._tasks.run(
            partial(remove_overview, overview, DiskFiles()),
            lambda _: self._banner.say(Message(Tone.QUIET, said, source)),
            self._failed,
        )

    # -- placed ---------------------------------------------------------------------------

    def _place(self, overview: Overview) -> None:
        bar, canvas, placing = self._viewport.placing_bar, self._viewport.canvas, Placing(overview)
        canvas.look_from(canvas.camera.fitted(*placing.bounds_um(canvas.shown.wafer_to_stage)))
        canvas.place(PlacingHand(placing, self._moved))
        bar.show_placing(placing)
        bar.use(Grip.MOVE)
        bar.show()
        self._before = overview
        self._list()

    def _moved(self, placing: Placing) -> None:
        """While it is dragged: shown at once, kept when the operator is done."""
        self._underlay = self._underlay.with_placed(placing.overview)
        self._viewport.show_underlay(self._underlay)
        self._viewport.placing_bar.show_placing(placing)

    def _change(self, change: Callable[[Placing], Placing]) -> None:
        hand = self._viewport.canvas.placing
        if hand is not None:
            hand.now = change(hand.now)
            self._moved(hand.now)

    def _grip(self, grip: Grip) -> None:
        hand = self._viewport.canvas.placing
        if hand is not None:
            hand.grip = grip
            self._viewport.placing_bar.use(grip)
            self._viewport.canvas.update()

    def _done(self) -> None:
        hand = self._viewport.canvas.placing
        if hand is None:
            return
        self._tasks.run(
            partial(write_placement, hand.now.overview, DiskFiles()), lambda _: None, self._failed
        )
        self._end()

    def _give_up(self) -> None:
        if self._viewport.canvas.placing is not None:
            assert self._before is not None
            self._underlay = self._underlay.with_placed(self._before)
            self._viewport.show_underlay(self._underlay)
            self._end()

    def _end(self) -> None:
        self._viewport.canvas.place(None)
        self._viewport.placing_bar.hide()
        self._list()
        self.changed.emit(self._underlay)

    def _failed(self, error: Explained) -> None:
        if not self._over:
            self._banner.say(problem(error))

    def _connect(self) -> None:
        button, bar = self._viewport.overview_button, self._viewport.placing_bar
        button.shown.connect(lambda shown: self._show(replace(self._underlay, visible=shown)))
        button.opacity.connect(self._strengthen)
        button.add_asked.connect(self._add)
        button.place_asked.connect(self._place)
        button.remove_asked.connect(self._remove)
        bar.grip.connect(self._grip)
        bar.flip_asked.connect(lambda: self._change(Placing.flipped))
        bar.unpin_asked.connect(lambda: self._change(Placing.without_last))
        bar.done.connect(self._done)
        bar.given_up.connect(self._give_up)
        self._viewport.shown_anew.connect(lambda _: self._shown_anew())

    def _strengthen(self, opacity: float) -> None:
        """The menu stays open while its slider is dragged, so that nothing in it is made anew."""
        self._underlay = replace(self._underlay, opacity=opacity)
        self._viewport.show_underlay(self._underlay)
