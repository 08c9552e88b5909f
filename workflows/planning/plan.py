"""The plan of an ingest: what it would do with each input and what that would cost. Nothing is written."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

from pipeline.decode.decoder import Decoder
from pipeline.perceive import Stage, stages
from pipeline.perception import AUDIO_STAGES, DERIVED
from pipeline.segments.parts import LONGEST_WHOLE, PART_SECONDS
from stores.core.errors import MediaError
from stores.core.ids import base_stage, sha256_of, video_id
from stores.core.records import Video
from stores.core.uris import uri_of
from workflows.discover import FoundFile, discover
from workflows.identify import Input
from workflows.job_options import DEFAULTS, JobOptions
from workflows.planning.budget import NOTHING, Estimate
from workflows.planning.rates import Rates
from workflows.units import Planner, WorkUnit, receipts_by_video
from workflows.workers import default_workers

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from pipeline.decode.header import Header
    from stores.library_store import LibraryStore

MODEL_LOAD_SECONDS = 5.3
"""Time to load all models of the embedded profile. Source: measured on two x86_64 cores with warm files."""

UNATTRIBUTED = 1.05
"""Ratio of wall time to the stages' own time; the rest is decoding, hashing, committing. Source:
``benchmarks/reports/ingest-speed.md``: 2 cores x (113.0 s - `MODEL_LOAD_SECONDS`) against 205.9 s in stages.
"""

HASHED = 64 << 20
"""Largest file, in bytes, that a plan hashes to tell a copy from a new video. Source: our choice: reading it takes well
under a second.
"""

State = Literal["known", "copy", "new", "problem"]


@dataclass(frozen=True, slots=True)
class PlannedInput:
    """What an ingest would do with one input.

    Attributes:
        uri: its location (`stores.core.uris`).
        video_id: "" where the content is not known.
        state: ``known`` at this place, ``copy`` of a known video or of an earlier input, ``new``, or a ``problem``.
            A copy that is too large to be hashed for a plan counts as new; ingest recognises it.
        media_seconds: its length; 0 where there is none.
        stages: those left to do, in order.
        cost: their expected cost; ``seconds`` are seconds of work.
        error_code, error_message: why it cannot be processed, as a run would report it; "" if it can.
    """

    uri: str
    video_id: str = ""
    state: State = "new"
    media_seconds: float = 0.0
    stages: tuple[str, ...] = ()
    cost: Estimate = NOTHING
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an ingest would do, and what it would cost.

    Attributes:
        inputs: each input once, in the order they were found.
        stages: (stage, how many videos it would run on), in order.
        cost: of all; ``seconds`` are seconds of work of one worker.
        wall_seconds: how long that takes with ``workers`` workers, including the loading of models.
        measured: stages to run whose rate comes from this library; estimated: those with the shipped rate;
            unknown: those without a rate, which are not counted.
        free_bytes: on the library's disk now.
        priced: whether prices were given.
    """

    inputs: tuple[PlannedInput, ...]
    stages: tuple[tuple[str, int], ...]
    cost: Estimate
    wall_seconds: float
    workers: int
    measured: tuple[str, ...]
    estimated: tuple[str, ...]
    unknown: tuple[str, ...]
    free_bytes: int
    priced: bool

    @property
    def videos(self) -> int:
        """How many videos would be worked on."""
        return sum(1 for each in self.inputs if each.stages)

    @property
    def media_seconds(self) -> float:
        """Length of the videos that would be worked on."""
        return sum(each.media_seconds for each in self.inputs if each.stages)


def plan(
    store: LibraryStore,
    encoders: Encoders,
    paths: Sequence[Path | str],
    options: JobOptions = DEFAULTS,
    *,
    prices: tuple[float, float] | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Plan:
    """What `workflows.ingest.ingest` would do with ``paths``. Nothing is written; new files are probed, in memory only.

    Args:
        options: as for the run, which may be on another executor.
        prices: of a million tokens (read, written). No stage of the embedded profile uses a language model.
        on_progress: called with (done, total) after each new file that was probed.
    """
    found = discover(paths, store.root, options.confined)
    order = stages(encoders, options.config)
    workers = options.workers or default_workers()
    known = {entry.video_id: entry.video for entry in store.catalog.videos()}
    files = _recognised(store, found.files, known)
    first = {each.content: each for each in reversed(files) if each.content}
    fresh = [each for each in files if first.get(each.content, each) is each]
    inputs = [Input(uri_of(each.file.path), each.file.size, each.content) for each in fresh if each.content in known]
    work = _Work(store, order, inputs, prices, options)
    # A probe that failed permanently is in the ledger; no run retries it.
    unprobed = [each for each in fresh if known.get(each.content) is None and work.left(each.content)]
    headers = dict(zip(unprobed, _probed(unprobed, workers, on_progress), strict=True))
    planned: dict[_File, PlannedInput] = {}
    for each in files:
        uri, original = uri_of(each.file.path), first.get(each.content, each)
        if original is each:
            planned[each] = work.planned(uri, each, known.get(each.content), headers.get(each))
        else:
            same = planned[original]
            state: State = "problem" if same.state == "problem" else "copy"
            planned[each] = replace(same, uri=uri, state=state, stages=(), cost=NOTHING)
    problems = [
        PlannedInput(uri_of(each.path), state="problem", error_code=each.code, error_message=each.message)
        for each in found.problems
    ]
    return _totalled([*planned.values(), *problems], work, workers)


@dataclass(frozen=True, slots=True)
class _File:
    """A file and the id of its content, "" if unknown."""

    file: FoundFile
    content: str
    state: State


class _Work:
    """What is left to do for each video, and its cost."""

    def __init__(
        self,
        store: LibraryStore,
        order: Sequence[Stage],
        inputs: Sequence[Input],
        prices: tuple[float, float] | None,
        options: JobOptions,
    ) -> None:
        self.root = store.root
        self.order = tuple(stage.name for stage in order)
        self.rates = Rates.of(store)
        self.prices = prices
        self.longest = options.part_seconds * LONGEST_WHOLE / PART_SECONDS
        self._planner = Planner(store, order, options.part_seconds, options.only)
        self._receipts = receipts_by_video(store, {one.video_id for one in inputs})
        self._units: defaultdict[str, list[WorkUnit]] = defaultdict(list)
        for unit in self._planner.units(inputs):
            self._units[unit.video_id].append(unit)

    def left(self, video_id: str) -> tuple[str, ...]:
        return tuple(self._planner.left(self._receipts.get(video_id, ()), video_id))

    def planned(self, uri: str, each: _File, video: Video | None, probed: Header | MediaError | None) -> PlannedInput:
        """One input that is the first with its content."""
        left = self.left(each.content)
        if isinstance(probed, MediaError):
            message = " ".join(filter(None, (probed.message, probed.hint)))
            return PlannedInput(uri, each.content, "problem", error_code=probed.code.name, error_message=message)
        length, sound = _length_of(video, probed)
        if not left:
            return PlannedInput(uri, each.content, each.state, length, (), NOTHING, *self._failure(each.content))
        lengths = dict.fromkeys(left, length)
        if video is not None:
            # For a long video, only the parts that are left count; derived stages run on the whole video.
            parts: defaultdict[str, float] = defaultdict(float)
            for unit in self._units[each.content]:
                for stage in unit.stages:
                    parts[base_stage(stage)] += unit.seconds
            lengths |= {stage: seconds for stage, seconds in parts.items() if stage not in DERIVED}
        lengths |= {stage: 0.0 for stage in left if stage in AUDIO_STAGES and not sound}
        cost = sum((self.rates.estimate([stage], lengths[stage], self.prices) for stage in left), NOTHING)
        return PlannedInput(uri, each.content, each.state, length, left, cost)

    def _failure(self, video_id: str) -> tuple[str, str]:
        """Why a video will not be retried, from the first stage that failed."""
        stage_fingerprints = self._planner.wanted
        for receipt in self._receipts.get(video_id, ()):
            if receipt.status in ("failed", "quarantined") and (
                stage_fingerprints.get(base_stage(receipt.key.stage)) == receipt.key.fingerprint
                or base_stage(receipt.key.stage) != receipt.key.stage
            ):
                return receipt.error_code, receipt.error_message
        return "", ""


def _length_of(video: Video | None, probed: Header | None) -> tuple[float, bool]:
    """Seconds, and whether there is an audio track."""
    if video is not None:
        return video.seconds, video.has_audio
    if probed is not None:
        return float(probed.duration * probed.time_base), bool(probed.audio_codec)
    return 0.0, False


def _recognised(store: LibraryStore, files: Sequence[FoundFile], known: Mapping[str, Video | None]) -> list[_File]:
    """Which video each file is, as far as is cheap to find out: equal size alone proves nothing."""
    at_place = [store.catalog.known(file.path, file.size, file.mtime_ns, note=False) or "" for file in files]
    sizes = Counter(file.size for file, content in zip(files, at_place, strict=True) if not content)
    sizes.update({video.size for video in known.values() if video is not None})
    found: list[_File] = []
    for file, content in zip(files, at_place, strict=True):
        if content:
            found.append(_File(file, content, "known"))
            continue
        if sizes[file.size] > 1 and 0 < file.size <= HASHED:
            with suppress(OSError):  # the probe says why it cannot be read
                content = video_id(sha256_of(file.path))
        found.append(_File(file, content, "copy" if content in known else "new"))
    return found


def _probed(
    files: Sequence[_File], workers: int, on_progress: Callable[[int, int], None]
) -> Iterator[Header | MediaError]:
    """The header of each file, or why it has none."""
    with ExitStack() as stack:
        decoders: SimpleQueue[Decoder] = SimpleQueue()
        for _ in range(min(workers, len(files))):
            decoders.put(stack.enter_context(Decoder()))

        def probe(each: _File) -> Header | MediaError:
            decoder = decoders.get()
            try:
                return decoder.probe(each.file.path)
            except MediaError as error:
                return error
            finally:
                decoders.put(decoder)

        pool = stack.enter_context(ThreadPoolExecutor(max(1, workers)))
        for number, header in enumerate(pool.map(probe, files), 1):
            on_progress(number, len(files))
            yield header


def _totalled(planned: Sequence[PlannedInput], work: _Work, workers: int) -> Plan:
    counts = Counter(stage for each in planned for stage in each.stages)
    named = [stage for stage in work.order if counts[stage]]
    cost = sum((each.cost for each in planned), NOTHING)
    rates = work.rates
    longest = max((_longest_unit(each, work.longest) for each in planned), default=0.0)
    wall = max(cost.seconds / workers, longest) * UNATTRIBUTED
    return Plan(
        inputs=tuple(planned),
        stages=tuple((stage, counts[stage]) for stage in named),
        cost=cost,
        wall_seconds=wall + MODEL_LOAD_SECONDS if set(named) - {"probe"} else wall,
        workers=workers,
        measured=_filtered(named, lambda stage: stage in rates.measured),
        estimated=_filtered(named, lambda stage: stage in rates.stages and stage not in rates.measured),
        unknown=_filtered(named, lambda stage: stage not in rates.stages),
        free_bytes=shutil.disk_usage(work.root).free,
        priced=work.prices is not None,
    )


def _longest_unit(each: PlannedInput, longest: float) -> float:
    """Seconds of work that cannot be split between workers: those for at most ``longest`` seconds of video."""
    return each.cost.seconds * (min(1.0, longest / each.media_seconds) if each.media_seconds else 1.0)


def _filtered(names: Iterable[str], keep: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(name for name in names if keep(name))
