"""One video from file to vectors: probe, one watching pass, one listening pass, then what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from encoders.bundle import Encoders
from encoders.types import WeightsError
from pipeline.decoder import Decoder
from pipeline.derive.clips import derive_clips
from pipeline.derive.labels import derive_labels
from pipeline.derive.tracklets import derive_tracklets
from pipeline.derive.vectors import derive_vectors
from pipeline.listen import listen
from pipeline.perception import DERIVED, LISTENED, WATCHED, PerceptionConfig, observers, stages
from pipeline.probe import probe
from pipeline.stage import Memory, Stage, fingerprints, pending
from pipeline.watch import watch
from stores.errors import KinodexError, ModelError
from stores.records import Record, StageOutput, Video

__all__ = ["PerceptionConfig", "Stage", "fingerprints", "pending", "perceive", "stages"]

_Thing = TypeVar("_Thing")
Ending = StageOutput | KinodexError
Begin = Callable[[str], bool]
Progress = Callable[[str, float], None]


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
) -> Iterator[tuple[str, Ending]]:
    """Run the stages in ``todo`` on one video.

    Bad media and missing weights end as errors of the stages concerned; bugs are raised. A stage whose inputs are
    neither stored nor fresh is not begun; only sound that cannot be decoded counts as nothing heard for those after
    it, since no retry will mend it and the pictures are still worth finding.

    Args:
        begin: called right before a stage is risked; False keeps it from running.
        progress: told a stage and its share, in [0, 1].

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
        return [name for name in able if all(known.has(needed) for needed in inputs[name])]

    def settle(name: str, ending: Ending) -> tuple[str, Ending]:
        if isinstance(ending, StageOutput):
            known.add(name, ending)
        elif ending.code.name == "AUDIO_DECODE_FAILED":
            known.add(name, StageOutput())
        else:
            failed.add(name)
        return name, ending

    if "probe" in todo and begin("probe"):
        yield settle("probe", _tried(lambda: probe(path, video_id, sha256, decoder)))
    video = known.video
    if video is None or "probe" in failed:
        return

    watching, made = [], []
    for name in [name for name in ready(WATCHED) if begin(name)]:
        observer = _loaded(partial(observers, [name], encoders, config))
        if isinstance(observer, ModelError):
            yield settle(name, observer)
        else:
            watching.append(name)
            made += observer
    if watching:
        seen = _tried_all(watching, lambda: watch(path, video, made, decoder, _told(progress, watching)))
        for name in watching:
            yield settle(name, seen[name])

    listening = []
    for name in [name for name in ready(LISTENED) if begin(name)]:
        model = _loaded(partial(getattr, encoders, name)) if video.has_audio else None
        if isinstance(model, ModelError):
            yield settle(name, model)
        else:
            listening.append(name)
    if listening:
        told = _told(progress, listening)
        heard = _tried_all(listening, lambda: listen(path, video, listening, encoders, decoder, config.listen, told))
        for name in listening:
            yield settle(name, heard[name])

    derive: Mapping[str, Callable[[], StageOutput]] = {
        "clips": lambda: derive_clips(video, known, config.clips),
        "labels": lambda: derive_labels(video, known, encoders.concepts, config.labels),
        "tracklets": lambda: derive_tracklets(video, known, encoders.concepts, config.tracklets),
        "vectors": lambda: derive_vectors(known, encoders, wanted["vectors"], config.vectors),
    }
    for name in DERIVED:
        if ready([name]) and begin(name):
            yield settle(name, _tried(derive[name]))


def _loaded(load: Callable[[], _Thing]) -> _Thing | ModelError:
    """What ``load`` gives; one model that is missing costs its own stage only."""
    try:
        return load()
    except WeightsError as error:
        return _model_error(error)


def _tried(work: Callable[[], StageOutput]) -> Ending:
    try:
        return work()
    except WeightsError as error:
        return _model_error(error)
    except KinodexError as error:
        return error


def _tried_all(names: Sequence[str], work: Callable[[], dict[str, StageOutput]]) -> Mapping[str, Ending]:
    try:
        return work()
    except WeightsError as error:
        return dict.fromkeys(names, _model_error(error))
    except KinodexError as error:
        return dict.fromkeys(names, error)


def _model_error(error: WeightsError) -> ModelError:
    return ModelError("MODEL_MISSING" if error.kind == "missing" else "MODEL_CORRUPT", error.message, error.hint)


def _told(progress: Progress | None, names: Sequence[str]) -> Callable[[float], None] | None:
    if progress is None:
        return None

    def tell(share: float) -> None:
        for name in names:
            progress(name, share)

    return tell
