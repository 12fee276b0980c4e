"""Writing and judging planes while the next one is being scanned.

The set of planes in flight is all that a crash may lose. It is bounded: when it is full
the acquisition thread waits, and nothing is dropped.
"""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hardware.types import Frame, Image
from models.estimate import SharpnessJudge
from scopeacq.journal.journal import Journal
from scopeacq.journal.progress import ACCEPTED
from scopeacq.journal.records import PlaneChosen, PlaneDurable, PlaneJudged, PlaneKey, Record
from scopeacq.storage.storage import ImageStore, StorageError
from scopeacq.vision.quality import Standard, judge

LOG = logging.getLogger(__name__)

CAPACITY = 3
"""Planes in flight: one being written, one being judged, one waiting."""


@dataclass(frozen=True, slots=True)
class PlaneOutcome:
    """What became of a plane: the records that were committed, or the error that stopped it."""

    key: PlaneKey
    take: int
    records: tuple[Record, ...]
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    """A take to be judged, and before that written unless it is on the disk already.

    ``replaces``: the take that is chosen until this one is accepted, if any.
    """

    key: PlaneKey
    take: int
    image: Image
    pixel_size_nm: float
    standard: Standard
    written: bool
    replaces: int | None


class Pipeline:
    """A small pool that makes planes durable, judges them and journals both."""

    def __init__(self, store: ImageStore, journal: Journal, scorer: SharpnessJudge) -> None:
        self._store, self._journal, self._scorer = store, journal, scorer
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="planes")
        self._room = threading.Semaphore(CAPACITY)
        self._in_flight: set[PlaneKey] = set()
        self._outcomes: queue.SimpleQueue[PlaneOutcome] = queue.SimpleQueue()
        self._arrival = threading.Condition()

    @property
    def in_flight(self) -> frozenset[PlaneKey]:
        """Planes whose outcome was not collected yet. Acquisition thread only."""
        return frozenset(self._in_flight)

    def submit(
        self, key: PlaneKey, take: int, frame: Frame, standard: Standard, replaces: int | None
    ) -> None:
        """Take over a frame, to be held against ``standard``; waits while the pipeline is full."""
        pixel_size_nm = frame.settings.pixel_size_nm
        self._start(_Job(key, take, frame.image, pixel_size_nm, standard, False, replaces))

    def judge_again(
        self, key: PlaneKey, take: int, pixel_size_nm: float, standard: Standard, replaces: int | None
    ) -> None:
        """Judge a take that is durable already, read back from disk."""
        image = self._store.read_take(key, take)
        self._start(_Job(key, take, image, pixel_size_nm, standard, True, replaces))

    def wait(self, timeout_s: float) -> None:
        """Wait up to ``timeout_s`` of real time for an outcome; it stays to be collected."""
        with self._arrival:
            self._arrival.wait_for(lambda: not self._outcomes.empty(), timeout_s)

    def collect(self) -> list[PlaneOutcome]:
        """Outcomes since the last call."""
        outcomes: list[PlaneOutcome] = []
        while not self._outcomes.empty():
            outcomes.append(self._outcomes.get_nowait())
        self._in_flight -= {o.key for o in outcomes}
        return outcomes

    def close(self) -> None:
        """Finish what is in flight; its outcomes can still be collected."""
        self._pool.shutdown(wait=True)

    def _start(self, job: _Job) -> None:
        self._room.acquire()
        self._in_flight.add(job.key)
        self._pool.submit(self._settle, job)

    def _settle(self, job: _Job) -> None:
        done: list[Record] = []
        try:
            if not job.written:
                file = self._store.write(job.key, job.take, job.image)
                durable = PlaneDurable(job.key, job.take, file.path, file.size_bytes, file.checksum)
                self._journal.append(durable)
                done.append(durable)
            verdict = self._judge(job)
            self._journal.append(*verdict)
            done.extend(verdict)
            self._report(PlaneOutcome(job.key, job.take, tuple(done)))
            if any(isinstance(record, PlaneChosen) for record in done):
                self._derive(job.key)
        except Exception as error:
            self._report(PlaneOutcome(job.key, job.take, tuple(done), error))
        finally:
            self._room.release()

    def _derive(self, key: PlaneKey) -> None:
        """Smaller levels are for looking only: what fails here is built again by whoever looks."""
        try:
            self._store.build_levels(key)
        except (OSError, StorageError) as error:
            LOG.warning("smaller levels of %s were not written: %s", key, error)

    def _report(self, outcome: PlaneOutcome) -> None:
        with self._arrival:
            self._outcomes.put(outcome)
            self._arrival.notify()

    def _judge(self, job: _Job) -> tuple[Record, ...]:
        found = judge(job.image, job.standard, self._scorer, job.pixel_size_nm)
        judged = PlaneJudged(
            job.key, job.take, found.verdict, found.score_um, found.mean, found.sd, found.dark_fraction
        )
        if found.verdict not in ACCEPTED:
            # a kill may have come between choosing it, by another limit, and saying so
            self._store.set_aside(job.key, job.take)
            if job.replaces is not None:
                self._store.choose(job.key, job.replaces)
            return (judged,)
        self._store.choose(job.key, job.take, job.replaces)
        return judged, PlaneChosen(job.key, job.take)
