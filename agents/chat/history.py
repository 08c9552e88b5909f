"""What the next turn is told of a conversation: the last turns, and a short summary of those before.

Plain JSON values of bounded size, since they become part of the state of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stores.threads.records import ThreadClaim, Turn

RECENT_TURNS = 4
"""Turns told in full. Source: our choice: follow-ups refer to the last answer, seldom further back."""

EARLIER_TURNS = 12
"""Turns before those whose questions are told. Source: our choice."""

LONGEST_ANSWER = 600
"""Characters of an answer that are told. Source: our choice: four claims of a line each."""

LONGEST_QUESTION = 300
"""Characters of a question that are told. Source: our choice."""

MOST_CITED = 12
"""Citations told of each turn, and videos of the summary. Source: our choice."""


def history_of(turns: Sequence[Turn]) -> dict[str, Any]:
    """The history for the next turn.

    Args:
        turns: those before it, in order; at least the last `RECENT_TURNS` + `EARLIER_TURNS`.

    Returns:
        ``turns``: the last ones in order, each with ``question``, ``stand_alone``, ``answer`` ("" if there is none, or
        it was removed), ``abstained``, ``status``, ``cited`` (evidence_id, video_id, start and end in seconds) and
        ``videos`` (ids in the order in which they were cited) and ``claims`` (``text`` and the
        ``evidence_id`` that it cites first). ``earlier``: ``count`` of the turns before those, their
        ``questions`` and the ``videos`` they cited, the newest last.
    """
    recent, before = list(turns[-RECENT_TURNS:]), list(turns[:-RECENT_TURNS])
    earlier = before[-EARLIER_TURNS:]
    videos = dict.fromkeys(one for turn in reversed(earlier) for one in _videos(turn))
    return {
        "turns": [_told(turn) for turn in recent],
        "earlier": {
            "count": recent[0].ordinal - 1 if recent else 0,
            "questions": [_cut(turn.stand_alone or turn.question, LONGEST_QUESTION) for turn in earlier],
            "videos": list(videos)[:MOST_CITED][::-1],
        },
    }


def _told(turn: Turn) -> dict[str, Any]:
    cited = [one for claim in turn.claims for one in claim.citations][:MOST_CITED]
    return {
        "question": _cut(turn.question, LONGEST_QUESTION),
        "stand_alone": _cut(turn.stand_alone or turn.question, LONGEST_QUESTION),
        "answer": "" if turn.removed else _cut(turn.answer, LONGEST_ANSWER),
        "abstained": turn.abstained,
        "status": turn.status,
        "cited": [
            {
                "evidence_id": one.evidence_id,
                "video_id": one.video_id,
                "start": round(one.span.seconds[0], 3),
                "end": round(one.span.seconds[1], 3),
            }
            for one in cited
        ],
        "videos": _videos(turn)[:MOST_CITED],
        "claims": [] if turn.removed else [_claim(one) for one in turn.claims[:MOST_CITED] if one.citations],
    }


def _claim(claim: ThreadClaim) -> dict[str, str]:
    return {"text": _cut(claim.text, LONGEST_QUESTION), "evidence_id": claim.citations[0].evidence_id}


def _videos(turn: Turn) -> list[str]:
    return list(dict.fromkeys(one.video_id for claim in turn.claims for one in claim.citations))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
