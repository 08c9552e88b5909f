"""Why a video has the tags that it has, and why not others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kinodex.schemas.tagging import explained as schema

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from agents.tagging.rank import Ranked
    from stores.core.records import Tag
    from stores.library_store import LibraryStore


def explain(store: LibraryStore, tagger: Tagger, video_id: str) -> schema.ExplainedDocument:
    """Everything that was recalled for a video, what each source gave, and what became of it. Nothing is stored.

    Raises:
        UsageError: UNKNOWN_VIDEO if it has not been indexed.
        EndpointError: if a language model is set and fails.
    """
    from agents.tagging.rank import ABSTAIN

    ranked, decisions, accept = tagger.explain(video_id)
    outcomes = {one.tag_id: one.decision for one in decisions}
    tags = {one.tag_id: one for one in tagger.tags.tags}
    return schema.ExplainedDocument(
        video_id=video_id,
        uri=store.catalog.display_uri(video_id),
        accept=round(accept, 4),
        abstain=ABSTAIN,
        sources=_shares(ranked, outcomes),
        candidates=[_candidate(one, outcomes.get(one.tag_id, "dropped"), tags, accept) for one in ranked],
    )


def _candidate(item: Ranked, outcome: str, tags: Mapping[str, Tag], accept: float) -> schema.CandidateDocument:
    tag = tags.get(item.tag_id)
    return schema.CandidateDocument(
        tag_id=item.tag_id,
        name=tag.name if tag else "",
        facet=tag.facet if tag else "",
        confidence=round(item.confidence, 4),
        outcome=outcome,
        why=_why(item, outcome, accept),
        sources=[
            schema.SourceWorth(
                source=word.source, worth=round(word.probability, 4), evidence=list(word.evidence_ids), why=word.why
            )
            for word in item.sources
        ],
    )


def _why(item: Ranked, outcome: str, accept: float) -> str:
    from agents.tagging.rank import ABSTAIN
    from agents.tagging.recall import first_hand

    if outcome == "accepted":
        return ""
    if item.confidence < ABSTAIN:
        return f"below {ABSTAIN:g}"
    if item.confidence < accept:
        return f"below {accept:g}"
    if not any(word.evidence_ids for word in item.sources):
        return "nothing in the video shows it"
    if first_hand([(word.source, word.probability) for word in item.sources]) < ABSTAIN:
        return "only what goes with the video speaks for it, not what it shows or says"
    return "a person decides"


def _shares(ranked: Sequence[Ranked], outcomes: Mapping[str, str]) -> list[schema.SourceShare]:
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for item in ranked:
        best = max((word.probability for word in item.sources), default=0.0)
        for word in item.sources:
            accepted = outcomes.get(item.tag_id) == "accepted"
            counts[word.source][0] += 1
            counts[word.source][1] += accepted
            counts[word.source][2] += accepted and word.probability == best
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1][2], -pair[1][1], -pair[1][0], pair[0]))
    return [
        schema.SourceShare(source=source, recalled=recalled, accepted=accepted, strongest=strongest)
        for source, (recalled, accepted, strongest) in ordered
    ]
