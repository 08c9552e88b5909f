"""The audio pass: one decode of the sound, from which follow speech activity, sounds and a transcript."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from encoders.bundle import Encoders
from encoders.types import SAMPLE_RATE, SoundDetector, SpeechSegment, WeightsError
from pipeline.audio.inventions import without_inventions
from pipeline.audio.sound import SoundConfig, heard_in, join_sounds, soundless
from pipeline.audio.speakers import SpeakerListener
from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Sound
from pipeline.stage import WHEN_SET
from stores.core.ids import record_id
from stores.core.records import Record, SoundEvent, Span, SpeechActivity, StageOutput, Utterance, Video, Word

# Pauses shorter than this are cuts between two units of sound. Source: within one unit the detector ends speech only
# after a second of silence and pads either side with 0.3 s, so its own gaps are never shorter than 0.4 s.
_NEAR_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Which audio track is transcribed, how much sound around speech, and what is kept.

    Attributes:
        padding: seconds of sound given to the recogniser on either side of detected speech, so that no consonant is
            cut off.
        track: number, from 1, or language (``eng``) of the audio track to transcribe; a file without that track, and
            "", use the default track, else the first one that is not a commentary.
        inventions: whether to ``drop`` from a transcript what the recogniser invented where nobody speaks or sings, or
            to ``keep`` it. Transcripts that were made before this was known stay as they are.
    """

    padding: float = 0.2
    track: str = field(default="", metadata=WHEN_SET)
    inventions: Literal["drop", "keep"] = field(default="drop", metadata=WHEN_SET)


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Runs the stages ``speech_activity``, ``sound`` and ``speech`` in one audio pass.

    ``speakers``, if there are any, listen to it for theirs.
    """

    encoders: Encoders
    decoder: Decoder
    config: AudioConfig = field(default_factory=AudioConfig)
    sound: SoundConfig = field(default_factory=SoundConfig)
    speakers: SpeakerListener | None = None

    def transcribe(
        self,
        path: Path,
        video: Video,
        stages: Collection[str],
        on_progress: Callable[[float], None] | None = None,
        span: Span | None = None,
    ) -> dict[str, StageOutput]:
        """Speech activity, sounds and transcript of a video, or whichever of them are among ``stages``.

        The sound is decoded in units of at most ten minutes, so memory does not grow with the video. Where the profile
        can tell sounds apart, the transcript is without what was invented (`pipeline.audio.inventions`).

        Args:
            on_progress: called with the share of the video, or of ``span``, that was transcribed, in [0, 1].
            span: the part of the video to transcribe; it ends at a quiet place, up to ten seconds early. Its sounds are
                for `pipeline.audio.sound.join_sounds`.

        Raises:
            MediaError: AUDIO_DECODE_FAILED, and what `pipeline.decode.decoder.Decoder` raises.
        """
        first, end = span.seconds if span else (0.0, video.seconds)
        listener = _Listener(self, video, stages)
        reached = None
        for unit in self.decoder.sound(path, video, span, self.config.track) if video.has_audio else ():
            if reached is None and first == 0:
                listener.lacks(0.0, unit.start)
            reached = unit.start + len(unit.samples) / SAMPLE_RATE
            listener.add(unit)
            if on_progress and end > first:
                on_progress(min(1.0, max(0.0, (reached - first) / (end - first))))
        if reached is None or end >= video.seconds:
            listener.lacks(first if reached is None else reached, end)
        return listener.outputs(whole=span is None)


class _Listener:
    """What one pass has found so far."""

    def __init__(self, transcriber: Transcriber, video: Video, stages: Collection[str]) -> None:
        self._encoders, self._config, self._sound = transcriber.encoders, transcriber.config, transcriber.sound
        self._video, self._stages, self._speakers = video, stages, transcriber.speakers
        self._detector = _detector(transcriber.encoders, transcriber.sound) if video.has_audio else None
        self._activity: list[SpeechActivity] = []
        self._sounds: list[SoundEvent] = []
        self._utterances: list[Utterance] = []
        self._spent = {"speech_activity": 0.0, "sound": 0.0, "speech": 0.0}

    def lacks(self, start: float, end: float) -> None:
        """There is no sound between two seconds."""
        self._sounds += soundless(start, end, self._video)

    def add(self, unit: Sound) -> None:
        """The next unit of sound."""
        begun = time.perf_counter()
        needed = {"speech_activity", "speech", "speakers"} & {*self._stages}
        detected = self._encoders.voice.detect(unit.samples) if needed else []
        begun = self._count("speech_activity", begun)
        self._activity += [
            SpeechActivity(_span(unit.start + start, unit.start + stop, self._video)) for start, stop in detected
        ]
        probabilities = None
        if self._detector is not None and ("sound" in self._stages or detected):
            probabilities = self._detector.probabilities(unit.samples)
            self._sounds += heard_in(unit.samples, probabilities, unit.start, self._video, self._sound)
        begun = self._count("sound", begun)
        if "speech" in self._stages and detected:
            length, padding = len(unit.samples) / SAMPLE_RATE, self._config.padding
            padded = [(max(0.0, a - padding), min(length, b + padding)) for a, b in detected]
            transcript = self._encoders.speech.recognize(unit.samples, _merged(padded))
            segments: Sequence[SpeechSegment] = transcript.segments
            if probabilities is not None and self._config.inventions == "drop":
                segments = without_inventions(segments, probabilities, [one.text for one in self._utterances])
            self._utterances += [_utterance(one, unit.start, transcript.language, self._video) for one in segments]
        self._count("speech", begun)
        if self._speakers is not None:
            self._speakers.hear(unit.samples, unit.start, detected)

    def outputs(self, whole: bool) -> dict[str, StageOutput]:
        """The output of each stage, of a whole video or of a part."""
        found: dict[str, tuple[Record, ...]] = {
            "speech_activity": tuple(join_speech_activity(self._activity)),
            "sound": tuple(join_sounds(self._sounds, self._video, self._sound) if whole else self._sounds),
            "speech": tuple(self._utterances),
        }
        outputs = {
            stage: StageOutput(records=found[stage], seconds=self._spent[stage])
            for stage in self._stages
            if stage in found
        }
        return outputs | ({"speakers": self._speakers.output()} if self._speakers is not None else {})

    def _count(self, stage: str, begun: float) -> float:
        now = time.perf_counter()
        self._spent[stage] += now - begun
        return now


def _detector(encoders: Encoders, config: SoundConfig) -> SoundDetector | None:
    """What tells sounds apart, where that is wanted and here: a transcript does not wait for it."""
    if not config.enabled or not encoders.has("sounds"):
        return None
    try:
        return encoders.sounds
    except WeightsError:
        return None


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
