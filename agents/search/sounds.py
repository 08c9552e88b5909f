"""Recall by what is heard: moments with the sounds that a query names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agents.search.candidates import Candidate
from agents.search.scoring import MATCH_RATIO, STEEPNESS, lexical
from agents.sounds import sounds_in
from stores.core.records import Evidence

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

MOST_SOUNDS = 100
"""Spans of each sound that are looked at. Ours."""

LONGEST_SECONDS = 600.0
"""Of a longer span, such as the music of a concert, only its beginning makes moments. Ours."""

_UNSEEN = frozenset(("singing", "speech", "silence"))
"""Sounds of which no picture tells that they are heard; music at least has instruments."""

PICTURED_SHARE = 0.5
"""Share of what pictures of instruments contribute that is lost where no music is heard. Ours."""

_MOST = 1.0  # ratio of what is certain, as of a line with all words


def sounds_for(
    query: str, store: LibraryStore, vocabulary: Iterable[str] = (), video_ids: Sequence[str] | None = None
) -> list[tuple[Evidence, float]]:
    """Spans in which sounds are heard that a query names, each with what it adds to the ratio of a moment.

    The probability that the detector gives a span is what its moment gets as confidence if the query is about nothing
    else; of a query with other words, their share counts squared, as in lines (`agents.search.scoring`).

    Args:
        vocabulary: Chinese words that are segmented as a whole.
        video_ids: only these videos; None for all.
    """
    found = []
    for sound, share in sounds_in(query, vocabulary).items():
        hits = store.fulltext.search(sound, MOST_SOUNDS, video_ids, ("sound",))
        lines = store.catalog.evidence([hit.evidence_id for hit in hits]).values()
        found += [(line, lexical(share) * worth_of(line.confidence)) for line in lines if line.text == sound]
    return found


def worth_of(confidence: float) -> float:
    """The ratio at which `agents.search.scoring.confidence` gives a probability, at most 1."""
    odds = max(confidence, 1e-3) / max(1.0 - confidence, 1e-3)
    return max(0.0, min(_MOST, MATCH_RATIO + math.log(odds) / STEEPNESS))


def place_of(line: Evidence) -> tuple[str, int, int]:
    """Where moments with a sound are looked for: video id, start and end in its ticks."""
    longest = round(LONGEST_SECONDS / line.span.time_base)
    return line.video_id, line.span.start, min(line.span.end, line.span.start + longest)


def weigh_sounds(
    query: str, candidates: Sequence[Candidate], store: LibraryStore, vocabulary: Iterable[str] = ()
) -> None:
    """Take from what similar pictures contributed, where a query is about a sound and nothing else, and it is known
    what is heard: a microphone sings no song, and a guitar that is not heard is half of what music is."""
    named = sounds_in(query, vocabulary)
    if not named or any(share < 1.0 for share in named.values()):
        return
    known = store.catalog.active_of(sorted({one.video_id for one in candidates}), ["sound"])
    for candidate in candidates:
        if (candidate.video_id, "sound") not in known:
            continue
        if _UNSEEN.issuperset(named):
            candidate.weigh_pictures(-math.inf, "")
        elif not candidate.channels.get("sound"):
            pictured = candidate.channels.get("picture", 0.0) + candidate.channels.get("object", 0.0)
            candidate.weigh_pictures(-PICTURED_SHARE * pictured, "")
