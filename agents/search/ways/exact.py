"""Finding lines that hold all the words of a query, and nothing that only means the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agents.search.finder import SEARCHED_STAGES, Found, Moment
from agents.search.ways.thumbnails import Thumbnails
from stores.core.errors import UsageError
from stores.core.records import Channel, Clip, Evidence
from stores.core.text_keys import key_words, search_key
from stores.library_store import LibraryStore
from stores.sql.fulltext_terms import terms_of

LOOKED_AT = 1_000
"""Best lines of the full-text index that are looked at: of a query of common words there may be more. Ours."""

WORDS: tuple[Channel, ...] = ("speech", "screen", "caption", "script")
"""Channels whose lines are words of somebody, not names of what was recognised."""


def exact(store: LibraryStore, query: str, k: int, video_ids: Sequence[str] | None = None) -> Found:
    """The ``k`` first moments with a line that holds all the words of a query, in any order: those with the words as
    they stand in the query first, then as the index ranks them.

    Case, accents and full width do not matter, nor whether Chinese is written in simplified characters.

    Args:
        video_ids: only these; None for all.

    Raises:
        UsageError: USAGE if the query holds no word, or only words such as "the".
    """
    words, whole = key_words(query), search_key(query).strip()
    if not words:
        raise UsageError("USAGE", "There is no word to look for.", "Name one or more, in any language.")
    if not terms_of(query):
        raise UsageError("USAGE", "Words as common as these cannot be looked for alone.", "Add another one.")
    hits = store.fulltext.search(query, LOOKED_AT, video_ids, WORDS)
    lines = store.catalog.evidence([hit.evidence_id for hit in hits])
    ranked = [lines[hit.evidence_id] for hit in hits if hit.evidence_id in lines]
    holding = [line for line in ranked if _holds(line.text, words)]
    ordered = sorted(holding, key=lambda line: whole not in search_key(line.text))[:k]
    health = store.catalog.index_health(SEARCHED_STAGES, video_ids)
    verdict: Literal["match", "no_match"] = "match" if ordered else "no_match"
    return Found(query, verdict, health, _moments(store, ordered))


def _holds(text: str, words: Sequence[str]) -> bool:
    there = set(key_words(text))
    return all(word in there for word in words)


def _moments(store: LibraryStore, lines: Sequence[Evidence]) -> tuple[Moment, ...]:
    places = [(line.video_id, line.span.start, line.span.end) for line in lines]
    clips = store.catalog.clips_at_hand(places=places)
    pictures = Thumbnails(store, {line.video_id for line in lines})
    return tuple(
        Moment(
            rank=rank,
            video_id=line.video_id,
            clip_id=clip.clip_id if clip is not None else "",
            span=line.span,
            score=1.0,
            ratio=1.0,
            channels={line.channel: 1.0},
            text=line.text,
            text_channel=line.channel,
            thumbnail=pictures.of(line.video_id, clip),
        )
        for rank, line in enumerate(lines, start=1)
        for clip in (_clip_of(line, clips.get(line.video_id, [])),)
    )


def _clip_of(line: Evidence, clips: Sequence[Clip]) -> Clip | None:
    return max(clips, key=lambda clip: clip.span.overlap(line.span), default=None)
