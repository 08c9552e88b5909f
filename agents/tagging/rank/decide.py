"""From confidences to decisions: accept, or abstain for a person to decide."""

from __future__ import annotations

from collections.abc import Iterable

from agents.tagging.rank.ranked import Ranked
from agents.tagging.recall import first_hand
from stores.core.records import Decision

ACCEPT = 0.51
"""Confidence from which a tag is accepted: it is more likely right than wrong, and a mention alone, worth one half
(`agents.tagging.recall.lines`), is not enough. `[tagging] precision` asks for more."""

ABSTAIN = 0.3
"""Confidence from which a tag is left for a person to review; below it the tag is dropped."""


def decide(video_id: str, ranked: Iterable[Ranked], accept: float = ACCEPT) -> tuple[Decision, ...]:
    """Accept, or abstain for a person to decide.

    Never accepted: a tag with no evidence that can be shown, and one that what the video shows and says does not itself
    make worth a look: associations support, they do not decide (`agents.tagging.recall.SECOND_HAND`).

    Args:
        accept: confidence from which a tag is accepted.
    """
    decisions = []
    for item in ranked:
        if item.confidence < ABSTAIN:
            continue
        evidence = tuple(dict.fromkeys(e for word in item.sources for e in word.evidence_ids))
        itself = first_hand([(word.source, word.probability) for word in item.sources])
        accepted = item.confidence >= accept and bool(evidence) and itself >= ABSTAIN
        decisions.append(
            Decision(
                video_id=video_id,
                tag_id=item.tag_id,
                decision="accepted" if accepted else "abstained",
                confidence=round(item.confidence, 4),
                recalled_by=tuple(word.source for word in item.sources),
                evidence_ids=evidence,
                scores=tuple((word.source, round(word.probability, 4)) for word in item.sources),
            )
        )
    return tuple(decisions)
