"""Drafting claims without a language model: by what is asked, the parts that may know it are tried in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.answering.claims import Claim
from agents.answering.drafting.counting import asks_for_videos, draft_count
from agents.answering.drafting.listing import draft_comparison, draft_metadata, draft_moments, draft_tags, draft_videos
from agents.answering.drafting.material import Material
from agents.answering.drafting.seen import draft_seen
from agents.answering.drafting.summaries import draft_summary
from agents.answering.drafting.times import draft_times
from agents.answering.from_text import draft_from_text
from agents.answering.lines import RankedLine
from agents.questions.question import Intent

Part = Callable[[Material, Sequence[RankedLine]], list[Claim]]


def draft(material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
    """Claims that answer the question, from the first part that has any.

    Args:
        ranked: lines about the question, the best first (`agents.answering.lines`).
    """
    question = material.question
    if question.intent == "nothing":
        return []
    for part in _parts(material):
        claims = part(material, ranked)
        if claims:
            return claims
    return []


def _parts(material: Material) -> tuple[Part, ...]:
    question = material.question
    if question.overview:
        return (_summary,)
    if question.intent == "count" and asks_for_videos(question.text):
        return (_videos, _from_text)
    if question.intent == "shown" and question.source in ("speech", "screen"):
        return (_from_text, _seen)
    return _BY_INTENT[question.intent]


def _from_text(material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_from_text(material.question, ranked, material.named or material.scope)


def _seen(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_seen(material)


def _moments(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_moments(material)


def _videos(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_videos(material)


def _times(material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
    spoken = [line for one in ranked for line in one.unit.lines if line.channel in ("speech", "screen")]
    return draft_times(material, spoken[:1])


def _count(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_count(material)


def _summary(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_summary(material)


def _tags(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_tags(material)


def _metadata(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    return draft_metadata(material)


def _compare(material: Material, _ranked: Sequence[RankedLine]) -> list[Claim]:
    among = material.named or material.scope
    if among is None:
        rows = material.store.query.run("SELECT video_id FROM videos ORDER BY seconds DESC", max_rows=200).rows
        among = tuple(str(row[0]) for row in rows)
    return draft_comparison(material, among)


_BY_INTENT: dict[Intent, tuple[Part, ...]] = {
    "find": (_moments, _from_text),
    "fact": (_from_text, _seen),
    "quote": (_from_text,),
    "shown": (_seen, _from_text),
    "who": (_from_text,),
    "when": (_times,),
    "where": (_from_text, _seen),
    "count": (_count, _from_text),
    "which_videos": (_videos,),
    "compare": (_compare, _from_text),
    "order": (_from_text, _times),
    "summarise": (_summary,),
    "tags": (_tags,),
    "metadata": (_metadata,),
    "nothing": (),
}
