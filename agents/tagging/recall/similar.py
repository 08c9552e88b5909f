"""Tags of other videos: of those that look alike, and of those that are about the same."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from agents.search.pictures import least_likeness
from agents.tagging.looks import Look, Others
from agents.tagging.recall.case import Case, Recalled, strongest
from agents.tagging.recall.seen import Seen
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import Vectors
from stores.tags.recall.accepted import AcceptedTag, accepted_tags

NEIGHBOURS = 10
"""Clips of other videos with tags that are compared with each clip, beyond as many as its own video has."""

SIMILAR = 0.6
"""Weight of a tag accepted for videos that all clips look like, times those decisions' confidence."""

RELATED = 0.3
"""Most that a tag of videos about the same may be worth: if all of them have it. Source: our choice."""

PEERS = 20
"""Videos about the same that vote."""

PEERS_KEPT = "peers"
"""Under which name a case keeps them, if they were asked for together with those of other videos."""

DOUBT = 5.0
"""Votes against that are added to those of the peers, so that a few do not decide it. Source: about the square root of
the number of peers, as in the minimax estimate of a share (Lehmann & Casella 1998, example 5.1.7)."""

SECOND_HAND = frozenset({"child", "similar", "related", "cooccurrence", "behaviour", "context"})
"""Sources that say what goes with a video, not what it shows or says. They support; the first-hand evidence must itself
be worth a look (`agents.tagging.rank.decide`)."""


def first_hand(scores: Collection[tuple[str, float]]) -> float:
    """What the first-hand sources of a tag give together, by noisy-or."""
    return 1.0 - math.prod(1.0 - score for source, score in scores if source not in SECOND_HAND)


def similar_source(case: Case) -> list[Recalled]:
    """Tags accepted for videos that look alike (near-duplicates, other cuts of the same material).

    A tag is worth the mean, over this video's clips, of what the look-alikes of a clip say on average: one shot in
    common, or a title card that half of the library looks like, does not make two videos the same. Only what those
    videos show themselves counts: else two copies would raise each other's confidence at every run.
    """
    others, tagged = _others(case)
    if not tagged:
        return []
    collection, least = collections(case.encoders).likeness, least_likeness(case.encoders)
    look = Look(case.video_id, collection, lambda: case.seen.likeness[1], least, NEIGHBOURS)
    shares = shares_of(others.alike(look, tagged))
    likely: defaultdict[str, float] = defaultdict(float)
    for video_id, tags in _tags_of(case, shares).items():
        for tag in tags:
            sure = _own_certainty(tag)
            if sure > 0.0 and tag.tag_id in case.tags.ids:
                likely[tag.tag_id] += shares[video_id] * min(tag.confidence, sure)
    words = (Recalled(tag_id, "similar", SIMILAR * worth, ()) for tag_id, worth in likely.items())
    return strongest(words, case.top)


def shares_of(alike: Sequence[Collection[str]]) -> dict[str, float]:
    """By how much a video looks like each of others: the mean over its clips, where those that a clip looks like share
    it.

    Args:
        alike: for each of its clips, the other videos with tags that it looks like.
    """
    shares: defaultdict[str, float] = defaultdict(float)
    for some in alike:
        for video_id in some:
            shares[video_id] += 1.0 / (len(some) * len(alike))
    return shares


def related_source(case: Case) -> list[Recalled]:
    """Tags of videos in which something like it is said or written, and, where pictures and texts share a space, of
    those that show what is said here or say what is shown here.

    Each counts by how many of the nearest videos have it.
    """
    others, tagged = _others(case)
    if not tagged:
        return []
    peers = case.once(PEERS_KEPT, lambda: peers_of([case.seen], others, case.encoders)[case.video_id])
    votes: defaultdict[str, float] = defaultdict(float)
    tags_of = _tags_of(case, [other for other in peers if other in tagged])
    for other in peers:
        for tag in tags_of.get(other, ()):
            if tag.tag_id in case.tags.ids:
                votes[tag.tag_id] += min(tag.confidence, _own_certainty(tag))
    total = len(peers) + DOUBT
    words = (Recalled(tag_id, "related", RELATED * vote / total, ()) for tag_id, vote in votes.items() if vote > 0.0)
    return strongest(words, case.top)


def peers_of(seen: Sequence[Seen], others: Others, encoders: Encoders) -> dict[str, list[str]]:
    """The `PEERS` videos that are about the same as each of some, best first, asked for together.

    By ranks, since cosines across kinds of vectors lie lower than within one (reciprocal rank fusion, Cormack 2009).
    """
    names = collections(encoders)
    shared = encoders.zero_shot is None
    questions: defaultdict[str, list[tuple[str, Vectors]]] = defaultdict(list)
    for one in seen:
        for (hits, matrix), spaces in (
            (one.texts, (names.text, names.picture) if shared else (names.text,)),
            (one.pictures, (names.text,) if shared else ()),
        ):
            if hits:
                middle = matrix.mean(axis=0)
                middle /= max(float(np.linalg.norm(middle)), 1e-6)
                for space in spaces:
                    questions[space].append((one.video_id, middle))
    ranks: dict[str, defaultdict[str, float]] = {one.video_id: defaultdict(float) for one in seen}
    for space, some in questions.items():
        found = others.near(space, np.stack([vector for _, vector in some]), 4 * PEERS)
        for (video_id, _), near in zip(some, found, strict=True):
            for rank, other in enumerate(one for one in near if one != video_id):
                ranks[video_id][other] += 1.0 / (60.0 + rank)
    return {
        video_id: sorted(ranked, key=lambda other: (-ranked[other], other))[:PEERS]
        for video_id, ranked in ranks.items()
    }


def _others(case: Case) -> tuple[Others, frozenset[str]]:
    """Other videos, and which of them have a tag: none before the first are saved."""
    others = case.tags.others_in(case.store)
    tagged = case.once("tagged", others.tagged)
    return others, tagged if tagged != {case.video_id} else frozenset()


def _own_certainty(tag: AcceptedTag) -> float:
    """How sure what the other video shows itself makes its tag; 1 if a person decided."""
    return first_hand(tag.scores) if tag.scores else 1.0


def _tags_of(case: Case, video_ids: Collection[str]) -> dict[str, list[AcceptedTag]]:
    return accepted_tags(case.store.engine, video_ids) if video_ids else {}
