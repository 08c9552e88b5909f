"""The passes over one file, and how each stage that shares in them ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from encoders.bundle import Encoders
from encoders.types import WeightsError
from pipeline.audio.transcribe import transcribe
from pipeline.decode.decoder import Decoder
from pipeline.model_errors import model_error
from pipeline.perception import PerceptionConfig, observers
from pipeline.reuse import Reuse
from pipeline.watch import watch
from stores.core.errors import KinodexError, ModelError
from stores.core.records import Span, StageOutput, Video

_Thing = TypeVar("_Thing")
Outcome = StageOutput | KinodexError
Begin = Callable[[Sequence[str]], Sequence[str]]
Progress = Callable[[str, float], None]

_MODELS = {"speech_activity": "voice", "speech": "speech"}
"""The model of each stage of the audio pass."""


def video_stages(
    names: Sequence[str],
    path: Path,
    video: Video,
    encoders: Encoders,
    decoder: Decoder,
    config: PerceptionConfig,
    progress: Progress | None = None,
    span: Span | None = None,
    reuse: Reuse | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """The endings of the named watching stages, which have begun, of a whole video or of ``span``."""
    able, made = [], []
    for name in names:
        observer = _loaded(partial(observers, [name], encoders, config, reuse))
        if isinstance(observer, ModelError):
            yield name, observer
        else:
            able.append(name)
            made += observer
    if able:
        on_share = _on_share(progress, able)
        seen = tried_all(able, lambda: watch(path, video, made, decoder, on_share, span))
        yield from ((name, seen[name]) for name in able)


def audio_stages(
    names: Sequence[str],
    path: Path,
    video: Video,
    encoders: Encoders,
    decoder: Decoder,
    config: PerceptionConfig,
    progress: Progress | None = None,
    span: Span | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """The endings of the named listening stages, which have begun, of a whole video or of ``span``."""
    able = []
    for name in names:
        model = _loaded(partial(getattr, encoders, _MODELS[name])) if video.has_audio else None
        if isinstance(model, ModelError):
            yield name, model
        else:
            able.append(name)
    if able:
        on_share = _on_share(progress, able)
        heard = tried_all(able, lambda: transcribe(path, video, able, encoders, decoder, config.audio, on_share, span))
        yield from ((name, heard[name]) for name in able)


def tried(work: Callable[[], StageOutput]) -> Outcome:
    """What ``work`` gives, or why it failed."""
    try:
        return work()
    except WeightsError as error:
        return model_error(error)
    except KinodexError as error:
        return error


def tried_all(names: Sequence[str], work: Callable[[], dict[str, StageOutput]]) -> Mapping[str, Outcome]:
    """The same for stages that work together: they fail together."""
    try:
        return work()
    except WeightsError as error:
        return dict.fromkeys(names, model_error(error))
    except KinodexError as error:
        return dict.fromkeys(names, error)


def _loaded(load: Callable[[], _Thing]) -> _Thing | ModelError:
    """What ``load`` gives; one model that is missing costs its own stage only."""
    try:
        return load()
    except WeightsError as error:
        return model_error(error)


def _on_share(progress: Progress | None, names: Sequence[str]) -> Callable[[float], None] | None:
    if progress is None:
        return None

    def tell(share: float) -> None:
        for name in names:
            progress(name, share)

    return tell
