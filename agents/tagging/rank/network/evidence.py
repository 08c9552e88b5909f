"""What was recalled for a video, as the network reads it beside the clips (`encoders.training.fusion`).

As people's judgements keep what the sources said of one tag, automatic decisions keep it of all tags that were worth a
look (`stores.tags.recall.recorded`). The same is taken when a video is tagged: what the sources make worth a look,
fused by noisy-or as they are, whatever a learned ranker makes of it. So both are alike but for tags that a ranker
dropped, which are read when a video is tagged, and of which nothing is kept to learn from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank.decide import ABSTAIN
from agents.tagging.rank.lessons import PROPOSER, Evidence, Whole
from agents.tagging.recall import Recalled

MOST_RECALLED = 64
"""Tags that are read of one video, the strongest. Source: our choice: four times as many as clips."""

Said = Mapping[str, float]
"""What each source said of one tag."""


def worth_reading(said: Mapping[str, Said], known: Container[str]) -> list[tuple[str, Said]]:
    """Tags with what was said of them, the strongest first.

    Args:
        said: by tag.
        known: tags that may be among it.
    """
    fused = {tag: 1.0 - math.prod(1.0 - one for one in some.values()) for tag, some in said.items() if tag in known}
    some = sorted((tag for tag, strength in fused.items() if strength >= ABSTAIN), key=lambda tag: (-fused[tag], tag))
    return [(tag, said[tag]) for tag in some[:MOST_RECALLED]]


def said_by_tag(words: Iterable[tuple[str, str, float]]) -> dict[str, dict[str, float]]:
    """(tag, source, probability) by tag and source; what a ranker itself proposed is no evidence."""
    found: dict[str, dict[str, float]] = {}
    for tag, source, probability in words:
        if source != PROPOSER:
            its = found.setdefault(tag, {})
            its[source] = max(probability, its.get(source, 0.0))
    return found


def of_recalled(recalled: Iterable[Recalled]) -> dict[str, dict[str, float]]:
    """Likewise, of a video that is being tagged."""
    return said_by_tag((word.tag_id, word.source, word.probability) for word in recalled)


def evidence(
    videos: Sequence[str],
    recorded: Mapping[str, Mapping[str, Sequence[tuple[str, float]]]],
    facets: Mapping[str, str],
    texts: Callable[[Sequence[str]], NDArray[np.float32]],
) -> Evidence | None:
    """What is recorded of these videos; None if nothing is.

    Args:
        recorded: (source, probability) by video and tag.
        facets: of all tags; others are left out.
        texts: vectors (t, e) of tags.
    """
    rows = []
    for video in videos:
        words = ((tag, *word) for tag, scores in recorded.get(video, {}).items() for word in scores)
        rows.append(worth_reading(said_by_tag(words), facets))
    tags = tuple(sorted({tag for row in rows for tag, _ in row}))
    if not tags:
        return None
    sources = tuple(sorted({source for row in rows for _, said in row for source in said}))
    places = {tag: at for at, tag in enumerate(tags)}
    which = np.full((len(videos), max(map(len, rows))), -1, np.int64)
    scores = np.zeros((*which.shape, len(sources)), np.float32)
    for at, row in enumerate(rows):
        which[at, : len(row)] = [places[tag] for tag, _ in row]
        scores[at, : len(row)] = table(row, sources)
    return Evidence(tags, tuple(facets[tag] for tag in tags), sources, texts(tags), which, scores)


def table(some: Sequence[tuple[str, Said]], sources: Sequence[str]) -> NDArray[np.float32]:
    """(k, sources) what each of these sources said of k tags."""
    return np.array([[said.get(source, 0.0) for source in sources] for _, said in some], np.float32).reshape(
        len(some), len(sources)
    )


def facet_numbers(facets: Iterable[str]) -> dict[str, int]:
    """Numbers of facets from 1 on; 0 stands for one that nothing was learned of."""
    return {facet: 1 + at for at, facet in enumerate(sorted(set(facets)))}


def numbered(facets: Sequence[str], numbers: Mapping[str, int]) -> Whole:
    """(t,) of the facets of tags."""
    return np.array([numbers.get(facet, 0) for facet in facets], np.int64)
