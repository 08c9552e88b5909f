"""The audio pass: one decode of the sound, from which follow speech activity and a transcript."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bundle import Encoders
from encoders.types import SpeechSegment
from pipeline.audio.speakers import SpeakerListener
from pipeline.decode.decoder import Decoder
from pipeline.stage import WHEN_SET
from stores.core.ids import record_id
from stores.core.records import Record, Span, SpeechActivity, StageOutput, Utterance, Video, Word

# Pauses shorter than this are cuts between two units of sound. Source: within one unit the detector ends speech only
# after a second of silence and pads either side with 0.3 s, so its own gaps are never shorter than 0.4 s.
_NEAR_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Which audio track is transcribed, and how much sound around speech.

    Attributes:
        padding: seconds of sound given to the recogniser on either side of detected speech, so that no consonant is
            cut off.
        track: number, from 1, or language (``eng``) of the audio track to transcribe; a file without that track, and
            "", use the default track, else the first one that is not a commentary.
    """

    padding: float = 0.2
    track: str = field(default="", metadata=WHEN_SET)


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Runs the stages ``speech_activity`` and ``speech`` in one audio pass; ``speakers``, for theirs, listen to it."""

    encoders: Encoders
    decoder: Decoder
    config: AudioConfig = field(default_factory=AudioConfig)
    speakers: SpeakerListener | None = None

    def transcribe(
        self,
        path: Path,
        video: Video,
        stages: Collection[str],
        on_progress: Callable[[float], None] | None = None,
        span: Span | None = None,
    ) -> dict[str, StageOutput]:
        """Speech activity and transcript of a video, or whichever of the two is among ``stages``.

        The sound is decoded in units of at most ten minutes, so memory does not grow with the video.

        Args:
            on_progress: called with the share of the video, or of ``span``, that was transcribed, in [0, 1].
            span: the part of the video to transcribe; it ends at a quiet place, up to ten seconds early.

        Raises:
            MediaError: AUDIO_DECODE_FAILED, and what `pipeline.decode.decoder.Decoder` raises.
        """
        encoders, padding = self.encoders, self.config.padding
        first, end = span.seconds if span else (0.0, video.seconds)
        activity: list[SpeechActivity] = []
        utterances: list[Record] = []
        spent = {"speech_activity": 0.0, "speech": 0.0}
        for unit in self.decoder.sound(path, video, span, self.config.track) if video.has_audio else ():
            begun = time.perf_counter()
            detected = encoders.voice.detect(unit.samples)
            spent["speech_activity"] += time.perf_counter() - begun
            activity += [
                SpeechActivity(_span(unit.start + start, unit.start + stop, video)) for start, stop in detected
            ]
            if "speech" in stages and detected:
                length = len(unit.samples) / 16_000
                padded = [(max(0.0, a - padding), min(length, b + padding)) for a, b in detected]
                begun = time.perf_counter()
                transcript = encoders.speech.recognize(unit.samples, _merged(padded))
                spent["speech"] += time.perf_counter() - begun
                utterances += [_utterance(s, unit.start, transcript.language, video) for s in transcript.segments]
            if self.speakers is not None:
                self.speakers.hear(unit.samples, unit.start, detected)
            if on_progress and end > first:
                done_until = unit.start + len(unit.samples) / 16_000
                on_progress(min(1.0, max(0.0, (done_until - first) / (end - first))))
        found: dict[str, tuple[Record, ...]] = {
            "speech_activity": tuple(join_speech_activity(activity)),
            "speech": tuple(utterances),
        }
        outputs = {stage: StageOutput(records=found[stage], seconds=spent[stage]) for stage in stages if stage in found}
        return outputs | ({"speakers": self.speakers.output()} if self.speakers is not None else {})


def join_speech_activity(activity: Iterable[SpeechActivity]) -> list[SpeechActivity]:
    """Speech activity in order, with stretches merged that are apart only because the sound was cut there."""
    joined: list[SpeechActivity] = []
    for one in activity:
        last = joined[-1].span if joined else None
        if last is not None and float((one.span.start - last.end) * last.time_base) < _NEAR_SECONDS:
            joined[-1] = SpeechActivity(Span(last.start, max(last.end, one.span.end), last.time_base))
        else:
            joined.append(one)
    return joined


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans (start, end) in seconds, in order, with those merged that touch or overlap."""
    merged: list[tuple[float, float]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _span(start: float, end: float, video: Video) -> Span:
    """Seconds as ticks, clipped to the video where its length is known."""
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
