"""Tags of other videos: of those that look alike, and of those that are about the same."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from agents.search.pictures import least_likeness
from agents.tagging.looks import Likeness, Others
from agents.tagging.recall.case import Case, Recalled, strongest
from agents.tagging.recall.seen import Seen
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import Vectors
from stores.tags.recall.accepted import AcceptedTag

NEIGHBOURS = 10
"""Clips of other videos with tags that are compared with each clip, beyond as many as its own video has."""

SIMILAR = 0.6
"""Weight of a tag accepted for videos that all clips look like, times those decisions' confidence."""

RELATED = 0.3
"""Most that a tag of videos about the same may be worth: if all of them have it. Source: our choice."""

LIKELY = 0.5
"""Certainty beyond which a tag stands by what its own video shows. Source: more likely than not."""

PEERS = 20
"""Videos about the same that vote."""

_TAGGED, _ALIKE, _PEERS, _ACCEPTED = "tagged", "alike", "peers", "accepted"
"""Under which names a case keeps what is asked of other videos: the last only if they were asked for many together."""

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
    likeness = likeness_of(case.encoders)
    shares = shares_of(
        case.once(_ALIKE, lambda: others.alike([case.video_id], likeness, tagged).get(case.video_id, []))
    )
    likely: defaultdict[str, float] = defaultdict(float)
    for video_id, tags in tags_of(case, shares).items():
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
    peers = case.once(_PEERS, lambda: peers_of([case.seen], others, case.encoders)[case.video_id])
    votes: defaultdict[str, float] = defaultdict(float)
    tags = tags_of(case, [other for other in peers if other in tagged])
    for other in peers:
        for tag in tags.get(other, ()):
            if tag.tag_id in case.tags.ids:
                votes[tag.tag_id] += min(tag.confidence, _own_certainty(tag))
    total = len(peers) + DOUBT
    words = (Recalled(tag_id, "related", RELATED * vote / total, ()) for tag_id, vote in votes.items() if vote > 0.0)
    return strongest(words, case.top)


def likeness_of(encoders: Encoders) -> Likeness:
    """When clips show the same material."""
    return Likeness(collections(encoders).likeness, least_likeness(encoders), NEIGHBOURS)


def keep_others(seen: Sequence[Seen], others: Others, encoders: Encoders) -> None:
    """Asks for what sources need of other videos for many videos together, and keeps it with each.

    Raises:
        StoreError: if the library cannot be read.
    """
    tagged = others.tagged()
    alike: dict[str, list[set[str]]] = {}
    peers: dict[str, list[str]] = {}
    accepted: dict[str, list[AcceptedTag]] = {}
    if tagged:
        ids = [one.video_id for one in seen]
        alike, peers = others.alike(ids, likeness_of(encoders), tagged), peers_of(seen, others, encoders)
        like = {other for clips in alike.values() for some in clips for other in some}
        accepted = others.accepted(like.union(*peers.values(), ids) & tagged)
    for one in seen:
        own = {_TAGGED: tagged, _ALIKE: alike.get(one.video_id, []), _PEERS: peers.get(one.video_id, [])}
        one.kept |= own | {_ACCEPTED: accepted}


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
    tagged = case.once(_TAGGED, others.tagged)
    return others, tagged if tagged != {case.video_id} else frozenset()


def _own_certainty(tag: AcceptedTag) -> float:
    """How sure what the other video shows itself makes its tag; 1 if a person decided. 0 if it is not more likely than
    not by that: then it was accepted because of others, such as this one."""
    sure = first_hand(tag.scores) if tag.scores else 1.0
    return sure if sure > LIKELY else 0.0


def tags_of(case: Case, video_ids: Collection[str]) -> dict[str, list[AcceptedTag]]:
    """The accepted tags of videos that are like this one, or of itself; a video without any is absent."""
    kept: dict[str, list[AcceptedTag]] | None = case.seen.kept.get(_ACCEPTED)
    if kept is None:
        return case.tags.others_in(case.store).accepted(video_ids)
    return {one: kept[one] for one in video_ids if one in kept}
