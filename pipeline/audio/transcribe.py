"""Listen: one decode of the sound, then who speaks when, then what is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bundle import Encoders
from encoders.types import SpeechSegment
from pipeline.decode.decoder import Decoder
from pipeline.stage import WHEN_SET
from stores.core.ids import record_id
from stores.core.records import Record, Span, SpeechActivity, StageOutput, Utterance, Video, Word

# Within one sound, voices are never nearer than this. Source: the detector's pauses of a second count from the sound
# itself, and it keeps 0.3 s on either side.
_NEAR_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Attributes:
    padding: seconds of sound given to the recogniser on either side of detected speech, so that no consonant is cut.
    track: number, from 1, or language (``eng``) of the audio track to hear, where a file has several and such a one;
        "" hears the default, else the first that is no commentary.
    """

    padding: float = 0.2
    track: str = field(default="", metadata=WHEN_SET)


def transcribe(
    path: Path,
    video: Video,
    stages: Collection[str],
    encoders: Encoders,
    decoder: Decoder,
    config: AudioConfig | None = None,
    progress: Callable[[float], None] | None = None,
    span: Span | None = None,
) -> dict[str, StageOutput]:
    """Voice activity (``voice``) and speech (``speech``), whichever of the two is asked for.

    The sound is decoded in units of at most ten minutes, so memory does not grow with the video.

    Args:
        progress: told the share of the video, or of ``span``, that has been heard, in [0, 1].
        span: a part of the video, if only that is to be heard; it ends where it is quiet, up to ten seconds early.

    Raises:
        MediaError: AUDIO_DECODE_FAILED and what `pipeline.decode.decoder.Decoder` raises.
    """
    config = config or AudioConfig()
    first, end = span.seconds if span else (0.0, video.seconds)
    voices: list[SpeechActivity] = []
    spoken: list[Record] = []
    spent = {"speech_activity": 0.0, "speech": 0.0}
    for unit in decoder.sound(path, video, span, config.track) if video.has_audio else ():
        begun = time.perf_counter()
        heard = encoders.voice.detect(unit.samples)
        spent["speech_activity"] += time.perf_counter() - begun
        voices += [SpeechActivity(_span(unit.start + start, unit.start + end, video)) for start, end in heard]
        if "speech" in stages and heard:
            length = len(unit.samples) / 16_000
            around = [(max(0.0, a - config.padding), min(length, b + config.padding)) for a, b in heard]
            begun = time.perf_counter()
            transcript = encoders.speech.recognize(unit.samples, _joined(around))
            spent["speech"] += time.perf_counter() - begun
            spoken += [_utterance(s, unit.start, transcript.language, video) for s in transcript.segments]
        if progress and end > first:
            heard_until = unit.start + len(unit.samples) / 16_000
            progress(min(1.0, max(0.0, (heard_until - first) / (end - first))))
    found: dict[str, tuple[Record, ...]] = {"speech_activity": tuple(joined_speech(voices)), "speech": tuple(spoken)}
    return {stage: StageOutput(records=found[stage], seconds=spent[stage]) for stage in stages}


def joined_speech(voices: Iterable[SpeechActivity]) -> list[SpeechActivity]:
    """Voices in order, those that only a cut of the sound separates made one."""
    joined: list[SpeechActivity] = []
    for voice in voices:
        last = joined[-1].span if joined else None
        if last is not None and float((voice.span.start - last.end) * last.time_base) < _NEAR_SECONDS:
            joined[-1] = SpeechActivity(Span(last.start, max(last.end, voice.span.end), last.time_base))
        else:
            joined.append(voice)
    return joined


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Padded spans may touch: make them one."""
    joined: list[tuple[float, float]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _span(start: float, end: float, video: Video) -> Span:
    """Seconds to ticks, kept inside the video where its length is known."""
    span = Span.from_seconds(start, max(start, end), video.time_base)
    if not video.duration:
        return span
    first = min(span.start, video.duration - 1)
    return Span(first, max(first + 1, min(span.end, video.duration)), video.time_base)


def _utterance(segment: SpeechSegment, offset: float, language: str, video: Video) -> Utterance:
    span = _span(offset + segment.start, offset + segment.end, video)
    return Utterance(
        evidence_id=record_id("utt", video.video_id, span, segment.text),
        span=span,
        text=segment.text.strip(),
        language=language,
        confidence=round(segment.confidence, 4),
        words=tuple(
            Word(word.text, _span(offset + word.start, offset + word.end, video), round(word.probability, 4))
            for word in segment.words
        ),
    )
