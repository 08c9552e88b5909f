"""The ranker that needs no judgements: independent causes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from agents.tagging.rank.ranked import Ranked
from agents.tagging.recall import Recalled


def rank(recalled: Iterable[Recalled]) -> list[Ranked]:
    """Fuse by noisy-or (independent causes; Pearl 1988, section 4.3.2), strongest first."""
    by_tag: dict[str, list[Recalled]] = defaultdict(list)
    for word in recalled:
        by_tag[word.tag_id].append(word)
    ranked = [
        Ranked(
            tag_id,
            1.0 - math.prod(1.0 - word.probability for word in words),
            tuple(sorted(words, key=lambda word: (-word.probability, word.source))),
        )
        for tag_id, words in by_tag.items()
    ]
    return sorted(ranked, key=lambda item: (-item.confidence, item.tag_id))
