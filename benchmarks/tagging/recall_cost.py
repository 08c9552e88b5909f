"""What recall and rank of one video cost: alone or in a batch, by how many other videos have tags."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from agents.tagging.recall import Case, Recalled
    from kinodex import Library

Figures = dict[str, float]

TAGS_OF_ONE = 5
"""Accepted tags of each video, where all have some."""

JUDGED_VIDEOS, JUDGED_TAGS, JUDGEMENTS = 1_000, 500, 5_000
"""What the ranker of look-alike videos has learned from. Source: a thousand judged videos are a year of reviewing."""

CANDIDATES = 200


def median(values: Sequence[float]) -> float:
    """The middle one of some values."""
    return float(np.median(values))


class Clock:
    """Seconds of CPU and of the clock on the wall."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def taken(self) -> tuple[float, float]:
        """Since it was made."""
        return time.process_time() - self._cpu, time.perf_counter() - self._wall


@contextmanager
def tagged(library: Library, tagger: Tagger, videos: Sequence[str]) -> Iterator[None]:
    """While it lasts, these videos have tags, some of which are much more common than others."""
    from sqlalchemy import delete, insert

    from stores.sql.database import writing
    from stores.sql.tables import DecisionRow

    draw = np.random.default_rng(3)
    ids = [tag.tag_id for tag in tagger.tags.tags]
    scores = [["picture", 0.9]]
    said = {"origin": "automatic", "decision": "accepted", "confidence": 0.9, "recalled_by": ["picture"]}
    rows = [
        said | {"video_id": one, "tag_id": ids[at], "ordinal": number, "scores": scores, "decided_at": 1.0}
        for one in videos
        for number, at in enumerate(dict.fromkeys((len(ids) * draw.random(TAGS_OF_ONE) ** 3).astype(int).tolist()))
    ]
    with writing(library.store.engine) as connection:
        connection.execute(insert(DecisionRow), rows)
    try:
        yield
    finally:
        with writing(library.store.engine) as connection:
            connection.execute(delete(DecisionRow).where(DecisionRow.decided_at == 1.0))


def recalled_of(case: Case, per_source: dict[str, list[float]] | None = None) -> list[Recalled]:
    """What all sources recall of a video; the CPU seconds of each are added to ``per_source``."""
    from agents.tagging.recall import AFTERWARDS, SOURCES

    found: list[Recalled] = []

    def take(name: str, source: Callable[[], list[Recalled]]) -> None:
        before = time.process_time()
        found.extend(source())
        if per_source is not None:
            per_source.setdefault(name, []).append(time.process_time() - before)

    for name, source in SOURCES.items():
        take(name, partial(source, case))
    for name, later in AFTERWARDS.items():
        take(name, partial(later, case, tuple(found)))
    return found


def recalling(library: Library, videos: Sequence[str], together: int = 1) -> tuple[Figures, list[list[Recalled]]]:
    """What recall of one video costs.

    Args:
        together: how many are read together, as a batch does; 1 to read each by itself. A batch expects very many.

    Returns:
        median and 95th percentile of CPU seconds, of the clock, CPU by source; and what was recalled of each video.
    """
    tagger = library.tagger()
    if together > 1:
        tagger.expect(1_000_000)
    per_source: dict[str, list[float]] = {}
    cpu: list[float] = []
    walls: list[float] = []
    found: list[list[Recalled]] = []
    recalled_of(tagger.case(videos[0]))  # opens the index, and reads what a tagger reads once
    for first in range(0, len(videos), together):
        some, clock = videos[first : first + together], Clock()
        if together > 1:
            tagger.read_ahead(some)
        shared = clock.taken()
        for video in some:
            clock = Clock()
            found.append(recalled_of(tagger.next_case(video), per_source))
            taken = clock.taken()
            cpu.append(taken[0] + shared[0] / len(some))
            walls.append(taken[1] + shared[1] / len(some))
    figures = {"recall": median(cpu), "p95": float(np.percentile(cpu, 95)), "wall": median(walls)}
    figures["wall p95"] = float(np.percentile(walls, 95))
    return figures | {f"source {name}": median(taken) for name, taken in per_source.items()}, found


def first_of(library: Library, video: str, expected: int) -> float:
    """CPU seconds of the first video of a tagger, which reads what serves all others."""
    tagger = library.tagger()
    tagger.expect(expected)
    clock = Clock()
    recalled_of(tagger.case(video))
    return clock.taken()[0]


def ranking(library: Library, tagger: Tagger, recalled: Sequence[Sequence[Recalled]], videos: Sequence[str]) -> Figures:
    """CPU seconds of ranking `CANDIDATES`: by the prior, and by look-alike videos, of which many are judged."""
    from agents.tagging.learning import facts_of, video_clips
    from agents.tagging.rank.likeness import neighbour_ranker
    from agents.tagging.rank.prior import Prior

    judged = _judgements(library, [tag.tag_id for tag in tagger.tags.tags], recalled, videos)
    facets = {tag.tag_id: tag.facet for tag in tagger.tags.tags}
    rankers: dict[str, Any] = {"rank": Prior(facets=facets), "rank, neighbours": neighbour_ranker(judged, facets)}
    figures: Figures = {}
    for name, ranker in rankers.items():
        taken = []
        for video, words in zip(videos, recalled, strict=True):
            many, clock = _as_many(words, tagger), Clock()
            asked = name != "rank"  # by look-alikes: what it looks like is read first
            clips = video_clips(library.store, library.encoders, [video]) if asked else {}
            ranker.rank(facts_of(video, clips.get(video)), many)
            taken.append(clock.taken()[0])
        figures[name], figures[f"{name}, p95"] = median(taken), float(np.percentile(taken, 95))
    return figures


def _as_many(words: Sequence[Recalled], tagger: Tagger) -> list[Recalled]:
    """Words about `CANDIDATES` tags: those there are, and weak ones about others."""
    from agents.tagging.recall import Recalled

    there = dict.fromkeys(word.tag_id for word in words)
    others = (tag.tag_id for tag in tagger.tags.tags if tag.tag_id not in there)
    more = [Recalled(one, "picture", 0.02, ()) for one, _ in zip(others, range(CANDIDATES - len(there)), strict=False)]
    return [*words, *more]


def _judgements(
    library: Library, tags: Sequence[str], recalled: Sequence[Sequence[Recalled]], videos: Sequence[str]
) -> Any:
    """Judgements about `JUDGED_VIDEOS`, half of them made up from others: their vectors lie around real ones."""
    from agents.tagging.learning import facts_of, video_clips
    from agents.tagging.rank.lessons import lessons
    from stores.tags.judgements import Judged

    draw = np.random.default_rng(5)
    facts = [facts_of(one, some).vector for one, some in video_clips(library.store, library.encoders, videos).items()]
    known = np.stack([one for one in facts if one is not None])
    names = [f"judged{number}" for number in range(JUDGED_VIDEOS)]
    spread = 0.5 * draw.standard_normal((JUDGED_VIDEOS, known.shape[1])) / known.shape[1] ** 0.5
    near = known[draw.integers(0, len(known), JUDGED_VIDEOS)] + spread
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    vectors = dict(zip(names, near.astype(np.float32), strict=True))
    some = [*dict.fromkeys(word.tag_id for words in recalled for word in words), *tags][:JUDGED_TAGS]
    made = {
        (names[int(draw.integers(JUDGED_VIDEOS))], some[int(draw.integers(len(some)))]): draw.random() < 0.5
        for _ in range(JUDGEMENTS)
    }
    judged = [
        Judged(video, tag, "accepted" if yes else "rejected", (("picture", 0.3 + 0.4 * draw.random()),), 1.0)
        for (video, tag), yes in made.items()
    ]
    groups = {name: number for number, name in enumerate(names)}
    return lessons(judged, dict.fromkeys(some, "what"), vectors, groups)
