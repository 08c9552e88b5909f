"""One video from file to vectors: probe, one watching pass, one listening pass, then what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

from encoders.bundle import Encoders
from encoders.frame_hashes import unpacked
from pipeline.decode.decoder import Decoder
from pipeline.derive.clips import derive_clips
from pipeline.derive.labels import derive_labels
from pipeline.derive.tracklets import derive_tracklets
from pipeline.derive.vectors import derive_vectors
from pipeline.passes import Begin, Outcome, Progress, audio_stages, tried, video_stages
from pipeline.perception import AUDIO_STAGES, DERIVED, VIDEO_STAGES, PerceptionConfig, stages
from pipeline.probe import probe
from pipeline.reuse import KnownFrameHashes, Reuse
from pipeline.segments.join import join_parts, parts_done
from pipeline.segments.parts import Part
from pipeline.stage import Memory, Stage, fingerprints, pending
from stores.core.errors import KinodexError
from stores.core.records import Record, StageOutput, Video

__all__ = ["PerceptionConfig", "Stage", "fingerprints", "pending", "perceive", "stages"]


class _Overlay:
    """What was just found, over what is already stored."""

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
    path: Path,
    video_id: str,
    sha256: str,
    todo: Sequence[str],
    memory: Memory,
    encoders: Encoders,
    decoder: Decoder,
    begin: Begin,
    config: PerceptionConfig | None = None,
    progress: Progress | None = None,
    parts: Sequence[Part] = (),
    known_frame_hashes: KnownFrameHashes | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """Run the stages in ``todo`` on one video.

    Bad media and missing weights end as errors of the stages concerned; bugs are raised. A stage whose inputs are
    neither stored nor fresh is not begun; only sound that cannot be decoded counts as nothing heard for those after
    it, since no retry will mend it and the pictures are still worth finding.

    Args:
        begin: called right before stages are risked, with those that run together; returns those that may run.
        progress: told a stage and its share, in [0, 1].
        parts: of a long video, which were watched and heard one by one (`pipeline.segments.perceive_part`): what they
            left is joined then, and the file is not decoded. A stage that lacks one of its parts is not begun.
        known_frame_hashes: of other videos, whose model results are taken where they show the same (`pipeline.reuse`).

    Yields:
        Each begun stage with what it found, or with why it failed, in order.
    """
    config = config or PerceptionConfig()
    known = _Overlay(memory)
    inputs = {stage.name: stage.inputs for stage in stages(encoders, config)}
    wanted = fingerprints(stages(encoders, config))
    failed: set[str] = set()

    def ready(names: Sequence[str]) -> list[str]:
        able = [name for name in names if name in todo and not failed.intersection(inputs[name])]
        # What is to be done again must be done by now: its old version must not pass into what is new.
        return [
            name
            for name in able
            if all(known.is_fresh(needed) if needed in todo else known.has(needed) for needed in inputs[name])
        ]

    def noted(name: str, outcome: Outcome) -> tuple[str, Outcome]:
        if isinstance(outcome, StageOutput):
            known.add(name, outcome)
        elif outcome.code.name == "AUDIO_DECODE_FAILED":
            known.add(name, StageOutput())
        else:
            failed.add(name)
        return name, outcome

    if "probe" in todo and begin(["probe"]):
        yield noted("probe", tried(lambda: probe(path, video_id, sha256, decoder)))
    video = known.video
    if video is None or "probe" in failed:
        return

    reuse = None
    if not parts and ready(("pictures", "objects")):
        reuse = Reuse.of(known_frame_hashes, video_id, wanted, config.reuse)
        if reuse is not None and "frame_hashes" not in todo and known.has("frame_hashes"):
            # A short cut only: prints that are damaged cost the work that they might have saved.
            with suppress(KinodexError, KeyError, ValueError, BadZipFile):
                reuse.see_all(unpacked(known.blob("frame_hashes", "frame_hashes.npz"), video.time_base))
    whole = (path, video, encoders, decoder, config, progress)
    # Sound first: its models are small, so that there is work to do while the others are still being loaded.
    for names, outcomes in ((AUDIO_STAGES, audio_stages), (VIDEO_STAGES, partial(video_stages, reuse=reuse))):
        able = ready(names)
        if parts:
            for name in able:
                if parts_done(known, name, parts) and begin([name]):
                    yield noted(name, tried(partial(join_parts, known, name, wanted[name], parts, video, config)))
        else:
            for name, outcome in outcomes(begin(able) if able else (), *whole):
                yield noted(name, outcome)

    derive: Mapping[str, Callable[[], StageOutput]] = {
        "clips": lambda: derive_clips(video, known, config.clips),
        "labels": lambda: derive_labels(video, known, encoders.concepts, config.labels, encoders.zero_shot),
        "tracklets": lambda: derive_tracklets(video, known, encoders.concepts, config.tracklets),
        "vectors": lambda: derive_vectors(known, encoders, wanted["vectors"], config.vectors),
    }
    for name in DERIVED:
        if ready([name]) and begin([name]):
            yield noted(name, tried(derive[name]))
