"""Tag many videos: those that changed since they were last tagged, or all, by threads or on Ray."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from stores.core.errors import UsageError
from stores.core.patience import patiently
from stores.listing.evidence_marks import evidence_marks
from stores.tags.batches.runs import TagKey, TagRun
from workflows.job_options import EXECUTORS, Executor
from workflows.report import Totals
from workflows.tagging.deciding import Decided, Deciding, Reading, is_of_nobody
from workflows.tagging.on_threads import on_threads
from workflows.telemetry.job_log import job_log
from workflows.workers import default_workers

if TYPE_CHECKING:
    from stores.core.records import Decision
    from stores.library_store import LibraryStore
    from workflows.tagging.tagger_config import TaggerConfig

Since = Literal["", "last"]
"""``last``: only videos whose evidence, or whose vocabulary or ranker, changed since they were last tagged."""

TOGETHER = 64
"""Videos whose decisions are kept in one transaction: a killed job decides again about no more than these, and what
workers have at hand. Source: our choice."""

_KEPT_SECONDS = 1.0  # after which what there is is kept, however little

_IN_PLACE = 200  # videos whose decisions are put in place in one transaction


@dataclass(frozen=True, slots=True)
class TaggingOptions:
    """How a batch runs.

    Attributes:
        since: see `Since`.
        executor: ``local`` for threads of this process, ``ray`` for actors, each with a copy of the tag library.
        workers: videos at the same time; None for one for each processor.
        actors: what actors open, for ``ray``.
        command: the command line, for the log of runs.
    """

    since: Since = ""
    executor: Executor = "local"
    workers: int | None = None
    actors: TaggerConfig | None = None
    command: str = "tag --all"


@dataclass(frozen=True, slots=True)
class TagReceipt:
    """How tagging of one video ended; ``reused``: it was decided before, and nothing has changed since."""

    video_id: str
    status: Literal["done", "failed"]
    error_code: str = ""
    error_message: str = ""
    seconds: float = 0.0
    reused: bool = False


@dataclass(frozen=True, slots=True)
class TaggingReport:
    """How a batch ended: every video once, in the order in which they were given, and counts of them."""

    receipts: tuple[TagReceipt, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class TaggingPlan:
    """What a batch would do.

    Attributes:
        video_ids: all that it is about; ``left``: those to decide about.
        waiting: decided in a batch that was interrupted: they need only be put in place, if they are not yet.
        seconds: of one worker, for all that is left; ``measured``: whether videos of this library told it.
    """

    video_ids: tuple[str, ...]
    left: tuple[str, ...]
    waiting: tuple[str, ...]
    seconds: float
    measured: bool


OnVideo = Callable[[TagReceipt, int, int], None]
"""Called with each video's receipt, how many ended so far, and how many there are."""

GUESSED_SECONDS = 0.2
"""Of a video, where this library has tagged none yet. Source: ``benchmarks/reports/scale.md``, a thousand tags."""


class Named(Protocol):
    """What names that with which decisions are made: what decides, or who knows its names without preparing it."""

    @property
    def vocabulary(self) -> str:
        """Of the tags."""

    @property
    def revision(self) -> str:
        """Of the ranker, its thresholds and the models."""


def keys_of(store: LibraryStore, tagger: Named, video_ids: Sequence[str]) -> dict[str, TagKey]:
    """What decisions about some videos would be made from now."""
    evidence = evidence_marks(store.engine, video_ids)
    return {one: TagKey(mark, tagger.vocabulary, tagger.revision) for one, mark in evidence.items()}


def plan(store: LibraryStore, tagger: Named, video_ids: Sequence[str], since: Since) -> TaggingPlan:
    """What a batch would do, without doing it."""
    chosen = list(dict.fromkeys(video_ids))
    keys, known = keys_of(store, tagger, chosen), store.tag_runs.known(chosen)
    waiting = [one for one in chosen if _is(known.get(one), ("staged", "placed"), keys[one])]
    done = {one for one in chosen if since and _is(known.get(one), ("done",), keys[one])}
    left = [one for one in chosen if one not in done.union(waiting)]
    taken = sorted(run.seconds for run in known.values() if run.seconds > 0)
    each = sum(taken) / len(taken) if taken else GUESSED_SECONDS
    return TaggingPlan(tuple(chosen), tuple(left), tuple(waiting), each * len(left), bool(taken))


def tag_batch(
    store: LibraryStore,
    tagger: Deciding,
    video_ids: Sequence[str],
    options: TaggingOptions = TaggingOptions(),
    on_video: OnVideo = lambda _receipt, _done, _of: None,
) -> TaggingReport:
    """Decide about every tag for each of many videos, and put all decisions in place at the end.

    Decisions rest on what was in place before, so they do not depend on order, workers and interruptions. A batch that
    was interrupted is gone on with by the next one: what it decided, from what is still so, is not decided again. A
    video that fails keeps its former decisions and does not stop the others; the next batch tries it again.

    Raises:
        UsageError: USAGE for an unknown executor.
        StoreError: LIBRARY_LOCKED while another job runs; or if the library cannot be read or written any more.
        EndpointError: if the language model cannot be reached or refuses.
        KinodexError: WORKER_LOST if Ray's actors keep dying.
    """
    if options.executor not in EXECUTORS or (options.executor == "ray") != (options.actors is not None):
        raise UsageError("USAGE", f"there is no executor {options.executor!r}.", f"Choose one of: {EXECUTORS}.")
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(store.job())
        run = store.runs.begin(options.command, f"{options.executor}-{os.getpid()}")
        stack.enter_context(job_log(store.root, run))
        planned = plan(store, tagger, video_ids, options.since)
        batch = _Batch(store, keys_of(store, tagger, planned.left), on_video, len(planned.video_ids))
        for one in planned.video_ids:
            if one not in batch.keys:
                batch.end(TagReceipt(one, "done", reused=True))
        if planned.left:
            with _deciding(tagger, planned, options) as outcomes, batch.keeping():
                for some in outcomes:
                    batch.take(some)
        put_in_place(store)
        ended = [batch.receipts[one] for one in planned.video_ids if one in batch.receipts]
        totals = Totals(
            inputs=len(ended),
            done=sum(one.status == "done" for one in ended),
            failed=sum(one.status == "failed" for one in ended),
            quarantined=0,
            reused=sum(one.reused for one in ended),
            media_seconds=0.0,
            wall_seconds=time.monotonic() - began,
        )
        store.runs.end(run, asdict(totals))
    return TaggingReport(tuple(ended), totals)


def put_in_place(store: LibraryStore) -> None:
    """Put all decisions that wait for the end of a batch where decisions belong; interrupted, it is gone on with."""
    more = True
    while more:
        with store.writer():
            more = bool(patiently(lambda: store.tag_runs.put_in_place(_IN_PLACE)))


@contextmanager
def _deciding(tagger: Deciding, planned: TaggingPlan, options: TaggingOptions) -> Iterator[Iterator[list[Decided]]]:
    workers = options.workers or default_workers()
    # Of all videos of the batch: one that is gone on with decides in the same way.
    videos = len(planned.video_ids)
    if options.actors is None:
        if isinstance(tagger, Reading):
            tagger.expect(videos)
        with on_threads(tagger, planned.left, workers) as outcomes:
            yield outcomes
        return
    # Imported here, so that jobs without Ray need not wait for it.
    from workflows.tagging.on_ray import on_ray

    with on_ray(replace(options.actors, videos=videos), planned.left, options.workers) as outcomes:
        yield outcomes


def _is(run: TagRun | None, some: Collection[str], key: TagKey) -> bool:
    return run is not None and run.status in some and run.key == key


class _Batch:
    """What comes in while a batch runs: kept some at a time, and reported.

    Attributes:
        keys: of the videos that are decided about.
        receipts: of the videos that ended.
    """

    def __init__(self, store: LibraryStore, keys: dict[str, TagKey], on_video: OnVideo, total: int) -> None:
        self.keys = keys
        self.receipts: dict[str, TagReceipt] = {}
        self._store = store
        self._on_video = on_video
        self._total = total
        self._taken: dict[TagRun, tuple[Decision, ...]] = {}
        self._kept_at = time.monotonic()

    def end(self, receipt: TagReceipt) -> None:
        """Note how one video ended."""
        self.receipts[receipt.video_id] = receipt
        self._on_video(receipt, len(self.receipts), self._total)

    def take(self, outcomes: Sequence[Decided]) -> None:
        """Take in what came of some videos. One that came already, for its worker died late, is left out."""
        for one in outcomes:
            if one.video_id in self.receipts:
                continue
            if is_of_nobody(one) and not self._store.catalog.entries([one.video_id]):
                self._total -= 1  # forgotten meanwhile
                continue
            key = TagKey(self.keys[one.video_id].evidence, one.vocabulary, one.ranker)
            ended = (one.error_code, one.error_message, one.worker, one.seconds, time.time())
            self._taken[TagRun(one.video_id, key, "failed" if one.error_code else "staged", *ended)] = one.decisions
            status: Literal["done", "failed"] = "failed" if one.error_code else "done"
            self.end(TagReceipt(one.video_id, status, one.error_code, one.error_message, one.seconds))
        if len(self._taken) >= TOGETHER or time.monotonic() - self._kept_at >= _KEPT_SECONDS:
            self._keep()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep what was taken in however the block ends."""
        try:
            yield
        finally:
            self._keep()

    def _keep(self) -> None:
        if self._taken:
            # Locked only now: other writers need not wait while videos are decided about.
            with self._store.writer():
                patiently(lambda: self._store.tag_runs.save(self._taken))
            self._taken = {}
        self._kept_at = time.monotonic()
