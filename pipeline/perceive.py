"""One video from file to vectors: probe, audio pass, video pass, then the stages derived from what these found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from encoders.frame_hashes import unpacked
from pipeline.derive.clips import derive_clips
from pipeline.derive.labels import derive_labels
from pipeline.derive.styles import derive_styles
from pipeline.derive.tracklets import derive_tracklets
from pipeline.derive.vectors import derive_vectors
from pipeline.passes.context import PassContext, PerceptionContext, VideoFile
from pipeline.passes.outcomes import Outcome, try_stage
from pipeline.passes.stages import run_audio_stages, run_video_stages
from pipeline.perception import AUDIO_STAGES, DERIVED, VIDEO_STAGES, PerceptionConfig, stages
from pipeline.probe import probe
from pipeline.segments.join import has_all_parts, join_parts
from pipeline.segments.parts import Part
from pipeline.similarity.reuse import Reuse
from pipeline.stage import Memory, Stage, fingerprints, pending
from stores.core.archives import UNREADABLE
from stores.core.errors import KinodexError
from stores.core.records import Record, StageOutput, Video

__all__ = [
    "PerceptionConfig",
    "PerceptionContext",
    "Stage",
    "VideoFile",
    "fingerprints",
    "pending",
    "perceive",
    "stages",
]


class _Overlay:
    """A memory in which fresh outputs stand in front of stored ones."""

    def __init__(self, stored: Memory) -> None:
        self._stored = stored
        self._fresh: dict[str, StageOutput] = {}

    @property
    def video(self) -> Video | None:
        fresh = self._fresh.get("probe")
        return fresh.video if fresh else self._stored.video

    def add(self, stage: str, output: StageOutput) -> None:
        self._fresh[stage] = output

    def is_fresh(self, stage: str) -> bool:
        return stage in self._fresh

    def has(self, stage: str) -> bool:
        return stage in self._fresh or self._stored.has(stage)

    def records(self, stage: str) -> Sequence[Record]:
        return self._fresh[stage].records if stage in self._fresh else self._stored.records(stage)

    def blob_names(self, stage: str) -> Sequence[str]:
        if stage in self._fresh:
            return sorted(blob.name for blob in self._fresh[stage].blobs)
        return self._stored.blob_names(stage)

    def blob(self, stage: str, name: str) -> bytes:
        if stage not in self._fresh:
            return self._stored.blob(stage, name)
        return next(blob.data for blob in self._fresh[stage].blobs if blob.name == name)


def perceive(
    file: VideoFile, todo: Sequence[str], memory: Memory, context: PerceptionContext, parts: Sequence[Part] = ()
) -> Iterator[tuple[str, Outcome]]:
    """Run the stages in ``todo`` on one video.

    Bad media and missing weights become errors of the stages concerned; bugs are raised. A stage whose inputs are
    neither stored nor fresh is not begun. Undecodable audio is the exception: later stages treat it as silence,
    because no retry will repair it and the pictures are still worth finding.

    Args:
        memory: what is stored of the video.
        parts: the parts of a long video that `pipeline.segments.perceive_part` has processed one by one: their outputs
            are joined, and the file is not decoded. A stage that lacks one of its parts is not begun.

    Yields:
        Each stage that was begun, in order, with its output or with the error that it ended with.
    """
    encoders, config, begin = context.encoders, context.config, context.begin
    known = _Overlay(memory)
    inputs = {stage.name: stage.inputs for stage in stages(encoders, config)}
    wanted = fingerprints(stages(encoders, config))
    failed: set[str] = set()

    def ready(names: Sequence[str]) -> list[str]:
        there = [name for name in names if name in todo and name in inputs]
        able = [name for name in there if not failed.intersection(inputs[name])]
        # An input that is in todo as well must have been redone by now: its old output must not be used.
        return [
            name
            for name in able
            if all(known.is_fresh(needed) if needed in todo else known.has(needed) for needed in inputs[name])
        ]

    def recorded(name: str, outcome: Outcome) -> tuple[str, Outcome]:
        if isinstance(outcome, StageOutput):
            known.add(name, outcome)
        elif outcome.code.name == "AUDIO_DECODE_FAILED":
            known.add(name, StageOutput())
        else:
            failed.add(name)
        return name, outcome

    if "probe" in todo and begin(["probe"]):
        yield recorded("probe", try_stage(lambda: probe(file.path, file.video_id, file.sha256, context.decoder)))
    video = known.video
    if video is None or "probe" in failed:
        return

    reuse = None
    if not parts and ready(("pictures", "objects")):
        reuse = Reuse.of(context.known_frame_hashes, file.video_id, wanted, config.reuse)
        if reuse is not None and "frame_hashes" not in todo and known.has("frame_hashes"):
            # Reuse only saves time: where the stored hashes are damaged, the models do the work instead.
            with suppress(KinodexError, *UNREADABLE):
                reuse.add_all(unpacked(known.blob("frame_hashes", "frame_hashes.npz"), video.time_base))
    whole = PassContext(file.path, video, encoders, context.decoder, config, context.on_progress, reuse=reuse)
    # Audio first: its models are small and ready early, while the others are still loading.
    for names, run_stages in ((AUDIO_STAGES, run_audio_stages), (VIDEO_STAGES, run_video_stages)):
        able = ready(names)
        if parts:
            for name in able:
                if has_all_parts(known, name, parts) and begin([name]):
                    join = partial(join_parts, known, name, wanted[name], parts, video, config)
                    yield recorded(name, try_stage(join))
        else:
            for name, outcome in run_stages(begin(able) if able else (), whole):
                yield recorded(name, outcome)

    derive: Mapping[str, Callable[[], StageOutput]] = {
        "clips": lambda: derive_clips(video, known, config.clips),
        "labels": lambda: derive_labels(video, known, encoders.concepts, config.labels, encoders.zero_shot),
        "styles": lambda: derive_styles(video, known, encoders.styles),
        "tracklets": lambda: derive_tracklets(video, known, encoders.concepts, config.tracklets),
        "vectors": lambda: derive_vectors(known, encoders, wanted["vectors"], config.vectors),
    }
    for name in DERIVED:
        if ready([name]) and begin([name]):
            yield recorded(name, try_stage(derive[name]))
