"""Keeping the queue of decisions to review as decisions come and go, within their own transactions.

What comes first is what teaches most, as far as one decision says it by itself: how near it is to the threshold, how
far the recall sources are apart, and how many videos have the tag, of which only some are asked about early.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from stores.sql.among import among_listed, among_pairs, listed
from stores.sql.tables import DecisionRow
from stores.tags.review_tables import ReviewQueueRow

THRESHOLD = 0.51
"""The confidence from which a tag is accepted: what is nearest to it teaches most. Source: that of the ranker, which
decides (`agents.tagging`)."""

SAYS_SOMETHING = 0.05
"""Probability from which a source says something about a tag. Source: `agents.tagging.recall.case.MENTIONED`."""

MOST_SHARED = 1_000
"""How far the videos of a tag are counted. Source: our choice: more of them change the order no more."""

LEARNT = 10.0
"""Judgements about one tag after which another one teaches half as much. Source: offsets shrunk by n / (n + κ); κ
is our choice."""

LEAST = 0.05
"""What the surest decision is worth: it is asked last, not never. Source: our choice."""

_CHUNK = 200

Pair = tuple[str, str]
"""The id of a video and that of a tag."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """An automatic decision; ``scores``: what each recall source said."""

    tag_id: str
    score: float
    scores: Sequence[tuple[str, float]]


def queue_automatic(connection: Connection, made: Mapping[str, Sequence[Undecided]]) -> None:
    """Queues new automatic decisions, by video, that are saved already, and only what is still decided stays queued;
    what a person decided about does not wait."""
    row, decided = ReviewQueueRow, DecisionRow
    still = select(decided.tag_id).where(decided.video_id == row.video_id, decided.tag_id == row.tag_id)
    gone = ~still.where(decided.origin == "automatic").exists()
    here = among_listed(connection.dialect.name, row.video_id)
    connection.execute(delete(row).where(here, gone), {"chosen_ids": listed(made)})
    _queue(connection, [(video_id, one) for video_id, some in made.items() for one in some])


def requeue(connection: Connection, pairs: Sequence[Pair]) -> None:
    """Queues what is decided without people about these tags of videos, and nothing else about them."""
    row = DecisionRow
    some = among_pairs(connection, row.video_id, row.tag_id, pairs)
    chosen = select(row.video_id, row.tag_id, row.confidence, row.scores).where(some, row.origin == "automatic")
    found = connection.execute(chosen).all()
    _remove(connection, pairs)
    _queue(connection, [(one.video_id, Undecided(one.tag_id, one.confidence, one.scores)) for one in found])


def set_waiting(connection: Connection, pairs: Sequence[Pair], waits: bool) -> None:
    """A person has decided about these tags of videos, or (``waits``) nobody has after all."""
    some = among_pairs(connection, ReviewQueueRow.video_id, ReviewQueueRow.tag_id, pairs)
    connection.execute(update(ReviewQueueRow).where(some, ReviewQueueRow.waits == (not waits)).values(waits=waits))


def disagreement(scores: Sequence[tuple[str, float]]) -> float:
    """How far recall sources are apart, 0 to 1: twice the standard deviation of their probabilities. Sources that give
    a tag only as a weak candidate do not disagree with others.

    Source: query by committee (Seung et al. 1992), with the sources as its members.
    """
    said = [float(score) for _, score in scores if score >= SAYS_SOMETHING]
    if len(said) < 2:
        return 0.0
    middle = math.fsum(said) / len(said)
    return min(1.0, 2.0 * math.sqrt(math.fsum((one - middle) ** 2 for one in said) / len(said)))


def place_of(pair: Pair, distance: float, apart: float, shared: int) -> float:
    """Where a decision stands in the queue: 0 is first, 1 last.

    uncertainty × disagreement × expected effect × what is left to learn (uncertainty sampling weighted by density:
    University of Wisconsin, TR 1648, section 5). The r-th question about a tag teaches κ / (r + κ) of the first; r is
    drawn evenly by a hash from the videos of the tag, so that of many alike ones few come early, the same ones every
    time.

    Args:
        distance: of the score from `THRESHOLD`.
        apart: `disagreement`.
        shared: videos for which something was decided about the tag.
    """
    chance = zlib.crc32("\n".join(pair).encode(errors="replace")) / 2**32
    effect = (1.0 + math.log(1 + shared) / math.log(1 + MOST_SHARED)) / 2.0
    left = LEARNT / (LEARNT + chance * shared)
    return round(1.0 - _worth(distance, apart) * effect * left, 6)


def _worth(distance: float, apart: float) -> float:
    return max(LEAST, 1.0 - distance / THRESHOLD) * (1.0 + apart) / 2.0


def _queue(connection: Connection, made: Sequence[tuple[str, Undecided]]) -> None:
    pairs = [(video_id, one.tag_id) for video_id, one in made]
    _remove(connection, pairs)
    some = among_pairs(connection, DecisionRow.video_id, DecisionRow.tag_id, pairs)
    person = select(DecisionRow.video_id, DecisionRow.tag_id).where(some, DecisionRow.origin == "person")
    decided = {(row.video_id, row.tag_id) for row in connection.execute(person)}
    shared = _shared(connection, sorted({one.tag_id for _, one in made}))
    rows = [
        _row(video_id, one, shared[one.tag_id]) | {"waits": (video_id, one.tag_id) not in decided}
        for video_id, one in made
    ]
    if rows:
        connection.execute(insert(ReviewQueueRow), rows)


def _remove(connection: Connection, pairs: Sequence[Pair]) -> None:
    some = among_pairs(connection, ReviewQueueRow.video_id, ReviewQueueRow.tag_id, pairs)
    connection.execute(delete(ReviewQueueRow).where(some))


def _row(video_id: str, one: Undecided, shared: int) -> dict[str, object]:
    # Rounded, so that equally uncertain ones are equal, whatever binary fractions make of it.
    distance, apart = round(abs(one.score - THRESHOLD), 6), round(disagreement(one.scores), 6)
    place = place_of((video_id, one.tag_id), distance, apart, shared)
    alone = round(1.0 - _worth(distance, apart), 6)
    why = {"uncertainty": distance, "disagreement": apart, "score": one.score, "shared": shared}
    return {"video_id": video_id, "tag_id": one.tag_id, "place": place, "alone": alone} | why


def counted(connection: Connection, what: str, tag_ids: Sequence[str]) -> dict[str, int]:
    """A number for each tag, all in one query.

    Args:
        what: SQL of the number, with ``:tag`` for the id of the tag; its cost must have an end.
    """
    found: dict[str, int] = {}
    for first in range(0, len(tag_ids), _CHUNK):
        some = tag_ids[first : first + _CHUNK]
        each = (f"SELECT {n} AS n, ({what.replace(':tag', f':tag{n}')}) AS number" for n in range(len(some)))
        values: dict[str, Any] = {f"tag{n}": tag_id for n, tag_id in enumerate(some)}
        rows = connection.execute(text(" UNION ALL ".join(each)), values)
        found.update((some[row.n], int(row.number)) for row in rows)
    return found


def _shared(connection: Connection, tag_ids: Sequence[str]) -> dict[str, int]:
    """The number of videos for which something was decided about each tag, at most `MOST_SHARED`."""
    some = f"SELECT origin FROM decisions WHERE tag_id = :tag LIMIT {2 * MOST_SHARED}"
    found = counted(connection, f"SELECT count(*) FROM ({some}) AS counted WHERE origin = 'automatic'", tag_ids)
    return {tag_id: min(number, MOST_SHARED) for tag_id, number in found.items()}
