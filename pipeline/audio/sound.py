"""What is heard when: spans of speech, singing, music and silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.sound_names import SILENCE, chinese_names
from encoders.types import SAMPLE_RATE, SOUND_FRAME, SOUNDS, Samples, SoundProbabilities
from stores.core.ids import record_id
from stores.core.records import SoundEvent, Span, Video

_FRAME_SECONDS = SOUND_FRAME / SAMPLE_RATE
# Moving average over so many frames. Source: FireRedVAD's own default.
_SMOOTHED = 5
_ADJOIN = 2 * _FRAME_SECONDS  # spans of silence further apart than this are two


@dataclass(frozen=True, slots=True)
class SoundConfig:
    """When something counts as heard.

    Attributes:
        enabled: whether videos are listened to for sounds at all.
        threshold: probability from which a sound is heard. Source: FireRedVAD's own default.
        gap_seconds: shorter breaks within a sound are part of it: a breath, a rest. Ours.
        least_seconds: shorter sounds are not kept. Ours.
        silent: amplitude (of 1) below which nothing is heard: -60 dB; and ``silent_seconds`` how long that has to last
            to be silence. Source: the defaults of FFmpeg's silencedetect.
    """

    enabled: bool = True
    threshold: float = 0.5
    gap_seconds: float = 1.0
    least_seconds: float = 0.5
    silent: float = 0.001
    silent_seconds: float = 2.0


def heard_in(
    samples: Samples, probabilities: SoundProbabilities, start: float, video: Video, config: SoundConfig
) -> list[SoundEvent]:
    """What is heard in a unit of sound, for `join_sounds`.

    Args:
        samples: (n,) float32 at 16 kHz; ``probabilities`` (n // 160, 3) of each of `SOUNDS` in them.
        start: second of the video at which they begin.
    """
    events = []
    for column, name in enumerate(SOUNDS):
        smooth = _smoothed(probabilities[:, column])
        for first, last in _runs(smooth >= config.threshold):
            events.append(_event(name, start, first, last, float(probabilities[first:last, column].mean()), video))
    count = len(probabilities)
    loudest = np.abs(samples[: count * SOUND_FRAME]).reshape(count, SOUND_FRAME).max(axis=1, initial=0.0)
    for first, last in _runs(loudest < config.silent):
        # What is silent at an end may go on in the next unit.
        if first == 0 or last == count or (last - first) * _FRAME_SECONDS >= config.silent_seconds:
            events.append(_event(SILENCE, start, first, last, 1.0, video))
    return events


def soundless(start: float, end: float, video: Video) -> list[SoundEvent]:
    """Silence between two seconds of a video for which there is no sound; none where there is no time between."""
    return [_named(SILENCE, Span.from_seconds(start, end, video.time_base), 1.0, video)] if end > start else []


def join_sounds(events: Iterable[SoundEvent], video: Video, config: SoundConfig) -> list[SoundEvent]:
    """The sounds of a video out of those of its units, in the order in which they begin: with those joined that belong
    together, without those that are too short, and none but silence where it is silent.
    """
    by_name: dict[str, list[SoundEvent]] = {}
    for event in sorted(events, key=lambda event: event.span.start):
        by_name.setdefault(event.name, []).append(event)
    silences = _joined(by_name.pop(SILENCE, []), _ADJOIN, config.silent_seconds)
    found = list(silences)
    for some in by_name.values():
        for event in _joined(some, config.gap_seconds, config.least_seconds):
            found += [replace(event, span=span) for span in _without(event.span, [one.span for one in silences])]
    named = [_named(event.name, event.span, event.confidence, video) for event in found]
    return sorted(named, key=lambda event: (event.span.start, event.span.end, event.name))


def _joined(events: Sequence[SoundEvent], gap: float, least: float) -> list[SoundEvent]:
    """Events of one name, in order, those joined that are less than ``gap`` seconds apart; none shorter than ``least``.
    The confidence is the mean over what was heard."""
    groups: list[list[SoundEvent]] = []
    end = 0
    for event in events:
        if groups and float((event.span.start - end) * event.span.time_base) < gap:
            groups[-1].append(event)
        else:
            groups.append([event])
        end = max(end, event.span.end)
    joined = []
    for group in groups:
        span = Span(group[0].span.start, max(one.span.end for one in group), group[0].span.time_base)
        lengths = [max(1, one.span.end - one.span.start) for one in group]
        confidence = float(np.average([one.confidence for one in group], weights=lengths))
        if span.duration >= least:
            joined.append(replace(group[0], span=span, confidence=confidence))
    return joined


def _without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of a span where others, in order, are taken out."""
    left, start = [], span.start
    for other in others:
        if other.end <= start or other.start >= span.end:
            continue
        if other.start > start:
            left.append(Span(start, other.start, span.time_base))
        start = max(start, other.end)
    return [*left, Span(start, span.end, span.time_base)] if start < span.end else left


def _event(name: str, start: float, first: int, last: int, confidence: float, video: Video) -> SoundEvent:
    begin, end = start + first * _FRAME_SECONDS, start + last * _FRAME_SECONDS
    span = Span.from_seconds(max(0.0, begin), max(0.0, end), video.time_base)
    if video.duration:
        at = min(span.start, video.duration - 1)
        span = Span(at, max(at + 1, min(span.end, video.duration)), video.time_base)
    return _named(name, span, confidence, video)


def _named(name: str, span: Span, confidence: float, video: Video) -> SoundEvent:
    evidence_id = record_id("snd", video.video_id, span, name)
    return SoundEvent(evidence_id, span, name, chinese_names(name), round(confidence, 4))


def _smoothed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(values) < _SMOOTHED:
        return values
    padded = np.pad(values, _SMOOTHED // 2, mode="edge")
    smooth: NDArray[np.float32] = np.convolve(padded, np.full(_SMOOTHED, 1 / _SMOOTHED), mode="valid")
    return smooth


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, last + 1) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
