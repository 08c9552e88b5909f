"""The two passes over one file, and the outcome of each stage that shares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from encoders.bundle import Encoders
from encoders.spaces import speaker_collection
from encoders.types import WeightsError
from pipeline.audio.speakers import SpeakerListener, speaker_turns
from pipeline.audio.transcribe import Transcriber
from pipeline.model_errors import model_error
from pipeline.passes.context import PassContext, Progress
from pipeline.passes.outcomes import Outcome, try_stage, try_stages
from pipeline.passes.watch import watch
from pipeline.perception import observers, stages
from pipeline.stage import fingerprints
from stores.core.errors import ModelError
from stores.core.records import StageOutput

_Loaded = TypeVar("_Loaded")

_MODELS = {"speech_activity": "voice", "speech": "speech", "speakers": "speaker", "sound": "sounds"}
"""The model of each stage of the audio pass."""


def run_video_stages(names: Sequence[str], context: PassContext) -> Iterator[tuple[str, Outcome]]:
    """Run the named stages of the video pass, which have begun, on a whole video or on ``context.span``.

    Yields:
        Each stage with its outcome. A missing model fails its own stage only; a decoding error fails all.
    """
    ready, shared = [], []
    for name in names:
        loaded = _loaded(partial(observers, [name], context.encoders, context.config, context.reuse))
        if isinstance(loaded, ModelError):
            yield name, loaded
        else:
            ready.append(name)
            shared += loaded
    if ready:
        on_share = _for_all(context.on_progress, ready)
        outcomes = try_stages(
            ready, lambda: watch(context.path, context.video, shared, context.decoder, on_share, context.span)
        )
        yield from ((name, outcomes[name]) for name in ready)


def run_audio_stages(names: Sequence[str], context: PassContext) -> Iterator[tuple[str, Outcome]]:
    """Run the named stages of the audio pass, which have begun, on a whole video or on ``context.span``.

    Yields:
        Each stage with its outcome. A missing model fails its own stage only; a decoding error fails all.
    """
    ready = []
    for name in names:
        model = _loaded(partial(getattr, context.encoders, _MODELS[name])) if context.video.has_audio else None
        if isinstance(model, ModelError):
            yield name, model
        else:
            ready.append(name)
    if ready:
        on_share = _for_all(context.on_progress, ready)
        hears = "speakers" in ready and context.video.has_audio
        speakers = _speaker_listener(context.encoders) if hears else None
        config = context.config
        transcriber = Transcriber(context.encoders, context.decoder, config.audio, config.sound, speakers)
        outcomes = try_stages(
            ready, lambda: transcriber.transcribe(context.path, context.video, ready, on_share, context.span)
        )
        for name in ready:
            outcome = outcomes.get(name, StageOutput())  # of a video without sound
            if (
                name == "speakers"
                and speakers is not None
                and context.span is None
                and isinstance(outcome, StageOutput)
            ):
                outcome = try_stage(partial(_whole_turns, outcome, context))
            yield name, outcome


def _whole_turns(pieces: StageOutput, context: PassContext) -> StageOutput:
    wanted = fingerprints(stages(context.encoders, context.config))["speakers"]
    return speaker_turns([pieces], context.video, wanted, context.config.speakers)


def _speaker_listener(encoders: Encoders) -> SpeakerListener:
    return SpeakerListener(encoders.speaker, speaker_collection(encoders))


def _loaded(load: Callable[[], _Loaded]) -> _Loaded | ModelError:
    """What ``load`` returns; a missing or damaged model as the error of the stage that needs it."""
    try:
        return load()
    except WeightsError as error:
        return model_error(error)


def _for_all(on_progress: Progress | None, names: Sequence[str]) -> Callable[[float], None] | None:
    """A callback that reports the share of the pass for every stage in it."""
    if on_progress is None:
        return None

    def report(share: float) -> None:
        for name in names:
            on_progress(name, share)

    return report
