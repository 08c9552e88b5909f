"""Visual styles: which stretches are drawn, rendered, or show a screen or text, from stored features alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from encoders.styles.head import COMMON, FRAMES, STYLES, VisualStyles
from pipeline.derive.labels import read_pictures
from pipeline.stage import Memory
from stores.core.ids import record_id
from stores.core.records import Clip, Fact, Span, StageOutput, Video

DRAWN, FLAT, SOLID, SCREEN = (
    "animation 动画",
    "2d animation 二维动画",
    "3d animation 三维动画",
    "screen or text 屏幕或文字",
)
"""What a stretch is said to be."""

_DRAWING, _RENDERING, _SCREEN = (STYLES.index(style) for style in ("drawing", "rendering", "screen"))


LEAST = 0.5
"""Probability from which a clip is said to be of a style, and how likely: what is written down is more likely than not.
"""

ONE_KIND = 0.9
"""Share of one kind of animation in what is animated, from which the kind is said: the two are told apart less surely
than both from what is filmed. Ours."""


def derive_styles(video: Video, memory: Memory, styles: VisualStyles) -> StageOutput:
    """A fact for each stretch of clips that are animated, or that show a screen, slides or text; none for filmed ones.

    A stretch is what its clips are on average, and that probability is the fact's confidence.
    """
    pictures = read_pictures(memory)
    clips = [record for record in memory.records("clips") if isinstance(record, Clip)]
    if not len(pictures.ticks) or not clips:
        return StageOutput()
    clips.sort(key=lambda clip: clip.span.start)
    seen = np.stack([styles.probabilities(pictures.features[pictures.inside(clip)]) for clip in clips])
    facts: list[Fact] = []
    for columns in ((_DRAWING, _RENDERING), (_SCREEN,)):
        for first, last in _stretches(seen[:, columns]):
            text, confidence = _said(_mean(seen[first:last], clips[first:last]), columns)
            span = Span(clips[first].span.start, clips[last - 1].span.end, video.time_base)
            facts.append(Fact(record_id("fct", video.video_id, span, text), span, text, round(confidence, 4)))
    facts.sort(key=lambda fact: (fact.span.start, fact.text))
    return StageOutput(records=tuple(facts))


def _stretches(likely: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """First number and number behind the last of each unbroken run of clips that are likely of a style; (n, k): of each
    of its kinds. Where one kind surely follows another, a run ends."""
    first = known = None
    for number, each in enumerate(likely):
        holds, kind = each.sum() >= LEAST, _kind(each)
        if first is not None and (not holds or (None not in (kind, known) and kind != known)):
            yield first, number
            first = known = None
        if holds:
            first = number if first is None else first
            known = known if kind is None else kind
    if first is not None:
        yield first, len(likely)


def _kind(likely: NDArray[np.float32] | NDArray[np.float64]) -> int | None:
    """Which of some kinds (k,) it surely is; None if it may be several."""
    best = int(likely.argmax())
    return best if likely[best] >= max(LEAST, ONE_KIND * likely.sum()) else None


def _mean(seen: NDArray[np.float32], clips: Sequence[Clip]) -> NDArray[np.float64]:
    return np.average(seen, axis=0, weights=[max(1, clip.span.end - clip.span.start) for clip in clips])


def _said(mean: NDArray[np.float64], columns: tuple[int, ...]) -> tuple[str, float]:
    likely = mean[list(columns)]
    if columns == (_SCREEN,):
        return SCREEN, float(likely[0])
    kind = _kind(likely)
    return (DRAWN, float(likely.sum())) if kind is None else ((FLAT, SOLID)[kind], float(likely[kind]))


def style_settings() -> dict[str, object]:
    """All that changes what is said beside the head itself."""
    return {"least": LEAST, "one_kind": ONE_KIND, "frames": FRAMES, "common": list(COMMON)}
