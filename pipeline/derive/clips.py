"""Clips: scenes, split or merged to a sensible length, that together cover the whole video."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stage import Memory
from stores.core.ids import record_id
from stores.core.records import Clip, Scene, Span, StageOutput, Utterance, Video


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """Lengths in seconds.

    Attributes:
        shortest: shorter scenes are merged with a neighbour: they could be flash cuts.
        longest: longer scenes are split, at a pause in speech where there is one nearby.
        search: how far from the even split point a pause is searched for.
    """

    shortest: float = 2.0
    longest: float = 20.0
    search: float = 3.0


def derive_clips(video: Video, memory: Memory, config: ClipConfig | None = None) -> StageOutput:
    """Clips of about 2–20 s from scenes, utterances and thumbnails. At least one clip for any video.

    A split that moves to a pause in speech may make a clip up to `ClipConfig.search` seconds longer on either side.
    """
    config = config or ClipConfig()
    scenes = [record.span for record in memory.records("scenes") if isinstance(record, Scene)] or [video.whole]
    spoken = [record.span for record in memory.records("speech") if isinstance(record, Utterance)]
    thumbnails = sorted((int(name.split(".")[0]), name) for name in memory.blob_names("thumbnails"))
    clips = []
    for span in _split(_merge(scenes, config), spoken, config):
        middle = (span.start + span.end) // 2
        inside = [(abs(tick - middle), name) for tick, name in thumbnails if span.contains(tick)]
        nearest = min(inside or [(abs(tick - middle), name) for tick, name in thumbnails], default=(0, ""))
        clips.append(Clip(record_id("clp", video.video_id, span), span, middle, nearest[1]))
    return StageOutput(records=tuple(clips))


def _merge(scenes: Sequence[Span], config: ClipConfig) -> list[Span]:
    """Merge a scene that is too short with the next one; the last scene, with the one before."""
    merged: list[Span] = []
    for span in scenes:
        if merged and merged[-1].duration < config.shortest:
            merged[-1] = Span(merged[-1].start, span.end, span.time_base)
        else:
            merged.append(span)
    if len(merged) > 1 and merged[-1].duration < config.shortest:
        last = merged.pop()
        merged[-1] = Span(merged[-1].start, last.end, last.time_base)
    return merged


def _split(spans: Sequence[Span], spoken: Sequence[Span], config: ClipConfig) -> list[Span]:
    pieces = []
    for span in spans:
        parts = max(1, -(-int(span.duration * 1000) // int(config.longest * 1000)))
        step = (span.end - span.start) / parts
        cuts = [_pause_near(round(span.start + step * n), span, spoken, config) for n in range(1, parts)]
        edges = sorted({span.start, *cuts, span.end})
        pieces += [Span(a, b, span.time_base) for a, b in itertools.pairwise(edges)]
    return pieces or list(spans)


def _pause_near(tick: int, span: Span, spoken: Sequence[Span], config: ClipConfig) -> int:
    """``tick``, or the end of an utterance near it if ``tick`` would cut through one."""
    if not any(utterance.start < tick < utterance.end for utterance in spoken):
        return tick
    reach = round(config.search / span.time_base)
    ends = [edge for utterance in spoken for edge in (utterance.start, utterance.end) if abs(edge - tick) <= reach]
    inside = [edge for edge in ends if span.start < edge < span.end]
    return min(inside, key=lambda edge: abs(edge - tick), default=tick)
